"""Patterns: what is wrong in one of the files."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from conftest import run_shmpubd
from pattern_feeds import FAST, ROWS, failure, make, paths, put, serve

# --- what is wrong


BAD: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "an empty file": ({"1": ROWS, "2": ""}, "", "data/2:1: no columns"),
    "a row too long": (
        {"1": ROWS, "2": ROWS, "3": "a,b\n1,x\n2,y\n3,z,w\n"},
        "",
        "data/3:4: 3 fields, expected 2",
    ),
    "after lines that are skipped": (
        {"1": "x\n" + ROWS, "2": "x\n\na,b\n1,x\n\n2,y,z\n"},
        "skiprows = 1",
        "data/2:6: 3 fields, expected 2",
    ),
    "in the first": ({"1": "\n\na,b\n1,2\n1,2,3,4\n", "2": ROWS}, "", "data/1:5: 4 fields"),
    "behind quoted newlines": (
        {"1": 'a,b\n"1\n\n",x', "2": 'a,b\n"1\n\n",x\n\n1,2,3'},
        "",
        "data/2:6: 3 fields",
    ),
    "in an archive": (
        {"1": ROWS, "2": gzip.compress(b"a,b\n1,2\n1,2,3\n"), "3": ROWS},
        "",
        "data/2:3: 3 fields",
    ),
    "a damaged archive": (
        {"1": ROWS, "2": gzip.compress(b"a,b\n" + os.urandom(90_000).hex().encode())[:40_000]},
        "",
        "data/2: damaged gzip: it ends too early",
    ),
    "a dtype": (
        {"1": ROWS, "2": "a,b\n5,x\n6,x\noops,y\n", "3": ROWS},
        "dtype.a = int64",
        "data/2:4: ",
    ),
    "no UTF-8": ({"1": ROWS, "2": b"a,b\n1,x\n2,\xff\n"}, "", "data/2:3: "),
    "no ASCII": ({"1": ROWS, "2": b"a,b\n1,x\n2,\xff\n"}, "encoding = ascii", "data/2:3: "),
    "an open quote at the end": ({"1": ROWS, "2": 'a,b\n1,x\n2,"y\n'}, "", "data/2:3: "),
    "an open quote": ({"1": 'a,b\n1,x\n2,"y\n', "2": ROWS, "3": ROWS}, "", "data/1:3: "),
    "an open quote that the next file closes": (
        {"1": 'a,b\n1,x\n2,"y\n', "2": 'a,b\n7,"z"\n', "3": ROWS},
        "",
        "data/1:3: ",
    ),
    "an open quote, where bad lines are left out": (
        {"1": 'a,b\n1,x\n2,"y\n', "2": 'a,b\n7,"z"\n', "3": ROWS},
        "on_bad_lines = skip",
        "data/1:3: ",
    ),
    "an open quote and a comment": (
        {"1": 'a,b\n1,x\n2,"y\n', "2": 'a,b\n7,"z"\n', "3": ROWS},
        "comment = %",
        "data/1:3: ",
    ),
    "another name": (
        {"1": ROWS, "2": "a,c\n1,x\n"},
        "",
        "data/2: column 2 is 'c', in ",
    ),
    "other order": ({"1": ROWS, "2": "b,a\nx,1\n"}, "", "data/2: column 1 is 'b', in "),
    "one more": ({"1": ROWS, "2": "a,b,c\nx,1,2\n"}, "", "data/1 has 2: 'c' is new"),
    "one less": ({"1": ROWS, "2": "a\nx\n"}, "", "data/1 has 2: 'b' is missing"),
    "an index in one": (
        {"1": ROWS, "2": "a,b\nk,1,x\n"},
        "",
        "data/2:2: the first row has 3 ",
    ),
    "other widths": ({"1": "1,2\n", "2": "1,2,3\n"}, "header = none", "data/1 has 2: '2' is new"),
    "no newline": ({"1": ROWS, "2": "a,b\n1,x"}, "require_newline = yes", "data/2: the last line"),
    "no newline in a header": (
        {"1": "a,b", "2": ROWS},
        "require_newline = yes",
        "data/1: the last line is not ended",
    ),
    "a column that changes": (
        {"1": ROWS, "2": ROWS},
        "require_columns = a, zz",
        "/data/*: ",
    ),
}


@pytest.mark.parametrize("label", BAD)
def test_what_is_wrong_is_told(daemon, label):
    """With the file and its line; the last table stays, and the feed recovers."""
    files, options, words = BAD[label]
    d = make(daemon)
    put(d, files)
    d.configure({"a": f"source = data/*\n{FAST}{options}"})
    run = run_shmpubd("-c", d.ini, "--test", "a")
    assert run.returncode == 1
    assert words in run.stderr, run.stderr
    for path in paths(d):
        Path(path).unlink()
    good = "x\n" + ROWS if "skiprows" in options else ROWS
    good = good if "header" not in options else "1,2\n"
    put(d, {"0": good} if "zz" not in options else {"0": "a,zz\n1,2\n"})
    d.start()
    d.wait_state("a", "fresh")
    (d.folder / "data" / "0").unlink()
    put(d, files)
    error = failure(d, words)
    assert error.count(str(d.folder / "data" / "2")) <= 1  # its path is told once
    assert len(d.feed("a").df) > 0
    for path in paths(d):
        Path(path).unlink()
    put(d, {"0": good + good.splitlines()[-1] + "\n"} if "zz" not in options else {"0": "a,zz\n"})
    d.wait_state("a", "fresh")


def test_a_bomb_is_bounded(daemon):
    bomb = gzip.compress(b"a,b\n" + b"1,x\n" * 300_000)
    d = serve(daemon, {"1.gz": bomb, "2.gz": bomb}, "max_source = 2M")
    assert "data/*: more than 2097152 bytes" in failure(d, "max_source")


def test_a_changed_type_tells_its_file(daemon):
    d = serve(daemon, {"1": ROWS, "2": ROWS}, "frozen_schema = yes")
    d.wait_state("a", "fresh")
    put(d, {"2": "a,b\n\n1,x\n\n2.5,y\n"})
    assert "data/2:5: column a was int64, is now float64" in failure(d, "was int64")
