"""What has changed between two snapshots, by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from ._snapshot import Snapshot

_MOST_NAMED = 3  # keys that an error names

Mask = npt.NDArray[np.bool_]


class Diff(NamedTuple):
    """The rows in which two snapshots differ, as DataFrames. Snapshot.diff() makes it.

    Each has the columns and the index of its snapshot's `df`, and its order of rows. They are
    copies, of these rows only.

    >>> difference = snap.diff(snap)
    >>> len(difference.added), len(difference.changed), len(difference.gone)
    (0, 0, 0)
    >>> bool(difference)
    False
    """

    added: pd.DataFrame
    """Rows of the newer snapshot whose key the older one does not have."""

    changed: pd.DataFrame
    """Rows of the newer snapshot whose key the older one has, with another value in some column."""

    before: pd.DataFrame
    """The rows of the older snapshot with the keys of `changed`, in the same order."""

    gone: pd.DataFrame
    """Rows of the older snapshot whose key the newer one does not have."""

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return any(len(rows) for rows in self)

    def __repr__(self) -> str:
        return (
            f"<Diff: {len(self.added)} added, {len(self.changed)} changed, {len(self.gone)} gone>"
        )


def diff(newer: Snapshot, older: Snapshot, key: Any) -> Diff:
    """See Snapshot.diff()."""
    new, old = newer.df, older.df
    keys, old_keys = _keys(new, key, "newer"), _keys(old, key, "older")
    if keys.nlevels != old_keys.nlevels:
        raise ValueError(
            f"the index has {keys.nlevels} levels in the newer snapshot and {old_keys.nlevels} in "
            "the older one; name columns that both have as key="
        )
    at = old_keys.get_indexer(keys)
    is_common = at >= 0
    differs = np.zeros(len(new), bool)
    differs[is_common] = _differ(new[is_common], old.iloc[at[is_common]])
    is_gone = np.ones(len(old), bool)
    is_gone[at[is_common]] = False
    return Diff(new[~is_common], new[differs], old.iloc[at[differs]], old[is_gone])


def _keys(frame: pd.DataFrame, key: Any, which: str) -> pd.Index:
    """The keys of the rows, which must be unique."""
    what = "the index"
    if key is None:
        keys = frame.index
    else:
        names = key if isinstance(key, list) else [key]
        for name in names:
            if name not in frame.columns and name not in frame.index.names:
                raise KeyError(f"the {which} snapshot has no column {name!r}, which key= names")
        what = f"key={key!r}"
        keys = frame.reset_index()[names].set_index(names).index
    if not keys.is_unique:
        twice = ", ".join(map(str, keys[keys.duplicated()].unique()[:_MOST_NAMED]))
        raise ValueError(
            f"{what} does not tell the rows of the {which} snapshot apart: {twice} stands more "
            "than once; name a column, or a list of columns, that does, as key="
        )
    return keys


def _differ(new: pd.DataFrame, old: pd.DataFrame) -> Mask:
    """For each row, whether it has another value in some column. Rows are paired by position."""
    differs = np.zeros(len(new), bool)
    if set(new.columns) != set(old.columns):
        return ~differs  # a column has come or gone: every row is another one
    for name in new.columns:
        differs |= _are_different(new[name], old[name])
    return differs


def _are_different(new: pd.Series, old: pd.Series) -> Mask:
    """Two missing values are the same; values of different types are compared as Python does."""
    missing, was_missing = new.isna().to_numpy(), old.isna().to_numpy()
    values, were = new.array, old.array
    if new.dtype != old.dtype and not (_is_number(new) and _is_number(old)):
        values, were = np.asarray(values, object), np.asarray(were, object)
    if isinstance(new.dtype, pd.CategoricalDtype) and new.dtype == old.dtype:
        other = new.cat.codes.to_numpy() != old.cat.codes.to_numpy()
    else:
        other = np.asarray(values != were, bool)
    mask: Mask = np.where(missing | was_missing, missing != was_missing, other)
    return mask


def _is_number(series: pd.Series) -> bool:
    return isinstance(series.dtype, np.dtype) and series.dtype.kind in "iuf"
