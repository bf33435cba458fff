"""Names and positions against pandas: which column an option means, and what is made of it.

Levels of the index that the header left without a name, positions that count fields or the names
that usecols left, and dates that pandas' reader makes itself before anybody looks at them.
SHMPUB_CASES scales the number of texts, SHMPUB_SEED starts another series.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pandas_own import difference, our_frames
from test_combinations import BUILD, CASES, SEED, WAYS

# Cells for which it matters whether the reader itself, or a second look, makes dates of them.
PLACED = [
    ["2023-01-01", "2023-02-01"],
    ["2023-01-01", "2023-02-01", ""],
    ["2023-01-01", "2023-2-1"],
    ["2023-01-01 10:00", "2023-02-01T10:00"],
    ["2023-01-01T10:00Z", "2023-02-01T11:00Z"],
    ["2023-01-01T10:00+01:00", "2023-02-01T11:00Z"],
    ["01/02/2023", "13/02/2023", "1/2/23"],
    ["2023-01-01 10:00:00.1234567", "2023-01-01 10:00:00.123"],
    ["2023-01-01", "NaT"],
    ["2023-01-01", "x"],
    ["2023", "2024"],
    ["20230101", "20230102"],
    ["1", "2", "3"],
    ["1", "", "007"],
    ["1.50", "2", "3"],
    ["x", "y", "NA"],
    ["True", "False"],
    ["", "NA"],
]


def draw_placed(rnd: random.Random) -> tuple[bytes, dict[str, Any]]:
    """Names that the header left empty, positions among fields and among names, and dates of them."""
    width = rnd.choice([1, 2, 2, 3, 3, 4])
    heads = [rnd.choice(["", "abcd"[i], "abcd"[i], "abcd"[i], "a"]) for i in range(width)]
    if not any(heads):
        heads[-1] = "z"
    names = [name or f"Unnamed: {i}" for i, name in enumerate(heads)]
    n_fields = width + rnd.choice([0, 0, 0, 0, 0, 1, 2])
    pools = [rnd.choice(PLACED) for _ in range(n_fields)]
    lines = [",".join(heads)]
    lines += [",".join(rnd.choice(p) for p in pools) for _ in range(rnd.choice([0, 1, 1, 2, 2, 3]))]

    def columns(most: int) -> list[Any]:
        n = rnd.randint(1, min(most, width))
        places = list(range(n_fields if rnd.random() < 0.3 else width))
        return rnd.sample(places if rnd.random() < 0.5 else names, n)

    made: dict[str, Any] = {}
    if rnd.random() < 0.12:
        made["header"] = None
    if rnd.random() < 0.12:
        made |= {"names": list("pqrstu")[:n_fields], "header": rnd.choice([0, None])}
        names = made["names"]
    if rnd.random() < 0.5:
        made["usecols"] = columns(3)
    if rnd.random() < 0.7:
        made["index_col"] = chosen if len(chosen := columns(3)) > 1 else chosen[0]
    if rnd.random() < 0.7:
        made["parse_dates"] = rnd.random() < 0.15 or columns(2)
        if rnd.random() < 0.3:
            form = rnd.choice(["ISO8601", "%Y-%m-%d", "mixed"])
            made["date_format"] = form if rnd.random() < 0.5 else {rnd.choice(names): form}
    if rnd.random() < 0.4:
        made["dtype"] = {c: rnd.choice(["category", "str", "float64", "int64"]) for c in columns(2)}
    if rnd.random() < 0.1:
        made["keep_default_na"] = False
    return "\n".join(lines).encode(), made


def is_listed(options: dict[str, Any], found: str) -> bool:
    """docs/CSV.md: a level of the index that is to be dates and of a dtype, or of two dtypes."""
    both = {"parse_dates", "dtype"} <= options.keys()
    return (both and ("index_col" in options or found.startswith("only here an error"))) or (
        "both mean the level" in found
    )


@WAYS
def test_places(arguments: tuple[str, ...]) -> None:
    rnd = random.Random(SEED)
    calls = [draw_placed(rnd) for _ in range(CASES * 4)]
    wrong = [
        f"{data!r} {options}\n    {found}"
        for (data, options), frame in zip(calls, our_frames(calls, BUILD, arguments))
        if (found := difference(data, options, frame)) and not is_listed(options, found)
    ]
    assert not wrong, f"{len(wrong)} of {len(calls)}, among them\n" + "\n".join(wrong[:8])


# Python's directives, those of other strptimes that are none here, and what stands between them.
DIRECTIVES = [f"%{c}" for c in "YYYmmmddddHHMMSSfyjbBaApIzZZUWwGVuNcxX%"]
BAD = ["%F", "%e", "%T", "%D", "%R", "%k", "%s", "%n", "%C", "%q", "% ", "%", "%.", "%é"]
BETWEEN = ["-", "-", "/", " ", "  ", ":", "T", "", ".", "x", "\xa0", "?", "(", "É"]
ZONES = ["UTC", "UTC", "GMT", "utc", "gmt", "Zulu", "Etc/UTC", "XYZ", "uTC", "GMT0"]


def draw_format(rnd: random.Random) -> str:
    if rnd.random() < 0.3:
        form = rnd.choice(["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M %Z", "%Y%m%d %Z"])
        return form + (rnd.choice(BAD) if rnd.random() < 0.2 else "")
    parts = [rnd.choice(DIRECTIVES) for _ in range(rnd.randint(1, 5))]
    if rnd.random() < 0.7:
        parts = list(dict.fromkeys(parts))
    if rnd.random() < 0.2:
        parts.insert(rnd.randrange(len(parts) + 1), rnd.choice(BAD))
    return "".join(part + rnd.choice(BETWEEN) for part in parts)


def draw_cell(rnd: random.Random, form: str) -> str:
    if rnd.random() < 0.12:
        return rnd.choice(["", "NA", "NaT", "x", "5", "2019-01-02"])
    when = pd.Timestamp(rnd.randint(0, 4 * 10**9), unit="s")
    text = form.replace("%Z", rnd.choice(ZONES)).replace("%z", rnd.choice(["+0100", "Z", "-05:30"]))
    text = text.replace("%N", f"{rnd.randint(0, 10**9 - 1):09d}")
    try:
        return when.strftime(text)
    except ValueError:
        return text


def draw_formatted(rnd: random.Random) -> tuple[bytes, dict[str, Any]]:
    form = draw_format(rnd)
    cells = [draw_cell(rnd, form) for _ in range(rnd.choice([1, 1, 2, 3]))]
    text = "d;x\n" + "".join(f"{cell};1\n" for cell in cells)
    options: dict[str, Any] = {"sep": ";", "parse_dates": ["d"], "date_format": form}
    if rnd.random() < 0.2:
        options["index_col"] = "d"
    return text.encode(), options


@WAYS
def test_formats(arguments: tuple[str, ...]) -> None:
    rnd = random.Random(SEED)
    calls = [draw_formatted(rnd) for _ in range(CASES)]
    wrong = [
        f"{data!r} {options}\n    {found}"
        for (data, options), frame in zip(calls, our_frames(calls, BUILD, arguments))
        if (found := difference(data, options, frame))
    ]
    assert not wrong, f"{len(wrong)} of {len(calls)}, among them\n" + "\n".join(wrong[:12])
