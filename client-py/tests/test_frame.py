"""DataFrames equal those of pandas.read_csv, and lie in the snapshot's memory."""

from __future__ import annotations

import gc
import pickle
from typing import Any

import handmade
import numpy as np
import pandas as pd
import pytest
from conftest import read
from frames import CASES

from shmpub import _blocks, _columns, _mapped
from shmpub._snapshot import Snapshot, from_bytes


def snapshot(frame: pd.DataFrame) -> Snapshot:
    return from_bytes(handmade.snapshot(frame), verify="full")


def assert_same(got: pd.DataFrame, want: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(got, want, check_freq=True, check_column_type="exact")
    assert [type(c) for c in got.columns] == [type(c) for c in want.columns]
    assert type(got.index) is type(want.index)
    for name in want.columns[want.dtypes == np.dtype(object)]:
        assert [type(v) for v in got[name]] == [type(v) for v in want[name]], name


@pytest.mark.parametrize(("text", "options"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_equals_read_csv(text: str, options: dict) -> None:
    want = read(text, **options)
    held = snapshot(want)
    assert_same(held.df, want)
    assert_same(pickle.loads(pickle.dumps(held.df)), want)
    assert len(held) == len(want)


@pytest.mark.parametrize(("text", "options"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_numpy_has_what_the_frame_has(text: str, options: dict) -> None:
    want = read(text, **options)
    arrays = snapshot(want).numpy()
    for place, name in enumerate(want.columns):
        got = arrays[name]
        column = want.iloc[:, place]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            column = column.dt.tz_convert(None)
        expected = column.to_numpy()
        if expected.dtype == object:
            assert got.dtype == object
            pd.testing.assert_series_equal(pd.Series(got), pd.Series(expected))
        else:
            np.testing.assert_array_equal(got, expected)


def test_text_as_objects_is_the_same_with_and_without_pyarrow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for text in ("a,b\nx,1\n,2\né日🙂,3\n", "a,b\n,1\n,2\n", 'a,b\n"",1\nx,2\n', "a,b\nz,1\n"):
        held = snapshot(read(text, keep_default_na='""' not in text, dtype={"a": "str"}))
        with_arrow = held.column("a")
        with monkeypatch.context() as patch:
            patch.setattr(_columns, "pa", None)
            without = held.column("a")
        assert with_arrow.dtype == without.dtype == object
        assert [type(v) for v in with_arrow] == [type(v) for v in without]
        assert pd.Series(with_arrow).equals(pd.Series(without))
        with_arrow[0] = "mine"  # both are copies


@pytest.mark.parametrize("pyarrow", [_columns.pa, None], ids=["pyarrow", "without"])
def test_missing_text_is_the_nan_that_pandas_looks_for(
    pyarrow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`str.split(expand=True)` of objects, for one, tests `is np.nan`."""
    monkeypatch.setattr(_columns, "pa", pyarrow)
    held = snapshot(read("a,b\nx y,1\n,2\n"))
    assert held.column("a")[1] is np.nan


def test_columns_of_one_type_are_one_block() -> None:
    held = snapshot(read("a,b,c\n1,2,3\n4,5,6\n"))
    frame = held.df
    assert len(frame._mgr.blocks) == 1
    assert np.shares_memory(frame["a"].to_numpy(), held._content)
    assert np.shares_memory(frame["c"].to_numpy(), held._content)


@pytest.mark.parametrize("name", ["i", "u", "f", "t", "z"])
def test_numbers_and_times_are_not_copied(name: str) -> None:
    text = "i,u,f,t,z\n1,18446744073709551615,1.5,2020-01-01,2020-01-01 00:00:00Z\n"
    held = snapshot(read(text, parse_dates=["t", "z"]))
    column = held.df[name]
    raw = column.dt.tz_convert(None) if name == "z" else column
    values = raw.array._ndarray if name == "z" else raw.to_numpy()
    assert np.shares_memory(values, held._content)
    assert np.shares_memory(held.column(name), held._content)
    assert not held.column(name).flags.writeable


def test_index_and_codes_and_text_are_not_copied() -> None:
    pytest.importorskip("pyarrow")
    held = snapshot(read("i,c,s\n1,x,p\n7,y,q\n9,y,q\n", index_col=0, dtype={"c": "category"}))
    frame = held.df
    assert np.shares_memory(frame.index.to_numpy(), held._content)
    assert np.shares_memory(frame["c"].array.codes, held._content)
    (chunk,) = frame["s"].array._pa_array.chunks
    start = _mapped.address_of(held._content)
    for buffer in chunk.buffers()[1:]:
        assert start <= buffer.address < start + len(held._content)


def test_many_threads_of_levels_between_columns() -> None:
    want = read("a,i,b,j,c\n1,2,3,4,5\n6,7,8,9,10\n", index_col=["j", "i"])
    assert_same(snapshot(want).df, want)


def test_writing_into_a_frame_shows_nowhere_else() -> None:
    held = snapshot(read("a,s\n1,x\n2,y\n"))
    first, second = held.df, held.df
    first.loc[0, "a"] = 99
    first["s"] = "z"
    first["new"] = 0
    assert second["a"].tolist() == [1, 2]
    assert second["s"].tolist() == ["x", "y"]
    assert held.column("a").tolist() == [1, 2]
    assert list(held.df.columns) == ["a", "s"]


def test_integers_with_nulls_become_floats() -> None:
    # A CSV file never gives such a column; a C program may publish one.
    validity, values = b"\x05", np.array([1, 0, 3], "<i8").tobytes()
    import pyarrow as pa

    column = handmade.Column("a", pa.int64(), [validity, values], 1, 3)
    held = from_bytes(handmade.snapshot([column]), verify="full")
    assert held.df["a"].tolist()[::2] == [1.0, 3.0]
    assert np.isnan(held.df["a"][1])
    assert held.df["a"].dtype == np.float64


def test_null_columns_with_rows_are_objects() -> None:
    import pyarrow as pa

    column = handmade.Column("a", pa.null(), [], 2, 2)
    assert from_bytes(handmade.snapshot([column])).df["a"].tolist() == [None, None]


def test_a_level_with_a_column_s_name() -> None:
    frame = pd.DataFrame({"a": [1]}, index=pd.Index([5], name="a"))
    held = snapshot(frame)
    assert_same(held.df, frame)
    assert held.column("a").tolist() == [1]
    assert held.numpy()["__index_level_0__"].tolist() == [5]


def test_column_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        snapshot(read("a\n1\n")).column("b")


def test_python_storage() -> None:
    with pd.option_context("mode.string_storage", "python"):
        held = snapshot(read("a\nx\né\n"))
        assert held.df["a"].dtype.storage == "python"
        assert held.df["a"].tolist() == ["x", "é"]


WAYS = {"fast": _blocks.FAST, "public": _blocks.PUBLIC}


def test_fast_way_is_taken() -> None:
    assert _blocks.way is _blocks.FAST


@pytest.mark.parametrize(("text", "options"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_both_ways_are_the_same(text: str, options: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    want = read(text, **options)
    content = handmade.snapshot(want)
    monkeypatch.setattr(_blocks, "way", _blocks.PUBLIC)
    publicly = from_bytes(content).df
    assert_same(publicly, want)
    monkeypatch.setattr(_blocks, "way", _blocks.FAST)
    fast = from_bytes(content).df
    assert_same(fast, publicly)
    copied = fast.copy()  # copy() merges blocks of one type, as in frames of the public way
    assert blocks_of(copied) == blocks_of(publicly)
    if len(fast.columns):
        assert_same(fast.iloc[::-1, ::-1], publicly.iloc[::-1, ::-1])
        assert blocks_of(copied.iloc[::-1, ::-1]) == blocks_of(publicly.iloc[::-1, ::-1])


def blocks_of(frame: pd.DataFrame) -> list[Any]:
    return [
        (type(b), type(b.values), b.values.shape, b.dtype, b.mgr_locs.as_array.tolist())
        for b in frame._mgr.blocks
    ]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_frames_share_nothing_that_can_be_changed(
    way: _blocks.Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blocks, "way", way)
    text = "i,a,b,s,t,z,c\n"
    text += "".join(
        f"{i},{a},{a}.5,x{a},2020-01-0{a},2020-01-0{a} 00:00:00Z,{'pq'[a % 2]}\n"
        for i, a in ((5, 1), (9, 2), (2, 3))
    )
    want = read(text, index_col="i", parse_dates=["t", "z"], dtype={"c": "category"})
    held = snapshot(want)
    first, second = held.df, held.df
    first.loc[5, "b"] = 99.0
    first.iloc[1, 0] = 7
    first.loc[9, "t"] = first.loc[9, "z"] = pd.NaT
    first.loc[9, "s"] = "other"
    first.loc[9, "c"] = "p"
    first["s"] = "other"
    first.columns.name = "columns"
    first.index.name = "index"
    first.insert(0, "new", 1)
    del first["a"]
    assert_same(second, want)
    assert_same(held.df, want)
    third = held.df
    third["a"] += 1
    third.loc[:, "z"] = pd.NaT
    third.fillna({"t": 0})
    assert_same(second, want)
    assert_same(held.df, want)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_frame_is_written_into_when_all_else_is_gone(
    way: _blocks.Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory is read-only, so pandas has to copy a block even then, the first time."""
    monkeypatch.setattr(_blocks, "way", way)
    held = snapshot(read("a,b,s\n1,2,x\n3,4,y\n"))
    frame, column, memory = held.df, held.df["b"], held._content
    del held
    gc.collect()
    frame.iloc[0, 0] = column.iloc[1] = 6
    frame.iloc[1, 2] = "z"
    assert frame["a"].tolist() == [6, 3]
    assert column.tolist() == [2, 6]
    assert frame["s"].tolist() == ["x", "z"]
    first = frame["a"].to_numpy()
    assert not np.shares_memory(first, memory)
    frame.iloc[0, 0] = 7
    assert np.shares_memory(frame["a"].to_numpy(), frame._mgr.blocks[0].values)


def test_the_public_way_copies_and_shares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_blocks, "way", _blocks.PUBLIC)
    held = snapshot(read("a,b\n1,2\n3,4\n"))
    first, second = held.df, held.df
    assert not np.shares_memory(first["a"].to_numpy(), held._content)
    assert not np.shares_memory(first["a"].to_numpy(), second["a"].to_numpy())


def _with_text(text: Any) -> tuple[Any, ...]:
    arrays = list(_blocks.FAST.arrays)
    arrays[_blocks.TEXT] = text
    return tuple(arrays)


BROKEN = {
    "insides raise": {"frame": lambda *_: 1 / 0},
    "text raises": {"arrays": _with_text(lambda *_: [].pop())},
    "frames that share": {"frame": lambda *arguments: _sharing(*arguments)},
    "blocks in other places": {"frame": lambda b, i, c: _blocks.FAST.frame(b[::-1], i, c)},
    "text that lacks something": {"arrays": _with_text(lambda *arguments: _lacking(*arguments))},
    "another storage": {"string_storage": lambda: "other"},
}


def _lacking(*arguments: Any) -> Any:
    made = _blocks.FAST.array(_blocks.TEXT, *arguments)
    del made._cache
    return made


def _sharing(*arguments: Any) -> Any:
    one = _blocks.FAST.frame(*arguments)()
    return lambda: one


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN)
def test_falls_back_when_pandas_insides_differ(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blocks, "FAST", _blocks.FAST._replace(**changes))
    assert _blocks.choose() is _blocks.PUBLIC
