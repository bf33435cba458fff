"""The DataFrame of a snapshot.

All columns of one plain numeric type are one block: a two-dimensional view of their region. So a
frame of a thousand columns costs what one of a single column does.

What is handed out is a shallow copy of one master that stays ours: pandas then knows that the
memory is shared, and copies a block before it writes into it. pandas offers
`create_dataframe_from_blocks` and `DataFrame.copy` for this. Making the master and its first copy
so takes most of the time of a whole refresh, because each makes two more managers and checks what
is known; so there is a way that makes only what is handed out. It uses pandas' insides; it is
tried once, at import, and the public way is taken if it fails or gives something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.internals import create_dataframe_from_blocks

from ._columns import Source, pandas_array
from ._layout import Layout, Region
from ._mapping import Bytes

Blocks = list[tuple[Any, Any]]  # values of a block, and their columns' places
Maker = Callable[[], pd.DataFrame]


def master(layout: Layout, data: Bytes) -> Maker:
    """A function that hands out DataFrames over `data`, which is the whole file."""
    source = Source(data, layout.batch)
    blocks: Blocks = []
    in_blocks: set[int] = set()
    for region in layout.regions:
        if _is_block(region):
            blocks += _region_blocks(region, layout.rows, data)
            in_blocks |= region.group.positions
    if len(in_blocks) < len(layout.schema.columns):
        blocks += _single_blocks(layout, source, in_blocks)
    return _make(blocks, _index(layout, source), layout.schema.labels)


def _single_blocks(layout: Layout, source: Source, but: set[int]) -> Iterator[tuple[Any, Any]]:
    for place, f in enumerate(layout.schema.columns):
        if f.position not in but:
            values = pandas_array(layout, f, source)
            if isinstance(values, np.ndarray):
                values = values.reshape(1, -1)
            yield values, layout.schema.placements[place]


def make_publicly(blocks: Blocks, index: pd.Index, columns: pd.Index) -> Maker:
    frame = create_dataframe_from_blocks(blocks, index=index, columns=columns)
    return lambda: frame.copy(deep=False)


def make_fast(blocks: Blocks, index: pd.Index, columns: pd.Index) -> Maker:
    from pandas.api.internals import _make_block
    from pandas.core.internals.managers import BlockManager

    masters = [_make_block(values, places) for values, places in blocks]

    def hand_out() -> pd.DataFrame:
        # Views of the axes: their names can be set, in this frame alone.
        axes = [columns.view(), index.view()]
        copies = tuple([block.copy(deep=False) for block in masters])
        return pd.DataFrame._from_mgr(BlockManager(copies, axes, verify_integrity=False), axes)

    return hand_out


def _choose() -> Callable[[Blocks, pd.Index, pd.Index], Maker]:
    try:
        numbers = np.arange(6.0).reshape(2, 3)
        text = pd.array(["a", "b", None], dtype="str")
        blocks = [(numbers, np.array([0, 2])), (text, np.array([1]))]
        arguments = blocks, pd.RangeIndex(3), pd.Index(["x", "y", "z"])
        hand_out, want = make_fast(*arguments), make_publicly(*arguments)()
        first, second = hand_out(), hand_out()
        first.iloc[0, 0] = 9.0
        first.columns.name = "changed"
        if second.equals(want) and numbers[0, 0] == 0 and second.columns.name is None:
            return make_fast
    except Exception:  # whatever other insides may raise
        pass
    return make_publicly


_make = _choose()


def _is_block(region: Region) -> bool:
    type_ = region.group.type
    if type_.timezone is not None:
        return False
    return not (region.has_nulls and type_.name in ("int64", "uint64"))


def _region_view(region: Region, rows: int, data: Bytes) -> Any:
    shape = len(region.group.fields), rows
    strides = region.stride, 8
    return np.ndarray(shape, region.group.type.dtype, data, region.offset if rows else 0, strides)


def _region_blocks(region: Region, rows: int, data: Bytes) -> list[tuple[Any, Any]]:
    values = _region_view(region, rows, data)
    return [(values[run.start : run.stop], run.placement) for run in region.group.runs]


def views(layout: Layout, data: Bytes) -> Iterator[tuple[int, Any]]:
    """(position, array) of every column that lies in a region and is shown as it lies there."""
    for region in layout.regions:
        if not region.has_nulls or region.group.type.name not in ("int64", "uint64"):
            rows = _region_view(region, layout.rows, data)
            for f, values in zip(region.group.fields, rows, strict=True):
                yield f.position, values


def _index(layout: Layout, source: Source) -> pd.Index:
    levels = layout.schema.levels
    if not levels:
        if layout.rows_index is None:
            layout.rows_index = pd.RangeIndex(layout.rows)
        return layout.rows_index
    arrays = [pandas_array(layout, f, source) for f in levels]
    if len(arrays) == 1:
        return _single_index(_level_values(arrays[0]), levels[0].label)
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
    """Objects stay objects: pandas would look at them once more, and find floats in [True, NaN]."""
    if isinstance(values, np.ndarray) and values.dtype == object:
        return pd.Index(values, dtype=object)
    return values
