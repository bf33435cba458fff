"""A feed as its readers have it.

A Feed holds the catalog mapped and the newest snapshot that somebody asked for. Whether there is
something newer is one word in the catalog. Everything that needs more than that word goes through
`_observe`, which looks at most once a second whether the catalog is still the one under its name,
and attaches anew when it is not; so a daemon may stop, crash, and be replaced without its readers'
doing anything.
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
from operator import index
from typing import Any, Literal

import pandas as pd

from . import _arguments, _catalog, _place
from ._attached import NO_CELL, Attached, Cell
from ._catalog import Catalog, Status
from ._errors import FeedNotFound, FormatError, InstanceNotFound, NotPublished
from ._live import Live
from ._mark import NOTHING, Cursor, Mark
from ._place import Place, is_feed_name, is_instance_name
from ._snapshot import Snapshot, open_snapshot
from ._updates import Subscription, Updates

Verify = Literal["bounds", "full"]

_LOOK_EVERY = 1.0  # seconds; the longest sleep, too
_ABSENT_NAP = 0.05  # between two looks for a catalog
_MISSED_NAP = 0.25  # the longest sleep while the catalog has no such feed
_NAP = 0.005  # doubled for what was announced and can't be had
_GRACE = 5.0  # for a publisher that lives and has not announced the feed yet
_MOST_COMPARED = 5_000  # names, for the nearest one: a catalog may have a million
_OPEN_PAUSES = (0.0, 0.001, 0.004, 0.02)


_Held = tuple[Snapshot, Mark]


class _Cursors(threading.local):
    """A cursor for each thread: what one of them takes is still news to the others."""

    def __init__(self) -> None:
        self.own = Cursor()


def subscribe(
    name: str,
    instance: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    owner: int | str | None = None,
    verify: Verify = "bounds",
) -> Feed:
    """The feed of that name, whether it is there yet or not: nothing is looked at, nor waited for.

    `instance` is "shmpub" unless given here or by SHMPUB_INSTANCE; `directory` is what the
    publisher has under that name, here or in SHMPUB_DIRECTORY. On Linux that is a folder, /dev/shm
    else. On Windows it is a part of names: "auto", the default, means `Global\\`, where services
    publish, and `Local\\`, this session's own, where there is none; "Global" and "Local" mean one
    of them; any other text is a part of names in `Local\\`.

    `owner` is an account to be trusted besides root, myself and `shmpub`, by uid or name; on
    Windows besides the system, its administrators, myself and services' accounts, by name or SID.
    `verify="full"` checks contents of each snapshot as well, which reads all of it.

    Raises ValueError and TypeError for arguments that can't be right, such as an `owner` whom
    this machine doesn't know. A name that no feed can have is told by whatever asks for the feed.
    """
    if verify not in ("bounds", "full"):
        raise ValueError(f'verify is "bounds" or "full", not {verify!r}')
    place = _place.place(instance, directory, owner)
    return Feed(_arguments.text("name", name), place, verify)


class Feed:
    """A named table that is kept fresh. subscribe() makes it.

    May be used from several threads, each of which has a cursor of its own: see wait(). Goes on by
    itself when the publisher is replaced. After fork and unpickling it attaches anew, by name.
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
        """The name that it was subscribed by."""
        return self._name

    @property
    def sequence(self) -> int:
        """The newest snapshot's sequence, an int; 0 until there is one. One memory read.

        It takes nothing: wait() is not changed by it. Raises AccessDenied, UntrustedOwner or
        FormatError about a catalog that can't be read.
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
        """What has become of the feed, in one word; raises nothing where there is none.

        "never"    it was never published
        "fresh"    its source was looked at lately, and all is well
        "stale"    no attempt has succeeded for three intervals
        "failing"  the last attempt failed; last_error says why
        "removed"  the publisher lives, and has no feed of that name (any more)
        "gone"     there is no publisher: it has stopped, died, or hangs

        In all but "never" and "removed", `df` gives the last good table.
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
        """How old the newest data is; None when there never was any.

        A timedelta by the wall clock, since the source's modification, or since the publication
        where that is not known. It says nothing of when somebody looked at the source last.
        """
        attached = self._status()[0] or self._attached
        status = attached.status() if attached is not None else None
        if status is not None and status.descriptor is not None:
            return timedelta(microseconds=(time.time_ns() - status.descriptor.data_ns) // 1000)
        return self._held[0].age if self._held is not None else None

    @property
    def last_error(self) -> str:
        """Why the feed is as it is, on one line; empty when all is well."""
        try:
            return self._reason()
        except (FeedNotFound, InstanceNotFound) as error:  # a name that nothing can have
            return str(error)

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
        """The newest DataFrame, over shared memory; assigning into it changes only this one.

        What pandas.read_csv makes of the source: int64, uint64, float64, bool, str, category and
        datetime64 columns, object ones where pandas has such (integers beyond 64 bits, bools with
        NA, columns of no rows), and the index that the feed is configured to have.

        Raises InstanceNotFound, FeedNotFound or NotPublished where there is nothing to give;
        AccessDenied, UntrustedOwner or FormatError where it can't be read. A publisher that is
        gone is no reason: its last good table is given, and `state` tells.
        """
        return self._cursors.own.accept(self._newest()).df

    def snapshot(self) -> Snapshot:
        """The newest Snapshot: one version of the table, pinned. Raises as `df` does."""
        return self._cursors.own.accept(self._newest())

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Sleep until there is something newer than what df, snapshot() or wait() last took.

        Each thread has a cursor of its own: only what was taken in this thread counts. True means
        that the newer one can be had. False when `timeout` (seconds, or a timedelta; 0 and less
        looks once, None and inf never end) has passed first. The instance need not be there yet.

        Raises FeedNotFound when a living publisher has no such feed, but not before it had five
        seconds to announce it; and what `df` raises about a feed that is there and can't be read:
        FormatError, UntrustedOwner, AccessDenied.
        """
        own = self._cursors.own
        found = self._await(own, _arguments.seconds(timeout))
        if found is None:
            return False
        own.accept(found)
        return True

    def updates(self, timeout: float | timedelta | None = None) -> Updates:
        """Snapshots as they come, beginning with the present one; for `for` and `async for`.

        May skip some, never goes back. Ends when nothing new came for `timeout` (seconds, or a
        timedelta; None and inf never end). Raises as wait() does.
        """
        return Updates(self, _arguments.seconds(timeout))

    def on_update(
        self,
        callback: Callable[[Snapshot], Any],
        on_error: Callable[[Exception], Any] | None = None,
    ) -> Subscription:
        """Call `callback(snapshot)` in a background thread for the present one and each new one.

        Goes on until .cancel() is called on what is returned, whatever happens: an exception in
        the callback does not keep the next snapshot from it, and a feed that is not there, or
        can't be read, is looked for again.

        `on_error(exception)` hears each exception of the callback, and once what hinders the
        reading (a name that a living publisher does not have, a feed that is closed to us); that
        again after 1, 2, 4, ... at most 60 seconds while it lasts. Without `on_error`, both go to
        threading.excepthook, and repeated ones of the callback after such silences, too.
        Raises TypeError when one of them can't be called.
        """
        if not callable(callback):
            raise TypeError(f"the callback can't be called: it is {type(callback).__name__}")
        if on_error is not None and not callable(on_error):
            raise TypeError(f"on_error can't be called: it is {type(on_error).__name__}")
        return Subscription(self, callback, on_error)

    def live(self, rows: int | None = None) -> Live:
        """Show the newest frame in a notebook, and keep the output fresh.

        It is shown once, by the call itself, as pandas' display options have it; `rows` shows the
        first so many only. The caption tells sequence, rows, time and age of the data, and the
        state where it is not "fresh"; where there is nothing to show, why not, as `df` would.

        Goes on, at most four times a second, until the cell is run again, .cancel() is called, or
        what is returned is gone (what no variable kept goes on with its output). One thread serves
        all the outputs of a process. Needs IPython; a terminal shows it once.
        """
        if rows is not None and index(rows) < 0:
            raise ValueError(f"rows is None or at least 0, not {rows}")
        return Live(self, rows)

    def __repr__(self) -> str:
        return f"<Feed {self._name} of {self._place.path}>"

    def __reduce__(self) -> Any:
        return Feed, (self._name, self._place, self._verify)

    # --- the catalog -----------------------------------------------------------------------------

    def _observe(self, force: bool = False) -> Attached | None:
        """The catalog as it stands; None when there is none."""
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
        """Names that nothing can have are told at once: there is nothing to wait for."""
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
        """What is newest now, and how far that takes a cursor."""
        attached = self._observe()
        held = self._held
        if attached is None:
            if held is None:
                raise _catalog.nothing_at(self._place)
            return held
        if not attached.has_feed():
            if held is not None and not attached.catalog.is_served():
                return held  # the next publisher is on its way
            raise self._not_found(attached.catalog)
        mark = attached.mark()
        if held is not None and not mark.is_newer_than(held[1]):
            return held
        with self._lock:
            return self._load(attached, mark)

    def _load(self, attached: Attached, mark: Mark) -> _Held:
        """Open what stands under the name; again, a few times, when it is older than `mark`."""
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
            except FormatError as error:  # it may have lost its name to a good one meanwhile
                broken = error
                continue
            if snapshot._mark.epoch != mark.epoch:  # left by another publisher, and taken over
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
            return held  # what stands there is older than what we have
        self._held = found
        return found

    def _last(self, attached: Attached, held: _Held | None) -> _Held:
        """Nothing can be had now: the last one stays current, if there was one."""
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
        """Something that is news to `cursor`; None when the time has passed first.

        A slice of a longer wait (not `is_whole`) goes on with the grace of the slice before, and
        raises nothing about a feed that is missing merely because the slice is over.
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
                # The wake word before the sequence: a publication between the two ends the sleep.
                wake = attached.wake_word()
                if attached.is_newer_than(cursor.seen):
                    found = self._news(cursor)
                    if found is not None:
                        return found
                    longest = nap = min(2 * nap, _LOOK_EVERY)
            elif attached is not None and attached.catalog.is_served():
                is_missed = True
                was_there = there is attached.catalog or cursor.seen.epoch == attached.catalog.epoch
                if was_there or _is_over(cursor):
                    raise self._not_found(attached.catalog)
            else:
                cursor.missed_since = None  # the next publisher gets a time of its own
            left = longest if deadline is None else deadline - time.monotonic()
            if left <= 0:
                if is_missed and is_whole and attached is not None:
                    raise self._not_found(attached.catalog)
                return None
            if attached is not before:
                news = 0
            _sleep(attached, wake, news, min(left, longest))

    def _news(self, cursor: Cursor) -> _Held | None:
        """What the catalog has told of, when it can be had."""
        try:
            found = self._newest()
        except (NotPublished, InstanceNotFound, FeedNotFound):
            return None  # gone again between the two looks, or its file is lost
        return found if cursor.is_passed_by(found) else None


def _is_over(cursor: Cursor) -> bool:
    """Whether a publisher without the feed has had its time of grace."""
    now = time.monotonic()
    if cursor.missed_since is None:
        cursor.missed_since = now
    return now - cursor.missed_since >= _GRACE


def _sleep(attached: Attached | None, wake: int, news: int, seconds: float) -> None:
    """On the feed's own word when it is there, else on the catalog's for a while."""
    if attached is None or attached.catalog.is_stopped:
        time.sleep(min(seconds, _ABSENT_NAP))
    elif attached.has_feed():
        attached.sleep(wake, seconds)
    else:
        attached.catalog.sleep(news, min(seconds, _MISSED_NAP))


_feeds: weakref.WeakSet[Feed] = weakref.WeakSet()


def _after_fork() -> None:
    for feed in list(_feeds):
        feed._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
