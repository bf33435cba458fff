#!/usr/bin/env python3
"""What the README's figures come from; scripts/bench builds and runs it.

Source to published beside pandas, pyarrow.csv and Polars, on one thread and two, in a publisher of
the benchmark's and in the daemon; memory; and the client's calls beside reading the CSV again. How
each figure is measured stands where it is: parsing.py, refresh.py, shmpubd.py, growth.py,
receiving.py. Writes build/bench/results.json and build/bench/ratios.svg, prints tables. Absolute
times are this machine's; the ratios are what is meant to be compared.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import growth
import parsing
import plot
import receiving
import refresh
import shmpubd
from harness import HERE, ROOT, Publisher

NAMES = ["tiny", "quotes", "quotes1m", "floats", "mixed", "wide", "ten"]
PARTS = ["parsing", "threads", "once", "daemon", "growth", "tiny", "unchanged", "inference"]
PARTS += ["receiving"]


def processor() -> str:
    """Some model names ("AMD EPYC") do not tell what it is; family and model do."""
    about: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        about.setdefault(key.strip(), value.strip())
    name = about.get("model name", platform.machine())
    if "cpu family" in about:
        name += f" (family {about['cpu family']}, model {about['model']})"
    return name


def kernels(instance: str) -> str:
    publisher = Publisher(instance, {})
    answer = publisher.ask("kernels")
    publisher.close()
    return str(answer["kernels"])


def machine(instance: str) -> dict[str, Any]:
    return {
        "cpu": processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "kernels": kernels(instance),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("numpy", "pandas", "pyarrow", "polars")},
    }


def remove_instances(name: str) -> None:
    """Publishers leave their folder and its lock, as they should; here nobody comes back."""
    for folder in Path("/dev/shm").glob(f"{name}*"):
        shutil.rmtree(folder, ignore_errors=True)


def in_own_process(folder: Path, instance: str, names: list[str]) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "receiving.py"), str(folder), instance, *names]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    results: dict[str, Any] = json.loads(out)
    return results


def measure(a: argparse.Namespace, instance: str) -> dict[str, Any]:
    names = a.files
    sizes = growth.LARGE_SIZES_MB if a.memory else growth.SIZES_MB
    parts: dict[str, tuple[bool, Callable[[], Any]]] = {  # whether there are files for it, and it
        "parsing": (True, lambda: parsing.measure(a.data, instance, names, a.rounds)),
        "threads": (True, lambda: refresh.threads(a.data, instance, names, a.rounds)),
        "once": ("floats" in names, lambda: shmpubd.once(a.data, "floats", a.rounds)),
        "daemon": (True, lambda: shmpubd.in_daemon(a.data, f"{instance}-daemon", names, a.rounds)),
        "growth": (True, lambda: growth.measure(a.data, f"{instance}-growth", sizes, a.rounds)),
        "tiny": ("tiny" in names, lambda: refresh.tiny(a.data, instance, a.rounds)),
        "unchanged": ("tiny" in names, lambda: shmpubd.unchanged(a.data)),
        "inference": (True, lambda: refresh.inference(a.data, instance, names, a.rounds)),
        "receiving": (True, lambda: in_own_process(a.data, instance, names)),
    }
    results: dict[str, Any] = {"machine": machine(instance), "rounds": a.rounds}
    for name in a.parts:
        has_files, part = parts[name]
        if has_files:
            print(f"measuring: {name}", flush=True)
            results[name] = part()
    return results


def tables(results: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(heading, part, its table) of the parts that were measured."""
    receiving_of = results.get("receiving", {})
    makers: list[tuple[str, str, Callable[[], str]]] = [
        (
            "Source file to sealed snapshot, a refresh after the first; one thread each, in turn:",
            "parsing",
            lambda: parsing.as_table(results["parsing"]),
        ),
        (
            "Two threads, a refresh after the first:",
            "threads",
            lambda: refresh.threads_table(results["threads"]),
        ),
        (
            "The same refresh in the daemon with one worker and in the benchmark's publisher, in "
            "turn, the file changed each time; each one's own times, and its processor time:",
            "daemon",
            lambda: shmpubd.daemon_table(results["daemon"]),
        ),
        (
            "Peak memory of a shmpubd with a thread for each CPU that publishes once, and time per "
            "byte of later refreshes, one thread:",
            "growth",
            lambda: growth.as_table(results["growth"]),
        ),
        (
            "Receiving in Python:",
            "receiving",
            lambda: receiving.as_table(receiving_of["calls"]),
        ),
        (
            "Commit to DataFrame in a sleeping reader (10,000 rows):",
            "receiving",
            lambda: receiving.waking_table(receiving_of["waking"]),
        ),
    ]
    return [(heading, part, make()) for heading, part, make in makers if part in results]


def report(results: dict[str, Any]) -> str:
    m = results["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in m["versions"].items())
    parts = [
        f"{m['cpu']}, {m['cpus']} CPUs, {m['kernels']} kernels, Linux {m['kernel']}, "
        f"Python {m['python']}, {versions}, {results['rounds']} rounds"
    ]
    for heading, _, text in tables(results):
        parts += [heading, text]
    return "\n\n".join(parts + refresh.report(results) + shmpubd.report(results))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help="7 unless told")
    parser.add_argument("--data", type=Path, default=ROOT / "build/bench/data")
    parser.add_argument("--quick", action="store_true", help="three rounds of each")
    parser.add_argument(
        "--memory", action="store_true", help="sources of 500 MB and 5 GB in the part 'growth', too"
    )
    parser.add_argument("--parts", default=",".join(PARTS), help=",".join(PARTS))
    parser.add_argument("files", nargs="*", default=NAMES, help=" ".join(NAMES))
    a = parser.parse_args()
    a.rounds = a.rounds or (3 if a.quick else 7)
    a.data = a.data.resolve()
    a.parts = a.parts.split(",")
    for part in a.parts:
        if part not in PARTS:
            parser.error(f"no part {part}; there are {', '.join(PARTS)}")
    return a


def main() -> int:
    a = arguments()
    instance = f"bench-{os.getpid()}"
    atexit.register(remove_instances, instance)
    results = measure(a, instance)
    out = ROOT / "build/bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(report(results))
    print(f"\nwritten: {out}/results.json", end="")
    if "parsing" in results:
        title = f"Fastest peer's time by shmpub's, one thread, {results['machine']['cpu']}"
        plot.draw(out / "ratios.svg", results["parsing"], title)
        print(f", {out}/ratios.svg", end="")
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
