"""Writes snapshots and catalogs after docs/FORMAT.md alone, also such as no publisher makes.

The real publisher's files are tested in test_published.py. This one can be told to write any
sequence and epoch, and to leave a gap anywhere.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from handmade_metadata import footer, message, schema_message, structs, table

if sys.platform == "win32":
    from handmade_windows import Storage
    from handmade_windows import namespace as own_namespace
else:
    from handmade_posix import Storage
    from handmade_posix import namespace as own_namespace

RECORD_BATCH, DICTIONARY_BATCH = 3, 2


# --- columns --------------------------------------------------------------------------------------


@dataclass
class Column:
    """A column as it is written into the file."""

    name: str
    type: pa.DataType
    buffers: list[bytes]
    nulls: int
    rows: int
    metadata: dict[str, str] = field(default_factory=dict)
    dictionary: Column | None = None

    @property
    def region(self) -> Any:
        """A key that columns of one region share; None for a column that is in no region."""
        fixed = pa.types.is_int64(self.type) or pa.types.is_uint64(self.type)
        fixed = fixed or pa.types.is_float64(self.type) or pa.types.is_timestamp(self.type)
        return self.type if fixed else None


def _bits(values: Any) -> bytes:
    return np.packbits(np.asarray(values, bool), bitorder="little").tobytes()


def _validity(missing: Any) -> bytes:
    return _bits(~missing) if missing.any() else b""


def _text(values: list[str | None]) -> list[bytes]:
    raw = [b"" if v is None else v.encode() for v in values]
    return [np.cumsum([0, *map(len, raw)], dtype="<i8").tobytes(), b"".join(raw)]


def column(name: str, values: pd.Series | pd.Index, **metadata: str) -> Column:
    """Makes a column of the file of a column of pandas."""
    missing = np.asarray(values.isna())
    rows, nulls, dtype = len(values), int(missing.sum()), values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes = np.asarray(values.cat.codes if isinstance(values, pd.Series) else values.codes)
        inner = column("", dtype.categories.to_series())
        size = 1 if inner.rows <= 128 else 2 if inner.rows <= 32768 else 4
        raw = np.where(missing, 0, codes).astype(f"<i{size}").tobytes()
        type_ = pa.dictionary({1: pa.int8(), 2: pa.int16(), 4: pa.int32()}[size], inner.type)
        return Column(name, type_, [_validity(missing), raw], nulls, rows, metadata, inner)
    if isinstance(dtype, pd.StringDtype):
        text = _text([None if m else v for v, m in zip(values, missing, strict=True)])
        return Column(name, pa.large_utf8(), [_validity(missing), *text], nulls, rows, metadata)
    if dtype == np.dtype(object):
        return _object_column(name, values, missing, metadata)
    if dtype == np.dtype(bool):
        return Column(name, pa.bool_(), [b"", _bits(values)], 0, rows, metadata)
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind == "M":
        zone = str(dtype.tz).removeprefix("UTC") or "UTC" if hasattr(dtype, "tz") else None
        unit = dtype.unit if hasattr(dtype, "unit") else np.datetime_data(dtype)[0]
        array = values.array if hasattr(values, "array") else values
        raw = np.asarray(array.asi8, "<i8").tobytes()
        return Column(
            name, pa.timestamp(unit, zone), [_validity(missing), raw], nulls, rows, metadata
        )
    array = np.ascontiguousarray(values)
    return Column(
        name,
        pa.from_numpy_dtype(dtype),
        [_validity(missing), array.tobytes()],
        nulls,
        rows,
        metadata,
    )


def _object_column(name: str, values: Any, missing: Any, metadata: dict[str, str]) -> Column:
    rows, nulls = len(values), int(missing.sum())
    present = [v for v in values if v == v]
    if not rows:
        return Column(name, pa.null(), [], 0, 0, metadata)
    if all(isinstance(v, bool) for v in present):
        raw = _bits([v is True for v in values])
        metadata = {**metadata, "shmpub.kind": "bool"}
        return Column(name, pa.bool_(), [_validity(missing), raw], nulls, rows, metadata)
    text = _text([None if v != v else str(v) for v in values])
    metadata = {**metadata, "shmpub.kind": "int"}
    return Column(name, pa.large_utf8(), [_validity(missing), *text], nulls, rows, metadata)


def columns_of(frame: pd.DataFrame) -> list[Column]:
    made = []
    is_default = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    if not is_default or not frame.index.equals(pd.RangeIndex(len(frame))):
        for level in range(frame.index.nlevels):
            values = frame.index.get_level_values(level)
            made.append(_level(level, values, list(frame.columns)))
    for name, values in frame.items():
        label = {"shmpub.label": "int"} if isinstance(name, int | np.integer) else {}
        made.append(column(str(name), values, **label))
    return made


def _level(level: int, values: pd.Index, taken: list[Any]) -> Column:
    metadata = {"shmpub.index": str(level)}
    name = values.name
    if name is None:
        return column(f"__index_level_{level}__", values, **metadata, **{"shmpub.unnamed": "1"})
    if isinstance(name, int):
        metadata["shmpub.label"] = "int"
    if name in taken:
        metadata["shmpub.name"] = str(name)
        name = f"__index_level_{level}__"
    return column(str(name), values, **metadata)


# --- snapshots ------------------------------------------------------------------------------------


class _File:
    def __init__(self) -> None:
        self.out = bytearray(b"ARROW1\0\0")

    def align(self, to: int = 64) -> int:
        self.out += bytes(-len(self.out) % to)
        return len(self.out)

    def put(self, message: bytes) -> list[int]:
        at = len(self.out)
        self.out += message
        return [at, len(message), zlib.crc32(message)]


def snapshot(
    source: pd.DataFrame | list[Column],
    sequence: int = 1,
    epoch: int = 77,
    *,
    rows: int | None = None,
    changes: dict[str, Any] | None = None,
) -> bytes:
    """The bytes of a snapshot; `changes` replace keys of the record before its checksum is made."""
    columns = columns_of(source) if isinstance(source, pd.DataFrame) else source
    n = rows if rows is not None else columns[0].rows if columns else 0
    file = _File()
    schema, table_at = schema_message(columns)
    at = file.align(8)
    schema_place = [*file.put(schema), zlib.crc32(schema) << 20 | 5]
    file.align(8)
    # The batch's message must end on a multiple of 64: pad before it, which the format allows us.
    file.out += bytes(-len(file.out) % 64)
    sizes = _place(columns)
    batch_place = file.put(_batch_message(columns, n, sizes))
    body = len(file.out)
    _put_body(file, columns, sizes)
    dictionaries = [_put_dictionary(file, i, c) for i, c in enumerate(_dictionaries(columns))]
    file.align()
    file.out += b"\xff\xff\xff\xff\0\0\0\0"
    record = {
        "version": 1,
        "sequence": sequence,
        "epoch": epoch,
        "published_ns": time.time_ns(),
        "source_mtime_ns": 0,
        "read_ns": 1,
        "parse_ns": 2,
        "source_size": 3,
        "skipped_rows": 0,
        "rows": n,
        "schema": schema_place,
        "batch": batch_place,
        "dictionaries": dictionaries,
        "regions": _regions(columns, sizes, body, n),
        "later": ["a key of a later version", 1, [[]]],
    }
    assert at == 8
    record |= changes or {}
    blocks = [[*batch_place[:2], _body_size(sizes)]]
    others = [
        [*place[:2], _body_size(_place([c]))]
        for place, c in zip(dictionaries, _dictionaries(columns), strict=True)
    ]
    its_footer = footer(schema[table_at:], checked(record), blocks, others)
    return bytes(file.out) + its_footer + struct.pack("<i", len(its_footer)) + b"ARROW1"


def checked(record: dict[str, Any]) -> bytes:
    """The record's text with its checksum."""
    text = json.dumps(record, separators=(",", ":"))[:-1].encode()
    return text + b',"crc":%d}' % zlib.crc32(text)


def seal(body: bytes, record: dict[str, Any]) -> bytes:
    """`body` with a new record at its end. Nothing else in the footer is right."""
    text = checked(record)
    text += b"\0" + bytes(-(len(text) + 1) % 8)
    return body + text + struct.pack("<i", len(text)) + b"ARROW1"


def _dictionaries(columns: list[Column]) -> list[Column]:
    return [c.dictionary for c in columns if c.dictionary is not None]


def _place(columns: list[Column]) -> list[list[tuple[int, int]]]:
    """Offset and size of each column's buffers. Regions come first, not in the schema's order."""
    places: list[list[tuple[int, int]]] = [[] for _ in columns]
    at = 0
    values: dict[int, int] = {}
    order = {c.region: i for i, c in reversed(list(enumerate(columns))) if c.region is not None}
    for region in sorted(order, key=lambda r: -order[r]):
        for i, c in enumerate(columns):
            if c.region == region:
                values[i] = at
                at += -(-len(c.buffers[1]) // 64) * 64 + 64
    for i, c in enumerate(columns):
        for n, b in enumerate(c.buffers):
            if n == 1 and i in values:
                places[i].append((values[i], len(b)))
            elif not b:
                places[i].append((0, 0))
            else:
                places[i].append((at, len(b)))
                at += -(-len(b) // 64) * 64
    return places


def _batch(columns: list[Column], rows: int, places: list[list[tuple[int, int]]]) -> Any:
    nodes = [(rows, c.nulls) for c in columns]
    flat = [p for place in places for p in place]
    fields = {0: ("q", rows), 1: structs(nodes), 2: structs(flat)}
    return lambda out: table(out, fields)


def _body_size(places: list[list[tuple[int, int]]]) -> int:
    return max((-(-(a + n) // 64) * 64 for place in places for a, n in place), default=0)


def _batch_message(columns: list[Column], rows: int, places: Any) -> bytes:
    return message(RECORD_BATCH, _batch(columns, rows, places), _body_size(places))


def _put_body(file: _File, columns: list[Column], places: Any) -> None:
    start = len(file.out)
    file.out += bytes(_body_size(places))
    for c, place in zip(columns, places, strict=True):
        for b, (at, n) in zip(c.buffers, place, strict=True):
            file.out[start + at : start + at + n] = b


def _put_dictionary(file: _File, number: int, values: Column) -> list[int]:
    file.align()
    places = _place([values])
    batch = _batch([values], values.rows, places)
    fields = {0: ("q", number), 1: batch}
    place = file.put(message(DICTIONARY_BATCH, lambda out: table(out, fields), _body_size(places)))
    _put_body(file, [values], places)
    return place


def _regions(columns: list[Column], places: Any, body: int, rows: int) -> list[list[int]]:
    groups: dict[Any, list[int]] = {}
    for i, c in enumerate(columns):
        if c.region is not None:
            groups.setdefault(c.region, []).append(i)
    stride = -(-8 * rows // 64) * 64 + 64
    return [[g[0], body + places[g[0]][1][0], stride, len(g)] for g in groups.values()]


# --- catalogs and instances -----------------------------------------------------------------------


class Instance:
    """An instance, written as a publisher would, one step at a time."""

    def __init__(
        self,
        directory: Path,
        instance: str = "shmpub",
        epoch: int = 77,
        n: int = 16,
        state: int = 2,
        **how: Any,
    ):
        """`how` holds options of Storage."""
        self.path = directory / instance  # on Windows nothing is written there
        self.storage = Storage(directory, instance, **how)
        self.placed: dict[str, tuple[int, int]] = {}  # number and size of the newest snapshot
        self.epoch = epoch
        self.names: list[str] = []
        header = bytearray(4096 + 1024 * n)
        struct.pack_into(
            "<8sIIIIQQQ48s",
            header,
            0,
            b"SHMPUBC\x01",
            1,
            4096,
            1024,
            n,
            0,
            0,
            epoch,
            instance.encode(),
        )
        struct.pack_into("<I", header, 100, zlib.crc32(header[:100]))
        struct.pack_into("<IIQQq", header, 128, 0, state, 0, os.getpid(), time.time_ns())
        self.words = self.storage.make_catalog(bytes(header))

    def process(self, pid: int, start: int = 0, namespace: int | None = None) -> None:
        """Write which process publishes; by default it is in this process's pid namespace."""
        self.put("<Q", 144, pid)
        self.put("<QQ", 192, start, own_namespace() if namespace is None else namespace)

    def heartbeat(self, at_ns: int, interval_ms: int, started_ns: int = 0) -> None:
        self.put("<Q", 136, at_ns)
        self.put("<q", 152, started_ns)
        self.put("<Q", 184, interval_ms)

    def put(self, fmt: str, at: int, *values: Any) -> None:
        self.words[at : at + struct.calcsize(fmt)] = np.frombuffer(struct.pack(fmt, *values), "u1")

    def slot(self, name: str) -> int:
        if name not in self.names:
            at = 4096 + 1024 * len(self.names)
            self.names.append(name)
            self.put("<48s", at, name.encode())
            self.put("<I", at + 48, 1)
            self.put("<Q", 160, len(self.names))
            self.news()
        return 4096 + 1024 * self.names.index(name)

    def news(self) -> None:
        self.put("<I", 128, (int(self.words[128:132].view("<u4")[0]) + 1) & 0xFFFFFFFF)
        self.wake(128)

    def wake(self, at: int) -> None:
        """Wake those who sleep on the word at that offset."""
        self.storage.wake(self.words, at)

    def give(self, name: str, to: str) -> int:
        """Give the slot of a removed feed to another feed, in the order of docs/FORMAT.md."""
        at = 4096 + 1024 * self.names.index(name)
        generation = int(self.words[at + 896 : at + 904].view("<u8")[0])
        self.put("<Q", at + 896, generation + 1)
        self.put("<IIQ", at + 48, 0, 0, 0)
        self.put("<840s", at + 56, b"")
        self.put("<48s", at, to.encode())
        self.put("<Q", at + 896, generation + 2)
        self.put("<I", at + 48, 1)
        self.names[self.names.index(name)] = to
        self.news()
        return at

    def looked(self, name: str, at_ns: int) -> None:
        self.put("<q", self.slot(name) + 352, at_ns)

    def place(self, name: str, content: bytes) -> None:
        """Make it the snapshot that the feed's readers find from now on."""
        self.placed[name] = self.storage.place(name, content)
        if name in self.names:
            at = self.slot(name)
            sequence = int(self.words[at + 56 : at + 64].view("<u8")[0])
            self.put("<QQ", at + 64 + 128 * (sequence & 1) + 8, *self.placed[name])

    def content(self, name: str) -> bytes:
        return self.storage.content(name)

    def lose(self, name: str) -> None:
        """Remove the feed's snapshot, but leave the catalog as it is."""
        self.storage.lose(name)

    def announce(
        self, name: str, sequence: int, rows: int = 0, columns: int = 0, mtime_ns: int = 0
    ) -> None:
        at = self.slot(name)
        number, size = self.placed.get(name, (1, 5))
        words = sequence, number, size, rows, columns, time.time_ns(), mtime_ns
        self.put("<QQQQQqq", at + 64 + 128 * (sequence & 1), *words)
        self.put("<Q", at + 56, sequence)
        self.put("<I", at + 48, 2)
        self.put("<I", at + 52, sequence & 0xFFFFFFFF)
        self.wake(at + 52)

    def publish(self, name: str, frame: pd.DataFrame, sequence: int) -> None:
        self.place(name, snapshot(frame, sequence, self.epoch))
        self.announce(name, sequence, len(frame), frame.shape[1])

    def fail(self, name: str, line: str) -> None:
        at = self.slot(name)
        self.put("<I", at + 48, 4)
        self.put("<512s", at + 384, line.encode())

    def set_state(self, state: int) -> None:
        self.put("<I", 132, state)

    def remove(self, name: str) -> None:
        self.put("<I", self.slot(name) + 48, 5)
        self.lose(name)
        self.news()
