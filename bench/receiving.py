"""What a Python program waits for: the client's calls, beside reading the CSV again.

Runs in a process of its own (this file as a program), so that nothing of the other measurements
is in its memory. Every time is one call, in microseconds; of each kind the median and the spread
from the tenth to the ninetieth percentile.

A new snapshot is taken by several readers in turn. The first finds everything cold: another
process has just parsed a file, and this one slept. The later ones find the code in the caches, as
a program with much to read does. What a refresh changes is told apart: nothing but numbers ("same
places"), the sizes of texts, or the number of rows. Each reader lets its last frame go as it takes
the next, so giving back the old mapping is in the time.

Most programs do something else between two snapshots, and that leaves neither the client's code nor
its data in the processor's caches. "after other work" measures this: a publisher refreshes every
30 ms, and the reader computes with some megabytes before each call. read_csv and read_feather run
in the same loop, as cold as our calls.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import data
import numpy as np
import pandas as pd
import shmpub
from harness import Child, Publisher, cpus_apart, percentile, table


class Case(NamedTuple):
    """A file, how often it is refreshed, and the files that it turns into."""

    refreshes: int
    turns_into: dict[str, str]
    options: tuple[str, ...] = ()
    pandas: dict[str, Any] | None = None


SAME = "same places"
FILES = {
    "quotes": Case(60, {"other texts": "quotes_texts", "other rows": "quotes_rows"}),
    "ten": Case(
        60,
        {"other texts": "ten_texts", "other rows": "ten_rows"},
        ("parse_dates=time", "dtype.kind=category"),
        {"parse_dates": ["time"], "dtype": {"kind": "category"}},
    ),
    "floats": Case(10, {"other rows": "floats_half"}),
    "wide": Case(16, {"other rows": "wide_rows"}),
}
ONE_TYPE = ("floats", "wide")
CHANGE = {1: SAME, 2: "other rows"}
READERS = 6
AGAIN = 2000
NAP_S = 0.02
BUSY = {"quotes": "quotes_texts", "ten": "ten_texts"}  # files that are read after other work
BUSY_EVERY_US = 30_000
AFTER_WORK = "after other work: "
BUSY_CALLS = 80  # of each kind
WAKES = [  # every so many us, how many, files that the publisher reads in turn
    (1000, 2000, ("quotes",)),
    (1000, 2000, ("quotes", "quotes_rows")),
    (5000, 400, ("quotes",)),
]

Times = dict[str, list[float]]


def us(call: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    result = call()
    elapsed = time.perf_counter_ns() - start
    del result
    return elapsed / 1e3


def summary(times: list[float], shares: tuple[int, ...] = (10, 50, 90)) -> dict[str, float]:
    return {f"p{share}": percentile(times, share / 100) for share in shares}


def polls_us(feed: shmpub.Feed) -> float:
    start = time.perf_counter_ns()
    for _ in range(AGAIN):
        feed.sequence  # noqa: B018
    return (time.perf_counter_ns() - start) / 1e3 / AGAIN


class Source:
    """A name whose file is another one at each refresh."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.csv"

    def show(self, path: Path) -> None:
        aside = self.path.with_suffix(".new")
        aside.symlink_to(path)
        aside.rename(self.path)


class Readers:
    """Several feeds of one name, each with the frame that it took last."""

    def __init__(self, instance: str, name: str) -> None:
        self.feeds = [shmpub.subscribe(name, instance=instance) for _ in range(READERS)]
        self.held: list[object] = [None] * READERS

    def take(self, times: Times, what: str, call: Callable[[shmpub.Feed], object]) -> None:
        for number, feed in enumerate(self.feeds):
            start = time.perf_counter_ns()
            self.held[number] = call(feed)
            elapsed = time.perf_counter_ns() - start
            who = "later readers" if number else "first reader"
            times.setdefault(f"{what}: {who}", []).append(elapsed / 1e3)

    def let_go(self) -> None:
        self.held = [None] * READERS


def frame(feed: shmpub.Feed) -> object:
    return feed.df


def arrays(feed: shmpub.Feed) -> object:
    return feed.snapshot().numpy()


def new_snapshots(
    publisher: Publisher, source: Source, readers: Readers, name: str, folder: Path
) -> Times:
    times: Times = {}
    refreshes, turns_into, *_ = FILES[name]
    calls = {"df": frame} | ({"numpy()": arrays} if name in ONE_TYPE else {})
    for change, other in {SAME: name, **turns_into}.items():
        paths = itertools.cycle([data.make(folder, other), data.make(folder, name)])
        for what, call in calls.items():
            unmeasured: Times = {}
            for number in range(refreshes + 2):
                source.show(next(paths))
                time.sleep(NAP_S)
                publisher.ask(name)
                label = f"new {what}, {change}"
                readers.take(times if number >= 2 else unmeasured, label, call)
            readers.let_go()
    return times


def after_reading(publisher: Publisher, feed: shmpub.Feed, name: str) -> list[float]:
    """The next frame, when every page of the last one was read: they are given back too."""
    times = []
    for _ in range(FILES[name].refreshes):
        held = feed.df
        held.sum(numeric_only=True)
        publisher.ask(name)
        start = time.perf_counter_ns()
        held = feed.df
        times.append((time.perf_counter_ns() - start) / 1e3)
        del held
    return times


class OtherWork:
    """What a program does between two snapshots: arithmetic over some megabytes, and pandas."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self.numbers = rng.normal(size=1 << 20)  # 8 MB, more than the caches of one core
        self.frame = pd.DataFrame(
            {
                "group": np.arange(100_000) % 97,
                "value": rng.normal(size=100_000),
                "word": [f"x{i % 50}" for i in range(100_000)],
            }
        )

    def do(self) -> None:
        (self.numbers * 1.5 + self.numbers[::-1]).sum()
        self.frame.groupby("group")["value"].mean()
        self.frame["word"].value_counts()
        self.frame.sort_values("value").head(3)


def after_other_work(instance: str, name: str, folder: Path) -> Times:
    """Each call takes a snapshot that no call before it has taken, with other work before it."""
    case = FILES[name]
    paths = [data.make(folder, each).resolve() for each in (name, BUSY[name])]
    feed = {name: (":".join(map(str, paths)), case.options)}
    publisher = Publisher(instance, feed, cpus=cpus_apart()[1])
    publisher.ask(name)
    by_df, by_snapshot = (shmpub.subscribe(name, instance=instance) for _ in range(2))
    snapshot = Path("/dev/shm", instance, f"{name}.arrow")
    calls: dict[str, Callable[[], object]] = {
        "df": lambda: by_df.df,
        "snapshot().df": lambda: by_snapshot.snapshot().df,
        "pandas.read_csv(file)": lambda: pd.read_csv(paths[0], **(case.pandas or {})),
        "pandas.read_feather(the snapshot)": lambda: pd.read_feather(snapshot),
    }
    held: dict[str, object] = {what: call() for what, call in calls.items()}
    n_refreshes = 3 * len(calls) * BUSY_CALLS  # a call may miss some
    publisher.send(f"{name} {n_refreshes} {BUSY_EVERY_US}")
    work, times, taken = OtherWork(), {what: [] for what in calls}, by_df.sequence
    for _ in range(BUSY_CALLS):
        for what, call in calls.items():
            work.do()
            while by_df.sequence == taken:
                time.sleep(0.001)
            taken = by_df.sequence
            start = time.perf_counter_ns()
            held[what] = call()
            times[what].append((time.perf_counter_ns() - start) / 1e3)
    publisher.process.terminate()
    publisher.close()
    return {f"{AFTER_WORK}{what}": values for what, values in times.items()}


def one_file(instance: str, name: str, folder: Path) -> dict[str, Any]:
    case, path = FILES[name], data.make(folder, name)
    with tempfile.TemporaryDirectory() as scratch:
        source = Source(Path(scratch), name)
        source.show(path.resolve())
        publisher = Publisher(instance, {name: (source.path, case.options)})
        publisher.ask(name)
        readers = Readers(instance, name)
        first = readers.feeds[0]
        pd.testing.assert_frame_equal(first.df, pd.read_csv(path, **(case.pandas or {})))
        times = new_snapshots(publisher, source, readers, name, folder.resolve())
        times["new df, all of the last one read"] = after_reading(publisher, first, name)
        times["same snapshot: df"] = [us(lambda: first.df) for _ in range(AGAIN)]
        times["nothing new? sequence"] = [polls_us(first) for _ in range(20)]
        times |= by_pandas(path, case, Path("/dev/shm", instance, f"{name}.arrow"))
        publisher.close()
    if name in BUSY:
        times |= after_other_work(f"{instance}-busy", name, folder)
    return {"file": name, "us": {what: summary(values) for what, values in times.items()}}


def by_pandas(path: Path, case: Case, snapshot: Path) -> Times:
    text, options = path.read_text(encoding="utf-8"), case.pandas or {}
    ways: dict[str, Callable[[], object]] = {
        "pandas.read_csv(file)": lambda: pd.read_csv(path, **options),
        "pandas.read_csv(StringIO(text))": lambda: pd.read_csv(io.StringIO(text), **options),
        "pandas.read_feather(the snapshot)": lambda: pd.read_feather(snapshot),
    }
    times: Times = {what: [] for what in ways}
    for _ in range(min(case.refreshes, 10)):
        for what, call in ways.items():
            times[what].append(us(call))
    return times


def sleeper(instance: str, name: str) -> None:
    """Child: sleep until there is something new, take the frame, note when it was in hand.

    What a frame is counted as was announced before it was taken: it may be a newer one, then the
    time is that since the older one's commit.
    """
    feed = shmpub.subscribe(name, instance=instance)
    while feed.sequence == 0:
        time.sleep(0.001)
    held = feed.df
    print(json.dumps({"ready": True}), flush=True)
    seen: dict[int, int] = {}
    while feed.wait(timeout=1):
        sequence = feed.sequence
        held = feed.df
        seen.setdefault(sequence, time.monotonic_ns())
    del held
    print(json.dumps(seen), flush=True)


def waking(instance: str, files: str, n: int, micros: int) -> dict[str, Any]:
    """Commit in the publisher to DataFrame in a reader that slept, checks included."""
    ours, theirs = cpus_apart()
    publisher = Publisher(instance, {"quotes": (files, ())}, cpus=theirs)
    publisher.ask("quotes")
    reader = Child([sys.executable, __file__, "sleeper", instance, "quotes"], ours)
    reader.receive()
    time.sleep(0.1)
    publisher.send(f"quotes {n} {micros}")
    commits = {a["sequence"]: a["committed_at"] for a in (publisher.receive() for _ in range(n))}
    seen = {int(sequence): at for sequence, at in reader.receive().items()}
    reader.close()
    publisher.close()
    times = [(seen[s] - commits[s]) / 1e3 for s in seen if s in commits]
    every = (max(commits.values()) - min(commits.values())) / 1e3 / (n - 1)
    return {
        "snapshots": n,
        "files": files.count(":") + 1,
        "every_us": micros,
        "came_every_us": every,
        "received": len(times),
        "us": summary(times, (10, 50, 90, 99)),
    }


def measure(folder: Path, instance: str, asked: list[str]) -> dict[str, Any]:
    results = [one_file(f"{instance}-{name}", name, folder) for name in FILES if name in asked]
    wakes = []
    for number, (micros, n, names) in enumerate(WAKES):
        files = ":".join(str(data.make(folder, name)) for name in names)
        wakes.append(waking(f"{instance}-wake{number}", files, n, micros))
    return {"calls": results, "waking": wakes}


def as_table(results: list[dict[str, Any]]) -> str:
    rows = []
    for r in results:
        for what, p in r["us"].items():
            where = AFTER_WORK if what.startswith(AFTER_WORK) else ""
            again = r["us"][f"{where}pandas.read_csv(file)"]["p50"]
            spread = f"{p['p10']:.3g} to {p['p90']:.3g}"
            rows.append(
                [f"{r['file']}: {what}", f"{p['p50']:.3g}", spread, f"{again / p['p50']:,.1f}"]
            )
    return table(["call", "us, p50", "p10 to p90", "read_csv(file) / this"], rows)


def waking_table(wakes: list[dict[str, Any]]) -> str:
    rows = [
        [f"{w['every_us']} us ({w['came_every_us']:.0f}), {CHANGE[w['files']]}"]
        + [f"{w['received']} of {w['snapshots']}"]
        + [f"{w['us'][f'p{share}']:.0f}" for share in (50, 90, 99)]
        for w in wakes
    ]
    return table(["one every (as it came)", "taken", "us, p50", "p90", "p99"], rows)


def main(arguments: list[str]) -> None:
    if arguments[0] == "sleeper":
        sleeper(*arguments[1:])
        return
    folder, instance, *names = arguments
    results = measure(Path(folder), instance, names)
    if os.isatty(1):
        print(as_table(results["calls"]), waking_table(results["waking"]), sep="\n\n")
    else:
        print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1:])
