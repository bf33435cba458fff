"""The golden snapshots, which the C side wrote: tests/golden/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_hostile import metadata_bytes, record_of

import shmpub
from shmpub import _layout
from shmpub._snapshot import Snapshot, from_bytes

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"
GOOD = sorted(GOLDEN.glob("*.arrow"))
BAD = sorted((GOLDEN / "bad").glob("*.arrow"))
BAD_CONTENTS = sorted((GOLDEN / "bad_contents").glob("*.arrow"))

if not GOLDEN.exists():
    pytest.skip("the package is alone here", allow_module_level=True)


def name_of(path: Path) -> str:
    return path.stem


def test_there_are_files() -> None:
    assert len(GOOD) >= 18
    assert len(BAD) >= 15
    assert len(BAD_CONTENTS) >= 5


def cell(value: Any, column: dict[str, Any]) -> Any:
    """The value that pandas must have for a value of a golden description."""
    if value is None:
        return np.nan
    if column["kind"] == "int":
        return int(value)
    if column["type"].endswith("int64") and None in column["values"]:
        return float(value)  # pandas has no integers with nulls
    if column["type"] == "timestamp":
        zone = column.get("timezone")
        moment = pd.Timestamp(value, unit=column["unit"], tz="UTC" if zone else None)
        return moment.tz_convert(zone) if zone else moment
    return value


def assert_cells(got: list[Any], column: dict[str, Any]) -> None:
    want = [cell(v, column) for v in column["values"]]
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        if pd.isna(w):
            assert pd.isna(g), column["name"]
        elif isinstance(w, float):
            assert np.float64(g).tobytes() == np.float64(w).tobytes(), column["name"]
        elif isinstance(w, bool):
            assert g is w or g is np.bool_(w) or g == w, column["name"]
        else:
            assert g == w, column["name"]


@pytest.mark.parametrize("path", GOOD, ids=name_of)
def test_same_table(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    held = from_bytes(path.read_bytes(), verify="full")
    columns = [c for c in expected["columns"] if c["index_level"] < 0]
    levels = [c for c in expected["columns"] if c["index_level"] >= 0]
    levels.sort(key=lambda c: c["index_level"])
    frame = held.df
    assert len(frame) == expected["rows"]
    labels = [int(c["name"]) if c["integer_name"] else c["name"] for c in columns]
    assert list(frame.columns) == labels
    for place, column in enumerate(columns):
        series = frame.iloc[:, place]
        assert_cells(series.tolist(), column)
        if "categories" in column:
            assert_cells(list(series.dtype.categories), {**column, "values": column["categories"]})
    if levels:
        assert list(frame.index.names) == [None if c["unnamed"] else c["name"] for c in levels]
    for number, column in enumerate(levels):
        assert_cells(list(frame.index.get_level_values(number)), column)
    assert len(held.numpy()) == len(expected["columns"])


@pytest.mark.parametrize("path", GOOD, ids=name_of)
def test_records_of_our_writer_are_read_in_the_fast_way(path: Path) -> None:
    """Both ways must say the same of them."""
    data = path.read_bytes()
    found = _layout.match_own(data[-2048:], len(data))
    assert found is not None
    record = json.loads(data[data.rindex(b"{") : data.rindex(b"}") + 1])
    keys = "sequence", "epoch", "published_ns", "source_mtime_ns"
    assert [int(number) for number in found[:4]] == [record[key] for key in keys]
    assert int(found[5]) == record["rows"]
    for text, key in zip(found[6:10], ("schema", "batch", "dictionaries", "regions"), strict=True):
        assert json.loads(b"[%b]" % text) == record[key]


@pytest.mark.parametrize("path", GOOD, ids=name_of)
def test_same_table_as_pyarrow_s(path: Path) -> None:
    """The frame equals what pandas makes of the Arrow table, where that conversion is the same."""
    pytest.importorskip("pyarrow")
    held = from_bytes(path.read_bytes())
    fields = held._layout.schema.fields
    if any(f.kind or f.type.name in ("null", "bool") for f in fields):
        pytest.skip("objects are made by us")
    if any(f.dictionary >= 0 and f.type.name == "text" for f in fields) and not len(held):
        pytest.skip("categories without any value have no type for us")
    want = pd.read_feather(path)
    for f in fields:
        if f.type.timezone and f.type.timezone.endswith(":30"):  # other readers see UTC
            want[f.name] = want[f.name].dt.tz_convert(held.df[f.name].dt.tz)
    exact = all(f.level < 0 for f in fields)
    if want.columns.empty:
        want.columns = pd.Index([], dtype=object)  # like read_csv
    pd.testing.assert_frame_equal(held.df, want, check_index_type="equiv" if exact else False)


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_refused(path: Path) -> None:
    with pytest.raises(shmpub.FormatError):
        from_bytes(path.read_bytes())


@pytest.mark.parametrize("path", BAD_CONTENTS, ids=name_of)
def test_refused_by_the_full_check(path: Path) -> None:
    data = path.read_bytes()
    with pytest.raises(shmpub.FormatError):
        from_bytes(data, verify="full")
    try:
        held: Snapshot = from_bytes(data)
        held.numpy()
        held.arrow().to_pylist()
    except (shmpub.FormatError, UnicodeDecodeError):
        pass


@pytest.mark.parametrize("name", ["numbers", "index_levels", "categories", "kinds"])
def test_every_byte_of_metadata_flipped(name: str) -> None:
    data = (GOLDEN / f"{name}.arrow").read_bytes()
    want = from_bytes(data).df
    _, record = record_of(data)
    for at in metadata_bytes(data):
        bad = bytearray(data)
        bad[at] ^= 0xFF
        try:
            held = from_bytes(bytes(bad))
        except shmpub.FormatError:
            continue
        pd.testing.assert_frame_equal(held.df, want)
        assert (held.sequence, held.epoch) == (record["sequence"], record["epoch"])
