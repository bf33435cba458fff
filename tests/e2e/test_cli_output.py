"""Closed pipes end quietly, full disks are errors, terminals get lines that fit."""

from __future__ import annotations

import fcntl
import json
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
    """Open a terminal, both ends. In a bare chroot without devpts, one is mounted for it."""
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


@pytest.mark.parametrize("columns", [200, 80, 60, 40, 20])
def test_lines_fit_a_terminal(publisher: Publisher, columns: int) -> None:
    """Name, state and error are shown in full at any width."""
    with pytest.raises(ValueError):
        publisher.publish("bad", "a,b\n1,2,3\n1,2,3,4\n")
    publisher.publish("good", "a,b\n1,2\n")
    long = "a-name-of-forty-characters-is-the-longes"
    publisher.publish(long, "a\n1\n")
    error = json.loads(publisher.run("ls", "--json").splitlines()[1])["error"]
    assert len(error) > 20
    terminal = Terminal(publisher.command("ls"), columns=columns)
    assert terminal.end() == 0
    lines = terminal.seen.decode().split("\r\n")
    assert lines[0].startswith("FEED")
    assert all(len(line) <= columns for line in lines)
    flat = "".join(line.strip().replace(" ", "") for line in lines)
    for text in (long, "bad", "good", "failing", "fresh", error):
        assert text.replace(" ", "") in flat
    at = flat.index(long)
    assert flat.index("failing") > flat.index("bad") > at
    assert max(len(line) for line in publisher.run("ls").splitlines()) > 80


def test_an_error_below_its_feed(publisher: Publisher) -> None:
    with pytest.raises(ValueError):
        publisher.publish("bad", "a,b\n1,2,3\n1,2,3,4\n")
    publisher.publish("good", "a,b\n1,2\n")
    for columns in (80, 40):
        terminal = Terminal(publisher.command("ls"), columns=columns)
        assert terminal.end() == 0
        lines = terminal.seen.decode().split("\r\n")
        assert lines[1].split()[:2] == ["bad", "failing"]
        assert lines[2].startswith("  line 3")
        good = next(line for line in lines if line.startswith("good"))
        assert good.split()[1] == "fresh"


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


def frame_of(terminal: Terminal, wanted: bytes) -> list[str]:
    """Return the lines of the next whole frame that contains `wanted`."""
    terminal.seen = b""
    whole = re.compile(rb"(?s)\x1b\[H((?:(?!\x1b\[H).)*" + wanted + rb".*?)\x1b\[J")
    terminal.read_until(whole.pattern)
    found = whole.search(terminal.seen)
    assert found
    text = re.sub(r"\x1b\[K|\r", "", found[1].decode())
    return text.split("\n")


def feeds_of(frame: list[str]) -> list[str]:
    return [line.split()[0] for line in frame[3:] if line and " of " not in line]


def test_top_scrolls(publisher: Publisher) -> None:
    """More feeds than lines: what fails comes first, and keys reach the rest."""
    for i in range(30):
        publisher.publish(f"f{i:02}", "a\n1\n")
    with pytest.raises(ValueError):
        publisher.publish("zz", "a,b\n1,2,3\n1,2,3,4\n")
    publisher.announce("late")
    terminal = Terminal(publisher.command("top"), columns=80, lines=12)

    def see(wanted: bytes) -> list[str]:
        return frame_of(terminal, wanted)

    frame = see(rb"1 to \d+ of \d+ lines")
    assert frame[0] == "shmpub cli: 32 feeds, 1 failing, 1 never published"
    assert re.match(r"pid \d+, up .*, .* in snapshots, 0 B held", frame[1])
    assert frame[2].startswith("FEED ")
    assert len(frame) <= 12
    assert feeds_of(frame)[0] == "zz"
    assert frame[4].startswith("  line 3")
    shown = [f for f in feeds_of(frame) if f != "line"]
    assert shown[1:4] == ["late", "f00", "f01"]
    for key in (b"j", b"\x1b[B"):
        os.write(terminal.fd, key)
    assert see(rb"3 to \d+ of \d+ lines")[3].startswith("late ")
    os.write(terminal.fd, b"\x1b[6~")
    frame = see(rb"11 to 18 of \d+ lines")
    assert len(feeds_of(frame)) == 8
    os.write(terminal.fd, b"\x1b[A")
    see(rb"10 to 17 of \d+ lines")
    os.write(terminal.fd, b"G")
    assert feeds_of(see(rb"26 to 33 of 33 lines"))[-1] == "f29"
    os.write(terminal.fd, b"g")
    assert feeds_of(see(rb"1 to 8 of 33 lines"))[0] == "zz"
    os.write(terminal.fd, b"q")
    assert terminal.end() == 0


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 5, 6])
def test_top_on_a_short_terminal(publisher: Publisher, lines: int) -> None:
    """No frame has more lines than the terminal, which would scroll; what fails is seen first."""
    for name in ("a", "b", "c"):
        publisher.publish(name, "a\n1\n")
    with pytest.raises(ValueError):
        publisher.publish("zz", "a,b\n1,2,3\n1,2,3,4\n")
    terminal = Terminal(publisher.command("top"), columns=100, lines=lines)
    frame = frame_of(terminal, rb"4 feeds, 1 failing")
    assert len(frame) <= lines
    assert frame[0].startswith("shmpub cli: 4 feeds")
    if lines > 1:
        assert any(line.startswith("zz ") for line in frame)
    os.write(terminal.fd, b"Gq")
    assert terminal.end() == 0


def test_top_tells_a_dead_publisher(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    terminal = Terminal(publisher.command("top"), columns=100)
    terminal.read_until(rb"t +fresh +1 ")
    pid = publisher.kill()
    terminal.read_until(rb"cli: 1 feed, 1 gone")
    terminal.read_until(rb"publisher gone: no process %d" % pid)
    terminal.read_until(rb"t +gone +1 ")
    os.write(terminal.fd, b"q")
    assert terminal.end() == 0


def test_top_without_a_terminal(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    assert "terminal" in publisher.fail("top", status=2)
