"""mode = append: a file at whose end rows are added. After each change the frame is pandas' own."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shmpub
from conftest import SHMPUB, Daemon, until

FAST = "mode = append\ninterval = 20ms\nwatch = yes\n"
GROWS = pytest.mark.skipif(os.name == "nt", reason="snapshots of Windows do not grow")
Make = Callable[[], Daemon]


def serve(daemon: Make, text: str | bytes, keys: str = "", settings: str = "") -> tuple[Any, Path]:
    d = daemon()
    path = d.source("a.csv", text)
    d.configure({"a": f"source = a.csv\n{FAST}{keys}"}, settings)
    d.start()
    return d, path


def add(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text.encode() if isinstance(text, str) else text)


def wait_rows(d: Daemon, rows: int, name: str = "a") -> pd.DataFrame:
    feed = d.feed(name)
    until(lambda: len(feed.df) == rows)
    return feed.df


def wait_same(d: Daemon, path: Path, **options: Any) -> pd.DataFrame:
    """Wait until the frame is what pandas makes of the whole file."""
    feed = d.feed("a")
    want = pd.read_csv(path, low_memory=False, **options)

    def same() -> bool:
        try:
            pd.testing.assert_frame_equal(feed.df, want)
        except AssertionError:
            return False
        return True

    try:
        until(same, 10)
    except AssertionError:
        pd.testing.assert_frame_equal(feed.df, want)
        raise
    return want


def inode(d: Daemon) -> int:
    return (d.shm / d.instance / "a.arrow").stat().st_ino


# --- what is added ------------------------------------------------------------------------------


@GROWS
def test_rows_are_added_in_place(daemon: Make) -> None:
    d, path = serve(daemon, "a,b,c\n1,x,1.5\n2,,2.5\n")
    wait_rows(d, 2)
    before, held = inode(d), d.feed("a").snapshot()
    for i in range(100):
        add(path, f"{i},t{i},{i}.25\n")
        wait_rows(d, i + 3)
    wait_same(d, path)
    assert inode(d) == before
    assert len(held) == 2
    assert held.df["b"].tolist()[0] == "x"
    assert d.status("a")["rows"] == 102


@GROWS
def test_what_is_not_whole_waits(daemon: Make) -> None:
    d, path = serve(daemon, "a,b\n1,x\n")
    wait_rows(d, 1)
    before = inode(d)
    for piece in ["2,", '"half', "\nnot yet\n", 'still"', '",y', '"\n', "3,z", "\n"]:
        sequence = d.feed("a").sequence
        add(path, piece)
        if piece == '"\n':
            assert wait_rows(d, 2)["b"][1] == 'half\nnot yet\nstill",y'
        elif piece == "\n":
            wait_rows(d, 3)
        else:
            d.status("a")
            until(lambda: d.feed("a").age is not None)
            until_looked(d)
            assert d.feed("a").sequence == sequence
    wait_same(d, path)
    assert inode(d) == before
    assert d.status("a")["state"] == "fresh"


def until_looked(d: Daemon) -> None:
    """Wait until two attempts have begun and ended."""
    first = int(str(d.status("a")["refreshes"]))
    until(lambda: int(str(d.status("a")["refreshes"])) >= first + 2)


KINDS: dict[str, Callable[[random.Random, int], str]] = {
    "int": lambda r, i: str(r.randrange(-1000, 1000)),
    "float": lambda r, i: r.choice([f"{r.random():.6f}", str(r.randrange(9)), "1e5", ""]),
    "text": lambda r, i: r.choice(["x", "longer text", "12", "", '"a,b"', '"q""q"', '"l\nl"']),
    "bool": lambda r, i: r.choice(["True", "False"]),
    "widens": lambda r, i: str(i) if i < 40 else r.choice(["1.5", "2"]),
    "breaks": lambda r, i: str(i) if i < 60 else "word",
    "missing": lambda r, i: "" if i < 30 else str(i),
    "holes": lambda r, i: "" if i == 50 else str(i),
    "category": lambda r, i: r.choice(["red", "green", "blue"]) if i < 70 else "amber",
    "date": lambda r, i: str(pd.Timestamp("2024-01-01") + pd.Timedelta(seconds=i * 7)),
    "big": lambda r, i: str(2**63 + i) if i > 45 else str(i),
}
PARTS = [
    (["int", "float", "text"], "", {}),
    (["int", "bool", "widens"], "", {}),
    (["text", "breaks", "missing", "holes"], "", {}),
    (
        ["date", "float"],
        "parse_dates = date\nindex_col = date",
        {"parse_dates": ["date"], "index_col": "date"},
    ),
    (["category", "int"], "dtype.category = category", {"dtype": {"category": "category"}}),
    (["big", "text"], "", {}),
    (["int", "text"], "skiprows = 2", {"skiprows": 2}),
    (["int", "text"], "comment = #", {"comment": "#"}),
]


@GROWS
@pytest.mark.parametrize("seed", range(len(PARTS)))
@pytest.mark.timeout(120)
def test_always_what_pandas_makes_of_it(daemon: Make, seed: int) -> None:
    kinds, keys, options = PARTS[seed]
    r = random.Random(seed)
    head = "a preamble\nof two lines\n" if "skiprows" in keys else ""
    end = "\r\n" if seed == 1 else "\n"

    def row(i: int) -> str:
        line = ",".join(KINDS[k](r, i) for k in kinds) + end
        return f"# why\n{line}" if "comment" in keys and r.random() < 0.2 else line

    d, path = serve(daemon, head + ",".join(kinds) + end + row(0), keys)
    wait_same(d, path, **options)
    files, n, n_appends = set(), 1, 0
    while n < 120:
        more = r.randrange(1, 6)
        add(path, "".join(row(n + k) for k in range(more)))
        n += more
        n_appends += 1
        wait_same(d, path, **options)
        files.add(inode(d))
    assert len(files) < n_appends / 2  # most of them in place, whatever the types


# --- what is not added to -----------------------------------------------------------------------


def test_another_file_is_another_table(daemon: Make) -> None:
    d, path = serve(daemon, "a,b\n1,x\n2,y\n")
    wait_rows(d, 2)
    add(path, "3,z\n")
    wait_rows(d, 3)
    changes: list[tuple[str, Callable[[], object]]] = [
        ("renamed over, longer", lambda: d.source("a.csv", "a,b\n1,x\n2,y\n3,z\n4,new\n5,new\n")),
        ("the same beginning and end", lambda: d.source("a.csv", "a,b\n1,x\n7,y\n5,new\n6,q\n")),
        ("cut", lambda: os.truncate(path, len("a,b\n1,x\n"))),
        ("cut and written anew", lambda: path.write_text("a,b\n9,n\n8,m\n7,l\n6,k\n5,j\n4,i\n")),
        ("edited in place", lambda: path.write_text("a,b\n9,N\n8,m\n7,l\n6,k\n5,j\n4,i\n")),
        ("edited and longer", lambda: path.write_text("a,b\n9,N\n8,m\n7,L\n6,k\n5,j\n4,i\n3,h\n")),
        ("another header", lambda: path.write_text("x,y\n9,N\n8,m\n")),
        ("rotated", lambda: (path.rename(path.with_suffix(".1")), path.write_text("x,y\n5,5\n"))),
        ("with more", lambda: add(path, "6,6\n")),
        ("header only", lambda: path.write_text("x,y\n")),
        ("and rows", lambda: add(path, "1,2\n")),
        (
            "copied and cut",
            lambda: (shutil.copy(path, path.with_suffix(".2")), path.write_text("x,y\n3,4\n")),
        ),
    ]
    for label, change in changes:
        print(label)
        change()
        wait_same(d, path)


def test_a_bad_row_is_told_and_mended(daemon: Make) -> None:
    d, path = serve(daemon, "a,b\n1,x\n")
    wait_rows(d, 1)
    add(path, "2,y\n")
    wait_rows(d, 2)
    add(path, "3,z,extra\n4,w\n")
    row = d.wait_state("a", "failing")
    assert "a.csv:4: 3 fields" in str(row["error"])
    assert len(d.feed("a").df) == 2
    first = d.status("a")
    until_looked(d)
    assert d.status("a")["error"] == first["error"]
    path.write_text("a,b\n1,x\n2,y\n3,z\n4,w\n")
    wait_same(d, path)
    d.wait_state("a", "fresh")
    add(path, "5,v\n")
    wait_same(d, path)


@GROWS
def test_room_runs_out(daemon: Make) -> None:
    d, path = serve(daemon, "a,b\n1,x\n", "append_room = 64K\n")
    wait_rows(d, 1)
    inodes = set()
    for _ in range(30):
        add(path, "".join(f"{i},some text of row {i}\n" for i in range(400)))
        wait_same(d, path)
        inodes.add(inode(d))
    assert 1 < len(inodes) < 30


def test_no_memory_for_room(daemon: Make) -> None:
    """Where max_bytes has no place for room, the file is read anew each time."""
    text = "a\n" + "".join(f"{i}\n" for i in range(100_000))
    d, path = serve(daemon, text, "", "max_bytes = 2M\nmin_free = 0\n")
    wait_same(d, path)
    add(path, "7\n")
    wait_same(d, path)


@GROWS
def test_after_a_kill(daemon: Make) -> None:
    d, path = serve(daemon, "a,b\n1,x\n")
    wait_rows(d, 1)
    add(path, "2,y\n")
    wait_rows(d, 2)
    sequence = d.feed("a").sequence
    d.kill()
    add(path, "3,z\n")
    assert len(d.feed("a").df) == 2
    d.start()
    wait_same(d, path)
    assert d.feed("a").sequence > sequence
    add(path, "4,z\n")
    wait_same(d, path)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("mode = grow", "mode: replace or append wanted"),
        ("mode = append\nsettle = 1s", "settle waits for a file that rests"),
        ("mode = append\nencoding = utf-16", "whose line ends are one byte"),
        ("mode = append\nappend_room = much", "append_room: 'much' is no size"),
    ],
)
def test_configuration(daemon: Make, keys: str, message: str) -> None:
    from conftest import run_shmpubd

    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = a.csv\n{keys}"})
    done = run_shmpubd("--check", "-c", d.ini)
    assert done.returncode == 1
    assert message in done.stderr
    d.configure({"a": "source = *.csv\nmode = append"})
    assert "mode = append needs one file" in run_shmpubd("--check", "-c", d.ini).stderr


def test_a_compressed_file_is_told(daemon: Make) -> None:
    import gzip

    d, _ = serve(daemon, gzip.compress(b"a\n1\n") + b"\n")
    assert "is compressed" in str(d.wait_state("a", "failing")["error"])


def test_numbers_are_exact(daemon: Make) -> None:
    d, path = serve(daemon, "a,b\n0.1,1\n")
    wait_same(d, path)
    numbers = np.random.default_rng(1).standard_normal(500)
    for at in range(0, 500, 50):
        add(path, "".join(f"{v!r},{i}\n" for i, v in enumerate(map(float, numbers[at : at + 50]))))
        wait_same(d, path)


# --- readers ------------------------------------------------------------------------------------


def test_new_rows_come_once(daemon: Make) -> None:
    """Also over types that widen, room that runs out, and snapshots that were skipped."""
    d, path = serve(daemon, "n,v\n0,1\n", "append_room = 64K\n")
    feed, n, got = d.feed("a"), 1, []
    with feed.updates(timeout=30, new_rows=True) as updates:
        got.append(next(updates))
        for step in range(40):
            more = 1 + step * 7 % 300
            value = "1" if step < 10 else "1.5" if step < 20 else "word"
            add(path, "".join(f"{n + i},{value}\n" for i in range(more)))
            n += more
            if step % 3 == 0:
                wait_same(d, path)
            while sum(map(len, got)) < n and step % 4 == 0:
                got.append(next(updates))
        while sum(map(len, got)) < n:
            got.append(next(updates))
        assert not any(rows.attrs["shmpub"]["gap"] for rows in got)
        assert [i for rows in got for i in rows["n"]] == list(range(n))
        assert all(rows.index[0] == rows["n"].iloc[0] for rows in got)
        d.source("a.csv", "n,v\n7,8\n")
        rows = next(updates)
    assert rows.attrs["shmpub"]["gap"]
    assert rows["n"].tolist() == [7]


def test_since(daemon: Make) -> None:
    d, path = serve(daemon, "n,t\n0,x\n")
    wait_rows(d, 1)
    feed = d.feed("a")
    first = feed.snapshot()
    add(path, "1,y\n2,z\n")
    wait_rows(d, 3)
    second = feed.snapshot()
    new = second.since(first)
    assert new["t"].tolist() == ["y", "z"]
    assert new.index.tolist() == [1, 2]
    assert len(second.since(second)) == 0
    with pytest.raises(shmpub.Gap):
        first.since(second)
    with pytest.raises(TypeError):
        second.since("first")  # type: ignore[arg-type]
    if os.name != "nt":
        whole = second.column("n")
        assert np.shares_memory(new["n"].to_numpy(), whole)
    d.source("a.csv", "n,t\n5,q\n6,r\n7,s\n8,t\n")
    wait_rows(d, 4)
    with pytest.raises(shmpub.Gap, match="rows were not only added"):
        feed.snapshot().since(second)


def test_feeds_without_it_have_gaps(daemon: Make) -> None:
    d = daemon()
    path = d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv\ninterval = 20ms"})
    d.start()
    wait_rows(d, 1)
    first = d.feed("a").snapshot()
    add(path, "2\n")
    wait_rows(d, 2)
    with pytest.raises(shmpub.Gap):
        d.feed("a").snapshot().since(first)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_cat_follows(daemon: Make, form: str) -> None:
    """As tail -f: each row once, and after a gap the whole table with its header."""
    d, path = serve(daemon, "n,t\n0,x\n")
    wait_rows(d, 1)
    place = [SHMPUB, "-d", d.shm, "-i", d.instance]
    command = [*place, "cat", "a", "--format", form, "--follow"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as p:
        assert p.stdout is not None
        assert p.stderr is not None
        header = ["n,t\n"] if form == "csv" else []
        for line in header:
            assert p.stdout.readline() == line
        for i in range(50):
            want = f"{i},x\n" if form == "csv" else f'{{"n":{i},"t":"x"}}\n'
            assert p.stdout.readline() == want
            add(path, f"{i + 1},x\n")
        p.stdout.readline()
        d.source("a.csv", "n,t\n7,y\n")
        for line in header:
            assert p.stdout.readline() == line
        assert p.stdout.readline() == ("7,y\n" if form == "csv" else '{"n":7,"t":"y"}\n')
        d.configure({"b": "source = a.csv"})
        d.reload()
        assert p.wait(30) == 1
        told = p.stderr.read().splitlines()
    assert told[0] == "shmpub: the table began anew"
    assert "no feed" in told[1]
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.reload()
    wait_rows(d, 1)
    bad = subprocess.run([*place, "cat", "a", "--follow", "--format", "arrow"], capture_output=True)
    assert bad.returncode == 1
    assert b"--follow writes rows" in bad.stderr
