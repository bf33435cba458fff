"""Waits for news of feeds: of one, or of several at once.

A Wait belongs to one reader of one feed. Its look() says what is new, and otherwise where and how
long to sleep before the next look. Those who wait for several feeds look at each and sleep at all
of these places at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import _attached, _platform
from ._attached import Point

if TYPE_CHECKING:
    from ._catalog import Catalog
    from ._follower import Follower, Held
    from ._mark import Cursor

# All times are seconds.
_LONGEST = 1.0  # the longest sleep: then it is time to check which catalog the instance has
_NAP = 0.005  # before another try to open an announced snapshot; doubled each time
_GRACE = 5.0  # how long a living publisher may take to announce a feed that is waited for
_MANY_NAP = 0.05  # between two looks at more instances than one sleep can wait for


class Wait:
    """The wait of a reader, whose cursor tells what is news to it, for news of a feed.

    A caller may wait in slices (`is_whole` is False). Then the time that a publisher has to
    announce the feed goes on from slice to slice, and give_up() does not raise.
    """

    __slots__ = (
        "_cursor",
        "_is_whole",
        "_missed_in",
        "_nap",
        "_there",
        "feed",
        "longest",
        "point",
        "wide",
    )

    def __init__(self, feed: Follower, cursor: Cursor, is_whole: bool = True) -> None:
        """Raises FeedNotFound or InstanceNotFound for names that nothing can have."""
        if not feed._can_be:
            feed._check_names()
        self.feed = feed
        self.point: Point | None = None  # where to sleep; None: nowhere, until there is an instance
        self.wide: Point | None = None  # a word that changes with any feed of the instance
        self.longest = _LONGEST  # how long to sleep at most
        self._cursor = cursor
        self._is_whole = is_whole
        self._there: Catalog | None = None
        self._missed_in: Catalog | None = None
        self._nap = _NAP
        if is_whole:
            cursor.missed_since = None

    def look(self) -> Held | None:
        """A snapshot that is news to the cursor; None when there is none yet.

        Raises FeedNotFound when a living publisher does not have the feed and has had its time, and
        FormatError, UntrustedOwner or AccessDenied.
        """
        feed, cursor = self.feed, self._cursor
        before = feed._attached
        news = before.catalog.wake_word if before is not None else 0
        attached = feed._observe()
        wake, longest, self._missed_in = 0, _LONGEST, None
        if attached is not None and attached.has_feed():
            self._there, cursor.missed_since = attached.catalog, None
            # Read the wake word before the sequence: then a publication between the two reads
            # has changed the wake word, and the sleep that follows ends at once.
            wake = attached.wake_word()
            if attached.is_newer_than(cursor.seen):
                found = feed._news(cursor)
                if found is not None:
                    return found
                longest = self._nap = min(2 * self._nap, _LONGEST)
        elif attached is not None and attached.catalog.is_served():
            self._missed_in = catalog = attached.catalog
            was_there = self._there is catalog or cursor.seen.epoch == catalog.epoch
            if was_there or cursor.has_missed_for(_GRACE):
                raise feed._not_found(catalog)
        else:
            cursor.missed_since = None  # the next publisher gets the whole time again
        if attached is not before:
            news = 0
        self.point, self.wide, most = _attached.points(attached, wake, news)
        self.longest = min(longest, most)
        return None

    def give_up(self) -> None:
        """Raises FeedNotFound when the last look found a living publisher without the feed."""
        if self._missed_in is not None and self._is_whole:
            raise self.feed._not_found(self._missed_in)


def for_one(
    feed: Follower,
    cursor: Cursor,
    timeout: float | None,
    is_whole: bool = True,
    end: threading.Event | None = None,
) -> Held | None:
    """A snapshot that is news to `cursor`.

    None when `timeout` seconds have passed first, or, within a second, when `end` is set.
    """
    wait = Wait(feed, cursor, is_whole)
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        found = wait.look()
        if found is not None:
            return found
        left = wait.longest if deadline is None else deadline - time.monotonic()
        if left <= 0:
            wait.give_up()
            return None
        if end is not None and end.is_set():
            return None
        sleep([wait], min(left, wait.longest))


def for_any(waits: Sequence[Wait], timeout: float | None) -> list[tuple[Wait, Held]]:
    """Those of the waits for which there is news, with it; none when the time has passed first."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        found = [(wait, held) for wait in waits if (held := wait.look()) is not None]
        if found:
            return found
        left = _LONGEST if deadline is None else deadline - time.monotonic()
        if left <= 0:
            for wait in waits:
                wait.give_up()
            return []
        sleep(waits, min(left, *[wait.longest for wait in waits]))


def sleep(
    waits: Sequence[Wait],
    seconds: float,
    bell: _platform.Bell | None = None,
    turn: int = 0,
) -> None:
    """Sleep until there may be news for one of the waits, or the time has passed.

    Also until `bell` has rung since it had this `turn`.
    """
    points = [wait.point for wait in waits if wait.point is not None]
    if len(points) > _platform.MOST_POINTS:
        wide = {wait.wide[0].path: wait.wide for wait in waits if wait.wide is not None}
        points = [*wide.values()]
    if len(points) > _platform.MOST_POINTS:
        points, seconds = points[: _platform.MOST_POINTS], min(seconds, _MANY_NAP)
    if bell is not None:
        _platform.sleep_any(points, seconds, bell, turn)
    elif len(points) > 1:
        _platform.sleep_any(points, seconds)
    elif points:
        instance, index, seen = points[0]
        instance.sleep(index, seen, seconds)
    else:
        time.sleep(seconds)
