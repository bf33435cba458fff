#!/usr/bin/env python3
"""What the README's figures come from; scripts/bench builds and runs it.

Source to published beside pandas, pyarrow.csv and Polars, and the client's calls beside reading
the CSV again. Writes build/bench/results.json and build/bench/ratios.svg, prints tables. Absolute
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
from importlib.metadata import version
from pathlib import Path
from typing import Any

import parsing
import plot
import receiving
import refresh
import shmpubd
from harness import HERE, ROOT

NAMES = ["tiny", "quotes", "quotes1m", "floats", "mixed", "wide", "ten"]


def machine() -> dict[str, Any]:
    model = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": model[0] if model else platform.machine(),
        "cpus": os.cpu_count(),
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


def report(results: dict[str, Any]) -> str:
    m = results["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in m["versions"].items())
    parts = [
        f"{m['cpu']}, Linux {m['kernel']}, Python {m['python']}, {versions}",
        "Source file to sealed snapshot, a refresh after the first; one thread each, in turn, "
        f"{results['rounds']} rounds:",
        parsing.as_table(results["parsing"]),
        "Receiving in Python:",
        receiving.as_table(results["receiving"]["calls"]),
        "Commit to DataFrame in a sleeping reader (10,000 rows):",
        receiving.waking_table(results["receiving"]["waking"]),
    ]
    parts += refresh.report(results) + shmpubd.report(results)
    return "\n\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--data", type=Path, default=ROOT / "build/bench/data")
    parser.add_argument("--quick", action="store_true", help="small files and few rounds only")
    parser.add_argument("files", nargs="*", default=NAMES, help=" ".join(NAMES))
    arguments = parser.parse_args()
    names, rounds = arguments.files, arguments.rounds
    if arguments.quick:
        names, rounds = ["tiny", "quotes", "ten"], 3
    instance = f"bench-{os.getpid()}"
    atexit.register(remove_instances, instance)
    results: dict[str, Any] = {"machine": machine(), "rounds": rounds}
    print("measuring: best peer's time by ours", flush=True)
    results["parsing"] = parsing.measure(arguments.data, instance, names, rounds)
    results["receiving"] = in_own_process(arguments.data, instance, names)
    results["memory"] = refresh.memory(arguments.data, f"{instance}-memory", names)
    results["inference"] = refresh.inference(arguments.data, instance, names, rounds)
    if "tiny" in names:
        results["tiny"] = refresh.tiny(arguments.data, instance, rounds)
        results["unchanged"] = shmpubd.unchanged(arguments.data)
    results["threads"] = refresh.threads(arguments.data, instance, names, rounds)
    if "floats" in names and "mixed" in names:
        results["linear"] = refresh.linear(arguments.data, instance, rounds)
        results["once"] = shmpubd.once(arguments.data, "floats", rounds)
    out = ROOT / "build/bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    plot.draw(out / "ratios.svg", results["parsing"], "Fastest peer's time by shmpub's, one thread")
    print(report(results))
    print(f"\nwritten: {out}/results.json, {out}/ratios.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
