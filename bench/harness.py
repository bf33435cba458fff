"""Child processes that take a command a line and answer in JSON, and how figures become ratios."""

from __future__ import annotations

import json
import os
import select
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = Path(os.environ.get("SHMPUB_BUILD", ROOT / "build/release"))
ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}


class Child:
    """Pinned to `cpus`, so that one thread is one thread whatever the library thinks."""

    def __init__(self, command: Sequence[str | Path], cpus: Iterable[int] = ()) -> None:
        chosen = set(cpus)
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (ONE_THREAD if len(chosen) == 1 else {}),
            preexec_fn=(lambda: os.sched_setaffinity(0, chosen)) if chosen else None,
        )

    def send(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args}: ended with status {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def receive_within(self, seconds: float) -> dict[str, Any]:
        """For answers that come one by one: it does not see those that were read with another."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            sys.exit(f"{self.process.args}: no answer in {seconds} s")
        return self.receive()

    def ask(self, line: str) -> dict[str, Any]:
        self.send(line)
        return self.receive()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


class Publisher(Child):
    """bench_publish over some files, each a feed; several in turn where colons part them."""

    def __init__(
        self,
        instance: str,
        feeds: dict[str, tuple[Path | str, Sequence[str]]],
        threads: int = 1,
        cpus: Iterable[int] = (),
        spare_bytes: int = 4 << 30,
    ) -> None:
        command: list[str | Path] = [BUILD / "bench/bench_publish", "-i", instance]
        command += ["-t", str(threads), "-s", str(spare_bytes)]
        for feed, (path, options) in feeds.items():
            command += [f"{feed}={path}", *(f"+{option}" for option in options)]
        super().__init__(command, cpus)


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def cpus_apart() -> tuple[list[int], list[int]]:
    """(one for the measured, another for the other side); the same one on a machine with one."""
    cpus = sorted(os.sched_getaffinity(0))
    return [cpus[-1]], [cpus[0]]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown that is aligned to be read in a terminal as well."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first = cells[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return "| " + " | ".join([first, *rest]) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([line(header), rule, *map(line, rows)])
