"""Only new and changed files of a pattern are read; the table is the same as if all were."""

from __future__ import annotations

import os
import random
import re
import time

import pandas as pd
import pytest
from conftest import Daemon, until
from pattern_feeds import FAST, frame_difference, make, put

ROWS = "a,b\n1,x\n2,y\n"


def read_counts(d: Daemon) -> list[tuple[int, int]]:
    """Return (files, files that were read) for each table of the log."""
    found = re.findall(r" rows of (\d+) files?(?:, (\d+) of them read)?, sequence", d.log_text())
    return [(int(n), int(read or n)) for n, read in found]


def settle() -> None:
    time.sleep(0.03)  # so that the files' times differ from what comes next


def serve_logged(daemon, files: dict[str, str], options: str = "") -> Daemon:
    d = make(daemon)
    put(d, files)
    settle()
    d.configure({"a": f"source = data/*\n{FAST}{options}"}, "log_level = debug")
    return d.start()


def read_all(d: Daemon) -> None:
    """Let another configuration read all files anew."""
    n = sequence(d)
    lines = [x for x in d.ini.read_text().splitlines() if not x.startswith("max_row_bytes")]
    d.ini.write_text("\n".join([*lines, f"max_row_bytes = {2 * 10**6 + n}", ""]))
    d.reload()
    until(lambda: sequence(d) > n)
    until(lambda: len(set(read_counts(d)[-1])) == 1)


def sequence(d: Daemon) -> int:
    return d.feed("a").sequence


def test_one_of_many_is_read(daemon):
    d = serve_logged(daemon, {f"{n:02}": ROWS for n in range(20)})
    until(lambda: read_counts(d) == [(20, 20)])
    for n, change in enumerate([{"07": "a,b\n7,z\n"}, {"00": "a,b\n0,q\n8,q\n"}, {"99": ROWS}]):
        settle()
        put(d, change)
        until(lambda n=n: len(read_counts(d)) == n + 2)
    assert read_counts(d)[1:] == [(20, 1), (20, 1), (21, 1)]
    settle()
    (d.folder / "data" / "03").unlink()
    until(lambda: len(d.feed("a").df) == 2 * 18 + 1 + 2)
    until(lambda: len(read_counts(d)) == 5)
    assert read_counts(d)[-1] == (20, 1)  # one shows which types there are
    before = d.feed("a").df
    read_all(d)
    assert frame_difference(before, d.feed("a").df) is None


def test_the_same_again_is_no_new_table(daemon):
    d = serve_logged(daemon, {f"{n:02}": ROWS for n in range(5)}, "filename_column = f")
    until(lambda: read_counts(d) == [(5, 5)])
    settle()
    put(d, {"02": "a,b\n3,x\n"})
    until(lambda: len(read_counts(d)) == 2)
    for _ in range(3):
        settle()
        put(d, {"02": "a,b\n3,x\n"})
        os.utime(d.folder / "data" / "03")
        unchanged = int(str(d.status("a")["unchanged"]))
        until(lambda unchanged=unchanged: int(str(d.status("a")["unchanged"])) > unchanged + 3)
    assert sequence(d) == 2
    settle()
    put(d, {"02": ROWS})  # as it was, but the table is another one now
    until(lambda: sequence(d) == 3)


def test_a_bad_file_is_told_with_its_line(daemon):
    """What is told does not depend on which files were read, and the last table stays."""
    d = serve_logged(daemon, {f"{n:02}": ROWS for n in range(9)})
    until(lambda: sequence(d) == 1)
    settle()
    put(d, {"05": "a,b\n1,x\n\n1,2,3\n"})
    row = until(lambda: (r := d.status("a"))["state"] == "failing" and r)
    assert "data/05:4: 3 fields, expected 2" in str(row["error"])
    put(d, {"05": ROWS})
    d.wait_state("a", "fresh")
    assert len(d.feed("a").df) == 18
    settle()
    put(d, {"07": "a,b\n9,z\n"})
    until(lambda: len(d.feed("a").df) == 17)
    assert read_counts(d)[-1] == (9, 1)


def test_rejected_rows_are_those_of_all_files(daemon):
    options = "on_bad_lines = feed\nmax_rejects = 3\n"
    d = serve_logged(daemon, {f"{n:02}": ROWS for n in range(5)}, options)
    until(lambda: sequence(d) == 1)
    for name in ("01", "03"):
        settle()
        put(d, {name: "a,b\n1,x\n1,2,3\n4,u\n"})
        until(lambda name=name: str(d.folder) and name in list(d.feed("a.rejects").df.file))
    assert list(d.feed("a.rejects").df.line) == [3, 3]
    settle()
    put(d, {"00": "a,b\n1,x\n1,2,3\n1,2,3\n"})
    row = until(lambda: (r := d.status("a"))["state"] == "failing" and r)
    assert "max_rejects is 3" in str(row["error"])
    put(d, dict.fromkeys(("00", "01", "03"), ROWS))
    d.wait_state("a", "fresh")
    until(lambda: len(d.feed("a.rejects").df) == 0)
    assert len(d.feed("a").df) == 10


def test_another_process_and_another_configuration_read_all(daemon):
    d = serve_logged(daemon, {f"{n:02}": ROWS for n in range(5)})
    until(lambda: read_counts(d) == [(5, 5)])
    d.configure({"a": f"source = data/*\n{FAST}dtype.a = float64\n"}, "log_level = debug")
    d.reload()
    until(lambda: d.feed("a").df.a.dtype == "float64")
    assert read_counts(d)[-1] == (5, 5)
    d.kill()
    put(d, {"03": "a,b\n9,z\n"})
    d.start()
    until(lambda: len(d.feed("a").df) == 9)
    assert read_counts(d)[-1] == (5, 5)


# --- anything that may happen to a folder


SORTS = {
    "int": lambda r: str(r.randrange(-50, 50)),
    "zero": lambda r: r.choice(["0", "-0", "1"]),
    "gap": lambda r: r.choice(["", "1", "2"]),
    "float": lambda r: f"{r.uniform(-9, 9):.3f}",
    "word": lambda r: r.choice(["x", "yy", "NA", "é", '"p,q"', ""]),
    "digits": lambda r: f"{r.randrange(99):05}",
    "bool": lambda r: r.choice(["True", "False"]),
    "day": lambda r: r.choice(["2026-01-02", "2026-03-04", ""]),
    "nothing": lambda r: "",
}
OPTIONS: list[tuple[str, dict[str, object], tuple[str, ...]]] = [
    ("", {}, ("int", "float", "word", "gap")),
    ("", {}, ("gap", "bool", "digits", "word")),
    ("parse_dates = a\n", {"parse_dates": ["a"]}, ("day", "int", "word", "float")),
    ("dtype.b = category\n", {"dtype": {"b": "category"}}, ("zero", "word", "float", "int")),
    ("index_col = a\n", {"index_col": "a"}, ("int", "float", "word", "gap")),
]


def random_file(draw: random.Random, usual: tuple[str, ...]) -> str:
    sorts = [draw.choice(list(SORTS)) if draw.random() < 0.04 else sort for sort in usual]
    n = draw.choice([0, 1, 7, 30, 30, 300])
    rows = [",".join(SORTS[sort](draw) for sort in sorts) for _ in range(n)]
    return "\n".join(["a,b,c,d", *rows]) + ("\n" if draw.random() < 0.9 else "")


def change(draw: random.Random, d: Daemon, usual: tuple[str, ...]) -> None:
    """Add, replace, rewrite, touch, rename or remove a file; the folder is never empty."""
    data = d.folder / "data"
    paths = sorted(p for p in data.iterdir() if not p.name.startswith("."))
    one, how = draw.choice(paths), draw.randrange(6)
    free = next(n for n in draw.sample(range(100), 100) if not (data / f"{n:02}").exists())
    if (how == 0 and len(paths) < 8) or len(paths) == 1:
        put(d, {f"{free:02}": random_file(draw, usual)})
    elif how == 1:
        one.unlink()
    elif how == 2:
        one.write_text(random_file(draw, usual))
    elif how == 3:
        os.utime(one)
    elif how == 4:
        one.rename(data / f"{free:02}")
    else:
        put(d, {one.name: random_file(draw, usual)})


def whole(d: Daemon, options: dict[str, object]) -> pd.DataFrame | None:
    """Return what pandas makes of all rows as one text; None: of no rows."""
    paths = sorted(p for p in (d.folder / "data").iterdir() if p.name[0] != ".")
    rows = [(p.name, row) for p in paths for row in p.read_text().splitlines()[1:]]
    if not rows:
        return None
    path = d.folder / "whole.csv"
    path.write_text("\n".join(["a,b,c,d", *(row for _, row in rows)]) + "\n")
    df = pd.read_csv(path, low_memory=False, **options)
    df["f"] = pd.Categorical([name for name, _ in rows], categories=[p.name for p in paths])
    return df


@pytest.mark.filterwarnings("ignore:Could not infer format")
@pytest.mark.parametrize("number", range(len(OPTIONS)))
def test_anything(daemon, number):
    """After each change the table is that of pandas, and of a refresh that reads all files."""
    lines, options, usual = OPTIONS[number]
    draw = random.Random(number)
    d = make(daemon)
    put(d, {f"{n:02}": random_file(draw, usual) for n in range(0, 80, 20)})
    put(
        d,
        {
            "10": "a,b,c,d\n"
            + "".join(",".join(SORTS[s](draw) for s in usual) + "\n" for _ in range(400))
        },
    )
    d.configure({"a": f"source = data/*\n{FAST}{lines}filename_column = f\n"}, "log_level = debug")
    d.start()
    feed = d.feed("a")
    for _ in range(60):
        settle()
        change(draw, d, usual)
        wanted = whole(d, options)
        if wanted is None:
            continue

        def is_wanted(wanted=wanted):
            return frame_difference(wanted, feed.df) is None

        until(is_wanted, seconds=10)
        if draw.random() < 0.2:
            before = feed.df
            read_all(d)
            assert frame_difference(before, feed.df) is None
    counts = read_counts(d)
    assert sum(read < n for n, read in counts) > 5, counts
