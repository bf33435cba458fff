"""Makes the DataFrame of a snapshot.

All columns of one plain numeric type are one block: a two-dimensional view of the region in which
they lie. So a frame of a thousand such columns costs what a frame of one column costs. Every other
column is a block of its own. _blocks makes frames of blocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from . import _blocks
from ._arrow_schema import Field
from ._blocks import PLAIN, TIMES, Block, Maker
from ._columns import Source, pandas_array, parts
from ._layout import Layout, Region


def frame_maker(layout: Layout, source: Source) -> Maker:
    """A function that makes a new DataFrame over the snapshot's memory each time it is called."""
    blocks: list[Block] = []
    singles = layout.schema.singles
    for region in layout.regions:
        group = region.group
        if region.has_nulls and group.is_integer:
            singles = singles + group.singles  # those with nulls become copies, as floats
        elif not group.type.timezone:
            values = _region_view(region, layout.rows, source.data)
            for run in group.runs:
                its = values if run.is_all else values[run.start : run.stop]
                blocks.append((group.kind, its, group.type.dtype, run.seat))
    for f, seat in singles:
        blocks.append((*single(f, source), seat))
    return _blocks.way.frame(blocks, index(layout, source), layout.schema.labels)


def single(f: Field, source: Source) -> tuple[int, Any, Any]:
    """Kind, values and dtype of a block that is one column."""
    kind, values, dtype = parts(f, source)
    if kind in (PLAIN, TIMES):
        values = values.reshape(1, -1)
        if values.flags.writeable:  # a copy, which frames share
            values = _blocks.frozen(values)
    return kind, values, dtype


def _region_view(region: Region, rows: int, data: memoryview) -> Any:
    shape = len(region.group.fields), rows
    strides = region.stride if shape[0] > 1 else 8, 8  # the stride of one column may be anything
    return np.ndarray(shape, region.group.type.dtype, data, region.offset if rows else 0, strides)


def views(layout: Layout, data: memoryview) -> dict[int, Any]:
    """Views of the columns that numpy() shows as they lie in a region, by their positions."""
    found: dict[int, Any] = {}
    for region in layout.regions:
        if not (region.has_nulls and region.group.is_integer):
            found.update(
                zip(region.group.order, _region_view(region, layout.rows, data), strict=True)
            )
    return found


def index(layout: Layout, source: Source) -> pd.Index:
    levels = layout.schema.levels
    if not levels:
        if layout.rows_index is None:
            layout.rows_index = _blocks.way.rows(layout.rows)
        return layout.rows_index
    arrays = [pandas_array(f, source) for f in levels]
    if len(arrays) == 1:
        return _blocks.frozen_index(_single_index(_level_values(arrays[0]), levels[0].label))
    names = [f.label for f in levels]
    return _blocks.frozen_index(pd.MultiIndex.from_arrays(arrays, names=names))


def _single_index(values: Any, name: Any) -> pd.Index:
    steps = _as_range(values)
    if steps is not None:
        return pd.RangeIndex(steps, name=name)
    return pd.Index(values, name=name, copy=False)


def _as_range(values: Any) -> range | None:
    """The integers as a range when their distances are all the same, else None.

    read_csv makes a RangeIndex of such an index.
    """
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iu" or len(values) == 1:
        return None
    if not len(values):
        return range(0)
    first, step, last = int(values[0]), int(values[1]) - int(values[0]), int(values[-1])
    if not step or last != first + step * (len(values) - 1):
        return None
    if any(not -(2**63) <= n < 2**63 for n in (first, step, last + step)):
        return None
    if (values[1:] - values[:-1] != np.array(step).astype(values.dtype)).any():
        return None
    return range(first, last + step, step)


def _level_values(values: Any) -> Any:
    """The values for pd.Index(), which would otherwise make floats of the objects [True, NaN]."""
    if isinstance(values, np.ndarray) and values.dtype == object:
        return pd.Index(values, dtype=object)
    return values
