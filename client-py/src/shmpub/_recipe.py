"""How frames are made of snapshots that have one schema, and nulls in the same columns.

Which blocks such frames have, their classes, types and places is found once. A new snapshot gives
each block its memory. The frames are those that _frame makes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _blocks, _frame
from ._arrow_schema import Field, Single
from ._blocks import CATEGORY, TEXT, TIMES, Maker, Mold
from ._columns import LARGE_UTF8, Source, Values, categories, text_dtype, zoned_dtype
from ._layout import Layout

try:
    import pyarrow as pa
except ImportError:
    pa = None


class Recipe:
    """Holds for layouts to which one plan applies and whose nulls are in the same columns.

    Also for one string storage of pandas.
    """

    __slots__ = ("_molds", "_others", "_runs", "_texts", "_views", "storage")

    def __init__(self, layout: Layout, values: list[Values]) -> None:
        self.storage = _blocks.way.string_storage()
        self._runs: list[tuple[int, int, int, Any]] = []  # region, first column, columns, dtype
        self._views: list[tuple[int, bool, Any]] = []  # buffer, whether it is 2-D, dtype
        self._texts: list[tuple[int, int]] = []  # buffer, node
        self._others: list[Single] = []
        self._molds: list[Mold] = []  # of the blocks: runs, views and texts in this order
        singles = layout.schema.singles
        for n, region in enumerate(layout.regions):
            group = region.group
            if region.has_nulls and group.is_integer:
                singles = singles + group.singles
            elif not group.type.timezone:
                for run in group.runs:
                    self._runs.append((n, run.start, run.stop - run.start, group.type.dtype))
                    self._molds.append(_blocks.mold(group.kind, group.type.dtype, run.seat))
        self._add_singles(singles, layout, values)

    def _add_singles(
        self, singles: tuple[Single, ...], layout: Layout, values: list[Values]
    ) -> None:
        text_molds = []
        dtype, is_arrow = text_dtype(self.storage)
        for f, seat in singles:
            its = values[f.dictionary] if f.dictionary >= 0 else None
            if its is not None and _are_codes_seen(f, layout, its):
                self._views.append((f.buffer + 1, False, its.codes))
                self._molds.append(_blocks.mold(CATEGORY, its.dtype, seat))
            elif its is None and f.type.timezone is not None and f.type.dtype is not None:
                self._views.append((f.buffer + 1, True, f.type.dtype))
                zoned = zoned_dtype(f.type.dtype, f.type.timezone)
                self._molds.append(_blocks.mold(TIMES, zoned, seat))
            elif its is None and f.type.name == "text" and f.kind != "int" and is_arrow:
                self._texts.append((f.buffer, f.node))
                text_molds.append(_blocks.mold(TEXT, dtype, seat))
            else:
                self._others.append((f, seat))
        self._molds += text_molds

    def maker(self, layout: Layout, source: Source) -> Maker:
        """As _frame.frame_maker()."""
        batch, data, regions = layout.batch, source.data, layout.regions
        rows, body, buffers = batch.rows, batch.body, batch.buffers
        values: list[Any] = []
        for n, start, count, dtype in self._runs:
            _, offset, stride, _ = regions[n]
            at, strides = offset + start * stride, (stride if count > 1 else 8, 8)
            values.append(np.ndarray((count, rows), dtype, data, at, strides))
        for buffer, is_2d, dtype in self._views:
            shape = (1, rows) if is_2d else (rows,)
            values.append(np.ndarray(shape, dtype, data, body + buffers[2 * buffer]))
        if self._texts:
            part, make = pa.py_buffer(source.content).slice, pa.Array.from_buffers
            for buffer, node in self._texts:
                nulls, at = batch.nodes[2 * node + 1], 2 * buffer
                parts = [
                    part(body + buffers[at], buffers[at + 1]) if nulls else None,
                    part(body + buffers[at + 2], buffers[at + 3]),
                    part(body + buffers[at + 4], buffers[at + 5]),
                ]
                text = make(LARGE_UTF8, rows, parts, nulls)
                values.append(pa.chunked_array((text,), LARGE_UTF8))
        molds = self._molds
        if self._others:
            molds = [*molds]
            for f, seat in self._others:
                kind, its, dtype = _frame.single(f, source)
                values.append(its)
                molds.append(_blocks.mold(kind, dtype, seat))
        index = _frame.index(layout, source)
        return _blocks.fast_maker(molds, values, index, layout.schema.labels)


def _are_codes_seen(f: Field, layout: Layout, values: Values) -> bool:
    """Whether pandas' codes of the column are those in the file, so that a view of them will do."""
    categories(f, values)
    is_same_type = values.codes is not None and values.codes.itemsize == f.code_size
    return is_same_type and not layout.batch.nulls(f.node)
