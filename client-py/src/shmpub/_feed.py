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
from typing import Any, Literal

import pandas as pd

from . import _catalog, _wait_linux
from ._catalog import REMOVED as _REMOVED
from ._catalog import Catalog, Place
from ._errors import FeedNotFound, FormatError, InstanceNotFound, NotPublished
from ._live import Live
from ._mark import NOTHING, Mark
from ._snapshot import Snapshot, open_snapshot
from ._updates import Subscription, Updates

Verify = Literal["bounds", "full"]

_LOOK_EVERY = 1.0  # seconds; the longest sleep, too
_ABSENT_NAP = 0.05  # between two looks for what is not there
_OPEN_PAUSES = (0.0, 0.001, 0.004, 0.02)


class _Attached:
    """A catalog and the feed's slot in it; -1 when it has none.

    Where the slot's words are is known here, so that looking for news is reading them.
    """

    __slots__ = ("_sequence_at", "_state_at", "_wake_at", "_words32", "_words64", "catalog", "slot")

    def __init__(self, catalog: Catalog, slot: int) -> None:
        self.catalog = catalog
        self.slot = slot
        self._words32, self._words64 = catalog.words32, catalog.words64
        self._state_at = catalog.state_at(slot)
        self._wake_at = catalog.wake_at(slot)
        self._sequence_at = catalog.sequence_at(slot)

    def mark(self) -> Mark:
        return Mark(self.catalog.epoch, self._words64[self._sequence_at])

    def is_newer_than(self, mark: Mark) -> bool:
        sequence = self._words64[self._sequence_at]
        return sequence != 0 and (sequence > mark.sequence or self.catalog.epoch != mark.epoch)

    def has_feed(self) -> bool:
        return self.slot >= 0 and self._words32[self._state_at] != _REMOVED

    def is_good(self) -> bool:
        return self.has_feed() and not self.catalog.is_stopped

    def wake_word(self) -> int:
        return self._words32[self._wake_at]

    def sleep(self, wake: int, seconds: float) -> None:
        """Until the wake word is another one than `wake`, or the time has passed."""
        _wait_linux.sleep(self.catalog.base + 4 * self._wake_at, wake, seconds)


_Held = tuple[Snapshot, Mark]


def subscribe(
    name: str,
    instance: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    owner: int | str | None = None,
    verify: Verify = "bounds",
) -> Feed:
    """The feed of that name, whether it is there yet or not.

    `instance` is "shmpub" and `directory` is /dev/shm unless given here or by SHMPUB_INSTANCE
    and SHMPUB_DIRECTORY. `owner` is a user, by uid or name, to be trusted besides root, myself
    and `shmpub`. `verify="full"` checks contents of each snapshot as well, which reads all of it.
    """
    if verify not in ("bounds", "full"):
        raise ValueError(f'verify is "bounds" or "full", not {verify!r}')
    path = None if directory is None else os.fspath(directory)
    return Feed(name, _catalog.place(instance, path, owner), verify)


class Feed:
    """A named table that is kept fresh. May be used from several threads."""

    def __init__(self, name: str, place: Place, verify: Verify) -> None:
        self._name = name
        self._place = place
        self._verify: Verify = verify
        self._reset()
        _feeds.add(self)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._attached: _Attached | None = None
        self._look_at = 0.0
        self._cell: tuple[memoryview, int] = _NO_CELL
        self._held: _Held | None = None
        self._taken = NOTHING

    @property
    def name(self) -> str:
        """The name that it was subscribed by."""
        return self._name

    @property
    def sequence(self) -> int:
        """The newest snapshot's sequence; 0 until there is one."""
        if time.monotonic() >= self._look_at:
            self._observe()
        words, at = self._cell
        value: int = words[at]
        return value

    @property
    def df(self) -> pd.DataFrame:
        """The newest DataFrame, over shared memory; assigning into it changes only this one.

        Raises InstanceNotFound, FeedNotFound or NotPublished where there is nothing to give.
        """
        snapshot, mark = self._newest(is_for_frames=True)
        self._taken = mark
        return snapshot.df

    def snapshot(self) -> Snapshot:
        """The newest snapshot. Raises as `df` does."""
        snapshot, mark = self._newest()
        self._taken = mark
        return snapshot

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until there is something newer than what df, snapshot() or wait() last took.

        False when `timeout` seconds have passed first. The instance need not be there yet.
        Raises FeedNotFound when a live publisher has no such feed.
        """
        mark = self._await(self._taken, timeout)
        if mark is None:
            return False
        self._taken = mark
        return True

    def updates(self, timeout: float | None = None) -> Updates:
        """Snapshots as they come, beginning with the present one; for `for` and `async for`.

        May skip some, never goes back. Ends when nothing new came for `timeout` seconds.
        """
        return Updates(self, timeout)

    def on_update(self, callback: Callable[[Snapshot], Any]) -> Subscription:
        """Call `callback(snapshot)` in a background thread for the present one and each new one.

        Goes on until .cancel() is called on what is returned. An exception in the callback goes
        to threading.excepthook, and the next snapshot is told all the same.
        """
        return Subscription(self, callback)

    def live(self, rows: int = 10) -> Live:
        """Show the frame's first rows in a notebook, and keep the output fresh."""
        return Live(self, rows)

    def __repr__(self) -> str:
        return f"<Feed {self._name} of {self._place.path}>"

    def __reduce__(self) -> Any:
        return Feed, (self._name, self._place, self._verify)

    # --- the catalog -----------------------------------------------------------------------------

    def _observe(self, force: bool = False) -> _Attached | None:
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

    def _attach(self) -> _Attached | None:
        try:
            catalog = Catalog(self._place)
        except InstanceNotFound:
            return None
        return self._find_slot(catalog)

    def _find_slot(self, catalog: Catalog) -> _Attached:
        attached = _Attached(catalog, catalog.find(self._name))
        self._attached = attached
        at = catalog.sequence_at(attached.slot) if attached.slot >= 0 else -1
        self._cell = (catalog.words64, at) if at >= 0 else _NO_CELL
        return attached

    def _not_found(self, catalog: Catalog) -> FeedNotFound:
        names = [name for _, name in catalog.slots()]
        nearest = next(iter(difflib.get_close_matches(self._name, names, 1)), None)
        hint = f"; the nearest is {nearest!r}" if nearest else ""
        where = self._place.path
        return FeedNotFound(f"{where} has no feed {self._name!r}{hint}", nearest)

    # --- snapshots -------------------------------------------------------------------------------

    def _held_for(self, is_for_frames: bool) -> _Held | None:
        """What is held, if it will do: one that was opened for frames has no second mapping."""
        held = self._held
        return held if held is not None and (is_for_frames or held[0].has_exports) else None

    def _newest(self, is_for_frames: bool = False) -> _Held:
        """What is newest now, and how far that takes a cursor."""
        attached = self._observe()
        held = self._held_for(is_for_frames)
        if attached is None:
            if held is None:
                raise InstanceNotFound(f"nothing is published at {self._place.path}")
            return held
        if not attached.has_feed():
            if held is not None and not attached.catalog.is_served():
                return held  # the next publisher is on its way
            raise self._not_found(attached.catalog)
        if held is not None and not attached.is_newer_than(held[1]):
            return held
        with self._lock:
            return self._load(attached, is_for_frames)

    def _load(self, attached: _Attached, is_for_frames: bool) -> _Held:
        """Open what stands under the name; again, a few times, when it is older than it should."""
        found: _Held | None = None
        broken: FormatError | None = None
        held = self._held_for(is_for_frames)  # under the lock: another thread may have loaded it
        kept = self._held[0].layout if self._held else None
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
                snapshot = open_snapshot(self._place, self._name, self._verify, kept, is_for_frames)
            except (FileNotFoundError, BlockingIOError):
                continue
            except FormatError as error:  # it may have lost its name to a good one meanwhile
                broken = error
                continue
            if snapshot.mark.epoch != mark.epoch:  # left by another publisher, and taken over
                found = snapshot, mark
                continue
            found = snapshot, snapshot.mark
            if not mark.is_newer_than(snapshot.mark):
                break
        if found is None and broken is not None:
            raise broken
        if found is None:
            return self._last(attached, held)
        if held is not None and not found[1].is_newer_than(held[1]):
            return held  # what stands there is older than what we have
        self._held = found
        return found

    def _last(self, attached: _Attached, held: _Held | None) -> _Held:
        """Nothing can be had now: the last one stays current, if there was one."""
        if not attached.has_feed():
            raise self._not_found(attached.catalog)
        if held is not None:
            return held
        sequence = attached.mark().sequence
        why = "has lost its snapshot's file" if sequence else "was not published yet"
        error = attached.catalog.error(attached.slot)
        raise NotPublished(f"{self._name} {why}{': ' + error if error else ''}")

    # --- waiting ---------------------------------------------------------------------------------

    def _await(self, taken: Mark, timeout: float | None) -> Mark | None:
        """The mark of something newer than `taken`; None when the time has passed first."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            attached = self._observe()
            wake = 0
            if attached is not None and attached.has_feed():
                # The wake word before the sequence: a publication between the two ends the sleep.
                wake = attached.wake_word()
                if attached.is_newer_than(taken):
                    return attached.mark()
            elif attached is not None and attached.catalog.is_served():
                raise self._not_found(attached.catalog)
            left = _LOOK_EVERY if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return None
            _sleep(attached, wake, min(left, _LOOK_EVERY))


def _sleep(attached: _Attached | None, wake: int, seconds: float) -> None:
    """On the feed's own word when there is one, else a moment."""
    if attached is None or not attached.has_feed() or attached.catalog.is_stopped:
        time.sleep(min(seconds, _ABSENT_NAP))
    else:
        attached.sleep(wake, seconds)


_NO_CELL = memoryview(bytes(8)).cast("Q"), 0
_feeds: weakref.WeakSet[Feed] = weakref.WeakSet()


def _after_fork() -> None:
    for feed in list(_feeds):
        feed._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
