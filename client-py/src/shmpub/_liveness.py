"""Whether a publisher lives: docs/FORMAT.md, "Is the publisher alive".

A publisher that was killed or stopped by a signal stores no state, so what its catalog says of
feeds is believed only as long as the publisher itself is there. This is the only place that judges.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

_STOPPED = 3
_LARGEST_PID = 2**31 - 1
_SHORTEST_NS = 3 * 10**9  # a heartbeat that is younger than this is never too old


@dataclass(frozen=True, slots=True)
class Publisher:
    """The words of a catalog's header that are about its publisher."""

    state: int
    heartbeat_ns: int  # 0: none yet
    pid: int
    started_ns: int
    heartbeat_interval_ms: int  # 0: none is promised
    process_start: int  # 0: unknown
    process_namespace: int  # 0: unknown


def why_gone(publisher: Publisher) -> str | None:
    """What shows that the publisher is gone, in a few words; None while it may live."""
    if publisher.state == _STOPPED:
        return "stopped"
    if publisher.process_namespace and publisher.process_namespace == _own_namespace():
        why = _why_no_process(publisher.pid, publisher.process_start)
        if why is not None:
            return why
    return _why_silent(publisher, time.time_ns())


def _why_silent(publisher: Publisher, now_ns: int) -> str | None:
    if not publisher.heartbeat_interval_ms:
        return None
    allowed_ns = max(3 * publisher.heartbeat_interval_ms * 10**6, _SHORTEST_NS)
    age_ns = now_ns - max(publisher.heartbeat_ns, publisher.started_ns)
    if age_ns <= allowed_ns:
        return None
    return f"no heartbeat for {age_ns // 10**9} s"


def _own_namespace() -> int:
    """The inode of this process's pid namespace; 0 where there is no such thing."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def _why_no_process(pid: int, start: int) -> str | None:
    try:
        if not 0 < pid <= _LARGEST_PID:
            raise ProcessLookupError
        os.kill(pid, 0)
    except PermissionError:
        pass  # it is another user's
    except ProcessLookupError:
        return f"no process {pid}"
    state, started = _look_at(pid)
    is_another = start and started and start != started
    return f"no process {pid}" if is_another or state in ("Z", "X", "x") else None


def _look_at(pid: int) -> tuple[str, int]:
    """The process's state and its start in clock ticks; ("", 0) where they can't be known.

    Where /proc is another pid namespace's, the number is another process's there.
    """
    if sys.platform != "linux":
        return "", 0
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            return "", 0
        with open(f"/proc/{pid}/stat", "rb") as file:
            line = file.read()
    except OSError:
        return "", 0
    fields = line[line.rfind(b")") + 1 :].split()  # the name in front may hold anything
    if len(fields) < 20:
        return "", 0
    return fields[0].decode("ascii", "replace"), int(fields[19])
