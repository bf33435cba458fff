"""Replace sources without pause, while eight readers read and a daemon is killed at random.

    stress_kill.py [--seconds 600] [--readers 8] [--feeds 3]

What must hold (docs/ARCHITECTURE.md): no reader ever sees a table that is not exactly one of those
written; within an epoch no sequence goes back; a frame taken at the start is unchanged at the end;
after the orderly stop nothing of the instance is left. Prints what was counted; the status is 1
when anything of it failed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(ROOT / "client-py" / "src"))

import shmpub  # noqa: E402
import stress_tables  # noqa: E402

BUILD = Path(os.environ.get("SHMPUB_BUILD", ROOT / "build" / "release"))
BETWEEN_DAEMONS = (shmpub.NotPublished, shmpub.InstanceNotFound, shmpub.FeedNotFound)


def write_sources(folder: Path, feeds: list[str], start, stop, written) -> None:
    start.wait()
    number = len(feeds) + 1
    while not stop.is_set():
        for feed in feeds:
            stress_tables.write(folder / f"{feed}.csv", number)
            number += 1
        written.value = number
        time.sleep(0.002)


class Reader:
    """One reader process: what it has seen, and the checks of what the publisher promises."""

    def __init__(self, where: Path, feed: str, seed: int) -> None:
        self.feed = shmpub.subscribe(feed, directory=str(where), instance="stress")
        self.rng = random.Random(seed)
        self.tables = self.epochs = self.epoch = self.sequence = 0
        self.held = self.kept = None

    def step(self) -> None:
        try:
            if not self.feed.wait(timeout=0.5):
                return
            snapshot = self.feed.snapshot()
        except BETWEEN_DAEMONS:
            time.sleep(0.01)
            return
        if snapshot.epoch != self.epoch:
            self.epoch, self.sequence, self.epochs = snapshot.epoch, 0, self.epochs + 1
        assert snapshot.sequence >= self.sequence, f"{snapshot.sequence} after {self.sequence}"
        self.sequence = snapshot.sequence
        frame = snapshot.df
        stress_tables.check(frame)
        self.tables += 1
        if self.held is None:
            self.held, self.kept = frame, frame.copy(deep=True)
        if self.rng.random() < 0.02:  # a slow reader holds its frame meanwhile
            time.sleep(self.rng.random() * 0.2)
            stress_tables.check(frame)

    def finish(self) -> None:
        if self.held is not None:
            assert self.held.equals(self.kept), "the frame held from the start has changed"


def read_tables(where: Path, feed: str, seed: int, start, stop, results) -> None:
    problem = None
    start.wait()
    reader = Reader(where, feed, seed)
    try:
        while not stop.is_set():
            reader.step()
        reader.finish()
    except Exception as error:  # whatever ends a reader is a result
        problem = f"{type(error).__name__}: {error}"
    results.put({"tables": reader.tables, "epochs": reader.epochs, "problem": problem})


def start_daemon(ini: Path, log) -> subprocess.Popen:
    return subprocess.Popen([BUILD / "daemon" / "shmpubd", "-c", ini], stdout=log, stderr=log)


def kill_again_and_again(ini: Path, log, seconds: float, rng: random.Random) -> tuple[int, str]:
    """Return how often the daemon was killed, and what was wrong with it ("": nothing)."""
    kills = 0
    daemon = start_daemon(ini, log)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(rng.choice([0.01, 0.1, 0.5, 1.0, 2.0]) * rng.random() + 0.02)
        if daemon.poll() is not None:
            return kills, f"the daemon ended by itself with status {daemon.returncode}"
        daemon.kill()
        daemon.wait()
        kills += 1
        daemon = start_daemon(ini, log)
    time.sleep(2)  # so that the last daemon publishes
    daemon.send_signal(signal.SIGTERM)
    status = daemon.wait(timeout=30)
    return kills, f"the orderly stop ended with status {status}" if status else ""


def run(options: argparse.Namespace, work: Path, where: Path) -> dict:
    feeds = [f"f{i}" for i in range(options.feeds)]
    ini = work / "stress.ini"
    ini.write_text(
        f"[daemon]\ninstance = stress\ndirectory = {where}\n"
        + "".join(f"[feed {feed}]\nsource = {feed}.csv\ninterval = 10ms\n" for feed in feeds)
    )
    context = mp.get_context("spawn")
    stop, results, written = context.Event(), context.Queue(), context.Value("q", 0)
    for i, feed in enumerate(feeds):
        stress_tables.write(work / f"{feed}.csv", i + 1)
    start = context.Barrier(options.readers + 2)  # importing pandas may take them a while
    others = [context.Process(target=write_sources, args=(work, feeds, start, stop, written))]
    for i in range(options.readers):
        args = (where, feeds[i % len(feeds)], options.seed + i, start, stop, results)
        others.append(context.Process(target=read_tables, args=args))
    for process in others:
        process.start()
    start.wait(timeout=120)
    with open(work / "daemon.log", "wb") as log:
        kills, problem = kill_again_and_again(
            ini, log, options.seconds, random.Random(options.seed)
        )
    stop.set()
    counted = [results.get(timeout=60) for _ in range(options.readers)]
    for process in others:
        process.join(20)
    problems = [problem] if problem else []
    problems += [c["problem"] for c in counted if c["problem"]]
    if any(c["tables"] == 0 for c in counted):
        problems.append("a reader saw no table at all")
    instance = where / "stress"
    left = sorted(p.name for p in instance.iterdir()) if instance.exists() else []
    if [name for name in left if name != "lock"]:
        problems.append(f"left behind after the orderly stop: {left}")
    return {
        "seconds": options.seconds,
        "seed": options.seed,
        "kills": kills,
        "tables_written": written.value,
        "tables_checked": sum(c["tables"] for c in counted),
        "epochs_seen": max(c["epochs"] for c in counted),
        "problems": problems,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--feeds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="shmpub-stress-"))
    where = Path(tempfile.mkdtemp(prefix="shmpub-stress-", dir="/dev/shm"))
    try:
        counted = run(options, work, where)
        print(json.dumps(counted))
        if counted["problems"]:
            sys.stderr.write((work / "daemon.log").read_text(errors="replace")[-4000:])
    finally:
        shutil.rmtree(where, ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)
    return 1 if counted["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
