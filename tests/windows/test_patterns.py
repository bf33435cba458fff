"""Patterns as sources on Windows; tests/e2e/test_daemon_patterns*.py have more of them."""

from __future__ import annotations

import gzip

import pytest
from conftest import Make
from daemons import FAST
from wine import until


@pytest.mark.parametrize("watch", ["no", "yes"])
def test_both_slashes_letters_of_both_cases_and_changes(daemons: Make, watch: str) -> None:
    d = daemons()
    (d.folder / "data" / "x").mkdir(parents=True)
    d.source("data/x/1.csv", "n\r\n1\r\n2")
    d.source("data/x/2.CSV", b"\xef\xbb\xbfn\r\n3\r\n")
    d.source("data/x/3.csv.gz", gzip.compress(b"n\n4\n"))
    d.source("data/x/4.txt", "no,table\n")
    d.configure({"a": f"source = DATA/?\\*.csv*\nfilename_column = file\nwatch = {watch}\n{FAST}"})
    d.start()
    rows = ["n,file", "1,x/1.csv", "2,x/1.csv", "3,x/2.CSV", "4,x/3.csv.gz"]
    assert d.table() == rows
    (d.folder / "data" / "y").mkdir()
    d.source("data/y/1.csv", "n\n5\n")
    until(lambda: d.table() == [*rows, "5,y/1.csv"])
    (d.folder / "data" / "x" / "2.CSV").unlink()
    until(lambda: d.table() == [*rows[:3], rows[4], "5,y/1.csv"])
    path = d.source("data/y/1.csv", "n\n5\n6,7\n")
    d.wait_error(f"{d.wine.windows_path(path)}:3: ".rsplit("\\", 1)[1])
    d.source("data/y/1.csv", "n\n5\n6\n")
    until(lambda: d.table() == [*rows[:3], rows[4], "5,y/1.csv", "6,y/1.csv"])
