"""shmpubd --test: it shows what a refresh would make of a feed, and publishes nothing."""

import os
import re
import uuid
from pathlib import Path

import pandas as pd
import pytest
from conftest import run_shmpubd, until

CSV = """time,symbol,price,volume,ok,maybe,large,seen,empty
2024-01-01 09:00:00,A,1.5,10,True,True,1,2024-01-01 00:00:00+01:00,
2024-01-01 09:00:01,B,2.25,,False,,99999999999999999999,2024-01-02 00:00:00+01:00,
2024-01-01 09:00:02,A,,30,True,False,3,2024-01-03 00:00:00+01:00,
"""
OPTIONS = "index_col = time\nparse_dates = time, seen\ndtype.symbol = category"


def make(folder: Path, text: str | bytes, options: str = "", name: str = "quotes") -> Path:
    """Write an ini with one feed, and its source. No daemon has this instance."""
    source = folder / f"{name}.csv"
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    ini = folder / "c.ini"
    ini.write_text(
        f"[daemon]\ninstance = test-{uuid.uuid4().hex[:12]}\ndirectory = {folder}\n"
        f"[feed {name}]\nsource = {source.name}\n{options}\n"
    )
    return ini


def try_feed(ini: Path, feed: str = "quotes") -> str:
    before = set(os.listdir(ini.parent))
    run = run_shmpubd("-c", ini, "--test", feed)
    assert (run.returncode, run.stderr) == (0, "")
    assert set(os.listdir(ini.parent)) == before  # no instance, nothing in it
    return run.stdout


def parts(text: str) -> list[list[str]]:
    return [part.splitlines() for part in text.rstrip("\n").split("\n\n")]


def test_columns_are_those_of_pandas(tmp_path):
    ini = make(tmp_path, CSV, OPTIONS)
    head, columns, rows = parts(try_feed(ini))[:3]
    assert head[0] == f"quotes: {tmp_path}/quotes.csv, {len(CSV)} bytes"
    assert re.fullmatch(r"3 rows, 9 columns; read in \d+\.\d+ ms, parsed in \d+\.\d+ ms", head[1])
    frame = pd.read_csv(
        tmp_path / "quotes.csv",
        index_col="time",
        parse_dates=["time", "seen"],
        dtype={"symbol": "category"},
    ).reset_index()
    assert columns[0].split() == ["column", "dtype", "missing", "index"]
    told = [re.split(r" {2,}", line) for line in columns[1:]]
    assert [row[:2] for row in told] == [[n, str(t)] for n, t in frame.dtypes.items()]
    assert [int(row[2]) for row in told] == list(frame.isna().sum())
    assert [row[3:] for row in told] == [["level 0"]] + [[]] * 8
    assert rows[0].split() == list(frame.columns)
    assert rows[1].startswith("2024-01-01 09:00:00  A ")
    assert rows[3].split()[3:5] == ["NaN", "30.0"]
    assert len(rows) == 4


def test_the_first_rows(tmp_path):
    text = "n,text\n" + "".join(f"{n},{'ü' * n}\n" for n in range(25, 75))
    head, _, rows = parts(try_feed(make(tmp_path, text)))
    assert head[1].startswith("50 rows, 2 columns;")
    assert rows[0] == " n  text"
    assert rows[1] == f"25  {'ü' * 25}"
    assert rows[10] == f"34  {'ü' * 32}…"
    assert rows[11] == "and 40 more rows"


def test_many_columns(tmp_path):
    names = [f"c{n}" for n in range(200)]
    text = ",".join(names) + "\n" + ",".join("1" * 200) + "\n"
    _, columns, rows = parts(try_feed(make(tmp_path, text)))
    assert [line.split()[0] for line in columns[1:]] == names
    assert rows[-1] == "and 170 more columns"


def test_text_that_moves_a_cursor(tmp_path):
    out = try_feed(make(tmp_path, "a\n\x1b[2J\u202e\n"))
    assert "\x1b" not in out and "\u202e" not in out


DOUBTS = {
    "nothing": ("a,b\n1,x\n2,y\n", "", []),
    "no rows": ("a,b\n", "", ["no rows"]),
    "skipped": (
        "a,b\n1,2\n1,2,3\n1,2,3,4\n",
        "on_bad_lines = skip",
        ["rows with too many fields that were left out: 2"],
    ),
    "mixed": (
        "a,b\n1,x\n2,x\nn.a.,x\n4,x\n",
        "",
        ["column 'a': text, though 3 of 4 cells are numbers: row 3 is 'n.a.'"],
    ),
    "mixed as asked": ("a,b\n1,x\n2,x\nn.a.,x\n4,x\n", "dtype.a = str", []),
    "text with some numbers": ("a,b\n1,x\ny,x\nz,x\n", "", []),
    "decimal comma": (
        "a;b\n1,5;x\n-2.000,25;y\n",
        "sep = semicolon",
        ["column 'a': text, and all cells are numbers with 'decimal = comma'"],
    ),
    "delimiter": (
        "a;b\n1;2\n",
        "",
        ["column 'a;b': one column only: is the delimiter another, as 'semicolon'?"],
    ),
    "delimiter beside an index": (
        "a;b\n1,5;2\n",
        "",
        ["column 'a;b': one column only: is the delimiter another, as 'semicolon'?"],
    ),
    "no dates": (
        "a,b\n2024-01-01,1\nsoon,2\n",
        "parse_dates = a",
        ["column 'a': parse_dates finds a cell that is no date"],
    ),
    "no dates, by position": (
        "a,b\nx,2024-01-01\ny,soon\n",
        "parse_dates = 1",
        ["column 'b': parse_dates finds a cell that is no date"],
    ),
    "no dates in the index": (
        "a,b\n2024-01-01,1\nsoon,2\n",
        "index_col = a\nparse_dates = yes",
        ["column 'a': parse_dates finds a cell that is no date"],
    ),
    "dates": ("a,b\n2024-01-01,1\n,2\n", "parse_dates = a", []),
    "a name twice": ("a,b,a\n1,2,3\n", "", ["column 'a.1': the name 'a' is there more than once"]),
    "a name with a number": ("a,b,c.1\n1,2,3\n", "", []),
    "no name": ("a,\n1,2\n", "", ["column 'Unnamed: 1': it has no name in the source"]),
    "no values": ("a,b\n1,\n2,\n", "", ["column 'b': every value is missing"]),
}


@pytest.mark.parametrize("label", DOUBTS)
def test_doubts(tmp_path, label):
    text, options, expected = DOUBTS[label]
    out = try_feed(make(tmp_path, text, options))
    told = [line for line in out.splitlines() if line.startswith("warning: ")]
    assert len(told) == len(expected), told
    for line, start in zip(told, expected, strict=True):
        assert line.startswith(f"warning: {start}")


FAILURES = {
    "missing": (None, ""),
    "a directory": ("folder", ""),
    "too long row": ("a,b\n1,2\n1,2,3\n", ""),
    "quote": ('a\n"\n', ""),
    "not UTF-8": (b"a\n\xff\n", ""),
    "dtype": ("a\n1\nx\n", "dtype.a = int64"),
    "no such column": ("a\n1\n", "index_col = b"),
    "array": ("a\n1\n300\n", "array_segment = {name}\narray_dtype = int8"),
    "array columns": (
        "a\n1\n",
        "array_segment = {name}\narray_dtype = int8\narray_columns = b",
    ),
}


@pytest.mark.parametrize("label", FAILURES)
def test_the_error_is_that_of_the_refresh(daemon, label):
    text, options = FAILURES[label]
    d = daemon()
    options = options.format(name=d.instance + "-array")
    if text == "folder":
        (d.folder / "a.csv").mkdir()
    elif text is not None:
        d.source("a.csv", text)
    d.configure({"a": f"source = a.csv\ninterval = 1h\n{options}"}, "file_mode = 0644")
    run = run_shmpubd("-c", d.ini, "--test", "a")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(f"shmpubd: {d.folder}/a.csv:")
    d.start()
    assert f"feed a: {run.stderr.removeprefix('shmpubd: ')}" in d.log_text()


def test_beside_a_daemon(daemon):
    """A daemon that serves the feed is not disturbed."""
    d = daemon()
    d.source("a.csv", "a\n1\n")
    segment = f"{d.instance}-text"
    d.configure({"a": f"source = a.csv\ninterval = 1h\ncsv_segment = {segment}"})
    d.start()
    sequence, log = d.feed("a").sequence, d.log_text()
    files, inode = d.files(), Path(f"/dev/shm/{segment}").stat().st_ino
    d.source("a.csv", "a\n5\n6\n")
    run = run_shmpubd("-c", d.ini, "--test", "a")
    assert run.returncode == 0 and "2 rows, 1 columns" in run.stdout and run.stderr == ""
    assert d.feed("a").sequence == sequence and d.log_text() == log
    assert d.files() == files and Path(f"/dev/shm/{segment}").stat().st_ino == inode
    os.kill(d.pid, 0)
    d.stop()
    until(lambda: not Path(f"/dev/shm/{segment}").exists())


def test_no_such_feed(tmp_path):
    ini = make(tmp_path, CSV)
    run = run_shmpubd("-c", ini, "--test", "qoutes")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"shmpubd: {ini}: no feed 'qoutes', did you mean 'quotes'?\n"
    run = run_shmpubd("-c", ini, "--test", "weather")
    assert run.stderr == f"shmpubd: {ini}: no feed 'weather'\n"


def test_bad_configuration(tmp_path):
    ini = make(tmp_path, CSV, "intervall = 5s")
    run = run_shmpubd("-c", ini, "--test", "quotes")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == run_shmpubd("-c", ini, "--check").stderr
    assert run_shmpubd("-c", ini, "--test").returncode == 2
