"""Tables that prove themselves: every cell follows from the table's number.

The writer makes the CSV text of table N; a reader that holds a frame computes what table N must be
and compares every cell, so that one torn, mixed or stale byte shows.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

KINDS = 7  # tables of one feed differ in height and, every seventh, in their columns
TABLES = 64  # different tables; they come again and again


def height(number: int) -> int:
    """Rows of table `number`: small and large ones in turn, so that segments grow and shrink."""
    return 1 + (number * 7919) % 2000 if number % KINDS else 20_000


@cache
def expected(number: int) -> pd.DataFrame:
    rows = np.arange(height(number), dtype="int64")
    frame = pd.DataFrame(
        {
            "number": np.full(len(rows), number, dtype="int64"),
            "row": rows,
            "half": rows * 0.5 + number,
            "text": pd.Series([f"t{number}-{row % 97}" for row in rows], dtype="str"),
            "odd": (rows + number) % 2 == 1,
        }
    )
    if number % KINDS == 3:
        frame["more"] = rows * -1.25
    return frame


@cache
def text(number: int) -> bytes:
    return expected(number).to_csv(index=False).encode()


def write(path: Path, number: int) -> None:
    """Replace the source in one step, as a careful producer does."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(text(number % TABLES))
    os.replace(beside, path)


def check(frame: pd.DataFrame) -> int:
    """Check every cell of a frame, and return its table's number.

    AssertionError says what is wrong.
    """
    assert len(frame) > 0, "a frame of no rows"
    number = int(frame["number"].iat[0])
    want = expected(number)
    assert list(frame.columns) == list(want.columns), f"table {number}: {list(frame.columns)}"
    assert len(frame) == len(want), f"table {number}: {len(frame)} rows, {len(want)} are right"
    for name in want.columns:
        same = frame[name].to_numpy() == want[name].to_numpy()
        assert same.all(), f"table {number}, column {name}: row {int(np.argmin(same))} is wrong"
    return number
