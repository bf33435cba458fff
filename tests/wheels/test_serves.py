"""shmpub.serve() and `shmpub up` from the wheels alone, in an environment that has nothing else."""

from __future__ import annotations

import os
import select
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(400)

CSV = "name,bid\nx,1.5\ny,2.5\n"
OTHER = "name,bid\nz,3.5\n"

SERVE = """
import os, sys, shmpub
source = sys.argv[1]
feeds = shmpub.serve({"quotes": source + "/*.csv"}, interval="100ms", dtype={"name": "str"})
feed = feeds.quotes
print(feed.df.to_csv(index=False), end="")
print(os.readlink(f"/proc/{feeds.pid}/exe"))
with open(source + "/aside", "w") as file:
    file.write("name,bid\\nz,3.5\\n")
os.rename(source + "/aside", source + "/a.csv")
assert feed.wait(timeout=30)
print(feed.df.to_csv(index=False), end="")
print(feeds.pid, feeds.instance, flush=True)
if sys.argv[2] == "kill":
    os.kill(os.getpid(), 9)
"""


class Shell:
    """Somebody's shell in which an environment was activated: nothing of ours but what is in it."""

    def __init__(self, environment: Path, home: Path) -> None:
        self.environment, self.home = environment, home
        self.instance, self.shared = f"wheels-{uuid.uuid4().hex[:8]}", home / "shared"
        self.shared.mkdir()
        (home / "data").mkdir()
        (home / "data/a.csv").write_text(CSV)
        self.variables = {
            "PATH": f"{environment}/bin:/usr/bin:/bin",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "SHMPUB_INSTANCE": self.instance,
            "SHMPUB_DIRECTORY": str(self.shared),
        }

    def run(self, *words: str, status: int | None = 0) -> str:
        done = subprocess.run(
            [self.environment / "bin" / words[0], *words[1:]],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.home,
            env=self.variables,
        )
        assert done.returncode == status, done
        return done.stdout


@pytest.fixture
def shell(environment: Path, tmp_path: Path) -> Iterator[Shell]:
    made = Shell(environment, tmp_path)
    yield made
    subprocess.run(
        [environment / "bin/shmpub", "down"], env=made.variables, capture_output=True, timeout=60
    )


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return ") Z" in state


def until_gone(pid: int) -> None:
    """Wait for the end of a process that is not ours."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(handle) as file:
        assert select.select([file], [], [], 30)[0] or is_gone(pid)


@pytest.mark.parametrize(("way", "status"), [("end", 0), ("kill", -9)])
def test_serve(shell: Shell, way: str, status: int) -> None:
    (shell.home / "serve.py").write_text(SERVE)
    lines = shell.run("python", "serve.py", str(shell.home / "data"), way, status=status)
    *text, program, z1, z2, last = lines.splitlines()
    assert "\n".join(text) + "\n" == CSV and f"{z1}\n{z2}\n" == OTHER
    inside = "site-packages/shmpub_daemon/bin/shmpubd"
    assert program.startswith(str(shell.environment)) and program.endswith(inside)
    until_gone(int(last.split()[0]))  # it never outlives the program that called it


def test_up_detached_and_down(shell: Shell) -> None:
    said = shell.run("shmpub", "up", "data/*.csv", "--interval", "100ms", "--detach")
    pid = int(said.split("process ")[1].split(",")[0])
    assert os.readlink(f"/proc/{pid}/exe").endswith("shmpub_daemon/bin/shmpubd")
    assert shell.run("shmpub", "cat", "data") == CSV
    # What it says about Python is right, too.
    ask = (
        "import shmpub; feed = shmpub.subscribe('data'); print(feed.df.to_csv(index=False), end='')"
    )
    assert shell.run("python", "-c", ask) == CSV
    assert shell.run("shmpub", "down") == f"instance {shell.instance}: stopped\n"
    assert is_gone(pid)
    shell.run("shmpub", "cat", "data", status=1)


def test_up_at_the_terminal(shell: Shell) -> None:
    process = subprocess.Popen(
        [shell.environment / "bin/shmpub", "up", "quotes=data/a.csv"],
        cwd=shell.home,
        env=shell.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        assert "configuration: " in process.stdout.readline()
        ask = "import shmpub; print(shmpub.subscribe('quotes').wait(timeout=30))"
        assert shell.run("python", "-c", ask) == "True\n"
        assert shell.run("shmpub", "cat", "quotes") == CSV
        process.send_signal(2)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()


def test_what_up_saves_is_what_the_daemon_takes(shell: Shell) -> None:
    shell.run("shmpub", "up", "quotes=data/a.csv", "--set", "sep=comma", "--save", "my.ini")
    shell.run("shmpubd", "--check", "-c", "my.ini")
    shell.run("shmpubd", "--once", "-c", "my.ini")
    assert shell.run("shmpub", "cat", "quotes") == CSV
    shell.run("shmpub", "up", "my.ini", "--detach")
    assert shell.run("shmpub", "cat", "quotes") == CSV
