"""CSV through the whole path (publisher, segment, client) against pandas.read_csv on the same bytes.

Hypothesis makes the texts, from tables that mostly make sense and from soups of what parsers trip
over, for each option that pandas and we share. SHMPUB_CASES scales the number of texts.
"""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
import shmpub
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SHMPUB_BUILD", ROOT / "build" / "release"))
N_TEXTS = int(100 * float(os.environ.get("SHMPUB_CASES", "1")))

CELLS = {
    "int": ["0", "1", "-7", "42", "9223372036854775807", "-9223372036854775808", " 5", "007", "+3"],
    "big": ["9223372036854775808", "18446744073709551615", "1", "18446744073709551616", "-1", "0"],
    "float": ["0.5", "-1.25", "1e3", "3.", ".5", "1e-320", "0.1", "123456789.123456789", "inf"],
    "bool": ["True", "False", "true", "FALSE", "TRUE"],
    "text": [
        "a",
        "b c",
        "ä",
        "日本",
        "x'y",
        "-",
        "None?",
        "1a",
        "0x10",
        "a,b",
        'q"q',
        "n\nl",
        " s ",
    ],
    "date": ["2024-03-01", "2024-12-31", "1999-01-01", "2024-02-30"],
    "time": ["2024-03-01T09:30:00", "2024-03-01 09:30:00.250", "2024-03-01T09:30:00+02:00"],
    "few": ["red", "green", "blue"],
    "number words": ["1.5", "2,5", "1,000", "1.000,5", "12%", "#4"],
}
MISSING = ["", "", "", "NA", "NaN", "null", "N/A", "None", "nan", "-"]
SOUP = [
    *"abc019,;|\t \"'#.-+eE_\r\n",
    *["\r\n", "\n\n", '""', '","', "1.5", "NA", "True", "2024-01-01", "a,b\n", "\0", "ä", "\ufeff"],
]
QUOTE = '"'
BEYOND = [b"18446744073709551616"]


class Case(NamedTuple):
    label: str
    ours: dict[str, str]
    pandas: dict[str, Any]
    delimiter: str = ","


CASES = [
    Case("defaults", {}, {}),
    Case("semicolon", {"delimiter": "semicolon"}, {"sep": ";"}, ";"),
    Case("tab", {"delimiter": "tab"}, {"sep": "\t"}, "\t"),
    Case("whitespace", {"delimiter": "whitespace"}, {"sep": r"\s+"}, " "),
    Case("quotechar", {"quotechar": "'"}, {"quotechar": "'"}),
    Case("no header", {"header": "none"}, {"header": None}),
    Case("header 1", {"header": "1"}, {"header": 1}),
    Case("names", {"names": "p, q, r"}, {"names": ["p", "q", "r"]}),
    Case("names for header", {"names": "p, q", "header": "0"}, {"names": ["p", "q"], "header": 0}),
    Case("usecols", {"usecols": "0, 1"}, {"usecols": [0, 1]}),
    Case("index_col", {"index_col": "0"}, {"index_col": 0}),
    Case("index_col two", {"index_col": "1, 0"}, {"index_col": [1, 0]}),
    Case("na_values", {"na_values": "-, red, 1"}, {"na_values": ["-", "red", "1"]}),
    Case("no default na", {"keep_default_na": "no"}, {"keep_default_na": False}),
    Case("true false", {"true_values": "red", "false_values": "green"},
         {"true_values": ["red"], "false_values": ["green"]}),
    Case("thousands", {"thousands": "comma", "delimiter": "semicolon"},
         {"thousands": ",", "sep": ";"}, ";"),
    Case("decimal", {"decimal": "comma", "delimiter": "semicolon"},
         {"decimal": ",", "sep": ";"}, ";"),
    Case("comment", {"comment": "hash"}, {"comment": "#"}),
    Case("skiprows", {"skiprows": "2"}, {"skiprows": 2}),
    Case("skiprows list", {"skiprows": "[0, 2]"}, {"skiprows": [0, 2]}),
    Case("skipinitialspace", {"skipinitialspace": "yes"}, {"skipinitialspace": True}),
    Case("skip bad lines", {"on_bad_lines": "skip"}, {"on_bad_lines": "skip"}),
    Case("category", {"dtype": "category"}, {"dtype": "category"}),
    Case("text", {"dtype": "str"}, {"dtype": "str"}),
    Case("parse_dates", {"parse_dates": "0"}, {"parse_dates": [0]}),
    Case("date_format", {"parse_dates": "0", "date_format": "%Y-%m-%d"},
         {"parse_dates": [0], "date_format": "%Y-%m-%d"}),
    Case("latin-1", {"encoding": "latin-1"}, {"encoding": "latin-1"}),
]  # fmt: skip


def quoted(cell: str, quote: str) -> str:
    return quote + cell.replace(quote, quote * 2) + quote


@st.composite
def tables(draw: st.DrawFn, case: Case) -> str:
    quote, separator = case.ours.get("quotechar", QUOTE), case.delimiter
    newline = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    pools = [CELLS[kind] + MISSING[: draw(st.integers(0, len(MISSING)))] for kind in kinds]
    names = draw(st.lists(st.sampled_from(["a", "b", "c", "a.1", "", "x y"]),
                          min_size=len(kinds), max_size=len(kinds)))  # fmt: skip
    lines = [separator.join(names)]
    for _ in range(draw(st.integers(0, 8))):
        cells = [draw(st.sampled_from(pool)) for pool in pools]
        width = draw(st.sampled_from([0, 0, 0, 0, 0, 0, -1, 1]))
        cells = cells[:width] if width < 0 else cells + ["9"] * width
        style = draw(st.integers(0, 7))
        must = (separator, quote, "\n", "\r")
        cells = [
            quoted(cell, quote) if style == 0 or any(mark in cell for mark in must) else cell
            for cell in cells
        ]
        lines.append(separator.join(cells))
        lines += [""] * draw(st.sampled_from([0, 0, 0, 0, 1]))
    return newline.join(lines) + draw(st.sampled_from([newline, newline, ""]))


def texts(case: Case) -> st.SearchStrategy[str]:
    soups = st.lists(st.sampled_from(SOUP), max_size=40).map("".join)
    headed = soups.map(lambda soup: f"a{case.delimiter}b{case.delimiter}c\n{soup}")
    return st.one_of(tables(case), tables(case), headed, soups)


class Publisher:
    """publish_file with a case's options; every feed a new one, so that no text meets another's."""

    def __init__(self, folder: Path, options: dict[str, str]) -> None:
        self.folder, self.source = folder, folder / "source.csv"
        self.n_feeds = 0
        command: list[str | Path] = [BUILD / "tests/publish_file", "-d", folder, "-i", "differ"]
        for key, value in options.items():
            command += ["-o", f"{key}={value}"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, line: str) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the publisher ended"
        return answer

    def frames(self, texts: list[bytes]) -> list[pd.DataFrame | str]:
        """Of each text, published in turn under one name, the frame, or why there is none."""
        self.n_feeds += 1
        name = f"t{self.n_feeds % 100}"
        feed = shmpub.subscribe(name, "differ", self.folder, verify="full")
        made: list[pd.DataFrame | str] = []
        for text in texts:
            self.source.write_bytes(text)
            answer = self.tell(f"{name}={self.source}")
            made.append(answer if " failed: " in answer else feed.df)
        self.tell(f"-{name}")
        return made

    def close(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.label)
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Case, Publisher]]:
    case = request.param
    with tempfile.TemporaryDirectory(prefix="shmpub-differ-", dir="/dev/shm") as folder:
        publisher = Publisher(Path(folder), case.ours)
        yield case, publisher
        publisher.close()


def pandas_frame(data: bytes, options: dict[str, Any]) -> pd.DataFrame | Exception:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return pd.read_csv(io.BytesIO(data), low_memory=False, **options)
        except Exception as error:  # whatever it is, it is no frame
            return error


def has_today(frame: pd.DataFrame) -> bool:
    """A time without a date, to which pandas adds today's, or the year 1."""
    times = frame.select_dtypes("datetime")
    return any(times[name].dt.year.isin([1, date.today().year]).any() for name in times)


def is_difference(case: Case, data: bytes, want: object, got: object) -> bool:
    """A deliberate one: docs/CSV.md has each."""
    if "parse_dates" in case.ours and isinstance(want, pd.DataFrame):
        return not isinstance(want.index, pd.RangeIndex) or has_today(want)
    if case.label == "category":
        return any(word in data for word in BEYOND)
    return False


def judge(case: Case, data: bytes, got: pd.DataFrame | str) -> None:
    want = pandas_frame(data, case.pandas)
    if is_difference(case, data, want, got):
        return
    assert isinstance(want, Exception) == isinstance(got, str), f"pandas: {want!r}\nwe: {got!r}"
    if isinstance(want, pd.DataFrame) and isinstance(got, pd.DataFrame):
        pd.testing.assert_frame_equal(got, want, check_exact=True)


@settings(
    max_examples=N_TEXTS,
    derandomize="SHMPUB_CASES" not in os.environ,  # the same texts in every ordinary run
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_as_pandas(served: tuple[Case, Publisher], data: st.DataObject) -> None:
    """Two texts in turn: the first one's schema is the second one's guess."""
    case, publisher = served
    encoding = "latin-1" if "encoding" in case.ours else "utf-8"
    drawn = [data.draw(texts(case)).encode(encoding, "replace") for _ in range(2)]
    for raw, got in zip(drawn, publisher.frames(drawn), strict=True):
        judge(case, raw, got)


FOUND = [  # by the test above, or by it with more texts; each line is texts in turn
    ("defaults", [b"a\n9223372036854775808\n", b"a\n"]),
    ("defaults", [b"a\nx\n", b"a\n"]),
    ("defaults", [b"a,b\n1,True\n2,\n", b"a,b\n1,\n"]),
    ("defaults", [b"a\nTrue,9\n,8\n"]),
    ("defaults", [b"a\nTrue,1,9\n,2,8\n"]),
    ("index_col", [b"a,b\n9223372036854775808,1\n18446744073709551616,2\n,3\n"]),
    ("index_col", [b"a,b\n18446744073709551616,1\n-1,2\n,3\n"]),
    (
        "index_col two",
        [
            b'c,c\n"9223372036854775808","18446744073709551616"\n',
            b'c,c\n"9223372036854775808","18446744073709551616"\n"9223372036854775808",""\n',
        ],
    ),
    ("comment", [b'a,b,c\na",""#","\n']),
    ("comment", [b'a,b,c\na",""#\n']),
    ("skiprows list", [b"x\ra,b\r,1\r2,3\r"]),
]


@pytest.mark.parametrize(("label", "texts"), FOUND)
def test_found(label: str, texts: list[bytes]) -> None:
    case = next(case for case in CASES if case.label == label)
    with tempfile.TemporaryDirectory(prefix="shmpub-differ-", dir="/dev/shm") as folder:
        publisher = Publisher(Path(folder), case.ours)
        for raw, got in zip(texts, publisher.frames(texts), strict=True):
            judge(case, raw, got)
        publisher.close()
