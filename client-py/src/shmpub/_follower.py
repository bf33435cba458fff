"""The part of a Feed that follows its instance: the catalog, the newest snapshot, the cursors.

A Follower keeps the catalog mapped, and the newest snapshot that somebody asked for. One word in
the catalog, the feed's sequence, tells whether there is a newer one. Everything else goes through
`_observe`. At most once a second it checks whether the mapped catalog is still the one that the
instance has, and attaches to the new one when it is not. So a publisher may stop, crash and be
replaced, and its readers need do nothing.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from itertools import islice
from typing import Literal

from . import _catalog, _place
from ._attached import NO_CELL, Attached, Cell
from ._catalog import Catalog, Status
from ._errors import FeedNotFound, FormatError, InstanceNotFound, NotPublished
from ._mark import NOTHING, Cursor, Mark
from ._place import Place, is_feed_name, is_instance_name
from ._snapshot import Snapshot, open_snapshot

Verify = Literal["bounds", "full"]

_LOOK_EVERY = 1.0  # seconds between two checks which catalog the instance has
_OPEN_PAUSES = (0.0, 0.001, 0.004, 0.02)  # seconds before each try to open the newest snapshot
_MOST_COMPARED = 5_000  # names, in the search for the nearest one: a catalog may have a million

# A snapshot, and how far a cursor has come that was given it.
Held = tuple[Snapshot, Mark]


class _Cursors(threading.local):
    """A cursor for each thread: what one thread takes stays news for the other threads."""

    def __init__(self) -> None:
        self.own = Cursor()


class Follower:
    """Follows a feed by its name. Feed is its public face."""

    def __init__(self, name: str, place: Place, verify: Verify) -> None:
        self._name = name
        self._place = place
        self._verify: Verify = verify
        self._of = place, verify
        self._can_be = is_instance_name(place.instance) and is_feed_name(name)
        self._reset()
        _followers.add(self)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._attached: Attached | None = None
        self._look_at = 0.0
        self._cell: Cell = NO_CELL
        self._held: Held | None = None
        self._cursors = _Cursors()

    def _status(self) -> tuple[Attached | None, Status | None]:
        attached = self._observe()
        return attached, attached.status() if attached is not None else None

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
        import difflib

        nearest = next(iter(difflib.get_close_matches(self._name, names, 1)), None)
        hint = f"; the nearest is {nearest!r}" if nearest else ""
        where = self._place.path
        return FeedNotFound(f"{where} has no feed {self._name!r}{hint}", nearest)

    # --- snapshots -------------------------------------------------------------------------------

    def _newest(self) -> Held:
        """The newest snapshot, and how far a cursor comes that is given it."""
        attached, held = self._attached, self._held
        sequence = -1
        if attached is not None and time.monotonic() < self._look_at:
            sequence = attached.newest()
        if sequence < 0 or attached is None:
            return self._newest_after_look()
        mark = Mark(attached.epoch, sequence)
        if held is not None and not mark.is_newer_than(held[1]):
            return held
        with self._lock:
            return self._load(attached, mark)

    def _newest_after_look(self) -> Held:
        """The same where the catalog may have to be looked for, or may not have the feed."""
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

    def _load(self, attached: Attached, mark: Mark) -> Held:
        """Open the newest snapshot; try a few times while it is older than `mark`."""
        found: Held | None = None
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
                snapshot = open_snapshot(attached, self._name, self._of, kept)
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

    def _last(self, attached: Attached, held: Held | None) -> Held:
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

    def _has_newer(self, held: Held) -> bool:
        """Whether the catalog announces a newer snapshot of the feed."""
        attached = self._observe()
        return attached is not None and attached.has_feed() and attached.is_newer_than(held[1])

    def _news(self, cursor: Cursor) -> Held | None:
        """The newest snapshot, if it can be opened and is news to `cursor`; else None."""
        try:
            found = self._newest()
        except (NotPublished, InstanceNotFound, FeedNotFound):
            return None  # the feed or its file is gone again since the catalog was read
        return found if cursor.is_passed_by(found) else None


_followers: weakref.WeakSet[Follower] = weakref.WeakSet()


def _after_fork() -> None:
    for follower in list(_followers):
        follower._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
