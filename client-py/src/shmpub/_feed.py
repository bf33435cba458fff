"""A feed: what readers subscribe to. What follows its instance is in _follower."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, overload

import pandas as pd

from . import _arguments, _catalog, _place, _waiting
from ._errors import FeedNotFound, InstanceNotFound, NotPublished, Stale
from ._follower import Follower, Held, Verify
from ._mark import Cursor, Mark
from ._place import Place
from ._shown import Shown
from ._snapshot import Snapshot
from ._updates import NewRows, Subscription, Updates
from ._waiting import Wait
from ._watch import Watched

OnStale = Literal["raise", "warn"]
_MOST_MS = 10**15  # milliseconds that fit into a timedelta
Age = str | float | timedelta | None


def subscribe(
    name: str,
    instance: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    owner: int | str | None = None,
    verify: Verify = "bounds",
    max_age: Age = None,
    stale: OnStale = "raise",
) -> Feed:
    """The feed of that name. It need not exist yet: this call reads nothing and waits for nothing.

    `instance` is the name of the publisher's instance. Without it the environment variable
    SHMPUB_INSTANCE counts, and without that the name is "shmpub". `directory` is the publisher's
    own setting of that name; without it SHMPUB_DIRECTORY counts. On Linux it is a folder, /dev/shm
    by default. On Windows it is part of the names of objects. "auto", the default, means
    `Global\\`, where services publish, and, where that has no such instance, this session's
    `Local\\`. "Global" and "Local" mean one of the two. Any other text is a part of names in
    `Local\\`.

    `owner` names one more account whose tables are trusted. On Linux it is a uid or a user's name,
    besides root, the process's own user and the user `shmpub`. On Windows it is an account's name
    or SID, besides the system, its administrators, the process's own user and services' accounts.

    `verify="bounds"` checks in each snapshot all that could lead a reader out of its memory.
    `verify="full"` also checks all contents, and reads the whole table for that.

    `max_age` says how old the data may be, as Feed.age counts: "500ms", "10s", "5m", "1h", a number
    of seconds, a timedelta, or None for any age. With `stale="raise"`, `df` and `snapshot()` raise
    Stale for older data; with `stale="warn"` they give it and warn, once for each snapshot. wait(),
    updates() and callbacks give what is new, whatever its age.

    Raises ValueError or TypeError for arguments that can't be right, such as an `owner` whom this
    machine doesn't know. A name that no feed can have raises FeedNotFound later, where the feed is
    used.

    >>> feed = shmpub.subscribe("quotes", max_age="1h", stale="warn")
    >>> feed.df.shape
    (1, 3)
    """
    if verify not in ("bounds", "full"):
        raise ValueError(f'verify is "bounds" or "full", not {verify!r}')
    if stale not in ("raise", "warn"):
        raise ValueError(f'stale is "raise" or "warn", not {stale!r}')
    place = _place.place(instance, directory, owner)
    limit = _arguments.duration("max_age", max_age)
    return Feed(_arguments.text("name", name), place, verify, limit, stale)


class Feed(Follower, Shown):
    """A named table that is kept fresh. subscribe() makes it.

    A Feed may be used from several threads; each thread has a cursor of its own, see wait(). When
    the publisher is replaced, the Feed goes on with the new one by itself. After a fork, and after
    unpickling, it attaches anew by its name. Arrow's consumers take a Feed as its newest snapshot.

    >>> feed = shmpub.subscribe("quotes")
    >>> feed.name, feed.sequence, feed.state
    ('quotes', 3, 'fresh')
    """

    def __init__(
        self,
        name: str,
        place: Place,
        verify: Verify,
        max_age: timedelta | None = None,
        stale: OnStale = "raise",
    ) -> None:
        super().__init__(name, place, verify)
        self._max_age = max_age
        self._on_stale: OnStale = stale
        self._warned: Mark | None = None  # the last snapshot that a warning was about

    @property
    def name(self) -> str:
        """The feed's name, a str, as given to subscribe()."""
        return self._name

    @property
    def sequence(self) -> int:
        """The newest snapshot's sequence, an int; 0 until there is a snapshot.

        Costs one read of memory. It takes no snapshot, so wait() still reports the same news.
        Raises AccessDenied, UntrustedOwner or FormatError when the catalog can't be read.
        """
        if time.monotonic() >= self._look_at:
            self._observe()
        words, at, generation_at, generation = self._cell
        value: int = words[at]
        if words[generation_at] == generation:
            return value
        attached = self._observe()
        return attached.mark().sequence if attached is not None and attached.has_feed() else 0

    @property
    def state(self) -> str:
        """The feed's state, a str. A missing feed or instance is a state too, not an exception.

        "never"    the feed was never published
        "fresh"    its source was looked at lately, and all is well
        "stale"    no attempt has succeeded for three intervals
        "failing"  the last attempt failed; last_error says why
        "removed"  the publisher lives and has no feed of that name, or no longer
        "gone"     there is no publisher: it has stopped, died, or hangs

        In every state but "never" and "removed", `df` gives the last good table. Raises
        AccessDenied, UntrustedOwner or FormatError when the catalog can't be read.
        """
        attached, status = self._status()
        if status is not None and status.state == _catalog.REMOVED:
            return "removed"
        if attached is None or attached.catalog.why_gone() is not None:
            return "gone"
        if status is not None:
            return _catalog.STATES[status.state]
        return "never" if attached.catalog.state == _catalog.STARTING else "removed"

    @property
    def age(self) -> timedelta | None:
        """How old the newest data is, a timedelta by the wall clock; None when there was never any.

        Counts from the source's modification, or from the publication where the former is not
        known. It does not tell when the publisher looked at the source last. Raises as `state`
        does.

        >>> feed.age < datetime.timedelta(hours=1)
        True
        """
        attached = self._status()[0] or self._attached
        status = attached.status() if attached is not None else None
        if status is not None and status.descriptor is not None:
            return timedelta(microseconds=(time.time_ns() - status.descriptor.data_ns) // 1000)
        return self._held[0].age if self._held is not None else None

    @property
    def last_error(self) -> str:
        """Why the feed's state is what it is, a str of one line; empty when all is well.

        Raises as `state` does.

        >>> feed.last_error
        ''
        """
        try:
            return self._reason()
        except (FeedNotFound, InstanceNotFound) as error:  # a name that no feed, no instance has
            return str(error)

    @property
    def source(self) -> str:
        """Where the newest table comes from, a str; empty when that is not known.

        A path, a pattern, a command without its arguments, or a URL without user, password and
        query: the publisher leaves out what may be secret. It stands in the snapshot, so it is
        empty until there is one. Looking at it takes no snapshot. Raises AccessDenied,
        UntrustedOwner or FormatError when the snapshot can't be read.
        """
        try:
            return self._newest()[0].source
        except (InstanceNotFound, FeedNotFound, NotPublished):
            return ""

    @property
    def interval(self) -> timedelta | None:
        """How often the publisher looks at the source, a timedelta.

        None where it does so on other occasions only, and where there is no such feed. Raises as
        `state` does.
        """
        status = self._status()[1]
        milliseconds = status.interval_ms if status is not None else 0
        return timedelta(milliseconds=min(milliseconds, _MOST_MS)) if milliseconds else None

    def errors(self) -> pd.DataFrame:
        """The different errors that refreshes of the feed have ended with, the latest first.

        A DataFrame of 16 rows at most: a new error takes the place of the one that came last the
        longest ago. Errors that differ only in the source's line are one. The columns:

        text         str: as it came last, without the text of cells
        code         str: "csv", "sys" (the system, a server, a command), "limit", "invalid", ...
        line, count  int64: of the source, when it came last (0: none); how often it came
        first, last  datetime64[ns, UTC]

        Raises as `state` does.

        >>> feed.errors().shape
        (0, 6)
        """
        from ._error_table import frame_of

        attached = self._status()[0]
        return frame_of(attached.errors() if attached is not None else [])

    def _reason(self) -> str:
        attached, status = self._status()
        if attached is None:
            return str(_catalog.nothing_at(self._place))
        error = status.error if status is not None else ""
        why = attached.catalog.why_gone()
        is_starting = attached.catalog.state == _catalog.STARTING
        if why is None and not is_starting and not attached.has_feed():
            return str(self._not_found(attached.catalog))
        return _catalog.reason(error, why)

    @property
    def df(self) -> pd.DataFrame:
        """A new DataFrame of the newest snapshot, over shared memory.

        It is what pandas.read_csv makes of the source: columns of int64, uint64, float64, bool,
        str, category and datetime64; object columns where pandas has such (integers beyond 64 bits,
        bools with NA, columns of no rows); and the index that the publisher is configured to set.
        Its shape is (rows, columns), levels of the index not counted.

        Values are not copied until they are written: pandas then copies the column's block, so an
        assignment changes this DataFrame only. The memory stays valid as long as the DataFrame, or
        anything made of it, exists. Reading `df` again without a newer snapshot gives another
        DataFrame over the same memory.

        Raises InstanceNotFound, FeedNotFound or NotPublished when there is no snapshot, and
        AccessDenied, UntrustedOwner or FormatError when it can't be read. When the publisher is
        gone, its last good table is given nevertheless; `state` tells. Raises Stale, or warns, when
        the data is older than subscribe()'s `max_age`.

        >>> df = feed.df
        >>> df["mid"] = (df["bid"] + df["ask"]) / 2  # yours alone
        >>> df.shape, feed.df.shape
        ((1, 4), (1, 3))
        """
        return self._take(self._newest(), self._max_age).df

    def snapshot(self, max_age: Age = None) -> Snapshot:
        """The newest Snapshot: one version of the table that never changes.

        `max_age` is as in subscribe(), and stands in for what was given there. Raises as `df` does.

        >>> feed.snapshot(max_age="1h").shape
        (1, 3)
        """
        limit = self._max_age if max_age is None else _arguments.duration("max_age", max_age)
        return self._take(self._newest(), limit)

    def _take(self, found: Held, max_age: timedelta | None) -> Snapshot:
        """The snapshot, which this thread has taken now. Raises Stale, or warns, by `max_age`."""
        if max_age is not None:
            self._check_age(found, max_age)
        return self._cursors.own.accept(found)

    def _check_age(self, found: Held, limit: timedelta) -> None:
        """Raise Stale, or warn, when the newest data is older than `limit`."""
        age = self.age
        if age is None or age <= limit:
            return
        state, why = self.state, self.last_error
        message = f"{self._name}: its data is older than max_age={limit}; the feed is {state}"
        message += f": {why}" if why else ""
        if self._on_stale == "raise":
            raise Stale(f"{message}; the data is {age} old", self._name, age, why)
        if (
            self._warned != found[1]
        ):  # the age is no part of it: Python remembers each warning's text
            self._warned = found[1]
            warnings.warn(Stale(message, self._name, age, why), stacklevel=4)

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Sleep until there is a newer snapshot than the one that this thread took last.

        df, snapshot() and wait() take the newest snapshot. What other threads took does not count.
        Returns True when there is a newer one and it was opened, so that df and snapshot() give it.
        Returns False when `timeout` has passed first: a number of seconds or a timedelta, where 0
        or less looks once, and None or inf never ends. The instance need not exist yet.

        Raises FeedNotFound when a living publisher has no such feed and has had five seconds to
        announce it. Raises FormatError, UntrustedOwner or AccessDenied as `df` does.

        >>> feed.wait(timeout=1), feed.wait(timeout=0)
        (True, False)
        """
        own = self._cursors.own
        found = _waiting.for_one(self, own, _arguments.seconds(timeout))
        if found is None:
            return False
        own.accept(found)
        return True

    async def changed(self, timeout: float | timedelta | None = None) -> bool:
        """wait() for asyncio: other tasks run meanwhile.

        Tasks that wait at the same time are each told. One thread of the process serves all tasks
        and all feeds. A task that is cancelled takes nothing. Returns and raises as wait() does.

        >>> import asyncio
        >>> asyncio.run(feed.changed(timeout=1))
        True
        """
        own = self._cursors.own
        mine = Cursor()
        mine.given, mine.seen = own.given, own.seen
        found = await Watched(Wait(self, mine), _arguments.seconds(timeout)).answer()
        if found is None:
            return False
        if own.is_passed_by(found):  # another task may have taken a newer one
            own.accept(found)
        return True

    @overload
    def updates(
        self, timeout: float | timedelta | None = None, *, new_rows: Literal[False] = False
    ) -> Updates: ...

    @overload
    def updates(
        self, timeout: float | timedelta | None = None, *, new_rows: Literal[True]
    ) -> NewRows: ...

    def updates(
        self, timeout: float | timedelta | None = None, *, new_rows: bool = False
    ) -> Updates | NewRows:
        """An iterator of Snapshots for `for` and `async for`: the present one, then newer ones.

        It may skip snapshots, but never goes back to an older one. It has a cursor of its own. It
        ends when nothing new has come for `timeout`, a number of seconds or a timedelta; None and
        inf never end. Raises as wait() does.

        >>> [snap.sequence for snap in feed.updates(timeout=0)]
        [3]

        With `new_rows`, of DataFrames: the present rows, then those that were added since, each
        once, also where snapshots were skipped. Nothing is copied. Where rows were not only added,
        because the source was replaced, cut or edited, the DataFrame has all rows of the table
        that began anew, and its `attrs["shmpub"]["gap"]` is True; else that is False.

        >>> [len(rows) for rows in feed.updates(timeout=0, new_rows=True)]
        [1]
        """
        updates = Updates(self, _arguments.seconds(timeout))
        return NewRows(updates) if new_rows else updates

    def on_update(
        self,
        callback: Callable[[Snapshot], Any],
        on_error: Callable[[Exception], Any] | None = None,
    ) -> Subscription:
        """Call `callback(snapshot)` in a background thread, for the present and each new snapshot.

        This goes on until .cancel() is called on the returned Subscription. An exception in the
        callback does not end it. A feed that does not exist, or can't be read, is tried again.

        `on_error(exception)` is called, in the same thread, with each exception that the callback
        raises. It is also called when the feed can't be read: at once, and again after 1, 2, 4,
        ..., at most 60 seconds while the same error lasts. Without `on_error`, all of these go to
        threading.excepthook, and repeated exceptions of the callback only after such pauses.

        Raises TypeError when `callback` or `on_error` can't be called.

        >>> import queue
        >>> sequences = queue.Queue()
        >>> with feed.on_update(lambda snap: sequences.put(snap.sequence)):
        ...     print(sequences.get(timeout=10))
        3
        """
        if not callable(callback):
            raise TypeError(f"the callback can't be called: it is {type(callback).__name__}")
        if on_error is not None and not callable(on_error):
            raise TypeError(f"on_error can't be called: it is {type(on_error).__name__}")
        return Subscription(self, callback, on_error)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The newest snapshot, for whatever speaks Arrow: it counts as taken, as by `df`."""
        return self.snapshot().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        return self._newest()[0].__arrow_c_schema__()

    def __repr__(self) -> str:
        return f"<Feed {self._name} of {self._place.path}>"

    def __reduce__(self) -> Any:
        return Feed, (self._name, self._place, self._verify, self._max_age, self._on_stale)
