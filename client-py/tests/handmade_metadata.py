"""Arrow's metadata for handmade snapshots: flatbuffers, messages, the schema, the footer."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from handmade import Column


def table(out: bytearray, fields: dict[int, Any]) -> int:
    """Append a vtable and a table; values are (format, number) or functions that append a child."""
    n = max(fields, default=-1) + 1
    sizes = {
        i: struct.calcsize("<" + v[0]) if isinstance(v, tuple) else 4 for i, v in fields.items()
    }
    places, at = {}, 4
    for i in sorted(fields, key=lambda i: -sizes[i]):
        at = -(-at // sizes[i]) * sizes[i]
        places[i] = at
        at += sizes[i]
    start = -(-(len(out) + 4 + 2 * n) // 8) * 8
    vtable = start - (4 + 2 * n)
    out += bytes(vtable - len(out))
    out += struct.pack(f"<HH{n}H", 4 + 2 * n, at, *[places.get(i, 0) for i in range(n)])
    out += struct.pack("<i", start - vtable) + bytes(at - 4)
    for i, value in fields.items():
        where = start + places[i]
        if isinstance(value, tuple):
            struct.pack_into("<" + value[0], out, where, value[1])
        else:
            struct.pack_into("<I", out, where, value(out) - where)
    return start


def structs(rows: list[tuple[int, int]]) -> Any:
    def append(out: bytearray) -> int:
        out += bytes(-(len(out) + 4) % 8)
        at = len(out)
        out += struct.pack("<I", len(rows))
        for row in rows:
            out += struct.pack("<qq", *row)
        return at

    return append


def message(kind: int, header: Any, body_size: int) -> bytes:
    out = bytearray(4)
    at = table(out, {0: ("h", 4), 1: ("B", kind), 2: header, 3: ("q", body_size)})
    struct.pack_into("<I", out, 0, at)
    out += bytes(-(len(out) + 8) % 64)
    return struct.pack("<iI", -1, len(out)) + bytes(out)


TYPES = {"null": 1, "int": 2, "float": 3, "bool": 6, "timestamp": 10, "large_string": 20}


def _string(value: str | bytes) -> Any:
    raw = value.encode() if isinstance(value, str) else value

    def append(out: bytearray) -> int:
        out += bytes(-len(out) % 4)
        at = len(out)
        out += struct.pack("<I", len(raw)) + raw + b"\0"
        return at

    return append


def _vector(children: list[Any]) -> Any:
    """A vector of tables or texts; each child is a function that appends itself."""

    def append(out: bytearray) -> int:
        out += bytes(-len(out) % 4)
        at = len(out)
        out += struct.pack("<I", len(children)) + bytes(4 * len(children))
        for place, child in zip(
            range(at + 4, at + 4 + 4 * len(children), 4), children, strict=True
        ):
            struct.pack_into("<I", out, place, child(out) - place)
        return at

    return append


def _child(fields: dict[int, Any]) -> Any:
    return lambda out: table(out, fields)


def _pairs(metadata: dict[str, str]) -> Any:
    return _vector([_child({0: _string(k), 1: _string(v)}) for k, v in metadata.items()])


def _type(type_: pa.DataType) -> tuple[int, Any]:
    if pa.types.is_integer(type_):
        is_signed = ("B", int(pa.types.is_signed_integer(type_)))
        return TYPES["int"], _child({0: ("i", type_.bit_width), 1: is_signed})
    if pa.types.is_float64(type_):
        return TYPES["float"], _child({0: ("h", 2)})
    if pa.types.is_timestamp(type_):
        unit: dict[int, Any] = {0: ("h", ["s", "ms", "us", "ns"].index(type_.unit))}
        return TYPES["timestamp"], _child(unit | ({1: _string(type_.tz)} if type_.tz else {}))
    return TYPES[str(type_)], _child({})


def _field(c: Column, number: int) -> Any:
    is_coded = pa.types.is_dictionary(c.type)
    kind, detail = _type(c.type.value_type if is_coded else c.type)
    fields = {0: _string(c.name), 1: ("B", 1), 2: ("B", kind), 3: detail}
    if is_coded:
        fields[4] = _child({0: ("q", number), 1: _type(c.type.index_type)[1]})
    if c.metadata:
        fields[6] = _pairs(c.metadata)
    return _child(fields)


def schema_message(columns: list[Column]) -> tuple[bytes, int]:
    """The message, and where in it the Schema table begins, before all that it refers to."""
    numbers, fields = 0, []
    for c in columns:
        fields.append(_field(c, numbers))
        numbers += c.dictionary is not None
    metadata = {"pandas": "{}", "shmpub.version": "1", "shmpub.feed": "f", "shmpub.source": ""}
    start = 0

    def header(out: bytearray) -> int:
        nonlocal start
        out += bytes(-len(out) % 8)
        start = len(out)
        # The vtable stands after the table, so the offset to it is below 0.
        out += struct.pack("<iII", -12, 0, 0) + struct.pack("<5H", 10, 12, 0, 4, 8) + bytes(2)
        for place, child in ((start + 4, _vector(fields)), (start + 8, _pairs(metadata))):
            struct.pack_into("<I", out, place, child(out) - place)
        return start

    return message(1, header, 0), 8 + start


def footer(schema: bytes, record: bytes, batches: list[Any], dictionaries: list[Any]) -> bytes:
    """`schema` is all from the Schema table on; each place is offset, size, size of the body."""

    def append_schema(out: bytearray) -> int:
        out += bytes(-len(out) % 8)
        out += schema
        return len(out) - len(schema)

    def blocks(places: list[Any]) -> Any:
        def append(out: bytearray) -> int:
            out += bytes(-(len(out) + 4) % 8)
            at = len(out)
            out += struct.pack("<I", len(places))
            for offset, size, body in places:
                out += struct.pack("<qiiq", offset, size, 0, body)
            return at

        return append

    out = bytearray(4)
    entry = _child({0: _string("shmpub"), 1: _string(record)})
    parts = {0: ("h", 4), 1: append_schema, 2: blocks(dictionaries), 3: blocks(batches)}
    struct.pack_into("<I", out, 0, table(out, parts | {4: _vector([entry])}))
    return bytes(out) + bytes(-len(out) % 8)
