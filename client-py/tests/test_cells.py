"""What a page shows of a snapshot: the rows asked for, as text, in order, and a small chart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from shmpub import _cells
from shmpub._cells import Rows, label_of, text_of


class Table:
    """As much of a snapshot as Rows takes of one."""

    def __init__(self, df: pd.DataFrame) -> None:
        self.df = df


def rows_of(frame: pd.DataFrame, columns: Any = None) -> Rows:
    return Rows(Table(frame), columns)  # type: ignore[arg-type]


FRAME = pd.DataFrame({"a": [3, 1, 2], "b": ["y", None, "x"], "c": [0.5, np.nan, 1e20]})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5"),
        (2.0, "2.0"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (float("nan"), "NaN"),
        (float("inf"), "inf"),
        (1e-5, "1.000000e-05"),
        (1e15, "1.000000e+15"),
        (1 / 3, "0.333333"),
        (True, "True"),
        (7, "7"),
        (None, "None"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
    ],
)
def test_a_cell_s_text(value: Any, text: str) -> None:
    assert text_of(value, 6) == text


def test_labels() -> None:
    assert [label_of(name) for name in (None, 3, ("a", 1))] == ["", "3", "('a', 1)"]


def test_a_page() -> None:
    rows = rows_of(FRAME)
    assert (rows.total, rows.names, rows.hidden, rows.missing) == (3, ["", "a", "b", "c"], 0, [])
    assert [row[:2] for row in rows.page(1, 5, None)] == [["1", "1"], ["2", "2"]]
    assert rows.page(3, 5, None) == []


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ((1, False), ["1", "2", "0"]),
        ((1, True), ["0", "2", "1"]),
        ((2, False), ["2", "0", "1"]),  # missing values come last
        ((2, True), ["0", "2", "1"]),
        ((3, True), ["2", "0", "1"]),
        ((0, True), ["2", "1", "0"]),
    ],
)
def test_the_order(order: tuple[int, bool], first: list[str]) -> None:
    rows = rows_of(FRAME)
    for _ in range(2):  # the second time it is remembered
        assert [row[0] for row in rows.page(0, 3, order)] == first


def test_objects_of_different_types_are_ordered_as_text() -> None:
    frame = pd.DataFrame({"a": pd.Series([2, "b", 1, "a"], dtype=object)})
    assert [row[1] for row in rows_of(frame).page(0, 4, (1, False))] == ["1", "2", "a", "b"]


def test_chosen_columns() -> None:
    rows = rows_of(FRAME, ["c", "nothing", "a"])
    assert (rows.names, rows.missing, rows.hidden) == (["", "c", "a"], ["nothing"], 0)
    twice = pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])
    assert rows_of(twice, ["a"]).page(0, 1, None) == [["0", "1", "3"]]


def test_too_many_columns() -> None:
    frame = pd.DataFrame([range(60)])
    with pd.option_context("display.max_columns", 4):
        assert (len(rows_of(frame).fields), rows_of(frame).hidden) == (5, 56)
    with pd.option_context("display.max_columns", None):
        assert (len(rows_of(frame).fields), rows_of(frame).hidden) == (51, 10)


def test_levels_of_the_index() -> None:
    rows = rows_of(FRAME.set_index(["b", "a"]))
    assert rows.names == ["b", "a", "c"]
    assert [field.is_level for field in rows.fields] == [True, True, False]
    assert rows.number_named("a") == 1


def test_a_column_of_numbers_by_its_name() -> None:
    rows = rows_of(FRAME.assign(flag=True))
    assert [rows.number_named(name) for name in ("a", "c", "b", "flag", "nothing")] == [
        *(1, 3, -1, -1, -1)
    ]


def heights(chart: tuple[bytes, list[str]]) -> list[float]:
    return [float(value) for value in np.frombuffer(chart[0], dtype="<f4")]


def test_a_chart() -> None:
    chart = rows_of(pd.DataFrame({"a": [10, 30, 20]})).chart(1)
    assert heights(chart) == [0, 1, 0.5]
    assert chart[1] == ["10.0", "30.0"]
    flat = rows_of(pd.DataFrame({"a": [7.0, 7.0]})).chart(1)
    assert heights(flat) == [0, 0]
    gap = heights(rows_of(pd.DataFrame({"a": [0.0, np.inf, 2.0]})).chart(1))
    assert (gap[0], np.isnan(gap[1]), gap[2]) == (0, True, 1)
    assert rows_of(pd.DataFrame({"a": [np.nan, -np.inf]})).chart(1) == (b"", [])


def test_no_peak_of_a_long_column_is_lost() -> None:
    values = np.zeros(100_000)
    values[[17, 77_777]] = 1, -1
    chart = heights(rows_of(pd.DataFrame({"a": values})).chart(1))
    assert len(chart) == _cells._POINTS
    assert (chart.count(1), chart.count(0)) == (1, 1)
