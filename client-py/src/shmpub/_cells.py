"""What of a snapshot travels to a page: the rows shown, in the order asked for, and a small chart.

Texts are cut, so that a page stays small whatever is in the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from ._snapshot import Snapshot

_LONGEST = 200  # characters of a cell or a name
_POINTS = 600  # of a chart
_SOME_COLUMNS = 50  # where pandas' own option has no limit

Order = tuple[int, bool]  # number of the column shown, and whether the largest comes first


@dataclass(frozen=True)
class Field:
    """A column that is shown, or a level of the index."""

    name: str
    values: Any  # a Series or an Index
    is_number: bool
    is_level: bool


class Rows:
    """One snapshot as a page shows it."""

    def __init__(self, snapshot: Snapshot, columns: Sequence[Any] | None) -> None:
        frame = snapshot.df
        self.snapshot = snapshot
        self.total = len(frame)
        places = _places(frame.columns, columns)
        self.missing = [] if columns is None else [c for c in columns if c not in frame.columns]
        self.hidden = len(frame.columns) - len(places) if columns is None else 0
        levels = range(frame.index.nlevels)
        self.fields = [_field(frame.index.get_level_values(n), True) for n in levels]
        self.fields += [_field(frame.iloc[:, n], False) for n in places]
        self._order: tuple[Order, npt.NDArray[Any]] | None = None

    @property
    def names(self) -> list[str]:
        return [field.name for field in self.fields]

    def page(self, offset: int, n: int, order: Order | None) -> list[list[str]]:
        """The texts of `n` rows from `offset` on: a list of rows."""
        which = slice(offset, offset + n) if order is None else self._sorted(order)[offset:][:n]
        precision = pd.get_option("display.precision")
        columns = []
        for field in self.fields:
            part = field.values[which] if field.is_level else field.values.iloc[which]
            columns.append([text_of(value, precision) for value in part.tolist()])
        return [list(row) for row in zip(*columns, strict=True)]

    def _sorted(self, order: Order) -> npt.NDArray[Any]:
        """The numbers of the rows in this order; missing values come last."""
        if self._order is None or self._order[0] != order:
            array = self.fields[order[0]].values.array
            how = {"ascending": not order[1], "kind": "stable", "na_position": "last"}
            try:
                found = array.argsort(**how)
            except TypeError:  # objects of different types
                found = pd.Series(list(map(str, array))).array.argsort(**how)
            self._order = order, found
        return self._order[1]

    def number_named(self, name: Any) -> int:
        """The first column of numbers that is shown under that name; -1: there is none."""
        for at, field in enumerate(self.fields):
            if field.is_number and field.name == label_of(name):
                return at
        return -1

    def chart(self, at: int) -> tuple[bytes, list[str]]:
        """A column as heights from 0 to 1 (float32; NaN: no value), and its least and greatest."""
        values = np.asarray(self.fields[at].values, dtype="f8")
        values = np.where(np.isfinite(values), values, np.nan)
        if (
            len(values) > _POINTS
        ):  # the least and the greatest of each part, so that no peak is lost
            parts = np.linspace(0, len(values), _POINTS // 2 + 1).astype(np.intp)[:-1]
            both = np.fmin.reduceat(values, parts), np.fmax.reduceat(values, parts)
            values = np.column_stack(both).ravel()
        if np.isnan(values).all():
            return b"", []
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        heights = (values - low) / ((high - low) or 1.0)
        precision = pd.get_option("display.precision")
        return heights.astype("<f4").tobytes(), [text_of(low, precision), text_of(high, precision)]


def _places(labels: pd.Index, columns: Sequence[Any] | None) -> list[int]:
    if columns is not None:
        found = [np.flatnonzero(labels == c) for c in columns if c in labels]
        return [int(n) for some in found for n in some]
    return list(range(min(len(labels), pd.get_option("display.max_columns") or _SOME_COLUMNS)))


def _field(values: Any, is_level: bool) -> Field:
    kind = pd.api.types
    is_number = kind.is_numeric_dtype(values.dtype) and not kind.is_bool_dtype(values.dtype)
    return Field(label_of(values.name), values, is_number, is_level)


def label_of(name: Any) -> str:
    return "" if name is None else _cut(str(name))


def text_of(value: Any, precision: int) -> str:
    """A cell's text, much as pandas shows it."""
    if not isinstance(value, float):
        return _cut(str(value))
    if math.isnan(value):
        return "NaN"
    if value == 0 or 1e-4 <= abs(value) < 1e15:
        text = f"{value:.{precision}f}".rstrip("0")
        return text + "0" if text.endswith(".") else text
    return f"{value:.{precision}e}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
