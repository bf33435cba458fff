"""judge.py PACK: tests/tools/full_check.c in Python: what the client's full check says of each.

A program of its own, so that what kills it is seen as such. The table is described from the
footer's side (`arrow()`), and what `df` shows must be the same.
"""

from __future__ import annotations

import os
import struct
import sys
import warnings
import zlib
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shmpub
from shmpub import _snapshot

MAX_CELLS = 1_000_000
TYPES = {"null": 0, "bool": 1, "int64": 2, "uint64": 3, "double": 4, "large_string": 6}
UNITS = ["s", "ms", "us", "ns"]
KINDS = {b"": 0, b"int": 1, b"bool": 2}


def words(array: pa.Array) -> list[str]:
    """Each cell as full_check.c writes it."""
    valid = array.is_valid().to_pylist()
    if pa.types.is_null(array.type):
        return ["null"] * len(array)
    if pa.types.is_boolean(array.type):
        found = [str(int(v or 0)) for v in array.to_pylist()]
    elif pa.types.is_large_string(array.type):
        found = [(v or b"").hex() for v in array.cast(pa.large_binary()).to_pylist()]
    else:
        buffer = array.buffers()[1]
        view = np.frombuffer(buffer, np.uint64, len(array), 8 * array.offset) if len(array) else []
        found = [str(v) for v in view]
    return [f if ok else "null" for f, ok in zip(found, valid, strict=True)]


def described(field: pa.Field, array: pa.Array) -> str:
    marks = field.metadata or {}
    type_, dictionary = field.type, None
    if pa.types.is_dictionary(type_):
        dictionary = array.dictionary
        type_ = type_.value_type
    name = marks.get(b"shmpub.name", field.name.encode())
    unit, zone = 0, "-"
    if pa.types.is_timestamp(type_):
        unit, zone = UNITS.index(type_.unit), type_.tz or "-"
        zone = marks.get(b"shmpub.timezone", zone.encode()).decode()
    text = (b"" if b"shmpub.unnamed" in marks else name).hex()
    text += f" type {TYPES.get(str(type_), 5)} unit {unit} zone {zone}"
    text += f" kind {KINDS[marks.get(b'shmpub.kind', b'')]}"
    text += f" level {int(marks.get(b'shmpub.index', b'-1'))}"
    text += f" unnamed {int(b'shmpub.unnamed' in marks)} label {int(b'shmpub.label' in marks)}\n"
    if dictionary is None:
        return text + "".join(w + " " for w in words(array)) + "\n"
    values = words(dictionary)
    codes = array.indices.to_pylist()
    text += "".join(("null" if c is None else values[c]) + " " for c in codes) + "\n"
    size = array.indices.type.bit_width // 8
    text += f"dictionary of codes of {size} bytes: " + "".join(v + " " for v in values)
    return text + "\n"


def description(table: pa.Table) -> str:
    arrays = [c.chunk(0) if c.num_chunks else c.combine_chunks() for c in table.columns]
    found = [described(f, a) for f, a in zip(table.schema, arrays, strict=True)]
    return f"{table.num_rows} rows\n" + "".join(found)


# --- the frame ----------------------------------------------------------------------------------


def arrow_cells(field: pa.Field, column: pa.ChunkedArray) -> list[Any]:
    """The cells as pandas shows them, None where there is no value; timestamps as their numbers."""
    if pa.types.is_dictionary(field.type):
        column = column.combine_chunks().dictionary_decode()
    if pa.types.is_timestamp(column.type):
        return [None if v == -(2**63) else v for v in column.cast(pa.int64()).to_pylist()]
    found = column.to_pylist()
    if (field.metadata or {}).get(b"shmpub.kind") == b"int":
        return [None if v is None else int(v) for v in found]
    return [None if v != v else v for v in found]


def frame_cells(values: pd.Series | pd.Index) -> list[Any]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        kept = frame_cells(values.dtype.categories) if len(values) else []
        return [None if code < 0 else kept[code] for code in pd.Categorical(values).codes]
    if values.dtype.kind == "M":
        numbers = np.asarray(values.astype("int64" if not values.hasnans else object))
        return [None if v is pd.NaT else getattr(v, "_value", v) for v in numbers.tolist()]
    return [None if v is None or v != v else v for v in values.tolist()]


def check_frame(frame: pd.DataFrame, table: pa.Table) -> None:
    """The frame's cells are the table's."""
    place = 0
    for field, column in zip(table.schema, table.columns, strict=True):
        level = int((field.metadata or {}).get(b"shmpub.index", b"-1"))
        if level < 0:
            values = frame.iloc[:, place]
            place += 1
        else:
            values = frame.index.get_level_values(level)
        want, got = arrow_cells(field, column), frame_cells(values)
        if values.dtype == "float64":  # integers with nulls among them
            want = [None if v is None else float(v) for v in want]
        assert got == want, (field, got[:5], want[:5])


def judge(data: bytes) -> str:
    try:
        snapshot = _snapshot.from_bytes(data, verify="full")
    except shmpub.FormatError as error:
        return f"reject {str(error)!a}"
    try:
        table = snapshot.arrow()
    except (pa.ArrowInvalid, OSError, shmpub.FormatError):
        # Arrow looks at more of a flatbuffer than the format does. No table is no other table.
        return "accept none"
    if table.num_rows > MAX_CELLS // (table.num_columns + 1):
        return "accept 00000000"
    table.validate(full=True)
    text = description(table)
    if "FULL_CHECK_DUMP" in os.environ:
        print(text)
    try:
        check_frame(snapshot.df, table)
    except shmpub.FormatError as error:
        if "time zone" not in str(error):
            raise
    return f"accept {zlib.crc32(text.encode()):08x}"


def main() -> None:
    warnings.simplefilter("ignore")
    with open(sys.argv[1], "rb") as pack:
        while size := pack.read(4):
            try:
                print(judge(pack.read(struct.unpack("<I", size)[0])), flush=True)
            except Exception as error:
                print(f"fails {error!a}", flush=True)


if __name__ == "__main__":
    main()
