"""lib/value against pandas itself: the same texts to both, the same values back.

pandas reads many texts at once as a CSV of one row, each column settling its own type.
SHMPUB_BUILD names the build whose value_tool is asked; SHMPUB_CASES scales the number of
generated texts, SHMPUB_SEED starts another series.
"""

import io
import math
import os
import pathlib
import random
import re
import struct
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest
from pandas.tseries.api import guess_datetime_format

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SHMPUB_BUILD", ROOT / "build/dev"))
CASES = int(os.environ.get("SHMPUB_CASES", "4000"))
SEED = int(os.environ.get("SHMPUB_SEED", "1"))

NONE, SIGNED, UNSIGNED, BEYOND = range(4)
U_NONE, U_VALUE, U_NEGATIVE, U_BEYOND = range(4)


def ask(questions):
    """[(question, argument, text)] to value_tool's answers."""

    def hexed(text):
        return (text.encode() if isinstance(text, str) else text).hex() or "-"

    lines = "".join(f"{q} {hexed(a)} {hexed(t)}\n" for q, a, t in questions)
    done = subprocess.run(
        [BUILD / "tests/value_tool"], input=lines, capture_output=True, text=True, check=True
    )
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(questions)
    return answers


def read_columns(columns, **options):
    """Columns of texts (all of one length) to Series, through one CSV."""

    def quoted(text):
        return '"' + text.replace('"', '""') + '"'

    rows = [";".join(f"c{i}" for i in range(len(columns)))]
    rows += [";".join(map(quoted, row)) for row in zip(*columns)]
    text = "\n".join(rows) + "\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = pd.read_csv(io.BytesIO(text.encode()), sep=";", low_memory=False, **options)
    return [frame[f"c{i}"] for i in range(len(columns))]


def bits(value):
    return struct.pack(">d", value).hex()


# --- generating texts -------------------------------------------------------------------------

NUMBER_PIECES = (
    *"0123456789", *"0123456789", "00", "000000", "123456789", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", ".", ".", ".", "-", "+", "e", "E", "e+", "e-", "e308", "e-308",
    "e-324", " ", "\t", "_", ",", "x", "0x", "inf", "Infinity", "nan", "NA", "True", "false", "1e", "\r", "\n",
    "\v", "\f", "\0", "\x1f", "\xa0", "٣", "é", "#N/A", "None", "d", "f", "L", "%", "$", "(", ")",
)  # fmt: skip
FIXED = [
    "", " ", "-", "+", ".", "e5", "1e", "1e+", "1.", ".5", "-.5", "+.5", "5.e3", "1_000", "0x1A", "1,000", "١", "1e5.5",
    "iNf", "-INFINITY", "+inf", " inf", "infinit", "nan", "NaN", "-nan", "NAN", "NULL", "null", "Null", "None", "n/a",
    "N/A", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN", "<NA>", "NA", "na", "True", "TRUE",
    "tRuE", "False", "fALSE", "T", "yes", "9" * 18, "9" * 19, "9" * 20, "0" * 30 + "7", "-" + "9" * 19, "+" + "9" * 20,
    "9223372036854775808 ", " 9223372036854775808", "18446744073709551616 ", "1" + "0" * 400, "0." + "0" * 400 + "1",
    "9" * 4300, "9" * 4301, "0" * 4300 + "1", "9" * 10000, "0." + "3" * 10000, "1e99999999999999999999", "0e9999999999",
    "1e-99999999999999999999", "0." + "0" * 10000 + "1e10001", "1" + "0" * 1000 + "e-1000", "2.4703282292062327e-324",
    "2.4703282292062328e-324", "1.797693134862315807e308", "1.797693134862315808e308", "9007199254740993",
    "9007199254740993.0", "9007199254740993.00000000000000000000000000000001", "0.1", "0.30000000000000004",
]  # fmt: skip


def number_texts(rng, n):
    texts = list(FIXED)
    while len(texts) < n:
        text = "".join(rng.choice(NUMBER_PIECES) for _ in range(rng.randint(1, 6)))
        if rng.random() < 0.3:
            text = (
                rng.choice((" ", "\t", "\n ", ""))
                + str(rng.randint(-(10**6), 10**6))
                + rng.choice((" ", "\r", "", "x"))
            )
        texts.append(text)
    return texts


def random_double(rng):
    while True:
        value = struct.unpack(">d", rng.getrandbits(64).to_bytes(8, "big"))[0]
        if math.isfinite(value):
            return value


def float_texts(rng, n):
    texts = []
    while len(texts) < n:
        value = random_double(rng) if rng.random() < 0.6 else rng.uniform(-1e6, 1e6)
        way = rng.random()
        if way < 0.3:
            texts.append(repr(value))
        elif way < 0.6:
            texts.append(f"{value:.{rng.randint(0, 40)}e}")
        elif way < 0.8:
            texts.append(f"{rng.uniform(-1e3, 1e3):.{rng.randint(0, 30)}f}")
        elif way < 0.9:
            texts.append(f"{rng.getrandbits(rng.randint(1, 200))}e{rng.randint(-330, 310)}")
        else:  # halfway between neighbours, exactly or nearly
            near = abs(random_double(rng))
            above = math.nextafter(near, math.inf)
            if not math.isfinite(above):
                continue
            a, b = near.as_integer_ratio(), above.as_integer_ratio()
            scale = max(a[1], b[1]) * 2
            digits = (a[0] * (scale // a[1]) + b[0] * (scale // b[1])) // 2
            places = scale.bit_length() - 1
            digits *= 5**places
            texts.append(
                rng.choice(
                    (
                        f"{digits}e-{places}",
                        f"{digits * 10 + 1}e-{places + 1}",
                        f"{digits - 1}e-{places}",
                    )
                )
            )
    return texts


# --- numbers and words --------------------------------------------------------------------------


def settle(cells):
    """The rules in lib/value/value.h, over what value_tool says of each cell."""
    na = [c["na"] == "na" for c in cells]
    some = [c for c, missing in zip(cells, na) if not missing]
    ints = [c["int"] for c in some]
    first_other = next((a for a, _ in ints if a != SIGNED), None)
    if first_other is None:
        return "int64" if not any(na) else "float64", [
            float(c["int"][1]) if any(na) else c["int"][1] for c in some
        ]
    if first_other in (UNSIGNED, BEYOND):
        seen_negative = seen_large = False
        for cell in some:
            answer, value = cell["uint"]
            if answer == U_NONE:
                break
            if answer == U_BEYOND:
                if all(c["pyint"] != "none" for c in some):
                    return "object", [int(c["pyint"]) for c in some]
                return "text+na", None
            seen_negative |= answer == U_NEGATIVE
            seen_large |= answer == U_VALUE and value > 2**63 - 1
        else:
            if seen_large and (seen_negative or any(na)):
                return "text+na", None
            if seen_negative:
                if all(c["pyint"] != "none" for c in some):
                    return "object", [int(c["pyint"]) for c in some]
                return "text+na", None
            return "uint64", [c["uint"][1] for c in some]
    if all(c["float"] != "none" for c in some):
        return "float64", [struct.unpack(">d", bytes.fromhex(c["float"]))[0] for c in some]
    if all(c["bool"] != "none" for c in some):
        return "object" if any(na) else "bool", [c["bool"] == "true" for c in some]
    return "text", None


def describe(texts):
    names = ("na", "int", "uint", "pyint", "float", "bool")
    answers = iter(ask([(name, "", text) for text in texts for name in names]))
    described = []
    for _ in texts:
        cell = {name: next(answers) for name in names}
        for name in ("int", "uint"):
            answer, value = cell[name].split()
            cell[name] = (int(answer), int(value))
        described.append(cell)
    return described


def same(series, kind, values, n_missing):
    if kind == "text":
        return str(series.dtype) == "str" and series.isna().sum() == n_missing
    if kind == "text+na":
        return str(series.dtype) == "str" and series.isna().sum() == 0
    if str(series.dtype) != kind:
        return False
    got = [v for v in series if not (isinstance(v, float) and math.isnan(v))]
    if len(got) != len(values):
        return False
    if kind == "float64":
        return all(bits(a) == bits(b) for a, b in zip(got, values))
    return got == values


def check_columns(columns):
    texts = [text for column in columns for text in column]
    cells = iter(describe(texts))
    wrong = []
    for column, series in zip(columns, read_columns(columns)):
        described = [next(cells) for _ in column]
        kind, values = settle(described)
        n_missing = sum(c["na"] == "na" for c in described)
        if not same(series, kind, values, n_missing):
            wrong.append((column, str(series.dtype), list(series), kind, values))
    assert not wrong, f"{len(wrong)} of {len(columns)}: {wrong[:10]}"


def test_one_cell():
    check_columns([[text] for text in number_texts(random.Random(SEED), CASES)])


def test_columns_of_three():
    rng = random.Random(SEED + 1)
    texts = [t for t in number_texts(rng, CASES) if len(t) < 60]
    large = [
        "18446744073709551615",
        "9223372036854775808",
        "99999999999999999999",
        "-1",
        "1",
        "NA",
        "1.5",
        " 7 ",
        "1_0",
    ]
    check_columns(
        [
            [rng.choice(large if rng.random() < 0.6 else texts) for _ in range(3)]
            for _ in range(CASES)
        ]
    )


def test_floats_bit_for_bit():
    texts = float_texts(random.Random(SEED + 2), 5 * CASES)
    got = ask([("float", "", text) for text in texts])
    wrong = [(t, g, bits(float(t))) for t, g in zip(texts, got) if g != bits(float(t))]
    assert not wrong, wrong[:5]
    sample = [t for t in texts if not t.lstrip("-").isdigit()][: 2 * CASES]
    by_text = dict(zip(texts, got))
    for text, series in zip(sample, read_columns([[t] for t in sample])):
        if series.dtype == np.float64:
            assert bits(series[0]) == by_text[text], text


def test_repr():
    rng = random.Random(SEED + 8)
    values = [random_double(rng) for _ in range(CASES)]
    values += [round(rng.uniform(-1e9, 1e9), rng.randint(0, 9)) for _ in range(CASES)]
    values += [math.ldexp(1, e) for e in range(-1074, 1024)]
    values += [math.nextafter(math.ldexp(1, e), 0) for e in range(-1074, 1024)]
    wrong = [
        (value, got)
        for value, got in zip(values, ask([("repr", "", struct.pack(">d", v)) for v in values]))
        if got != repr(value)
    ]
    assert not wrong, wrong[:10]


@pytest.mark.parametrize(
    "decimal, thousands", [(".", ","), (",", None), (",", "."), (".", " "), (".", "_"), (".", "'")]
)
def test_decimal_and_thousands(decimal, thousands):
    rng = random.Random(SEED + 3)
    pieces = (
        *"0123456789",
        *"0123456789",
        decimal,
        thousands or "",
        thousands or "",
        "-",
        "+",
        "e",
        " ",
        "000",
        "inf",
    )
    texts = ["".join(rng.choice(pieces) for _ in range(rng.randint(1, 9))) for _ in range(CASES)]
    texts += [
        f"{rng.randint(-(10**20), 10**20):,}".replace(",", thousands or "")
        for _ in range(CASES // 4)
    ]
    argument = decimal + (thousands or "")
    ints = ask([("int", argument, t) for t in texts])
    floats = ask([("float", argument, t) for t in texts])
    wrong = []
    series = read_columns(
        [[t] for t in texts], decimal=decimal, thousands=thousands, keep_default_na=False
    )
    for text, s, i, f in zip(texts, series, ints, floats):
        answer, value = map(int, i.split())
        if answer == SIGNED:
            ok = s.dtype == np.int64 and s[0] == value
        elif answer == UNSIGNED:
            ok = s.dtype == np.uint64 and s[0] == value
        elif answer == BEYOND:
            plain = text.strip().lstrip("+-").isdigit()
            ok = str(s.dtype) == ("object" if plain or thousands == "_" else "str")
        elif f != "none":
            ok = s.dtype == np.float64 and bits(s[0]) == f
        else:
            ok = str(s.dtype) == "str"
        if not ok:
            wrong.append((text, str(s.dtype), s[0], i, f))
    assert not wrong, f"{len(wrong)} of {len(texts)}: {wrong[:10]}"


# --- dates ----------------------------------------------------------------------------------------


def date_texts(rng, n):
    texts = []
    while len(texts) < n:
        y, m, d = (
            rng.randint(0, 9999) if rng.random() < 0.1 else rng.randint(1900, 2100),
            rng.randint(1, 12),
            rng.randint(1, 31),
        )
        h, mi, s = rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)
        if rng.random() < 0.05:
            m, d, h, mi, s = (rng.randint(0, 99) for _ in range(5))
        mon = pd.Timestamp(2024, max(1, min(m, 12)), 1)
        sep = rng.choice("-/. ") if rng.random() < 0.3 else "-"
        two = rng.random() < 0.85
        p = "{:02d}" if two else "{}"
        date = rng.choice([
            f"{y:04d}{sep}{p.format(m)}{sep}{p.format(d)}", f"{y:04d}{sep}{p.format(m)}{sep}{p.format(d)}",
            f"{y:04d}{sep}{p.format(m)}{sep}{p.format(d)}", f"{y:04d}{m:02d}{d:02d}", f"{y:04d}", f"{y:04d}-{p.format(m)}",
            f"{p.format(m)}/{p.format(d)}/{y:04d}", f"{p.format(d)}.{p.format(m)}.{y:04d}", f"{m:02d}-{d:02d}-{y:04d}",
            f"{mon:%b} {d} {y:04d}", f"{mon:%B} {d}, {y:04d}", f"{d:02d}-{mon:%b}-{y:04d}", f"{d} {mon:%B} {y:04d}",
            f"{mon:%a} {mon:%b} {d:02d} {y:04d}", f"{p.format(m)}/{p.format(d)}/{y % 100:02d}", f"{mon:%b} {y:04d}",
        ])  # fmt: skip
        time = rng.choice([
            "", "", f"{p.format(h)}:{p.format(mi)}", f"{p.format(h)}:{p.format(mi)}:{p.format(s)}",
            f"{h:02d}:{mi:02d}:{s:02d}", f"{h:02d}{mi:02d}{s:02d}", f"{h:02d}{mi:02d}", f"{h:02d}",
            f"{h:02d}:{mi:02d}:{s:02d}.{str(rng.getrandbits(70))[: rng.randint(0, 19)]}",
            f"{h % 12 + 1:02d}:{mi:02d} {rng.choice(('AM', 'PM', 'am'))}", f"{h % 12 + 1}:{mi:02d}:{s:02d} AM",
        ])  # fmt: skip
        zone = ""
        if time and rng.random() < 0.3:
            zone = rng.choice(["Z", "+00:00", "+01:00", "-0530", "+1", "+01", " UTC", " +01:00", "+24:00", "z", " GMT", " EST",
                               "-00:00", "+5:3", " -08:00"])  # fmt: skip
        text = date + (rng.choice("T    ") if time else "") + time + zone
        if rng.random() < 0.05:
            text = rng.choice((" ", "-", "\t")) + text
        if rng.random() < 0.05:
            text += rng.choice((" ", ".", "x", "\n", "Z"))
        if rng.random() < 0.05:
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice("0123456789-/:. TZ+") + text[at + 1 :]
        texts.append(text)
    return texts


def moment(series, i):
    """A cell as value_tool says it, or "none"."""
    if not isinstance(series.dtype, (np.dtypes.DateTime64DType, pd.DatetimeTZDtype)):
        return "none"
    value = series.iloc[i]
    if series.dt.tz is not None:
        offset = int(value.utcoffset().total_seconds())
    else:
        offset = "naive"
    unit = series.dt.unit
    return f"{unit} {value.value if unit == 'ns' else value.as_unit(unit)._value} {offset}"


def guess(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return guess_datetime_format(text) or "none"


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_guess():
    texts = date_texts(random.Random(SEED + 4), CASES)
    wrong = [
        (text, want, got)
        for text, answer in zip(texts, ask([("guess", "", t) for t in texts]))
        # A run of white space is one blank here, and means the same.
        if re.sub(r"\s+", " ", want := guess(text))
        != (got := answer if answer == "none" else bytes.fromhex(answer).decode())
    ]
    assert not wrong, f"{len(wrong)} of {len(texts)}: {wrong[:20]}"


def is_time_alone(series):
    """A time without a date: of the year 1 for pandas, or of today; text here."""
    return series.dtype.kind == "M" and series.dt.year[0] in (1, pd.Timestamp.now().year)


def test_one_date():
    texts = date_texts(random.Random(SEED + 5), CASES)
    ours = ask([("infer", t, t) for t in texts])
    series = read_columns([[t] for t in texts], parse_dates=[f"c{i}" for i in range(len(texts))])
    wrong = [
        (text, moment(s, 0), got)
        for text, s, got in zip(texts, series, ours)
        if moment(s, 0) != got and not (got == "none" and is_time_alone(s))
    ]
    assert not wrong, f"{len(wrong)} of {len(texts)}: {wrong[:20]}"


def test_second_date_by_the_first():
    rng = random.Random(SEED + 6)
    pool = [t for t in date_texts(rng, CASES) if guess(t) != "none"]
    layouts = {}
    for text in pool:
        layouts.setdefault("".join("0" if c.isdigit() else c for c in text)[:16], []).append(text)
    pairs = []
    for text in pool:
        near = layouts["".join("0" if c.isdigit() else c for c in text)[:16]]
        pairs.append((text, rng.choice(near if rng.random() < 0.7 else pool)))
    firsts = ask([("infer", a, a) for a, b in pairs])
    seconds = ask([("infer", a, b) for a, b in pairs])
    series = read_columns(pairs, parse_dates=[f"c{i}" for i in range(len(pairs))])
    wrong = []
    for (a, b), one, two, s in zip(pairs, firsts, seconds, series):
        if "none" in (one, two) or one.split()[2] != two.split()[2]:
            want = ("none", "none")
        else:
            want = (one, two)
            units = {one.split()[0], two.split()[0]}
            if len(units) == 2:  # one has nanoseconds: so has the column
                scaled = [
                    f"ns {int(v.split()[1]) * (1000 if v.startswith('us') else 1)} {v.split()[2]}"
                    for v in (one, two)
                ]
                want = tuple(scaled)
                if any(abs(int(v.split()[1])) >= 2**63 for v in scaled):
                    want = ("none", "none")
        got = (moment(s, 0), moment(s, 1))
        if got != want:
            wrong.append((a, b, got, want))
    assert not wrong, f"{len(wrong)} of {len(pairs)}: {wrong[:20]}"


FORMATS = [
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%y", "%d.%m.%Y %H:%M", "%Y%m%d", "%Y%m%d%H%M%S", "%b %d %Y", "%d %B %Y", "%Y-%j", "%a %b %d %Y",
    "%G-W%V-%u", "%Y %U %w", "%Y %W %a", "%I:%M %p", "%Y-%m-%d %I:%M:%S %p", "%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S%z", "%d%m%Y", "%m%d%y", "%y%j", "%c", "%x %X", "%Y-%m", "%Y", "%H", "%Y-%m-%d %H:%M %Z",
    "%Y-%m-%d  %H", "%%%Y", "%S %M %H", "%d%m%H%M%Y", "%H%M%S%f",
]  # fmt: skip


def test_strptime():
    rng = random.Random(SEED + 7)
    questions = []
    while len(questions) < CASES:
        form = rng.choice(FORMATS)
        when = pd.Timestamp(rng.randint(0, 4 * 10**9), unit="s") + pd.Timedelta(
            microseconds=rng.randint(0, 10**6)
        )
        text = when.strftime(
            form.replace("%z", rng.choice(("+0100", "Z", "-05:30"))).replace("%Z", "UTC")
        )
        change = rng.random()
        if change < 0.2:
            text = text.replace("0", "", 1)
        elif change < 0.4 and text:
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice("0123456789 -/:.apmPM") + text[at + rng.randint(0, 1) :]
        elif change < 0.5:
            text = text.upper()
        questions.append(("strptime", form, text))
    wrong = []
    for (_, form, text), got in zip(questions, ask(questions)):
        try:
            want = moment(pd.Series(pd.to_datetime([text], format=form)), 0)
        except (ValueError, OverflowError):
            want = "none"
        if want.startswith(("s ", "ms ")):
            unit, value, offset = want.split()
            want = f"us {int(value) * (10**6 if unit == 's' else 10**3)} {offset}"
        if want != got:
            wrong.append((form, text, want, got))
    assert not wrong, f"{len(wrong)} of {len(questions)}: {wrong[:20]}"
