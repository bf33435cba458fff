"""Patterns: all files that match are one table, as pandas.concat makes it of them."""

from __future__ import annotations

import gzip
import io
import lzma
import random

import pandas as pd
import pytest
from pattern_feeds import FAST, ROWS, check, frame_difference, make, put, serve

# --- what becomes of the files' texts


TEXTS: dict[str, tuple[dict[str, str | bytes], dict[str, object]]] = {
    "one file": ({"1.csv": ROWS}, {}),
    "many": ({f"{n:03}.csv": f"a,b\n{n},w{n}\n{n + 1},\n" for n in range(300)}, {}),
    "bytewise order": ({n: f"a,b\n1,w{n}\n" for n in ("10", "9", "B", "a", "é", "_", "Ω")}, {}),
    "no newline at the end": ({"1": "a,b\n1,x", "2": "a,b\n2,y", "3": "a,b\n3,z"}, {}),
    "header only": ({"1": "a,b\n", "2": ROWS, "3": "a,b", "4": "a,b\r\n5,z\r\n"}, {}),
    "the first has a header only": ({"1": "a,b", "2": ROWS}, {}),
    "marks": ({"1": b"\xef\xbb\xbfa,b\n1,x\n", "2": b"\xef\xbb\xbfa,b\n2,y\n", "3": ROWS}, {}),
    "line ends": ({"1": "a,b\r\n1,x\r\n", "2": ROWS, "3": "a,b\r3,z\r", "4": "a,b\r\n4,w"}, {}),
    "quoted headers": ({"1": '"a","b"\n1,x\n', "2": 'a,"b"\n2,y\n', "3": ROWS}, {}),
    "a header of two lines": ({"1": '"a\nb",c\n1,x\n', "2": '"a\nb",c\n2,"y\nz"\n'}, {}),
    "quoted newlines": ({"1": 'a,b\n1,"x\ny"\n', "2": 'a,b\n"2","z\n\n"', "3": ROWS}, {}),
    "quotes, mixed line ends": ({"1": 'a,b\r\n1,"x\r\ny"\r\n', "2": 'a,b\n2,"p""q"\n'}, {}),
    "blank lines": ({"1": "\n\na,b\n\n1,x\n\n", "2": "\na,b\n2,y\n\n\n"}, {}),
    "compressed ones": (
        {
            "1": ROWS,
            "2.gz": gzip.compress(b"a,b\n3,z\n4,w"),
            "3.xz": lzma.compress(ROWS.encode()),
            "4": ROWS,
        },
        {},
    ),
    "an empty archive of rows": ({"1.gz": gzip.compress(b"a,b\n"), "2": ROWS}, {}),
    "int and float": ({"1": "a,b\n1.5,x\n", "2": "a,b\n2.25,y\n"}, {}),
    "dates": (
        {"1": "a,b\n2026-01-01,x\n", "2": "a,b\n2026-01-02,y\n"},
        {"parse_dates": ["a"]},
    ),
    "another delimiter": ({"1": "a;b\n1;x,y\n", "2": "a;b\n2;z\n"}, {"delimiter": ";"}),
    "no header": ({"1": "1,x\n2,y", "2": "3,z\n"}, {"header": None}),
    "names": ({"1": "1,x\n2,y", "2": "3,z\n"}, {"names": ["p", "q"]}),
    "names for a header": ({"1": ROWS, "2": "c,d\n3,z\n"}, {"names": ["p", "q"], "header": 0}),
    "a header further on": (
        {"1": "x\ny,z\na,b\n1,u\n", "2": "p,q\nr\na,b\n2,v\n"},
        {"header": 2},
    ),
    "lines before the header": (
        {"1": 'made by "x\na,b\n1,u\n', "2": "made by y\na,b\n2,v"},
        {"skiprows": 1},
    ),
    "lines before the rows": (
        {"1": "x\n1,u\n2,w\n", "2": "y\n3,v", "3": "z\n"},
        {"skiprows": 1, "names": ["p", "q"]},
    ),
    "lines that are listed": (
        {"1": "a,b\nint,str\n1,u\n2,v\n3,w\n", "2": "a,b\nint,str\n4,u\n5,v\n6,w\n7,x\n"},
        {"skiprows": [1, 3]},
    ),
    "lines that only some have": (
        {"1": "a,b\n1,u\n", "2": "a,b\n4,u\n5,v\n6,w\n7,x\n8,y\n", "3": "a,b"},
        {"skiprows": [4]},
    ),
    "a comment": (
        {"1": "# x\na,b\n1,u # y\n# z\n", "2": "# x\n# y\na,b\n2,v\n# z\n"},
        {"comment": "#"},
    ),
    "blanks": ({"1": " a  b\n 1  u\n", "2": "a b\n2 v\n"}, {"sep": r"\s+"}),
    "an index without a name": (
        {"1": "a,b\nk,1,x\n", "2": "a,b\nl,2,y\n", "3": "a,b\n", "4": "a,b\nm,3,z\n"},
        {"index_col": None},
    ),
    "some columns": ({"1": "a,b,c\n1,x,2\n", "2": "a,b,c\n3,y,4\n"}, {"usecols": ["c", "a"]}),
    "short rows": ({"1": "a,b,c\n1,2,3\n4\n", "2": "a,b,c\n5,6\n"}, {}),
    "an index": ({"1": ROWS, "2": "a,b\n7,z\n"}, {"index_col": "a"}),
    "cp1252": (
        {"1": "a,b\n1,\u20ac\n".encode("cp1252"), "2": "a,b\n2,é".encode("cp1252")},
        {"encoding": "cp1252"},
    ),
    "utf-16, of both orders": (
        {
            "1": "a,b\n1,é".encode("utf-16"),
            "2": b"\xfe\xff" + "a,b\n2,Ω\n".encode("utf-16-be"),
            "3.gz": gzip.compress("a,b\n3,x\n".encode("utf-16")),
        },
        {"encoding": "utf-16"},
    ),
}


def written(options: dict[str, object]) -> str:
    """Return the options of pandas as lines of the ini."""
    lines = []
    for key, option in options.items():
        value: object = option
        if key == "index_col" and value is None:
            continue
        if key in ("sep", "delimiter"):
            value = {r"\s+": "whitespace", ";": "semicolon"}[str(value)]
        if value is None:
            value = "none"
        if isinstance(value, list):
            value = ", ".join(map(str, value))
            value = f"[{value}]" if key == "skiprows" else value
        lines.append(f"{key} = {value}\n")
    return "".join(lines)


@pytest.mark.parametrize("label", TEXTS)
def test_one_table_of_all(daemon, label):
    files, options = TEXTS[label]
    d = serve(daemon, files, written(options))
    check(d, **options)
    assert d.status("a")["failures"] == 0


def test_types_are_those_of_all_rows(daemon):
    """One file's integers and another one's text are text, where pandas.concat keeps objects."""
    d = serve(daemon, {"1": "a,b\n1,2\n", "2": "a,b\nx,2.5\n"})
    df = d.feed("a").df
    whole = pd.read_csv(io.StringIO("a,b\n1,2\nx,2.5\n"))
    assert frame_difference(whole, df) is None


@pytest.mark.parametrize("threads", [1, 2])
def test_large_files(daemon, threads):
    """Windows and threads meet the ends of files anywhere, also within quotes and at odd bytes."""
    draw = random.Random(7)
    files = {}
    for n in range(23):
        rows = [
            f'{i},{draw.random():.3f},"{"q" * draw.randrange(40)}\n{i}"'
            if n % 5 == 0 and draw.random() < 0.2
            else f"{i},{draw.random():.3f},w{draw.randrange(10)}"
            for i in range(draw.randrange(1, 20_000))
        ]
        end = ["\n", "\r\n", ""][n % 3]
        between = "\r\n" if end == "\r\n" else "\n"
        files[f"{n:02}.csv"] = between.join(["i,x,w", *rows]) + end
    d = make(daemon)
    put(d, files)
    d.configure({"a": f"source = data/*.csv\n{FAST}"}, f"workers = {threads}")
    d.start()
    check(d)
