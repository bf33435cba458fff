"""What grows with the source, and what must not: memory beside the segment, time per byte.

Files of 1 MB to 5 GB, each of the same rows again and again from 50 MB on. Two measurements of
each:

Memory: a shmpubd of its own publishes the file once, with a thread for each CPU, and is asked when
the table has its name. "Beside the segment" is the process's highest resident size (VmHWM) less
the memory that the finished segment takes (the blocks of its file: holes take none). The program
and its libraries, the catalog and the threads' windows are all in it. VmHWM cannot tell memory that
came and went before the segment was full, so the sum of RssAnon and RssFile is looked at every two
milliseconds as well: the highest of these is the second figure.

Time per byte: refreshes after the first by bench_publish, one thread on one CPU, as in the first
table; the median of the rounds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import data
import shmpubd
from harness import Publisher, cpus_apart, spread, table

MB = 10**6
FAMILIES = ("floats", "mixed")
SIZES_MB = (1, 10, 50)
LARGE_SIZES_MB = (*SIZES_MB, 500, 5000)
LOOK_EVERY_S = 0.002
REST_S = 1.1  # a replaced segment is filled again when it has rested for a second
SPARE_BYTES = 16 << 30  # so that the segments of the largest files are filled again, too
BOUND_BYTES, BOUND_SHARE = 16 << 20, 0.02  # what memory beside the segment is to stay within


def available_bytes() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def reason_to_skip(folder: Path, size_mb: int) -> str | None:
    """The source stays in the page cache, beside two segments up to 1.3 times as large (mixed)."""
    needed_mb = round(3.6 * size_mb)
    if needed_mb * MB > available_bytes():
        return f"skipped, needs {needed_mb} MB of memory"
    if (size_mb + 1000) * MB > shutil.disk_usage(folder).free:
        return f"skipped, needs {size_mb + 1000} MB of disk"
    return None


def memory(path: Path) -> dict[str, int]:
    """Peak of a shmpubd that publishes the file once, and the segment."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory(dir="/dev/shm") as shm,
    ):
        ini = shmpubd.configuration(Path(scratch), Path(shm), {"grows": path}, "1h", 0)
        published = Path(shm, "bench", "grows.arrow")
        sampled = 0
        with subprocess.Popen([shmpubd.SHMPUBD, "-c", ini], stderr=subprocess.DEVNULL) as process:
            while not published.exists():
                if process.poll() is not None:
                    raise SystemExit(f"{path}: shmpubd ended with status {process.returncode}")
                sizes = shmpubd.resident(process.pid)
                sampled = max(sampled, sizes["RssAnon"] + sizes["RssFile"])
                time.sleep(LOOK_EVERY_S)
            sizes, segment = shmpubd.resident(process.pid), published.stat()
            process.terminate()
    taken = segment.st_blocks * 512
    return {
        "peak": sizes["VmHWM"],
        "segment": segment.st_size,
        "segment_taken": taken,
        "beside": sizes["VmHWM"] - taken,
        "beside_sampled": max(sampled, sizes["RssAnon"] + sizes["RssFile"]),
        "bound": BOUND_BYTES + round(BOUND_SHARE * taken),
    }


def ns_per_byte(path: Path, instance: str, rounds: int) -> dict[str, float]:
    publisher = Publisher(
        instance, {"grows": (path, ())}, cpus=cpus_apart()[0], spare_bytes=SPARE_BYTES
    )
    times = []
    for round_number in range(rounds + 2):
        answer = publisher.ask("grows")
        if round_number >= 2:
            times.append(answer["sealed_ns"] / answer["source"])
        time.sleep(REST_S)
    publisher.close()
    return spread(times)


def measure(
    folder: Path, instance: str, sizes_mb: tuple[int, ...], rounds: int
) -> list[dict[str, Any]]:
    results = []
    for family in FAMILIES:
        for size_mb in sizes_mb:
            row: dict[str, Any] = {"file": family, "mb": size_mb}
            results.append(row)
            row["skipped"] = reason_to_skip(folder, size_mb)
            if row["skipped"]:
                continue
            path = data.make_of_size(folder, family, size_mb * MB)
            row["memory"] = memory(path)
            row["ns_per_byte"] = ns_per_byte(path, instance, rounds)
            beside = row["memory"]["beside"] / MB
            print(f"  {family}, {size_mb} MB: {beside:.1f} MB beside the segment", flush=True)
            if size_mb > 1000:
                os.unlink(path)
    return results


def as_table(results: list[dict[str, Any]]) -> str:
    rows = []
    for r in results:
        if r["skipped"]:
            rows.append([f"{r['file']}, {r['mb']:,} MB", r["skipped"], *[""] * 5])
            continue
        m, ns = r["memory"], r["ns_per_byte"]
        sizes = [m["segment"], m["beside"], m["beside_sampled"], m["bound"]]
        rows.append(
            [f"{r['file']}, {r['mb']:,} MB"]
            + [f"{size / MB:,.1f}" for size in sizes]
            + [f"{ns['median']:.3f}", f"{ns['min']:.3f} to {ns['max']:.3f}"]
        )
    header = ["source", "segment, MB", "peak beside it, MB", "as sampled", "16 MiB + 2 %"]
    return table([*header, "ns a byte", "spread"], rows)
