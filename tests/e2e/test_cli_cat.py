"""shmpub cat: CSV that pandas reads to the same frame, valid JSON, Arrow byte for byte."""

from __future__ import annotations

import io
import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from cli_tools import Publisher

# label, CSV text, options as the ini spells them, the same for pandas.
TABLES: list[tuple[str, str, dict[str, str], dict[str, Any]]] = [
    ("integers", "a,b\n1,-2\n9223372036854775807,-9223372036854775808\n", {}, {}),
    ("unsigned", "a\n18446744073709551615\n0\n", {}, {}),
    ("beyond 64 bits", "a\n123456789012345678901234567890\n1\n", {}, {}),
    ("beyond 64 bits, with NA", "a,b\n123456789012345678901234567890,1\n,2\n", {}, {}),
    ("unsigned with NA is text", "a,b\n18446744073709551615,1\nNA,2\n", {}, {}),
    ("floats", "a\n0.1\n1e300\n-0.0\n2.0\n1e-320\n0.30000000000000004\n", {}, {}),
    ("whole floats stay floats", "a\n1.0\n2.0\n", {}, {}),
    ("integers with NA", "a,b\n1,x\n,y\n", {}, {}),
    ("infinities", "a\ninf\n-inf\n1.5\n", {}, {}),
    ("bool", "a\nTrue\nFALSE\n", {}, {}),
    ("bool with NA", "a,b\nTrue,1\n,2\nfalse,3\n", {}, {}),
    ("one column with NA", "a\n1\nNA\n3\n", {}, {}),
    ("one column of text with NA", 'a\nx\n""\nz\n', {}, {}),
    ("one column of blanks", 'a\nx\n"  "\nz\n', {}, {}),
    ("blanks in front", 'a,b\n" x",1\n"  ",2\n', {}, {}),
    ("all NA", "a,b\n,1\n,2\n", {}, {}),
    ("quotes", 'a,b\n"say ""hi""","x,y"\n"line\nbreak","cr\rlf\r\n"\n', {}, {}),
    ("quoted names", '"a,b","say ""c"""\n1,2\n', {}, {}),
    ("names with blanks", '" a","b "\n1,2\n', {}, {}),
    ("missing and duplicate names", "a,a,,a.1\n1,2,3,4\n", {}, {}),
    ("wide characters", "naïve,漢字\nÅ,🙂\n", {}, {}),
    ("a byte order mark as text", "\ufeff\ufeffa,b\n1,2\n", {}, {}),
    ("mixed text", "a\n1\nx\n2.5\n", {}, {}),
    ("header only", "a,b\n", {}, {}),
    ("rows shorter than the header", "a,b,c\n1\n2,3\n", {}, {}),
    ("numbers as text", "a,b\n007,1\n1.50,2\n", {"dtype.a": "str"}, {"dtype": {"a": "str"}}),
    ("text of NA words", "a,b\nx,NA\nNA,null\n", {}, {}),
    ("category", "a\ny\nx\ny\n", {"dtype.a": "category"}, {"dtype": {"a": "category"}}),
    (
        "category of numbers",
        "a,b\n3,1\n1,2\n,3\n",
        {"dtype.a": "category"},
        {"dtype": {"a": "category"}},
    ),
    ("category of floats", "a\n2.5\n1.0\n", {"dtype.a": "category"}, {"dtype": {"a": "category"}}),
    ("float64 of integers", "a\n1\n2\n", {"dtype.a": "float64"}, {"dtype": {"a": "float64"}}),
    ("index by name", "k,v\na,1\nb,2\n", {"index_col": "k"}, {"index_col": "k"}),
    ("index in the middle", "v,k,w\n1,a,2\n3,b,4\n", {"index_col": "k"}, {"index_col": "k"}),
    ("index by number", "k,v\na,1\nb,2\n", {"index_col": "0"}, {"index_col": 0}),
    ("unnamed index", ",v\na,1\nb,2\n", {"index_col": "0"}, {"index_col": 0}),
    ("unnamed index, no rows", ",v\n", {"index_col": "0"}, {"index_col": 0}),
    ("two levels", "i,j,v\na,1,5\na,2,6\n", {"index_col": "i, j"}, {"index_col": ["i", "j"]}),
    ("nothing but an index", "k\na\nb\n", {"index_col": "k"}, {"index_col": "k"}),
    ("first row longer than the header", "a,b\ni,1,2\nj,3,4\n", {}, {}),
    ("two columns longer", "b\ni,k,1\nj,l,3\n", {}, {}),
    ("dates", "t,v\n2026-01-02,1\n2026-02-03,2\n", {"parse_dates": "t"}, {"parse_dates": ["t"]}),
    (
        "moments",
        "t\n2026-01-02 03:04:05\n1969-12-31 23:59:59\n",
        {"parse_dates": "t"},
        {"parse_dates": ["t"]},
    ),
    (
        "milliseconds",
        "t\n2026-01-02 03:04:05.678\n2026-01-02 03:04:05.000\n",
        {"parse_dates": "t"},
        {"parse_dates": ["t"]},
    ),
    (
        "nanoseconds",
        "t\n2026-01-02 03:04:05.123456789\n2026-01-02 03:04:05.000000000\n",
        {"parse_dates": "t"},
        {"parse_dates": ["t"]},
    ),
    (
        "UTC",
        "t\n2026-01-02T03:04:05Z\n2026-01-02T00:00:00Z\n",
        {"parse_dates": "t"},
        {"parse_dates": ["t"]},
    ),
    (
        "an offset",
        "t\n2026-01-02T03:04:05-05:30\n2026-01-02T00:00:00-05:30\n",
        {"parse_dates": "t"},
        {"parse_dates": ["t"]},
    ),
    ("dates with NA", "t,v\n2026-01-02,1\n,2\n", {"parse_dates": "t"}, {"parse_dates": ["t"]}),
    (
        "a bad date leaves text",
        "t\n2026-01-02\nyesterday\n",
        {"parse_dates": "t"},
        {"parse_dates": ["t"]},
    ),
    (
        "dates as the index",
        "t,v\n2026-01-02,1\n2026-01-03,2\n",
        {"parse_dates": "t", "index_col": "t"},
        {"parse_dates": ["t"], "index_col": "t"},
    ),
]

# How the source is spelled is gone from the copy: these options are for the source only.
SPELLINGS: list[tuple[str, str, dict[str, str], dict[str, Any], dict[str, Any]]] = [
    ("no header", "1,x\n2,y\n", {"header": "none"}, {"header": None}, {"header": None}),
    (
        "no header, a mark first",
        "\ufeff\ufeffx,1\n",
        {"header": "none"},
        {"header": None},
        {"header": None},
    ),
    (
        "semicolons and commas",
        "a;b\n1,5;x\n2,5;y\n",
        {"delimiter": "semicolon", "decimal": ","},
        {"sep": ";", "decimal": ","},
        {},
    ),
    ("skipped rows", "junk\na,b\n1,2\n", {"skiprows": "1"}, {"skiprows": 1}, {}),
    ("names", "1,2\n3,4\n", {"names": "p, q"}, {"names": ["p", "q"]}, {}),
    (
        "a form of dates",
        "t\n03.02.2026\n04.02.2026\n",
        {"parse_dates": "t", "date_format": "%d.%m.%Y"},
        {"parse_dates": ["t"], "date_format": "%d.%m.%Y"},
        {"parse_dates": ["t"]},
    ),
]


def start(publisher: Publisher, options: dict[str, str]) -> None:
    publisher.start(*(word for k, v in options.items() for word in ("-o", f"{k}={v}")))


def same(got: pd.DataFrame, want: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(got, want, check_exact=True)


@pytest.mark.parametrize(
    ("text", "options", "pandas_options"), [pytest.param(*t[1:], id=t[0]) for t in TABLES]
)
def test_csv_reads_back(
    publisher: Publisher, text: str, options: dict[str, str], pandas_options: dict[str, Any]
) -> None:
    want = pd.read_csv(io.StringIO(text), low_memory=False, **pandas_options)
    start(publisher, options)
    publisher.publish("t", text)
    copy = publisher.run("cat", "t")
    same(pd.read_csv(io.StringIO(copy), low_memory=False, **pandas_options), want)


@pytest.mark.parametrize(
    ("text", "options", "for_source", "for_copy"),
    [pytest.param(*t[1:], id=t[0]) for t in SPELLINGS],
)
def test_spelling_is_gone(
    publisher: Publisher,
    text: str,
    options: dict[str, str],
    for_source: dict[str, Any],
    for_copy: dict[str, Any],
) -> None:
    want = pd.read_csv(io.StringIO(text), **for_source)
    start(publisher, options)
    publisher.publish("t", text)
    same(pd.read_csv(io.StringIO(publisher.run("cat", "t")), **for_copy), want)


def test_head(publisher: Publisher) -> None:
    publisher.publish("t", "a,b\n1,x\n2,y\n3,z\n")
    assert publisher.run("cat", "t", "--head", "2") == "a,b\n1,x\n2,y\n"
    assert publisher.run("cat", "t", "--head=0") == "a,b\n"
    assert publisher.run("cat", "t", "--head", "99") == "a,b\n1,x\n2,y\n3,z\n"
    assert publisher.run("cat", "t", "--head", "1", "--format", "json") == '{"a":1,"b":"x"}\n'


def test_json(publisher: Publisher) -> None:
    start(publisher, {"parse_dates": "t", "dtype.c": "category"})
    publisher.publish(
        "t",
        'i,f,b,s,t,c,big\n1,1.5,True,"a ""b""\n\t\x01",2026-01-02 03:04:05.0,u,'
        "123456789012345678901234567890\n"
        "2,,False,,,v,-5\n3,inf,True,漢字,2026-01-02 03:04:05.5,u,7\n",
    )
    rows = [
        json.loads(line, parse_constant=pytest.fail)
        for line in publisher.run("cat", "t", "--format", "json").splitlines()
    ]
    assert rows == [
        {
            "i": 1,
            "f": 1.5,
            "b": True,
            "s": 'a "b"\n\t\x01',
            "t": "2026-01-02T03:04:05.000",
            "c": "u",
            "big": 123456789012345678901234567890,
        },
        {"i": 2, "f": None, "b": False, "s": None, "t": None, "c": "v", "big": -5},
        {
            "i": 3,
            "f": None,
            "b": True,
            "s": "漢字",
            "t": "2026-01-02T03:04:05.500",
            "c": "u",
            "big": 7,
        },
    ]


def test_json_names_unnamed_levels_as_reset_index_does(publisher: Publisher) -> None:
    publisher.publish("one", "a,b\ni,1,2\n")
    assert json.loads(publisher.run("cat", "one", "--format", "json")) == {
        "index": "i",
        "a": 1,
        "b": 2,
    }
    publisher.publish("two", "b\ni,k,1\n")
    assert json.loads(publisher.run("cat", "two", "--format", "json")) == {
        "level_0": "i",
        "level_1": "k",
        "b": 1,
    }


def test_floats_are_exact(publisher: Publisher) -> None:
    values = [math.pi * 10.0**e for e in range(-310, 309, 7)] + [
        5e-324,
        1.7976931348623157e308,
        0.1,
        1 / 3,
    ]
    publisher.publish("t", "f\n" + "".join(f"{v!r}\n" for v in values))
    assert [float(v) for v in publisher.run("cat", "t").splitlines()[1:]] == values
    assert [
        json.loads(v)["f"] for v in publisher.run("cat", "t", "--format", "json").splitlines()
    ] == values


def test_arrow_is_the_file(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish("t", "a,b\n1,x\n2,y\n")
    copy = tmp_path / "copy.feather"
    with copy.open("wb") as out:
        subprocess.run(publisher.command("cat", "t", "--format", "arrow"), stdout=out, check=True)
    assert copy.read_bytes() == (publisher.directory / "cli" / "t.arrow").read_bytes()
    assert pa.ipc.open_file(copy).read_all().to_pydict() == {"a": [1, 2], "b": ["x", "y"]}


def test_what_cannot_be_shown(publisher: Publisher) -> None:
    with pytest.raises(ValueError, match="line 3"):
        publisher.publish("t", "a,b\n1,2\n1,2,3\n")
    assert "never published" in publisher.fail("cat", "t")
    assert "no feed u" in publisher.fail("cat", "u")
    assert "csv, json or arrow" in publisher.fail("cat", "t", "--format", "xml", status=2)
    assert "a number of rows" in publisher.fail("cat", "t", "--head", "-1", status=2)
    publisher.fail("cat", status=2)
    publisher.fail("cat", "t", "u", status=2)
