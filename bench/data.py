"""The files that are measured: made from fixed seeds, so that two machines time the same bytes.

tiny      3 rows of integers
quotes    10,000 quotes: timestamp, symbol, prices with 2 to 4 decimals, sizes
quotes1m  a million of them
floats    a million rows of ten floats with 17 digits
mixed     a million rows: text with commas, quotes and newlines, missing values, bools, timestamps
wide      5,000 rows of 1,000 columns
ten       10,000 rows of ten columns of five types: what a DataFrame of mixed types costs
A file has others beside it for a refresh that brings more than new numbers: of as many rows but
other texts (_texts), or of another number of rows (_rows, _half).
make_of_size() makes floats and mixed of any size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

WORDS = "the quick brown fox jumps over a lazy dog while rain falls on seven grey hills".split()
KINDS = ["spot", "future", "option", "swap", "bond", "fund", "index", "loan"]
Chunks = Iterator[str]


def tiny() -> Chunks:
    yield "index,a,b,c\n0,1,2,3\n1,4,5,6\n2,7,8,9\n"


def quotes(rows: int, seed: int = 11) -> Callable[[], Chunks]:
    def chunks() -> Chunks:
        rng = np.random.default_rng(seed)
        letters = rng.integers(65, 91, (100, 4)).tolist()
        symbols = ["".join(map(chr, word[: 2 + i % 3])) for i, word in enumerate(letters)]
        start = np.datetime64("2024-03-01T09:30:00.000")
        yield "timestamp,symbol,bid,ask,bid_size,ask_size\n"
        for n in pieces(rows):
            steps = np.cumsum(rng.integers(1, 400, n)).astype("timedelta64[ms]")
            times = np.datetime_as_string(start + steps).tolist()
            start = start + steps[-1]
            price = np.exp(rng.normal(4, 1, n)).tolist()
            digits, symbol = rng.integers(2, 5, n).tolist(), rng.integers(0, 100, n).tolist()
            size = rng.integers(1, 5000, (n, 2)).tolist()
            yield "".join(
                f"{t},{symbols[s]},{p:.{d}f},{p * 1.0005:.{d}f},{z[0]},{z[1]}\n"
                for t, s, p, d, z in zip(times, symbol, price, digits, size, strict=True)
            )

    return chunks


def floats(rows: int) -> Callable[[], Chunks]:
    def chunks() -> Chunks:
        rng = np.random.default_rng(12)
        scale = 10.0 ** np.arange(-2, 8)
        line = ",".join(["%.17g"] * 10) + "\n"
        yield ",".join(f"f{i}" for i in range(10)) + "\n"
        for n in pieces(rows):
            values = (rng.normal(0, 1, (n, 10)) * scale).tolist()
            yield "".join(line % tuple(row) for row in values)

    return chunks


def note(kind: int, text: str, number: int) -> str:
    if kind < 4:
        return f"{text} {number:07x}"
    if kind < 7:
        return f'"{text}, {number:07x}"'
    if kind < 9:
        return f'"{text} ""{number:07x}"" end"'
    return f'"{text}\n{number:07x}"'


def mixed(rows: int) -> Callable[[], Chunks]:
    def chunks() -> Chunks:
        rng = np.random.default_rng(13)
        start, done = np.datetime64("2023-01-01T00:00:00"), 0
        yield "id,price,flag,kind,note,time,count\n"
        for n in pieces(rows):
            seconds = rng.integers(0, 10**8, n).astype("timedelta64[s]")
            times = np.datetime_as_string(start + seconds).tolist()
            ids = rng.integers(-(10**6), 10**9, n).tolist()
            prices = np.round(rng.normal(100, 30, n), 4).tolist()
            counts = rng.integers(0, 10**5, n).tolist()
            missing = (rng.random((n, 3)) < (0.05, 0.02, 0.3)).tolist()
            pick = rng.integers(0, 1 << 30, (n, 3)).tolist()
            out = []
            for i in range(n):
                a, b, c = pick[i]
                text = " ".join(WORDS[(a >> shift) % len(WORDS)] for shift in (0, 5, 10, 15, 20))
                price, kind, count = missing[i]
                out.append(
                    f"{ids[i]},{'' if price else prices[i]},{'true' if b & 1 else 'false'},"
                    f"{'' if kind else KINDS[b >> 1 & 7]},{note(c % 10, text, done + i)},"
                    f"{times[i]},{'' if count else counts[i]}\n"
                )
            done += n
            yield "".join(out)

    return chunks


def wide(rows: int, columns: int) -> Callable[[], Chunks]:
    def chunks() -> Chunks:
        rng = np.random.default_rng(14)
        line = ",".join(["%.6g"] * columns) + "\n"
        yield ",".join(f"c{i:04d}" for i in range(columns)) + "\n"
        for n in pieces(rows, 500):
            values = rng.normal(0, 100, (n, columns)).tolist()
            yield "".join(line % tuple(row) for row in values)

    return chunks


def ten(rows: int, seed: int = 15) -> Callable[[], Chunks]:
    def chunks() -> Chunks:
        rng = np.random.default_rng(seed)
        start = np.datetime64("2024-03-01T09:30:00.000")
        yield "time,id,symbol,kind,price,change,volume,trades,rank,note\n"
        times = np.datetime_as_string(start + np.arange(rows).astype("timedelta64[ms]")).tolist()
        prices = np.round(np.exp(rng.normal(4, 1, (rows, 3))), 3).tolist()
        numbers = rng.integers(0, 1 << 30, (rows, 5)).tolist()
        for i, (t, (price, change, volume), n) in enumerate(
            zip(times, prices, numbers, strict=True)
        ):
            symbol, note = "ABCDEFGHIJ"[: 2 + n[0] % 7], WORDS[n[1] % len(WORDS)]
            yield (
                f"{t},{i},{symbol},{KINDS[n[2] % 8]},{price},{change if n[3] % 16 else ''},"
                f"{volume},{n[3]},{n[4]},{note}\n"
            )

    return chunks


def pieces(rows: int, step: int = 20_000) -> Iterator[int]:
    for start in range(0, rows, step):
        yield min(step, rows - start)


FILES: dict[str, Callable[[], Chunks]] = {
    "tiny": tiny,
    "quotes": quotes(10_000),
    "quotes1m": quotes(1_000_000),
    "floats": floats(1_000_000),
    "mixed": mixed(1_000_000),
    "wide": wide(5_000, 1_000),
    "ten": ten(10_000),
    "quotes_texts": quotes(10_000, 21),
    "quotes_rows": quotes(10_100, 22),
    "ten_texts": ten(10_000, 23),
    "ten_rows": ten(10_100, 24),
    "wide_rows": wide(4_000, 1_000),
    "floats_half": floats(500_000),
}


def make(folder: Path, name: str) -> Path:
    """The file, made when it is not there."""
    path = folder / f"{name}.csv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".new")
        with open(aside, "w", encoding="utf-8", newline="") as file:
            file.writelines(FILES[name]())
        aside.rename(path)
    return path


BLOCK_BYTES = 50_000_000
OF_ROWS: dict[str, tuple[Callable[[int], Callable[[], Chunks]], float]] = {  # and bytes a row
    "floats": (floats, 199.0),
    "mixed": (mixed, 89.0),
}


def make_of_size(folder: Path, name: str, size: int) -> Path:
    """The file in about `size` bytes, made when it is not there; beyond 50 MB its rows repeat."""
    path = folder / f"{name}_{size // 10**6}mb.csv"
    if path.exists():
        return path
    of_rows, row_bytes = OF_ROWS[name]
    repeats = max(1, size // BLOCK_BYTES)
    chunks = of_rows(round(size / repeats / row_bytes))()
    folder.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    with open(aside, "wb") as file:
        file.write(next(chunks).encode())  # the header
        block = "".join(chunks).encode()
        for _ in range(repeats):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())  # or the disk would be busy with it while we measure
    aside.rename(path)
    return path
