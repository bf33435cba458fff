"""Makes Arrow tables and Polars frames of a snapshot, and hands it to whatever speaks Arrow.

They are made of the same buffers as DataFrames are, which were found and checked, so they are the
same table. Arrow's own readers find the buffers through the file's footer, which is not used here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _arrow_schema
from ._arrow_schema import Field
from ._batch import Batch

if TYPE_CHECKING:
    from ._layout import Layout


def arrow(layout: Layout, content: npt.NDArray[np.uint8]) -> Any:
    """A pyarrow.Table over the snapshot's memory, of one chunk."""
    import pyarrow as pa

    schema = layout.schema
    whole = pa.py_buffer(content)
    places = _places(layout.batch)
    arrays = []
    for f, type_ in zip(schema.fields, schema.arrow_types, strict=True):
        if f.dictionary < 0:
            arrays.append(_array(pa, f, type_, layout.batch, places, whole))
        else:
            arrays.append(_dictionary_array(pa, f, type_, layout, places, whole))
    return pa.Table.from_arrays(arrays, schema=schema.as_arrow)


Places = Sequence[int]  # offset in the file and size of each buffer in turn


def _places(batch: Batch) -> Places:
    body, numbers = batch.body, list(batch.buffers)
    numbers[::2] = [body + offset for offset in numbers[::2]]
    return numbers


def _array(pa: Any, f: Field, type_: Any, batch: Batch, places: Places, whole: Any) -> Any:
    if f.type.name == "null" and not f.code_size:
        return pa.nulls(batch.rows)
    at, nulls = 2 * f.buffer, batch.nulls(f.node)
    buffers = [
        whole.slice(places[at], places[at + 1]) if nulls else None,
        whole.slice(places[at + 2], places[at + 3]),
    ]
    if f.type.name == "text" and not f.code_size:
        buffers.append(whole.slice(places[at + 4], places[at + 5]))
    return pa.Array.from_buffers(type_, batch.rows, buffers, nulls)


def _dictionary_array(
    pa: Any, f: Field, type_: Any, layout: Layout, places: Places, whole: Any
) -> Any:
    codes = _array(pa, f, type_.index_type, layout.batch, places, whole)
    batch = layout.dictionaries[f.dictionary]
    inner = _arrow_schema.values_schema(f.type).fields[0]
    values = _array(pa, inner, type_.value_type, batch, _places(batch), whole)
    return pa.DictionaryArray.from_arrays(codes, values, safe=False)


def stream(layout: Layout, content: npt.NDArray[np.uint8], requested_schema: Any) -> Any:
    """What __arrow_c_stream__ returns.

    By pyarrow where that is installed, because what it hands over is given back without a line of
    Python. A requested schema is met by pyarrow only; the protocol allows to pass over it.
    """
    if _has_pyarrow():
        return arrow(layout, content).__arrow_c_stream__(requested_schema)
    from . import _arrow_c

    return _arrow_c.stream_capsule(layout, content)


def schema(layout: Layout) -> Any:
    """What __arrow_c_schema__ returns."""
    if _has_pyarrow():
        return layout.schema.as_arrow.__arrow_c_schema__()
    from . import _arrow_c

    return _arrow_c.schema_capsule(layout.schema)


def _has_pyarrow() -> bool:
    try:
        import pyarrow
    except ImportError:
        return False
    return pyarrow is not None


class _ForPolars:
    """What Polars takes as a table: without time zones that are offsets, which it does not know."""

    def __init__(self, layout: Layout, content: npt.NDArray[np.uint8]) -> None:
        self._layout, self._content = layout, content

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        from . import _arrow_c

        return _arrow_c.stream_capsule(self._layout, self._content, zones=True)


def polars(layout: Layout, content: npt.NDArray[np.uint8]) -> Any:
    """A polars.DataFrame. Polars takes numbers, times and codes without a copy."""
    import polars as pl

    if not _has_pyarrow():
        return pl.DataFrame(_ForPolars(layout, content))
    return pl.from_arrow(_with_named_zones(arrow(layout, content)))


def _with_named_zones(table: Any) -> Any:
    """The table with the same instants in UTC where a time zone is an offset.

    Polars does not know offsets as time zones.
    """
    import pyarrow as pa

    for i, f in enumerate(table.schema):
        if pa.types.is_timestamp(f.type) and f.type.tz and f.type.tz[0] in "+-":
            utc = pa.timestamp(f.type.unit, "UTC")
            table = table.set_column(i, f.with_type(utc), table.column(i).cast(utc))
    return table
