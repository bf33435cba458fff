"""The reading of dates against pandas itself: generated texts, one column of a CSV each.

The model is dateutil's lexer (dateutil/parser/_parser.py), so texts are made of what means
something to it: digits in runs of telling lengths, points, commas, blanks, signs, zones, AM and
PM, months, weekdays, quarters; some at random, some by changing what people write. SHMPUB_CASES
scales the number of texts, SHMPUB_SEED starts another series: a long run is
SHMPUB_CASES=400000 SHMPUB_SEED=7 pytest tests/differential/test_dates.py. What docs/CSV.md lists
as different is left out by `is_listed`.
"""

from __future__ import annotations

import os
import random
import re
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pandas_own import our_frames, pandas_frame
from test_value import ask, guess, moment, read_columns

CASES = int(os.environ.get("SHMPUB_CASES", "4000"))
SEED = int(os.environ.get("SHMPUB_SEED", "1"))
BUILD = Path(os.environ.get("SHMPUB_BUILD", "build/dev")).name
BATCH = 2000  # columns of one CSV

MONTHS = "Jan feb MAR April may Jun July Aug Sept sep September OCT Nov December".split()
WEEKDAYS = "Mon tue WED Thursday fri Saturday SUN sunday".split()
ZONES = """Z z UTC GMT EST CET utc gmt +00:00 -00:00 +01 +1 -5 +0530 -05:30 +05:60 +05:99 +0099 +24:00 +23:59
+23:60 -2400 +1:5 +123 GMT+0100 GMT-3 GMT+03:00 UTC+3 UTC-05:00 EST+5 EST-0500 Z+1 (CET) (UTC) ()""".split()
ZONES += [
    "+0100 (CET)",
    "-08:00 (PST)",
    "GMT+0100 (CET)",
    "+01:00 (UTC)",
    "ZZ",
    "Z Z",
    "A",
    "M",
    "-",
    "+",
    "+:00",
]
JUMPS = [
    " ",
    "  ",
    ".",
    ",",
    ", ",
    ";",
    "-",
    "/",
    "'",
    " at ",
    " on ",
    " and ",
    "ad",
    "m",
    "t",
    "T",
    " of ",
    "st",
    "nd",
    "rd",
    "th",
]
ODD = ["\t", "\n", "\xa0", "\u202f", "\u3000", "\x1f", "\0", "\0\0", "_", "\\", ":", "::", "(", ")", "é", "–", "年", "e", "x", "inf",
       "nan", "NAN", "INF", "Infinity", "h", "hours", "min", "minute", "s", "sec", "q", "Q", "Q1", "q4", "Q5", "a", "p", "a.m.",
       "p.m.", "AM", "pm", "A.M", "am.", "%", "%d", "+", "\"", "now", "today"]  # fmt: skip
AMPM = ["AM", "PM", "am", "pm", "a.m.", "p.m.", "P.M.", "A", "p", "a", "P.M"]


def digits(rng: random.Random) -> str:
    n = rng.choice((1, 1, 2, 2, 2, 2, 3, 4, 4, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 20))
    way = rng.random()
    if n == 2 and way < 0.7:
        return f"{rng.randint(0, 31):02d}"
    if n == 1 or way < 0.2:
        return str(rng.randint(0, 31))
    if n == 4 and way < 0.8:
        return str(rng.randint(1900, 2100))
    if n in (8, 12, 14) and way < 0.8:
        return (f"{rng.randint(1900, 2100)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
                f"{rng.randint(0, 23):02d}{rng.randint(0, 59):02d}{rng.randint(0, 59):02d}")[:n]  # fmt: skip
    if way < 0.5:
        return str(rng.randint(0, 2100)).zfill(n)
    return "".join(rng.choice("0123456789") for _ in range(n))


def piece(rng: random.Random) -> str:
    way = rng.random()
    if way < 0.42:
        return digits(rng)
    if way < 0.72:
        return rng.choice(JUMPS)
    if way < 0.8:
        return rng.choice(MONTHS)
    if way < 0.83:
        return rng.choice(WEEKDAYS)
    if way < 0.88:
        return f"{rng.randint(0, 25)}:{rng.randint(0, 61):02d}"
    if way < 0.92:
        return rng.choice(ZONES)
    if way < 0.95:
        return rng.choice(AMPM)
    return rng.choice(ODD)


def written(rng: random.Random) -> str:
    """What somebody might write."""
    y, m, d = rng.randint(1900, 2100), rng.randint(1, 12), rng.randint(1, 31)
    if rng.random() < 0.1:
        y = rng.randint(0, 999)
    h, mi, s = rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)
    f = str(rng.getrandbits(70))[: rng.randint(1, 12)]
    if rng.random() < 0.5:
        f = f[:3].ljust(rng.randint(1, 10), "0")
    month, weekday = rng.choice(MONTHS), rng.choice(WEEKDAYS)
    sep = rng.choice("-/. ,")
    date = rng.choice([
        f"{y:04d}{sep}{m:02d}{sep}{d:02d}", f"{y}{sep}{m}{sep}{d}", f"{d:02d}{sep}{m:02d}{sep}{y:04d}", f"{m}{sep}{d}{sep}{y}",
        f"{m}{sep}{d}{sep}{y % 100:02d}", f"{y:04d}{m:02d}{d:02d}", f"{y % 100:02d}{m:02d}{d:02d}", f"{y}", f"{y}-{m:02d}",
        f"{m}/{y}", f"{month} {d}, {y}", f"{d} {month} {y}", f"{d}-{month}-{y % 100:02d}", f"{month} {y}", f"{month}-{y}",
        f"{month} of {y}", f"{month} of {y % 100}", f"{weekday} {month} {d:02d} {y}", f"{weekday}, {d} {month} {y}", f"{weekday} {y}",
        f"{weekday} {m}/{y}", f"{weekday} {month} {y}", f"{weekday} {d}", f"{y}Q{d % 6}", f"{y} Q{d % 6}", f"Q{d % 6} {y}",
        f"{d % 6}Q{y}", f"{d % 6}Q{y % 100:02d}", f"{y % 100:02d}Q{d % 6}", f"{y}-Q{d % 6}", f"{d % 6}Q-{y}", f"{y % 1000} Q{d % 6}",
        f"{d}th of {month} {y}", f"{month} {d}st {y}", f"{y}.{m}", f"{d},{m}.{y % 100}", f".{m}.{y}", f" - {y}", f"{y}.T",
        str(y).zfill(rng.randint(5, 16)), f"{y}{month}{d:02d}", f"{d:02d}{month}{y}", f"-{y}-{m:02d}-{d:02d}", "",
    ])  # fmt: skip
    time = rng.choice([
        "", "", f"{h:02d}:{mi:02d}", f"{h}:{mi:02d}:{s:02d}", f"{h:02d}:{mi:02d}:{s:02d}.{f}", f"{h:02d}:{mi:02d}:{s:02d},{f}",
        f"{h:02d}{mi:02d}", f"{h:02d}{mi:02d}{s:02d}", f"{h:02d}{mi:02d}{s:02d}.{f}", f"{h:02d}", f"{h}h{mi:02d}", f"{h} h {mi} m",
        f"{h}h{mi}m{s}.{f}s", f"{h % 13}:{mi:02d} {rng.choice(AMPM)}", f"{h % 13}{rng.choice(AMPM)}", f"{h % 13}:{mi:02d}{rng.choice(AMPM)}",
        f"{h % 13}:{mi:02d}:{s:02d} {rng.choice(AMPM)}", f"{h}.5h", f"{mi}.{f}m", f"{h}:{mi}.{f}", f"{h}.{mi:02d}", f"{h}:{mi}",
    ])  # fmt: skip
    zone = rng.choice(("", "", " ")) + rng.choice(ZONES) if time and rng.random() < 0.4 else ""
    between = rng.choice((" ", " ", " ", "T", "t", ", ", " at ", "", "-", "  ", ":", "\xa0"))
    text = date + between + time + zone if time else date
    if time and rng.random() < 0.15:
        text = time + zone + between + date
    if rng.random() < 0.15:
        text = rng.choice((" ", "  ", ".", "-", "\t", "'", "\xa0")) + text
    if rng.random() < 0.2:
        text += rng.choice(
            (" ", ".", " " * 40, " " * 28, ",", "\t" * 3, "\0" * 4, ";", "-", "..", "\xa0 ")
        )
    return text


def text_of(rng: random.Random) -> str:
    way = rng.random()
    if way < 0.3:
        return "".join(piece(rng) for _ in range(rng.randint(1, 7)))
    text = written(rng)
    if way < 0.6 and text:
        for _ in range(rng.randint(1, 2)):
            at = rng.randrange(len(text) + 1)
            with_ = rng.choice(("", piece(rng), rng.choice("0123456789.,:-/ +TZapmQ")))
            text = text[:at] + with_ + text[at + rng.randint(0, 2) :]
    return text


def is_listed(text: str, series: pd.Series | None) -> bool:
    """Text here and a date for pandas: docs/CSV.md, "Where we differ on purpose"."""
    if text.strip() in ("now", "today"):
        return True
    if re.search("[^ \0]\0+[^ \0]", text):
        return True
    # A year with a minus that does not fit in nanoseconds loses its sign for pandas.
    if text.startswith("-"):
        return True
    # A time without a date is of the year 1 for pandas, or of today.
    return series is not None and (
        series.dtype.kind == "M" and (series.dt.year[0] == 1 or is_of_today(text))
    )


def is_of_today(text: str) -> bool:
    return re.match(r"[0-9]{1,2}:", text) is not None


def read_dates(texts: list[str]) -> list[pd.Series | None]:
    """A column of dates each; None where pandas fails over an offset that no timedelta holds."""
    try:
        return read_columns([[t] for t in texts], parse_dates=[f"c{i}" for i in range(len(texts))])
    except OverflowError:
        if len(texts) == 1:
            return [None]
        half = len(texts) // 2
        return read_dates(texts[:half]) + read_dates(texts[half:])


def differences(texts: list[str]) -> list[tuple[str, str, str]]:
    texts = [t for t in texts if t and "\r" not in t]
    ours = ask([("infer", t, t) for t in texts])
    found = []
    for at in range(0, len(texts), BATCH):
        batch = texts[at : at + BATCH]
        for text, series, got in zip(batch, read_dates(batch), ours[at : at + BATCH]):
            want = "none" if series is None or series[0] is pd.NaT else moment(series, 0)
            if want != got and not (got == "none" and is_listed(text, series)):
                found.append((text, want, got))
    return found


def test_one_text():
    rng = random.Random(SEED)
    wrong = differences([text_of(rng) for _ in range(CASES)])
    assert not wrong, f"{len(wrong)} of {CASES}: {wrong[:20]}"


def test_guess():
    rng = random.Random(SEED + 1)
    texts = [t for t in (text_of(rng) for _ in range(CASES)) if t and "\0" not in t]
    wrong = [
        (text, want, got)
        for text, answer in zip(texts, ask([("guess", "", t) for t in texts]))
        if re.sub(r"\s+", " ", want := guess(text))
        != (got := answer if answer == "none" else bytes.fromhex(answer).decode())
    ]
    assert not wrong, f"{len(wrong)} of {len(texts)}: {wrong[:20]}"


def second_text(rng: random.Random, first: str) -> str:
    """Nearly always of the same form, for what the first one settles is asked of the second."""
    if rng.random() < 0.2:
        return written(rng)
    text = "".join(
        rng.choice("0123456789") if c.isdigit() and rng.random() < 0.5 else c for c in first
    )
    return text + rng.choice(("", "", "", " ", "  ", "\t"))


def test_two_texts_in_a_column():
    rng = random.Random(SEED + 2)
    pairs = []
    while len(pairs) < CASES // 4:
        first = written(rng)
        pair = (first, second_text(rng, first))
        if all(pair) and not re.search('[\r\0"]', "".join(pair)):
            pairs.append(pair)
    for at in range(0, len(pairs), 200):
        batch = pairs[at : at + 200]
        names = [f"c{i}" for i in range(len(batch))]
        rows = [names, *([f'"{text}"' for text in row] for row in zip(*batch))]
        call = ("\n".join(map(";".join, rows)).encode(), {"sep": ";", "parse_dates": names})
        want, got = pandas_frame(*call), our_frames([call], BUILD)[0]
        for name, pair in zip(names, batch):
            one, other = want[name], got[name]
            same = one.dtype == other.dtype and list(map(str, one)) == list(map(str, other))
            cells = [one[i : i + 1].reset_index(drop=True) for i in (0, 1)]
            assert same or any(map(is_listed, pair, cells)), (pair, list(one), list(other))
