"""[defaults]: values for the keys that feeds do not set themselves, included files as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Daemon, run_shmpubd

Make = Callable[[], Daemon]


def check(folder: Path, text: str, **files: str) -> tuple[int, list[str]]:
    ini = folder / "c.ini"
    ini.write_text(text)
    for name in ("a", "b", "c"):
        (folder / f"{name}.csv").write_text("x\n1\n")
    (folder / "conf.d").mkdir(exist_ok=True)
    for name, part in files.items():
        (folder / "conf.d" / f"{name}.ini").write_text(part)
    done = run_shmpubd("-c", ini, "--check")
    return done.returncode, done.stderr.replace(f"{folder}/", "").splitlines()


def test_what_a_feed_does_not_set(daemon: Make) -> None:
    d = daemon()
    (d.folder / "conf.d").mkdir()
    for name in ("a", "b", "c", "e"):
        d.source(f"{name}.csv", "x;y\n1;2,5\n")
    d.source("own.csv", "x,y\n1,2.5\n")
    (d.folder / "conf.d" / "team.ini").write_text(
        "[feed c]\nsource = ../c.csv\n[defaults]\ndtype.y = str\ninterval = 3s\n"
        "[feed e]\nsource = ../e.csv\n"
    )
    d.configure(
        "[defaults]\ninterval = 2s\ndelimiter = semicolon\ndecimal = comma\n"
        "[feed a]\nsource = a.csv\n"
        "[feed b]\nsource = b.csv\ninterval = 1s\ndtype.x = str\n"
        "[feed own]\nsource = own.csv\nsep = ,\ndecimal = point\n",
        "include = conf.d/*.ini",
    )
    d.start()
    for name, x, y in (("a", 1, 2.5), ("b", "1", 2.5), ("own", 1, 2.5), ("c", 1, "2,5")):
        assert d.feed(name).df.iloc[0].tolist() == [x, y], name
    want = {"a": 2000, "b": 1000, "own": 2000, "c": 3000, "e": 3000}
    assert {name: d.status(name)["interval_ms"] for name in want} == want


def test_a_reload_that_changes_only_defaults(daemon: Make) -> None:
    d = daemon()
    d.source("a.csv", "x|y\n1|2\n")
    d.configure("[defaults]\nsep = |\n[feed a]\nsource = a.csv\n")
    d.start()
    assert list(d.feed("a").df.columns) == ["x", "y"]
    d.configure("[defaults]\nsep = |\ndtype = str\n[feed a]\nsource = a.csv\n")
    d.reload()
    d.wait_state("a", "fresh")
    feed = d.feed("a")
    feed.wait(10)
    assert feed.df.iloc[0].tolist() == ["1", "2"]


def test_place_in_the_file_does_not_matter(tmp_path: Path) -> None:
    assert check(tmp_path, "[feed a]\nsource = a.csv\n[defaults]\nfile_mode = 0600\n") == (0, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[defaults]\ninterval = soon\n", "c.ini:2: interval: "),
        (
            "[defaults]\nintervall = 5s\n",
            "c.ini:2: unknown key 'intervall' in [defaults], did you ",
        ),
        ("[defaults]\nworkers = 5\n", "c.ini:2: unknown key 'workers' in [defaults]"),
        ("[defaults]\nsource = a.csv\n", "c.ini:2: not in [defaults]: "),
        ("[defaults]\ncsv_segment = x\n", "c.ini:2: not in [defaults]: "),
        ("[defaults]\nsep = |\nsep = |\n", "c.ini:3: sep is set twice, first in line 2"),
        ("[defaults]\nsep = |\ndelimiter = |\n", "c.ini:3: delimiter is another name of sep"),
        ("[defaults]\nsep = |\n[defaults]\n", "c.ini:3: [defaults] stands twice, first in line 1"),
        ("[default]\nsep = |\n", "c.ini:1: unknown section [default], did you mean [defaults]?"),
    ],
)
def test_one_mistake_is_one_line(tmp_path: Path, text: str, told: str) -> None:
    feeds = "".join(f"[feed {name}]\nsource = {name}.csv\n" for name in ("a", "b", "c"))
    status, lines = check(tmp_path, text + feeds)
    assert status == 1
    assert len(lines) == 1 and lines[0].startswith(told), lines


def test_mistake_in_an_included_file(tmp_path: Path) -> None:
    status, lines = check(
        tmp_path,
        "[daemon]\ninclude = conf.d/*.ini\n[feed a]\nsource = a.csv\n",
        team="[defaults]\ninterval = 1\n[feed b]\nsource = ../b.csv\n",
    )
    assert status == 1 and len(lines) == 1 and lines[0].startswith("conf.d/team.ini:2: "), lines


def test_defaults_of_a_file_are_not_for_others(tmp_path: Path, daemon: Make) -> None:
    d = daemon()
    (d.folder / "conf.d").mkdir()
    d.source("a.csv", "x\n1\n")
    for name in ("b", "c"):
        extra = "[defaults]\ninterval = 1s\n" if name == "b" else ""
        (d.folder / "conf.d" / f"{name}.ini").write_text(
            f"{extra}[feed {name}]\nsource = ../a.csv\n"
        )
    d.configure("[feed a]\nsource = a.csv\n", "include = conf.d/*.ini")
    d.start()
    assert [d.status(name)["interval_ms"] for name in ("a", "b", "c")] == [5000, 1000, 5000]


def test_keys_of_segments_and_commands_are_for_those_that_have_them(tmp_path: Path) -> None:
    """They would be a mistake in a feed without a segment, or in one that reads a file."""
    text = (
        "[defaults]\nsegment_mode = 0600\nsegment_room = 1M\narray_dtype = int32\n"
        "timeout = 5s\nmax_source = 1G\nenvironment = A=b\nworking_directory = /\n"
        "[feed a]\nsource = a.csv\n[feed b]\nsource = b.csv\ncsv_segment = shmpub-test-b\n"
        "[feed c]\nsource = c.csv\narray_segment = shmpub-test-c\n"
        "[feed e]\nsource = exec: cat a.csv\nfile_mode = 0644\n"
    )
    assert check(tmp_path, text) == (0, [])


def test_only_defaults(tmp_path: Path) -> None:
    status, lines = check(tmp_path, "[defaults]\nsep = |\n")
    assert status == 1 and len(lines) == 1 and "no feed: " in lines[0]
