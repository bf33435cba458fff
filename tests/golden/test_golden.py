"""Every golden snapshot is the same table to pyarrow, Polars, DuckDB and pandas.

Beside each NAME.arrow lies NAME.json with what is in it (tests/tools/golden_make.c). Also here: the
promises of docs/FORMAT.md that those readers do not need and ours do (record, CRCs, alignment,
constant strides), read with nothing but struct, json and zlib.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc
import pytest

HERE = Path(__file__).parent
GOOD = sorted(HERE.glob("*.arrow"))
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@pytest.fixture(params=GOOD, ids=lambda p: p.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def expected(path: Path) -> dict[str, Any]:
    return json.loads(path.with_suffix(".json").read_text())


def test_there_are_files() -> None:
    assert len(GOOD) >= 18


# --- one form for every reader's cells ---------------------------------------------------------


def plain(array: pa.Array | pa.ChunkedArray, want: dict[str, Any]) -> list[Any]:
    """Python values; timestamps as counts of the expected unit."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if want["type"] != "timestamp":
        return array.to_pylist()
    got, unit = UNITS[array.type.unit], UNITS[want["unit"]]
    return [v if v is None else v * unit // got for v in array.cast(pa.int64()).to_pylist()]


def same(got: Any, want: Any) -> bool:
    if got is None or want is None:
        return got is want
    if isinstance(want, float) and isinstance(got, float):
        return repr(got) == repr(want)
    return type(got) is type(want) and got == want


def check_arrow(table: pa.Table, expected: dict[str, Any]) -> None:
    assert table.num_columns == len(expected["columns"])
    for array, want in zip(table.columns, expected["columns"], strict=True):
        got = plain(array, want)
        assert len(got) == expected["rows"]
        assert all(map(same, got, want["values"])), (want["name"], got, want["values"])


# --- the readers -------------------------------------------------------------------------------

ARROW_TYPES = {
    "null": pa.null(),
    "bool": pa.bool_(),
    "int64": pa.int64(),
    "uint64": pa.uint64(),
    "float64": pa.float64(),
    "text": pa.large_string(),
}


def arrow_type(want: dict[str, Any]) -> pa.DataType:
    if want["type"] == "timestamp":
        zone = want.get("timezone")
        return pa.timestamp(want["unit"], "UTC" if zone and zone.endswith(":30") else zone)
    return ARROW_TYPES[want["type"]]


def test_pyarrow(path: Path, expected: dict[str, Any]) -> None:
    table = ipc.open_file(path).read_all()
    table.validate(full=True)
    check_arrow(table, expected)
    for field, want in zip(table.schema, expected["columns"], strict=True):
        marks = field.metadata or {}
        if "categories" in want:
            assert field.type.value_type == arrow_type(want)
            bits = 8 if len(want["categories"]) <= 128 else 16
            assert field.type.index_type == (pa.int8() if bits == 8 else pa.int16())
        else:
            assert field.type == arrow_type(want)
        assert field.nullable
        assert marks.get(b"shmpub.kind", b"plain").decode() == want["kind"]
        assert int(marks.get(b"shmpub.index", b"-1")) == want["index_level"]
        assert (b"shmpub.unnamed" in marks) == want["unnamed"]
        assert (b"shmpub.label" in marks) == want["integer_name"]
        if not want["unnamed"]:
            assert marks.get(b"shmpub.name", field.name.encode()).decode() == want["name"]


def test_pyarrow_mapped(path: Path, expected: dict[str, Any]) -> None:
    with pa.memory_map(str(path)) as mapped:
        before = pa.total_allocated_bytes()
        table = ipc.open_file(mapped).read_all()
        # What earlier tests left may be collected meanwhile, so it may be less.
        assert pa.total_allocated_bytes() <= before, "columns are used where they lie"
        check_arrow(table, expected)


def test_polars(path: Path, expected: dict[str, Any]) -> None:
    frame = pl.read_ipc(path)
    assert frame.height == expected["rows"] or not expected["columns"]
    check_arrow(frame.to_arrow(), expected)


def test_duckdb(path: Path, expected: dict[str, Any]) -> None:
    table = ipc.open_file(path).read_all()
    if table.num_columns == 0:
        pytest.skip("DuckDB has no tables without columns")
    names = [f"c{i}" for i in range(table.num_columns)]
    given = table.rename_columns(names)
    with duckdb.connect() as connection:
        connection.register("given", given)
        got = connection.sql("select * from given").to_arrow_table()
    check_arrow(got, expected)


def as_pandas(value: Any, want: dict[str, Any]) -> Any:
    """What pandas shows for an expected cell."""
    if value is None or want["type"] != "timestamp":
        return value
    moment = pd.Timestamp(value, unit=want["unit"], tz="UTC" if "timezone" in want else None)
    return moment.tz_convert(want["timezone"]) if "timezone" in want else moment


def check_series(series: pd.Series | pd.Index, want: dict[str, Any]) -> None:
    got = list(series)
    assert len(got) == len(want["values"])
    for g, w in zip(got, want["values"], strict=True):
        if w is None or (isinstance(w, float) and math.isnan(w)):
            assert pd.isna(g)
        elif want["type"].endswith("int64") and None in want["values"]:
            assert g == float(w)  # pandas has no integers with nulls
        else:
            assert g == as_pandas(w, want), want["name"]
    if "categories" in want:
        assert list(series.dtype.categories) == [as_pandas(c, want) for c in want["categories"]]
    elif want["type"] == "text" and want["values"]:
        assert series.dtype == "str"
    elif want["type"] in ("int64", "uint64", "float64") and None not in want["values"]:
        assert series.dtype == want["type"]
    elif want["type"] == "timestamp":
        assert series.dtype.unit == want["unit"] if "timezone" in want else True
        assert "timezone" in want or series.dtype == f"datetime64[{want['unit']}]"


def test_pandas(path: Path, expected: dict[str, Any]) -> None:
    frame = pd.read_feather(path)
    columns = [c for c in expected["columns"] if c["index_level"] < 0]
    levels = sorted(
        (c for c in expected["columns"] if c["index_level"] >= 0), key=lambda c: c["index_level"]
    )
    assert len(frame) == expected["rows"]
    assert list(frame.columns) == [
        int(c["name"]) if c["integer_name"] else c["name"] for c in columns
    ]
    for i, want in enumerate(columns):
        check_series(frame.iloc[:, i], want)
    if not levels:
        assert frame.index.equals(pd.RangeIndex(expected["rows"]))
        return
    assert list(frame.index.names) == [None if c["unnamed"] else c["name"] for c in levels]
    for i, want in enumerate(levels):
        check_series(frame.index.get_level_values(i), want)


# --- what our own readers rely on --------------------------------------------------------------


def record_of(data: bytes) -> dict[str, Any]:
    end = len(data) - 10
    text = data[data.rindex(b"{", 0, end) : end].rstrip(b"\0")
    record = json.loads(text)
    assert zlib.crc32(text[: text.rindex(b',"crc":')]) == record["crc"]
    return record


def test_record(path: Path, expected: dict[str, Any]) -> None:
    data = path.read_bytes()
    record = record_of(data)
    assert data[:8] == b"ARROW1\0\0" and data[-6:] == b"ARROW1"
    assert {k: record[k] for k in ("version", "sequence", "epoch", "rows", "skipped_rows")} == {
        "version": 1,
        "sequence": 7,
        "epoch": 12345678901234567890,
        "rows": expected["rows"],
        "skipped_rows": 1,
    }
    for offset, size, crc, *_ in [record["schema"], record["batch"], *record["dictionaries"]]:
        assert offset % 8 == 0 and size % 8 == 0
        assert zlib.crc32(data[offset : offset + size]) == crc
    assert json.loads(ipc.open_file(path).metadata[b"shmpub"]) == record


def test_schema_bytes_are_the_footers(path: Path) -> None:
    data = path.read_bytes()
    offset, size, _, _ = record_of(data)["schema"]
    first = ipc.read_schema(pa.BufferReader(data[offset : offset + size]))
    assert first.equals(ipc.open_file(path).schema, check_metadata=True)
    assert b"sequence" not in data[offset : offset + size]


def test_layout(path: Path, expected: dict[str, Any]) -> None:
    mapped = pa.memory_map(str(path))
    whole = mapped.read_buffer()
    mapped.seek(0)
    batch = ipc.open_file(mapped).get_batch(0) if expected["columns"] else None
    record = record_of(whole.to_pybytes())
    groups: dict[str, list[int]] = {}
    for i, want in enumerate(expected["columns"]):
        assert batch is not None
        for buffer in batch.column(i).buffers():
            assert buffer is None or (buffer.address - whole.address) % 64 == 0 or not buffer.size
        if want["type"] in ("int64", "uint64", "float64", "timestamp") and "categories" not in want:
            key = str((want["type"], want.get("unit"), want.get("timezone")))
            groups.setdefault(key, []).append(i)
    assert [r[0] for r in record["regions"]] == [g[0] for g in groups.values()]
    for (_, offset, stride, n), fields in zip(record["regions"], groups.values(), strict=True):
        assert n == len(fields) and stride % 64 == 0 and stride >= 8 * expected["rows"]
        for k, i in enumerate(fields):
            values = batch.column(i).buffers()[1]
            assert not values.size or values.address - whole.address == offset + k * stride


def test_nulls_in_the_slots(path: Path, expected: dict[str, Any]) -> None:
    data = path.read_bytes()
    regions = {r[0]: r for r in record_of(data)["regions"]}
    for i, want in enumerate(expected["columns"]):
        if i not in regions:
            continue
        for row, value in enumerate(want["values"]):
            slot = data[regions[i][1] + 8 * row :][:8]
            if value is None and want["type"] == "float64":
                assert math.isnan(struct.unpack("<d", slot)[0])
            elif value is None:
                assert struct.unpack("<q", slot)[0] == (
                    -(2**63) if want["type"] == "timestamp" else 0
                )


def test_pandas_metadata(path: Path, expected: dict[str, Any]) -> None:
    meta = json.loads(ipc.open_file(path).schema.metadata[b"pandas"])
    fields = ipc.open_file(path).schema.names
    levels = sorted(
        (c["index_level"], i) for i, c in enumerate(expected["columns"]) if c["index_level"] >= 0
    )
    assert meta["index_columns"] == [fields[i] for _, i in levels]
    assert [c["field_name"] for c in meta["columns"]] == fields
    assert [c["name"] for c in meta["columns"]] == [
        None if c["unnamed"] else c["name"] for c in expected["columns"]
    ]
