"""Snapshots for others: Arrow, Polars, whoever speaks Arrow's C stream interface."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt


def arrow(data: npt.NDArray[np.uint8]) -> Any:
    import pyarrow as pa

    return pa.ipc.open_file(pa.py_buffer(data)).read_all()


def polars(data: npt.NDArray[np.uint8]) -> Any:
    import polars as pl

    try:
        table = arrow(data)
    except ImportError:
        return pl.read_ipc(io.BytesIO(data.data))
    return pl.from_arrow(_with_named_zones(table))


def _with_named_zones(table: Any) -> Any:
    """Polars knows no offsets as time zones: the same instants in UTC."""
    import pyarrow as pa

    for i, f in enumerate(table.schema):
        if pa.types.is_timestamp(f.type) and f.type.tz and f.type.tz[0] in "+-":
            utc = pa.timestamp(f.type.unit, "UTC")
            table = table.set_column(i, f.with_type(utc), table.column(i).cast(utc))
    return table


def arrow_c_stream(data: npt.NDArray[np.uint8], requested_schema: Any) -> Any:
    return arrow(data).__arrow_c_stream__(requested_schema)
