"""lib/csv and lib/ingest against pandas itself: the same text and options, the same frame.

Texts are generated: small tables of telling cells with a mutation now and then, for every
option; and by hypothesis from the bytes that mean something, so that what fails is made
small. Where pandas raises, an error is wanted. SHMPUB_BUILD names the build whose
csv2frame is asked; SHMPUB_CASES scales the number of texts, SHMPUB_SEED starts another
series. test_csv.py asks the same of the whole path, with fewer texts. What is known to differ
(docs/CSV.md) is not generated.
"""

from __future__ import annotations

import copy
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from frames import load
from same_frames import frame_difference

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SHMPUB_BUILD", ROOT / "build/dev"))
CASES = int(4000 * float(os.environ.get("SHMPUB_CASES", "1")))
SEED = int(os.environ.get("SHMPUB_SEED", "1"))

CELLS = """1|0|-1|007|+5|1.5|1e3|.5|5.|1e400|1e-400|inf|-Infinity|nan|NaN|NA||N/A|null|None|true|True
|FALSE|tRuE|x|abc|a b| 1|1 | x| |\t|9223372036854775807|9223372036854775808|-9223372036854775808
|-9223372036854775809|18446744073709551615|18446744073709551616|99999999999999999999999
|-99999999999999999999999|0.1|123456789.123456789|1_000|0x10|"q"|"q,r"|"q""r"|""|"1"|"NA"|"x"y
|x"y|é|日本|1,5|-|+|-0|0.0|-0.0|1e5|2020-01-01|1\0|\0|12345678901234567890|"12"3|9007199254740993
|1.7976931348623157e308|4.9e-324|#|<NA>|-nan|1.#IND|TRUE|false|0e0|00|1e|e5|1.2.3|++1|1 2
|9223372036854775808 """.replace("\n", "").split("|")
CELLS += ['"a\nb"', '"\r\n"', "|"]
DATES = """2020-01-01|2020-01-02|1999-12-31|2020-02-30||NA|2020-01-01 10:00:00|2020-01-01T10:00:00
|2020-01-01T10:00:00Z|2020-01-01T10:00:00+01:00|2020-01-01 10:00:00.123|20200101|x|NaT|2020-1-1
|2020-01-01 10:00:00.123456789|2020-01-01 10:00|1600-01-01|2300-01-01|9999-12-31""".replace(
    "\n", ""
).split("|")
NUMBERS = """1|2|10|-1|1.0|2.50|0|1e3||NA|x|True|false|1,000|1,234,567|12,34|1.5|1,5|1.234,5
|-1,000.5|999|999.0|inf|9223372036854775807|9223372036854775808|1 ,|1,|TRUE| 3 |"4"|1.000|1.000,5
|1.234.567,89|0.1|123,456.789012|1,0e5|1e22|0.000001""".replace("\n", "").split("|")
QUOTED = [f'"{c}"' if "," in c else c for c in NUMBERS]
TRUTHS = "True|False|true|1|0|1.0|0.0|2|NA|x|TRUE|yes|no|Y|N".split("|")
HEADS = ["a", "b", "c", "a", "a.1", "", "x y", '"h"', " z", "1", "1.5", "id"]

# Name, what csv2frame is told, what pandas is told, and what the texts are made of.
OPTIONS = [
    ("default", [], {}, {}),
    ("semicolon", ["delimiter=semicolon"], {"sep": ";"}, {"delimiter": ";"}),
    ("tab", ["delimiter=tab"], {"sep": "\t"}, {"delimiter": "\t"}),
    ("space", ["delimiter=space"], {"sep": " "}, {"delimiter": " "}),
    ("whitespace", ["delimiter=whitespace"], {"sep": r"\s+"}, {"delimiter": " "}),
    ("blanks", ["delimiter=whitespace"], {"sep": r"\s+"}, {"delimiter": " \t"}),
    (
        "quotechar",
        ["quotechar=apostrophe"],
        {"quotechar": "'"},
        {"cells": [*CELLS, "'a,b'", "'it''s'", "o'x"]},
    ),
    ("no header", ["header=none"], {"header": None}, {}),
    ("header=1", ["header=1"], {"header": 1}, {}),
    ("two names", ["names=p, q"], {"names": ["p", "q"]}, {}),
    ("names, header", ["names=p, q", "header=0"], {"names": ["p", "q"], "header": 0}, {}),
    ("four names", ["names=p, q, r, s"], {"names": list("pqrs")}, {}),
    ("four, header", ["names=p, q, r, s", "header=0"], {"names": list("pqrs"), "header": 0}, {}),
    ("usecols", ["usecols=0"], {"usecols": [0]}, {}),
    ("usecols, two", ["usecols=1, 0"], {"usecols": [1, 0]}, {}),
    ("usecols, named", ["usecols=b, a"], {"usecols": ["b", "a"]}, {}),
    (
        "usecols, names",
        ["usecols=0, 1", "names=p, q"],
        {"usecols": [0, 1], "names": ["p", "q"]},
        {},
    ),
    (
        "usecols of names",
        ["usecols=p", "names=p, q, r"],
        {"usecols": ["p"], "names": list("pqr")},
        {},
    ),
    ("index 0", ["index_col=0"], {"index_col": 0}, {}),
    ("index 1", ["index_col=1"], {"index_col": 1}, {}),
    ("two levels", ["index_col=1, 0"], {"index_col": [1, 0]}, {}),
    ("index named", ["index_col=a"], {"index_col": "a"}, {}),
    (
        "index, usecols",
        ["index_col=1", "usecols=0, 1"],
        {"index_col": 1, "usecols": [0, 1]},
        {},
    ),
    ("dates", ["parse_dates=0"], {"parse_dates": [0]}, {"cells": DATES}),
    (
        "index of dates",
        ["parse_dates=yes", "index_col=0"],
        {"parse_dates": True, "index_col": 0},
        {"cells": DATES},
    ),
    (
        "date_format",
        ["parse_dates=0", "date_format=%d/%m/%Y"],
        {"parse_dates": [0], "date_format": "%d/%m/%Y"},
        {"cells": ["01/02/2020", "13/02/2020", "31/12/1999", "1/2/2020", "", "32/01/2020"]},
    ),
    (
        "ISO8601",
        ["parse_dates=0", "date_format=ISO8601"],
        {"parse_dates": [0], "date_format": "ISO8601"},
        {"cells": DATES},
    ),
    ("int64", ["dtype=int64"], {"dtype": "int64"}, {"cells": QUOTED[:12] + ["1", "2", "3"] * 4}),
    ("float64", ["dtype=float64"], {"dtype": "float64"}, {"cells": QUOTED[:16]}),
    ("bool", ["dtype=bool"], {"dtype": "bool"}, {"cells": TRUTHS}),
    ("str", ["dtype=str"], {"dtype": "str"}, {}),
    (
        "category",
        ["dtype=category"],
        {"dtype": "category"},
        {
            "cells": [
                c
                for c in CELLS
                if "9223372036854775809" not in c
                and "8446744073709551616" not in c
                and "999999999" not in c
            ]
        },
    ),
    (
        "category of numbers",
        ["dtype=category"],
        {"dtype": "category"},
        {"cells": ["1", "2", "10", "3", "1.0", "NA", "-5"]},
    ),
    ("category of bools", ["dtype=category"], {"dtype": "category"}, {"cells": TRUTHS[:3]}),
    (
        "two dtypes",
        ["dtype.a=str", "dtype.b=float64"],
        {"dtype": {"a": "str", "b": "float64"}},
        {},
    ),
    ("dtype by number", ["dtype.0=str"], {"dtype": {0: "str"}}, {}),
    (
        "dtype of the index",
        ["dtype.a=str", "index_col=a"],
        {"dtype": {"a": "str"}, "index_col": "a"},
        {},
    ),
    (
        "na_values",
        ["na_values=-1, x, 999, 1.5, foo"],
        {"na_values": ["-1", "x", "999", "1.5", "foo"]},
        {"cells": CELLS + ["999", "999.0", "0999", "-1", "-1.0", "1.5", "1.50", "foo"] * 3},
    ),
    (
        "na_values of columns",
        ["na_values.a=1, x", "na_values.b=foo"],
        {"na_values": {"a": ["1", "x"], "b": ["foo"]}},
        {"cells": CELLS + ["1", "x", "foo"] * 5},
    ),
    ("no default NA", ["keep_default_na=no"], {"keep_default_na": False}, {}),
    (
        "only these NA",
        ["keep_default_na=no", "na_values.a=1, NA"],
        {"keep_default_na": False, "na_values": {"a": ["1", "NA"]}},
        {},
    ),
    (
        "true and false",
        ["true_values=yes, Y, 1", "false_values=no, N, 0"],
        {"true_values": ["yes", "Y", "1"], "false_values": ["no", "N", "0"]},
        {"cells": TRUTHS},
    ),
    ("thousands", ["thousands=comma"], {"thousands": ","}, {"cells": QUOTED}),
    (
        "decimal",
        ["decimal=comma", "delimiter=semicolon"],
        {"decimal": ",", "sep": ";"},
        {"cells": NUMBERS, "delimiter": ";"},
    ),
    (
        "decimal, thousands",
        ["decimal=comma", "thousands=point", "delimiter=semicolon"],
        {"decimal": ",", "thousands": ".", "sep": ";"},
        {"cells": NUMBERS, "delimiter": ";"},
    ),
    (
        "comment",
        ["comment=hash"],
        {"comment": "#"},
        {"cells": [*CELLS, "#x", "a#b", '"a#b"', "1#"]},
    ),
    ("skiprows", ["skiprows=2"], {"skiprows": 2}, {}),
    ("skiprows, listed", ["skiprows=1, 3"], {"skiprows": [1, 3]}, {}),
    ("skiprows, one", ["skiprows=[2]"], {"skiprows": [2]}, {}),
    (
        "skipinitialspace",
        ["skipinitialspace=yes"],
        {"skipinitialspace": True},
        {"cells": [*CELLS, ' "a,b"', ' "x"', " 5"]},
    ),
    ("on_bad_lines", ["on_bad_lines=skip"], {"on_bad_lines": "skip"}, {}),
    ("latin-1", ["encoding=latin-1"], {"encoding": "latin-1"}, {}),
    ("cp1252", ["encoding=cp1252"], {"encoding": "cp1252"}, {}),
    ("utf-16", ["encoding=utf-16"], {"encoding": "utf-16"}, {"encodings": ["utf-16", "utf-16-le"]}),
]


def generate(rnd: random.Random, cells=CELLS, delimiter=",", encodings=("utf-8",)) -> bytes:
    width = rnd.choice([1, 1, 2, 2, 3, 4])
    eol = rnd.choice(["\n"] * 6 + ["\r\n", "\r"])
    pools = [rnd.sample(cells, min(len(cells), rnd.choice([1, 2, 3, 5, 12]))) for _ in range(width)]
    lines = [delimiter.join(rnd.choice(HEADS) for _ in range(width))]
    for _ in range(rnd.choice([0, 1, 2, 3, 4, 6])):
        n = rnd.choice([width - 1, width + 1, width + 2, 1]) if rnd.random() < 0.06 else width
        lines.append(delimiter.join(rnd.choice(pools[i % width]) for i in range(n)))
        if rnd.random() < 0.05:
            lines.append(rnd.choice(["", " ", "\t", "  ", delimiter, '""']))
    text = eol.join(lines) + (eol if rnd.random() < 0.7 else "")
    if rnd.random() < 0.08:
        at = rnd.randrange(len(text) + 1)
        text = text[:at] + rnd.choice('"\r\n,\0 \ufeff') + text[at:]
    return text.encode(rnd.choice(encodings))


class Csv2Frame:
    """The program, running, with a folder for what it reads and writes."""

    def __init__(self, options: list[str]) -> None:
        arguments = [part for option in options for part in ("-o", option)]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="csv2frame."))
        self.process = subprocess.Popen(
            [BUILD / "tests/csv2frame", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def difference(self, text: bytes, options: dict) -> str | None:
        source = self.folder / "x.csv"
        source.write_bytes(text)
        self.process.stdin.write(f"{source}\n{self.folder / 'x'}\n")
        self.process.stdin.flush()
        if not self.process.stdout.readline():
            raise AssertionError(f"{text!r}: csv2frame ended\n{self.process.stderr.read()[:2000]}")
        failed = self.folder / "x.error"
        message = failed.read_text() if failed.exists() else None
        failed.unlink(missing_ok=True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                frame = pd.read_csv(source, low_memory=False, **copy.deepcopy(options))
        except Exception as error:
            return None if message else f"pandas raises {type(error).__name__}: {error}"
        if message:
            return f"only here an error: {message}"
        return frame_difference(frame, load(self.folder / "x.arrow"))

    def close(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(60) == 0, self.process.stderr.read()[:2000]
        self.process.stdout.close()
        self.process.stderr.close()
        shutil.rmtree(self.folder)


@pytest.mark.parametrize(
    ("options", "pandas_options", "made_of"), [o[1:] for o in OPTIONS], ids=[o[0] for o in OPTIONS]
)
def test_options(options, pandas_options, made_of):
    rnd = random.Random(f"{SEED} {options}")
    program = Csv2Frame(options)
    wrong = []
    for _ in range(max(CASES // (40 if options else 4), 1)):
        text = generate(rnd, **made_of)
        if b"\0" in text and "parse_dates" in pandas_options:
            continue  # docs/CSV.md: a NUL in a date
        difference = program.difference(text, pandas_options)
        if difference:
            wrong.append(f"{text!r}\n    {difference}")
    program.close()
    assert not wrong, f"{len(wrong)} texts, among them\n" + "\n".join(wrong[:5])


@pytest.fixture(scope="module")
def program():
    program = Csv2Frame([])
    yield program
    program.close()


pieces = st.one_of(
    st.sampled_from([",", ",", "\n", "\n", '"', '""', "\r\n", "\r", " ", "\t", "\0", "\ufeff"]),
    st.sampled_from(["1", "-1", "1.5", "NA", "x", "True", "", "99999999999999999999", "é"]),
)


@settings(
    max_examples=max(CASES // 8, 1),
    derandomize="SHMPUB_CASES" not in os.environ,  # the same texts in every ordinary run
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(pieces, max_size=24))
def test_pieces(program, parts):
    assert program.difference("".join(parts).encode(), {}) is None
