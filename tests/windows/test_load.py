"""Many feeds, much memory, and a long run: what a daemon takes, and gives back.

SHMPUB_SOAK_SECONDS makes the last one as long as it says; ten seconds else.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import tables
from conftest import Make
from daemons import CHECK_TABLES, FAST, PEER, Daemon, Watch, count_handles, private_bytes, watching
from wine import Wine, until

FEEDS = 200
SOAK_SECONDS = int(os.environ.get("SHMPUB_SOAK_SECONDS", "10"))


def check_committed(d: Daemon) -> None:
    """What snapshots take is what is in them, and the rest of their last pages."""
    rows = [json.loads(line) for line in d.well("ls", "--json").splitlines()]
    held = d.values()["shmpub_segment_bytes"]
    tables_size = sum(row["bytes"] for row in rows)
    assert tables_size <= held <= tables_size * 1.1 + 4096 * len(rows), (tables_size, held)


def test_many_feeds_that_change(daemons: Make) -> None:
    """No handle is left behind, and no memory; what is committed is little more than the tables."""
    d = daemons()
    names = [f"f{n}" for n in range(FEEDS)]

    def write(turn: int) -> None:
        for n in range(FEEDS):
            d.source(f"{n}.csv", "x,y\n" + f"{turn},{n}\n" * (1000 if turn % 2 else 10))

    def turn(number: int) -> tuple[int, int]:
        write(number)
        d.wait_sequences(names, number + 1)
        assert d.table("f7")[-1] == f"{number},7"
        d.wait_heartbeat()
        return count_handles(d.wine, "shmpubd.exe"), private_bytes(d)

    write(0)
    d.configure({f"f{n}": f"source = {n}.csv\ninterval = 500ms" for n in range(FEEDS)})
    d.start()
    d.wait_sequences(names, 1)
    handles, private = turn(1)
    check_committed(d)
    turn(2)
    check_committed(d)
    now_handles, now_private = turn(3)
    assert now_handles <= handles + 10, (handles, now_handles)
    assert now_private <= private * 1.2 + (4 << 20), (private, now_private)
    assert "warning" not in d.log_text() and "error" not in d.log_text()
    assert d.end() == 0


def test_large_then_small(daemons: Make) -> None:
    """Windows takes nothing back from a section: a table that shrank has one that fits."""
    d = daemons()
    d.source("a.csv", "x,y\n" + "1,some text\n" * 1_000_000)
    d.configure({"a": f"source = a.csv\n{FAST}", "b": f"source = b.csv\n{FAST}"})
    d.source("b.csv", "x\n1\n")
    d.start()
    check_committed(d)
    assert d.values()["shmpub_segment_bytes"] > 10 << 20
    with watching(d, "a") as watch:
        assert watch.next()["rows"] == 1_000_000
        d.source("a.csv", "x,y\n2,t\n")
        assert watch.next()["rows"] == 1
    until(lambda: d.values()["shmpub_segment_bytes"] < 1 << 20)
    check_committed(d)


def test_max_bytes(daemons: Make) -> None:
    """At the bound the last good table stays, and the feed says why."""
    d = daemons()
    d.source("a.csv", "x\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"}, "max_bytes = 2M")
    d.start()
    assert d.values()["shmpub_segment_limit_bytes"] == 2 << 20
    d.source("a.csv", "x\n" + "1234567890123\n" * 100_000)  # as text, and as a table of 0.8 MB
    until(lambda: len(d.table()) == 100_001)
    for text in ("x,y,z\n" + "1,2,3\n" * 100_000, "x\n" + "12345678\n" * 300_000):
        d.source("a.csv", text)
        status = d.wait_error("max_bytes")
        assert status["state"] == "failing" and status["rows"] == 100_000
        assert len(d.table()) == 100_001
    d.source("a.csv", "x\n2\n")
    until(lambda: d.table() == ["x", "2"])
    until(lambda: d.status()["error"] == "")  # told a moment after the table


def test_reader_that_stays(daemons: Make) -> None:
    """Of tables and daemons that were, a reader keeps nothing: neither views nor handles."""
    d = daemons()
    d.source("a.csv", "x\n0\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.start()

    def next_daemon(watch: Watch, number: int) -> tuple[int, int]:
        """Ten tables and a kill; what the reader has mapped, as Linux counts, and its handles."""
        for n in range(10):
            d.source("a.csv", f"x\n{number}\n{n}\n")
            assert watch.until("published")["rows"] == 2
        d.kill()
        assert watch.next()["event"] == "gone"
        d.start()
        assert watch.until("published")["rows"] == 2
        maps = Path(f"/proc/{watch.process.pid}/maps").read_text()
        return len(maps.splitlines()), count_handles(d.wine, "shmpub.exe")

    with watching(d, "a") as watch:
        watch.next()
        views, handles = next_daemon(watch, 0)
        for number in range(1, 4):
            now_views, now_handles = next_daemon(watch, number)
    assert now_views <= views + 4 and now_handles <= handles + 2, (
        (views, now_views),
        (handles, now_handles),
    )


def test_long_run(daemons: Make, wine: Wine) -> None:
    """A table every 10 ms, and readers that look at every cell, keep some, and come and go."""
    d = daemons()
    d.source("a.csv", tables.text(1))
    d.configure({"a": "source = a.csv\ninterval = 10ms"})
    d.start()
    path = wine.windows_path(d.folder / "a.csv")
    place = ["a", d.instance, d.directory]
    with watching(d, "a") as watch:
        writer = wine.popen(PEER, "replace", path, str(SOAK_SECONDS), "10")
        readers = [wine.popen(CHECK_TABLES, *place, str(SOAK_SECONDS)) for _ in range(2)]
        time.sleep(min(3, SOAK_SECONDS / 3))
        handles, private = count_handles(d.wine, "shmpubd.exe"), private_bytes(d)
        while writer.poll() is None:
            tables.check(d.table())
        now_handles, now_private = count_handles(d.wine, "shmpubd.exe"), private_bytes(d)
        told = [process.communicate(timeout=60)[0] for process in (writer, *readers)]
        assert all(process.returncode == 0 for process in (writer, *readers)), told
        last = int(told[0].split()[0])
        until(lambda: tables.check(d.table()) == last)
        n_published = d.status()["sequence"]
        assert n_published > SOAK_SECONDS * 2, (n_published, told)
        sequences = [watch.next()["sequence"]]
        while sequences[-1] < n_published:
            sequences.append(watch.next()["sequence"])
        assert sequences == sorted(set(sequences)) and sequences[-1] == n_published
    for line in told[1:]:
        match = re.fullmatch(rb"(\d+) tables, (\d+) twice, 1 epochs\s+", line)
        assert match and int(match[1]) > SOAK_SECONDS and int(match[2]) > 1, line
    assert now_handles <= handles + 10, (handles, now_handles)
    assert now_private <= private * 1.2 + (8 << 20), (private, now_private)
    assert d.values()["shmpub_segment_bytes"] < 1 << 20
    assert d.end() == 0
