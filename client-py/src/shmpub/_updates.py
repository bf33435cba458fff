"""Follows a feed by iteration, by asyncio or by callback. Each has a cursor of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _waiting
from ._mark import Cursor, Mark
from ._snapshot import Snapshot
from ._waiting import Wait
from ._watch import Watched

if TYPE_CHECKING:
    import pandas as pd

    from ._feed import Feed

# All times are seconds.
_SLICE = 1.0  # a thread waits in such slices, so that it notices soon when it is to end
_FIRST_SILENCE, _LONGEST_SILENCE = 1.0, 60.0  # between two reports of the same error


class Updates:
    """An iterator, and an asynchronous iterator, of a feed's Snapshots. Feed.updates() makes it.

    To be used by one thread or one task at a time; two of them need two Updates. close() or
    aclose(), which any thread or task may call, ends it. As a context manager (`with`, `async
    with`) it is closed at the end of the block. It holds no thread and no memory of its own.

    >>> with feed.updates(timeout=1) as updates:
    ...     for snap in updates:
    ...         print(snap.shape)
    (1, 3)
    """

    def __init__(self, feed: Feed, timeout: float | None) -> None:
        self._feed = feed
        self._cursor = Cursor()
        self._timeout = timeout
        self._closed = threading.Event()
        self._watched: Watched | None = None

    def __iter__(self) -> Updates:
        return self

    def __next__(self) -> Snapshot:
        if self._closed.is_set():
            raise StopIteration
        found = _waiting.for_one(self._feed, self._cursor, self._timeout, end=self._closed)
        if found is None or self._closed.is_set():
            raise StopIteration
        return self._cursor.accept(found)

    def __aiter__(self) -> Updates:
        return self

    async def __anext__(self) -> Snapshot:
        if self._closed.is_set():
            raise StopAsyncIteration
        self._watched = watched = Watched(Wait(self._feed, self._cursor), self._timeout)
        # A task that is cancelled here loses nothing: the snapshot counts as taken only below.
        found = await watched.answer()
        if found is None or self._closed.is_set():
            raise StopAsyncIteration
        return self._cursor.accept(found)

    def close(self) -> None:
        """End the iteration. A thread that waits in it returns within a second, a task at once.

        May be called from any thread, and more than once.
        """
        self._closed.set()
        if self._watched is not None:
            self._watched.end()

    async def aclose(self) -> None:
        """close(), for asyncio and contextlib.aclosing()."""
        self.close()

    def __enter__(self) -> Updates:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Updates:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class NewRows:
    """An iterator, and an asynchronous iterator, of the rows that are new: DataFrames.

    Feed.updates(new_rows=True) makes it. To be used as Updates is.

    >>> with feed.updates(timeout=0, new_rows=True) as updates:
    ...     for rows in updates:
    ...         print(rows.shape, rows.attrs["shmpub"]["gap"])
    (1, 3) False
    """

    def __init__(self, updates: Updates) -> None:
        self._updates = updates
        self._last: tuple[Mark, int] | None = None  # of what was given last, and how many rows

    def _take(self, snapshot: Snapshot) -> pd.DataFrame | None:
        """The rows that are new in a snapshot; None: there are none."""
        start = 0 if self._last is None else snapshot._new_from(*self._last)
        is_first = self._last is None
        rows = snapshot.df.iloc[start or 0 :]
        self._last = snapshot._mark, len(snapshot)
        rows.attrs["shmpub"]["gap"] = start is None
        return rows if len(rows) or start is None or is_first else None

    def __iter__(self) -> NewRows:
        return self

    def __next__(self) -> pd.DataFrame:
        while True:
            rows = self._take(next(self._updates))
            if rows is not None:
                return rows

    def __aiter__(self) -> NewRows:
        return self

    async def __anext__(self) -> pd.DataFrame:
        while True:
            rows = self._take(await self._updates.__anext__())
            if rows is not None:
                return rows

    def close(self) -> None:
        """As Updates.close()."""
        self._updates.close()

    async def aclose(self) -> None:
        """close(), for asyncio and contextlib.aclosing()."""
        self.close()

    def __enter__(self) -> NewRows:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> NewRows:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class Subscription:
    """A callback that is called for each snapshot, until cancel(). Feed.on_update() makes it.

    As a context manager it is cancelled at the end of the block.

    >>> subscription = feed.on_update(len)
    >>> subscription.cancel()
    >>> subscription.is_cancelled
    True
    """

    def __init__(
        self,
        feed: Feed,
        callback: Callable[[Snapshot], Any],
        on_error: Callable[[Exception], Any] | None,
    ) -> None:
        self._feed = feed
        self._callback = callback
        self._on_error = on_error
        self._cursor = Cursor()
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"shmpub-{feed.name}", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Start no further call of the callback. A call that has begun is not interrupted."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether cancel() was called, or the callback has ended the thread (SystemExit)."""
        return self._cancelled.is_set()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def _run(self) -> None:
        reading, calling = _Reports(self._on_error), _Reports(None)
        try:
            while not self._cancelled.is_set():
                snapshot = self._next(reading)
                if snapshot is not None and not self._cancelled.is_set():
                    self._call(snapshot, calling)
        finally:
            self._cancelled.set()

    def _next(self, reports: _Reports) -> Snapshot | None:
        """The next snapshot; None when none has come for a while. Errors are reported."""
        try:
            found = _waiting.for_one(self._feed, self._cursor, _SLICE, is_whole=False)
        except Exception as error:
            reports.tell(error)
            self._cancelled.wait(_SLICE)
            return None
        return None if found is None else self._cursor.accept(found)

    def _call(self, snapshot: Snapshot, reports: _Reports) -> None:
        try:
            self._callback(snapshot)
        except Exception as error:
            if self._on_error is None:
                reports.tell(error)
            else:
                _call_or_report(self._on_error, error, reports)


def _call_or_report(
    on_error: Callable[[Exception], Any], error: Exception, reports: _Reports
) -> None:
    try:
        on_error(error)
    except Exception as its_own:
        reports.tell(its_own)


class _Reports:
    """Reports an error once, and again after ever longer silences while it keeps coming.

    Reports go to `on_error`, or without it to threading.excepthook. Two errors are the same one
    when they have one class and the same line has raised them.
    """

    def __init__(self, on_error: Callable[[Exception], Any] | None) -> None:
        self._on_error = on_error
        self._silences: dict[object, _Silence] = {}

    def tell(self, error: Exception) -> None:
        untold = self._silences.setdefault(_kind_of(error), _Silence()).ends()
        if untold is None:
            return
        if untold:
            error.add_note(f"{untold} more like this since the last report")
        if self._on_error is None:
            _hook(error)
        else:
            _call_or_report(self._on_error, error, _Reports(None))


class _Silence:
    """The time after a report, in which the same error is only counted."""

    def __init__(self) -> None:
        self._until = self._length = 0.0
        self._untold = 0

    def ends(self) -> int | None:
        """Whether to report an error now, and how many were only counted before it.

        None means that this one is counted, too.
        """
        now = time.monotonic()
        if now < self._until:
            self._untold += 1
            return None
        is_same = now < self._until + self._length  # else it had stopped: begin anew
        self._length = min(2 * self._length, _LONGEST_SILENCE) if is_same else _FIRST_SILENCE
        self._until = now + self._length
        untold, self._untold = self._untold, 0
        return untold


def _kind_of(error: Exception) -> object:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return type(error), trace and (trace.tb_frame.f_code, trace.tb_lineno)


def _hook(error: Exception) -> None:
    arguments = type(error), error, error.__traceback__, threading.current_thread()
    threading.excepthook(threading.ExceptHookArgs(arguments))
