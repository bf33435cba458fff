"""shmpub service on Windows, from what pip installed, under Wine: with SHMPUB_WHEELS_ALL=1."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from conftest import IS_ALL, Wine

pytestmark = [
    pytest.mark.skipif(not IS_ALL, reason="SHMPUB_WHEELS_ALL is not set"),
    pytest.mark.timeout(600),
]

CSV = "name,value\na,1\nb,2\n"
RUNS, STANDS, ABSENT = 0, 3, 4  # what "status" ends with
PROGRAMS = "C:\\Program Files\\shmpub-daemon"
INI = "C:\\ProgramData\\shmpub\\shmpubd.ini"


class Pip:
    def __init__(self, wine: Wine) -> None:
        self.wine = wine
        self.program = wine.drive / "Python/Scripts/shmpub.exe"
        self.places = wine.drive / "Program Files/shmpub-daemon"
        self.ini = wine.drive / "ProgramData/shmpub/shmpubd.ini"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.wine.run(self.program, "service", *words)

    def do(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done
        return done.stdout

    def fail(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 1, done
        return done.stderr

    def cat(self, feed: str) -> str:
        return self.wine.run(self.places / "shmpub.exe", "cat", feed).stdout


@pytest.fixture
def pip(windows: Wine) -> Iterator[Pip]:
    made = Pip(windows)
    (windows.drive / "data").mkdir(exist_ok=True)
    (windows.drive / "data/a b.csv").write_text(CSV)
    yield made
    made.run("uninstall", "--all")
    made.ini.unlink(missing_ok=True)
    assert not made.places.exists()


def test_life(pip: Pip) -> None:
    assert pip.run("status").returncode == ABSENT
    said = pip.do("install", "a=C:\\data\\a b.csv", "--interval", "200ms")
    assert "the programs were copied, and need no environment" in said
    assert PROGRAMS in said and INI in said
    done = pip.run("status")
    assert done.returncode == RUNS, done
    assert "shmpubd: running, pid" in done.stdout and PROGRAMS in done.stdout
    assert pip.cat("a") == CSV
    key = "HKLM\\SYSTEM\\CurrentControlSet\\Services\\shmpubd"
    assert PROGRAMS + "\\shmpubd.exe" in pip.wine.run("reg", "query", key).stdout
    # Again, and with other sources: the program runs and must be stopped to be replaced.
    assert "was installed already" in pip.do("install")
    pip.do("install", "other=C:\\data\\a b.csv")
    assert pip.cat("other") == CSV
    assert pip.do("uninstall").endswith("the service is uninstalled\n")
    assert not pip.places.exists() and not pip.ini.parent.exists()
    assert pip.run("status").returncode == ABSENT
    assert "nothing is installed here" in pip.fail("uninstall")


def test_refused_in_words(pip: Pip) -> None:
    assert "what shall be served?" in pip.fail("install")
    assert "there is no such configuration" in pip.fail("install", "C:\\none.ini")
    assert "unknown key 'nonsense'" in pip.fail(
        "install", "C:\\data\\a b.csv", "--set", "nonsense=1"
    )
    assert not pip.places.exists() and not pip.ini.exists()
    assert pip.run("install", "--nonsense").returncode == 2


def test_what_was_changed_is_not_removed_without_a_word(pip: Pip) -> None:
    pip.do("install", "a=C:\\data\\a b.csv")
    with pip.ini.open("a") as file:
        file.write("; mine\n")
    told = pip.run("status").stdout
    assert f"changed since: {INI}" in told
    running = told.splitlines()[0]
    assert "running, pid" in running
    assert "is there already, and says what is served" in pip.fail("install", "C:\\data\\a b.csv")
    with pip.ini.open("a") as file:
        file.write("nonsense = 1\n")
    assert "unknown key 'nonsense'" in pip.fail("install")
    assert pip.run("status").stdout.splitlines()[0] == running  # nothing was done to it
    assert f"{INI} stays, because it was changed" in pip.do("uninstall")
    assert "; mine" in pip.ini.read_text()


def test_one_that_does_not_start_leaves_nothing(pip: Pip) -> None:
    """The instance is served already, so the daemon ends at once."""
    ini = pip.wine.drive / "data/taken.ini"
    ini.write_text("[daemon]\ndirectory = Global\n[feed a]\nsource = C:\\data\\a b.csv\n")
    other = pip.wine.popen(pip.program.with_name("shmpubd.exe"), "-c", "C:\\data\\taken.ini")
    try:
        pip.wine.run(pip.program, "-d", "Global", "health")
        said = pip.fail("install", "a=C:\\data\\a b.csv", "-d", "Global")
        assert "shmpubd" in said
        assert pip.run("status").returncode == ABSENT and not pip.places.exists()
    finally:
        other.kill()
        other.wait()


def test_a_service_of_the_installer_is_left_alone(pip: Pip) -> None:
    program = pip.program.with_name("shmpubd.exe")
    ini = pip.wine.drive / "data/mine.ini"
    ini.write_text("[feed a]\nsource = C:\\data\\a b.csv\n")
    words = ("install", "--config", "C:\\data\\mine.ini", "--anyway")
    assert pip.wine.run(program, "service", *words).returncode == 0
    try:
        said = pip.fail("install", "C:\\data\\a b.csv")
        assert "Windows has a service shmpubd already, of something else" in said
        assert "was made by something else" in pip.fail("uninstall")
        assert pip.run("status").returncode == ABSENT
    finally:
        pip.wine.run(program, "service", "uninstall")
