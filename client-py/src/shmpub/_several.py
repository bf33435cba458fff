"""Several feeds at once: wait for any of them, and take snapshots that belong to one moment."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from . import _arguments, _waiting
from ._errors import Stale
from ._feed import Feed, subscribe
from ._follower import Held
from ._snapshot import Snapshot
from ._waiting import Wait

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.05  # seconds between two tries


def wait_any(feeds: Iterable[Feed], timeout: float | timedelta | None = None) -> list[Feed]:
    """Sleep until one of the feeds has a newer snapshot than the one that this thread took last.

    Returns the feeds that have one, in the order given; their `df` and snapshot() give it, and it
    counts as taken, as after Feed.wait(). Returns an empty list when `timeout` has passed first: a
    number of seconds or a timedelta, where 0 or less looks once, and None or inf never ends.

    One sleep waits for all of them, of one instance or of several; no thread is started. Raises as
    Feed.wait() does, for the first feed that it meets; TypeError for what is no Feed, and
    ValueError when there is none.

    >>> for feed in shmpub.wait_any([feed], timeout=1):
    ...     print(feed.name, len(feed.df))
    quotes 1
    """
    waits = [Wait(feed, feed._cursors.own) for feed in dict.fromkeys(_feeds_of(feeds))]
    taken = []
    for wait, found in _waiting.for_any(waits, _arguments.seconds(timeout)):
        wait.feed._cursors.own.accept(found)
        taken.append(wait.feed)
    return [feed for feed in taken if isinstance(feed, Feed)]


def _feeds_of(feeds: Iterable[Feed]) -> list[Feed]:
    if isinstance(feeds, str) or not isinstance(feeds, Iterable):
        raise TypeError(f"feeds is a list of Feeds, not {type(feeds).__name__}")
    found = list(feeds)
    for feed in found:
        if not isinstance(feed, Feed):
            kind = type(feed).__name__
            raise TypeError(f"feeds has a {kind}: shmpub.subscribe(name) makes a Feed of a name")
    if not found:
        raise ValueError("there is no feed to wait for")
    return found


class Snapshots(dict[str, Snapshot]):
    """Snapshots of several feeds by the feeds' names, as snapshots() gives them: a dict.

    >>> [(name, len(snap)) for name, snap in shmpub.snapshots(["quotes"]).items()]
    [('quotes', 1)]
    """

    moment: datetime
    """When all of them were the newest of their feeds: an aware datetime in UTC."""

    def __repr__(self) -> str:
        return f"<Snapshots of {self.moment:%Y-%m-%d %H:%M:%S.%f} UTC: {', '.join(self)}>"


def snapshots(
    feeds: Iterable[str | Feed],
    instance: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    owner: int | str | None = None,
    timeout: float | timedelta | None = 1.0,
) -> Snapshots:
    """Snapshots of several feeds that belong to one moment, as a dict by the feeds' names.

    There is a moment at which each of them was the newest that its feed's publisher had announced:
    `.moment` of the result. So none of them is older than the others' moment. They are taken one
    after the other, and then it is looked whether one has been replaced meanwhile; if so, that one
    is taken again. What a publisher has read at different times stays so: two feeds of one source
    are published one after the other, and the moment may lie between.

    `feeds` are names, for which `instance`, `directory` and `owner` mean what they mean for
    subscribe(), or Feeds, or both. A Feed's snapshot counts as taken by this thread, and its
    `max_age` holds.

    Raises Stale when the feeds are published so fast that no such moment was found within `timeout`
    (a number of seconds or a timedelta; None tries for ever). Raises as Feed.snapshot() does for
    the first feed that can't be had, and ValueError for two feeds of one name or none at all.

    >>> cut = shmpub.snapshots(["quotes"])
    >>> cut["quotes"].df["bid"].tolist()
    [180.25]
    """
    all_feeds = _by_name(feeds, instance, directory, owner)
    limit = _arguments.seconds(timeout)
    deadline = None if limit is None else time.monotonic() + limit
    taken: dict[str, Held] = {name: feed._newest() for name, feed in all_feeds.items()}
    pause = _FIRST_PAUSE
    while True:
        moment = datetime.now(UTC)
        late = [name for name, feed in all_feeds.items() if feed._has_newer(taken[name])]
        if not late:
            break
        if deadline is not None and time.monotonic() >= deadline:
            raise Stale(
                f"{', '.join(late)}: newer snapshots were announced while {', '.join(all_feeds)} "
                f"were taken, again and again for {limit:g} s; give it a longer timeout",
                late[0],
            )
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
        for name in late:
            taken[name] = all_feeds[name]._newest()
    made = Snapshots()
    made.moment = moment
    for name, feed in all_feeds.items():
        made[name] = feed._take(taken[name], feed._max_age)
    return made


def _by_name(
    feeds: Iterable[str | Feed],
    instance: str | None,
    directory: str | os.PathLike[str] | None,
    owner: int | str | None,
) -> dict[str, Feed]:
    if isinstance(feeds, str) or not isinstance(feeds, Iterable):
        raise TypeError(f"feeds is a list of names or Feeds, not {type(feeds).__name__}")
    found: dict[str, Feed] = {}
    for each in feeds:
        feed = each if isinstance(each, Feed) else subscribe(each, instance, directory, owner)
        if feed.name in found:
            raise ValueError(f"two feeds have the name {feed.name!r}; take their snapshots apart")
        found[feed.name] = feed
    if not found:
        raise ValueError("there is no feed to take a snapshot of")
    return found
