"""shmpubd --check tells what each feed would read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import run_shmpubd


def table(folder: Path, text: str, *more: str) -> list[list[str]]:
    ini = folder / "c.ini"
    ini.write_text(text)
    done = run_shmpubd("-c", ini, "--check", *more)
    assert done.returncode == 0, done.stderr
    return [re.split(r"  +", line) for line in done.stdout.splitlines()]


@pytest.fixture
def folder(open_folder: Path) -> Path:
    for name, mode in (("open", 0o644), ("closed", 0o600)):
        (open_folder / f"{name}.csv").write_text("a\n1\n")
        (open_folder / f"{name}.csv").chmod(mode)
    return open_folder


def test_each_feed(folder: Path) -> None:
    text = (
        "[defaults]\ninterval = 1500ms\ndecimal = comma\n"
        "[feed b]\nsource = open.csv\n"
        "[feed a]\nsource = closed.csv\ninterval = 2m\nindex_col = a\n"
        "[feed c]\nsource = open.csv\nfile_mode = 0600\ninterval = 0\n"
        "[feed run]\nsource = exec: /bin/cat secret-file\nenvironment = TOKEN=secret\n"
        "file_mode = 0644\n"
    )
    rows = table(folder, text)
    assert rows[0] == ["FEED", "KIND", "SOURCE", "EVERY", "READ BY", "OPTIONS"]
    by_name = {row[0]: row[1:] for row in rows[1:]}
    assert [row[0] for row in rows[1:]] == ["a", "b", "c", "run"]
    mine = "the daemon's user (0600)"
    options = "index_col=a; decimal=comma"
    assert by_name["a"] == ["file", f"{folder}/closed.csv", "2m", mine, options]
    assert by_name["b"][2:] == ["1500ms", "everybody (0644)", "decimal=comma"]
    assert by_name["c"][2:] == ["at start", mine, "file_mode=0600; decimal=comma"]
    assert by_name["run"][0] == "command"
    assert "secret" not in str(rows).replace("secret-file", "")


def test_quiet(folder: Path) -> None:
    assert table(folder, "[feed a]\nsource = open.csv\n", "--quiet") == []
    done = run_shmpubd("-c", folder / "c.ini", "--quiet")
    assert done.returncode == 2 and "--quiet goes with --check" in done.stderr


def test_nothing_is_shown_of_what_is_wrong(folder: Path) -> None:
    ini = folder / "c.ini"
    ini.write_text("[feed a]\nsauce = open.csv\n")
    done = run_shmpubd("-c", ini, "--check")
    assert (done.returncode, done.stdout) == (1, "")
