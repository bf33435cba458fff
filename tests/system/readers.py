"""Readers and writers that run in the booted Debian while a test does something to the daemon."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from conftest import Machine, until


class Reader:
    """A process of another user that takes every table of a feed: see reader.py."""

    def __init__(self, machine: Machine, feed: str, out: Path) -> None:
        self.out = out
        with out.open("w") as file:
            self.process = subprocess.Popen(
                machine.command(
                    f"python3 /opt/shmpub/tests/system/reader.py read {feed}", "reader"
                ),
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def lines(self) -> list[str]:
        return self.out.read_text().splitlines()

    def wait_more(self, n: int = 3) -> None:
        """Wait until it has taken so many more tables."""
        seen = len(self.lines())
        until(lambda: self.process.poll() is not None or len(self.lines()) >= seen + n)
        assert self.process.poll() is None, self.out.read_text()[-2000:]

    def end(self) -> int:
        """Let it end; return how many tables it took: each was whole, the first is as it was."""
        self.process.communicate("end\n", timeout=30)
        assert self.process.returncode == 0, self.out.read_text()[-2000:]
        return int(self.lines()[-1].removeprefix("end "))


@contextlib.contextmanager
def writing(machine: Machine, path: str) -> Iterator[None]:
    """Write versions of a source meanwhile."""
    command = f"echo $$; exec python3 /opt/shmpub/tests/system/reader.py write {path}"
    writer = subprocess.Popen(machine.command(command), stdout=subprocess.PIPE, text=True)
    pid = int(writer.stdout.readline())
    until(lambda: machine.run(f"test -e {path}").returncode == 0)
    try:
        yield
    finally:
        namespace_kill(machine, pid)
        writer.wait()


def namespace_kill(machine: Machine, pid: int) -> None:
    """End a process of the machine by its number there."""
    machine.run(f"kill {pid}")
