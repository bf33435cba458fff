"""%load_ext shmpub, in IPython's own shell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import read
from handmade import Instance


class Cells:
    """A shell in which cells are run; what a cell printed is in `said`."""

    def __init__(self, shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell = shell
        self.capsys = capsys
        self.said = ""

    def run(self, cell: str) -> Any:
        done = self.shell.run_cell(cell, store_history=False)
        out = self.capsys.readouterr()
        self.said = out.err
        done.raise_error()
        return done.result

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]


@pytest.fixture
def cells(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Cells]:
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.setenv("SHMPUB_DIRECTORY", str(directory))
    shell = InteractiveShell()
    shell.run_cell("%load_ext shmpub")
    yield Cells(shell, capsys)
    shell.run_cell("%unload_ext shmpub")


def test_lists(cells: Cells, instance: Instance) -> None:
    instance.publish("quotes", read("a\n1\n"), 4)
    assert list(cells.run("%shmpub").index) == ["quotes"]


def test_gives_a_feed(cells: Cells, instance: Instance) -> None:
    instance.publish("quotes", read("a\n1\n"), 4)
    cells.run("feed = %shmpub quotes")
    assert cells["feed"].sequence == 4


def test_keeps_a_name_newest(cells: Cells, instance: Instance) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    cells.run("%shmpub quotes as df")
    assert cells["df"]["a"].tolist() == [1]
    instance.publish("quotes", read("a\n2\n"), 2)
    assert cells.run("df['a'].tolist()") == [2]
    frame = cells["df"]
    cells.run("pass")
    assert cells["df"] is frame  # nothing newer: what the user wrote into it stays


def test_lets_go_of_a_name_that_is_bound_to_something_else(
    cells: Cells, instance: Instance
) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    cells.run("%shmpub quotes as df")
    cells.run("%shmpub quotes as other")
    cells.run("df = 5; del other")
    instance.publish("quotes", read("a\n2\n"), 2)
    cells.run("pass")
    assert cells["df"] == 5
    assert "other" not in cells.shell.user_ns
    cells.run("%shmpub off df")
    assert "df follows no feed" in cells.said


@pytest.mark.parametrize("off", ["%shmpub off df", "%shmpub off"])
def test_off(cells: Cells, instance: Instance, off: str) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    cells.run("%shmpub quotes as df")
    cells.run(off)
    assert cells.said == ""
    instance.publish("quotes", read("a\n2\n"), 2)
    assert cells.run("df['a'].tolist()") == [1]


def test_a_failure_is_told_once_and_the_last_table_kept(cells: Cells, instance: Instance) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    cells.run("%shmpub quotes as df")
    instance.fail("quotes", "/data/q.csv:7: 3 fields")
    assert cells.run("df['a'].tolist()") == [1]
    assert cells.said == "shmpub: df keeps its last table, failing: /data/q.csv:7: 3 fields\n"
    cells.run("pass")
    assert cells.said == ""
    instance.publish("quotes", read("a\n2\n"), 2)
    assert cells.run("df['a'].tolist()") == [2]
    assert cells.said == ""
    instance.set_state(3)
    assert cells.run("df['a'].tolist()") == [2]
    assert "gone: publisher gone: stopped" in cells.said


def test_a_snapshot_that_is_broken(cells: Cells, instance: Instance) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    cells.run("%shmpub quotes as df")
    instance.place("quotes", b"no Arrow file")
    instance.announce("quotes", 2)
    assert cells.run("df['a'].tolist()") == [1]
    assert "df keeps its last table, error: " in cells.said
    assert "quotes.arrow" in cells.said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("qoutes as df", "the nearest is 'quotes'"),
        ("late as df", "late was not published yet"),
        ("quotes as d-f", "'d-f' is no name of a variable"),
        ("quotes df", "%shmpub [-i INSTANCE]"),
        ("quotes as", "%shmpub [-i INSTANCE]"),
        ("-x", "%shmpub [-i INSTANCE]"),
        ("-i", "-i wants a value"),
        ("off a b", "%shmpub [-i INSTANCE]"),
        ("-i other quotes as df", "nothing is published at"),
        ("-i other", "nothing is published at"),
        ("-d /no/where", "nothing is published at"),
    ],
)
def test_what_can_not_be_is_told(cells: Cells, instance: Instance, line: str, told: str) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    instance.slot("late")
    assert cells.run(f"%shmpub {line}") is None
    assert told in cells.said
    assert "Traceback" not in cells.said
    assert "df" not in cells.shell.user_ns


def test_instance_and_directory(cells: Cells, directory: Path, instance: Instance) -> None:
    other = Instance(directory, "other")
    other.publish("trades", read("a\n8\n"), 1)
    cells.run(f"%shmpub -i other -d {directory} trades as df")
    assert cells["df"]["a"].tolist() == [8]


def test_loaded_twice_and_unloaded(cells: Cells, instance: Instance) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    cells.run("%shmpub quotes as df")
    cells.run("%load_ext shmpub")
    cells.run("%reload_ext shmpub")
    callbacks = cells.shell.events.callbacks["pre_run_cell"]
    assert sum("before_cell" in repr(call) for call in callbacks) == 1
    cells.run("%unload_ext shmpub")
    assert not any("before_cell" in repr(call) for call in callbacks)
    instance.publish("quotes", read("a\n2\n"), 2)
    assert isinstance(cells["df"], pd.DataFrame)
    assert cells.run("df['a'].tolist()") == [1]
    assert cells.shell.find_line_magic("shmpub") is None
