"""Following a feed: by iteration, by asyncio, by callback. Each has a cursor of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ._errors import FeedNotFound, InstanceNotFound, NotPublished
from ._mark import NOTHING, Mark
from ._snapshot import Snapshot

if TYPE_CHECKING:
    from ._feed import Feed

_SLICE = 1.0  # the longest that a thread sleeps after nobody wants its answer any more
_PAUSE = 0.01  # when the catalog tells of something that can't be had yet


class _Cursor:
    """How far somebody has come with a feed."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._seen: Mark = NOTHING
        self._given: Mark = NOTHING

    def next(self, timeout: float | None) -> Snapshot | None:
        """Something newer than all before; None when the time has passed first."""
        found = self.peek(timeout)
        return None if found is None else self.accept(found)

    def peek(self, timeout: float | None) -> tuple[Snapshot, Mark] | None:
        """The same, but it stays the next one until it is accepted."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if self._feed._await(self._seen, left) is None:
                return None
            found = self._look()
            if found is not None:
                return found
            if left is not None and left <= 0:
                return None
            time.sleep(_PAUSE)

    def accept(self, found: tuple[Snapshot, Mark]) -> Snapshot:
        self._given, self._seen = found[0].mark, found[1]
        return found[0]

    def _look(self) -> tuple[Snapshot, Mark] | None:
        try:
            snapshot, mark = self._feed._newest()
        except (NotPublished, InstanceNotFound):
            return None  # gone again between the two looks
        if mark.is_newer_than(self._seen) and snapshot.mark.is_newer_than(self._given):
            return snapshot, mark
        return None


class Updates:
    """Snapshots of a feed as they come: an iterator and an asynchronous one."""

    def __init__(self, feed: Feed, timeout: float | None) -> None:
        self._cursor = _Cursor(feed)
        self._timeout = timeout
        self._worker: ThreadPoolExecutor | None = None

    def __iter__(self) -> Updates:
        return self

    def __next__(self) -> Snapshot:
        snapshot = self._cursor.next(self._timeout)
        if snapshot is None:
            raise StopIteration
        return snapshot

    def __aiter__(self) -> Updates:
        return self

    async def __anext__(self) -> Snapshot:
        # A thread of its own: asyncio's default ones are few, and every feed would take one.
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, "shmpub-updates")
        loop = asyncio.get_running_loop()
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            left = _SLICE if deadline is None else min(_SLICE, deadline - time.monotonic())
            found = await loop.run_in_executor(self._worker, self._cursor.peek, max(0.0, left))
            if found is not None:
                return self._cursor.accept(found)
            if deadline is not None and time.monotonic() >= deadline:
                raise StopAsyncIteration


class Subscription:
    """A callback that is told of each snapshot, until it is cancelled."""

    def __init__(self, feed: Feed, callback: Callable[[Snapshot], Any]) -> None:
        self._callback = callback
        self._cursor = _Cursor(feed)
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"shmpub-{feed.name}", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """No call begins after this. One that is under way ends by itself."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether cancel() was called."""
        return self._cancelled.is_set()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def _run(self) -> None:
        while not self._cancelled.is_set():
            try:
                snapshot = self._cursor.next(_SLICE)
                if snapshot is not None and not self._cancelled.is_set():
                    self._callback(snapshot)
            except FeedNotFound:
                self._cancelled.wait(_SLICE)  # it may come back with the next configuration
            except Exception as error:
                kind, trace = type(error), error.__traceback__
                threading.excepthook(
                    threading.ExceptHookArgs((kind, error, trace, threading.current_thread()))
                )
                self._cancelled.wait(_PAUSE)
