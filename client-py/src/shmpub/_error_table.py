"""Reads the error table: which different errors a feed had, how often, when first and last.

docs/FORMAT.md describes it under "The error table". It is opened for one question and closed again.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import astuple, dataclass, fields

import pandas as pd

from ._catalog import Catalog
from ._errors import FormatError
from ._platform import Segment

_MAGIC = b"SHMPUBE\x01"
_HEADER = struct.Struct("<8s6IQ20sI")
_HEADER_SIZE, _BLOCK_SIZE, _ENTRIES, _ENTRY_SIZE = 4096, 10240, 16, 576
_FIRST_ENTRY_AT = 64
_ENTRY = struct.Struct("<QQqqII24s512s")
_TRIES = 1000
_CODES = ("", "sys", "nomem", "format", "invalid", "csv", "busy", "limit", "owner", "access")


@dataclass(frozen=True, slots=True)
class FeedError:
    """One of the different errors of a feed. Times are ns since 1970 in UTC."""

    text: str  # as it came last
    code: str  # "csv", "sys", ...; empty: one that this version does not know
    line: int  # of the source, when it came last; 0: none
    count: int
    first: int
    last: int


def frame_of(found: list[FeedError]) -> pd.DataFrame:
    """A row for each error, with aware times."""
    names = [field.name for field in fields(FeedError)]
    frame = pd.DataFrame([astuple(error) for error in found], columns=names)
    frame = frame.astype({name: "str" if name in ("text", "code") else "int64" for name in names})
    for name in ("first", "last"):
        frame[name] = pd.to_datetime(frame[name], unit="ns", utc=True)
    return frame


def errors(catalog: Catalog, slot: int, generation: int) -> list[FeedError]:
    """The errors of the feed that the slot has in that generation, the latest first.

    Raises AccessDenied, UntrustedOwner or FormatError when the table can't be read.
    """
    n_used = catalog.n_errors(slot)
    if not 1 <= n_used <= _ENTRIES or (table := catalog.open_errors()) is None:
        return []
    try:
        if not _check(table, catalog):
            return []
        at = _HEADER_SIZE + slot * _BLOCK_SIZE
        if _word(table, at) != generation:
            return []
        entries = range(
            at + _FIRST_ENTRY_AT, at + _FIRST_ENTRY_AT + n_used * _ENTRY_SIZE, _ENTRY_SIZE
        )
        found = [error for entry in entries if (error := _entry(table, entry)) is not None]
        if _word(table, at) != generation:
            return []
    finally:
        table.close()
    return sorted(found, key=lambda error: error.last, reverse=True)


def _check(table: Segment, catalog: Catalog) -> bool:
    """Check a copy of the header. False: the table is of a catalog that was here before."""
    head = table.read(0, _HEADER.size)
    wrong = None
    if len(head) < _HEADER.size or table.size < _HEADER_SIZE:
        raise FormatError(f"{table.path}: shorter than a header")
    magic, version, *sizes, max_feeds, epoch, _, crc = _HEADER.unpack(head)
    if magic != _MAGIC:
        wrong = "no error table's magic"
    elif version != 1:
        wrong = f"format version {version}, not 1"
    elif crc != zlib.crc32(head[:60]):
        wrong = "checksum of the header differs"
    elif sizes != [_HEADER_SIZE, _BLOCK_SIZE, _ENTRIES, _ENTRY_SIZE]:
        wrong = "sizes of another format"
    elif max_feeds != catalog.max_feeds:
        wrong = f"blocks for {max_feeds} slots, not {catalog.max_feeds}"
    elif table.size < _HEADER_SIZE + max_feeds * _BLOCK_SIZE:
        wrong = "shorter than its blocks"
    if wrong is not None:
        raise FormatError(f"{table.path}: {wrong}")
    return bool(epoch == catalog.epoch)


def _word(table: Segment, at: int) -> int:
    return int.from_bytes(table.read(at, 8), "little")


def _entry(table: Segment, at: int) -> FeedError | None:
    """A copy of the entry, all of one moment; None: it is free, or its writer has died."""
    for _ in range(_TRIES):
        before = _word(table, at)
        copy = table.read(at, _ENTRY_SIZE)
        if before & 1 or len(copy) < _ENTRY_SIZE or _word(table, at) != before:
            continue
        _, count, first, last, code, line, _, text = _ENTRY.unpack(copy)
        if not count:
            return None
        name = _CODES[code] if code < len(_CODES) else ""
        line_text = text.partition(b"\0")[0].decode("utf-8", "replace")
        return FeedError(line_text, name, line, count, first, last)
    return None
