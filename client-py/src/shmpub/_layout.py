"""Finds where the parts of a snapshot lie, and checks that before anything is used.

docs/FORMAT.md describes this under "The snapshot" and "Readers' duties". The *record* is a line of
JSON at the end of the file. It gives the offset, the size and the checksum of each Arrow message,
so a message with the right checksum is what the writer wrote.

Successive snapshots of a feed are much alike. What this module finds is kept in a Layout, and the
next load() gets the last Layout as `kept`. Where the record gives the same offsets, sizes and
checksums as the last one, the whole Layout is used again. Where buffers have moved, because texts
got longer for example, the schema and the form of the messages are used again.

Every byte that is read here may be hostile: it is copied first, and the copy is checked.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd

from . import _arrow_schema, _batch, _state
from ._arrow_schema import Field, Group, Schema
from ._batch import Batch
from ._errors import FormatError
from ._state import State

# read(offset, size) returns a copy of these bytes of the file, fewer where the file ends.
Read = Callable[[int, int], bytes]

_MAGIC_START = b"ARROW1\0\0"
_MAGIC_END = b"ARROW1"
_TAIL = 10  # bytes of the file after the footer: the footer's size and the magic
_TAIL_READ = 2048  # bytes that are read at the end of the file; a record has some 500
_CRC_KEY = b',"crc":'
_MAX_U64 = 2**64 - 1

# The fast way to read a record: one regular expression for the end of a file as our own writer
# makes it, that is record, zeros, the footer's size, magic. Numbers of at most 19 digits are below
# 2^64. The epoch and the schema's id may have 20 digits, so they are compared with the limit. A
# record with longer numbers or another order of keys does not match and is parsed in the general
# way. So is a record with keys of a later version, which are the last group but one.
_COUNT = rb"(?:0|[1-9]\d{0,18})"
_LONG = rb"(?:0|[1-9]\d{0,19})"
_THREE, _FOUR = (b",".join([_COUNT] * n) for n in (3, 4))
_digits = re.compile(rb"\d+").findall


@lru_cache(1)
def _own_record() -> re.Pattern[bytes]:
    """Compiled for the first snapshot, not at import, because it takes some milliseconds."""
    return re.compile(
        rb'\{"version":1,"sequence":([1-9]\d{0,17}),"epoch":(%b),"published_ns":([1-8]\d{1,18}),'
        rb'"source_mtime_ns":(0|-?[1-8]\d{0,18}),"read_ns":%b,"parse_ns":%b,"source_size":%b,'
        rb'"skipped_rows":%b,"rows":'
        rb'((%b),"schema":\[(%b,%b)\],"batch":\[(%b)\],"dictionaries":\[((?:\[%b\](?:,\[%b\])*)?)\],'
        rb'"regions":\[((?:\[%b\](?:,\[%b\])*)?)\]((?:,[^{}\0]*?)?)),"crc":(%b)\}'
        rb"\0{1,8}(?s:....)ARROW1"
        % (_LONG, *[_COUNT] * 5, _THREE, _LONG, *[_THREE] * 3, *[_FOUR] * 2, _COUNT)
    )


@lru_cache(1)
def _grammar() -> re.Pattern[bytes]:
    """What any record must match, without its checksum and its last brace.

    docs/FORMAT.md gives the grammar under "The record". It is compiled for the first record that is
    not of our own writer, because that takes some milliseconds.
    """
    string = rb'"[ !#-\[\]-z|~]*"'
    value = rb"(?:0|-?[1-9]\d*|%b)" % string
    for _ in range(3):
        value = rb"(?:%b|\[(?:%b(?:,%b)*)?\])" % (value, value, value)
    member = rb"%b:%b" % (string, value)
    return re.compile(rb"\{%b(?:,%b)*" % (member, member))


_NUMBERS = {"version", "sequence", "epoch", "read_ns", "parse_ns", "source_size", "skipped_rows"}
_TIMES = {"published_ns", "source_mtime_ns"}
_STAMP = "sequence", "epoch", "published_ns", "source_mtime_ns"
_KNOWN = _NUMBERS | _TIMES | {"rows", "schema", "batch", "dictionaries", "regions"}


class Stamp(NamedTuple):
    """The numbers of the record that differ in every snapshot."""

    sequence: int
    epoch: int
    published_ns: int  # since 1970 in UTC, as the next is
    source_mtime_ns: int  # when the source was modified; 0: unknown
    first: int = 0  # since the snapshot of this sequence rows were only added; 0: not known


class _Places(NamedTuple):
    """The part of the record that says where things lie.

    `schema` and `regions` are the record's own text, because they are mostly only compared.
    """

    rows: int
    schema: bytes  # "offset,size,checksum,id" of the schema message
    batch: list[int]  # offset, size, checksum of the batch message
    dictionaries: list[int]  # the same three numbers for each dictionary in turn
    regions: bytes  # "[field,offset,stride,n]" for each region, with commas between


class Region(NamedTuple):
    """Where the columns of a group lie: each `stride` bytes after the one before."""

    group: Group
    offset: int  # of the first column, in the file
    stride: int
    has_nulls: bool


class Layout:
    """A table's schema and where its buffers lie. It refers to no mapping, so it may be kept."""

    __slots__ = (
        "batch",
        "dictionaries",
        "dictionary_marks",
        "places",
        "plan",
        "regions",
        "regions_size",
        "regions_text",
        "rows_index",
        "schema",
        "schema_text",
        "size",
        "state",
        "values",
    )

    def __init__(
        self,
        places: bytes,
        schema_text: bytes,
        regions_text: bytes,
        size: int,
        regions_size: int,
        schema: Schema,
        batch: Batch,
        regions: list[Region],
        dictionaries: list[Batch],
        dictionary_marks: list[list[int]],
        state: State | None = None,
    ) -> None:
        # The record's text from its key "rows" on. Two records with the same text here have the
        # same layout. Empty for a record whose keys stand in another order, because such a record
        # may say something about places before the key "rows".
        self.places = places
        self.schema_text = schema_text  # _Places.schema
        self.regions_text = regions_text  # _Places.regions
        self.size = size  # of the file; everything lies inside it
        self.regions_size = regions_size  # of the smallest file in which all the regions lie
        self.schema = schema
        self.batch = batch
        self.regions = regions
        self.dictionaries = dictionaries
        self.dictionary_marks = dictionary_marks  # size and checksum of each dictionary's message
        # Made once and used for later snapshots: the values of each dictionary (_columns.Values,
        # by the dictionary's number), and the default index.
        self.values: dict[int, Any] = {}
        self.rows_index: pd.RangeIndex | None = None
        self.plan: Any = None  # a _plan.Plan for the next snapshot
        self.state = state  # of a snapshot that grows

    @property
    def rows(self) -> int:
        return self.batch.rows


def load(read: Read, size: int, kept: Layout | None = None) -> tuple[Layout, Stamp]:
    """The layout and the stamp of a file of `size` bytes.

    `kept` is the layout of an earlier snapshot of the feed. It is returned itself where it is still
    right. Raises FormatError.
    """
    if size < 64 or read(0, 8) != _MAGIC_START:
        raise FormatError("no Arrow file: its beginning is not ARROW1")
    tail = read(max(0, size - _TAIL_READ), min(size, _TAIL_READ))
    if _state.is_growing(tail, size):
        return _load_state(read, size, tail, kept)
    found = match_own(tail, size)
    if found is None:
        record = _parse_record(_read_record(read, size))
        return _lay_out(read, size, _places_of(record), b"", kept), _stamp_of(record)
    layout = lay_out_own(read, size, found, kept)
    if found[10]:  # keys that not every record has
        return layout, _stamp_of(_parse_record(_read_record(read, size)))
    return layout, Stamp(*map(int, found[:4]))


def _stamp_of(record: dict[str, Any]) -> Stamp:
    first = record.get("first", 0)
    stamp = Stamp(*[record[key] for key in _STAMP])
    return stamp._replace(first=first if first <= stamp.sequence else 0)


def _load_state(read: Read, size: int, tail: bytes, kept: Layout | None) -> tuple[Layout, Stamp]:
    """As load(), for the state that the word in `tail` says: one load of four bytes has read it."""
    state = _state.find(read, size, tail)
    footer = read(state.footer, state.own_size)
    # As if it were the end of a file of its own.
    whole = footer + state.own_size.to_bytes(4, "little") + _MAGIC_END
    value = find_record(whole, len(whole))
    if len(footer) != state.own_size or value is None:
        raise FormatError("no record of shmpub's in the footer")
    record = _parse_record(_check_record(value))
    return _lay_out(read, size, _places_of(record), b"", kept, state), _stamp_of(record)


def lay_out_own(read: Read, size: int, found: tuple[bytes, ...], kept: Layout | None) -> Layout:
    """The layout of a file with a record of our own writer. `found` is match_own()'s answer."""
    places, rows, schema, batch, dictionaries, regions, more = found[4:11]
    # The same places: only the stamp is new. The file may be larger than the last one, because the
    # stamp may have more digits. What lay inside the smaller file lies inside this one too.
    if kept is not None and kept.places == places and kept.size <= size:
        return kept
    if more:
        its = _places_of(_parse_record(_read_record(read, size)))
    else:
        text = batch + b"," + dictionaries if dictionaries else batch
        numbers = [*map(int, text.translate(None, b"[]").split(b","))]
        its = _Places(int(rows), schema, numbers[:3], numbers[3:], regions)
    return _lay_out(read, size, its, places, kept)


def match_own(tail: bytes, size: int) -> tuple[bytes, ...] | None:
    """The groups of _own_record(), when the file ends with such a record and its checksum is right.

    `tail` is the last bytes of a file of `size` bytes. None means that the general way decides.
    """
    start = tail.rfind(b"{", 0, -_TAIL)
    match = _own_record().fullmatch(tail, max(0, start))
    if match is None:
        return None
    found: tuple[bytes, ...] = match.groups()
    footer_size = int.from_bytes(tail[-_TAIL:-6], "little")
    is_inside = footer_size > size - _TAIL or start >= len(tail) - _TAIL - footer_size
    if not is_inside or zlib.crc32(tail[start : match.end(5)]) != int(found[11]):
        return None
    return found if int(found[1]) <= _MAX_U64 else None


def _read_record(read: Read, size: int) -> bytes:
    """The record's text up to its checksum, which was found to be right."""
    for wanted in (_TAIL_READ, 1 << 20, size):
        tail = read(max(0, size - wanted), min(size, wanted))
        if tail[-6:] != _MAGIC_END:
            raise FormatError("no whole Arrow file: its end is not ARROW1")
        value = find_record(tail, size)
        if value is not None:
            return _check_record(value)
    raise FormatError("no record of shmpub's in the footer")


def find_record(tail: bytes, size: int) -> bytes | None:
    """The record, which is the last thing in the footer; None when it does not end there.

    `tail` is the last bytes of a file of `size` bytes.
    """
    footer = tail[:-_TAIL]
    value = footer.rstrip(b"\0")
    start = value.rfind(b"{")
    footer_size = int.from_bytes(tail[-_TAIL:-6], "little")
    first = len(footer) - footer_size if footer_size <= size - _TAIL else 0
    if len(footer) - len(value) > 8 or start < max(0, first) or b"\0" in value[start:]:
        return None
    return value[start:]


def _check_record(value: bytes) -> bytes:
    text, _, crc = value.rpartition(_CRC_KEY)
    if crc != b"%d}" % zlib.crc32(text):
        raise FormatError("the record's checksum is wrong")
    return text


def _parse_record(text: bytes) -> dict[str, Any]:
    if not _grammar().fullmatch(text):
        raise FormatError("the record is malformed")
    try:
        pairs: list[tuple[str, Any]] = json.loads(text + b"}", object_pairs_hook=list)
    except ValueError:  # Python refuses to read numbers of very many digits
        raise FormatError("the record is malformed") from None
    record = {key: value for key, value in pairs if key in _KNOWN}
    keys = [key for key, _ in pairs if key in _KNOWN or key == "crc"]
    firsts = [value for key, value in pairs if key == "first"]
    if len(keys) != len(_KNOWN) or len(record) != len(_KNOWN) or len(firsts) > 1:
        raise FormatError("the record lacks a key, or has one twice")
    _check_integers([value for _, value in pairs])
    if record["version"] != 1:
        raise FormatError(f"the record's version is {record['version']}, not 1")
    for key in _NUMBERS:
        _number(record, key, 1 if key == "sequence" else 0)
    for key in _TIMES:
        _number(record, key, -(2**63), 2**63 - 1)
    if firsts:
        record["first"] = firsts[0]
        _number(record, "first")
    return record


def _check_integers(values: list[Any]) -> None:
    for value in values:
        if type(value) is list:
            _check_integers(value)
        elif type(value) is int and not -(2**63) <= value <= _MAX_U64:
            raise FormatError("the record has a number that is too large")


def _number(record: dict[str, Any], key: str, low: int = 0, high: int = _MAX_U64) -> int:
    value = record.get(key)
    if type(value) is not int or not low <= value <= high:
        raise FormatError(f"the record's {key} is wrong")
    return value


def _places_of(record: dict[str, Any]) -> _Places:
    regions = _flat(record["regions"], "regions", 4)
    groups = [b"[%d,%d,%d,%d]" % tuple(regions[n : n + 4]) for n in range(0, len(regions), 4)]
    return _Places(
        _number(record, "rows", 0, _batch.MAX_ROWS),
        b"%d,%d,%d,%d" % tuple(_numbers(record["schema"], "schema", 4)),
        _numbers(record["batch"], "batch", 3),
        _flat(record["dictionaries"], "dictionaries", 3),
        b",".join(groups),
    )


def _flat(value: Any, what: str, count: int) -> list[int]:
    """The numbers of a list of lists, one list after the other; each list has `count` numbers."""
    if type(value) is not list:
        raise FormatError(f"the record's {what} is wrong")
    return [n for item in value for n in _numbers(item, what, count)]


def _numbers(value: Any, what: str, count: int) -> list[int]:
    if type(value) is not list or len(value) != count:
        raise FormatError(f"the record's {what} is wrong")
    for n in value:
        if type(n) is not int or not 0 <= n <= _MAX_U64:
            raise FormatError(f"the record's {what} is wrong")
    return value


def _lay_out(
    read: Read,
    size: int,
    found: _Places,
    places: bytes,
    kept: Layout | None,
    state: State | None = None,
) -> Layout:
    if kept is not None and kept.schema_text == found.schema:
        schema, last = kept.schema, kept.batch
    else:
        kept = last = None
        place = [*map(int, found.schema.split(b","))]
        if place[3] > _MAX_U64:
            raise FormatError("the record's schema is wrong")
        schema = _arrow_schema.parse(_message(read, size, place, "schema")[0])
    message, body = _message(read, size, found.batch, "batch")
    if state is not None:
        message, body, state = _state.own_message(message, found.batch[0], state)
    batch = _batch.read(message, -1, body, size, schema, last)
    if batch.rows != found.rows:
        raise FormatError("the batch has another number of rows than the record says")
    if (
        kept is not None
        and kept.regions_text == found.regions
        and kept.regions_size <= size
        and batch.has_numbers_of(kept.batch, schema)
    ):
        regions, regions_size = kept.regions, kept.regions_size
    else:
        regions, regions_size = _check_regions(found.regions, schema, batch, size)
    layout = Layout(
        places,
        found.schema,
        found.regions,
        size,
        regions_size,
        schema,
        batch,
        regions,
        *_read_dictionaries(read, size, found.dictionaries, schema, kept),
    )
    layout.state = state
    if kept is not None:
        layout.values = kept.values
        if kept.batch.rows == batch.rows:
            layout.rows_index = kept.rows_index
    return layout


def _message(read: Read, size: int, place: list[int], what: str) -> tuple[bytes, int]:
    """The message at `place` (offset, size, checksum), and the offset where it ends."""
    offset, length, crc = place[:3]
    if offset % 8 or length % 8 or length < 16 or offset > size or length > size - offset:
        raise FormatError(f"the {what} message lies outside the file")
    message = read(offset, length)
    if len(message) != length or zlib.crc32(message) != crc:
        raise FormatError(f"the {what} message's checksum is wrong")
    return message, offset + length


def _read_dictionaries(
    read: Read, size: int, places: list[int], schema: Schema, kept: Layout | None
) -> tuple[list[Batch], list[list[int]]]:
    """Each dictionary's batch, and the size and the checksum of each one's message."""
    fields = schema.dictionaries
    if len(places) != 3 * len(fields):
        raise FormatError("the record's dictionaries are not the schema's")
    batches, marks = [], []
    for n, f in enumerate(fields):
        place = places[3 * n : 3 * n + 3]
        last = kept.dictionaries[n] if kept is not None else None
        if last is not None and kept is not None and kept.dictionary_marks[n] == place[1:]:
            # The same message at another offset: it need not be read again.
            batches.append(last.moved(place[0] + place[1], size))
        else:
            batches.append(_read_dictionary(read, size, place, f, last))
        marks.append(place[1:])
    return batches, marks


def _read_dictionary(
    read: Read, size: int, place: list[int], f: Field, last: Batch | None
) -> Batch:
    message, body = _message(read, size, place, "dictionary")
    schema = _arrow_schema.values_schema(f.type)
    batch = _batch.read(message, f.dictionary, body, size, schema, last)
    if batch.has_nulls:
        raise FormatError("a dictionary has nulls")
    return batch


def _check_regions(
    text: bytes, schema: Schema, batch: Batch, size: int
) -> tuple[list[Region], int]:
    """The regions, and the size of the smallest file in which all of them lie.

    The record lists regions in the order of their first fields, and the schema its groups too.
    """
    places = [*map(int, _digits(text))]
    if len(places) != 4 * len(schema.groups):
        raise FormatError("the record's regions are not the schema's")
    regions, least = [], 0
    for n, group in enumerate(schema.groups):
        region = _check_region(places[4 * n : 4 * n + 4], group, batch, size)
        end = region.offset + (len(group.order) - 1) * region.stride + 8 * batch.rows
        least = max(least, end, region.stride)
        regions.append(region)
    return regions, least


def _check_region(place: list[int], group: Group, batch: Batch, size: int) -> Region:
    first, offset, stride, n = place
    if first != group.order[0] or n != len(group.order):
        raise FormatError("a region is not the schema's")
    if offset % 64 or stride % 64 or not 8 * batch.rows <= stride <= size:
        raise FormatError("a region's offset or stride is wrong")
    if offset + (n - 1) * stride + 8 * batch.rows > size:
        raise FormatError("a region lies outside the file")
    if batch.rows and not batch.lie_at(group, offset, stride):
        raise FormatError("a region is not where the batch says")
    has_nulls = batch.has_nulls and any(map(batch.nulls, group.nodes))
    return Region(group, offset, stride, has_nulls)
