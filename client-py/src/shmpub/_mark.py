"""Which snapshots of a feed a reader has seen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ._snapshot import Snapshot


class Mark(NamedTuple):
    """A snapshot's place in the order of snapshots."""

    epoch: int
    sequence: int

    def is_newer_than(self, other: Mark) -> bool:
        if not self.sequence:
            return False
        return self.epoch != other.epoch or self.sequence > other.sequence


NOTHING = Mark(0, 0)


class Cursor:
    """What a reader has seen of a feed. To be used by one thread at a time."""

    __slots__ = ("given", "missed_since", "seen")

    def __init__(self) -> None:
        self.seen = NOTHING  # the last snapshot, by the catalog
        self.given = NOTHING  # the same by the snapshot's record, whose epoch may be an older one
        # Since when a living publisher is known not to have the feed (time.monotonic()).
        self.missed_since: float | None = None

    def has_missed_for(self, seconds: float) -> bool:
        """Whether a living publisher has not had the feed for that long, since the first call."""
        now = time.monotonic()
        if self.missed_since is None:
            self.missed_since = now
        return now - self.missed_since >= seconds

    def accept(self, found: tuple[Snapshot, Mark]) -> Snapshot:
        """Take the snapshot: from now on it is no news for this cursor."""
        self.given, self.seen = found[0]._mark, found[1]
        return found[0]

    def is_passed_by(self, found: tuple[Snapshot, Mark]) -> bool:
        """Whether the snapshot is news for this cursor."""
        return found[1].is_newer_than(self.seen) and found[0]._mark.is_newer_than(self.given)
