"""Daemons at a console of Windows, their readers, and what other programs do to them.

Each Daemon has an instance, an ini and sources of its own. shmpub.exe is the reader: another
process of the same session. `Peer` is tests/tools/peer_win32.c.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import queue
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

import logfmt
from wine import BUILD, PATIENCE, Wine, until

SHMPUBD = str(BUILD / "daemon" / "shmpubd.exe")
SHMPUB = str(BUILD / "cli" / "shmpub.exe")
PEER = str(BUILD / "tests" / "peer.exe")
CHECK_TABLES = str(BUILD / "tests" / "check_tables.exe")

FAST = "interval = 20ms"
FAILED, MISUSED = 1, 2
SYS_TGKILL = 234  # x86-64

Run = subprocess.CompletedProcess


def idle_threads(pid: int) -> list[int]:
    """The threads that sleep and would take a signal, but for the first one."""
    found = []
    for place in Path(f"/proc/{pid}/task").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            text = (place / "status").read_text()
            lines = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
            if lines["State"].startswith("S") and int(lines["SigBlk"], 16) == 0:
                found.append(int(place.name))
    return sorted(set(found) - {pid})


def control_c(process: subprocess.Popen[bytes]) -> None:
    """Send the signal that Wine makes Ctrl-C of, to a thread that does nothing.

    Wine starts a thread in its signal handler. In a thread that was interrupted while it forks (the
    first one does when it starts a command) or allocates, this waits for ever for a lock that the
    same thread holds.
    """
    for thread in idle_threads(process.pid):
        if ctypes.CDLL(None).syscall(SYS_TGKILL, process.pid, thread, int(signal.SIGINT)) == 0:
            return
    process.send_signal(signal.SIGINT)


class Daemon:
    """One daemon with its ini and its sources in a folder of its own."""

    def __init__(self, wine: Wine, folder: Path, directory: str = "Local") -> None:
        self.wine, self.folder, self.directory = wine, folder, directory
        self.ini, self.log = folder / "shmpubd.ini", folder / "log"
        self.instance = f"e2e-{uuid.uuid4().hex[:12]}"
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)

    # --- its files

    def configure(self, feeds: dict[str, str], daemon: str = "") -> None:
        """As Notepad writes it: lines end with CR and LF."""
        text = f"[daemon]\ninstance = {self.instance}\ndirectory = {self.directory}\n{daemon}\n"
        text += "".join(f"[feed {name}]\n{lines}\n" for name, lines in feeds.items())
        self.ini.write_bytes(text.replace("\n", "\r\n").encode())

    def source(self, name: str, text: str | bytes) -> Path:
        """In place of the one before, by renaming."""
        path = self.folder / name
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(text.encode() if isinstance(text, str) else text)
        fresh.replace(path)
        return path

    # --- its life

    def run(self, *arguments: str) -> Run[str]:
        """To the end, with its own configuration."""
        return self.wine.run(SHMPUBD, "-c", self.wine.windows_path(self.ini), *arguments)

    def start(self, ini: str = "") -> Daemon:
        """Until it is ready: every feed was tried, or it did not get so far within ten seconds.

        `ini`: as its own folder knows it; else the whole path.
        """
        assert self.process is None
        self.log.write_bytes(b"")
        command = self.wine.command(SHMPUBD, "-c", ini or self.wine.windows_path(self.ini))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.wine.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: self.is_ready() or self.process.poll() is not None, pause=0.02)
        assert self.is_ready(), self.log_text()
        return self

    def is_ready(self) -> bool:
        return f"instance {self.instance}: " in self.log_text()

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """By Ctrl-C, or killed."""
        assert self.process is not None
        if how == signal.SIGINT:
            control_c(self.process)
        else:
            self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        self.process = None
        return status

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    # --- what can be seen of it

    def log_text(self) -> str:
        """What the daemon told, as people read it; it is written as logfmt."""
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        return logfmt.log_text(text)

    def cli(self, command: str, *arguments: str, directory: str = "") -> Run[str]:
        place = ["-i", self.instance, "-d", directory or self.directory]
        return self.wine.run(SHMPUB, *place, command, *arguments)

    def well(self, command: str, *arguments: str) -> str:
        run = self.cli(command, *arguments)
        assert run.returncode == 0 and run.stderr == "", run
        return run.stdout

    def table(self, feed: str = "a") -> list[str]:
        run = self.cli("cat", feed)
        return run.stdout.split() if run.returncode == 0 else []

    def status(self, feed: str = "a") -> dict[str, Any]:
        """What `shmpub ls` tells of the feed; empty when it tells nothing."""
        rows = [json.loads(line) for line in self.cli("ls", "--json").stdout.splitlines()]
        return next((row for row in rows if row["feed"] == feed), {})

    def wait_error(self, what: str, feed: str = "a") -> dict[str, Any]:
        found = until(lambda: (row := self.status(feed)) and what in row["error"] and row)
        assert isinstance(found, dict)
        return found

    def values(self) -> dict[str, float]:
        """What `shmpub metrics` tells, by names with their labels but the instance's."""
        label = f'shmpub_instance="{self.instance}"'
        lines = [line for line in self.well("metrics").splitlines() if not line.startswith("#")]
        pairs = (
            line.replace(f"{{{label}}}", "").replace(f"{label},", "").rsplit(" ", 1)
            for line in lines
        )
        return {name: float(value) for name, value in pairs}

    def wait_sequences(self, feeds: Iterable[str], least: int) -> None:
        """Until each of these feeds has been published that often."""
        names = [f'shmpub_feed_sequence{{feed="{feed}"}}' for feed in feeds]

        def published() -> bool:
            values = self.values()
            return all(values.get(name, 0) >= least for name in names)

        until(published)

    def wait_heartbeat(self) -> None:
        """Until the daemon has dropped every table that was replaced before.

        It does so once a second, with the heartbeat, unless the feed's next table comes sooner.
        Until then a replaced table is still committed, and the daemon has a handle of it.
        """
        name = "shmpub_heartbeat_timestamp_seconds"
        before = self.values()[name]
        until(lambda: self.values()[name] > before)

    @property
    def pid(self) -> int:
        """As Windows counts: the one that a second daemon is told."""
        run = self.run()
        assert run.returncode == FAILED, run
        return int(run.stderr.split("process ")[1].split()[0])

    def name(self, leaf: str) -> str:
        """Of an object of the instance."""
        return f"{self.directory}\\shmpub.{self.instance}/{leaf}"


class Watch:
    """`shmpub watch --json` and the lines it has told."""

    def __init__(self, d: Daemon, *feeds: str) -> None:
        place = ["-i", d.instance, "-d", d.directory]
        self.process = d.wine.popen(SHMPUB, *place, "watch", "--json", *feeds)
        self.lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):
                self.lines.put(json.loads(line))

    def next(self) -> dict[str, Any]:
        return self.lines.get(timeout=PATIENCE)

    def until(self, event: str) -> dict[str, Any]:
        """The next line of that event, whatever comes before it."""
        while (line := self.next())["event"] != event:
            pass
        return line

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def watching(d: Daemon, *feeds: str) -> Iterator[Watch]:
    watch = Watch(d, *feeds)
    try:
        yield watch
    finally:
        watch.end()


@contextlib.contextmanager
def peer(wine: Wine, word: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another program that has something, until the end of the block."""
    process = wine.popen(PEER, word, *arguments)
    assert process.stdout is not None
    try:
        told = process.stdout.readline().strip()
        assert told == b"has it", told
        yield process
    finally:
        process.kill()
        process.wait()


def count_handles(wine: Wine, program: str) -> int:
    """Of all processes of a program: "shmpubd.exe"."""
    run = wine.run(PEER, "count", program)
    assert run.returncode == 0 and int(run.stdout) > 0, run
    return int(run.stdout)


def private_bytes(d: Daemon) -> int:
    """As Linux counts them: Wine tells other numbers."""
    assert d.process is not None
    status = Path(f"/proc/{d.process.pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if "RssAnon" in line)
