"""The catalog: which feeds there are, and the counters that tell whether something is new.

docs/FORMAT.md, "The catalog". Mapped read-only and only ever read. Words that the publisher
changes are read one at a time, as aligned machine words; what is wider is read under the counter
that guards it.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ._errors import FormatError, InstanceNotFound, UntrustedOwner
from ._mapping import address_of, map_shared

DIRECTORY = "/dev/shm"
INSTANCE = "shmpub"

_FEED_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}", re.ASCII)
_INSTANCE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,39}", re.ASCII)

_MAGIC = b"SHMPUBC\x01"
_VERSION = 1
_HEADER_SIZE = 4096
_SLOT_SIZE = 1024
_NAME_SIZE = 48
_MAX_FEEDS = 1_000_000
_ERROR_AT = 384
_ERROR_SIZE = 512
_DESCRIPTORS_AT = 64
_DESCRIPTOR_SIZE = 128
_GENERATION_AT = 896
_TRIES = 1000
_HEARTBEAT_NS = 3 * 10**9

STARTING, RUNNING, STOPPED = 1, 2, 3
FREE, NEVER, FRESH, STALE, FAILING, REMOVED = range(6)
STATES = {NEVER: "never", FRESH: "fresh", STALE: "stale", FAILING: "failing", REMOVED: "removed"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance is, and whom we take it from."""

    instance: str
    directory: str
    owner: int | str | None

    @property
    def path(self) -> str:
        return os.path.join(self.directory, self.instance)

    def check_owner(self, path: str, status: os.stat_result) -> None:
        """UntrustedOwner unless it is root, me, the user `shmpub`, or whom the caller named."""
        uid = status.st_uid
        if sys.platform == "win32" or uid in (0, os.geteuid(), self.owner):
            return
        if uid in (_uid("shmpub"), _uid(self.owner)):
            return
        raise UntrustedOwner(f"{path} belongs to uid {uid}; owner={uid} would accept it", uid)


def place(instance: str | None, directory: str | None, owner: int | str | None) -> Place:
    """With the environment's and our own defaults for what was not given."""
    return Place(
        instance or os.environ.get("SHMPUB_INSTANCE") or INSTANCE,
        os.fspath(directory or os.environ.get("SHMPUB_DIRECTORY") or DIRECTORY),
        owner,
    )


def _uid(user: int | str | None) -> int | None:
    if not isinstance(user, str):
        return user
    found = _uids.get(user)
    if found is None:
        import pwd

        try:
            found = _uids[user] = pwd.getpwnam(user).pw_uid
        except KeyError:
            return None
    return found


_uids: dict[str, int] = {}  # a look into the user database costs more than opening a snapshot


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What the current snapshot of a feed is, for lists."""

    size: int
    rows: int
    columns: int
    published_ns: int


def _open_catalog(where: Place) -> int:
    """In the directory whose owner was looked at, wherever its name leads by then."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    folder = os.open(where.path, flags | os.O_DIRECTORY)
    try:
        where.check_owner(where.path, os.fstat(folder))
        return os.open("catalog", flags | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)


class Catalog:
    """One catalog, mapped and checked. Slots are known by their number."""

    def __init__(self, where: Place) -> None:
        """Raises InstanceNotFound, UntrustedOwner or FormatError."""
        self.path = os.path.join(where.path, "catalog")
        if not _INSTANCE_NAME.fullmatch(where.instance):
            raise InstanceNotFound(f"no instance can have the name {where.instance!r}")
        try:
            fd = _open_catalog(where)
        except (FileNotFoundError, NotADirectoryError):
            raise InstanceNotFound(f"nothing is published at {where.path}") from None
        try:
            status = os.fstat(fd)
            where.check_owner(self.path, status)
            if not stat.S_ISREG(status.st_mode) or status.st_size < _HEADER_SIZE:
                raise FormatError(f"{self.path}: shorter than a header")
            self.identity = status.st_dev, status.st_ino
            self._data = map_shared(fd, status.st_size)
        finally:
            os.close(fd)
        self._check_header()
        self._n_known = 0  # slots that were found to be used
        self.base = address_of(self._data)
        words = self._data[: len(self._data) // 8 * 8].data
        self.words64 = words.cast("Q")
        self.words32 = words.cast("I")

    def _check_header(self) -> None:
        """Checked in a copy, and kept: what the header says later is not believed."""
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
        return self.words32[33]

    @property
    def is_stopped(self) -> bool:
        return self.words32[33] == STOPPED

    def stands(self) -> bool:
        """Whether this catalog is still the one under its name."""
        try:
            status = os.stat(self.path, follow_symlinks=False)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self.identity

    def is_served(self) -> bool:
        """Whether the publisher runs and has tried all its feeds once: what isn't there, isn't."""
        if self.state != RUNNING:
            return False
        # Its pid may be of another namespace, so a fresh sign of life counts as well.
        if abs(time.time_ns() - self.words64[17]) < _HEARTBEAT_NS:
            return True
        try:
            os.kill(self.words64[18], 0)
        except PermissionError:
            return True
        except (OSError, OverflowError):
            return False
        return True

    # --- slots -----------------------------------------------------------------------------------

    def find(self, name: str) -> int:
        """The slot of that name, whatever its state but free; -1 when there is none."""
        used = self._n_slots()
        if not _FEED_NAME.fullmatch(name):
            return -1
        table = self._data[_HEADER_SIZE : _HEADER_SIZE + used * _SLOT_SIZE]
        names = table.reshape(used, _SLOT_SIZE)[:, :_NAME_SIZE]
        wanted = np.frombuffer(name.encode().ljust(_NAME_SIZE, b"\0"), np.uint8)
        for slot in np.flatnonzero((names == wanted).all(axis=1)).tolist():
            if self.slot_state(slot) in STATES:
                return int(slot)
        return -1

    def slots(self) -> Iterator[tuple[int, str]]:
        """(slot, name) of every feed that is not removed."""
        for slot in range(self._n_slots()):
            at = _HEADER_SIZE + slot * _SLOT_SIZE
            raw = self._data[at : at + _NAME_SIZE].tobytes().partition(b"\0")[0]
            name = raw.decode("ascii", "replace")
            if self.slot_state(slot) in (NEVER, FRESH, STALE, FAILING) and _FEED_NAME.fullmatch(
                name
            ):
                yield slot, name

    def _n_slots(self) -> int:
        """How many slots are in use: behind the first one that never was, none is looked at.

        A hole costs memory when it is read, and a file of one page may claim a million slots.
        """
        claimed = min(self.words64[20], self._max_feeds)
        while self._n_known < claimed and not self._was_never_used(self._n_known):
            self._n_known += 1
        return min(self._n_known, claimed)

    def _was_never_used(self, slot: int) -> bool:
        at = _HEADER_SIZE + slot * _SLOT_SIZE
        return not (self._data[at] or self.slot_state(slot) or self.word(slot, _GENERATION_AT))

    def sequence_at(self, slot: int) -> int:
        """Index of the slot's sequence in words64."""
        return (_HEADER_SIZE + slot * _SLOT_SIZE + 56) // 8

    def wake_at(self, slot: int) -> int:
        """Index of the slot's wake word in words32."""
        return (_HEADER_SIZE + slot * _SLOT_SIZE + 52) // 4

    def state_at(self, slot: int) -> int:
        """Index of the slot's state in words32."""
        return (_HEADER_SIZE + slot * _SLOT_SIZE + 48) // 4

    def slot_state(self, slot: int) -> int:
        return self.words32[self.state_at(slot)]

    def word(self, slot: int, offset: int) -> int:
        """A 64-bit word of the slot."""
        return self.words64[(_HEADER_SIZE + slot * _SLOT_SIZE + offset) // 8]

    def descriptor(self, slot: int) -> Descriptor | None:
        """A consistent copy of the current descriptor; None when nothing was published."""
        sequence_at = self.sequence_at(slot)
        for _ in range(_TRIES):
            sequence = self.words64[sequence_at]
            if not sequence:
                return None
            at = _HEADER_SIZE + slot * _SLOT_SIZE + _DESCRIPTORS_AT
            at = (at + (sequence & 1) * _DESCRIPTOR_SIZE) // 8
            words = self.words64[at : at + 6].tolist()
            if self.words64[sequence_at] == sequence and words[0] == sequence:
                return Descriptor(words[2], words[3], words[4], _signed(words[5]))
        return None

    def error(self, slot: int) -> str:
        """A consistent copy of the last error's line; empty when there is none."""
        at = _HEADER_SIZE + slot * _SLOT_SIZE + _ERROR_AT
        for _ in range(_TRIES):
            before = self.word(slot, 376)
            line = self._data[at : at + _ERROR_SIZE].tobytes().partition(b"\0")[0]
            if not before & 1 and self.word(slot, 376) == before:
                return line.decode("utf-8", "replace")
        return ""


def _signed(word: int) -> int:
    return word - 2**64 if word >= 2**63 else word
