"""shmpub.exe: what it writes into pipes and files byte for byte, and what it shows on a console."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Iterator

import pandas as pd
import pytest
from daemons import FAST, SHMPUB, Daemon, control_c
from wine import PATIENCE, Wine, until

TABLE = 'city,price,note\nZürich,1.5,"a, b"\n東京,2.5,\nRome,3.5,"two\nlines"\n'


@pytest.fixture(scope="module")
def daemon(wine: Wine) -> Iterator[Daemon]:
    d = Daemon(wine, wine.drive / "cli")
    d.source("a.csv", TABLE)
    d.configure({"a": f"source = a.csv\n{FAST}", "b": "source = none.csv"})
    yield d.start()
    d.kill()
    shutil.rmtree(d.folder)


def command(daemon: Daemon, *arguments: str) -> list[str]:
    return daemon.wine.command(SHMPUB, "-i", daemon.instance, *arguments)


def output(daemon: Daemon, *arguments: str) -> bytes:
    return subprocess.run(
        command(daemon, *arguments),
        env=daemon.wine.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    ).stdout


def test_csv_is_bytes(daemon: Daemon) -> None:
    assert output(daemon, "cat", "a") == TABLE.encode()


def test_arrow_is_bytes(daemon: Daemon) -> None:
    frame = pd.read_feather(io.BytesIO(output(daemon, "cat", "a", "--format", "arrow")))
    pd.testing.assert_frame_equal(frame, pd.read_csv(io.StringIO(TABLE)), check_dtype=False)


def test_into_a_file(daemon: Daemon) -> None:
    """By Windows' own shell, as its user would."""
    program, target = daemon.folder / "shmpub.exe", daemon.folder / "out.csv"
    shutil.copy(SHMPUB, program)
    path = daemon.wine.windows_path(program)
    line = f"{path} -i {daemon.instance} cat a > {daemon.wine.windows_path(target)}"
    assert daemon.wine.run("cmd", "/c", line).returncode == 0
    assert target.read_bytes() == TABLE.encode()


STATUSES = {
    "help": (["--help"], 0),
    "no command": ([], 2),
    "no such command": (["nein"], 2),
    "no such feed": (["cat", "nein"], 1),
    "never published": (["cat", "b"], 1),
    "well": (["health", "a"], 0),
    "not well": (["health"], 1),
    "verify": (["verify", "a"], 0),
    "top into a pipe": (["top"], 2),
    "no such owner": (["--owner", "nobody-of-that-name", "ls"], 2),
    "an owner by name": (["--owner", "SYSTEM", "ls"], 0),
    "an owner by SID": (["--owner", "S-1-5-19", "ls"], 0),
}


@pytest.mark.parametrize("label", STATUSES)
def test_status(daemon: Daemon, label: str) -> None:
    arguments, status = STATUSES[label]
    run = daemon.wine.run(SHMPUB, "-i", daemon.instance, *arguments)
    assert run.returncode == status, run


def test_nobody(wine: Wine) -> None:
    assert wine.run(SHMPUB, "-i", "nobody", "health").returncode == 2
    assert wine.run(SHMPUB, "-i", "nobody", "ls").returncode == 1


def test_holders(daemon: Daemon) -> None:
    run = daemon.wine.run(SHMPUB, "-i", daemon.instance, "info", "a", "--holders")
    assert run.returncode == 1 and "Windows does not tell who" in run.stderr, run


def test_arguments_are_utf8(daemon: Daemon) -> None:
    run = daemon.wine.run(SHMPUB, "-i", daemon.instance, "cat", "Zürich")
    assert run.stderr.startswith('shmpub: feed name "Zürich": ')


def test_watch(daemon: Daemon) -> None:
    """It ends by Ctrl-C with the status that shells have for that, and quietly with its reader."""
    for ends_by in ("interrupt", "pipe"):
        watch = daemon.wine.popen(SHMPUB, "-i", daemon.instance, "watch", "a")
        assert watch.stdout is not None and b" a " in watch.stdout.readline()
        if ends_by == "interrupt":
            control_c(watch)
            assert watch.wait(PATIENCE) == 130
        else:
            watch.stdout.close()
            daemon.source("a.csv", TABLE + "Oslo,4.5,\n")
            assert watch.wait(PATIENCE) == 0
        daemon.source("a.csv", TABLE)
        until(lambda: output(daemon, "cat", "a") == TABLE.encode())


def own_terminal() -> None:
    """So that Ctrl-C is a signal to the program."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Console:
    """A program on a console: Wine makes one of a terminal."""

    def __init__(self, daemon: Daemon, *arguments: str) -> None:
        self.terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 100, 0, 0))
        self.process = subprocess.Popen(
            command(daemon, *arguments),
            env={**daemon.wine.environment, "TERM": "xterm"},
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
            preexec_fn=own_terminal,
        )
        os.close(end)
        self.shown = b""

    def read(self) -> None:
        ready, _, _ = select.select([self.terminal], [], [], 0.1)
        if ready:
            with contextlib.suppress(OSError):  # the other end is closed
                self.shown += os.read(self.terminal, 65536)

    def until_shown(self, what: str) -> None:
        end = time.monotonic() + PATIENCE
        while what.encode() not in self.shown:
            assert time.monotonic() < end, self.shown
            self.read()

    def press(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def end(self) -> int:
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        self.read()
        if self.process.poll() is None:
            self.process.kill()
        os.close(self.terminal)
        return self.process.wait(PATIENCE)


def test_text_on_a_console(daemon: Daemon) -> None:
    console = Console(daemon, "cat", "a")
    assert console.end() == 0
    assert "Zürich" in console.shown.decode() and "東京" in console.shown.decode()
    console = Console(daemon, "cat", "Zürich")
    assert console.end() == 1
    assert 'shmpub: feed name "Zürich": ' in console.shown.decode()
    console = Console(daemon, "cat", "a", "--format", "arrow")
    assert console.end() == 1
    assert b"not for a terminal" in console.shown


@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_top(daemon: Daemon, key: bytes) -> None:
    console = Console(daemon, "top")
    console.until_shown(f"shmpub {daemon.instance}: 2 feeds, 1 failing")
    console.press(b"\x1b[B")
    console.shown = b""
    console.until_shown("fresh")
    console.press(key)
    assert console.end() == 0
    assert b"\x1b[?1049l" in console.shown
