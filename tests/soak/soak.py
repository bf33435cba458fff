"""A long life compressed: soak.py [--minutes M] [--feeds N] [--readers N] [--reloads N] [--kills N]

A daemon with feeds of every kind, some of which fail; sources that change all the time; reloads,
each fifth of a configuration with a mistake; kill -9 with a new start; readers that check every
table. The kills come in the first half. In the second half one daemon runs through: its memory and
descriptors are compared, from the middle of its life to the end, if it was long enough for that.
Its segments are counted when the readers are gone. What was counted is printed. The status is 1 if
a table was torn or went back, if anything grew, or if a feed is not what it should be in the end.
SHMPUB_BUILD names the build, PYTHONPATH the client.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import shmpub
import sources as kinds
import tables

BUILD = Path(os.environ["SHMPUB_BUILD"])
INSTANCE = "soak"
SAMPLE_S = 5.0
JUDGED_S = (
    600  # a shorter life is not judged by its growth: its feeds still get their first segments
)
CHANGES_PER_S = 40
STARTS_S = 1  # until a signal no longer kills it, on a busy machine
SETTLES_S = 90  # until the last versions are seen by readers
SEGMENTS_MOST = 4  # of a feed: the newest, spare ones, and one that is being made
COMES_AND_GOES = 10  # one feed of so many


@dataclass
class Sample:
    at: float
    life: int
    kib: int
    descriptors: int
    children: int
    segments: int
    bytes: int


@dataclass
class Run:
    options: argparse.Namespace
    folder: Path
    shm: Path
    sources: list[kinds.Source]
    daemon: subprocess.Popen[bytes] | None = None
    counts: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    readers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    # --- the daemon

    @property
    def place(self) -> Path:
        return self.shm / INSTANCE

    def configure(self, mistake: str = "", everything: bool = False) -> None:
        text = f"[daemon]\ninstance = {INSTANCE}\ndirectory = {self.shm}\n{mistake}\n\n"
        for n, source in enumerate(self.sources):
            if everything or n % COMES_AND_GOES != 0 or random.random() < 0.5:
                text += source.ini()
        kinds.replace(self.folder / "shmpubd.ini", text.encode())

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.daemon = subprocess.Popen(
                [BUILD / "daemon" / "shmpubd", "-c", self.folder / "shmpubd.ini"],
                stdout=log,
                stderr=log,
            )
        self.counts["starts"] += 1

    def kill(self) -> None:
        assert self.daemon is not None
        self.daemon.kill()
        self.daemon.wait()
        self.counts["kill -9"] += 1
        self.configure()  # whoever starts with a mistake in it ends at once
        self.start()

    def reload(self) -> None:
        assert self.daemon is not None
        is_bad = self.counts["reloads"] % 5 == 4
        self.configure("max_feeds = many" if is_bad else "")
        self.daemon.send_signal(signal.SIGHUP)
        self.counts["reloads"] += 1
        self.counts["reloads with a mistake"] += is_bad

    def sample(self) -> None:
        assert self.daemon is not None
        if self.daemon.poll() is not None:
            self.faults.append(f"the daemon ended with {self.daemon.returncode}")
            self.start()
            return
        proc = Path(f"/proc/{self.daemon.pid}")
        files = list(stats(self.place))
        self.samples.append(
            Sample(
                time.monotonic(),
                self.counts["starts"],
                anonymous_kib(proc),
                len(list((proc / "fd").iterdir())),
                len((proc / "task" / proc.name / "children").read_text().split()),
                len(files),
                sum(st.st_blocks * 512 for st in files),
            )
        )

    # --- the run

    def begin_readers(self) -> None:
        for n in range(self.options.readers):
            command = [sys.executable, str(Path(__file__).with_name("reader.py"))]
            out = self.folder / f"reader-{n}.json"
            self.readers.append(subprocess.Popen([*command, str(self.shm), INSTANCE, str(out)]))

    def go(self) -> None:
        """Change sources without pause; kills, reloads and samples come at their times."""
        seconds = self.options.minutes * 60
        start = time.monotonic()
        kill_every = seconds / 2 / (self.options.kills + 1)
        reload_every = seconds / (self.options.reloads + 1)
        sampled = started = 0.0
        while (passed := time.monotonic() - start) < seconds:
            random.choice(self.sources).change()
            self.counts["changes"] += 1
            if passed > (self.counts["kill -9"] + 1) * kill_every < seconds / 2:
                self.kill()
                started = passed
            if passed > max((self.counts["reloads"] + 1) * reload_every, started + STARTS_S):
                self.reload()
            if passed > sampled + SAMPLE_S:
                sampled = passed
                self.sample()
            time.sleep(1 / CHANGES_PER_S)

    def settle(self) -> None:
        """Every feed is there again; wait until readers see the last version of each."""
        assert self.daemon is not None
        self.configure(everything=True)
        self.daemon.send_signal(signal.SIGHUP)
        late = [s for s in self.sources if s.kind != "failing"]
        end = time.monotonic() + SETTLES_S
        while late and time.monotonic() < end:
            time.sleep(1)
            late = [s for s in late if not self.is_newest(s)]
        self.faults += [f"{s.name}: not at its last version after {SETTLES_S} s" for s in late]

    def is_newest(self, source: kinds.Source) -> bool:
        try:
            df = shmpub.subscribe(source.name, INSTANCE, directory=str(self.shm)).df
        except shmpub.Error:
            return False
        if source.kind == tables.GROWING:
            return len(df) == source.next_row
        return int(df["v"].max()) == source.version

    def judge_states(self) -> None:
        listed = shmpub.feeds(INSTANCE, directory=str(self.shm))
        self.counts["publications"] = int(listed["sequence"].sum())
        for source in self.sources:
            row = listed.loc[source.name]
            if source.kind == "failing" and (row["state"] == "fresh" or not row["last_error"]):
                self.faults.append(f"{source.name}: {row['state']}, {row['last_error']!r}")
            if source.kind == "rejects" and f"{source.name}.rejects" not in listed.index:
                self.faults.append(f"{source.name}: no feed of its rejected rows")

    def end_readers(self) -> list[dict[str, object]]:
        for reader in self.readers:
            reader.terminate()
        found = []
        for n, reader in enumerate(self.readers):
            if reader.wait(60) != 0:
                self.faults.append(f"reader {n} ended with {reader.returncode}")
                continue
            result = json.loads((self.folder / f"reader-{n}.json").read_text())
            self.faults += [f"reader {n}: {line}" for line in result["faults"]]
            found.append(result["counts"])
        return found

    def judge_segments(self) -> None:
        """What readers held is given back once they are gone, as each feed is refreshed."""
        most = SEGMENTS_MOST * len(list(self.place.glob("*.arrow")))
        end = time.monotonic() + SETTLES_S
        while (n := len(list(stats(self.place)))) > most and time.monotonic() < end:
            for source in self.sources:
                source.change()
            time.sleep(1)
        self.counts["segments in the end"] = n
        if n > most:
            self.faults.append(f"{n} segments without readers, no more than {most} expected")

    def end(self) -> None:
        assert self.daemon is not None
        self.daemon.terminate()
        if (status := self.daemon.wait(30)) != 0:
            self.faults.append(f"the daemon ended with {status}")
        if left := [path.name for path in self.place.iterdir() if path.name.endswith(".arrow")]:
            self.faults.append(f"{len(left)} segments left, {left[0]} among them")

    def judge_growth(self) -> None:
        life = [s for s in self.samples if s.life == self.samples[-1].life]
        third = max(1, len(life) // 3)
        for name, share, more in [
            ("kib", 0.10, 2048),
            ("descriptors", 0.05, 16),
        ]:
            first, last = (
                statistics.median(getattr(s, name) for s in part)
                for part in (life[third : 2 * third] or life, life[-third:])
            )
            print(f"{name:24} {first:12,.0f} -> {last:12,.0f}")
            is_long = life[-1].at - life[0].at > JUDGED_S
            if is_long and last > first * (1 + share) + more:
                self.faults.append(f"{name} grew from {first:,.0f} to {last:,.0f}")


def stats(place: Path) -> Iterator[os.stat_result]:
    for entry in os.scandir(place):
        with contextlib.suppress(FileNotFoundError):  # it was removed meanwhile
            yield entry.stat(follow_symlinks=False)


def anonymous_kib(proc: Path) -> int:
    lines = (proc / "status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("RssAnon")), 0)


def report(run: Run, readers: list[dict[str, object]]) -> None:
    total: Counter[str] = Counter()
    for counts in readers:
        total.update(counts)
    memory = [int(total.pop(name, 0)) // max(1, len(readers)) for name in ("first_kib", "last_kib")]
    for name, n in {**run.counts, **{f"readers: {k}": v for k, v in sorted(total.items())}}.items():
        print(f"{name:24} {n:12,}")
    print(f"{'readers: own KiB each':24} {memory[0]:12,} -> {memory[1]:12,}")
    if memory[0] and memory[1] > memory[0] * 1.15 + 4096:
        run.faults.append(f"readers grew from {memory[0]} to {memory[1]} KiB")
    run.judge_growth()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    for name, n in {"feeds": 500, "readers": 30, "reloads": 50, "kills": 20}.items():
        parser.add_argument(f"--{name}", type=int, default=n)
    return parser.parse_args()


def main() -> int:
    options = parse()
    shm = Path(tempfile.mkdtemp(prefix="shmpub-soak-", dir="/dev/shm"))
    folder = Path(tempfile.mkdtemp(prefix="shmpub-soak-"))
    server = kinds.Server(folder)
    run = Run(options, folder, shm, kinds.make(options.feeds, folder, server.url))
    try:
        run.configure(everything=True)
        run.start()
        time.sleep(2)
        run.begin_readers()
        run.go()
        run.settle()
        run.judge_states()
        found = run.end_readers()
        run.judge_segments()
        run.end()
        report(run, found)
    finally:
        for process in [*run.readers, *([run.daemon] if run.daemon else [])]:
            process.kill()
        shutil.rmtree(shm)
    for line in run.faults:
        print("FAULT", line)
    print(f"summary: {len(run.sources)} feeds, {len(run.faults)} faults; log: {folder / 'log'}")
    if not run.faults:
        shutil.rmtree(folder)
    return 1 if run.faults else 0


if __name__ == "__main__":
    sys.exit(main())
