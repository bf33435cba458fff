"""A shmpubd that this process has started, and that ends with it.

The daemon has one end of a pipe as its standard input, and this process the other (`--until-eof`).
The system closes ours when this process ends, however it ends; the daemon sees that and stops. It
runs in a session of its own, so that an interrupt of a cell does not reach it. A child of fork()
closes its copy of our end at once, or the daemon would live as long as the child.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import IO, Any

from ._catalog import RUNNING, Catalog
from ._errors import DaemonError, Error, InstanceTaken
from ._ini import Ini
from ._place import Place

# All times are seconds.
_START_PATIENCE = 60.0  # the daemon itself says that it runs ten seconds after its start at most
_STOP_PATIENCE = 20.0  # the daemon itself gives up sources that hang, and snapshots, after fifteen
_SHORT_PATIENCE = 1.0  # at the end of the process, and of the last object that uses the daemon
_NAP = 0.002
# How systemd speaks to this process, and not to the daemon.
_NOT_FOR_THE_DAEMON = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM")


class Server:
    """The process, from start() until close(); it is ended when nothing refers to the object."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes], place: Place) -> None:
        self.process = process
        self.place = place
        self._log = log
        self._end = weakref.finalize(self, _end, process, log)
        _servers.add(self)

    @property
    def is_ours(self) -> bool:
        """False in a child of the process that started it, and after close()."""
        return self._end.alive

    def log(self) -> str:
        """What the daemon has written to its log so far; "" after close()."""
        return _text_of(self._log)

    def close(self) -> None:
        """End the daemon and wait for its end. A second call does nothing."""
        if self._end.detach() is None:
            return
        _close_pipe(self.process)
        try:
            self.process.wait(_STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()

    def forget(self) -> None:
        """In a child of fork(): the daemon is the parent's."""
        if self._end.detach() is not None:
            _close_pipe(self.process)
            self.process.returncode = 0  # it is no child of this process: nothing to wait for


def start(program: str, ini: Ini, place: Place) -> Server:
    """Start the daemon, and wait until it has tried to read each source.

    Raises DaemonError when it does not come to that, and InstanceTaken when another one serves that
    instance.
    """
    folder = Path(tempfile.mkdtemp(prefix="shmpub-"))  # for this user only
    try:
        path = folder / "shmpubd.ini"
        path.write_text(ini.text, encoding="utf-8")
        server = _launch(program, path, place)
        try:
            _wait_until_served(server, program, path, ini)
        except BaseException:  # a KeyboardInterrupt as well
            server.close()
            raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return server


def check(program: str, ini: Ini) -> None:
    """Raise DaemonError when the daemon would refuse that configuration."""
    with tempfile.TemporaryDirectory(prefix="shmpub-") as folder:
        path = Path(folder, "shmpubd.ini")
        path.write_text(ini.text, encoding="utf-8")
        done = subprocess.run(
            [program, "-c", path, "--check", "--quiet"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    if done.returncode:
        raise _failure(program, path, ini, done.stderr.decode("utf-8", "replace"))


def _launch(program: str, path: Path, place: Place) -> Server:
    environment = {k: v for k, v in os.environ.items() if k not in _NOT_FOR_THE_DAEMON}
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        new_group, no_window = subprocess.CREATE_NEW_PROCESS_GROUP, subprocess.CREATE_NO_WINDOW
        apart = {"creationflags": new_group | no_window}
    log = tempfile.TemporaryFile()  # noqa: SIM115, it lasts as long as the daemon
    try:
        process = subprocess.Popen(
            [program, "-c", str(path), "--until-eof"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=environment,
            **apart,
        )
    except OSError as error:
        log.close()
        raise DaemonError(f"{program} can't be run: {error.strerror or error}") from None
    return Server(process, log, place)


def _wait_until_served(server: Server, program: str, path: Path, ini: Ini) -> None:
    deadline = time.monotonic() + _START_PATIENCE
    while not _is_served(server):
        if server.process.poll() is not None:
            raise _failure(program, path, ini, server.log())
        if time.monotonic() > deadline:
            raise DaemonError(
                f"shmpubd was started and serves nothing after {_START_PATIENCE:g} s", server.log()
            )
        time.sleep(_NAP)


def _is_served(server: Server) -> bool:
    try:
        catalog = Catalog(server.place)
    except Error:  # there is none yet, or an old one that is being replaced
        return False
    return catalog.state == RUNNING and catalog.publisher.pid == server.process.pid


# --- what went wrong ----------------------------------------------------------------------------


def _failure(program: str, path: Path, ini: Ini, log: str) -> DaemonError:
    lines = [_plain(line, path, ini) for line in log.splitlines() if ": warning: " not in line]
    if not lines:
        return DaemonError(f"{program} has ended without a word", log)
    if taken := re.search(r"process (\d+) publishes there", lines[-1]):
        pid = int(taken[1])
        return InstanceTaken(
            f"{lines[-1].removesuffix(' publishes there')} serves it{_who(pid)}", pid
        )
    if "what is '--until-eof'" in lines[0]:
        return DaemonError(f"{program} is older than this package: it has no --until-eof", log)
    return DaemonError("; ".join(lines), log)


def _plain(line: str, path: Path, ini: Ini) -> str:
    """The daemon's line, with the feed and the option in the place of a line of our file."""
    line = line.removeprefix("shmpubd: ")
    if not line.startswith(f"{path}:"):
        return line
    number, _, message = line[len(f"{path}:") :].partition(": ")
    subject = ini.subject(int(number)) if number.isdecimal() else ""
    return f"{subject}: {message}" if subject else message


def _who(pid: int) -> str:
    """What can be told of a process that serves an instance: who started it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        parent = int(re.findall(r"^PPid:\t(\d+)$", status, re.M)[0])
        words = Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")[:-1]
    except (OSError, IndexError):  # another user's, or another system
        return ""
    if parent == os.getpid():
        return ", started by this very process"
    command = " ".join(os.fsdecode(word) for word in words[:6])
    command = re.sub(r"[\x00-\x1f\x7f]", "?", command)[:120]
    return f", started by process {parent}: {command}" if command and parent > 1 else ""


# --- the end -------------------------------------------------------------------------------------


def _text_of(log: IO[bytes]) -> str:
    if log.closed:
        return ""
    size = os.fstat(log.fileno()).st_size
    if sys.platform == "win32":  # the position is the daemon's too: reading ends where it writes
        log.seek(0)
        return log.read(size).decode("utf-8", "replace")
    return os.pread(log.fileno(), size, 0).decode("utf-8", "replace")


def _close_pipe(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        try:
            process.stdin.close()
        except OSError:  # it has ended already
            pass


def _end(process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    """When the last reference has gone, and at the end of the interpreter: don't wait for long."""
    _close_pipe(process)
    log.close()
    try:
        process.wait(_SHORT_PATIENCE)
    except subprocess.TimeoutExpired:  # a source hangs; the daemon goes when it has given that up
        if not sys.is_finalizing():
            threading.Thread(target=process.wait, daemon=True, name="shmpub-end").start()


_servers: weakref.WeakSet[Server] = weakref.WeakSet()


def find(place: Place) -> Server | None:
    """The server of that instance that this process has started and not closed."""
    for server in list(_servers):
        if server.place == place and server.is_ours and server.process.poll() is None:
            return server
    return None


def _after_fork() -> None:
    for server in list(_servers):
        server.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
