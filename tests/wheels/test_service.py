"""shmpub service, in a Debian that is booted: a service of the system, and one of a user.

Only what pip puts into a folder is there, which is removed after the installation.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, WHEELS, daemon_wheel

sys.path.append(str(ROOT / "tests/system"))

from machine import Machine, find_debian, until

pytestmark = pytest.mark.timeout(300)

CSV = "name,value\na,1\nb,2\n"
PLACES = "/usr/local/libexec/shmpub"
UNIT = "/etc/systemd/system/shmpubd.service"
INI = "/etc/shmpub/shmpubd.ini"
RUNS, STANDS, ABSENT = 0, 3, 4  # what "status" ends with
NEXT = "0.9.9"


def make_environment(wheel: Path, into: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"),
            *("--no-index", "--no-deps", "--no-compile", "--target", into, wheel),
        ],
        check=True,
    )


def make_next(into: Path) -> Path:
    """The wheel of another version: its programs are ours, with another number in them."""
    old = re.search(r"shmpub_daemon-([^-]+)-", daemon_wheel("x86_64").name)
    assert old and len(old[1]) == len(NEXT)
    (into / "programs").mkdir(parents=True)
    for name in ("shmpubd", "shmpub"):
        data = (WHEELS / "x86_64/programs" / name).read_bytes()
        assert old[1].encode() in data
        program = into / "programs" / name
        program.write_bytes(data.replace(old[1].encode(), NEXT.encode()))
        program.chmod(0o755)
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "packaging/wheels/pack.py", "--platform", "x86_64"),
            *("--programs", into / "programs", "--out", into, "--version", NEXT),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    debian, reason = find_debian()
    if reason:
        pytest.skip(reason)
    into = tmp_path_factory.mktemp("service")
    make_environment(daemon_wheel("x86_64"), into / "env")
    make_environment(make_next(into / "next"), into / "newer")
    machine = Machine(debian, {into / "env": "/opt/env", into / "newer": "/opt/newer"})
    try:
        if said := machine.wait_booted():
            pytest.skip(f"no Debian can be booted here: {said[-300:]}")
        machine.do("useradd -m reader; useradd -m -d '/home/so me%one' other; mkdir -p /srv/data")
        machine.write("/srv/data/a.csv", CSV)
        yield machine
    finally:
        machine.end()
        shutil.rmtree(into)


class Pip:
    """Somebody who has the wheel in a folder of a machine, and says `shmpub service`."""

    def __init__(self, machine: Machine, user: str | None, home: str) -> None:
        self.machine, self.user, self.home = machine, user, home

    def run(self, words: str, at: str = "/opt/env") -> subprocess.CompletedProcess[str]:
        line = f"HOME='{self.home}' PYTHONPATH={at} python3 {at}/bin/shmpub service {words}"
        return self.machine.run(line, self.user)

    def do(self, words: str, at: str = "/opt/env") -> str:
        done = self.run(words, at)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def fail(self, words: str, status: int = 1) -> str:
        done = self.run(words)
        assert done.returncode == status, f"{done.stdout}{done.stderr}"
        return done.stderr if status == 1 else done.stdout

    def files(self) -> set[str]:
        """All that an installation could leave."""
        folders = "/etc /usr/local /opt /srv /home /dev/shm /var/lib/systemd /run/systemd/system"
        found = self.machine.do(f"find {folders}; getent passwd; getent group").splitlines()
        # What useradd and userdel themselves leave.
        mine = re.compile(r"/etc/(\.pwd\.lock|(passwd|group|shadow|gshadow|sub[ug]id)-)")
        return {line for line in found if not mine.fullmatch(line)}


@pytest.fixture
def root(machine: Machine) -> Iterator[Pip]:
    """Root, and nothing is installed; afterwards there is nothing again."""
    pip = Pip(machine, None, "/root")
    before = pip.files()
    yield pip
    pip.run("uninstall --all")
    machine.do(f"rm -rf /etc/shmpub {UNIT}.d {UNIT}.saved; systemctl daemon-reload")
    assert pip.files() == before


def show(pip: Pip, what: str) -> str:
    return pip.machine.do(f"systemctl show --value -p {what} shmpubd")


# --- a service of the system -----------------------------------------------------------------


def test_life(root: Pip) -> None:
    before = root.files()
    assert root.fail("status", ABSENT) == "not installed\n"
    root.machine.do("cp -r /opt/env /srv/env")
    said = root.do("install /srv/data/a.csv --interval 100ms", at="/srv/env")
    assert "the programs were copied, and need no environment" in said
    for place in (PLACES, UNIT, INI):
        assert place in said
    assert "1 of 1 fresh" in said
    root.machine.do("rm -r /srv/env")
    for word in ("restart", "reload"):
        root.machine.do(f"systemctl {word} shmpubd")
    assert root.machine.do(f"{PLACES}/shmpub cat a", user="reader") == CSV.strip()
    pid = show(root, "MainPID")
    assert root.machine.do(f"readlink /proc/{pid}/exe") == f"{PLACES}/shmpubd"
    assert root.machine.do(f"stat -c %U /proc/{pid}") == "shmpub"
    told = root.do("status")
    assert f"active, process {pid}, enabled" in told and "1 of 1 fresh" in told
    assert "changed" not in told and "gone" not in told
    assert root.do("uninstall") == "the service is uninstalled\n"
    assert root.files() == before
    assert "nothing is installed here" in root.fail("uninstall")


def test_it_is_as_tight_as_the_packages_unit(root: Pip) -> None:
    root.do("install /srv/data/a.csv")
    said = root.machine.do("systemd-analyze security --no-pager shmpubd")
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert exposure and float(exposure[1]) <= 1.2
    assert root.machine.do(f"systemd-analyze --man=no verify {UNIT} 2>&1") == ""


def test_installed_again(root: Pip) -> None:
    root.do("install /srv/data/a.csv")
    pid = show(root, "MainPID")
    assert "was installed already\n" in root.do("install")
    assert show(root, "MainPID") == pid  # nothing was to be done
    root.machine.do("systemctl stop shmpubd")
    assert root.run("status").returncode == STANDS
    root.do("install")
    assert root.run("status").returncode == RUNS
    # The configuration is as we made it, so other sources may take its place.
    assert "was installed already; it was made new" in root.do("install b=/srv/data/a.csv")
    assert root.machine.do(f"{PLACES}/shmpub cat b", user="reader") == CSV.strip()


def test_another_version_takes_over_and_the_tables_stay(root: Pip) -> None:
    root.do("install /srv/data/a.csv")
    # For those that know only the path, the table is there all the time.
    look = "until ! cmp -n 6 /dev/shm/shmpub/a.arrow <(printf ARROW1); do sleep 0.005; done"
    root.machine.do(f"({look}) >/root/looks 2>&1 & echo $! >/root/pid")
    assert f"shmpub {NEXT} replaces 0." in root.do("install", at="/opt/newer")
    assert root.machine.do(f"{PLACES}/shmpubd --version").startswith(f"shmpubd {NEXT}\n")
    pid = show(root, "MainPID")
    assert "(deleted)" not in root.machine.do(f"readlink /proc/{pid}/exe")
    root.machine.do("kill $(cat /root/pid); rm /root/pid")
    assert root.machine.do("cat /root/looks") == ""
    told = root.do("status")
    assert f"version {NEXT}\n" in told and "shmpub service install puts it in place" in told


def test_a_version_that_does_not_start_is_taken_back(root: Pip) -> None:
    root.do("install /srv/data/a.csv")
    root.machine.do("mkdir -p /srv/own")  # the user of the service may not write there
    root.machine.write("/srv/other.ini", "[daemon]\ndirectory = /srv/own\n[feed a]\nsource = a\n")
    done = root.run("install /srv/other.ini", at="/opt/newer")
    assert done.returncode == 1, done
    assert "all is as it was before" in done.stderr
    assert "it did not start; its log ends with" in done.stderr
    assert "make /srv/own/shmpub: " in done.stderr
    until(lambda: show(root, "ActiveState") == "active")
    assert not root.machine.do(f"{PLACES}/shmpubd --version").startswith(f"shmpubd {NEXT}")
    assert root.machine.do(f"{PLACES}/shmpub cat a", user="reader") == CSV.strip()
    assert INI in root.do("status")
    root.machine.do("rm -r /srv/own /srv/other.ini")


def test_a_first_one_that_does_not_start_leaves_nothing(root: Pip) -> None:
    before = root.files()
    root.machine.write("/home/reader/a.ini", "[feed a]\nsource = a.csv\n")
    said = root.fail("install /home/reader/a.ini")
    assert "it did not start" in said and "the service sees nothing of /home/" in said
    root.machine.do("rm /home/reader/a.ini")
    assert root.files() == before
    assert root.fail("status", ABSENT) == "not installed\n"
    assert show(root, "LoadState") == "not-found"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("install", "what shall be served?"),
        ("install /srv/none.ini", "/srv/none.ini: there is no such configuration"),
        ("install /srv/data/none.csv", "/srv/data/none.csv: No such file or directory"),
        ("install /srv/data/a.csv a=/srv/x.csv", "would both be the feed a"),
        (
            "install /srv/data/a.csv --set nonsense=1",
            "/etc/shmpub/shmpubd.ini:7: unknown key 'nonsense'",
        ),
        ("install x.ini y.ini", "x.ini: a configuration stands alone"),
        ("install x.ini --interval 1s", "go with CSV sources"),
        ("install --set a=b", "go with CSV sources"),
        ("install /srv/data/a.csv --interval soon", "--interval wants a duration"),
    ],
)
def test_refused_in_words(root: Pip, words: str, text: str) -> None:
    before = root.files()
    assert text in root.fail(words)
    assert root.files() == before


def test_a_wrong_command_line(root: Pip) -> None:
    for words in ("", "instal", "install --nonsense", "status x"):
        done = root.run(words)
        assert done.returncode == 2 and "usage: shmpub service" in done.stderr, done
    assert "install" in root.do("--help")


def test_a_bad_configuration_does_not_disturb_the_one_that_runs(root: Pip) -> None:
    root.do("install /srv/data/a.csv")
    pid = show(root, "MainPID")
    root.machine.do(f"echo nonsense = 1 >>{INI}")
    said = root.run("install", at="/opt/newer")
    assert said.returncode == 1 and "unknown key 'nonsense'" in said.stderr
    assert f"{INI}:" in said.stderr
    assert show(root, "MainPID") == pid and show(root, "ActiveState") == "active"


def test_the_name_is_taken(root: Pip) -> None:
    machine = root.machine
    machine.do("mkdir -p /etc/systemd/system")
    machine.write(UNIT, "[Service]\nExecStart=/bin/true\n")
    machine.do("systemctl daemon-reload")
    said = root.fail("install /srv/data/a.csv")
    assert f"systemd has a shmpubd.service already, of a package or made by hand: {UNIT}" in said
    assert f"{UNIT} was made by something else" in root.fail("uninstall")
    assert f"{UNIT} was made by something else" in root.fail("status", ABSENT)
    machine.do(f"rm {UNIT}; systemctl daemon-reload; systemctl mask shmpubd")
    assert "is masked: systemctl unmask" in root.fail("install /srv/data/a.csv")
    machine.do("systemctl unmask shmpubd")
    machine.write(f"{PLACES}/shmpub", "mine")
    said = root.fail("install /srv/data/a.csv")
    assert f"{PLACES}/shmpub is there already, and was not made by shmpub service" in said
    assert machine.do(f"cat {PLACES}/shmpub") == "mine"
    machine.do("rm -r /usr/local/libexec")


def test_a_configuration_that_was_there_is_used_and_stays(root: Pip) -> None:
    root.machine.write(INI, "[feed mine]\nsource = /srv/data/a.csv\n")
    assert "is there already, and says what is served" in root.fail("install /srv/data/a.csv")
    root.do("install")
    assert root.machine.do(f"{PLACES}/shmpub cat mine", user="reader") == CSV.strip()
    root.do("uninstall --all")
    assert root.machine.do(f"cat {INI}") == "[feed mine]\nsource = /srv/data/a.csv"


def test_what_was_changed_is_not_removed_without_a_word(root: Pip) -> None:
    machine = root.machine
    root.do("install /srv/data/a.csv")
    machine.do(f"echo '; mine' | tee -a {INI} >>{UNIT}; mkdir {UNIT}.d; rm {PLACES}/shmpub")
    told = root.do("status")
    assert f"changed since: {UNIT}\n" in told and f"changed since: {INI}\n" in told
    assert f"gone:          {PLACES}/shmpub\n" in told
    said = root.do("install")
    assert f"as it was it is now {UNIT}.saved" in said and INI + " was" not in said
    assert "; mine" in machine.do(f"cat {UNIT}.saved {INI}")
    machine.do(f"echo '; again' >>{UNIT}")
    said = root.do("uninstall")
    assert f"{INI} stays, because it was changed" in said
    assert f"as it was it is now {UNIT}.saved" in said and f"{UNIT}.d stays" in said
    assert "; again" in machine.do(f"cat {UNIT}.saved")
    assert machine.run(f"ls {PLACES} {UNIT}").returncode != 0


def test_a_note_that_cannot_be_read_changes_nothing(root: Pip) -> None:
    root.do("install /srv/data/a.csv")
    root.machine.do(f"cp {PLACES}/service.json /root/note; echo [] >{PLACES}/service.json")
    for word in ("install", "uninstall", "status"):
        assert "service.json, which has what was installed, cannot be read" in root.fail(word)
    assert show(root, "ActiveState") == "active"
    root.machine.do(f"mv /root/note {PLACES}/service.json")


def test_a_user_of_that_name_was_there(root: Pip) -> None:
    root.machine.do("useradd -r shmpub")
    root.do("install /srv/data/a.csv")
    root.do("uninstall")
    root.machine.do("id shmpub")
    root.machine.do("userdel shmpub; rm -rf /dev/shm/shmpub")


def test_without_systemd(root: Pip) -> None:
    before = root.files()
    line = (
        "PYTHONPATH=/opt/env unshare -m sh -c 'mount -t tmpfs none /run/systemd && "
        "python3 /opt/env/bin/shmpub service install /srv/data/a.csv'"
    )
    done = root.machine.run(line)
    assert done.returncode == 1
    assert "was not started by systemd: shmpub up --detach serves without" in done.stderr
    assert root.files() == before


# --- a service of a user ---------------------------------------------------------------------


def in_manager(pip: Pip, words: str) -> str:
    line = f"XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user {words}"
    return pip.machine.do(line, pip.user)


def test_a_user_without_a_manager(machine: Machine) -> None:
    said = Pip(machine, "reader", "/home/reader").fail("install /srv/data/a.csv")
    assert "systemd has no manager for the user reader" in said
    assert "loginctl enable-linger reader" in said and "sudo shmpub service install" in said


@pytest.mark.parametrize(
    ("user", "home"), [("reader", "/home/reader"), ("other", "/home/so me%one")]
)
def test_life_of_a_users_own(machine: Machine, user: str, home: str) -> None:
    machine.do(f"loginctl enable-linger {user}")
    pip = Pip(machine, user, home)
    until(lambda: machine.run(f"ls /run/user/$(id -u {user})/systemd/private").returncode == 0)
    before = pip.files()
    said = pip.do("install /srv/data/a.csv -i mine")
    assert "1 of 1 fresh" in said and f"{home}/.config/systemd/user/shmpubd.service" in said
    assert "loginctl enable-linger" not in said
    program = f"'{home}/.local/share/shmpub/shmpub' -i mine"
    assert machine.do(f"{program} cat a", user=user) == CSV.strip()
    # It comes back with its manager, as after a start of the system.
    machine.do(f"systemctl restart user@$(id -u {user})")
    until(lambda: pip.run("status").returncode == RUNS)
    assert "active, process" in pip.do("status")
    in_manager(pip, "reload shmpubd")
    assert f"shmpub {NEXT} replaces" in pip.do("install", at="/opt/newer")
    pip.do("uninstall")
    left = pip.files() - before
    assert {line for line in left if "/dev/shm/mine" not in line} == set()
    machine.do(f"rm -rf /dev/shm/mine; loginctl disable-linger {user}")


def test_uninstalled_without_the_manager(machine: Machine) -> None:
    machine.do("loginctl enable-linger reader")
    pip = Pip(machine, "reader", "/home/reader")
    until(lambda: machine.run("ls /run/user/$(id -u reader)/systemd/private").returncode == 0)
    before = pip.files()
    pip.do("install /srv/data/a.csv -i mine")
    machine.do("loginctl disable-linger reader; systemctl stop user@$(id -u reader)")
    until(lambda: machine.run("ls /run/user/$(id -u reader)").returncode != 0)
    done = pip.run("uninstall")
    assert done.returncode == 0 and "systemd has no manager" in done.stderr
    assert {line for line in pip.files() - before if "/dev/shm/mine" not in line} == set()
    machine.do("rm -rf /dev/shm/mine")


def test_another_home_than_the_managers(machine: Machine) -> None:
    machine.do("loginctl enable-linger reader; install -d -o reader /home/reader/else")
    pip = Pip(machine, "reader", "/home/reader/else")
    until(lambda: machine.run("ls /run/user/$(id -u reader)/systemd/private").returncode == 0)
    before = pip.files()
    said = pip.fail("install /srv/data/a.csv -i mine")
    assert "HOME or XDG_CONFIG_HOME is another one" in said
    assert pip.files() == before
