"""What a refresh costs beside itself: types unknown or known, two threads or one, a file or its
half; a tiny file; memory.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import data
from harness import Publisher, spread

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


def memory(folder: Path, instance: str, names: list[str]) -> list[dict[str, Any]]:
    """A process that refreshes once: its peak above source and segment, by the source."""
    results = []
    for name in [name for name in names if name not in ("tiny", "quotes", "ten")]:
        publisher = Publisher(instance, {name: (data.make(folder, name), ())})
        answer = publisher.ask(name)
        publisher.close()
        peak, source, segment = answer["peak_kb"] * 1024, answer["source"], answer["size"]
        over = (peak - source - segment) / source
        results.append(
            {"file": name, "peak": peak, "source": source, "segment": segment, "over": over}
        )
    return results


def threads(folder: Path, instance: str, names: list[str], rounds: int) -> list[dict[str, Any]]:
    """Two threads by one, in turn."""
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
        results.append({"file": name, "gain": spread(gain)})
    return results


def linear(folder: Path, instance: str, rounds: int) -> list[dict[str, Any]]:
    """The time per byte of a file by that of its half; 1 is linear."""
    results = []
    for name in ("floats", "mixed"):
        paths = {part: data.make(folder, part) for part in (name, f"{name}_half")}
        publisher = Publisher(instance, {p: (path, ()) for p, path in paths.items()})
        per_byte: dict[str, list[float]] = {part: [] for part in paths}
        for round_number in range(rounds + 2):
            for part in paths:
                answer = publisher.ask(part)
                if round_number >= 2:
                    per_byte[part].append(answer["sealed_ns"] / answer["source"])
            time.sleep(REST_S)
        publisher.close()
        pairs = zip(per_byte[name], per_byte[f"{name}_half"], strict=True)
        results.append({"file": name, "per_byte": spread([whole / half for whole, half in pairs])})
    return results


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
    for r in results.get("threads", []):
        gain = r["gain"]
        lines.append(
            f"Two threads by one, {r['file']}: {gain['median']:.2f} "
            f"({gain['min']:.2f} to {gain['max']:.2f})"
        )
    for r in results.get("linear", []):
        lines.append(f"Time per byte, {r['file']} by its half: {r['per_byte']['median']:.2f}")
    for r in results.get("memory", []):
        lines.append(
            f"Peak memory, {r['file']}: {r['peak'] / 1e6:.0f} MB, source {r['source'] / 1e6:.0f}, "
            f"segment {r['segment'] / 1e6:.0f}, the rest {100 * r['over']:.1f} % of the source"
        )
    return lines
