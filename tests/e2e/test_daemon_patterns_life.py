"""Patterns: which files match, and what happens when they change."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from conftest import BUILD, replace, run_shmpubd, until
from pattern_feeds import FAST, ROWS, check, failure, frame_difference, make, paths, put, serve

# --- which files


def test_how_many_files_there_are(daemon):
    def shmpub(*arguments: str) -> str:
        where = ["-i", d.instance, "-d", d.shm]
        return subprocess.check_output([BUILD / "cli/shmpub", *where, *arguments], text=True)

    def files() -> dict[str, int]:
        return {f["feed"]: f["files"] for f in map(json.loads, shmpub("ls", "--json").splitlines())}

    d = make(daemon)
    put(d, {"1.csv": "n\n1\n", "2.csv": "n\n2\n"})
    (d.folder / "one.csv").write_text("n\n1\n")
    d.configure({"all": f"source = data/*.csv\n{FAST}", "one": f"source = one.csv\n{FAST}"})
    d.start()
    until(lambda: files() == {"all": 2, "one": 0})
    assert re.search(r"^files +2$", shmpub("info", "all"), re.M)
    assert "\nfiles" not in shmpub("info", "one")
    assert json.loads(shmpub("info", "all", "--json"))["files"] == 2
    put(d, {"3.csv": "n\n"})  # another file, and the same rows
    until(lambda: files()["all"] == 3)
    (d.folder / "data/1.csv").unlink()
    until(lambda: files()["all"] == 2)
    put(d, {"4.csv": "n\n1\n2,3\n"})  # one that cannot be parsed is a file as well
    until(lambda: files()["all"] == 3)
    metrics = [m for m in shmpub("metrics").splitlines() if m.startswith("shmpub_feed_files")]
    assert len(metrics) == 1 and 'feed="all"' in metrics[0] and metrics[0].endswith(" 3")
    d.configure({"all": f"source = one.csv\n{FAST}", "one": f"source = one.csv\n{FAST}"})
    d.reload()
    until(lambda: files() == {"all": 0, "one": 0})


def test_names_that_match(daemon):
    d = make(daemon)
    files = ["a1.csv", "a2.csv", "b1.csv", "a1.txt", ".a3.csv", "aé.csv", "a[1].csv", "A1.csv"]
    put(d, {n: f"n\n{i}\n" for i, n in enumerate(files)})
    (d.folder / "data" / "a9.csv").mkdir()
    patterns = [
        "*.csv",
        "a?.csv",
        "a[12].csv",
        "a[!1-9].csv",
        "a[[]1].csv",
        "[a-b]1.*",
        ".*",
        "a1*",
    ]
    d.configure({f"f{i}": f"source = data/{p}\n{FAST}" for i, p in enumerate(patterns)})
    d.start()
    for i, pattern in enumerate(patterns):
        found = [p for p in paths(d, pattern) if Path(p).is_file()]
        wanted = pd.concat([pd.read_csv(p) for p in found], ignore_index=True)
        assert frame_difference(wanted, d.feed(f"f{i}").df) is None, pattern


def test_directories_that_match(daemon):
    d = serve(
        daemon,
        {
            "2025-12/a.csv": "n\n1\n",
            "2025-12/b.csv": "n\n2\n",
            "2025-12/c.txt": "n\n3\n",
            "2026-01/a.csv": "n\n4\n",
            "2026-01/x/a.csv": "n\n5\n",
            "2026-02": "n\n6\n",
            "other/a.csv": "n\n7\n",
        },
        pattern="20*/*.csv",
    )
    assert list(d.feed("a").df.n) == [1, 2, 4]
    put(d, {"2026-03/z.csv": "n\n8\n"})
    until(lambda: list(d.feed("a").df.n) == [1, 2, 4, 8])


def test_the_working_directory(daemon):
    d = make(daemon)
    put(d, {"1.csv": "n\n1\n", "2.csv": "n\n2\n"})
    (d.folder / "data" / "shmpubd.ini").write_text("[feed a]\nsource = *.csv\n")
    run = run_shmpubd("-c", "shmpubd.ini", "--test", "a", cwd=d.folder / "data")
    assert run.returncode == 0, run.stderr
    assert "of 2 files\n2 rows, 1 columns" in run.stdout


@pytest.mark.parametrize("pattern", ["none/*.csv", "*.csv"])
def test_no_file(daemon, pattern):
    d = serve(daemon, {}, pattern=pattern)
    place = d.folder / "data" / pattern.replace("*", "1")
    words = "no file matches" if pattern == "*.csv" else "no such file or directory"
    assert str(d.folder / "data") in failure(d, words)
    place.parent.mkdir(exist_ok=True)
    replace(place, ROWS)
    check(d, pattern)
    place.unlink()
    assert "no file matches" in failure(d, "no file")
    assert len(d.feed("a").df) == 2  # the last table stays


def test_links(daemon):
    d = make(daemon)
    (d.folder / "real.csv").write_text("n\n1\n")
    put(d, {"2.csv": "n\n2\n"})
    (d.folder / "data" / "1.csv").symlink_to("../real.csv")
    d.configure({"a": f"source = data/*.csv\n{FAST}watch = yes"})
    d.start()
    feed = d.feed("a")
    assert list(feed.df.n) == [1, 2]
    (d.folder / "real.csv").write_text("n\n10\n")  # no event in data/
    until(lambda: list(feed.df.n) == [10, 2])
    (d.folder / "real.csv").unlink()
    assert "1.csv: No such file" in failure(d, "1.csv")


def test_what_is_no_file(daemon):
    d = serve(daemon, {"1.csv": ROWS}, pattern="*.csv")
    os.mkfifo(d.folder / "data" / "2.csv")
    assert "data/2.csv: a FIFO, not a file" in failure(d, "FIFO")


def test_a_file_that_is_closed_to_the_daemon(daemon):
    if os.geteuid() != 0:
        pytest.skip("only root can start another user's daemon")
    d = make(daemon)
    d.user = 65534
    for place in (d.shm, d.folder, d.folder / "data"):
        place.chmod(0o777)
    put(d, {"1.csv": ROWS, "2.csv": ROWS})
    d.configure({"a": f"source = data/*.csv\n{FAST}"})
    d.start()
    d.wait_state("a", "fresh")
    (d.folder / "data" / "2.csv").chmod(0o600)
    assert "data/2.csv: Permission denied" in failure(d, "2.csv")


@pytest.mark.parametrize(
    ("modes", "mode"),
    [
        ((0o644, 0o644), 0o644),
        ((0o644, 0o640), 0o640),
        ((0o640, 0o600), 0o600),
        ((0o600, 0o644), 0o600),
    ],
)
def test_who_may_read(daemon, modes, mode):
    """Whoever may read every file may read the table."""
    d = make(daemon)
    for n, m in enumerate(modes):
        put(d, {f"{n}.csv": ROWS})
        (d.folder / "data" / f"{n}.csv").chmod(m)
    d.configure({"a": f"source = data/*.csv\n{FAST}"})
    d.start()
    d.wait_state("a", "fresh")
    assert (d.shm / d.instance / "a.arrow").stat().st_mode & 0o777 == mode


# --- changes


@pytest.mark.parametrize("watch", ["no", "yes"])
def test_changes(daemon, watch):
    d = serve(daemon, {"1.csv": ROWS}, f"watch = {watch}", pattern="*.csv")
    data = d.folder / "data"
    check(d, "*.csv")
    put(d, {"3.csv": "a,b\n3,z\n"})  # added
    check(d, "*.csv")
    put(d, {"2.csv": "a,b\n20,u\n21,v\n22,w\n"})  # between the others
    check(d, "*.csv")
    put(d, {"3.csv": "a,b\n3,z\n4,w\n"})  # replaced
    check(d, "*.csv")
    (data / "1.csv").rename(data / "9.csv")  # the same rows elsewhere
    until(lambda: list(d.feed("a").df.a) == [20, 21, 22, 3, 4, 1, 2])
    (data / "2.csv").unlink()
    check(d, "*.csv")
    with (data / "9.csv").open("a") as file:
        file.write("5,e\n")
    check(d, "*.csv")
    assert d.status("a")["failures"] == 0


def test_watch_is_quick_and_hears_new_directories(daemon):
    d = make(daemon)
    put(d, {"x/1.csv": ROWS})
    d.configure({"a": "source = data/*/*.csv\ninterval = 1m\nwatch = yes"})
    d.start()
    feed = d.feed("a")
    until(lambda: len(feed.df) == 2)
    time.sleep(0.3)
    put(d, {"x/2.csv": ROWS})
    until(lambda: len(feed.df) == 4, seconds=5)
    put(d, {"y/1.csv": ROWS})
    until(lambda: len(feed.df) == 6, seconds=5)
    time.sleep(0.1)
    put(d, {"y/2.csv": ROWS})
    until(lambda: len(feed.df) == 8, seconds=5)
    (d.folder / "data" / "x" / "1.csv").unlink()
    until(lambda: len(feed.df) == 6, seconds=5)


def test_watch_does_not_hear_other_names(daemon):
    d = serve(daemon, {"1.csv": ROWS}, "watch = yes", pattern="*.csv")
    d.configure({"a": "source = data/*.csv\ninterval = 1m\nwatch = yes"})
    d.reload()
    d.wait_state("a", "fresh")
    time.sleep(0.5)
    before = d.status("a")["unchanged"]
    for n in range(20):
        put(d, {f"{n}.txt": "x"})
    time.sleep(0.3)
    assert d.status("a")["unchanged"] == before
    put(d, {"2.csv": ROWS})
    check(d, "*.csv")


def test_the_same_is_not_published_again(daemon):
    d = serve(daemon, {f"{n}.csv": ROWS for n in range(5)}, pattern="*.csv")
    d.wait_state("a", "fresh")
    feed = d.feed("a")
    assert feed.sequence == 1
    unchanged = d.status("a")["unchanged"]
    until(lambda: d.status("a")["unchanged"] > unchanged + 3)
    put(d, {"3.csv": ROWS})  # another file of the same content
    unchanged = d.status("a")["unchanged"]
    until(lambda: d.status("a")["unchanged"] > unchanged + 3)
    assert feed.sequence == 1


def test_an_unchanged_set_is_not_opened(daemon):
    d = serve(daemon, {f"{n}.csv": ROWS for n in range(5)}, pattern="*.csv")
    d.wait_state("a", "fresh")
    time.sleep(0.2)
    places = [d.folder / "data" / f"{n}.csv" for n in range(5)]
    for place in places:
        os.utime(place, ns=(1, place.stat().st_mtime_ns))  # its ctime is new: read once more
    time.sleep(0.3)
    read = [place.stat().st_atime_ns for place in places]
    unchanged = d.status("a")["unchanged"]
    until(lambda: d.status("a")["unchanged"] > unchanged + 5)
    assert [place.stat().st_atime_ns for place in places] == read


def writes(stop: threading.Event, folder: Path, seed: int) -> Iterator[None]:
    """Replace, remove and add files, each of which sums to 100."""
    draw = random.Random(seed)
    while not stop.is_set():
        name = folder / f"{draw.randrange(40):02}.csv"
        if draw.random() < 0.3 and name.exists() and len(os.listdir(folder)) > 5:
            name.unlink()
        else:
            parts = [draw.randrange(50) for _ in range(draw.randrange(1, 2000))]
            parts = [*parts, 100 - sum(parts)]
            replace(name, "n,of\n" + "".join(f"{p},{name.stem}\n" for p in parts))
        yield


def test_files_that_change_while_they_are_read(daemon):
    """Each file is in the table as a whole or not at all."""
    d = serve(daemon, {f"{n:02}.csv": f"n,of\n100,{n:02}\n" for n in range(40)}, pattern="*.csv")
    stop = threading.Event()

    def work(seed: int) -> None:
        for _ in writes(stop, d.folder / "data", seed):
            time.sleep(0.03)

    worker = threading.Thread(target=work, args=(1,))
    worker.start()
    feed, seen = d.feed("a"), set()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        df = feed.df
        seen.add(feed.sequence)
        sums = df.groupby("of").n.sum()
        assert (sums == 100).all(), sums
        assert df.of.is_monotonic_increasing
        time.sleep(0.005)
    stop.set()
    worker.join()
    check(d, "*.csv")
    assert len(seen) > 5
    assert d.status("a")["failures"] == 0


def test_files_that_are_replaced_all_the_time(daemon):
    """Something is new at every look: then each file counts by itself, and whole."""
    files = {f"{n:03}.csv": "n,of\n100,0\n" for n in range(200)}
    d = serve(daemon, files, "filename_column = file", pattern="*.csv")
    stop = threading.Event()

    def work() -> None:
        for _ in writes(stop, d.folder / "data", 2):
            time.sleep(0.002)

    worker = threading.Thread(target=work)
    worker.start()
    feed, seen = d.feed("a"), set()
    end = time.monotonic() + 12  # a set that is never read makes the feed fail after ten seconds
    while time.monotonic() < end:
        df = feed.df
        seen.add(feed.sequence)
        sums = df.groupby("file", observed=True).n.sum()
        assert (sums == 100).all(), sums
        time.sleep(0.02)
    stop.set()
    worker.join()
    rows = sum(len(pd.read_csv(path)) for path in paths(d, "*.csv"))
    until(lambda: len(feed.df) == rows)
    assert len(seen) > 20
    assert d.status("a")["failures"] == 0


# --- files that are being written


def test_settle_is_for_each_file(daemon):
    d = serve(daemon, {"1.csv": ROWS}, "settle = 500ms", pattern="*.csv")
    d.wait_state("a", "fresh")
    feed, seen = d.feed("a"), set()
    with (d.folder / "data" / "2.csv").open("w") as file:
        for piece in ("a,b\n2,2", "5\n3,3", "5\n", "4,45\n"):
            file.write(piece)
            file.flush()
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                seen.add(len(feed.df))
                time.sleep(0.01)
    until(lambda: len(feed.df) == 5)
    assert seen == {2}
    assert d.status("a")["failures"] == 0


def test_a_file_that_grows_all_the_time(daemon):
    """It is read up to its last newline, although its rows come in two pieces."""
    d = serve(daemon, {"1.csv": "n,m\n0,1\n"}, pattern="*.csv")
    feed, seen, cut, longest = d.feed("a"), set(), 0, 0.0
    with (d.folder / "data" / "2.csv").open("w") as file:
        file.write("n,m\n")
        end, n = time.monotonic() + 4, 0
        while time.monotonic() < end:
            n += 1
            start = time.monotonic()
            file.write(f"{n},{n + 1}\n{n}")
            file.flush()
            time.sleep(0.001)
            file.write(f"0,{n * 10 + 1}\n")
            file.flush()
            longest = max(longest, time.monotonic() - start)
            if n % 50 == 0:
                df = feed.df
                cut += (df.m != df.n + 1).sum()
                seen.add(len(df))
    check(d, "*.csv")
    assert len(seen) > 3
    assert d.status("a")["failures"] == 0
    # a machine that stops the writer within a row for longer than a tick makes the file rest there
    assert cut == 0 or longest > 0.008


def test_expect_every_counts_the_newest(daemon):
    d = make(daemon)
    put(d, {"1.csv": ROWS, "2.csv": ROWS})
    old = time.time() - 3600
    for n in (1, 2):
        os.utime(d.folder / "data" / f"{n}.csv", (old, old))
    d.configure({"a": f"source = data/*.csv\n{FAST}expect_every = 30m"})
    d.start()
    d.wait_state("a", "stale")
    put(d, {"1.csv": ROWS + "3,z\n"})
    d.wait_state("a", "fresh")


# --- many files


def test_five_thousand_files(daemon):
    d = make(daemon)
    put(d, {f"{n:05}.csv": f"n,w\n{n},a\n{-n},bb\n" for n in range(5000)})
    d.configure({"a": "source = data/*.csv\ninterval = 100ms"})
    d.start()
    df = d.feed("a").df
    assert len(df) == 10_000
    assert list(df.n[::2]) == list(range(5000))
    put(d, {"02500.csv": "n,w\n7,c\n"})
    until(lambda: len(d.feed("a").df) == 9999)
    assert d.feed("a").df.w[5000] == "c"
    put(d, {"04000.csv": "n,w\n1,2\n1,2,3\n"})
    assert "data/04000.csv:3: 3 fields" in failure(d, "3 fields")


# --- what is shown


def test_check_counts_files(daemon):
    d = make(daemon)
    put(d, {"1.csv": ROWS, "2.csv": ROWS})
    d.configure({"a": "source = data/*.csv", "b": "source = none/*.csv"})
    run = run_shmpubd("-c", d.ini, "--check")
    assert f"{d.folder}/data/*.csv (2 files)" in run.stdout
    assert "none/*.csv (0 files)" in run.stdout
    assert "warning: source: " in run.stderr
    assert "none/" in run.stderr


def test_the_log_counts_files(daemon):
    d = make(daemon)
    put(d, {"1.csv": ROWS, "2.csv": ROWS})
    d.configure({"a": f"source = data/*.csv\n{FAST}"}, "log_level = debug")
    d.start()
    until(lambda: "feed a: 4 rows of 2 files, sequence 1" in d.log_text())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("source = a[[:digit:]].csv", "'[:', '[.' and '[=' in a pattern are not served"),
    ],
)
def test_configurations_that_are_refused(daemon, line, words):
    d = make(daemon)
    d.configure({"a": line})
    run = run_shmpubd("-c", d.ini, "--check")
    assert run.returncode == 1
    assert words in run.stderr
