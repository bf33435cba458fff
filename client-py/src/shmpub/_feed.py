"""A feed: what readers subscribe to.

A Feed keeps the catalog mapped, and the newest snapshot that somebody asked for. One word in the
catalog, the feed's sequence, tells whether there is a newer one. Everything else goes through
`_observe`. At most once a second it checks whether the mapped catalog is still the one that the
instance has, and attaches to the new one when it is not. So a publisher may stop, crash and be
replaced, and its readers need do nothing.
"""

from __future__ import annotations

import difflib
import os
import threading
import time
import weakref
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Any, Literal

import pandas as pd

from . import _arguments, _attached, _catalog, _place
from ._attached import NO_CELL, Attached, Cell
from ._catalog import Catalog, Status
from ._error_table import frame_of
from ._errors import FeedNotFound, FormatError, InstanceNotFound, NotPublished
from ._mark import NOTHING, Cursor, Mark
from ._place import Place, is_feed_name, is_instance_name
from ._shown import Shown
from ._snapshot import Snapshot, open_snapshot
from ._updates import Subscription, Updates

Verify = Literal["bounds", "full"]

# All times are seconds.
_LOOK_EVERY = 1.0  # how often to check which catalog the instance has; also the longest sleep
_NAP = 0.005  # before another try to open an announced snapshot; doubled each time
_GRACE = 5.0  # how long a living publisher may take to announce a feed that is waited for
_OPEN_PAUSES = (0.0, 0.001, 0.004, 0.02)  # before each try to open the newest snapshot
_MOST_COMPARED = 5_000  # names, in the search for the nearest one: a catalog may have a million

# A snapshot, and how far a cursor has come that was given it.
_Held = tuple[Snapshot, Mark]


class _Cursors(threading.local):
    """A cursor for each thread: what one thread takes stays news for the other threads."""

    def __init__(self) -> None:
        self.own = Cursor()


def subscribe(
    name: str,
    instance: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    owner: int | str | None = None,
    verify: Verify = "bounds",
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

    Raises ValueError or TypeError for arguments that can't be right, such as an `owner` whom this
    machine doesn't know. A name that no feed can have raises FeedNotFound later, where the feed is
    used.
    """
    if verify not in ("bounds", "full"):
        raise ValueError(f'verify is "bounds" or "full", not {verify!r}')
    place = _place.place(instance, directory, owner)
    return Feed(_arguments.text("name", name), place, verify)


class Feed(Shown):
    """A named table that is kept fresh. subscribe() makes it.

    A Feed may be used from several threads; each thread has a cursor of its own, see wait(). When
    the publisher is replaced, the Feed goes on with the new one by itself. After a fork, and after
    unpickling, it attaches anew by its name.
    """

    def __init__(self, name: str, place: Place, verify: Verify) -> None:
        self._name = name
        self._place = place
        self._verify: Verify = verify
        self._can_be = is_instance_name(place.instance) and is_feed_name(name)
        self._reset()
        _feeds.add(self)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._attached: Attached | None = None
        self._look_at = 0.0
        self._cell: Cell = NO_CELL
        self._held: _Held | None = None
        self._cursors = _Cursors()

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
        """
        try:
            return self._reason()
        except (FeedNotFound, InstanceNotFound) as error:  # a name that no feed, no instance has
            return str(error)

    def errors(self) -> pd.DataFrame:
        """The different errors that refreshes of the feed have ended with, the latest first.

        A DataFrame of 16 rows at most: a new error takes the place of the one that came last the
        longest ago. Errors that differ only in the source's line are one. The columns:

        text         str: as it came last, without the text of cells
        code         str: "csv", "sys" (the system, a server, a command), "limit", "invalid", ...
        line, count  int64: of the source, when it came last (0: none); how often it came
        first, last  datetime64[ns, UTC]

        Raises as `state` does.
        """
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

    def _status(self) -> tuple[Attached | None, Status | None]:
        attached = self._observe()
        return attached, attached.status() if attached is not None else None

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
        gone, its last good table is given nevertheless; `state` tells.
        """
        return self._cursors.own.accept(self._newest()).df

    def snapshot(self) -> Snapshot:
        """The newest Snapshot: one version of the table that never changes. Raises as `df` does."""
        return self._cursors.own.accept(self._newest())

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Sleep until there is a newer snapshot than the one that this thread took last.

        df, snapshot() and wait() take the newest snapshot. What other threads took does not count.
        Returns True when there is a newer one and it was opened, so that df and snapshot() give it.
        Returns False when `timeout` has passed first: a number of seconds or a timedelta, where 0
        or less looks once, and None or inf never ends. The instance need not exist yet.

        Raises FeedNotFound when a living publisher has no such feed and has had five seconds to
        announce it. Raises FormatError, UntrustedOwner or AccessDenied as `df` does.
        """
        own = self._cursors.own
        found = self._await(own, _arguments.seconds(timeout))
        if found is None:
            return False
        own.accept(found)
        return True

    def updates(self, timeout: float | timedelta | None = None) -> Updates:
        """An iterator of Snapshots for `for` and `async for`: the present one, then newer ones.

        It may skip snapshots, but never goes back to an older one. It has a cursor of its own. It
        ends when nothing new has come for `timeout`, a number of seconds or a timedelta; None and
        inf never end. Raises as wait() does.
        """
        return Updates(self, _arguments.seconds(timeout))

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
        """
        if not callable(callback):
            raise TypeError(f"the callback can't be called: it is {type(callback).__name__}")
        if on_error is not None and not callable(on_error):
            raise TypeError(f"on_error can't be called: it is {type(on_error).__name__}")
        return Subscription(self, callback, on_error)

    def __repr__(self) -> str:
        return f"<Feed {self._name} of {self._place.path}>"

    def __reduce__(self) -> Any:
        return Feed, (self._name, self._place, self._verify)

    # --- the catalog -----------------------------------------------------------------------------

    def _observe(self, force: bool = False) -> Attached | None:
        """The feed's slot in the instance's catalog; None when there is no catalog.

        Checks at most once a second whether the instance has another catalog by now, or whenever
        `force` says so.
        """
        attached = self._attached
        now = time.monotonic()
        if attached is not None and now < self._look_at and not force and attached.is_good():
            return attached
        with self._lock:
            attached = self._attached
            if attached is None or not attached.catalog.stands():
                attached = self._attach()
            elif not attached.has_feed():
                attached = self._find_slot(attached.catalog)
            self._look_at = now + _LOOK_EVERY if attached and attached.has_feed() else 0.0
            return attached

    def _attach(self) -> Attached | None:
        try:
            catalog = Catalog(self._place)
        except InstanceNotFound:
            return None
        return self._find_slot(catalog)

    def _find_slot(self, catalog: Catalog) -> Attached:
        attached = Attached(catalog, *catalog.find(self._name))
        self._attached = attached
        self._cell = attached.cell()
        return attached

    def _check_names(self) -> None:
        """Raise at once for names that no instance or no feed can have: waiting would not help."""
        _place.check_instance_name(self._place.instance)
        _place.check_feed_name(self._name)

    def _not_found(self, catalog: Catalog) -> FeedNotFound:
        _place.check_feed_name(self._name)
        names = [name for _, _, name in islice(catalog.slots(), _MOST_COMPARED)]
        nearest = next(iter(difflib.get_close_matches(self._name, names, 1)), None)
        hint = f"; the nearest is {nearest!r}" if nearest else ""
        where = self._place.path
        return FeedNotFound(f"{where} has no feed {self._name!r}{hint}", nearest)

    # --- snapshots -------------------------------------------------------------------------------

    def _newest(self) -> _Held:
        """The newest snapshot, and how far a cursor comes that is given it."""
        attached = self._observe()
        held = self._held
        if attached is None:
            if held is None:
                raise _catalog.nothing_at(self._place)
            return held
        if not attached.has_feed():
            if held is not None and not attached.catalog.is_served():
                return held  # the next publisher has not announced its feeds yet
            raise self._not_found(attached.catalog)
        mark = attached.mark()
        if held is not None and not mark.is_newer_than(held[1]):
            return held
        with self._lock:
            return self._load(attached, mark)

    def _load(self, attached: Attached, mark: Mark) -> _Held:
        """Open the newest snapshot; try a few times while it is older than `mark`."""
        found: _Held | None = None
        broken: FormatError | None = None
        held = self._held  # under the lock: another thread may have loaded it
        kept = held[0]._layout if held is not None else None
        for pause in _OPEN_PAUSES:
            if pause:
                time.sleep(pause)
                attached = self._observe(force=True) or attached
                mark = attached.mark() if attached.has_feed() else NOTHING
            if held is not None and not mark.is_newer_than(held[1]):
                return held
            if not mark.sequence:
                break
            try:
                snapshot = open_snapshot(attached, self._name, self._verify, kept)
            except FileNotFoundError:
                continue
            except FormatError as error:  # by now a good snapshot may have replaced it
                broken = error
                continue
            if snapshot._mark.epoch != mark.epoch:  # an earlier publisher's, taken over by this one
                found = snapshot, mark
                continue
            found = snapshot, snapshot._mark
            if not mark.is_newer_than(snapshot._mark):
                break
        if found is None and broken is not None:
            raise broken
        if found is None:
            return self._last(attached, held)
        if held is not None and not found[1].is_newer_than(held[1]):
            return held  # the snapshot under the name is older than the one that we have
        self._held = found
        return found

    def _last(self, attached: Attached, held: _Held | None) -> _Held:
        """When no snapshot can be opened: the last one that was, if there is any. Else raises."""
        if not attached.has_feed():
            raise self._not_found(attached.catalog)
        if held is not None:
            return held
        status = attached.status()
        has_lost = status is not None and status.sequence
        why = "has lost its snapshot" if has_lost else "was not published yet"
        error = status.error if status is not None else ""
        raise NotPublished(f"{self._name} {why}{': ' + error if error else ''}")

    # --- waiting ---------------------------------------------------------------------------------

    def _await(
        self,
        cursor: Cursor,
        timeout: float | None,
        is_whole: bool = True,
    ) -> _Held | None:
        """A snapshot that is news to `cursor`; None when `timeout` seconds have passed first.

        A caller may wait in slices (`is_whole` is False). Then the time that a publisher has to
        announce the feed goes on from slice to slice, and a slice that ends meanwhile returns None
        instead of raising FeedNotFound.
        """
        if not self._can_be:
            self._check_names()
        deadline = None if timeout is None else time.monotonic() + timeout
        there: Catalog | None = None
        nap = _NAP
        if is_whole:
            cursor.missed_since = None
        while True:
            before = self._attached
            news = before.catalog.wake_word if before is not None else 0
            attached = self._observe()
            is_missed = False
            wake, longest = 0, _LOOK_EVERY
            if attached is not None and attached.has_feed():
                there, cursor.missed_since = attached.catalog, None
                # Read the wake word before the sequence: then a publication between the two reads
                # has changed the wake word, and the sleep below ends at once.
                wake = attached.wake_word()
                if attached.is_newer_than(cursor.seen):
                    found = self._news(cursor)
                    if found is not None:
                        return found
                    longest = nap = min(2 * nap, _LOOK_EVERY)
            elif attached is not None and attached.catalog.is_served():
                is_missed = True
                was_there = there is attached.catalog or cursor.seen.epoch == attached.catalog.epoch
                if was_there or cursor.has_missed_for(_GRACE):
                    raise self._not_found(attached.catalog)
            else:
                cursor.missed_since = None  # the next publisher gets the whole time again
            left = longest if deadline is None else deadline - time.monotonic()
            if left <= 0:
                if is_missed and is_whole and attached is not None:
                    raise self._not_found(attached.catalog)
                return None
            if attached is not before:
                news = 0
            _attached.sleep(attached, wake, news, min(left, longest))

    def _news(self, cursor: Cursor) -> _Held | None:
        """The newest snapshot, if it can be opened and is news to `cursor`; else None."""
        try:
            found = self._newest()
        except (NotPublished, InstanceNotFound, FeedNotFound):
            return None  # the feed or its file is gone again since the catalog was read
        return found if cursor.is_passed_by(found) else None


_feeds: weakref.WeakSet[Feed] = weakref.WeakSet()


def _after_fork() -> None:
    for feed in list(_feeds):
        feed._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
