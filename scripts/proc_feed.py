#!/usr/bin/env python3
"""Write what this machine is doing into CSV files, every second: the live feeds of scripts/demo.

    scripts/proc_feed.py PID FOLDER [OTHER...]

The files are in FOLDER. When the process PID has ended, FOLDER and the OTHER folders are removed.

machine.csv has a row for each second of the last minute, processes.csv a row for each process. A
file is written under another name and renamed, so that a reader always finds a whole one.
"""

from __future__ import annotations

import csv
import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MACHINE = ("time", "cpu_percent", "load_1", "load_5", "used_mb", "free_mb", "processes", "busiest")
PROCESSES = ("pid", "command", "state", "cpu_percent", "cpu_seconds", "resident_mb", "threads")


class Process(NamedTuple):
    pid: int
    command: str
    state: str
    cpu_seconds: float
    resident_mb: float
    threads: int


def processes() -> list[Process]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            text = Path("/proc", name, "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # the process has ended
        # The command is in parentheses and may have any characters in it, parentheses too.
        head, _, tail = text.rpartition(")")
        fields = tail.split()
        seconds = (int(fields[11]) + int(fields[12])) / TICKS
        resident = int(fields[21]) * PAGE / 1e6
        command = head.partition("(")[2]
        found.append(
            Process(int(name), command, fields[0], seconds, round(resident, 1), int(fields[17]))
        )
    return found


def cpu_ticks() -> tuple[int, int]:
    """Ticks (busy, all) of all cores since boot."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(x) for x in file.readline().split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def memory_mb() -> tuple[int, int]:
    """Megabytes (used, available)."""
    with open("/proc/meminfo", encoding="ascii") as file:
        kb = {line.split(":")[0]: int(line.split()[1]) for line in file}
    available = kb.get("MemAvailable", kb["MemFree"])
    return (kb["MemTotal"] - available) // 1000, available // 1000


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    aside = path.with_suffix(".new")
    with open(aside, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    os.replace(aside, path)


class Sampler:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.minute: deque[tuple[object, ...]] = deque(maxlen=60)
        self.before = {p.pid: p.cpu_seconds for p in processes()}
        self.ticks = cpu_ticks()
        self.at = time.monotonic()

    def sample(self) -> None:
        now, ticks, found = time.monotonic(), cpu_ticks(), processes()
        elapsed = max(now - self.at, 1e-3)
        rows = []
        for p in found:
            used = p.cpu_seconds - self.before.get(p.pid, p.cpu_seconds)
            percent = round(100 * used / elapsed, 1)
            rows.append((p.pid, p.command, p.state, percent, *p[3:]))
        rows.sort(key=lambda row: (-row[3], -row[4]))
        busy, total = (after - before for after, before in zip(ticks, self.ticks, strict=True))
        load_1, load_5, _ = os.getloadavg()
        self.minute.append(
            (
                datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
                round(100 * busy / max(total, 1), 1),
                round(load_1, 2),
                round(load_5, 2),
                *memory_mb(),
                len(found),
                rows[0][1],
            )
        )
        write_csv(self.folder / "machine.csv", MACHINE, self.minute)
        write_csv(self.folder / "processes.csv", PROCESSES, rows)
        self.before = {p.pid: p.cpu_seconds for p in found}
        self.ticks, self.at = ticks, now


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def main() -> int:
    pid, folders = int(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sampler = Sampler(folders[0])
    try:
        while lives(pid):
            sampler.sample()
            time.sleep(1)
    except KeyboardInterrupt:
        pass
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
