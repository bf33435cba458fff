"""Waits for asyncio: one thread of this process looks after all tasks that wait for a feed.

The thread sleeps at all places where there may be news for one of them, and gives each task its
answer through the task's event loop. It starts with the first wait, and ends when there has been
none for a second.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _platform, _waiting
from ._waiting import Wait

if TYPE_CHECKING:
    import asyncio

    from ._follower import Held

_LONGEST = 1.0  # seconds


class Watched:
    """A task's wait for a feed."""

    __slots__ = ("_future", "_is_answered", "_loop", "deadline", "wait")

    def __init__(self, wait: Wait, timeout: float | None) -> None:
        import asyncio  # takes some 20 ms, which programs without it do not pay

        self.wait = wait
        self._is_answered = False
        self.deadline = None if timeout is None else time.monotonic() + timeout
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Held | None] = self._loop.create_future()

    async def answer(self) -> Held | None:
        """The news; None when the time has passed first, or end() was called.

        Raises as Wait.look() does. A task that is cancelled here loses nothing.
        """
        _watcher.add(self)
        return await self._future

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for an answer any more."""
        return self._is_answered or self._future.done() or self._loop.is_closed()

    def end(self) -> None:
        """Let answer() return None. May be called from any thread."""
        self._give(self._future.set_result, None)

    def look(self) -> bool:
        """Whether there is an answer by now, which the task then gets."""
        try:
            found = self.wait.look()
            if found is None:
                if self.deadline is None or time.monotonic() < self.deadline:
                    return False
                self.wait.give_up()
        except Exception as error:  # the task raises it
            self._give(self._future.set_exception, error)
        else:
            self._give(self._future.set_result, found)
        self._is_answered = True
        return True

    def _give(self, give: Callable[[Any], None], value: object) -> None:
        def call() -> None:
            if not self._future.done():
                give(value)

        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop was closed
            pass


class _Watcher:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Watched] = []
        self._bell = _platform.Bell()
        self._has_thread = False
        self._idle_from = 0.0  # when the thread ends, by time.monotonic()

    def add(self, watched: Watched) -> None:
        with self._lock:
            self._all.append(watched)
            self._idle_from = time.monotonic() + _LONGEST
            if not self._has_thread:
                self._has_thread = True
                threading.Thread(target=self._run, name="shmpub-watch", daemon=True).start()
        self._bell.ring()

    def _run(self) -> None:
        try:
            while True:
                turn = self._bell.turn
                waiting = self._waiting()
                if waiting is None:
                    return
                waiting = [watched for watched in waiting if not watched.look()]
                waits = [watched.wait for watched in waiting]
                _waiting.sleep(waits, _seconds(waiting), self._bell, turn)
        except BaseException:
            self._has_thread = False  # the next wait starts another one
            raise

    def _waiting(self) -> list[Watched] | None:
        """All who wait; None, which ends the thread, when there was nobody for a while."""
        with self._lock:
            self._all = [watched for watched in self._all if not watched.is_over]
            now = time.monotonic()
            if self._all:
                self._idle_from = now + _LONGEST
            elif now >= self._idle_from:
                self._has_thread = False
                return None
            return list(self._all)


def _seconds(waiting: list[Watched]) -> float:
    """How long to sleep at most."""
    now = time.monotonic()
    deadlines = [w.deadline - now for w in waiting if w.deadline is not None]
    return max(0.0, min([_LONGEST, *deadlines, *[w.wait.longest for w in waiting]]))


_watcher = _Watcher()


def _after_fork() -> None:
    global _watcher
    _watcher = _Watcher()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
