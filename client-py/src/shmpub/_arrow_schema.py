"""What a snapshot's schema message says: types, names, and which columns are the index.

A Schema is parsed once and used for every later snapshot whose record has the same `schema` array:
docs/FORMAT.md promises that the schema message has the same bytes then. So everything that depends
on names and types alone is computed and kept here: which buffers each column has and how long they
must be, which columns share a region, the labels as a pandas Index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import _flatbuf
from ._blocks import PLAIN, TIMES, Seat, frozen_index
from ._errors import FormatError
from ._once import once

Indices = npt.NDArray[np.int64]
Pattern = tuple[bool, ...]  # for each column, whether it has nulls

_UNITS = ("s", "ms", "us", "ns")
# Patterns as text: re compiles each when it is used first, and keeps it.
_DECIMAL = r"0|[1-9]\d{0,18}"
_ZONE = r"[A-Za-z0-9_+/:-]{1,63}"
_MAX_LEVEL = 63
_SCHEMA_KEYS = frozenset(["shmpub.feed", "shmpub.source", "shmpub.version", "pandas"])
_MARKS = frozenset(
    "shmpub." + key for key in ("kind", "index", "unnamed", "name", "label", "timezone")
)
_OFFSET = r"[+-](?:[01]\d|2[0-3]):[0-5]\d"
_SCHEMA_MESSAGE = 1
_V5 = 4

# Arrow's numbers for the members of its Type union
_NULL, _INT, _FLOAT, _BOOL, _TIMESTAMP, _LARGE_UTF8 = 1, 2, 3, 6, 10, 20


class Type(NamedTuple):
    """The type of a column's values. `dtype` is None where NumPy has no view of such values."""

    name: str  # null, bool, int64, uint64, float64, timestamp or text
    dtype: np.dtype[Any] | None = None
    timezone: str | None = None

    @property
    def is_numeric(self) -> bool:
        return self.dtype is not None


_TYPES = {
    (_INT, 64, True): Type("int64", np.dtype("<i8")),
    (_INT, 64, False): Type("uint64", np.dtype("<u8")),
}


class Field(NamedTuple):
    """A column of the file: a column of the DataFrame, or a level of its index."""

    position: int
    name: str
    label: Any  # what pandas shows: the name, an int, or None for an unnamed level
    type: Type
    code_size: int  # bytes of a dictionary code; 0 when the column has no dictionary
    dictionary: int  # the dictionary's number; -1 when the column has none
    kind: str  # the mark shmpub.kind: "int", "bool", or "" where it is absent
    level: int  # the number of the index's level; -1 for a column of the DataFrame
    node: int
    buffer: int  # the number of its first buffer, which is the validity


Single = tuple[Field, Seat]


class Run(NamedTuple):
    """Columns [start, stop) of a group, all of the DataFrame: no level of the index is between."""

    start: int
    stop: int
    seat: Seat
    is_all: bool  # whether it is the whole group


class Group(NamedTuple):
    """All the file's columns of one plain numeric type; they lie in one region."""

    type: Type
    fields: tuple[Field, ...]
    nodes: tuple[int, ...]
    buffers: tuple[int, ...]  # the numbers of the buffers with the values
    offset_indices: tuple[int, ...]  # the indices of these buffers' offsets in Batch.buffers
    offsets_at: Indices | slice  # the same, to index a NumPy array with
    runs: tuple[Run, ...]
    order: tuple[int, ...]  # the fields' positions
    singles: tuple[Single, ...]  # for when each column of the DataFrame must be its own block
    is_integer: bool
    kind: int  # of its blocks: one of the kinds of _blocks


class Schema:
    """Everything about a table that does not change from snapshot to snapshot."""

    def __init__(self, fields: tuple[Field, ...], message: bytes) -> None:
        self.fields = fields
        self.message = message  # the schema message that this was parsed from
        self.n_buffers = sum(map(_n_buffers, fields))

    @once
    def columns(self) -> tuple[Field, ...]:
        """The DataFrame's columns, in order."""
        return tuple(f for f in self.fields if f.level < 0)

    @once
    def levels(self) -> tuple[Field, ...]:
        """The index's levels, in order; empty for the default index."""
        levels = sorted((f for f in self.fields if f.level >= 0), key=lambda f: f.level)
        if [f.level for f in levels] != list(range(len(levels))):
            raise FormatError("levels of the index are missing or twice there")
        return tuple(levels)

    @once
    def labels(self) -> pd.Index:
        labels = [f.label for f in self.columns]
        if not labels:
            return pd.Index([], dtype=object)
        return frozen_index(pd.Index(labels))

    @once
    def source(self) -> str:
        """Where the publisher has the table from; empty when it does not say."""
        header = message_tables(self.message, _SCHEMA_MESSAGE)[1]
        return header.key_values(2, _SCHEMA_KEYS).get("shmpub.source", "")

    @once
    def places(self) -> dict[int, int]:
        """A column's position among the DataFrame's columns, by its position in the file."""
        return {f.position: i for i, f in enumerate(self.columns)}

    @once
    def seats(self) -> dict[int, Seat]:
        """The seat of each column as a block of its own, by the column's position in the file."""
        return {f.position: Seat([place]) for place, f in enumerate(self.columns)}

    @once
    def singles(self) -> tuple[Single, ...]:
        """The DataFrame's columns that always are blocks of their own."""
        grouped = {n for g in self.groups if g.type.timezone is None for n in g.order}
        return tuple(
            [(f, self.seats[f.position]) for f in self.columns if f.position not in grouped]
        )

    @once
    def export_names(self) -> list[Any]:
        """The fields' names in numpy() and arrow(), where levels of the index are columns too."""
        taken = {f.label for f in self.columns}
        return [
            f.name if f.level >= 0 and (f.label is None or f.label in taken) else f.label
            for f in self.fields
        ]

    @once
    def groups(self) -> tuple[Group, ...]:
        members: dict[Type, list[Field]] = {}
        for f in self.fields:
            if f.type.is_numeric and f.dictionary < 0:
                members.setdefault(f.type, []).append(f)
        return tuple(self._group(type_, fields) for type_, fields in members.items())

    def _group(self, type_: Type, fields: list[Field]) -> Group:
        return Group(
            type=type_,
            fields=tuple(fields),
            nodes=tuple(f.node for f in fields),
            buffers=tuple(f.buffer + 1 for f in fields),
            offset_indices=tuple(2 * f.buffer + 2 for f in fields),
            offsets_at=_indices([2 * f.buffer + 2 for f in fields]),
            runs=tuple(self._runs(fields)),
            order=tuple(f.position for f in fields),
            singles=tuple([(f, self.seats[f.position]) for f in fields if f.level < 0]),
            is_integer=type_.name in ("int64", "uint64"),
            kind=TIMES if type_.name == "timestamp" else PLAIN,
        )

    def _runs(self, fields: list[Field]) -> Iterator[Run]:
        """The runs of a group. Levels of the index are left out, and part one run from another."""
        start = 0
        for stop in range(len(fields) + 1):
            if stop == len(fields) or fields[stop].level >= 0:
                if start < stop:
                    places = [self.places[f.position] for f in fields[start:stop]]
                    yield Run(start, stop, Seat(places), stop - start == len(fields))
                start = stop + 1

    @once
    def number_offsets(self) -> list[int]:
        """The indices in Batch.buffers of the offsets of all groups' values."""
        return [index for group in self.groups for index in group.offset_indices]

    @once
    def needs(self) -> list[tuple[int, int, int]]:
        """How large each buffer must be, as three numbers.

        Bits for each row; bits besides, 7 of them to round up to bytes; and the column's node when
        the buffer is a validity, which only a column with nulls needs, else -1.
        """
        return [
            (bits, besides + 7, f.node if is_validity else -1)
            for f in self.fields
            for bits, besides, is_validity in _buffer_sizes(f)
        ]

    def needed_sizes(self, rows: int, pattern: Pattern) -> list[int]:
        """How many bytes each buffer must have at least."""
        # Mostly the answer for the last batch is right again. The item of the list is replaced as
        # a whole, because several threads may run this at once.
        last_rows, last_pattern, sizes = self._last_needed[0]
        if last_rows != rows or last_pattern != pattern:
            sizes = [
                0 if node >= 0 and not pattern[node] else (bits * rows + extra) >> 3
                for bits, extra, node in self.needs
            ]
            self._last_needed[0] = rows, pattern, sizes
        return sizes

    @once
    def _last_needed(self) -> list[tuple[int, Pattern, list[int]]]:
        return [(-1, (), [])]

    @once
    def sizes(self) -> tuple[Indices, Indices, Indices]:
        """`needs` as arrays."""
        bits, extra, nodes = np.array(self.needs, np.int64).reshape(-1, 3).T.copy()
        return bits, extra, nodes

    def needed_array(
        self, rows: int, nulls: npt.NDArray[np.uint64] | None
    ) -> npt.NDArray[np.uint64]:
        """needed_sizes() as an array; `nulls` counts them by column, None where there are none."""
        if nulls is None:
            bits, extra = self.sizes_without_nulls
            return (bits * np.uint64(rows) + extra) >> np.uint64(3)
        all_bits, all_extra, nodes = self.sizes
        needed = ((all_bits * rows + all_extra) >> 3).astype(np.uint64)
        needed[(nodes >= 0) & (nulls[nodes] == 0)] = 0
        return needed

    @once
    def sizes_without_nulls(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        """The first two arrays of `sizes` for a table without nulls: a validity needs nothing."""
        bits, extra, nodes = self.sizes
        is_needed = (nodes < 0).astype(np.uint64)
        return bits.astype(np.uint64) * is_needed, extra.astype(np.uint64) * is_needed

    @once
    def texts(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.type.name == "text" and f.dictionary < 0)

    @once
    def as_arrow(self) -> Any:
        """The pyarrow.Schema. It is made of the tables that were checked, not parsed by pyarrow."""
        import pyarrow as pa

        _, header = message_tables(self.message, _SCHEMA_MESSAGE)
        fields = []
        for f, table in zip(self.fields, header.tables(1), strict=True):
            type_ = _arrow_type(pa, parse_type(table))
            if f.code_size:
                codes = {1: pa.int8(), 2: pa.int16(), 4: pa.int32()}[f.code_size]
                type_ = pa.dictionary(codes, type_)
            fields.append(pa.field(f.name, type_, True, dict(table.pairs(6)) or None))
        return pa.schema(fields, dict(header.pairs(2)))

    @once
    def arrow_types(self) -> list[Any]:
        types: list[Any] = self.as_arrow.types
        return types

    @once
    def dictionaries(self) -> tuple[Field, ...]:
        """The fields that have a dictionary; the n-th uses dictionary n."""
        return tuple(f for f in self.fields if f.dictionary >= 0)


def _indices(numbers: list[int]) -> Indices | slice:
    """The numbers as indices of an array: a slice, which is faster, where they are a range."""
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    regular = range(numbers[0], numbers[-1] + 1, step)
    if list(regular) == numbers:
        return slice(regular.start, regular.stop, regular.step)
    return np.array(numbers, np.int64)


def _arrow_type(pa: Any, type_: Type) -> Any:
    if type_.name == "timestamp" and type_.dtype is not None:
        return pa.timestamp(np.datetime_data(type_.dtype)[0], type_.timezone)
    names = {"bool": "bool_", "text": "large_utf8"}
    return getattr(pa, names.get(type_.name, type_.name))()


@lru_cache(64)
def values_schema(type_: Type) -> Schema:
    """The schema of a dictionary's batch: one column, the values."""
    return Schema((Field(0, "", "", type_, 0, -1, "", -1, 0, 0),), b"")


def _n_buffers(f: Field) -> int:
    return len(_buffer_sizes(f))


def _buffer_sizes(f: Field) -> list[tuple[int, int, bool]]:
    validity = (1, 0, True)
    if f.code_size:
        return [validity, (8 * f.code_size, 0, False)]
    if f.type.name == "null":
        return []
    if f.type.name == "bool":
        return [validity, (1, 0, False)]
    if f.type.name == "text":
        return [validity, (64, 64, False), (0, 0, False)]
    return [validity, (64, 0, False)]


def parse(message: bytes, is_on_its_own: bool = False) -> Schema:
    """The schema of an encapsulated schema message; raises FormatError.

    With `is_on_its_own` a Schema table that refers to anything before its own start is refused. The
    bytes from that start on are the whole schema then, so that they can be compared.
    """
    header = message_tables(message, _SCHEMA_MESSAGE)[1]
    if is_on_its_own:
        header = header.on_its_own()
    if header.int16(0) != 0:
        raise FormatError("the schema says big-endian")
    if header.key_values(2, _SCHEMA_KEYS).get("shmpub.version") != "1":
        raise FormatError("the schema's metadata is of another version")
    fields: list[Field] = []
    n_dictionaries = n_buffers = 0
    for position, table in enumerate(header.tables(1)):
        f = _parse_field(table, position, n_dictionaries, n_buffers)
        n_dictionaries += f.dictionary >= 0
        n_buffers += _n_buffers(f)
        fields.append(f)
    schema = Schema(tuple(fields), message)
    _ = schema.levels  # raises FormatError when the levels are not 0, 1, 2, ...
    return schema


def table_of(message: bytes) -> tuple[bytes, int]:
    """The bytes from the start of the Schema table on, and the table's position in them.

    The position is not 0 where the table's vtable stands before it.
    """
    header = message_tables(message, _SCHEMA_MESSAGE)[1]
    return message[8 + header.start :], header.at - header.start


def message_tables(message: bytes, kind: int) -> tuple[_flatbuf.Table, _flatbuf.Table]:
    """The Message table of an encapsulated message, and the table of its header.

    Raises FormatError unless the header is of the given kind.
    """
    size = int.from_bytes(message[4:8], "little")
    if message[:4] != b"\xff\xff\xff\xff" or size != len(message) - 8:
        raise FormatError("a message's prefix is wrong")
    table = _flatbuf.root(message[8:])
    if table.int16(0) != _V5 or table.byte(1) != kind:
        raise FormatError("a message is of another kind or version")
    table.int64(3)  # raises FormatError where the body's size lies outside the table
    header = table.table(2)
    if header is None:
        raise FormatError("a message has no header")
    return table, header


def _parse_field(table: _flatbuf.Table, position: int, n_dictionaries: int, buffer: int) -> Field:
    name = table.text(0)
    if name is None:
        raise FormatError("a field has no name")
    if table.vector(5, 4)[1]:
        raise FormatError("a field has children")
    marks = table.key_values(6, _MARKS)
    type_ = _parse_zone(parse_type(table), marks.get("shmpub.timezone"))
    code_size, dictionary = _parse_dictionary(table.table(4), n_dictionaries)
    level = -1
    if "shmpub.index" in marks:
        level = _parse_number(marks["shmpub.index"], _MAX_LEVEL, "a level of the index")
    return Field(
        position=position,
        name=name,
        label=_parse_label(name, marks, level),
        type=type_,
        code_size=code_size,
        dictionary=dictionary,
        kind=_parse_kind(marks.get("shmpub.kind"), type_, code_size),
        level=level,
        node=position,
        buffer=buffer,
    )


def _parse_kind(kind: str | None, type_: Type, code_size: int) -> str:
    if kind is None:
        return ""
    if code_size or {"int": "text", "bool": "bool"}.get(kind) != type_.name:
        raise FormatError("a field is of another kind than its type can be")
    return kind


def _parse_dictionary(encoding: _flatbuf.Table | None, number: int) -> tuple[int, int]:
    if encoding is None:
        return 0, -1
    index = encoding.table(1)
    bits, is_signed = (0, False) if index is None else (index.int32(0), bool(index.byte(1)))
    if encoding.int64(0) != number or bits not in (8, 16, 32) or not is_signed:
        raise FormatError("a dictionary's number or the type of its codes is wrong")
    if encoding.byte(2):
        raise FormatError("a dictionary is ordered")
    return bits // 8, number


def _parse_number(text: str, most: int, what: str) -> int:
    if not re.fullmatch(_DECIMAL, text, re.ASCII) or int(text) > most:
        raise FormatError(f"{what} is no number")
    return int(text)


def _parse_label(name: str, marks: dict[str, str], level: int) -> Any:
    unnamed, other = marks.get("shmpub.unnamed"), marks.get("shmpub.name")
    label = marks.get("shmpub.label")
    if (unnamed is not None or other is not None) and level < 0:
        raise FormatError("a column has a mark that only levels of the index have")
    if unnamed is not None:
        if unnamed != "1" or other is not None or label is not None:
            raise FormatError("a level without a name has one")
        return None
    name = name if other is None else other
    if label is None:
        return name
    if label != "int":
        raise FormatError("a label is of an unknown kind")
    return _parse_number(name, 2**63 - 1, "a column's label")


def _parse_zone(type_: Type, mark: str | None) -> Type:
    """The type with the offset of the mark shmpub.timezone, where the field has that mark.

    The type itself says UTC then, because other readers cannot use such an offset.
    """
    if mark is None:
        return type_
    if type_.timezone != "UTC" or not re.fullmatch(_OFFSET, mark, re.ASCII):
        raise FormatError("a field's time zone is wrong")
    return type_._replace(timezone=mark)


def parse_type(table: _flatbuf.Table) -> Type:
    kind, detail = table.byte(2), table.table(3)
    if detail is None:
        raise FormatError("a field has no type")
    if kind in (_NULL, _BOOL, _LARGE_UTF8):
        return Type({_NULL: "null", _BOOL: "bool", _LARGE_UTF8: "text"}[kind])
    if kind == _INT:
        found = _TYPES.get((_INT, detail.int32(0), bool(detail.byte(1))))
        if found is not None:
            return found
    if kind == _FLOAT and detail.int16(0) == 2:
        return Type("float64", np.dtype("<f8"))
    if kind == _TIMESTAMP and 0 <= detail.int16(0) < len(_UNITS):
        zone = detail.text(1)
        if zone is not None and not re.fullmatch(_ZONE, zone, re.ASCII):
            raise FormatError("a time zone has bytes that none has")
        return Type("timestamp", np.dtype(f"<M8[{_UNITS[detail.int16(0)]}]"), zone)
    raise FormatError("a field has a type that the format does not know")
