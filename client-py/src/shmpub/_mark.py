"""How far somebody has come with a feed."""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """A snapshot's place in time, as the catalog counts."""

    epoch: int
    sequence: int

    def is_newer_than(self, other: Mark) -> bool:
        if not self.sequence:
            return False
        return self.epoch != other.epoch or self.sequence > other.sequence


NOTHING = Mark(0, 0)
