"""CSV that was made to hurt: one line says what is wrong with it, and the last good table stays.

Small versions; bench/linear.py has the same families at sizes where time can be seen.
"""

import io
import random

import pandas as pd
import pytest
from conftest import until

FAST = "interval = 20ms"
GOOD = "a,b\n1,x\n2,y\n"
MANY = 100_000  # rows: several of the engine's stretches


def dotted(n):
    """a,a,a.1,a.1,a.1.1,...: names whose numbers are taken."""
    names = ["a", "a"]
    while len(names) < n:
        names += [names[-1] + ".1" if len(names[-1]) < 40 else f"b{len(names)}"] * 2
    return names


REFUSED = {  # name: (text, options, ":line: reason")
    "open_quote": ('a,b\n1,"x\n' + "2,y\n" * MANY, "", ":2: the text ends inside quotes"),
    "open_quote_late": (
        "a,b\n" + "2,y\n" * MANY + '3,"x',
        "",
        f":{MANY + 2}: the text ends inside quotes",
    ),
    "open_quote_odd": (
        'a,b\n5"x,1\n' + "2,y\n" * MANY + '3,"x',
        "",
        f":{MANY + 3}: the text ends inside quotes",
    ),
    "not_utf8": (
        b"a,b\n" + "ä1,y\n".encode() * MANY + b"2,x\xff\n3,z\n",
        "",
        f":{MANY + 2}: byte 0xff at offset {4 + 6 * MANY + 3} is not UTF-8",
    ),
    "cut_utf8": (b"a\n" + b"x\n" * MANY + b"\xe2\x82", "", f":{MANY + 2}: byte 0xe2 at offset"),
    "cut_utf16": ("a\nx\n".encode("utf-16") + b"y", "encoding = utf-16", "ends inside a character"),
    "long_row": (
        "a,b\n1,x\n2" + "," * 3_000_000 + "\n3,y\n",
        "",
        ":3: 3000001 fields, expected 2",
    ),
    "long_last_row": ("a,b\n" + "1,x\n" * MANY + "1,x,y", "", f":{MANY + 2}: 3 fields, expected 2"),
    "long_row_after_odd_quote": ('a,b\n5"x,1\n' + "1,x\n" * 9 + "1,x,y", "", ":12: 3 fields"),
    "million_columns": ("," * 1_000_000, "", ":1: more than 1000000 fields, which is max_columns"),
    "million_in_row": (
        "a\n" + "," * 1_000_000 + "\n",
        "",
        ":2: more than 1000000 fields, which is max_columns",
    ),
    "max_columns": (
        "a,b,c\n1,2,3\n",
        "max_columns = 2",
        ":1: more than 2 fields, which is max_columns",
    ),
    "newlines": ("\n" * 1_000_000, "", ":1: no columns"),
    "returns": ("\r" * 1_000_000, "", ":1: no columns"),
    "blanks": (" " * 1_000_000, "", ":1: no columns"),
    "empty": ("", "", ":1: no columns"),
    "mark_only": (b"\xef\xbb\xbf", "", ":1: no columns"),
    "dtype_late": (
        "a\n" + "1\n" * MANY + "é" * 200 + "\n",
        "dtype.a = int64",
        f':{MANY + 2}: column "a" is to be int64, "éé',
    ),
    "controls": ("a\n1\n\x1b[2J\tx\n", "dtype.a = int64", '"?[2J?x" is not'),
}

NUMBERS = [
    "1e308",
    "1e309",
    "-1e309",
    "1e-400",
    "1e99999999999999999999",
    "-1e-99999999999999999999",
    "0e1000000000",
    "0." + "0" * 10_000 + "1e10001",
    "9007199254740993." + "0" * 10_000 + "1",
    "1." + "7" * 20_000,
    "7" * 200 + "." + "3" * 10_000,
]

RIGHT = {  # name: (text, pandas' options, ours)
    "numbers": ("a\n" + "\n".join(NUMBERS) + "\n", {}, ""),
    "digits": ("a,b\n" + "9" * 10_000 + ",1\n" + "-" + "8" * 12_000 + ",2\n", {}, ""),
    "digits_short_of_python": ("a,b\n" + "9" * 4_300 + ",1\n1,2\n", {}, ""),
    "one_cell": ("a\n" + "x" * 3_000_000, {}, ""),
    "one_name": ("x" * 100_000, {}, ""),
    "one_quoted": ('a,b\n"' + 'x""\n,' * 300_000 + '",1\n', {}, ""),
    "delimiters": ("," * 999 + "\n" + ("," * 999 + "\n") * 50, {}, ""),
    "quotes": ('a\n"' + '"' * 100_001 + "\n", {}, ""),
    "quote_newline": ("a\n" + '"\n' * 100_000, {}, ""),
    "newlines": ("a,b\n" + "\n" * 200_000 + "1,2" + "\r\n" * 1000, {}, ""),
    "nul": ("a,b\n" + "\0,x\0y\n" * 5000 + "1,\0\0\n", {}, ""),
    "short_rows": (
        ",".join(f"c{i}" for i in range(300))
        + "\n"
        + "".join("7" + ",7" * (i * 7919 % 300) + "\n" for i in range(2000)),
        {},
        "",
    ),
    "late": (
        ",".join(f"c{i}" for i in range(50))
        + "\n"
        + (",".join(["12"] * 50) + "\n") * 5000
        + ",".join(["x", "1.5", "", "99999999999999999999", "18446744073709551615"] * 10)
        + "\n",
        {},
        "",
    ),
    "category": (
        "a\n" + "".join(f"w{i * 1024:x}\n" for i in range(50_000)),
        {"dtype": {"a": "category"}},
        "dtype.a = category",
    ),
    "equal_names": (",".join(["a"] * 5000) + "\n" + ",".join(["1"] * 5000) + "\n", {}, ""),
    "dotted_names": (",".join(dotted(2000)) + "\n" + ",".join(["1"] * 2000) + "\n", {}, ""),
    "cut_rows": (
        "a,b\n1,x\n2" + "," * 300_000 + "\n3,y\n",
        {"usecols": ["a", "b"]},
        "usecols = a, b",
    ),
    "skipped_rows": (
        "a,b\n1,x\n2" + "," * 300_000 + "\n3,y\n",
        {"on_bad_lines": "skip"},
        "on_bad_lines = skip",
    ),
    "comment_header": (
        " #x\na\n1\n",
        {"sep": r"\s+", "comment": "#"},
        "delimiter = whitespace\ncomment = hash",
    ),
    "thousands": (
        "a\n1,5\n" + "0" * 400 + "12,345.5\n0." + "0" * 300 + "25\n",
        {"thousands": ",", "sep": ";"},
        "thousands = comma\ndelimiter = semicolon",
    ),
}


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def test_refused(daemon):
    """One daemon serves all of them and goes on."""
    d = daemon()
    encodings = {name: "utf-16" if "utf-16" in REFUSED[name][1] else "utf-8" for name in REFUSED}
    for name, encoding in encodings.items():
        d.source(f"{name}.csv", GOOD.encode(encoding))
    d.configure(
        {
            name: f"source = {name}.csv\n{FAST}\n{options}"
            for name, (_, options, _) in REFUSED.items()
        }
    )
    d.start()
    feeds = {name: d.feed(name) for name in REFUSED}
    held = {name: feed.df for name, feed in feeds.items()}
    for name, (text, _, _) in REFUSED.items():
        d.source(f"{name}.csv", as_bytes(text))
    for name, (_, _, reason) in REFUSED.items():
        error = str(d.wait_state(name, "failing")["error"])
        assert f"{name}.csv:" in error and reason in error, error
        assert "\n" not in error and "\x1b" not in error and len(error.encode()) < 512
        assert feeds[name].sequence == 1
        assert len(held[name]) == 2
        pd.testing.assert_frame_equal(feeds[name].df, held[name])
    assert d.process.poll() is None
    for name, encoding in encodings.items():
        d.source(f"{name}.csv", "a,b\n3,z\n".encode(encoding))
    for feed in feeds.values():
        until(lambda feed=feed: len(feed.df) == 1)
    assert d.stop() == 0
    assert d.files() == {"lock"}


def test_right(daemon):
    """As pandas reads the same bytes."""
    d = daemon()
    for name, (text, _, _) in RIGHT.items():
        d.source(f"{name}.csv", as_bytes(text))
    d.configure(
        {
            name: f"source = {name}.csv\ninterval = 1m\n{options}"
            for name, (_, _, options) in RIGHT.items()
        }
    )
    d.start()
    for name, (text, options, _) in RIGHT.items():
        want = pd.read_csv(io.BytesIO(as_bytes(text)), low_memory=False, **options)
        feed = d.feed(name)
        until(lambda feed=feed: feed.sequence > 0)
        pd.testing.assert_frame_equal(feed.df, want, check_exact=True, obj=name)


@pytest.mark.parametrize("seed", range(3))
def test_types_that_turn(daemon, seed):
    """Refreshes whose last row contradicts the types of the one before, back and forth."""
    random.seed(seed)
    d = daemon()
    ends = ["7", "x", "", "1.5", "true", "99999999999999999999", "18446744073709551615", "-1"]
    d.source("a.csv", "a,b\n" + "1,2\n" * 3000)
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.start()
    feed = d.feed("a")
    for end in random.sample(ends, len(ends)):
        text = "a,b\n" + "1,2\n" * 3000 + f"{end},{random.choice(ends)}\n"
        seen = feed.sequence
        d.source("a.csv", text)
        want = pd.read_csv(io.StringIO(text), low_memory=False)
        until(lambda seen=seen: feed.sequence > seen)
        pd.testing.assert_frame_equal(feed.df, want, check_exact=True)


def test_record_above_max_bytes(daemon):
    """A hole of 8 GB is one record. It is read as far as a record may be long, and no further."""
    d = daemon()
    d.source("a.csv", GOOD)
    d.configure({"a": f"source = a.csv\n{FAST}"}, "max_bytes = 16M")
    d.start()
    feed = d.feed("a")
    hole = d.folder / "hole.csv"
    with hole.open("wb") as f:
        f.write(b"a,b\n")
        f.truncate(8 << 30)
    hole.rename(d.folder / "a.csv")
    error = str(d.wait_state("a", "failing")["error"])
    assert "a.csv:2: record longer than 4194304 bytes, a quarter of max_bytes" in error
    assert feed.df.b.tolist() == ["x", "y"]
    d.source("a.csv", "a,b\n3,z\n")
    until(lambda: feed.df.a.tolist() == [3])


def test_source_above_max_bytes(daemon):
    """`max_bytes` bounds tables: a source may be larger, as long as its table is not."""
    d = daemon()
    text = "a,b\n" + f"7,{'x' * 90}\n" * 400_000  # 37 MB; a has 3.2 MB
    d.source("a.csv", text)
    d.configure({"a": f"source = a.csv\nusecols = a\n{FAST}"}, "max_bytes = 16M")
    d.start()
    feed = d.feed("a")
    until(lambda: feed.df.a.tolist() == [7] * 400_000)
    d.configure({"a": f"source = a.csv\n{FAST}"}, "max_bytes = 16M")
    d.reload()
    error = str(d.wait_state("a", "failing")["error"])
    assert "bytes more than max_bytes (16777216) allows" in error
    assert feed.df.columns.tolist() == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_max_row_bytes(daemon, encoding):
    """A quote that is never closed makes one row of all that comes after it."""
    d = daemon()
    options = f"max_row_bytes = 1M\nencoding = {encoding}\n{FAST}"
    d.configure({"a": f"source = a.csv\n{options}"}, "max_bytes = 64M")
    d.source("a.csv", GOOD.encode(encoding))
    d.start()
    feed = d.feed("a")
    assert feed.df.b.tolist() == ["x", "y"]
    longest = "x" * ((1 << 20) - 3)  # with "3," and the newline a row of a MiB
    d.source("a.csv", f"a,b\n1,y\n3,{longest}\n4,z\n".encode(encoding))
    until(lambda: feed.df.b.tolist() == ["y", longest, "z"])
    d.source("a.csv", ('a,b\n1,y\n3,"x\n' + "4,z\n" * 1_000_000).encode(encoding))
    error = str(d.wait_state("a", "failing")["error"])
    assert error == f"{d.folder}/a.csv:3: record longer than 1048576 bytes, which is max_row_bytes"
    assert feed.df.b.tolist() == ["y", longest, "z"]


def test_max_row_bytes_is_not_above_a_quarter_of_max_bytes(daemon):
    d = daemon()
    d.configure({"a": f"source = a.csv\nmax_row_bytes = 1G\n{FAST}"}, "max_bytes = 8M")
    d.source("a.csv", 'a,b\n3,"x\n' + "4,z\n" * 1_000_000)
    d.start()
    error = str(d.status("a")["error"])
    assert error.endswith("a.csv:2: record longer than 2097152 bytes, a quarter of max_bytes")
