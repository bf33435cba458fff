"""Reads the catalog: which feeds an instance has, and whether there is something new.

docs/FORMAT.md describes it under "The catalog". It is mapped read-only. While it is read here, the
publisher changes it. A field of one word is read at once, as an aligned machine word. A wider field
has a counter that guards it: the field is read again when the counter has changed meanwhile.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from . import _place, _platform
from ._errors import FormatError, InstanceNotFound
from ._liveness import Publisher, why_gone
from ._place import Place, is_feed_name

_MAGIC = b"SHMPUBC\x01"
_VERSION = 1
_HEADER_SIZE = 4096
_CONFIG_LOAD_AT, _CONFIG_RESULT_AT = 240, 248
_CONFIG_REFUSED = 2
_SLOT_SIZE = 1024
_NAME_SIZE = 48
_MAX_FEEDS = 1_000_000
_ERROR_AT = 384
_ERROR_SIZE = 512
_DESCRIPTORS_AT = 64
_DESCRIPTOR_SIZE = 128
_GENERATION_AT = 896
_N_ERRORS_AT = 904
_ERRORS_SEGMENT_AT, _ERRORS_SIZE_AT = 272, 280
_WAKE_AT = 32  # in words of 32 bits, as STATE_AT is
STATE_AT = 33
_TRIES = 1000

STARTING, RUNNING, STOPPED = 1, 2, 3  # states of the publisher
# States of a slot:
FREE, NEVER, FRESH, STALE, FAILING, REMOVED = range(6)
WITH_FEED = (NEVER, FRESH, STALE, FAILING)
STATES = {NEVER: "never", FRESH: "fresh", STALE: "stale", FAILING: "failing", REMOVED: "removed"}

_MOST_NAMED = 10  # instances that an error names


class Descriptor(NamedTuple):
    """The catalog's description of a feed's current snapshot. Times are ns since 1970 in UTC."""

    segment: int  # a number that no other snapshot of its publisher has
    size: int  # bytes
    rows: int
    columns: int
    published_ns: int
    source_mtime_ns: int  # 0: unknown

    @property
    def data_ns(self) -> int:
        """The time from which the age of the data counts."""
        return self.source_mtime_ns or self.published_ns


class Status(NamedTuple):
    """What the catalog tells about a feed. The publisher may have died since it wrote `state`."""

    name: str
    state: int
    sequence: int
    descriptor: Descriptor | None
    attempted_ns: int  # 0: never
    error: str
    interval_ms: int  # 0: no timer


def nothing_at(where: Place) -> InstanceNotFound:
    """The exception for a missing instance, with the names of the instances that exist."""
    _place.check_instance_name(where.instance)
    names, why = _platform.find_instances(where.directory, _place.is_instance_name)
    named = tuple(names[:_MOST_NAMED])
    return InstanceNotFound(f"nothing is published at {where.path}; {why}{', '.join(named)}", named)


class Catalog:
    """One catalog, mapped and checked. A slot is named by its number."""

    def __init__(self, where: Place) -> None:
        """Raises InstanceNotFound, AccessDenied, UntrustedOwner or FormatError."""
        _place.check_instance_name(where.instance)
        self.instance = _platform.Instance(where)
        self.path = self.instance.path
        self._data = self.instance.content
        self._check_header()
        self._n_known = 0  # so many slots, from the first on, were found to be used
        words = self._data[: len(self._data) // 8 * 8].data
        self.words64 = words.cast("Q")
        self.words32 = words.cast("I")

    def _check_header(self) -> None:
        """Check a copy of the header. Later only the numbers that were checked are used."""
        if len(self._data) < _HEADER_SIZE:
            raise FormatError(f"{self.path}: shorter than a header")
        header = self._data[:104].tobytes()
        numbers = np.frombuffer(header, "<u4")
        wrong = None
        if header[:8] != _MAGIC:
            wrong = "no catalog's magic"
        elif numbers[2] != _VERSION:
            wrong = f"format version {numbers[2]}, not {_VERSION}"
        elif numbers[25] != zlib.crc32(header[:100]):
            wrong = "checksum of the header differs"
        elif header[24:32] != bytes(8):
            wrong = "features that this version does not know"
        elif numbers[3] != _HEADER_SIZE or numbers[4] != _SLOT_SIZE:
            wrong = "sizes of another format"
        elif header[40:48] == bytes(8):
            wrong = "no epoch"
        elif not 1 <= numbers[5] <= _MAX_FEEDS:
            wrong = f"a table of {numbers[5]} slots"
        elif len(self._data) < _HEADER_SIZE + int(numbers[5]) * _SLOT_SIZE:
            wrong = "shorter than its table"
        if wrong is not None:
            raise FormatError(f"{self.path}: {wrong}")
        self._max_feeds = int(numbers[5])
        self.epoch = int.from_bytes(header[40:48], "little")

    # --- the publisher ---------------------------------------------------------------------------

    @property
    def state(self) -> int:
        return self.words32[STATE_AT]

    @property
    def is_stopped(self) -> bool:
        return self.words32[STATE_AT] == STOPPED

    @property
    def publisher(self) -> Publisher:
        """What the header tells about the publisher, for _liveness."""
        # A publisher that takes over clears the namespace before it stores its pid. So a namespace
        # that was read first belongs to the pid that is read after it.
        namespace = self.words64[25]
        words = self.words64[17:25].tolist()
        return Publisher(
            state=self.state,
            heartbeat_ns=words[0],
            pid=words[1],
            started_ns=_signed(words[2]),
            heartbeat_interval_ms=words[6],
            process_start=words[7],
            process_namespace=namespace,
        )

    def why_gone(self) -> str | None:
        """The reason to believe that the publisher is gone; None while it may live."""
        if why_gone(self.publisher) is None:
            return None
        # Once more, because a successor may have been writing these words just now.
        return why_gone(self.publisher)

    def is_served(self) -> bool:
        """Whether the publisher lives and has tried all its feeds once."""
        return self.state == RUNNING and self.why_gone() is None

    @property
    def wake_word(self) -> int:
        """A word that changes with every change of any feed, and when a feed gets a slot."""
        return self.words32[_WAKE_AT]

    def point(self, wake: int) -> tuple[_platform.Instance, int, int]:
        """Where to sleep until the wake word differs from `wake`."""
        return self.instance, _WAKE_AT, wake

    def stands(self) -> bool:
        """Whether the instance still has this catalog."""
        return self.instance.stands(self.is_stopped)

    def config_refused_ns(self) -> int:
        """When the publisher refused its changed configuration; 0: the last load took effect."""
        is_refused = self.words64[_CONFIG_RESULT_AT // 8] == _CONFIG_REFUSED
        return self.words64[_CONFIG_LOAD_AT // 8] if is_refused else 0

    # --- slots -----------------------------------------------------------------------------------

    def find(self, name: str) -> tuple[int, int]:
        """The slot of the feed of that name and the slot's generation; (-1, 0): there is no slot.

        The slot of a removed feed counts only when no other slot has the name.
        """
        found = -1, 0
        used = self._n_slots()
        if not is_feed_name(name):
            return found
        table = self._data[_HEADER_SIZE : _HEADER_SIZE + used * _SLOT_SIZE]
        names = table.reshape(used, _SLOT_SIZE)[:, :_NAME_SIZE]
        wanted = np.frombuffer(name.encode().ljust(_NAME_SIZE, b"\0"), np.uint8)
        for slot in np.flatnonzero((names == wanted).all(axis=1)).tolist():
            generation, its_name, state = self._named(slot)
            if its_name == name and state == REMOVED:
                found = slot, generation
            elif its_name == name and state in STATES:
                return slot, generation
        return found

    def slots(self) -> Iterator[tuple[int, int, str]]:
        """Slot, generation and name of every feed that is not removed."""
        for slot in range(self._n_slots()):
            generation, name, state = self._named(slot)
            if state in WITH_FEED and is_feed_name(name):
                yield slot, generation, name

    def _named(self, slot: int) -> tuple[int, str, int]:
        """Generation, name and state of a slot, all of one moment.

        The state is FREE while the slot is being given to another feed.
        """
        at = _HEADER_SIZE + slot * _SLOT_SIZE
        for _ in range(_TRIES):
            generation = self.word(slot, _GENERATION_AT)
            raw = self._data[at : at + _NAME_SIZE].tobytes().partition(b"\0")[0]
            state = self.slot_state(slot)
            if not generation & 1 and self.word(slot, _GENERATION_AT) == generation:
                return generation, raw.decode("ascii", "replace"), state
        return 0, "", FREE

    def _n_slots(self) -> int:
        """How many slots to look at: those before the first one that was never used.

        The header's own number is not believed. A file of one page may claim a million slots, and
        reading them would take a gigabyte of memory, because the file is a hole there.
        """
        claimed = min(self.words64[20], self._max_feeds)
        while self._n_known < claimed and not self._was_never_used(self._n_known):
            self._n_known += 1
        return min(self._n_known, claimed)

    def _was_never_used(self, slot: int) -> bool:
        at = _HEADER_SIZE + slot * _SLOT_SIZE
        return not (self._data[at] or self.slot_state(slot) or self.word(slot, _GENERATION_AT))

    def sequence_at(self, slot: int) -> int:
        """The index of the slot's sequence in words64."""
        return (_HEADER_SIZE + slot * _SLOT_SIZE + 56) // 8

    def wake_at(self, slot: int) -> int:
        """The index of the slot's wake word in words32."""
        return (_HEADER_SIZE + slot * _SLOT_SIZE + 52) // 4

    def generation_at(self, slot: int) -> int:
        """The index of the slot's generation in words64."""
        return (_HEADER_SIZE + slot * _SLOT_SIZE + _GENERATION_AT) // 8

    def state_at(self, slot: int) -> int:
        """The index of the slot's state in words32."""
        return (_HEADER_SIZE + slot * _SLOT_SIZE + 48) // 4

    def slot_state(self, slot: int) -> int:
        return self.words32[self.state_at(slot)]

    def word(self, slot: int, offset: int) -> int:
        """The 64-bit word at `offset` bytes in the slot."""
        return self.words64[(_HEADER_SIZE + slot * _SLOT_SIZE + offset) // 8]

    def status(self, slot: int, generation: int) -> Status | None:
        """What the slot tells; None when it belongs to another feed by now."""
        generation_now, name, state = self._named(slot)
        status = Status(
            name,
            state,
            self.words64[self.sequence_at(slot)],
            self.descriptor(slot),
            _signed(self.word(slot, 352)),
            self._error(slot),
            self.word(slot, 360),
        )
        is_ours = generation_now == generation == self.word(slot, _GENERATION_AT)
        return status if is_ours and state in STATES else None

    def descriptor(self, slot: int) -> Descriptor | None:
        """A copy of the current descriptor, all of one moment; None when nothing was published."""
        sequence_at = self.sequence_at(slot)
        for _ in range(_TRIES):
            sequence = self.words64[sequence_at]
            if not sequence:
                return None
            at = _HEADER_SIZE + slot * _SLOT_SIZE + _DESCRIPTORS_AT
            at = (at + (sequence & 1) * _DESCRIPTOR_SIZE) // 8
            words = self.words64[at : at + 7].tolist()
            if self.words64[sequence_at] == sequence and words[0] == sequence:
                segment, size, rows, columns = words[1:5]
                times = _signed(words[5]), _signed(words[6])
                return Descriptor(segment, size, rows, columns, *times)
        return None

    def open_errors(self) -> _platform.Segment | None:
        """The error table; None when there is none."""
        size = self.words64[_ERRORS_SIZE_AT // 8]
        if not size:
            return None
        number = self.words64[_ERRORS_SEGMENT_AT // 8]
        try:
            return self.instance.open_errors(number, size)
        except FileNotFoundError:
            return None

    def n_errors(self, slot: int) -> int:
        """How many entries of the error table the slot's feed has used."""
        return self.word(slot, _N_ERRORS_AT)

    @property
    def max_feeds(self) -> int:
        """The number of slots, used or not."""
        return self._max_feeds

    def _error(self, slot: int) -> str:
        """A copy of the line about the last error, all of one moment; empty: there is none."""
        at = _HEADER_SIZE + slot * _SLOT_SIZE + _ERROR_AT
        for _ in range(_TRIES):
            before = self.word(slot, 376)
            line = self._data[at : at + _ERROR_SIZE].tobytes().partition(b"\0")[0]
            if not before & 1 and self.word(slot, 376) == before:
                return line.decode("utf-8", "replace")
        return ""


def _signed(word: int) -> int:
    return word - 2**64 if word >= 2**63 else word


def reason(error: str, why_gone: str | None) -> str:
    """One line that says why a feed is as it is: its last error, and why its publisher is gone."""
    if why_gone is None:
        return error
    return f"publisher gone: {why_gone}{'; last error: ' + error if error else ''}"
