"""A feed's slot in a mapped catalog.

The positions of the slot's words are computed once, so that a look for news only reads words. The
publisher may give the slot to another feed. It changes the slot's generation then, so every reader
of a word compares the generation as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from . import _catalog, _platform
from ._catalog import Catalog, Descriptor, Status
from ._mark import NOTHING, Mark

if TYPE_CHECKING:
    from ._error_table import FeedError

Cell = tuple[memoryview, int, int, int]  # words, sequence's index, generation's index, generation
# An instance, the index of one of its 32-bit words, and the word's value: where to sleep for news.
Point = tuple[_platform.Instance, int, int]
_ABSENT_NAP = 0.05  # seconds between two looks for a catalog that is not there
_MISSED_NAP = 0.25  # seconds; the longest sleep while the catalog does not have the feed
NO_CELL: Cell = memoryview(bytes(8)).cast("Q"), 0, 0, 0


class Attached:
    """A catalog and the number of the feed's slot in it; -1 when the catalog has no such feed."""

    __slots__ = (
        "_generation_at",
        "_sequence_at",
        "_state_at",
        "_wake_at",
        "_words32",
        "_words64",
        "catalog",
        "epoch",
        "generation",
        "slot",
    )

    def __init__(self, catalog: Catalog, slot: int, generation: int) -> None:
        self.catalog = catalog
        self.slot = slot
        self.generation = generation
        self.epoch = catalog.epoch
        self._generation_at = catalog.generation_at(slot)
        self._words32, self._words64 = catalog.words32, catalog.words64
        self._state_at = catalog.state_at(slot)
        self._wake_at = catalog.wake_at(slot)
        self._sequence_at = catalog.sequence_at(slot)

    def cell(self) -> Cell:
        """Where to read the sequence and the generation, and the generation that is right."""
        if self.slot < 0:
            return NO_CELL
        return self._words64, self._sequence_at, self._generation_at, self.generation

    def _is_mine(self) -> bool:
        return self._words64[self._generation_at] == self.generation

    def mark(self) -> Mark:
        sequence = self._words64[self._sequence_at]
        return Mark(self.epoch, sequence) if self._is_mine() else NOTHING

    def is_newer_than(self, mark: Mark) -> bool:
        sequence = self._words64[self._sequence_at]
        is_newer = sequence > mark.sequence or self.epoch != mark.epoch
        return sequence != 0 and is_newer and self._is_mine()

    def has_feed(self) -> bool:
        if self.slot < 0:
            return False
        return self._words32[self._state_at] in _catalog.WITH_FEED and self._is_mine()

    def is_good(self) -> bool:
        """Whether the publisher has not stopped, and has the feed."""
        return self._words32[_catalog.STATE_AT] != _catalog.STOPPED and self.has_feed()

    def newest(self) -> int:
        """The feed's sequence, when is_good(); else -1.

        This is is_good() and mark() in one: each function that is called costs time where code and
        data are not in the processor's caches.
        """
        words32, words64 = self._words32, self._words64
        sequence = words64[self._sequence_at]
        if self.slot < 0 or words32[_catalog.STATE_AT] == _catalog.STOPPED:
            return -1
        if words32[self._state_at] not in _catalog.WITH_FEED:
            return -1
        return sequence if words64[self._generation_at] == self.generation else -1

    def status(self) -> Status | None:
        """What the catalog tells about the feed; None when it has no such feed."""
        return self.catalog.status(self.slot, self.generation) if self.slot >= 0 else None

    def errors(self) -> list[FeedError]:
        """The feed's different errors, the latest first."""
        if self.slot < 0:
            return []
        from . import _error_table

        found = _error_table.errors(self.catalog, self.slot, self.generation)
        return found if self._is_mine() else []

    def descriptor(self) -> Descriptor | None:
        """The description of the newest snapshot; None when this feed has none."""
        found = self.catalog.descriptor(self.slot)
        return found if self._is_mine() else None

    def wake_word(self) -> int:
        return self._words32[self._wake_at]

    def point(self, wake: int) -> Point:
        """Where to sleep until the feed's wake word differs from `wake`."""
        return self.catalog.instance, self._wake_at, wake


def points(
    attached: Attached | None, wake: int, news: int
) -> tuple[Point | None, Point | None, float]:
    """Where to sleep for news of the feed and for news of any feed, and for how long at most.

    Where the catalog does not have the feed, both are the catalog's own wake word.
    """
    if attached is None or attached.catalog.is_stopped:
        return None, None, _ABSENT_NAP
    wide = attached.catalog.point(news)
    if attached.has_feed():
        return attached.point(wake), wide, math.inf
    return wide, wide, _MISSED_NAP
