"""Commands as sources on Windows: their output, their failures, and that nothing of them stays."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from conftest import Make
from daemons import SHMPUB, Daemon
from wine import outside, until

FAST = "interval = 100ms"


def serve(daemons: Make, source: str, options: str = "") -> Daemon:
    d = daemons()
    d.source("a.csv", "x,y\n1,2\n")
    d.configure({"a": f"source = {source}\n{FAST}\n{options}"})
    return d.start()


def hanging(d: Daemon) -> str:
    """A program that never ends: a reader that waits for news of the daemon itself."""
    return f"-i {d.instance} -d {d.directory} watch"


def marked(mark: str) -> list[int]:
    """The programs that run with `mark` as an argument of their own."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in words:
            found.append(int(place.name))
    return found


def test_what_is_printed_is_the_table(daemons: Make) -> None:
    d = serve(daemons, "exec: cmd /c type a.csv")
    assert until(d.table) == ["x,y", "1,2"]
    d.source("a.csv", "x,y\n3,4\n")
    until(lambda: d.table() == ["x,y", "3,4"])
    assert d.end() == 0


def test_shell_and_its_variables(daemons: Make) -> None:
    source = "shell: echo x& echo %WORD%"
    d = serve(daemons, source, "environment = WORD='a b' OTHER=1")
    until(lambda: d.table() == ["x", "a", "b"])


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("shell: echo no such host 1>&2& exit 3", "shell:echo: exited with 3"),
        ("exec: no-such-program.exe", "exec:no-such-program.exe: it cannot be started"),
        ("exec: cmd /c exit 1", "exec:cmd: exited with 1"),
        ("exec: cmd /c type a.csv\nmax_source = 3", "more than 3 bytes, which is max_source"),
        ("exec: cmd /c type a.csv\nworking_directory = none", "it cannot be started"),
    ],
)
def test_failures(daemons: Make, source: str, line: str) -> None:
    d = serve(daemons, source)
    d.wait_error(line)
    assert d.table() == []
    assert d.end() == 0


@pytest.mark.parametrize("kind", ["exec", "shell"])
def test_whatever_hangs_is_ended_with_all_that_it_started(daemons: Make, kind: str) -> None:
    d = daemons()
    program = outside(Path(SHMPUB))
    source = f"exec: '{program}'" if kind == "exec" else f"shell: {program}"
    d.configure({"a": f"source = {source} {hanging(d)}\ntimeout = 5s\ninterval = 1h"})
    d.start()
    until(lambda: "not over after 5 s, which is its timeout" in d.log_text())
    until(lambda: not marked(d.instance))
    assert d.end() == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_daemon_takes_its_commands_along(daemons: Make, how: signal.Signals) -> None:
    d = daemons()
    source = f"exec: '{outside(Path(SHMPUB))}' {hanging(d)}"
    d.configure({"a": f"source = {source}\ntimeout = 10m"})
    d.start()
    until(lambda: marked(d.instance))
    time.sleep(2)
    assert marked(d.instance)
    d.end(how)
    until(lambda: not marked(d.instance))


def test_no_other_user(daemons: Make) -> None:
    d = daemons()
    d.configure({"a": "source = exec: cmd\nuser = me"})
    run = d.run("--check")
    assert run.returncode == 1
    assert (
        "user: on this system a command runs as the user of the daemon" in run.stdout + run.stderr
    )
