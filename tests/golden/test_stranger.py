"""docs/FORMAT.md is enough: stranger.py, written from it alone, reads what pyarrow reads."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc
import pytest
import stranger

HERE = Path(__file__).parent


def plain(values: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_dictionary(values.type):
        values = values.combine_chunks().dictionary_decode()
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    return values.to_pylist()


def same(got: Any, want: Any) -> bool:
    if isinstance(want, float) and math.isnan(want):
        return isinstance(got, float) and math.isnan(got)
    return type(got) is type(want) and got == want


def check(got: list[tuple[str, list[Any]]], data: bytes) -> None:
    table = ipc.open_file(pa.py_buffer(data)).read_all()
    assert [name for name, _ in got] == table.column_names
    for (name, values), want in zip(got, table.columns, strict=True):
        assert len(values) == len(want), name
        pairs = zip(values, plain(want), strict=True)
        assert all(same(g, w) for g, w in pairs), name


@pytest.mark.parametrize("path", sorted(HERE.glob("*.arrow")), ids=lambda p: p.stem)
def test_golden(path: Path) -> None:
    data = path.read_bytes()
    check(stranger.table_of(data), data)


@pytest.mark.parametrize("at", ["record", "schema", "batch"])
def test_damage_is_seen(at: str) -> None:
    """The CRCs are there to be checked, and the reader above checks them."""
    data = bytearray((HERE / "nulls.arrow").read_bytes())
    where = data.rindex(b'"rows"') + 8 if at == "record" else stranger.record_of(data)[at][0] + 20
    data[where] ^= 1
    with pytest.raises((AssertionError, ValueError)):
        stranger.table_of(bytes(data))
