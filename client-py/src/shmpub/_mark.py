"""How far somebody has come with a feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ._snapshot import Snapshot


class Mark(NamedTuple):
    """A snapshot's place in time, as the catalog counts."""

    epoch: int
    sequence: int

    def is_newer_than(self, other: Mark) -> bool:
        if not self.sequence:
            return False
        return self.epoch != other.epoch or self.sequence > other.sequence


NOTHING = Mark(0, 0)


class Cursor:
    """What somebody has seen of a feed, and what was given to them. For one thread at a time."""

    __slots__ = ("given", "missed_since", "seen")

    def __init__(self) -> None:
        self.seen = NOTHING  # as the catalog counts
        self.given = NOTHING  # as the snapshot's own record has it
        self.missed_since: float | None = None  # when a living publisher was first without the feed

    def accept(self, found: tuple[Snapshot, Mark]) -> Snapshot:
        """`found` counts as seen and given from now on."""
        self.given, self.seen = found[0]._mark, found[1]
        return found[0]

    def is_passed_by(self, found: tuple[Snapshot, Mark]) -> bool:
        """Whether `found` is news to whoever has this cursor."""
        return found[1].is_newer_than(self.seen) and found[0]._mark.is_newer_than(self.given)
