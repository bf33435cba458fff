"""Runs the examples of the README, and those of the docstrings."""

from __future__ import annotations

import datetime
import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import operations_table
import pytest
from conftest import BUILD, IS_WINDOWS, read
from handmade import Instance

import shmpub

README = Path(__file__).parents[1] / "README.md"
PROGRAM = BUILD / "daemon" / ("shmpubd.exe" if IS_WINDOWS else "shmpubd")
BLOCKS = dict(
    re.findall(r"<!-- test: (\w+) -->\n```python\n(.*?)```", README.read_text(), re.DOTALL)
)


def test_all_examples_are_found() -> None:
    assert len(BLOCKS) == README.read_text().count("```python") >= 5


@pytest.fixture
def quotes(instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed that the examples use."""
    text = "time,bid,ask,symbol\n2024-03-01T09:30,180.25,180.27,AAPL\n"
    instance.publish("quotes", read(text, index_col=0, parse_dates=[0]), 3)
    monkeypatch.setenv("SHMPUB_DIRECTORY", str(directory))


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder, with the files that the examples serve, and the daemon for them."""
    (tmp_path / "data").mkdir()
    for day in (1, 2):
        text = f"time,bid,ask\n2024-03-0{day}T09:30,180.25,180.27\n"
        (tmp_path / f"data/{day}.csv").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHMPUB_DAEMON", str(PROGRAM))


@pytest.mark.usefixtures("sources")
@pytest.mark.skipif(not PROGRAM.exists(), reason="needs shmpubd")
def test_docstring_of_serve() -> None:
    (example,) = doctest.DocTestFinder().find(shmpub.serve, "serve", globs={})
    found = doctest.DocTestRunner().run(example)
    assert found.attempted == 4
    assert not found.failed


@pytest.mark.skipif(not operations_table.PAGE.exists(), reason="the package is alone here")
def test_the_tables_of_operations_are_those_that_run() -> None:
    """Otherwise: python client-py/tests/operations_table.py."""
    page = operations_table.PAGE.read_text()
    assert page == operations_table.page_with(operations_table.table())


SERVED = {"serve", "Served"}  # their examples need a daemon
EXAMPLES = [
    example
    for name in sorted({*shmpub.__all__} - SERVED)
    for example in doctest.DocTestFinder(exclude_empty=True).find(
        getattr(shmpub, name), name, module=False, globs={}
    )
    if example.examples
]


def test_every_public_object_has_an_example() -> None:
    """Exceptions have one together, that of Error."""
    told = {example.name.partition(".")[0] for example in EXAMPLES}
    others = {n for n in shmpub.__all__ if not _is_error(n)} | {"Error"}
    assert told >= others - SERVED
    of_feed = ["df", "snapshot", "wait", "changed", "updates", "on_update", "errors", "age"]
    of_snapshot = ["df", "arrow", "polars", "numpy", "column", "columns", "shape", "diff"]
    members = {f"Feed.{name}" for name in of_feed} | {f"Snapshot.{name}" for name in of_snapshot}
    assert members <= {example.name for example in EXAMPLES}


def _is_error(name: str) -> bool:
    value = getattr(shmpub, name)
    return isinstance(value, type) and issubclass(value, Exception)


@pytest.mark.usefixtures("quotes")
@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_docstring(example: doctest.DocTest) -> None:
    """Each with a feed and its snapshot at hand, which the reader is expected to have."""
    if example.name.endswith((".polars", ".arrow")):
        pytest.importorskip(example.name.rpartition(".")[2].replace("arrow", "pyarrow"))
    feed = shmpub.subscribe("quotes")
    held = shmpub.subscribe("quotes").snapshot()
    names = {"shmpub": shmpub, "feed": feed, "snap": held, "datetime": datetime}
    example.globs = names
    heard: list[str] = []
    found = doctest.DocTestRunner().run(example, out=heard.append)
    assert not found.failed, "".join(heard)


@pytest.mark.usefixtures("quotes", "sources")
@pytest.mark.skipif(not IS_WINDOWS, reason="each in a process of its own: the next one")
@pytest.mark.parametrize("name", BLOCKS)
def test_example_here(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All examples run in one process, because importing pandas takes long under Wine."""
    exec(compile(BLOCKS[name], name, "exec"), {"__name__": "__main__"})
    if name == "first":
        assert "spread" in capsys.readouterr().out


@pytest.mark.usefixtures("quotes", "sources")
@pytest.mark.skipif(IS_WINDOWS, reason="all in one process: the one before")
@pytest.mark.parametrize("name", BLOCKS)
def test_example(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCKS[name]],
        capture_output=True,
        text=True,
        timeout=50,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    if name == "first":
        assert "spread" in done.stdout
