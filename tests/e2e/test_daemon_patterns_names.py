"""Patterns: which file a row is of, as a column and for rows that are left out."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pandas as pd
import pytest
from conftest import run_shmpubd, until
from pattern_feeds import (
    FAST,
    ROWS,
    check,
    expand,
    failure,
    frame_difference,
    make,
    paths,
    put,
    serve,
)


def with_names(d, pattern: str = "*", **options) -> pd.DataFrame:
    """Return what pandas makes of the files, with a category of all of them."""
    found = [Path(path) for path in paths(d, pattern)]
    names = [path.relative_to(d.folder / "data").as_posix() for path in found]
    frames = [pd.read_csv(expand(str(path)), **options) for path in found]
    wanted = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    codes = [i for i, frame in enumerate(frames) for _ in range(len(frame))]
    wanted["file"] = pd.Categorical.from_codes(codes, categories=names)
    return wanted


def check_names(d, pattern: str = "*", **options) -> None:
    wanted, feed = with_names(d, pattern, **options), d.feed("a")
    until(lambda: frame_difference(wanted, feed.df) is None, seconds=10)


COLUMN = "filename_column = file\n"
TEXTS: dict[str, tuple[dict[str, str | bytes], dict[str, object], str]] = {
    "one": ({"1.csv": ROWS}, {}, ""),
    "some without rows": ({"1": "a,b\n", "2": ROWS, "3": "a,b", "4": ROWS, "5": "a,b\r\n"}, {}, ""),
    "names like numbers": ({"2024": ROWS, "2025": ROWS}, {}, ""),
    "names that are no words": ({"é , \"'": ROWS, "NA": ROWS, "Ω ": ROWS}, {}, ""),
    "archives": ({"1.gz": gzip.compress(ROWS.encode()), "2": ROWS}, {}, ""),
    "no header": ({"1": "1,x", "2": "2,y\n3,z\n"}, {"header": None}, "header = none"),
    "blank lines": ({"1": "a,b\n\n\n1,x\n\n", "2": "a,b\n\n2,y\n\n\n", "3": ROWS}, {}, ""),
    "line ends": ({"1": "a,b\r\n1,x\r\n2,y", "2": "a,b\r3,z\r4,w", "3": ROWS}, {}, ""),
    "comments": (
        {"1": "a,b\n#\n1,x#\n#", "2": "#\na,b\n#\n2,y\n", "3": "a,b\n#\n#"},
        {"comment": "#"},
        "comment = #",
    ),
    "quoted newlines": ({"1": 'a,b\n1,"x\ny"', "2": 'a,b\n"2","z\n\n"\n3,w', "3": ROWS}, {}, ""),
    "used columns": ({"1": ROWS, "2": ROWS}, {"usecols": ["b"]}, "usecols = b"),
    "categories": ({"1": ROWS, "2": ROWS}, {"dtype": {"b": "category"}}, "dtype.b = category"),
    "300 files": ({f"{n:03}": "a,b\n" + f"{n},x\n" * (n % 3) for n in range(300)}, {}, ""),
}


@pytest.mark.parametrize("label", TEXTS)
def test_the_column(daemon, label):
    files, options, lines = TEXTS[label]
    d = serve(daemon, files, COLUMN + lines)
    if label == "categories":
        df = d.feed("a").df
        assert df.b.dtype == "category"
        assert list(df.file) == ["1", "1", "2", "2"]
        return
    check_names(d, **options)


def test_directories(daemon):
    d = serve(daemon, {"x/1.csv": ROWS, "y/1.csv": ROWS, "y/2.csv": ROWS}, COLUMN, "*/*.csv")
    check_names(d, "*/*.csv")
    assert list(d.feed("a").df.file.cat.categories) == ["x/1.csv", "y/1.csv", "y/2.csv"]


@pytest.mark.parametrize("workers", [1, 2])
def test_large_files(daemon, workers):
    """Windows and threads begin anywhere in a file."""
    draw = random.Random(3)
    d = make(daemon)
    for n in range(40):
        rows = [
            f'{i},"{"q" * draw.randrange(30)}\n"' if n % 7 == 0 and i % 9 == 0 else f"{i},w{i % 7}"
            for i in range(draw.choice([0, 1, 5, 9_000, 30_000]))
        ]
        put(d, {f"{n:02}": "\n".join(["i,w", *rows])})
    d.configure({"a": f"source = data/*\n{FAST}{COLUMN}"}, f"workers = {workers}")
    d.start()
    check_names(d)


def test_changes(daemon):
    """The same text in other files is another table."""
    d = serve(daemon, {"1": "a\n1\n2\n", "2": "a\n3\n"}, COLUMN)
    check_names(d)
    sequence = d.feed("a").sequence
    (d.folder / "data" / "2").rename(d.folder / "data" / "3")
    check_names(d)
    put(d, {"1": "a\n1\n", "3": "a\n2\n3\n"})
    check_names(d)
    put(d, {"2": "a\n"})
    check_names(d)
    assert d.feed("a").sequence == sequence + 3
    assert d.status("a")["failures"] == 0


def test_without_the_column_a_name_does_not_matter(daemon):
    d = serve(daemon, {"1": ROWS, "2": ROWS})
    check(d)
    (d.folder / "data" / "2").rename(d.folder / "data" / "3")
    unchanged = d.status("a")["unchanged"]
    until(lambda: d.status("a")["unchanged"] > unchanged + 3)
    assert d.feed("a").sequence == 1


def test_other_readers(daemon):
    import pyarrow as pa

    d = serve(daemon, {f"{n:03}": ROWS for n in range(200)}, COLUMN)
    d.wait_state("a", "fresh")
    path = d.shm / d.instance / "a.arrow"
    with pa.ipc.open_file(path) as file:
        table = file.read_all()
    table.validate(full=True)
    assert str(table.schema.field("file").type.value_type) == "large_string"
    assert frame_difference(with_names(d), pd.read_feather(path)) is None


@pytest.mark.parametrize(
    ("files", "options", "words"),
    [
        ({"1": ROWS}, "filename_column = b\n", "data/1:1: there is a column 'b'"),
        ({os.fsdecode(b"\xff"): ROWS}, COLUMN, "not UTF-8, so filename_column cannot have it"),
    ],
)
def test_what_cannot_be(daemon, files, options, words):
    d = serve(daemon, files, options)
    assert words in failure(d, words.split(":")[-1])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("source = *\nfilename_column =", "filename_column: no value"),
    ],
)
def test_configurations_that_are_refused(daemon, line, words):
    d = daemon()
    d.configure({"a": line})
    run = run_shmpubd("-c", d.ini, "--check")
    assert run.returncode == 1
    assert words in run.stderr


@pytest.mark.parametrize("source", ["a.csv", "exec: true *"])
def test_no_pattern_is_a_warning(daemon, source):
    """The key may stand in [defaults]."""
    d = daemon()
    d.source("a.csv", ROWS)
    d.configure(f"[defaults]\nfilename_column = f\n[feed a]\nsource = {source}\n")
    run = run_shmpubd("-c", d.ini, "--check")
    assert run.returncode == 0
    assert "warning: filename_column: only a pattern of files has one" in run.stderr


def test_rows_that_are_left_out(daemon):
    """Each with its file, and its line there."""
    d = serve(
        daemon,
        {
            "1": "x\na,b\n1,x\n1,2,3\n",
            "2": "y\na,b\n1,2\n",
            "3": 'z\n\na,b\n"1\n",2\n1,2,3,4\n\n\n5,6,7',
            "4.gz": gzip.compress(b"u\na,b\n0,x\n1,2,3\n"),
        },
        "on_bad_lines = feed\nskiprows = 1\nfilename_column = file",
    )
    d.wait_state("a", "fresh")
    rejects = d.feed("a.rejects").df
    assert list(rejects.columns) == ["line", "reason", "text", "file"]
    assert list(rejects.file) == ["1", "3", "3", "4.gz"]
    assert list(rejects.line) == [4, 6, 9, 4]
    assert list(rejects.text) == ["1,2,3", "1,2,3,4", "5,6,7", "1,2,3"]
    assert list(d.feed("a").df.file) == ["1", "2", "3", "4.gz"]


def test_too_many_rejects_name_the_first(daemon):
    d = serve(
        daemon,
        {"1": ROWS, "2": "a,b\n1,2\n1,2,3\n", "3": "a,b\n1,2\n1,2,3\n"},
        "on_bad_lines = feed\nmax_rejects = 1",
    )
    assert "data/2:3: 3 fields, expected 2; 2 such rows" in failure(d, "max_rejects")
