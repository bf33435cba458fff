"""Closed pipes end quietly, full disks are errors, terminals get lines that fit."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time

import pytest
from cli_tools import Publisher

TIOCGPTN, TIOCSPTLCK = 0x80045430, 0x40045431
LARGE = "a,b\n" + "".join(f"{i},{'x' * 20}{i}\n" for i in range(200_000))


@pytest.mark.parametrize(
    "arguments",
    [["cat", "t"], ["cat", "t", "--format", "json"], ["cat", "t", "--format", "arrow"]],
    ids=" ".join,
)
def test_closed_pipe(publisher: Publisher, arguments: list[str]) -> None:
    publisher.publish("t", LARGE)
    process = subprocess.Popen(
        publisher.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout and process.stderr
    assert process.stdout.read(10)
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["cat", "t"],
        ["cat", "t", "--head", "1"],
        ["ls"],
        ["ls", "--json"],
        ["info", "t"],
        ["metrics"],
        ["verify"],
        ["--help"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_full_disk(publisher: Publisher, arguments: list[str]) -> None:
    publisher.publish("t", LARGE)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            publisher.command(*arguments), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr


def test_no_standard_output(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *publisher.command("cat", "t")],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 1
    assert "Bad file descriptor" in done.stderr


def open_terminal() -> tuple[int, int]:
    """Both ends of one; from a devpts of our own where there is none, as in a bare chroot."""
    try:
        return os.openpty()
    except OSError:
        if os.geteuid() != 0:
            raise
    folder = tempfile.mkdtemp(prefix="shmpub-devpts-")
    try:
        mount = ["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", folder]
        subprocess.run(mount, check=True)
        ours = os.open(f"{folder}/ptmx", os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(ours, TIOCSPTLCK, struct.pack("i", 0))
        number = struct.unpack("i", fcntl.ioctl(ours, TIOCGPTN, bytes(4)))[0]
        return ours, os.open(f"{folder}/{number}", os.O_RDWR | os.O_NOCTTY)
    finally:
        subprocess.run(["umount", "-l", folder])
        os.rmdir(folder)


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, command: list, columns: int = 60, lines: int = 10) -> None:
        self.fd, other = open_terminal()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.login_tty(other)
                fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
                os.execv(command[0], [str(c) for c in command])
            finally:
                os._exit(127)
        os.close(other)
        self.seen = b""

    def read_until(self, pattern: bytes) -> bytes:
        deadline = time.monotonic() + 60
        while not re.search(pattern, self.seen):
            assert time.monotonic() < deadline, self.seen
            assert self.read_some(), self.seen
        return self.seen

    def read_some(self) -> bool:
        if not select.select([self.fd], [], [], 60)[0]:
            return False
        try:
            more = os.read(self.fd, 65536)
        except OSError:
            more = b""
        self.seen += more
        return bool(more)

    def end(self) -> int:
        while self.read_some():
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_lines_fit_a_terminal(publisher: Publisher) -> None:
    with pytest.raises(ValueError):
        publisher.publish("bad", "a,b\n1,2,3\n1,2,3,4\n")
    terminal = Terminal(publisher.command("ls"), columns=40)
    assert terminal.end() == 0
    lines = terminal.seen.decode().split("\r\n")
    assert lines[0].startswith("FEED")
    assert all(len(line) <= 40 for line in lines)
    assert max(len(line) for line in publisher.run("ls").splitlines()) > 40


def test_arrow_is_not_for_terminals(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    terminal = Terminal(publisher.command("cat", "t", "--format", "arrow"))
    assert terminal.end() == 1
    assert b"not for a terminal" in terminal.seen


@pytest.mark.parametrize("ending", ["q", "ctrl-c", "TERM"])
def test_top(publisher: Publisher, ending: str) -> None:
    publisher.publish("t", "a\n1\n")
    terminal = Terminal(publisher.command("top"))
    terminal.read_until(rb"t +fresh +1 ")
    publisher.publish("t", "a\n1\n2\n")
    terminal.read_until(rb"t +fresh +2 +2 ")
    if ending == "q":
        os.write(terminal.fd, b"q")
    elif ending == "ctrl-c":
        os.write(terminal.fd, b"\x03")
    else:
        os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.end() == 0
    assert terminal.seen.startswith(b"\x1b[?1049h")
    assert terminal.seen.endswith(b"\x1b[?1049l")


def test_top_goes_on_when_the_publisher_stops(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    terminal = Terminal(publisher.command("top"))
    terminal.read_until(rb"t +fresh +1 ")
    publisher.stop()
    terminal.read_until(rb"no instance cli")
    publisher.publish("u", "a\n1\n")
    terminal.read_until(rb"u +fresh +1 ")
    os.write(terminal.fd, b"q")
    assert terminal.end() == 0


def test_top_without_a_terminal(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    assert "terminal" in publisher.fail("top", status=2)
