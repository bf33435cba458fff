"""Snapshots for others: Arrow, Polars, whoever speaks Arrow's C stream interface."""

from __future__ import annotations

import io
from typing import Any

from ._mapping import Bytes


def arrow(data: Bytes) -> Any:
    import pyarrow as pa

    return pa.ipc.open_file(pa.py_buffer(data)).read_all()


def polars(data: Bytes) -> Any:
    import polars as pl

    try:
        table = arrow(data)
    except ImportError:
        return pl.read_ipc(io.BytesIO(data.data))
    return pl.from_arrow(table)


def arrow_c_stream(data: Bytes, requested_schema: Any) -> Any:
    return arrow(data).__arrow_c_stream__(requested_schema)
