"""Whether a publisher's process lives, on POSIX systems."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from handmade import Instance
from test_liveness import FRESH, GONE, ONE, states


def start_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


@pytest.fixture
def zombie() -> Iterator[int]:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    yield child.pid
    child.wait()


def test_its_process(instance: Instance, directory: Path, dead: int, zombie: int) -> None:
    instance.publish("quotes", ONE, 1)
    me = os.getpid()
    for pid, start, want in (
        (me, 0, FRESH),
        (me, start_of(me), FRESH),
        (me, start_of(me) + 1, GONE),  # the publisher's pid is this process's by now
        (dead, 0, GONE),
        (zombie, 0, GONE),
        (zombie, start_of(zombie), GONE),
        (0, 0, GONE),
        (2**31, 0, GONE),
        (2**64 - 1, 0, GONE),
        (1, start_of(1), FRESH),
    ):
        instance.process(pid, start)
        assert states(directory) == want, (pid, start)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_a_process_of_another_user(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    instance.process(os.getpid(), start_of(os.getpid()))
    directory.chmod(0o755)
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        os._exit(states(directory) != FRESH)
    assert os.waitpid(child, 0)[1] == 0
