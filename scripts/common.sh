# Sourced by the other scripts: paths, and functions that install what is needed, build and report.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
export LC_ALL=C.UTF-8
venv=$root/build/venv
python=$venv/bin/python
jobs=$(nproc 2>/dev/null || echo 2)

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

have() {
	command -v "$1" >/dev/null 2>&1
}

is_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_packages NAME...: install the packages that are missing, as root. Another user is shown the
# command that installs them, and the script ends.
need_packages() {
	local name missing=()
	have dpkg-query || die "not a Debian or Ubuntu system; install the like of: $*"
	for name in "$@"; do
		is_installed "$name" || missing+=("$name")
	done
	[ "${#missing[@]}" -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		say "These packages are missing. Run this, then this script again:" >&2
		say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
		exit 1
	fi
	say "installing with apt: ${missing[*]}"
	apt_get update || die "apt-get update failed"
	apt_get install -y --no-install-recommends "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# need_python FILE...: make a virtual environment below build/ with these requirements and with our
# client from its sources. A stamp file spares later runs the registry.
need_python() {
	local file stamp want args=()
	make_venv
	for file in "$@"; do
		args+=(-r "$file")
		stamp=$venv/.${file##*/}.stamp
		want=$(cat scripts/requirements*.txt | cksum)
		[ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && continue
		say "installing with pip: ${file##*/}"
		"$python" -m pip install -q --disable-pip-version-check -r "$file" </dev/null ||
			die "pip could not install $file"
		printf '%s\n' "$want" >"$stamp"
	done
	"$python" -c 'import site, sys; open(site.getsitepackages()[0] + "/shmpub-sources.pth", "w").write(sys.argv[1])' \
		"$root/client-py/src"
}

# need_own NAME: the same for scripts/requirements-NAME.txt in build/NAME, an environment of its own:
# notebooks and dashboards, for one, bring some two hundred packages.
need_own() {
	local venv=$root/build/$1 python=$root/build/$1/bin/python
	need_python "scripts/requirements-$1.txt"
}

# A virtual environment has its own path in it: if the folder was moved, it is made again.
make_venv() {
	if [ -x "$python" ] && [ "$("$python" -c 'import sys; print(sys.prefix)' 2>/dev/null)" = "$venv" ]; then
		return 0
	fi
	have python3 || die "python3 is missing"
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
		die "Python 3.11 or later is needed (pandas 3 asks for it), this is $(python3 -V)"
	rm -rf "$venv"
	python3 -m venv "$venv" || die "python3 -m venv failed"
}

# build PRESET [TARGET...]: configure once, then build.
build() {
	local preset=$1
	shift
	cmake --preset "$preset" -S "$root" >/dev/null &&
		cmake --build "build/$preset" -j "$jobs" ${1:+--target "$@"}
}

