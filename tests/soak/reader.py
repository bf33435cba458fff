"""One reader of the soak: reader.py DIRECTORY INSTANCE OUT. It runs until SIGTERM, then writes OUT.

It takes snapshots of feeds at random, checks each, keeps some for a while, and checks them again
before it lets go. Versions and sequences of a feed must never go back.
"""

from __future__ import annotations

import collections
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import shmpub
import tables

PAUSE = 0.5  # seconds between two tables
HELD = 25  # snapshots
TOLD = 20  # faults; more of them say nothing new
FAILING = "failing-"


def rss_kib() -> int:
    fields = Path("/proc/self/statm").read_text().split()
    shared = int(fields[2])
    return (int(fields[1]) - shared) * os.sysconf("SC_PAGESIZE") // 1024


class Reader:
    def __init__(self, directory: str, instance: str) -> None:
        self.place = {"directory": directory, "instance": instance}
        self.feeds: dict[str, shmpub.Feed] = {}
        self.last: dict[str, tuple[int, int]] = {}
        self.held: collections.deque[tuple[str, shmpub.Snapshot]] = collections.deque()
        self.counts: collections.Counter[str] = collections.Counter()
        self.faults: list[str] = []
        self.ends = False

    def note(self, name: str, what: str) -> None:
        self.counts["faults"] += 1
        if len(self.faults) < TOLD:
            self.faults.append(f"{time.strftime('%X')} {name}: {what}")

    def look(self, name: str) -> None:
        """Take the newest snapshot of one feed. Its absence is counted by the exception's name."""
        feed = self.feeds.get(name) or shmpub.subscribe(name, **self.place)
        self.feeds[name] = feed
        snapshot = feed.snapshot()
        self.check(name, snapshot)
        version = 0 if tables.GROWING in name else int(snapshot.df["v"].max())
        sequence, last_version = self.last.get(name, (0, 0))
        if snapshot.sequence < sequence or version < last_version:
            self.note(name, f"back from {sequence, last_version} to {snapshot.sequence, version}")
        self.counts["news"] += snapshot.sequence > sequence
        self.last[name] = snapshot.sequence, version
        self.held.append((name, snapshot))
        if len(self.held) > HELD:
            self.check(*self.held.popleft())

    def check(self, name: str, snapshot: shmpub.Snapshot) -> None:
        self.counts["tables"] += 1
        if what := tables.fault(name, snapshot.df):
            self.note(name, f"sequence {snapshot.sequence}: {what}")

    def run(self) -> None:
        names: list[str] = []
        listed, first_kib, start = 0.0, 0, time.monotonic()
        while not self.ends:
            now = time.monotonic()
            try:
                if now > listed + 20 or not names:
                    listed = now
                    names = [
                        n
                        for n in shmpub.feeds(**self.place).index
                        if not n.startswith(FAILING) and not n.endswith(".rejects")
                    ]
                self.look(random.choice(names))
            except shmpub.Error as error:
                self.counts[type(error).__name__] += 1
            except Exception as error:  # whatever it is, it is a fault
                self.note("reader", repr(error))
            if not first_kib and now > start + 60:
                first_kib = rss_kib()
            time.sleep(PAUSE)
        self.counts["first_kib"], self.counts["last_kib"] = first_kib, rss_kib()


def main() -> None:
    directory, instance, out = sys.argv[1:]
    reader = Reader(directory, instance)

    def end(*_: object) -> None:
        reader.ends = True

    signal.signal(signal.SIGTERM, end)
    reader.run()
    Path(out).write_text(json.dumps({"counts": reader.counts, "faults": reader.faults}))


main()
