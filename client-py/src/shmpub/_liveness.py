"""Judges whether a publisher lives: docs/FORMAT.md, "Is the publisher alive".

A publisher that was killed stores no state. So what its catalog says about feeds is believed only
while the publisher itself is known to live. No other module judges this.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from . import _platform

_STOPPED = 3
_SHORTEST_NS = 3 * 10**9  # a heartbeat younger than this is never too old


class Publisher(NamedTuple):
    """The words of a catalog's header that are about its publisher."""

    state: int
    heartbeat_ns: int  # 0: none yet
    pid: int
    started_ns: int
    heartbeat_interval_ms: int  # 0: none is promised
    process_start: int  # 0: unknown
    process_namespace: int  # 0: unknown


def why_gone(publisher: Publisher) -> str | None:
    """The reason to believe that the publisher is gone, in a few words; None: it may live."""
    if publisher.state == _STOPPED:
        return "stopped"
    if publisher.process_namespace and publisher.process_namespace == _platform.own_namespace():
        why = _platform.why_no_process(publisher.pid, publisher.process_start)
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
