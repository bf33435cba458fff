"""Load what csv2frame makes of CSV files as DataFrames; for corpus.py and differential/.

Columns that the format keeps in a plain form (docs/FORMAT.md: shmpub.kind) become the
objects that pandas shows, as in the client package.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
EXE = ".exe" if sys.platform == "win32" else ""


def tool(build: str = "release") -> Path:
    for name in (build, "release", "dev", "asan-ubsan"):
        path = ROOT / "build" / name / "tests" / f"csv2frame{EXE}"
        if path.exists():
            return path
    raise SystemExit("csv2frame is not built: cmake --build build/release --target csv2frame")


def convert(
    pairs: Iterable[tuple[Path, Path]], arguments: Sequence[str] = (), build: str = "release"
) -> None:
    lines = "".join(f"{source}\n{target}\n" for source, target in pairs)
    done = subprocess.run([tool(build), *arguments], input=lines, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"csv2frame: status {done.returncode}\n{done.stderr[-4000:]}")


def _series(field: pa.Field, column: pa.ChunkedArray) -> pd.Series:
    kind = (field.metadata or {}).get(b"shmpub.kind", b"").decode()
    if kind == "int":
        values = np.array([np.nan if v is None else int(v) for v in column.to_pylist()], object)
        return pd.Series(values, dtype=object)
    if kind == "bool":
        values = np.array([np.nan if v is None else v for v in column.to_pylist()], object)
        return pd.Series(values, dtype=object)
    if pa.types.is_null(field.type):
        return pd.Series([None] * len(column), dtype=object)
    if pa.types.is_large_string(field.type):
        return column.to_pandas().astype("str").rename(None)
    return column.to_pandas().rename(None)


def load(path: Path) -> pd.DataFrame:
    with pa.memory_map(str(path)) as source:
        file = pa.ipc.open_file(source)
        table, record = file.read_all(), json.loads(file.metadata[b"shmpub"])
    table.validate(full=True)
    described = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    levels = [i for i in described.get("index_columns", []) if isinstance(i, str)]
    labels = {c["field_name"]: c["name"] for c in described.get("columns", [])}
    columns, index = [], {}
    for field, column in zip(table.schema, table.columns):
        series = _series(field, column)
        label = labels.get(field.name, field.name)
        if label is not None and (field.metadata or {}).get(b"shmpub.label") == b"int":
            label = int(label)
        if field.name in levels:
            index[levels.index(field.name)] = (series, label)
        else:
            columns.append((label, series))
    frame = pd.DataFrame(dict(enumerate(s for _, s in columns)), index=range(table.num_rows))
    frame.columns = pd.Index([name for name, _ in columns], dtype=None if columns else object)
    if index:
        arrays = [index[i][0] for i in sorted(index)]
        names = [index[i][1] for i in sorted(index)]
        frame.index = (
            pd.Index(arrays[0], name=names[0])
            if len(arrays) == 1
            else pd.MultiIndex.from_arrays(arrays, names=names)
        )
    frame.attrs["skipped_rows"] = record["skipped_rows"]
    return frame
