"""Every file of a directory, and hard ones that are made here, beside pandas: who is slower?

    corpus_times.py [DIRECTORY] [--only SUBSTRING] [--rounds N] [--worst N] [--made] [--keep DIR]

A file's ratio is pandas' time by ours, both the least of many, in processor time of one process
each, so that others on the machine disturb little. Ours is a refresh after the first. Files at
which pandas raises are left out. The worst ratios come first. --made: only the hard ones.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from harness import BUILD

FEEDS = 48  # of one bench_publish, which takes 64
REST_S = 1.1  # between two refreshes of a file, so that its last segment can be filled again
PANDAS_NS = 20_000_000  # as long as pandas reads each file in a round
Case = tuple[str, Path, dict[str, Any]]


# --- hard files ---------------------------------------------------------------------------------


def numbers(rows: int, columns: int, text: str = "{:.4f}", seed: int = 1) -> list[list[str]]:
    values = np.random.default_rng(seed).normal(0, 100, (rows, columns)).tolist()
    return [[text.format(v) for v in row] for row in values]


def lines(rows: list[list[str]], header: str = "", end: str = "\n") -> str:
    if not header:
        header = ",".join(f"c{i}" for i in range(len(rows[0])))
    return end.join([header, *map(",".join, rows), ""])


def integers(rows: int, columns: int, low: int, high: int, seed: int = 2) -> list[list[str]]:
    return np.random.default_rng(seed).integers(low, high, (rows, columns)).astype(str).tolist()


def words(rows: int, columns: int, pick: list[str], seed: int = 3) -> list[list[str]]:
    return np.random.default_rng(seed).choice(np.array(pick), (rows, columns)).tolist()


def quoted(rows: list[list[str]]) -> list[list[str]]:
    return [[f'"{cell}"' for cell in row] for row in rows]


def with_gaps(rows: list[list[str]], gap: str, each: int = 7) -> list[list[str]]:
    return [
        [gap if (i * 31 + k * 17) % each == 0 else cell for k, cell in enumerate(row)]
        for i, row in enumerate(rows)
    ]


def dates(rows: int, columns: int, form: str) -> list[list[str]]:
    seconds = np.random.default_rng(4).integers(0, 10**9, (rows, columns))
    times = pd.to_datetime(seconds.ravel(), unit="s").strftime(form).to_numpy(object)
    return times.reshape(rows, columns).tolist()


def prose(rows: int, size: int, pick: str = "the quick brown fox jumps over it ") -> list[str]:
    starts = np.random.default_rng(5).integers(0, len(pick), rows).tolist()
    long = pick * (size // len(pick) + 2)
    texts = [long[s : s + size] for s in starts]
    return texts if '""' not in pick else [long[: size + s] for s in starts]


def named(n: int) -> list[str]:
    return [f"name {i * 7919 % 100003}" for i in range(n)]


def ragged(rows: list[list[str]]) -> list[list[str]]:
    return [row[: 1 + (i * 13) % len(row)] for i, row in enumerate(rows)]


def blocks(*parts: list[list[str]]) -> list[list[str]]:
    return [[c for row in rows for c in row] for rows in zip(*parts, strict=True)]


SHORT = ["NYSE", "Nasdaq", "none", "null island", "nice", "-", "#1", "<b>", "North", "n"]
CODES = ["AT", "BE", "DE", "FR", "IT", "NL", "NZ", "NO", "NA", "NI", "NG", ""]
FLAGS = ["True", "False"]
MADE: dict[str, tuple[Callable[[], str], dict[str, Any]]] = {
    "units": (lambda: lines([["x"] * 8, *numbers(50_000, 8)]), {}),
    "units_negative": (lambda: lines([["x"] * 8, *numbers(50_000, 8, "-{:.3f}")]), {}),
    "units_integers": (lambda: lines([["x"] * 8, *integers(50_000, 8, 0, 20_000)]), {}),
    "units_ones": (lambda: lines([["x"] * 8, *integers(50_000, 8, 1000, 2000)]), {}),
    "no_header": (lambda: lines(numbers(50_000, 8)), {"header": None}),
    "units_last": (lambda: lines([*numbers(50_000, 8), ["x"] * 8]), {}),
    "units_middle": (
        lambda: lines([*numbers(25_000, 8), ["x"] * 8, *numbers(25_000, 8)]),
        {},
    ),
    "units_gaps": (lambda: lines([["x"] * 8, *with_gaps(numbers(50_000, 8), "")]), {}),
    "units_nan": (lambda: lines([["x"] * 8, *with_gaps(numbers(50_000, 8), "NaN")]), {}),
    "user_words": (
        lambda: lines([["x"] * 8, *with_gaps(numbers(50_000, 8), "-999")]),
        {"na_values": ["-999", "none"]},
    ),
    "user_words_numbers": (
        lambda: lines(with_gaps(numbers(50_000, 8), "-999")),
        {"na_values": ["-999"]},
    ),
    "words_like_na": (lambda: lines(words(50_000, 8, SHORT)), {}),
    "codes": (lambda: lines(words(100_000, 8, CODES)), {}),
    "codes_quoted": (lambda: lines(quoted(words(100_000, 8, CODES))), {}),
    "letters": (lambda: lines(words(100_000, 10, list("NnAYabc"))), {}),
    "hyphens": (lambda: lines([[*row] for row in words(100_000, 8, ["-", "-", "a"])]), {}),
    "long_quoted": (lambda: lines([[f'"{t}"'] for t in prose(10_000, 400)]), {}),
    "long_quotes_inside": (
        lambda: lines([[f'"{t}"'] for t in prose(10_000, 400, 'say ""it"" again ')]),
        {},
    ),
    "quotes_inside": (lambda: lines(quoted(words(50_000, 8, ['a ""b""', "c", 'd ""e""']))), {}),
    "mostly_quotes": (lambda: lines([[f'"{t}"'] for t in prose(10_000, 200, '""""')]), {}),
    "odd_inside": (lambda: lines([[f'"{t}"'] for t in prose(10_000, 200, '""""a')]), {}),
    "long_bare": (lambda: lines([[t, "1"] for t in prose(10_000, 400)]), {}),
    "long_newlines": (
        lambda: lines([[f'"{t}"', "1"] for t in prose(10_000, 300, "a line\nand, one more ")]),
        {},
    ),
    "very_long": (lambda: lines([[f'"{t}"'] for t in prose(40, 50_000)]), {}),
    "not_ascii": (
        lambda: lines([[t, "ä"] for t in prose(20_000, 60, "größer, wäre ".replace(",", ""))]),
        {},
    ),
    "one_column": (lambda: lines([[t] for t in named(300_000)]), {}),
    "one_integers": (lambda: lines(integers(300_000, 1, 0, 100)), {}),
    "one_floats": (lambda: lines(numbers(200_000, 1, "{:.2f}")), {}),
    "crlf": (lambda: lines(numbers(50_000, 8), end="\r\n"), {}),
    "crlf_quoted": (lambda: lines(quoted(numbers(50_000, 8)), end="\r\n"), {}),
    "quoted_numbers": (lambda: lines(quoted(numbers(50_000, 8))), {}),
    "quoted_integers": (lambda: lines(quoted(integers(50_000, 8, 0, 10_000))), {}),
    "blank_numbers": (lambda: lines(numbers(50_000, 8, " {:8.3f}")), {}),
    "blank_integers": (
        lambda: lines([[f"{c:>8}" for c in row] for row in integers(50_000, 8, 0, 10_000)]),
        {},
    ),
    "integers_gaps": (lambda: lines(with_gaps(integers(100_000, 8, 0, 10_000), "")), {}),
    "integers_nan": (lambda: lines(with_gaps(integers(100_000, 8, 0, 10_000), "NaN")), {}),
    "floats_many_nan": (lambda: lines(with_gaps(numbers(100_000, 8), "NA", 2)), {}),
    "signs": (
        lambda: lines([[f"+{c}" if c[0] != "-" else c for c in row] for row in numbers(50_000, 8)]),
        {},
    ),
    "exponents": (lambda: lines(numbers(50_000, 8, "{:.6e}")), {}),
    "seventeen_digits": (lambda: lines(numbers(30_000, 8, "{:.17g}")), {}),
    "thirty_digits": (lambda: lines(numbers(20_000, 8, "{:.30f}")), {}),
    "thousands": (
        lambda: lines([[f'"{int(float(c) * 1e4):,}"' for c in row] for row in numbers(50_000, 8)]),
        {"thousands": ","},
    ),
    "decimal_comma": (
        lambda: lines(numbers(50_000, 8)).replace(",", ";").replace(".", ","),
        {"sep": ";", "decimal": ","},
    ),
    "uint64": (
        lambda: lines([[str(2**63 + int(c)) for c in r] for r in integers(50_000, 8, 0, 10**9)]),
        {},
    ),
    "beyond_64_bits": (
        lambda: lines([[f"9{c}{c}" for c in r] for r in integers(20_000, 4, 10**9, 10**10)]),
        {},
    ),
    "bools": (lambda: lines(words(200_000, 8, FLAGS)), {}),
    "bools_lower": (lambda: lines(words(200_000, 8, ["true", "false"])), {}),
    "bools_gaps": (lambda: lines(words(100_000, 8, [*FLAGS, ""])), {}),
    "bools_words": (
        lambda: lines(words(100_000, 8, ["yes", "no"])),
        {"true_values": ["yes"], "false_values": ["no"]},
    ),
    "bools_units": (lambda: lines([["x"] * 8, *words(100_000, 8, FLAGS)]), {}),
    "categories": (lambda: lines(words(200_000, 4, SHORT)), {"dtype": "category"}),
    "categories_many": (
        lambda: lines([[t] for t in named(200_000)]),
        {"dtype": "category"},
    ),
    "categories_integers": (lambda: lines(integers(100_000, 4, 0, 50)), {"dtype": "category"}),
    "str": (lambda: lines(numbers(50_000, 8)), {"dtype": "str"}),
    "dates_iso": (
        lambda: lines(dates(50_000, 2, "%Y-%m-%d %H:%M:%S")),
        {"parse_dates": ["c0", "c1"]},
    ),
    "dates_iso_day": (lambda: lines(dates(100_000, 2, "%Y-%m-%d")), {"parse_dates": ["c0", "c1"]}),
    "dates_us": (
        lambda: lines(dates(50_000, 2, "%m/%d/%Y")),
        {"parse_dates": ["c0", "c1"]},
    ),
    "dates_month_names": (
        lambda: lines(dates(50_000, 2, "%d %b %Y %H:%M")),
        {"parse_dates": ["c0", "c1"]},
    ),
    "dates_gaps": (
        lambda: lines(with_gaps(dates(50_000, 2, "%Y-%m-%d"), "")),
        {"parse_dates": ["c0", "c1"]},
    ),
    "dates_index": (
        lambda: lines(blocks(dates(50_000, 1, "%Y-%m-%d"), numbers(50_000, 4)), "c0,a,b,c,d"),
        {"parse_dates": ["c0"], "index_col": 0},
    ),
    "dates_of_integers": (
        lambda: lines(dates(50_000, 2, "%Y%m%d")),
        {"parse_dates": ["c0", "c1"]},
    ),
    "dates_not": (lambda: lines(words(50_000, 2, SHORT)), {"parse_dates": ["c0", "c1"]}),
    "dates_as_text": (lambda: lines(dates(100_000, 3, "%Y-%m-%d")), {}),
    "index_text": (
        lambda: lines([[t, "1", "2"] for t in named(100_000)], "c0,a,b"),
        {"index_col": 0},
    ),
    "index_integers": (lambda: lines(integers(100_000, 4, 0, 10_000)), {"index_col": 0}),
    "index_two": (lambda: lines(integers(50_000, 4, 0, 10_000)), {"index_col": [0, 1]}),
    "ragged": (lambda: lines(ragged(numbers(50_000, 8))), {}),
    "ragged_text": (lambda: lines([["x"] * 8, *ragged(words(50_000, 8, SHORT))]), {}),
    "usecols": (lambda: lines(numbers(20_000, 40)), {"usecols": [3, 17]}),
    "usecols_text": (lambda: lines(words(20_000, 40, SHORT)), {"usecols": [3, 17]}),
    "skiprows": (lambda: lines(numbers(50_000, 8)), {"skiprows": 10}),
    "comments": (lambda: lines(numbers(50_000, 8)) + "# end\n", {"comment": "#"}),
    "tabs": (lambda: lines(numbers(50_000, 8)).replace(",", "\t"), {"sep": "\t"}),
    "whitespace": (
        lambda: lines(numbers(50_000, 8)).replace(",", "   "),
        {"sep": r"\s+"},
    ),
    "skip_spaces": (
        lambda: lines(numbers(50_000, 8)).replace(",", ", "),
        {"skipinitialspace": True},
    ),
    "skip_spaces_text": (
        lambda: lines(words(50_000, 8, SHORT)).replace(",", ", "),
        {"skipinitialspace": True},
    ),
    "latin_1": (lambda: lines([[t, "1"] for t in prose(20_000, 100)]), {"encoding": "latin-1"}),
    "odd_quotes": (lambda: lines([[t, "1"] for t in prose(30_000, 60, '5" of it ')]), {}),
    "no_quoting": (
        lambda: lines([[t, "1"] for t in prose(30_000, 60, '5" of it ')]),
        {"quoting": 3},
    ),
    "empty_columns": (lambda: lines([["1", *[""] * 30] for _ in range(50_000)]), {}),
    "wide_few": (lambda: lines(numbers(10, 20_000)), {}),
    "wide_text": (lambda: lines(words(50, 5_000, SHORT)), {}),
    "blank_lines": (lambda: lines(numbers(50_000, 4)).replace("\n", "\n\n"), {}),
    "three_rows": (lambda: lines(words(3, 4, SHORT)), {}),
    "one_row": (lambda: "a\n1\n", {}),
    "no_rows": (lambda: "a,b,c\n", {}),
    "forty_rows": (lambda: lines(blocks(words(40, 6, SHORT), numbers(40, 6))), {}),
    "long_header": (lambda: lines(numbers(3, 3_000)), {}),
}


def made(folder: Path, only: str) -> list[Case]:
    cases = []
    for name, (text, options) in MADE.items():
        if only not in name:
            continue
        path = folder / f"{name}.csv"
        if not path.exists():
            content = text()
            if name == "long_header":
                content = lines(numbers(3, 3_000), ",".join(f"a name {i}" for i in range(3_000)))
            path.write_text(content, encoding="utf-8", newline="")
        cases.append((name, path, options))
    return cases


# --- one program and the other ------------------------------------------------------------------


def spelled(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return (
        {True: "true", None: "none"}.get(value, str(value)) if value in (True, None) else str(value)
    )


def our_options(options: dict[str, Any]) -> list[str]:
    special = {"\t": "+sep=tab", r"\s+": "+sep=whitespace", 3: "+quotechar=none"}
    return [
        special[v] if k in ("sep", "quoting") and v in special else f"+{k}={spelled(v)}"
        for k, v in options.items()
    ]


def pandas_ns(path: Path, options: dict[str, Any]) -> int | None:
    """The least time, or None where pandas raises."""
    best, spent, rounds = 1 << 62, 0, 0
    while spent < PANDAS_NS or rounds < 3:
        began = time.process_time_ns()
        try:
            frame = pd.read_csv(path, **options)
        except Exception:
            return None
        took = time.process_time_ns() - began
        best, spent, rounds = min(best, took), spent + took, rounds + 1
        del frame
    return best


def open_bench(cases: list[Case], memory: str) -> tuple[subprocess.Popen[str], dict[str, Case]]:
    """A publisher with a feed of each file. What it refuses is told and left out."""
    left = list(cases)
    while True:
        feeds = {f"f{i}": case for i, case in enumerate(left)}
        command = [str(BUILD / "bench/bench_publish"), "-d", memory, "-i", "times"]
        for feed, (_, path, options) in feeds.items():
            command += [f"{feed}={path}", *our_options(options)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None and process.stderr
        refused = None
        for feed in feeds:
            try:
                process.stdin.write(f"{feed} 1\n")
                process.stdin.flush()
            except BrokenPipeError:
                pass
            if not process.stdout.readline():
                refused = process.stderr.read().strip()
                break
        if refused is None:
            return process, feeds
        process.wait()
        print(f"refused: {feeds[feed][0]}: {refused}", flush=True)
        left.remove(feeds[feed])


def our_ns(process: subprocess.Popen[str], feed: str) -> int:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{feed}\n")
    process.stdin.flush()
    took: int = json.loads(process.stdout.readline())["worker_ns"]
    return took


def measure(cases: list[Case], rounds: int) -> list[tuple[float, int, int, str, int]]:
    theirs = {name: pandas_ns(path, options) for name, path, options in cases}
    cases = [case for case in cases if theirs[case[0]] is not None]
    ours = {name: 1 << 62 for name, _, _ in cases}
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="shmpub-times-") as memory:
        process, feeds = open_bench(cases, memory)
        for _ in range(rounds):
            began = time.monotonic()
            for name, path, options in feeds.values():
                theirs[name] = min(theirs[name] or 0, pandas_ns(path, options) or 0)
            time.sleep(max(0.0, began + REST_S - time.monotonic()))
            for feed, (name, _, _) in feeds.items():
                ours[name] = min(ours[name], our_ns(process, feed))
        process.communicate()
    return [
        ((theirs[name] or 0) / ours[name], theirs[name] or 0, ours[name], name, path.stat().st_size)
        for name, path, _ in feeds.values()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--worst", type=int, default=40)
    parser.add_argument("--made", action="store_true")
    parser.add_argument("--keep", type=Path, help="where the made files lie, and stay")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        cases = made(folder, options.only)
        if options.directory and not options.made:
            for i, path in enumerate(sorted(options.directory.iterdir())):
                if options.only in path.name:
                    link = Path(scratch, f"file{i}")  # names may have a colon or be too long
                    link.symlink_to(path.resolve())
                    cases.append((path.name, link, {}))
        results = []
        for i in range(0, len(cases), FEEDS):
            results += measure(cases[i : i + FEEDS], options.rounds)
            print(f"  {min(i + FEEDS, len(cases))} of {len(cases)}", file=sys.stderr, flush=True)
    slower = sum(ratio < 1 for ratio, *_ in results)
    print(f"{len(results)} files, {slower} slower than pandas. Times in microseconds of processor.")
    print("pandas / ours    pandas      ours     bytes  file")
    for ratio, theirs, ours, name, size in sorted(results)[: options.worst]:
        print(f"{ratio:13.2f} {theirs / 1e3:9.0f} {ours / 1e3:9.0f} {size:9}  {name}")


if __name__ == "__main__":
    main()
