"""The DataFrame of a snapshot.

All columns of one plain numeric type are one block: a two-dimensional view of their region. So a
frame of a thousand columns costs what one of a single column does. pandas offers
`create_dataframe_from_blocks` for just this; it takes blocks as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api.internals import create_dataframe_from_blocks

from ._columns import Source, pandas_array
from ._layout import Layout, Region
from ._mapping import Bytes


def build(layout: Layout, data: Bytes) -> pd.DataFrame:
    """A new DataFrame over `data`, which is the whole file."""
    source = Source(data, layout.batch)
    blocks: list[tuple[Any, Any]] = []
    in_blocks: set[int] = set()
    for region in layout.regions:
        if _is_block(region):
            blocks += _region_blocks(region, layout.rows, data)
            in_blocks.update(f.position for f in region.group.fields)
    for place, f in enumerate(layout.schema.columns):
        if f.position not in in_blocks:
            values = pandas_array(layout, f, source)
            if isinstance(values, np.ndarray):
                values = values.reshape(1, -1)
            blocks.append((values, np.array([place], np.intp)))
    return create_dataframe_from_blocks(
        blocks, index=_index(layout, source), columns=layout.schema.labels
    )


def _is_block(region: Region) -> bool:
    type_ = region.group.type
    if type_.timezone is not None:
        return False
    return not (region.has_nulls and type_.name in ("int64", "uint64"))


def _region_blocks(region: Region, rows: int, data: Bytes) -> list[tuple[Any, Any]]:
    shape = len(region.group.fields), rows
    strides = region.stride, 8
    values = np.ndarray(shape, region.group.type.dtype, data, region.offset if rows else 0, strides)
    return [(values[run.start : run.stop], run.placement) for run in region.group.runs]


def _index(layout: Layout, source: Source) -> pd.Index:
    levels = layout.schema.levels
    if not levels:
        if layout.rows_index is None:
            layout.rows_index = pd.RangeIndex(layout.rows)
        return layout.rows_index
    arrays = [_level_values(pandas_array(layout, f, source)) for f in levels]
    if len(arrays) == 1:
        return _single_index(arrays[0], levels[0].label)
    return pd.MultiIndex.from_arrays(arrays, names=[f.label for f in levels])


def _single_index(values: Any, name: Any) -> pd.Index:
    steps = _as_range(values)
    if steps is not None:
        return pd.RangeIndex(steps, name=name)
    return pd.Index(values, name=name, copy=False)


def _as_range(values: Any) -> range | None:
    """The range that integers at one distance are: read_csv makes a RangeIndex of these."""
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
    """As read_csv has them in an index: bools with NA become floats there, other objects stay."""
    if isinstance(values, np.ndarray) and values.dtype == object:
        if len(values) and all(v is True or v is False or v != v for v in values):
            return values.astype(float)
        return pd.Index(values, dtype=object)
    return values
