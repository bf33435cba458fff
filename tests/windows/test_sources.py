"""Sources in the hands of other programs of Windows, while the daemon and its readers look at them.

A writer is never refused anything, and a reader never sees a table that is torn, mixed or
older than the one before.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
import tables
from conftest import Make
from daemons import CHECK_TABLES, FAST, PEER, Daemon, peer, watching
from wine import Wine, until

SECONDS = 4


def serve(daemons: Make, text: str = "x\n1\n") -> Daemon:
    d = daemons()
    d.source("a.csv", text)
    d.configure({"a": f"source = a.csv\n{FAST}"})
    return d.start()


def well(process: subprocess.Popen[bytes]) -> list[int]:
    """The numbers that it told at its end."""
    told, _ = process.communicate(timeout=SECONDS + 60)
    assert process.returncode == 0, told
    return [int(word) for word in re.findall(rb"\d+", told)]


@pytest.mark.parametrize(
    ("word", "pause"), [("replace", 5), ("delete", 50), ("rewrite", 50), ("rewrite", 400)]
)
def test_written_without_pause(daemons: Make, wine: Wine, word: str, pause: int) -> None:
    """A program of Windows writes table after table; others look at every cell of what they get."""
    d = serve(daemons, tables.text(1))
    path = d.wine.windows_path(d.folder / "a.csv")
    with watching(d, "a") as watch:
        writer = wine.popen(PEER, word, path, str(SECONDS), str(pause))
        reader = wine.popen(CHECK_TABLES, "a", d.instance, d.directory, str(SECONDS))
        seen = set()
        while writer.poll() is None:
            seen.add(tables.check(d.table()))
        last, n_again = well(writer)
        n_tables, n_twice, _ = well(reader)
        assert n_tables > 5 and n_twice > 0 and len(seen) > 2, (last, n_tables, seen)
        # Nobody renames onto a file while somebody has it open: that is for a moment, now and then.
        # Wine has no oplocks, by which the daemon would step aside; a busy machine was seen to make
        # every second write try once more.
        assert n_again <= last, (last, n_again)
        until(lambda: tables.check(d.table()) == last)
        sequences = []
        while not watch.lines.empty():
            line = watch.lines.get()
            assert line["event"] == "published", line
            sequences.append(line["sequence"])
        assert sequences == sorted(set(sequences)) and len(sequences) > 5


def test_growing(daemons: Make) -> None:
    """Appended to in small pieces: every table that is seen is a beginning of the whole."""
    d = serve(daemons, "n\n0\n")
    path = d.folder / "a.csv"
    stop = threading.Event()

    def grow() -> None:
        n = 0
        with path.open("a") as file:
            while not stop.is_set():
                for _ in range(50):
                    n += 1
                    file.write(f"{n}\n")
                file.flush()
                time.sleep(0.05)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        heights = set()
        until(lambda: heights.add(len(d.table())) or len(heights) > 4)
        rows = d.table()[1:]
        assert rows == [str(n) for n in range(len(rows))]
    finally:
        stop.set()
        thread.join()
    last = path.read_text().split()[-1]
    until(lambda: d.table()[-1] == last)


def test_locked_again_and_again(daemons: Make, wine: Wine) -> None:
    """As by a spreadsheet: told once, well again when it is closed, whatever was written."""
    d = serve(daemons)
    path = d.folder / "a.csv"
    for n in range(2, 4):
        with peer(wine, "lock", wine.windows_path(path)):
            path.write_text(f"x\n{n}\n")  # by a way round Wine's sharing
            status = d.wait_error("locked by its writer")
            assert status["state"] == "failing"
            assert d.table() == ["x", str(n - 1)]
        until(lambda n=n: d.table() == ["x", str(n)])
        assert d.status()["error"] == ""
    # What comes back within a minute is not told again.
    told = [line for line in d.log_text().splitlines() if "feed a:" in line]
    assert len(told) == 2 and "locked by its writer" in told[0] and "well again" in told[1], told


def test_drive_that_vanishes(daemons: Make, wine: Wine) -> None:
    """A stick is pulled out and put in again: the last good table stays, and the next one comes."""
    d = daemons()
    stick = d.folder / "stick"
    stick.mkdir()
    (stick / "a.csv").write_text("x\n1\n")
    drive = wine.prefix / "dosdevices" / "q:"
    drive.symlink_to(stick)
    try:
        d.configure({"a": f"source = Q:\\a.csv\n{FAST}"})
        d.start()
        assert d.table() == ["x", "1"]
        drive.unlink()
        status = d.wait_error("Q:\\a.csv: error ")  # 2 under Wine, 3 on Windows
        assert status["state"] == "failing" and "no such " in status["error"]
        assert d.table() == ["x", "1"]
        (stick / "a.csv").write_text("x\n2\n")
        drive.symlink_to(stick)
        until(lambda: d.table() == ["x", "2"])
    finally:
        drive.unlink(missing_ok=True)


NAMES = [
    "größe für Straße.csv",
    "株価 データ.csv",
    "naïve café.csv",
    "🚀 €uro.csv",
    "with space and (1), [2] & more.csv",
    "a" * 180 + ".csv",
]


def test_names_of_sources(daemons: Make) -> None:
    d = daemons("Überblick 概要")
    feeds = {}
    for n, name in enumerate(NAMES):
        d.source(name, f"x\n{n}\n")
        feeds[f"f{n}"] = (
            f"source = {name[:90]}\\\n  {name[90:]}" if len(name) > 90 else f"source = {name}"
        )
    feeds.pop("f4")  # a '[' begins a pattern
    d.configure(feeds)
    d.start()
    for n, name in enumerate(NAMES):
        if f"f{n}" in feeds:
            assert d.table(f"f{n}") == ["x", str(n)], name
            assert name in d.well("info", f"f{n}"), name


BAD = {
    "a row that is too long": ("x,y\n1,2\n1,2,3\n", "a.csv:3: "),
    "a quote that is never closed": ('x,y\n1,"2\n', "a.csv:2: "),
    "not UTF-8": (b"x\n\xff\xfe\xfd\n", "a.csv"),
    "UTF-16": ("x,y\n1,2\n".encode("utf-16"), "a.csv"),
    "empty": ("", "a.csv"),
}


@pytest.mark.parametrize("label", BAD)
def test_bad_keeps_the_last_good(daemons: Make, label: str) -> None:
    text, place = BAD[label]
    d = serve(daemons, "x,y\n5,6\n")
    d.source("a.csv", text)
    status = d.wait_error(place)
    assert status["state"] == "failing" and "\n" not in status["error"]
    assert d.table() == ["x,y", "5,6"]
    d.source("a.csv", "x,y\n7,8\n")
    until(lambda: d.table() == ["x,y", "7,8"])
    assert d.end(signal.SIGINT) == 0


def test_network_that_is_not_there(daemons: Make) -> None:
    """A server that nobody knows holds up neither the other feeds nor the stop."""
    d = daemons()
    d.source("b.csv", "x\n1\n")
    d.configure(
        {"a": f"source = \\\\no-server\\share\\a.csv\n{FAST}", "b": f"source = b.csv\n{FAST}"}
    )
    d.start()
    assert d.status("a")["state"] == "failing"
    assert d.status("a")["error"].startswith("\\\\no-server\\share\\a.csv: error ")
    d.source("b.csv", "x\n2\n")
    until(lambda: d.table("b") == ["x", "2"])
    begun = time.monotonic()
    assert d.end() == 0
    assert time.monotonic() - begun < 10


def test_unchanged_is_not_published_again(daemons: Make) -> None:
    d = serve(daemons)
    path: Path = d.folder / "a.csv"
    for touch in (lambda: None, lambda: os.utime(path), lambda: d.source("a.csv", "x\n1\n")):
        touch()
        seen = d.status()["unchanged"]
        until(lambda seen=seen: d.status()["unchanged"] > seen + 5)
    assert d.status()["sequence"] == 1
