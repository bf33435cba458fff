"""Fixtures of the end-to-end tests: real daemons that serve real files.

`daemon` makes Daemon objects. Each has a private directory below /dev/shm, an instance name that no
other run has, and a folder for its sources. It is killed at the end of its test if it still runs.
programs.py finds the programs.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_tools import publisher  # noqa: F401
from programs import BUILD

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "client-py" / "src"))
sys.path.insert(0, str(ROOT / "tests"))

import logfmt  # noqa: E402
import shmpub  # noqa: E402

SHMPUBD = BUILD / "daemon" / "shmpubd"
SHMPUB = BUILD / "cli" / "shmpub"
PATIENCE = 30.0  # seconds; a bound against hanging, never a measurement


def until(what: Callable[[], object], seconds: float = PATIENCE, pause: float = 0.01) -> object:
    """Call `what` until it returns something true, and return that. NotPublished is false."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(shmpub.NotPublished):
            if found := what():
                return found
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(pause)


def run_shmpubd(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [str(SHMPUBD), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE * 2, **options)


class Daemon:
    """One shmpubd with its configuration, sources and memory."""

    def __init__(self, folder: Path, shm: Path) -> None:
        self.folder, self.shm = folder, shm
        self.instance = f"e2e-{uuid.uuid4().hex[:12]}"
        self.ini, self.log = folder / "shmpubd.ini", folder / "shmpubd.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.user: int | None = None
        self.environment: dict[str, str] = {}
        self.wrapper: list[str] = []  # a command that runs the daemon in its own place
        self._notified: socket.socket | None = None
        self.told: list[str] = []

    # --- configuration and sources

    def configure(self, feeds: dict[str, str] | str, daemon: str = "") -> None:
        """Write the ini file: feeds as {name: lines}, or the whole text after [daemon]."""
        text = f"[daemon]\ninstance = {self.instance}\ndirectory = {self.shm}\n{daemon}\n"
        if isinstance(feeds, str):
            text += feeds
        else:
            text += "".join(f"[feed {name}]\n{lines}\n" for name, lines in feeds.items())
        replace(self.ini, text)

    def source(self, name: str, text: str | bytes) -> Path:
        """Put a source in place as writers should: a new file, renamed."""
        path = self.folder / name
        replace(path, text)
        return path

    # --- life

    def start(self, *arguments: str, wait: bool = True) -> Daemon:
        assert self.process is None
        self.told.clear()  # messages of an earlier process
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = f"\0shmpub-{uuid.uuid4().hex}"
        self._notified.bind(address)
        self._notified.settimeout(0.05)
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": address.replace("\0", "@"),
            **self.environment,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, str(SHMPUBD), "-c", str(self.ini), *arguments],
                stderr=log,
                stdout=log,
                stdin=subprocess.DEVNULL,
                env=environment,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )
        if wait:
            self.wait_told("READY=1")
        return self

    def hear(self) -> list[str]:
        """Return all messages to the service manager so far, one item for each datagram."""
        assert self._notified is not None
        with contextlib.suppress(TimeoutError):
            while True:
                self.told.append(self._notified.recv(4096).decode())
        return self.told

    def wait_told(self, what: str) -> None:
        def told() -> bool:
            assert self.process is not None
            heard = any(what in datagram.splitlines() for datagram in self.hear())
            assert heard or self.process.poll() is None, self.log_text()
            return heard

        until(told)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def reload(self) -> None:
        """Send HUP, and wait until the daemon has read the configuration."""
        self.hear()
        self.told.clear()
        os.kill(self.pid, signal.SIGHUP)
        self.wait_told("READY=1")

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        self.hear()
        self.process = None
        return status

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def wait(self) -> int:
        assert self.process is not None
        status = self.process.wait(PATIENCE)
        self.process = None
        return status

    # --- what the daemon shows

    def log_text(self) -> str:
        """Return the log as people read it. It is written as logfmt, and each line is parsed."""
        return logfmt.log_text(self.log.read_text()) if self.log.exists() else ""

    def events(self) -> list[dict[str, str | int]]:
        """Return the events of the log with their fields."""
        return [logfmt.parse(line) for line in self.log.read_text().splitlines()]

    def feed(self, name: str) -> shmpub.Feed:
        return shmpub.subscribe(
            name, instance=self.instance, directory=str(self.shm), owner=self.user
        )

    def status(self, name: str) -> dict[str, object]:
        """Return the feed's line of `shmpub ls --json`; empty when there is none."""
        owner = [] if self.user is None else ["--owner", str(self.user)]
        place = ["-d", str(self.shm), "-i", self.instance, *owner]
        run = subprocess.run([str(SHMPUB), *place, "ls", "--json"], capture_output=True, text=True)
        rows = [json.loads(line) for line in run.stdout.splitlines()]
        return next((row for row in rows if row["feed"] == name), {})

    def wait_state(self, name: str, state: str) -> dict[str, object]:
        return until(
            lambda: (row := self.status(name)) and row["state"] == state and row, pause=0.05
        )

    def files(self) -> set[str]:
        """Return the names in the instance's directory, but the socket of a daemon that runs."""
        place = self.shm / self.instance
        names = {p.name for p in place.iterdir()} if place.exists() else set()
        return names - {"control"} if self.process is not None else names


def replace(path: Path, text: str | bytes) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(text.encode() if isinstance(text, str) else text)
    new.replace(path)


def clear_segments(place: Path) -> None:
    """Remove plain segments that a killed daemon has left: `.NAME~` says whose NAME is."""
    for lock in Path("/dev/shm").glob(".*~"):
        with contextlib.suppress(OSError):
            if lock.read_text().startswith(f"{place}\n"):
                lock.with_name(lock.name[1:-1]).unlink(missing_ok=True)
                lock.unlink()


@pytest.fixture
def shm() -> Iterator[Path]:
    """A private directory on the machine's shared memory."""
    path = Path(tempfile.mkdtemp(prefix="shmpub-e2e-", dir="/dev/shm"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter.

    It is not below pytest's own `tmp_path`: every pytest that starts on this machine closes the
    folder above all of those to other users, also while the tests of another pytest run.
    """
    path = Path(tempfile.mkdtemp(prefix="shmpub-e2e-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def daemon(open_folder: Path, shm: Path) -> Iterator[Callable[[], Daemon]]:
    """Return a function that makes a daemon at each call. Any user may enter its folder."""
    made: list[Daemon] = []

    def make() -> Daemon:
        folder = open_folder / f"daemon{len(made)}"
        folder.mkdir()
        folder.chmod(0o755)
        made.append(Daemon(folder, shm))
        return made[-1]

    yield make
    for d in made:
        if d.process is not None:
            d.kill()
        clear_segments(d.shm / d.instance)
    logs = "".join(d.log_text() for d in made)
    print(logs[-8000:])  # pytest shows this when the test failed
    assert "Sanitizer" not in logs and "runtime error" not in logs, logs


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
