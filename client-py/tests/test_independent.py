"""The client's frames behave like ordinary frames, and share nothing with each other.

Each operation of the tables runs on a frame of the client and on one that pandas made of the same
CSV. Both must give the same frame or value, or the same kind of error. Afterwards the next frame of
the feed, a frame that was taken before, and the file itself must be unchanged.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import is_read_only, long_on_windows, read
from handmade import Instance
from operations import CSV, OPTIONS, VALUES, WRITES, Doing, statement, value
from operations_others import OTHERS

import shmpub
from shmpub import _blocks


class Bench:
    """A feed with one snapshot, and the frame that pandas makes of the same CSV."""

    def __init__(self, directory: Path) -> None:
        instance = Instance(directory)
        self.want = read(CSV, **OPTIONS)
        instance.publish("quotes", self.want, 1)
        self.instance = instance
        self.content = instance.content("quotes")
        self.feed = shmpub.subscribe("quotes", directory=directory)
        self.before = self.feed.df
        self.snapshot = self.feed.snapshot()

    def assert_nothing_shows(self) -> None:
        pd.testing.assert_frame_equal(self.feed.df, self.want)
        pd.testing.assert_frame_equal(self.before, self.want)
        pd.testing.assert_frame_equal(self.snapshot.df, self.want)
        np.testing.assert_array_equal(self.snapshot.column("low"), self.want["low"])
        self.assert_bytes_are_the_same()

    def assert_bytes_are_the_same(self) -> None:
        assert self.instance.content("quotes") == self.content

    def ordinary(self) -> pd.DataFrame:
        """Like the client's frames, a copy has one block for all columns of a type."""
        return read(CSV, **OPTIONS).copy()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    made = Bench(tmp_path_factory.mktemp("instance"))
    pd.testing.assert_frame_equal(made.feed.df, made.want)
    return made


def outcome(do: Doing, frame: pd.DataFrame) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return do(frame)
        except Exception as error:
            return type(error)


def assert_alike(got: Any, want: Any) -> None:
    if isinstance(want, pd.DataFrame):
        assert isinstance(got, pd.DataFrame), got
        pd.testing.assert_frame_equal(got, want)
        assert {**got.attrs, "shmpub": 0} == {**want.attrs, "shmpub": 0}
    elif isinstance(want, np.ndarray):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    else:
        assert repr(got) == repr(want)


def check(bench: Bench, do: Doing) -> None:
    want = outcome(do, bench.ordinary())
    got = outcome(do, bench.feed.df)
    assert_alike(got, want)
    bench.assert_nothing_shows()


@pytest.mark.parametrize("text", WRITES)
def test_writing(bench: Bench, text: str) -> None:
    check(bench, statement(text))


@pytest.mark.parametrize("text", VALUES)
def test_computing(bench: Bench, text: str) -> None:
    check(bench, value(text))


@pytest.mark.parametrize(("do", "package"), OTHERS, ids=[do.__name__ for do, _ in OTHERS])
def test_what_others_do(bench: Bench, do: Doing, package: str) -> None:
    pytest.importorskip(package)
    check(bench, do)


@pytest.mark.parametrize("text", WRITES)
def test_writing_when_the_frame_is_all_that_is_left(tmp_path: Path, text: str) -> None:
    """A frame whose feed and snapshot are gone: pandas must copy a block before it writes."""
    bench = Bench(tmp_path)
    do, frame = statement(text), bench.feed.df
    del bench.feed, bench.before, bench.snapshot
    assert_alike(outcome(do, frame), outcome(do, bench.ordinary()))
    bench.assert_bytes_are_the_same()


def arrays_of(frame: pd.DataFrame) -> Iterator[np.ndarray]:
    """All NumPy arrays that a user can get of a frame, copies and views."""
    yield frame.to_numpy()
    yield frame[["low", "high"]].to_numpy()
    yield frame[["low", "high"]].values
    yield np.asarray(frame[["size", "count"]])
    for name in frame.columns:
        yield frame[name].to_numpy()
        yield np.asarray(frame[name])
        array = frame[name].array
        if isinstance(getattr(array, "_ndarray", None), np.ndarray):
            yield array._ndarray
    for index in (frame.index, frame.columns, frame["kind"].cat.categories):
        yield index.to_numpy()
        yield np.asarray(index)
    yield frame["kind"].array.codes
    yield frame["kind"].cat.codes.to_numpy()
    yield frame["grade"].cat.categories.to_numpy()
    yield frame["zoned"].array._ndarray
    yield frame.reset_index(drop=True).index.values


def spoil(array: np.ndarray) -> None:
    """Make an array writable where NumPy allows it, as scikit-learn does."""
    try:
        array.flags.writeable = True
        array[...] = array.flat[::-1].reshape(array.shape) if array.size else array
        array.flat[0] = array.flat[1]
        array.view("u1" if array.dtype != object else object).flat[0]
    except ValueError:
        pass


def test_arrays_that_are_made_writable(bench: Bench) -> None:
    for array in arrays_of(bench.feed.df):
        spoil(array)
        bench.assert_nothing_shows()


def test_items_of_pandas_own_arrays(bench: Bench) -> None:
    """In pandas 3.1 copy-on-write does not protect `array`."""
    frame = bench.feed.df
    for name in frame.columns:
        array = frame[name].array
        try:
            array[0] = array[1]
            array[2:5] = array[5:8]
        except ValueError:
            pass
        bench.assert_nothing_shows()
    for index in (frame.index, frame.columns, frame["kind"].cat.categories):
        with pytest.raises(ValueError, match="read-only"):
            index.array[0] = index.array[1]
        bench.assert_nothing_shows()


def test_levels_of_an_index_share_nothing_that_can_be_changed(directory: Path) -> None:
    instance = Instance(directory)
    want = read("i,j,a\n1,x,2\n1,y,3\n2,x,4\n", index_col=["i", "j"])
    instance.publish("quotes", want, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    index = feed.df.index
    for array in (index.values, *index.codes, *[level.to_numpy() for level in index.levels]):
        spoil(np.asarray(array))
        pd.testing.assert_frame_equal(feed.df, want)
        assert list(feed.df.index) == list(want.index)


def test_numbers_of_a_default_index_are_a_frame_s_own(directory: Path) -> None:
    instance = Instance(directory)
    want = read("a\n1\n2\n3\n")
    for sequence in (1, 2):
        instance.publish("quotes", want, sequence)
        feed = shmpub.subscribe("quotes", directory=directory)
        for array in (feed.df.index.values, feed.df.index._data):
            spoil(array)
        assert feed.df.index.values.tolist() == [0, 1, 2]
        assert feed.df.index.tolist() == [0, 1, 2]


def test_the_memory_is_protected_by_the_kernel(bench: Bench) -> None:
    """Code that writes past NumPy must not change other frames: the pages are read-only."""
    assert is_read_only(bench.snapshot.column("low").ctypes.data)


@long_on_windows
def test_without_pandas_insides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_blocks, "way", _blocks.PUBLIC)
    other = Bench(tmp_path)
    for text in WRITES:
        check(other, statement(text))
    for array in arrays_of(other.feed.df):
        spoil(array)
        other.assert_nothing_shows()
