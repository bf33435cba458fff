"""The soak's tables: each says itself whether it is whole, by its number and its version alone."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pandas as pd

LARGE_EVERY = 50  # feeds; their tables need several windows and both threads
GROWING = "growing"
PATTERN = "pattern"
PARTS = 3  # files of a pattern, each of a version of its own
BAD_EVERY = 40  # rows of a feed with rejected rows


def n_rows(number: int, version: int) -> int:
    n = 50 + (number * 7 + version * 13) % 400
    return n * 60 if number % LARGE_EVERY == 0 else n


def text_of(number: int, version: int, bad_rows: bool = False) -> str:
    """Return the CSV of one version; with `bad_rows`, some rows between have a field too many."""
    lines = ["v,i,x,t"]
    for row in range(n_rows(number, version)):
        if bad_rows and row % BAD_EVERY == BAD_EVERY - 1:
            lines.append(f"{version},0,0,0,too many")
        lines.append(f'{version},{row},{version + row / 8},"text {version}, {row}"')
    return "\n".join(lines) + "\n"


def growth(start: int, n: int) -> str:
    """Return rows of a table that only grows."""
    return "".join(f'7,{row},{7 + row / 8},"text 7, {row}"\n' for row in range(start, start + n))


def fault(name: str, df: pd.DataFrame) -> str:
    """Return what is wrong with a table of the feed `name` (KIND-NUMBER); "" when it is whole."""
    if not name.startswith(PATTERN):
        return fault_of_file(name, df)
    starts = [*np.flatnonzero(df["i"].to_numpy() == 0), len(df)]
    if len(starts) != PARTS + 1:
        return f"{len(starts) - 1} files"
    parts = (df.iloc[a:b] for a, b in itertools.pairwise(starts))
    return next(filter(None, (fault_of_file(name, part) for part in parts)), "")


def fault_of_file(name: str, df: pd.DataFrame) -> str:
    kind, _, number = name.rpartition("-")
    if list(df.columns) != ["v", "i", "x", "t"]:
        return f"columns {list(df.columns)}"
    n = len(df)
    if n == 0:
        return "" if kind == GROWING else "no rows"
    v, i, x = df["v"].to_numpy(), df["i"].to_numpy(), df["x"].to_numpy()
    version = int(v[0])
    if (v != version).any():
        return f"versions {min(v)} to {max(v)}"
    if kind != GROWING and n != n_rows(int(number), version):
        return f"{n} rows of version {version}"
    if (i != np.arange(n)).any():
        return f"rows of version {version} in another order, or twice"
    if (x != version + np.arange(n) / 8).any():
        return f"other numbers in version {version}"
    for row in {0, n - 1, *random.choices(range(n), k=8)}:
        if df["t"].iloc[row] != f"text {version}, {row}":
            return f"{df['t'].iloc[row]!r} in row {row} of version {version}"
    return ""
