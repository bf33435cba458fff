"""Where everything in a snapshot lies, found and checked before anything is used.

docs/FORMAT.md, "The snapshot" and "Readers' duties". The record at the file's end tells what to
read; the messages that it names carry checksums, so what is taken from them is what the writer
put there. Buffers are checked all at once, as arrays: a table of a thousand columns must not
cost a thousand steps in Python. What does not change from one snapshot to the next is kept in a
Layout, and used again when the record says that it is the same.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import _arrow_schema
from ._arrow_schema import Field, Group, Indices, Schema
from ._errors import FormatError

# Gives `size` bytes from `offset` on of the file, fewer where it ends.
Read = Callable[[int, int], bytes]

_MAGIC_START = b"ARROW1\0\0"
_MAGIC_END = b"ARROW1"
_TAIL = 10  # the footer's size and the magic
_TAIL_READ = 2048
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_CRC_KEY = b',"crc":'
_ROWS_KEY = b',"rows":'
_STAMP = re.compile(
    rb'\{"version":1,"sequence":([1-9]\d{0,17}),"epoch":(\d{1,20}),"published_ns":([1-8]\d{1,18}),'
)
_MAX_U64 = 2**64 - 1
_MAX_ROWS = 2**48  # times 64 bits a row it stays far below 2^63


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes with every snapshot."""

    sequence: int
    epoch: int
    published_ns: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The buffers of a record batch or of a dictionary's values: places in the file."""

    rows: int
    offsets: Indices
    sizes: Indices
    nulls: Indices  # per column
    has_nulls: bool


@dataclass(frozen=True, slots=True)
class Region:
    """A group's columns at a constant stride."""

    group: Group
    offset: int
    stride: int
    has_nulls: bool


@dataclass(slots=True)
class Layout:
    """A table's schema and places. Nothing in it points into a mapping, so it may be kept."""

    places: bytes  # the record from its rows on: equal ones say the same of everything here
    schema_key: Any
    size: int
    schema: Schema
    batch: Batch
    regions: list[Region]
    dictionaries: list[Batch]
    # What was made of dictionaries and indexes, kept from snapshot to snapshot.
    categories: dict[int, tuple[bytes, Any]] = field(default_factory=dict)
    rows_index: pd.RangeIndex | None = None

    @property
    def rows(self) -> int:
        return self.batch.rows


def load(read: Read, size: int, kept: Layout | None = None) -> tuple[Layout, Stamp]:
    """The layout of the file behind `read`; `kept` itself when nothing in it has changed."""
    if size < 64 or read(0, 8) != _MAGIC_START:
        raise FormatError("no Arrow file: its beginning is not ARROW1")
    text = _read_record(read, size)
    head, _, places = text.partition(_ROWS_KEY)
    if kept is not None and kept.size == size and kept.places == places:
        # All that tells of places is the same, and comes last: only the stamp is new.
        found = _STAMP.match(head)
        if found is not None:
            return kept, Stamp(*map(int, found.groups()))
    record = _parse_record(text)
    stamp = Stamp(
        sequence=_number(record, "sequence", 1),
        epoch=_number(record, "epoch"),
        published_ns=_number(record, "published_ns", -(2**63), 2**63 - 1),
    )
    return _lay_out(read, size, record, places, kept), stamp


def _read_record(read: Read, size: int) -> bytes:
    """The record's text but for the checksum, which is right."""
    tail = b""
    for wanted in (_TAIL_READ, 1 << 20, size):
        tail = read(max(0, size - wanted), min(size, wanted))
        if tail[-6:] != _MAGIC_END:
            raise FormatError("no whole Arrow file: its end is not ARROW1")
        value = tail[:-_TAIL].rstrip(b"\0")
        start = value.rfind(b"{")
        if start >= 0:
            return _check_record(value[start:])
    raise FormatError("no record of shmpub's in the footer")


def _check_record(value: bytes) -> bytes:
    text, _, crc = value.rpartition(_CRC_KEY)
    if crc != b"%d}" % zlib.crc32(text):
        raise FormatError("the record's checksum is wrong")
    return text


def _parse_record(text: bytes) -> dict[str, Any]:
    try:
        record = json.loads(text + b"}")
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise FormatError("the record is not JSON")
    if record.get("version") != 1:
        raise FormatError(f"the record's version is {record.get('version')}, not 1")
    return record


def _number(record: dict[str, Any], key: str, low: int = 0, high: int = _MAX_U64) -> int:
    value = record.get(key)
    if type(value) is not int or not low <= value <= high:
        raise FormatError(f"the record's {key} is wrong")
    return value


def _numbers(value: Any, what: str, count: int) -> list[int]:
    if not isinstance(value, list) or len(value) != count:
        raise FormatError(f"the record's {what} is wrong")
    if not all(type(n) is int and 0 <= n <= _MAX_U64 for n in value):
        raise FormatError(f"the record's {what} is wrong")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError(f"the record's {what} is wrong")
    return value


def _lay_out(
    read: Read, size: int, record: dict[str, Any], places: bytes, kept: Layout | None
) -> Layout:
    same_schema = kept is not None and kept.schema_key == record.get("schema")
    if kept is not None and same_schema:
        schema = kept.schema
    else:
        schema = _arrow_schema.parse(_message(read, size, record.get("schema"), "schema", 4))
    rows = _number(record, "rows", 0, _MAX_ROWS)
    batch = _read_batch(read, size, record.get("batch"), schema, rows)
    listed = _list(record.get("dictionaries"), "dictionaries")
    if len(listed) != len(schema.dictionaries):
        raise FormatError("the record's dictionaries are not the schema's")
    layout = Layout(
        places=places,
        schema_key=record.get("schema"),
        size=size,
        schema=schema,
        batch=batch,
        regions=_check_regions(_list(record.get("regions"), "regions"), schema, batch, size),
        dictionaries=[
            _read_dictionary(read, size, place, f)
            for place, f in zip(listed, schema.dictionaries, strict=True)
        ],
    )
    if kept is not None and same_schema:
        layout.categories = kept.categories
        if kept.rows == rows:
            layout.rows_index = kept.rows_index
    return layout


def _message(read: Read, size: int, place: Any, what: str, count: int = 3) -> bytes:
    offset, length, crc = _numbers(place, what, count)[:3]
    if offset % 8 or length < 16 or offset > size or length > size - offset:
        raise FormatError(f"the {what} message lies outside the file")
    message = read(offset, length)
    if len(message) != length or zlib.crc32(message) != crc:
        raise FormatError(f"the {what} message's checksum is wrong")
    return message


def _read_batch(read: Read, size: int, place: Any, schema: Schema, rows: int) -> Batch:
    message = _message(read, size, place, "batch")
    header = _arrow_schema.message_header(message, _RECORD_BATCH)
    if header.int64(0) != rows:
        raise FormatError("the batch has another number of rows than the record says")
    return _check_batch(header, message, place[0] + place[1], size, schema)


def _read_dictionary(read: Read, size: int, place: Any, f: Field) -> Batch:
    message = _message(read, size, place, "dictionary")
    header = _arrow_schema.message_header(message, _DICTIONARY_BATCH)
    values = header.table(1)
    if values is None or header.int64(0) != f.dictionary or header.byte(2):
        raise FormatError("a dictionary is not the one that the record says")
    schema = _arrow_schema.values_schema(f.type)
    batch = _check_batch(values, message, place[0] + place[1], size, schema)
    if batch.nulls[0] and f.type.name != "null":
        raise FormatError("a dictionary has nulls")
    return batch


def _pairs(header: Any, message: bytes, number: int) -> npt.NDArray[np.uint64]:
    at, count = header.vector(number, 16)
    # The header's positions count from the flatbuffer, which is behind the message's prefix.
    # Unsigned, so that what is below 0 is too large.
    return np.frombuffer(message, "<u8", 2 * count, 8 + at).reshape(count, 2)


def _check_batch(header: Any, message: bytes, body: int, size: int, schema: Schema) -> Batch:
    rows = header.int64(0)
    nodes = _pairs(header, message, 1)
    buffers = _pairs(header, message, 2)
    if not 0 <= rows <= _MAX_ROWS or len(nodes) != len(schema.fields):
        raise FormatError("a batch has another number of columns or rows than it should")
    if len(buffers) != schema.n_buffers or header.table(3) is not None:
        raise FormatError("a batch has another number of buffers than it should, or is compressed")
    nulls = nodes[:, 1].view(np.int64)
    has_nulls = False
    if len(nodes):
        lowest, (highest, most) = int(nodes[:, 0].min()), nodes.max(axis=0).tolist()
        if lowest != rows or highest != rows or most > rows:
            raise FormatError("a column has another number of rows or nulls than it can have")
        has_nulls = most > 0
    if body % 64:
        raise FormatError("a batch's body does not start on a multiple of 64")
    offsets, sizes = buffers[:, 0].view(np.int64), buffers[:, 1].view(np.int64)
    if len(buffers):
        _check_buffers(buffers, size - body)
        _check_sizes(sizes, nulls, rows, schema)
    return Batch(rows, offsets + body, sizes, nulls, has_nulls)


def _check_buffers(buffers: npt.NDArray[np.uint64], room: int) -> None:
    # Each number first, so that no sum can overflow.
    inside = int(buffers.max()) <= room and int(buffers.sum(axis=1).max()) <= room
    if not inside:
        raise FormatError("a buffer lies outside the file")
    if int(np.bitwise_or.reduce(buffers[:, 0])) % 64:
        raise FormatError("a buffer does not start on a multiple of 64")


def _check_sizes(sizes: Indices, nulls: Indices, rows: int, schema: Schema) -> None:
    bits, extra, validities = schema.sizes
    needed = (bits * rows + extra) >> 3
    needed[(validities >= 0) & (nulls[validities] == 0)] = 0
    if (sizes < needed).any():
        raise FormatError("a buffer is shorter than its rows need")


def _check_regions(regions: list[Any], schema: Schema, batch: Batch, size: int) -> list[Region]:
    found = [_check_region(r, schema, batch, size) for r in regions]
    if sorted(r.group.fields[0].position for r in found) != sorted(schema.group_of_first):
        raise FormatError("the record's regions are not the schema's")
    return found


def _check_region(region: Any, schema: Schema, batch: Batch, size: int) -> Region:
    first, offset, stride, n = _numbers(region, "regions", 4)
    group = schema.group_of_first.get(first)
    if group is None or n != len(group.fields):
        raise FormatError("a region is not the schema's")
    if offset % 64 or stride % 64 or stride < 8 * batch.rows:
        raise FormatError("a region's offset or stride is wrong")
    if offset + (n - 1) * stride + 8 * batch.rows > size:
        raise FormatError("a region lies outside the file")
    if batch.rows and not _is_where(batch.offsets[group.buffers], offset, stride):
        raise FormatError("a region is not where the batch says")
    has_nulls = batch.has_nulls and bool(batch.nulls[group.nodes].any())
    return Region(group, offset, stride, has_nulls)


def _is_where(offsets: Indices, first: int, stride: int) -> bool:
    if len(offsets) == 1:
        return int(offsets[0]) == first
    return int(offsets[0]) == first and bool((offsets[1:] - offsets[:-1] == stride).all())
