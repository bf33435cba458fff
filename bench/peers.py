"""One peer in a process of its own, one thread, on command.

    peers.py pandas|pyarrow|polars    then lines "FILE VARIANT" on standard input

Each line is answered by one JSON object with the time of one read, source file to table. `auto`
is the library's own inference; `typed` asks for the types that the file has, timestamps included
(which pandas and Polars leave as text by themselves).
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCHEMAS = {  # i int64, f float64, b bool, s text, t timestamp
    "quotes": {"timestamp": "t", "symbol": "s", "bid": "f", "ask": "f"}
    | {"bid_size": "i", "ask_size": "i"},
    "mixed": {"id": "i", "price": "f", "flag": "b", "kind": "s", "note": "s", "time": "t"}
    | {"count": "f"},
    "floats": {f"f{i}": "f" for i in range(10)},
    "wide": {f"c{i:04d}": "f" for i in range(1000)},
    "tiny": {"index": "i", "a": "i", "b": "i", "c": "i"},
}
SCHEMAS["quotes1m"] = SCHEMAS["quotes"]
Read = Callable[[Path], Any]


def schema_of(path: Path) -> dict[str, str]:
    return SCHEMAS[path.stem.removesuffix("_half")]


def use_pandas(variant: str) -> Read:
    import pandas as pd

    names = {"i": "int64", "f": "float64", "b": "bool", "s": "str"}

    def read(path: Path) -> Any:
        if variant == "auto":
            return pd.read_csv(path)
        types = schema_of(path)
        times = [column for column, kind in types.items() if kind == "t"]
        dtype = {column: names[kind] for column, kind in types.items() if kind != "t"}
        return pd.read_csv(path, dtype=dtype, parse_dates=times, date_format="ISO8601")

    return read


def use_pyarrow(variant: str) -> Read:
    import pyarrow as pa
    import pyarrow.csv

    names = {"i": pa.int64(), "f": pa.float64(), "b": pa.bool_(), "s": pa.string()}
    names["t"] = pa.timestamp("ms")

    def read(path: Path) -> Any:
        options = {}
        if variant == "typed":
            types = {column: names[kind] for column, kind in schema_of(path).items()}
            options["convert_options"] = pa.csv.ConvertOptions(column_types=types)
        return pa.csv.read_csv(
            path,
            read_options=pa.csv.ReadOptions(use_threads=False),
            parse_options=pa.csv.ParseOptions(newlines_in_values=path.stem.startswith("mixed")),
            **options,
        )

    return read


def use_polars(variant: str) -> Read:
    import polars as pl

    names = {"i": pl.Int64, "f": pl.Float64, "b": pl.Boolean, "s": pl.String}
    names["t"] = pl.Datetime("ms")

    def read(path: Path) -> Any:
        if variant == "auto":
            return pl.read_csv(path)
        types = {column: names[kind] for column, kind in schema_of(path).items()}
        return pl.read_csv(path, schema=types)

    return read


PEERS = {"pandas": use_pandas, "pyarrow": use_pyarrow, "polars": use_polars}


def main() -> None:
    peer = PEERS[sys.argv[1]]
    readers = {variant: peer(variant) for variant in ("auto", "typed")}
    for line in sys.stdin:
        name, variant = line.split()
        gc.collect()
        start = time.perf_counter_ns()
        table = readers[variant](Path(name))
        elapsed = time.perf_counter_ns() - start
        print(json.dumps({"ns": elapsed, "shape": list(table.shape)}), flush=True)
        del table


if __name__ == "__main__":
    main()
