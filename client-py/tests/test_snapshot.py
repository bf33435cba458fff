"""A Snapshot by itself: its columns, shape and names, and what it is not."""

from __future__ import annotations

from typing import Any

import handmade
import numpy as np
import pandas as pd
import pytest
from conftest import read
from frames import CASES

from shmpub._snapshot import Snapshot, from_bytes

TEXT = "t,bid,ask,symbol\n2024-01-01,1.5,2.5,A\n2024-01-02,3.5,4.5,B\n"


@pytest.fixture
def snap() -> Snapshot:
    return from_bytes(handmade.snapshot(read(TEXT, index_col=0, parse_dates=[0])))


@pytest.mark.parametrize(("text", "options"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_shape_and_columns_are_the_frame_s(text: str, options: dict[str, Any]) -> None:
    data = handmade.snapshot(read(text, **options))
    held = from_bytes(data)
    frame = held.df
    assert held.shape == frame.shape
    assert held.nbytes == len(data)
    pd.testing.assert_index_equal(held.columns, frame.columns, exact=True)
    assert held.schema.equals(held.arrow().schema, check_metadata=True)


def test_labels_can_be_named(snap: Snapshot) -> None:
    labels = snap.columns
    labels.name = "mine"
    assert snap.columns.name is None
    assert snap.df.columns.name is None


def test_columns_by_label(snap: Snapshot) -> None:
    pd.testing.assert_series_equal(snap["bid"], snap.df["bid"])
    pd.testing.assert_frame_equal(snap[["ask", "bid"]], snap.df[["ask", "bid"]])
    pd.testing.assert_frame_equal(snap[snap["bid"] > 2], snap.df[snap.df["bid"] > 2])
    assert np.shares_memory(snap["bid"].to_numpy(), snap._content)
    series = snap["bid"]
    series.iloc[0] = 9.0  # changes this one only
    assert snap["bid"].tolist() == [1.5, 3.5]


def test_a_column_that_is_not_there(snap: Snapshot) -> None:
    with pytest.raises(KeyError, match="no column 'bif'; the nearest is 'bid'"):
        snap["bif"]
    with pytest.raises(KeyError, match=r"no column 'xxxxxxx'\"$"):
        snap["xxxxxxx"]
    with pytest.raises(KeyError, match=r"'t' is a level of the index: snap\.df\.index"):
        snap["t"]
    with pytest.raises(KeyError):
        snap[3]


@pytest.mark.parametrize(
    "make", [pd.DataFrame, pd.Series, np.asarray, np.array, list, iter], ids=lambda f: f.__name__
)
def test_it_is_no_array(snap: Snapshot, make: Any) -> None:
    """These would lose labels and types in silence; they say what to take instead."""
    with pytest.raises(TypeError, match=r"snap\.df is its DataFrame"):
        make(snap)
