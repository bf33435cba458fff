"""The daemon itself: a whole `--once` beside the time in which the fastest peer reads the file, and
what a thousand feeds cost that do not change.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import data
from harness import BUILD, HERE, Child, cpus_apart, spread

SHMPUBD = BUILD / "daemon/shmpubd"
IDLE_FEEDS, IDLE_S = 1000, 10


def configuration(
    folder: Path, directory: Path, feeds: dict[str, Path], interval: str, workers: int
) -> Path:
    ini = folder / "shmpubd.ini"
    lines = ["[daemon]", "instance = bench", f"directory = {directory}", f"workers = {workers}"]
    for feed, path in feeds.items():
        lines += [f"[feed {feed}]", f"source = {path}", f"interval = {interval}"]
    ini.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ini


def once_ms(ini: Path, directory: Path, cpus: list[int]) -> float:
    """From the start of the process to its end: fresh pages, everything."""
    start = time.perf_counter_ns()
    subprocess.run(
        [SHMPUBD, "-c", ini, "--once"],
        check=True,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )
    elapsed = (time.perf_counter_ns() - start) / 1e6
    shutil.rmtree(directory / "bench")
    return elapsed


@contextmanager
def huge_tmpfs() -> Iterator[Path | None]:
    """A tmpfs of our own with huge pages, where we may mount one."""
    folder = tempfile.mkdtemp(prefix="shmpub-bench-huge-")
    command = ["mount", "-t", "tmpfs", "-o", "huge=within_size,size=2g", "tmpfs", folder]
    mounted = subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield Path(folder) if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)
        os.rmdir(folder)


def once(folder: Path, name: str, rounds: int) -> dict[str, Any]:
    """`shmpubd --once` on one CPU, and each peer's warm read on it, in turn."""
    path = data.make(folder, name)
    cpus, _ = cpus_apart()
    peers = {
        peer: Child([sys.executable, HERE / "peers.py", peer], cpus)
        for peer in ("pandas", "pyarrow", "polars")
    }
    ratios: dict[str, list[float]] = {"/dev/shm": [], "huge pages": []}
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory(dir="/dev/shm") as shm,
        huge_tmpfs() as huge,
    ):
        places = {"/dev/shm": Path(shm)} | ({"huge pages": huge} if huge else {})
        for round_number in range(rounds + 1):
            best = min(peer.ask(f"{path} auto")["ns"] / 1e6 for peer in peers.values())
            for label, directory in places.items():
                ini = configuration(Path(scratch), directory, {name: path}, "1h", 1)
                elapsed = once_ms(ini, directory, cpus)
                if round_number:
                    ratios[label].append(best / elapsed)
    for peer in peers.values():
        peer.close()
    return {"file": name, "ratio": {label: spread(r) for label, r in ratios.items() if r}}


def ticks_of(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident(pid: int) -> tuple[int, int]:
    """(bytes of its own, bytes of shared memory) that are in memory."""
    sizes = {}
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key in ("RssAnon", "RssFile", "RssShmem"):
            sizes[key] = int(value.split()[0]) * 1024
    return sizes["RssAnon"] + sizes["RssFile"], sizes["RssShmem"]


def unchanged(folder: Path) -> dict[str, Any]:
    """Feeds looked at every second whose files stay as they are: processor time and memory."""
    tiny = data.make(folder, "tiny").read_bytes()
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory(dir="/dev/shm") as shm,
    ):
        feeds = {f"feed{i:04d}": Path(scratch, f"{i:04d}.csv") for i in range(IDLE_FEEDS)}
        for path in feeds.values():
            path.write_bytes(tiny)
        ini = configuration(Path(scratch), Path(shm), feeds, "1s", 0)
        with subprocess.Popen([SHMPUBD, "-c", ini], stderr=subprocess.DEVNULL) as process:
            time.sleep(5)
            before, start = ticks_of(process.pid), time.monotonic()
            time.sleep(IDLE_S)
            ticks, elapsed = ticks_of(process.pid) - before, time.monotonic() - start
            own, shared = resident(process.pid)
            process.terminate()
    cpu = ticks / os.sysconf("SC_CLK_TCK") / elapsed
    return {
        "feeds": IDLE_FEEDS,
        "cpu": cpu,
        "us_per_refresh": cpu * 1e6 / IDLE_FEEDS,
        "resident": own,
        "resident_shared": shared,
    }


def report(results: dict[str, Any]) -> list[str]:
    """Lines for people."""
    lines = []
    if "once" in results:
        for label, ratio in results["once"]["ratio"].items():
            lines.append(
                f"A whole --once of {results['once']['file']}, {label}: the best peer's warm read "
                f"takes {ratio['median']:.2f} times as long "
                f"({ratio['min']:.2f} to {ratio['max']:.2f})"
            )
    if "unchanged" in results:
        u = results["unchanged"]
        lines.append(
            f"{u['feeds']} feeds that do not change, each looked at every second: "
            f"{100 * u['cpu']:.1f} % of one CPU, {u['us_per_refresh']:.1f} us a look, "
            f"{u['resident'] / 1e6:.1f} MB resident"
        )
    return lines
