"""shmpub up on Windows: files are served at the console, and nothing of it outlives the command."""

from __future__ import annotations

import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemons import SHMPUB, SHMPUBD, control_c
from wine import Wine, outside, until

CSV = "city,price\nZürich,1\nRome,2\n"


class User:
    """Somebody at a console, in a folder with CSV files."""

    def __init__(self, wine: Wine, folder: Path) -> None:
        self.wine, self.folder = wine, folder
        self.instance = f"up-{uuid.uuid4().hex[:8]}"
        self.words = ["-i", self.instance, "-d", "Local"]
        self.programs = folder / "programs"  # side by side, as pip and the installer have them
        self.programs.mkdir(parents=True)
        for program in (SHMPUB, SHMPUBD):
            shutil.copy(program, self.programs)
        (folder / "a b.csv").write_text(CSV, encoding="utf-8")
        self.source = f"a={wine.windows_path(folder)}\\a b.csv"
        self.started: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.wine.run(self.programs / "shmpub.exe", *self.words, *arguments)

    def up(self, *arguments: str) -> subprocess.Popen[bytes]:
        program = self.programs / "shmpub.exe"
        self.started.append(self.wine.popen(program, *self.words, "up", *arguments))
        until(lambda: self.run("health").returncode == 0)
        return self.started[-1]


@pytest.fixture
def user(wine: Wine) -> Iterator[User]:
    made = User(wine, wine.drive / "up" / uuid.uuid4().hex[:8])
    yield made
    for process in made.started:
        process.kill()
        process.communicate()
    shutil.rmtree(made.folder)


def test_files_are_served_until_down(user: User) -> None:
    process = user.up(user.source, "--interval", "200ms")
    assert user.run("cat", "a").stdout == CSV
    (user.folder / "a b.csv").write_text("city,price\nOslo,3\n")
    until(lambda: user.run("cat", "a").stdout == "city,price\nOslo,3\n")
    said = user.run("up", user.source)
    assert said.returncode == 1 and "publishes there" in said.stderr
    assert user.run("down").stdout == f"instance {user.instance}: stopped\n"
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"configuration: " in output and b"end it:        Ctrl-C" in output
    assert user.run("cat", "a").returncode == 1


def test_ctrl_c_is_left_to_the_daemon(user: User) -> None:
    """A console gives it to both; here only the command gets it, which goes on waiting."""
    process = user.up(user.source)
    control_c(process)
    time.sleep(1)
    assert process.poll() is None and user.run("health").returncode == 0
    assert user.run("down").returncode == 0
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_killed_it_leaves_no_daemon(user: User) -> None:
    process = user.up(user.source)
    process.kill()
    process.communicate(timeout=60)
    until(lambda: user.run("health").returncode != 0)


def test_a_saved_configuration_is_served(user: User) -> None:
    ini = f"{user.wine.windows_path(user.folder)}\\my own.ini"
    assert "is written" in user.run("up", user.source, "--save", ini).stdout
    user.up(ini)
    assert user.run("cat", "a").stdout == CSV
    assert user.run("down").returncode == 0


def test_refused_in_words(user: User) -> None:
    said = user.run("up", user.source, "--detach")
    assert said.returncode == 1
    assert "a daemon apart from the console is a service: shmpub service install" in said.stderr
    said = user.run("up", user.source, "--set", "nonsense=1")
    assert said.returncode == 1 and "unknown key 'nonsense'" in said.stderr
    (user.programs / "shmpubd.exe").unlink()
    said = user.run("up", user.source)
    assert said.returncode == 1 and "there is no shmpubd.exe beside this program" in said.stderr
    user.wine.environment["SHMPUB_DAEMON"] = outside(user.folder / "none.exe")
    try:
        said = user.run("up", user.source)
    finally:
        del user.wine.environment["SHMPUB_DAEMON"]
    assert said.returncode == 1 and "SHMPUB_DAEMON names a file that is no program" in said.stderr


def test_a_service_is_pips(user: User) -> None:
    said = user.wine.run(user.programs / "shmpub.exe", "service", "status")
    assert said.returncode == 2 and "there is no python.exe here" in said.stderr
