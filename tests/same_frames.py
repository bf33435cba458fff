"""Compare two frames bit by bit, and describe their first difference."""

from __future__ import annotations

import numpy as np
import pandas as pd


def _objects(series: pd.Series) -> list[object]:
    """Return values to compare: True differs from 1, and every kind of NA is None."""
    return [
        None if v is None or v is pd.NaT or v != v else (isinstance(v, (bool, np.bool_)), v)
        for v in series
    ]


def _values_differ(a: pd.Series, b: pd.Series) -> bool:
    kind = a.dtype.kind if isinstance(a.dtype, np.dtype) else "?"
    if kind == "f":
        x, y = a.to_numpy(), b.to_numpy()
        if not np.array_equal(np.isnan(x), np.isnan(y)):
            return True
        here = ~np.isnan(x)
        return not np.array_equal(x[here].view("i8"), y[here].view("i8"))
    if kind in "iub":
        return not np.array_equal(a.to_numpy(), b.to_numpy())
    if kind == "M":
        return not np.array_equal(a.to_numpy().view("i8"), b.to_numpy().view("i8"))
    return _objects(a) != _objects(b)


def series_difference(a: pd.Series, b: pd.Series) -> str | None:
    """Describe the first difference; None if there is none. `a` is the expected series."""
    if isinstance(a.dtype, pd.CategoricalDtype) and isinstance(b.dtype, pd.CategoricalDtype):
        if len(a.dtype.categories) == 0 and len(b.dtype.categories) == 0:
            return None
        inner = series_difference(pd.Series(a.dtype.categories), pd.Series(b.dtype.categories))
        if inner:
            return f"categories: {inner}"
        return None if np.array_equal(a.cat.codes, b.cat.codes) else "codes"
    if isinstance(a.dtype, pd.DatetimeTZDtype) and isinstance(b.dtype, pd.DatetimeTZDtype):
        if a.dtype.unit != b.dtype.unit:
            return f"{a.dtype}, not {b.dtype}"
        offsets = [[v.utcoffset() for v in s if v is not pd.NaT] for s in (a, b)]
        naive = [s.dt.tz_convert("UTC").dt.tz_localize(None) for s in (a, b)]
        return "zone" if offsets[0] != offsets[1] else series_difference(*naive)
    if a.dtype != b.dtype:
        return f"{a.dtype}, not {b.dtype}"
    if len(a) != len(b) or _values_differ(a, b):
        return f"{list(a)[:6]}, not {list(b)[:6]}"
    return None


def frame_difference(a: pd.DataFrame, b: pd.DataFrame) -> str | None:
    """Describe the first difference; None if there is none. `a` is the expected frame."""
    labels = [[(type(c), c) for c in f.columns] for f in (a, b)]
    if labels[0] != labels[1]:
        return f"columns {list(a.columns)}, not {list(b.columns)}"
    if len(a) != len(b):
        return f"{len(a)} rows, not {len(b)}"
    if a.index.nlevels != b.index.nlevels or list(a.index.names) != list(b.index.names):
        return f"index {list(a.index.names)}, not {list(b.index.names)}"
    for i in range(a.index.nlevels):
        levels = [pd.Series(f.index.get_level_values(i)) for f in (a, b)]
        difference = len(a) and series_difference(*levels)
        if difference:
            return f"index {i}: {difference}"
    for i in range(a.shape[1]):
        difference = series_difference(a.iloc[:, i], b.iloc[:, i])
        if difference:
            return f"column {i}: {difference}"
    return None
