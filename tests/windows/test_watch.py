"""watch = yes on Windows: what ReadDirectoryChangesW tells, here by Wine and so by inotify.

The interval is an hour, so that whatever is published was told by the system.
"""

from __future__ import annotations

import statistics
import threading
import time

import pytest
from conftest import Make
from daemons import Daemon, watching
from wine import until

RARELY = "interval = 1h\nwatch = yes\n"
SLACK = 60.0  # seconds; far more than a change takes, and far less than an hour


def serve(daemons: Make, source: str = "a.csv", options: str = "") -> Daemon:
    d = daemons()
    d.source("a.csv", "x\n0\n")
    d.configure({"a": f"source = {source}\n{RARELY}{options}"})
    return d.start()


def shows(d: Daemon, *values: object) -> None:
    want = ["x", *map(str, values)]
    until(lambda: d.table() == want, SLACK)


def test_renamed_rewritten_removed(daemons: Make) -> None:
    d = serve(daemons)
    path = d.folder / "a.csv"
    shows(d, 0)
    for n in range(1, 4):
        d.source("a.csv", f"x\n{n}\n")
        shows(d, n)
        path.write_text(f"x\n{n}\n{n}\n")
        shows(d, n, n)
        with path.open("a") as file:
            file.write("9\n")
        shows(d, n, n, 9)
    path.unlink()
    d.wait_error("error 2")
    assert d.table() == ["x", "3", "3", "9"]
    path.write_text("x\n7\n")
    shows(d, 7)
    assert d.status()["state"] == "fresh"
    assert d.end() == 0


def test_appears_with_its_folder(daemons: Make) -> None:
    """A file that is not there yet, in a folder that is not there yet, and that goes again."""
    d = serve(daemons, "late/a.csv")
    folder = d.folder / "late"
    for n in range(2):
        d.wait_error("error 3")
        folder.mkdir()
        time.sleep(0.3 * n)  # the folder may be found before the file, or with it
        (folder / "a.csv").write_text(f"x\n{n}\n")
        shows(d, n)
        (folder / "a.csv").unlink()
        folder.rmdir()


def test_many_in_one_folder(daemons: Make) -> None:
    """One watch for all, with names that are no feed's changing all the time beside them."""
    d = daemons()
    names = [f"f{n}" for n in range(60)]
    for name in names:
        d.source(f"{name}.csv", "x\n0\n")
    d.configure({name: f"source = {name.upper()}.csv\n{RARELY}" for name in names})
    d.start()
    over = threading.Event()

    def disturb() -> None:
        while not over.wait(0.001):
            d.source("other.txt", "x" * 100)

    noise = threading.Thread(target=disturb)
    noise.start()
    try:
        for turn in (1, 2):
            for name in names:
                d.source(f"{name}.csv", f"x\n{turn}\n")
            d.wait_sequences(names, turn + 1)
    finally:
        over.set()
        noise.join()
    assert d.table("f7") == ["x", "2"]
    assert d.end() == 0


@pytest.mark.parametrize("written", ["renamed", "in place"])
def test_soon(daemons: Make, written: str) -> None:
    """From the end of a writer's call to the news elsewhere; a busy machine meets the bound."""
    d = serve(daemons)
    times = []
    with watching(d, "a") as watch:
        watch.next()
        for n in range(1, 31):
            time.sleep(0.05)
            if written == "renamed":
                d.source("a.csv", f"x\n{n}\n")
            else:
                (d.folder / "a.csv").write_text(f"x\n{n}\n")
            start = time.monotonic()
            watch.next()
            times.append(time.monotonic() - start)
    times.sort()
    print(f"{written}: p50 {times[15] * 1000:.1f} ms, p99 {times[-1] * 1000:.1f} ms")
    assert statistics.median(times) < 1.0, times
