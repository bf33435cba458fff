"""What a refresh costs beside itself: types unknown or known, two threads or one; a tiny file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import data
from harness import Publisher, spread, table

REST_S = 1.1  # a replaced segment is filled again when it has rested for a second
TINY_FEEDS = 60


def inference(folder: Path, instance: str, names: list[str], rounds: int) -> list[dict[str, Any]]:
    """A refresh that knows nothing of the file by one that knows the last one's types, in turn."""
    results = []
    for name in [name for name in names if name not in ("tiny", "ten")]:
        publisher = Publisher(instance, {name: (data.make(folder, name), ())})
        ratios = []
        for round_number in range(rounds + 2):
            times = []
            for forgets in (True, False):
                if forgets:
                    publisher.send(f"forget {name}")
                times.append(publisher.ask(name)["sealed_ns"])
                time.sleep(REST_S)
            if round_number >= 2:
                ratios.append(times[0] / times[1])
        publisher.close()
        results.append({"file": name, "unknown_by_known": spread(ratios)})
    return results


def tiny(folder: Path, instance: str, rounds: int) -> dict[str, Any]:
    """Sixty feeds of a tiny file, one after the other, each once a second: time of the worker."""
    path = data.make(folder, "tiny")
    feeds = [f"tiny{i}" for i in range(TINY_FEEDS)]
    publisher = Publisher(instance, dict.fromkeys(feeds, (path, ())))
    worker, commit = [], []
    for round_number in range(rounds + 2):
        for answer in [publisher.ask(feed) for feed in feeds]:
            if round_number >= 2:
                worker.append(answer["worker_ns"] / 1e3)
                commit.append(answer["commit_ns"] / 1e3)
        time.sleep(REST_S)
    publisher.close()
    return {"worker_us": spread(worker), "commit_us": spread(commit)}


def threads(folder: Path, instance: str, names: list[str], rounds: int) -> list[dict[str, Any]]:
    """One thread's time by that of two, in turn; the system places them on its CPUs."""
    results = []
    for name in [name for name in names if name not in ("tiny", "quotes", "ten")]:
        path = data.make(folder, name)
        publishers = {n: Publisher(f"{instance}-{n}", {name: (path, ())}, n) for n in (1, 2)}
        times: dict[int, list[float]] = {1: [], 2: []}
        for round_number in range(rounds + 2):
            for n, publisher in publishers.items():
                answer = publisher.ask(name)
                if round_number >= 2:
                    times[n].append(answer["sealed_ns"] / 1e6)
            time.sleep(REST_S)
        for publisher in publishers.values():
            publisher.close()
        gain = [one / two for one, two in zip(times[1], times[2], strict=True)]
        ms = {str(n): spread(values) for n, values in times.items()}
        size = path.stat().st_size
        results.append({"file": name, "bytes": size, "ms": ms, "gain": spread(gain)})
    return results


def threads_table(results: list[dict[str, Any]]) -> str:
    rows = []
    for r in results:
        ms, gain = r["ms"], r["gain"]
        rows.append(
            [r["file"]]
            + [f"{ms[n]['median']:.3g}" for n in ("1", "2")]
            + [f"{r['bytes'] / 1e3 / ms['2']['median']:,.0f}"]
            + [f"{gain['median']:.2f}", f"{gain['min']:.2f} to {gain['max']:.2f}"]
        )
    header = ["file", "one thread, ms", "two, ms", "two, MB/s", "one / two", "spread"]
    return table(header, rows)


def report(results: dict[str, Any]) -> list[str]:
    """Lines for people."""
    lines = []
    if "tiny" in results:
        t = results["tiny"]
        lines.append(
            f"A tiny file, sixty of them once a second: worker {t['worker_us']['median']:.1f} us "
            f"({t['worker_us']['min']:.1f} to {t['worker_us']['max']:.1f}), "
            f"commit {t['commit_us']['median']:.1f} us"
        )
    for r in results.get("inference", []):
        ratio = r["unknown_by_known"]
        lines.append(
            f"Types unknown by types known, {r['file']}: {ratio['median']:.2f} "
            f"({ratio['min']:.2f} to {ratio['max']:.2f})"
        )
    return lines
