"""lib/ingest against pandas with several options at once, drawn at random, and rows that were found.

Options are written in pandas' words and turned into ours by pandas_own.py. SHMPUB_CASES scales the
number of combinations, SHMPUB_SEED starts another series. Every text is read once as it stands, once
more with the schema of the first time as a guess, and by three threads: nothing may depend on it.
"""

from __future__ import annotations

import os
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import test_ingest
from pandas_own import difference, our_frames

BUILD = Path(os.environ.get("SHMPUB_BUILD", test_ingest.ROOT / "build/dev")).name
CASES = int(300 * float(os.environ.get("SHMPUB_CASES", "1")))
SEED = int(os.environ.get("SHMPUB_SEED", "1"))

# Which fields are used, what they are called, and which are the index.
CHOICE = [
    (b"a,b\n1,2,3\n", {"usecols": [0, 2], "header": 0}),
    (b"a,b", {"usecols": [0, 2]}),
    (b"A,B,C\n20090101,a,1,2\n20090102,b,3,4\n", {"usecols": [1, 2]}),
    (b"A,B,C\n20090101,a,1,2\n20090102,b,3,4\n", {"usecols": [1, 3]}),
    (b"A,B,C\n20090101,a,1,2\n20090102,b,3,4\n", {"usecols": [0, 1]}),
    (b"A,B,C\n20090101,a,1,2\n", {"usecols": [1, 2], "parse_dates": [1]}),
    (b"p,q,r\n", {"usecols": [1, 2], "index_col": 0}),
    (b"p,q,r\n", {"usecols": [1, 2], "index_col": "q"}),
    (b"p,q,r\n", {"usecols": ["q", "r"], "index_col": "q"}),
    (b"1,1,5\nNA,2,6\n", {"header": None, "usecols": [1, 2], "index_col": [1]}),
    (b"1,1,5\nNA,2,6\n", {"header": None, "usecols": [1, 2], "index_col": [1, 0]}),
    (b"1,1\nNA,2\n", {"header": None, "usecols": [1], "index_col": [1]}),
    (b"1,0\n2,3\n", {"header": None, "usecols": ["1", "0"]}),
    (b"1,0\n2,3\n", {"header": None, "index_col": ["1"]}),
    (b"1,0\n2,3\n", {"header": None, "parse_dates": ["1"]}),
    (b"a\nx\ny", {"header": None, "index_col": 0}),
    (b"a,a\n1,2\n", {"usecols": ["a", "a"]}),
    (b"a,b\n1,2\n", {"usecols": [0, "b"]}),
    (b"a,b\n", {"dtype": {2: "int64"}}),
    (b"a,b\n1,2\n", {"dtype": {2: "int64"}, "index_col": 0}),
    (b"a,b\n1,2\n", {"dtype": {2: "int64"}}),
    (b"a,b\n1,2\n2,3,4\n", {"usecols": [0, 2]}),
    (b"a,b\n1,2\n2,3,4\n", {"usecols": [0, 2], "index_col": 1}),
    (b"a,b\n1,2\n2,3,4\n", {"usecols": [0, 2], "parse_dates": ["b"]}),
    (b"a,b", {"usecols": [1, 2], "parse_dates": [1]}),
    (b"1,2,3,4\na,b\n5,6\n", {"header": 1, "names": list("pqrs")}),
    (b"a,a,b\nk,x,1,2\n", {"usecols": [1, 2], "dtype": {"a": "category"}}),
    (b"a,b\n1,2\n", {"dtype": {0: "str"}, "na_values": {"a": ["x"]}}),
    (b"a,a\n1,2\n", {"dtype": {"a": "str", 1: "float64"}}),
    (b"a b  c\n1 2  3\n   \n  4  5\n", {"sep": " ", "skipinitialspace": True}),
    (b"a,b\nTrue,1\n,2\n", {"index_col": 0, "na_values": ["1"]}),
]

# Levels that are no dates are inferred once more; dates of what was read as something else.
TWICE = [
    (b"d,x\n1,1\n2,2\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\n2019,1\n2020,2\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\n1.5,1\n2,2\n,3\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\nx,1\n2,2\nNA,3\n", {"index_col": "d", "parse_dates": ["d"]}),
    (b"d,x\nTrue,1\nfalse,2\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\nTrue,1\nfalse,2\n,3\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\ntRuE,1\nfalse,2\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\n-0,1\n,2\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\n18446744073709551615,1\n2,2\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\n18446744073709551615,1\n-2,2\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\n18446744073709551615,1\n,2\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\n18446744073709551616,1\n2,2\n", {"index_col": 0, "parse_dates": True}),
    (b"d,x\n1_0,1\n2,2\n", {"index_col": 0, "parse_dates": True, "thousands": "_"}),
    (b"d,x\n999.0,1\n2,2\n", {"index_col": 0, "parse_dates": True, "na_values": ["999"]}),
    (b"d,x\n0999,1\n2,2\n", {"index_col": 0, "parse_dates": True, "na_values": ["999"]}),
    (b"d,x\n,1\n2,2\n", {"index_col": 0, "parse_dates": True, "keep_default_na": False}),
    (b"d,x\n1,1\n2,2\n", {"index_col": 0, "parse_dates": True, "dtype": "str"}),
    (b"d,x\n2020-01-01,1\n2020-01-02,2\n", {"parse_dates": ["d"], "dtype": "str"}),
    (b"d,x\n007,1\n8,2\n", {"parse_dates": ["d"], "dtype": "str"}),
    (b"d,x\nNA,1\n", {"parse_dates": ["d"], "dtype": "str"}),
    (b"d,x\n2020-01-01,1\n2020-01-02,2\n", {"parse_dates": ["d"], "dtype": "category"}),
    (b"d,x\n007,1\n8,2\n", {"parse_dates": ["d"], "dtype": "category"}),
    (b"d,x\n0.50,1\n8,2\n", {"parse_dates": ["d"], "dtype": "category"}),
    (b"d,x\n20200101,1\n20200102,2\n", {"parse_dates": ["d"], "dtype": {"d": "int64"}}),
    (b"d,x\n20200101,1\n,2\n", {"parse_dates": ["d"], "dtype": {"d": "int64"}}),
    (b"d,x\n20200101,1\nx,2\n", {"parse_dates": ["d"], "dtype": {"d": "int64"}}),
    (b"d,x\n20200101,1\n20200102,2\n", {"parse_dates": ["d"], "dtype": {"d": "float64"}}),
    (b"d,x\nTRUE,1\nfalse,2\n", {"parse_dates": ["d"], "dtype": {"d": "bool"}}),
    (b"d,x\n2020-01-01,1\nfalse,2\n", {"parse_dates": ["d"], "dtype": {"d": "bool"}}),
    (b"a,b\nk,09,1\nl,8,2\n", {"parse_dates": [0]}),
    (b"a,b\nk,09,1\nl,,2\n", {"parse_dates": ["a"]}),
    (b"a,b\nk,09,1\nl,8,2\n", {"parse_dates": ["b"]}),
    (b"a,b\n20200101,9,1\n,8,2\n", {"parse_dates": True}),
    (b"1,2,3\n4,5,6\n", {"header": None, "usecols": [1, 2], "parse_dates": [1]}),
    (
        b"1,2020-01-01,3\n4,2020-01-02,6\n",
        {"names": ["p", "q"], "usecols": [1, 2], "parse_dates": ["p"]},
    ),
    (b"d,x\n", {"parse_dates": ["d"], "dtype": "float64"}),
    (b"d,x\n,1\n", {"parse_dates": ["d"], "dtype": {"d": "bool"}}),
    (b"d,x\n7,1\n,2\n", {"parse_dates": ["d"], "dtype": "category"}),
    (b"a,b\nNA,,1\nNA,8,2\n", {"parse_dates": ["a"]}),
    (b"a\nk:1\nk:1", {"parse_dates": True, "dtype": "float64", "sep": ":"}),
]

# Bytes that mean nothing in the encoding: an error where they are used, and only there.
ENCODINGS = [
    (b"a,b\n1,\xff\n", {}),
    (b"a,b\n1,\xff\n", {"usecols": [0]}),
    (b"a,b\n1,\xff\n", {"usecols": ["b"]}),
    (b"a,\xff\n1,2\n", {"usecols": [0]}),
    (b"a,\xff\n1,2\n", {"names": ["p", "q"], "header": 0}),
    (b"\xff\na,b\n1,2\n", {"header": 1}),
    (b"\xff\na,b\n1,2\n", {"skiprows": 1}),
    (b"a,b\n\xff,2\n3,4\n", {"skiprows": [1]}),
    (b"a,b\n#\xff\n3,4#\xff\n", {"comment": "#"}),
    (b"a,b\n3,4,\xff\n3,4\n", {"on_bad_lines": "skip"}),
    (b"a,b\n3,\xe2\n", {"on_bad_lines": "skip", "dtype": "category"}),
    (b"a,b\n3,\xe2\n", {"dtype": {"b": "float64"}}),
    ("a\n\u20ac\n".encode("utf-16-le"), {"encoding": "utf-16-le"}),
    ("\ufeffa\n\u20ac\n".encode("utf-16-be"), {"encoding": "UTF-16BE"}),
    (b"a\n\xe9\n", {"encoding": "Latin_1"}),
    (b"a\n\xe9\n", {"encoding": "ascii"}),
    (b"a\n1\n", {"encoding": "US-ASCII"}),
    ("a\né\n".encode(), {"encoding": "UTF8"}),
]

SKIPS = {"sep": r"\s+", "comment": "#"}
TOKENS = [
    (b"  # c\na b\n1 2\n", SKIPS),
    (b"  # c\n1\n2\n", SKIPS),
    (b"  # c\n", SKIPS),
    (b"  # c\na\n1\n", SKIPS | {"header": None}),
    (b" a b\r 1 2\r 3 4\r", {"sep": r"\s+", "skiprows": [1]}),
    (b' a b\r "x\ny" 1\nc d', {"sep": r"\s+", "skiprows": [1, 2]}),
    (b"  # c\n  # c\na b\n1 2\n", SKIPS | {"header": 1}),
    (b"  # c\na b\n1 2\n", SKIPS | {"names": ["p", "q"], "header": 0}),
    (b"  # c\na b\n1 2\n", SKIPS | {"names": ["p", "q", "r"], "header": 0}),
    (b' a b\r "1 2\r', {"sep": " ", "skipinitialspace": True}),
    (b" \r b\r1", {"sep": " ", "skipinitialspace": True}),
    (b'a,"x\ny",b\n1,2,3\n', {"comment": '"'}),
    (b"\r, ,", {}),
    (b"a,b,c\r\r, x\r#c\r, y,\r \r,\tz", {"comment": "#"}),
    (b"a b c\n\r \tNA 1\r\n", {"sep": " ", "skipinitialspace": True}),
    (b"1 2\r\t\ta 3\n4 5\n", {"sep": r"\s+", "comment": "a", "skiprows": [1, 2]}),
    (b"a\n1\n2,3\n", {"usecols": [1]}),
    (b"a\n1\n0\n10\n", {"thousands": "0"}),
]

PLUS = (
    b"a\n+4615048202321239320560898252666673728037.5\n4615048202321239320560898252666673728037.5\n"
)
NUMBERS = [
    (b"a\n18446744073709551616\n-\n", {"na_values": ["18446744073709551615"]}),
    (b"a\n1000\n2\n1000.5\n", {"na_values": ["1_000"]}),
    (b"a\n5\n6\n", {"na_values": [" 5 "]}),
    (b"a\n-0\n0\n1\n", {"na_values": ["-0.0"]}),
    (b"a\nyes\nTrue\n", {"na_values": ["yes"], "true_values": ["yes"]}),
    (b"a\n" + b"1" * 310 + b"\n", {"index_col": 0, "header": 0}),
    (b"a;b\n1, " + b"x" * 130 + b";1\nNA;2\n", {"sep": ";", "thousands": ","}),
    (b"a;b\n9,223,372,036,854,775,808 x;1\n1;2\n", {"sep": ";", "thousands": ","}),
    (b"a;b\n1,000 ;1\n1 ,;2\n", {"sep": ";", "thousands": ","}),
    (b"a;b\n18,446,744,073,709,551,616 ;1\n", {"sep": ";", "thousands": ","}),
    (b"a,b\n 999,1\n7,2\n", {"index_col": 0, "na_values": ["999"]}),
    (b"a,b\n 7,1\n8,2\n", {"index_col": 0, "na_values": ["999"]}),
    (b"a,b\n0999,1\n,2\n", {"index_col": 0, "na_values": ["999"]}),
    (b"a,b\nTrue,1\nFalse,2\n", {"index_col": 0, "na_values": ["0"]}),
    (b"a,b\nTrue,1\nFalse,2\n,3\n", {"index_col": 0, "na_values": ["0"]}),
    (b"a,b\nTrue,1\nFalse,2\n,3\n", {"index_col": 0, "na_values": ["1"]}),
    (b"a,b\nx,1\n1,2\n,3\n", {"index_col": 0, "na_values": ["1"]}),
    (b"a,b\n 5,1\n18446744073709551615,2\n", {"index_col": 0, "na_values": ["5"]}),
    (b"a,b\n 5,1\n18446744073709551616,2\n", {"index_col": 0, "na_values": ["5"]}),
    (b"a,b\n9223372036854775807,1\n", {"index_col": 0, "na_values": ["9223372036854775808"]}),
    (b"a,b\n1.5,1\n-0,2\n", {"index_col": 0, "na_values": ["0"]}),
    (b"a;b\n+3769957515944576685 ;1\n5e-1;2\n", {"sep": ";"}),
    (b"a;b\n+3769957515944576685 ;1\n;2\n", {"sep": ";"}),
    (PLUS, {"dtype": "category"}),
    (PLUS + b"x\n", {"index_col": 0, "parse_dates": True}),
    (b"a\n-0\n10000000000000000000\n", {"dtype": "category"}),
    (b"a\n-1\n10000000000000000000\n0.5\n", {"dtype": "category"}),
    (b"a\n0.5\n10000000000000000000000\n", {"dtype": "category"}),
]

QUARTERS = """2024Q1 2024-Q2 2024q3 2024Q5 2024Q0 1Q2024 1Q-2024 4Q24 4Q-24 24Q1 24-Q1 9Q24 Q12024 2024Q11 0000Q1
aQ2024 20a4Q1 024Q1 2024-Q 12Q1 1Q1""".split()
DATES = [(f"a,b\n1,{q}\n2,2024Q1\n".encode(), {"parse_dates": ["b"]}) for q in QUARTERS]
DATES += [
    (b"a,b\n1,Feb 0071\n2,feb-0072\n", {"parse_dates": ["b"]}),
    (b"a\n1900-01-02\n1900-01-01\n1900-01-01\n", {"parse_dates": [0], "na_values": ["1900-01-01"]}),
    (b"a\n1900\n1901\n1902\n", {"parse_dates": [0], "na_values": ["1902"]}),
]


@pytest.mark.parametrize(("text", "options"), CHOICE + TWICE + ENCODINGS + TOKENS + NUMBERS + DATES)
def test_found(text: bytes, options: dict[str, Any]) -> None:
    for arguments in ((), ("-g",), ("-t", "3")):
        assert difference(text, options, our_frames([(text, options)], BUILD, arguments)[0]) is None


# --- drawn at random --------------------------------------------------------------------------------

NAMES = [["a", "b", "c", "d"], ["a", "a", "b", "c"], ["x y", "", "u", "b"], ["a", "b", "", "a"]]
DTYPES = ["int64", "float64", "bool", "str", "str", "category", "category"]
NA_WORDS = ["-", "x", "1", "1.5", "999", "-1", "True", "foo", "1e3", "0", "inf", "NaN", ""]
DELIMITERS = [";", "\t", "|", " ", ":", r"\s+"]
POOLS = [
    test_ingest.CELLS,
    test_ingest.DATES,
    test_ingest.TRUTHS,
    ["1", "2", "3"],
    ["1.5", "2", "NA"],
    ["x", "1", "-", "foo"],
    ["True", "False", ""],
    ["2020-01-01", "2021-12-31", "NA"],
]


def draw_columns(rnd: random.Random, names: list[str], width: int, most: int = 2) -> list[Any]:
    n = min(rnd.randint(1, most), width)
    if rnd.random() < 0.6:
        return rnd.sample(range(width + (rnd.random() < 0.15)), n)
    named = [name for name in names[:width] if name]
    return rnd.sample(named, min(n, len(named))) or [0]


def draw_options(rnd: random.Random, names: list[str], width: int) -> dict[str, Any]:
    made: dict[str, Any] = {}

    def maybe(share: float, key: str, draw: Any) -> None:
        if rnd.random() < share:
            made[key] = draw()

    maybe(0.2, "header", lambda: rnd.choice([None, None, 0, 1, 2]))
    maybe(0.2, "names", lambda: list("pqrstu")[: max(1, width + rnd.choice([-1, 0, 0, 1, 2]))])
    known = made.get("names", names)

    def columns(most: int = 2) -> list[Any]:
        return draw_columns(rnd, known, width, most)

    def each(values: Any) -> Any:
        return {column: values() for column in columns()}

    def words() -> list[str]:
        return rnd.sample(NA_WORDS, rnd.randint(1, 3))

    def one() -> str:
        return rnd.choice(DTYPES)

    maybe(0.2, "usecols", lambda: columns(3))
    maybe(0.3, "index_col", lambda: c if len(c := columns()) > 1 else c[0])
    maybe(0.25, "parse_dates", lambda: rnd.random() < 0.4 or columns())
    if "parse_dates" in made:
        formats = ["%Y-%m-%d", "ISO8601", "mixed", {"a": "%Y-%m-%d"}, {"b": "ISO8601"}]
        maybe(0.2, "date_format", lambda: rnd.choice(formats))
    maybe(0.25, "dtype", lambda: one() if rnd.random() < 0.4 else each(one))
    maybe(0.2, "na_values", lambda: words() if rnd.random() < 0.6 else each(words))
    maybe(0.1, "keep_default_na", lambda: False)
    maybe(0.08, "true_values", lambda: rnd.sample(["yes", "Y", "1", "x", "a"], 2))
    maybe(0.08, "false_values", lambda: rnd.sample(["no", "N", "0", "foo"], 2))
    maybe(0.1, "skiprows", lambda: rnd.choice([1, 2, 3, [0], [1], [2], [1, 2], [0, 3]]))
    maybe(0.1, "skipinitialspace", lambda: True)
    maybe(0.1, "on_bad_lines", lambda: "skip")
    maybe(0.08, "comment", lambda: rnd.choice(["#", "#", "x", "1"]))
    maybe(0.2, "sep", lambda: rnd.choice(DELIMITERS))
    maybe(0.1, "thousands", lambda: rnd.choice([",", ".", "'", " ", "_"]))
    maybe(0.1, "decimal", lambda: rnd.choice([",", ",", "."]))
    maybe(0.06, "quotechar", lambda: "'")
    return made


def draw_text(rnd: random.Random, names: list[str], width: int, delimiter: str) -> bytes:
    numbers = test_ingest.QUOTED if delimiter == "," else test_ingest.NUMBERS
    pools = [rnd.choice([numbers, *POOLS]) for _ in range(width)]
    pools = [rnd.sample(pool, min(len(pool), rnd.choice([1, 2, 3, 5]))) for pool in pools]

    def row(n: int) -> str:
        return delimiter.join(rnd.choice(pools[i % width]) for i in range(n))

    lines = [row(width) for _ in range(rnd.choice([0, 0, 0, 1, 2]))]
    head = len(lines)
    lines.append(delimiter.join(names[:width]))
    for _ in range(rnd.choice([0, 1, 2, 3, 4, 6])):
        if rnd.random() < 0.04:
            lines.append(rnd.choice(["", " ", "#x", delimiter, '""']))
        odd = rnd.random() < 0.08
        lines.append(row(rnd.choice([width - 1, width + 1, width + 2, 1]) if odd else width))
    if rnd.random() < 0.12:  # an index without a name
        lines[head + 1 :] = [f"k{delimiter}{line}" for line in lines[head + 1 :]]
    newline = rnd.choice(["\n"] * 6 + ["\r\n", "\r"])
    return (newline.join(lines) + (newline if rnd.random() < 0.7 else "")).encode()


PIECES = ["a", "b", "1", "2", "1.5", "NA", "\n", "\n", "\n", '"', '"', '""', '"a"', "'", " ", "\t"]
PIECES += ["#", "\r", "\r\n", "\0", "é", "\ufeff"]


def draw_rules(rnd: random.Random) -> dict[str, Any]:
    """Options that say where records and fields end."""
    some = {
        "sep": (0.35, [r"\s+", r"\s+", " ", "\t", ";", "|"]),
        "quotechar": (0.2, ["'"]),
        "quoting": (0.08, [3]),
        "comment": (0.3, ["#", "#", "#", "a", '"']),
        "skiprows": (0.35, [1, 2, 3, [0], [1], [2], [1, 2], [0, 2], [0, 3, 5], [1, 3]]),
        "skipinitialspace": (0.25, [True]),
        "on_bad_lines": (0.3, ["skip"]),
        "header": (0.3, [None, None, 0, 1, 2]),
        "names": (0.2, [["p"], ["p", "q"], ["p", "q", "r"]]),
        "usecols": (0.2, [[0], [1], [0, 1], [0, 2]]),
        "index_col": (0.15, [0, 1, [0, 1]]),
        "keep_default_na": (0.15, [False]),
        "dtype": (0.15, ["str", "category"]),
    }
    return {key: rnd.choice(of) for key, (share, of) in some.items() if rnd.random() < share}


def draw_soup(rnd: random.Random, options: dict[str, Any]) -> bytes:
    sep = options.get("sep", ",").replace(r"\s+", " ")
    pieces = [*PIECES, sep, sep, sep, f"a{sep}b\n", f"1{sep}2\n", f'{sep}"x\ny"{sep}']
    if rnd.random() < 0.4:
        pieces = [piece for piece in pieces if "\r" not in piece]
    soup = "".join(rnd.choice(pieces) for _ in range(rnd.choice([3, 6, 10, 16, 25, 40])))
    heads = ["a", f"a{sep}b", f"a{sep}b{sep}c", f'"a"{sep}b', f" a{sep}b"]
    head = rnd.choice(heads) + rnd.choice(["\n", "\n", "\r\n", "\r"]) if rnd.random() < 0.6 else ""
    return (head + soup).encode()


EDGES = [0, 1, -1, 5, 100, 999, 2**31, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63, -(2**63)]
EDGES += [-(2**63) - 1, 2**64 - 1, 2**64, 10**19, 10**20, -(10**20), 2**63 + 2**62]
ODD = """0. .0 . -. +.5 -0 -0.0 +0 00 0e0 1e e1 1e+ 1e5 1E5 1e-5 1e400 -1e400 1e-400 4.9e-324 5e-324 0x1p3 1d5
1f 1_000 1__0 _1 1_ 2.2250738585072011e-308 1.7976931348623159e308 inf -inf +inf Inf INFINITY -Infinity infin
nan -nan NaN +nan 1.#INF 1.#IND True False TRUE true tRUE T yes no NA null None N/A <NA> NULL -""".split()
WORDS = """0 1 -1 999 1.5 1e5 True - inf 0.0 1,000 9223372036854775807 9223372036854775808 1_000 -0 00
18446744073709551615""".split()


def draw_number(rnd: random.Random) -> str:
    sign_or_not = rnd.choice(["", "", "", "+", "-"])
    kind = rnd.randrange(6)
    if kind == 0:
        return str(rnd.choice(EDGES) + rnd.choice([-1, 0, 0, 0, 1]))
    if kind == 1:
        digits = rnd.choice([17, 18, 19, 20, 21, 25, 40, 130])
        return sign_or_not + str(rnd.getrandbits(digits * 3)) + rnd.choice(["", ".", ".5", "e5"])
    if kind == 2:
        form = f"%.{rnd.randint(0, 18)}{rnd.choice('efg')}"
        return form % (rnd.uniform(-1, 1) * 10.0 ** rnd.randint(-20, 20))
    if kind == 3:
        grouped = f"{rnd.randint(-(10**9), 10**9):,}"
        return grouped.replace(",", rnd.choice([",", "."])) + rnd.choice(["", ".5", ",25"])
    if kind == 4:
        return rnd.choice([*ODD, "", " "])
    return "".join(rnd.choice("0123456789+-.,eE _") for _ in range(rnd.randint(1, 6)))


def draw_numbers(rnd: random.Random) -> bytes:
    pools = [[draw_number(rnd) for _ in range(rnd.choice([1, 1, 2, 2, 3, 5]))] for _ in range(3)]
    lines = ["a;b;c"]
    for _ in range(rnd.choice([1, 2, 3, 4, 6])):
        cells = [rnd.choice(pool) for pool in pools]
        for i in range(3):
            cells[i] = (
                rnd.choice([""] * 20 + [" ", "\t"])
                + cells[i]
                + rnd.choice([""] * 20 + [" ", "\xa0"])
            )
        lines.append(";".join(cells))
    return "\n".join(lines).encode()


def draw_number_options(rnd: random.Random) -> dict[str, Any]:
    some = {
        "decimal": (0.25, [",", ",", "_"]),
        "thousands": (0.3, [",", ",", ".", " ", "_", "'"]),
        "dtype": (0.25, ["int64", "float64", "bool", "str", "category", "category"]),
        "na_values": (0.3, [rnd.sample(WORDS, rnd.randint(1, 3))]),
        "keep_default_na": (0.1, [False]),
        "index_col": (0.15, [0]),
        "true_values": (0.1, [["yes", "1"], ["T", "5"]]),
        "false_values": (0.1, [["no", "0"], ["-"]]),
    }
    made = {key: rnd.choice(of) for key, (share, of) in some.items() if rnd.random() < share}
    if made.get("thousands") == made.get("decimal", "."):
        made.pop("thousands", None)
    return made | {"sep": ";"}


LONG = re.compile(rb"\d{19}")


def is_deliberate(data: bytes, options: dict[str, Any]) -> bool:
    """docs/CSV.md has each."""
    dtype = options.get("dtype")
    if {"names", "header", "on_bad_lines"} <= options.keys():
        return True
    if "category" in str(dtype) and LONG.search(data):
        return True
    if "parse_dates" in options and (dtype is not None or b"\0" in data):
        return isinstance(dtype, dict) or "index_col" not in options or b"\0" in data
    return False


def judge(calls: list[tuple[bytes, dict[str, Any]]], arguments: tuple[str, ...]) -> None:
    wrong = [
        f"{data!r} {options}\n    {found}"
        for (data, options), frame in zip(calls, our_frames(calls, BUILD, arguments))
        if (found := difference(data, options, frame)) and not is_deliberate(data, options)
    ]
    assert not wrong, f"{len(wrong)} of {len(calls)}, among them\n" + "\n".join(wrong[:8])


WAYS = pytest.mark.parametrize(
    "arguments", [(), ("-g",), ("-t", "3")], ids=["once", "again", "threads"]
)


@WAYS
def test_tables(arguments: tuple[str, ...]) -> None:
    rnd = random.Random(SEED)
    calls = []
    for _ in range(CASES):
        names, width = rnd.choice(NAMES), rnd.choice([1, 2, 2, 3, 3, 4])
        options = draw_options(rnd, names, width)
        sep = options.get("sep", ",").replace(r"\s+", " ")
        calls += [(draw_text(rnd, names, width, sep), options) for _ in range(4)]
    judge(calls, arguments)


@WAYS
def test_soups(arguments: tuple[str, ...]) -> None:
    rnd = random.Random(SEED)
    drawn = [draw_rules(rnd) for _ in range(CASES // 4)]
    judge([(draw_soup(rnd, o), o) for o in drawn for _ in range(20)], arguments)


@WAYS
def test_numbers(arguments: tuple[str, ...]) -> None:
    rnd = random.Random(SEED)
    drawn = [draw_number_options(rnd) for _ in range(CASES // 4)]
    judge([(draw_numbers(rnd), o) for o in drawn for _ in range(20)], arguments)
