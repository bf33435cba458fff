# Sourced by scripts that build libraries of their own from Debian's source packages.
# shellcheck shell=bash

# own_apt FOLDER PROGRAM ARGUMENT...: run apt with its own lists of source packages, below FOLDER. The
# machine's lists may have none, and are left alone.
own_apt() {
	"$2" -o Dir::Etc::sourcelist="$1/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$1/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o APT::Sandbox::User= -qq "${@:3}"
}

# fetch_debian_sources FOLDER LINES [NAME...]: get source packages into FOLDER/source. Each line is a package: its
# name, the release of Debian that has it, the upstream archive and its SHA-256. Of the packages NAME... Debian's
# changes are got as well, which Debian has signed and which may change with an update; of the others the
# upstream archive alone.
fetch_debian_sources() {
	local at=$1 whole=" ${*:3} " uri name release archive sum only
	rm -rf "$at"
	mkdir -p "$at/lists/partial" "$at/source"
	# The mirror that this machine uses, if it is a Debian.
	# shellcheck disable=SC2016 # apt's own variable
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
		'Label: Debian' 2>/dev/null | head -n 1)
	while read -r name release archive sum; do
		printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
			"${uri:-http://deb.debian.org/debian}" "$release"
	done <<<"$2" | sort -u >"$at/sources.list"
	own_apt "$at" apt-get update || return 1
	while read -r name release archive sum; do
		only=(--tar-only)
		[[ $whole == *" $name "* ]] && only=()
		(cd "$at/source" && own_apt "$at" apt-get source --download-only "${only[@]}" "$name/$release" >/dev/null) ||
			return 1
		printf '%s  %s\n' "$sum" "$at/source/$archive" | sha256sum --quiet -c - || return 1
	done <<<"$2"
}
