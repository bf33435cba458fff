"""Source file to sealed snapshot, beside pandas, pyarrow.csv and Polars on the same files.

Each round lets everybody read the file once, in turn, one thread each on one CPU; a round's ratio
is the fastest peer's time by ours. Ours is a refresh after the first: the schema is known, the
segment is filled again once the one that was replaced has rested (a second).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import data
from harness import HERE, Child, Publisher, cpus_apart, spread, table

PEERS = ("pandas", "pyarrow", "polars")
CASES = [  # file, variant, our options
    ("tiny", "auto", ()),
    ("quotes", "auto", ()),
    ("quotes", "typed", ("parse_dates=timestamp",)),
    ("quotes1m", "auto", ()),
    ("quotes1m", "typed", ("parse_dates=timestamp",)),
    ("floats", "auto", ()),
    ("mixed", "auto", ()),
    ("mixed", "typed", ("parse_dates=time",)),
    ("wide", "auto", ()),
]
REST_S = 1.1


def one_case(
    publisher: Publisher, feed: str, path: Path, variant: str, peers: dict[str, Child], rounds: int
) -> dict[str, Any]:
    for _ in range(2):
        publisher.ask(feed)  # the schema is settled, both segments exist
    for peer in peers.values():
        peer.ask(f"{path} {variant}")
    rested = time.monotonic() + REST_S
    ours: list[dict[str, Any]] = []
    theirs: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            theirs[name].append(peer.ask(f"{path} {variant}")["ns"] / 1e6)
        time.sleep(max(0.0, rested - time.monotonic()))
        ours.append(publisher.ask(feed))
        rested = time.monotonic() + REST_S
    ms = [answer["sealed_ns"] / 1e6 for answer in ours]
    best = [min(times) for times in zip(*theirs.values(), strict=True)]
    size = path.stat().st_size
    return {
        "file": path.stem,
        "variant": variant,
        "bytes": size,
        "rows": ours[-1]["rows"],
        "columns": ours[-1]["columns"],
        "segment": ours[-1]["size"],
        "peak_kb": ours[-1]["peak_kb"],
        "ms": spread(ms),
        "parse_ms": spread([answer["parse_ns"] / 1e6 for answer in ours]),
        "read_ms": spread([answer["read_ns"] / 1e6 for answer in ours]),
        "commit_us": spread([answer["commit_ns"] / 1e3 for answer in ours]),
        "mb_per_s": size / 1e3 / spread(ms)["median"],
        "peers_ms": {name: spread(times) for name, times in theirs.items()},
        "ratio": spread([b / m for b, m in zip(best, ms, strict=True)]),
    }


def measure(folder: Path, instance: str, names: list[str], rounds: int) -> list[dict[str, Any]]:
    cases = [case for case in CASES if case[0] in names]
    paths = {name: data.make(folder, name) for name, _, _ in cases}
    cpus, _ = cpus_apart()
    feeds = {f"{name}_{variant}": (paths[name], options) for name, variant, options in cases}
    publisher = Publisher(instance, feeds, cpus=cpus)
    peers = {name: Child([sys.executable, HERE / "peers.py", name], cpus) for name in PEERS}
    results = []
    for name, variant, _ in cases:
        paths[name].read_bytes()  # into the page cache
        feed = f"{name}_{variant}"
        results.append(one_case(publisher, feed, paths[name], variant, peers, rounds))
        print(f"  {name}, {variant}: {results[-1]['ratio']['median']:.2f}", flush=True)
    for child in [publisher, *peers.values()]:
        child.close()
    return results


def as_table(results: list[dict[str, Any]]) -> str:
    rows = []
    for r in results:
        ratio = r["ratio"]
        rows.append(
            [
                f"{r['file']}, {r['variant']}",
                f"{r['bytes'] / 1e6:.1f}" if r["bytes"] > 1e5 else f"{r['bytes'] / 1e6:.5f}",
                *(f"{r['peers_ms'][name]['median']:.3g}" for name in PEERS),
                f"{r['ms']['median']:.3g}",
                f"{r['mb_per_s']:,.0f}" if r["bytes"] > 1e5 else "",
                f"{ratio['median']:.2f}",
                f"{ratio['min']:.2f} to {ratio['max']:.2f}",
            ]
        )
    header = ["file, types", "MB", *(f"{name}, ms" for name in PEERS), "shmpub, ms", "MB/s"]
    return table([*header, "best peer / shmpub", "spread"], rows)
