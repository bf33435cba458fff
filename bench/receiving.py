"""What a Python program waits for: the client's calls, beside reading the CSV again.

Runs in a process of its own (this file as a program), so that nothing of the other measurements
is in its memory. Every time is one call, in microseconds; of each kind the median and the spread
from the tenth to the ninetieth percentile.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import data
import pandas as pd
import shmpub
from harness import Child, Publisher, cpus_apart, percentile, table

FILES = {"quotes": 60, "floats": 8, "wide": 12}  # refreshes of each
AGAIN = 2000


def us(call: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    result = call()
    elapsed = time.perf_counter_ns() - start
    del result
    return elapsed / 1e3


def summary(times: list[float]) -> dict[str, float]:
    return {f"p{share}": percentile(times, share / 100) for share in (10, 50, 90)}


def polls_us(feed: shmpub.Feed) -> float:
    start = time.perf_counter_ns()
    for _ in range(AGAIN):
        feed.sequence  # noqa: B018
    return (time.perf_counter_ns() - start) / 1e3 / AGAIN


def one_file(publisher: Publisher, instance: str, name: str, path: Path) -> dict[str, Any]:
    first, second = (shmpub.subscribe(name, instance=instance) for _ in range(2))
    publisher.ask(name)
    expected = pd.read_csv(path)
    pd.testing.assert_frame_equal(first.df, expected)
    times: dict[str, list[float]] = {}

    def note(what: str, value: float) -> None:
        times.setdefault(what, []).append(value)

    for _ in range(FILES[name]):
        publisher.ask(name)
        note("new snapshot: df", us(lambda: first.df))
        note("new snapshot: numpy()", us(lambda: second.snapshot().numpy()))
        time.sleep(0.02)
    for _ in range(AGAIN):
        note("same snapshot: df", us(lambda: first.df))
    for _ in range(20):
        note("nothing new? sequence", polls_us(first))
    text = path.read_text(encoding="utf-8")
    stable = shmpub_file(instance, name)
    for _ in range(min(FILES[name], 10)):
        note("pandas.read_csv(file)", us(lambda: pd.read_csv(path)))
        note("pandas.read_csv(StringIO(text))", us(lambda: pd.read_csv(io.StringIO(text))))
        note("pandas.read_feather(the snapshot)", us(lambda: pd.read_feather(stable)))
    return {"file": name, "us": {what: summary(values) for what, values in times.items()}}


def shmpub_file(instance: str, name: str) -> Path:
    return Path("/dev/shm", instance, f"{name}.arrow")


def sleeper(instance: str, name: str, n: int) -> None:
    """Child: wait, take the frame, say when it was in hand."""
    feed = shmpub.subscribe(name, instance=instance)
    while feed.sequence == 0:
        time.sleep(0.001)
    feed.df  # noqa: B018
    print(json.dumps({"ready": True}), flush=True)
    seen: dict[int, int] = {}
    while len(seen) < n and feed.wait(timeout=5):
        snapshot = feed.snapshot()
        len(snapshot.df)
        seen[snapshot.sequence] = time.monotonic_ns()
    print(json.dumps(seen), flush=True)


def waking(instance: str, path: Path, n: int, micros: int) -> dict[str, Any]:
    """Commit in the publisher to DataFrame in a reader that slept, checks included."""
    ours, theirs = cpus_apart()
    publisher = Publisher(instance, {"quotes": (path, ())}, cpus=theirs)
    publisher.ask("quotes")
    reader = Child([sys.executable, __file__, "sleeper", instance, "quotes", str(n)], ours)
    reader.receive()
    time.sleep(0.1)
    publisher.send(f"quotes {n} {micros}")
    commits = {a["sequence"]: a["committed_at"] for a in (publisher.receive() for _ in range(n))}
    seen = {int(sequence): at for sequence, at in reader.receive().items()}
    reader.close()
    publisher.close()
    times = [(seen[s] - commits[s]) / 1e3 for s in seen if s in commits]
    return {"snapshots": n, "every_us": micros, "received": len(times), "us": summary(times)}


def measure(folder: Path, instance: str, names: list[str]) -> dict[str, Any]:
    paths = {name: data.make(folder, name) for name in FILES if name in names}
    publisher = Publisher(instance, {name: (path, ()) for name, path in paths.items()})
    results = [one_file(publisher, instance, name, path) for name, path in paths.items()]
    publisher.close()
    wake = waking(f"{instance}-wake", data.make(folder, "quotes"), 400, 5000)
    return {"calls": results, "waking": wake}


def as_table(results: list[dict[str, Any]]) -> str:
    rows = []
    for r in results:
        again = r["us"]["pandas.read_csv(file)"]["p50"]
        for what, p in r["us"].items():
            spread = f"{p['p10']:.3g} to {p['p90']:.3g}"
            rows.append(
                [f"{r['file']}: {what}", f"{p['p50']:.3g}", spread, f"{again / p['p50']:,.1f}"]
            )
    return table(["call", "us, p50", "p10 to p90", "read_csv(file) / this"], rows)


if __name__ == "__main__":
    if sys.argv[1] == "sleeper":
        sleeper(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])))
