"""The example notebooks, run from first to last cell in a kernel, with a real daemon."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from conftest import ROOT, Daemon
from programs import BUILD

BOOKS = ROOT / "examples/notebooks"
QUOTES = "time,symbol,bid,ask\n2024-03-01T09:30,AAPL,{0},{0}\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A function that runs a notebook; it raises what a cell raises."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    monkeypatch.setenv("SHMPUB_DAEMON", str(BUILD / "daemon/shmpubd"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    def go(name: str) -> Any:
        book = nbformat.read(BOOKS / name, as_version=4)
        nbclient.NotebookClient(book, timeout=50, kernel_name="python3").execute()
        return book

    return go


def said(book: Any) -> str:
    """All text that the cells have shown."""
    outputs = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    texts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in outputs]
    return "\n".join(texts)


def test_all_are_run_and_kept_without_outputs() -> None:
    nbformat = pytest.importorskip("nbformat")
    assert {path.name for path in BOOKS.glob("*.ipynb")} == {"serve.ipynb", "subscribe.ipynb"}
    for path in BOOKS.glob("*.ipynb"):
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        assert not [cell for cell in book.cells if cell.get("outputs")], path.name


def test_a_daemon_of_its_own(run: Callable[[str], Any]) -> None:
    out = said(run("serve.ipynb"))
    assert "180.5" in out
    assert "failing" in out
    assert ":3: 5 fields, expected 3" in out


def test_somebody_else_s(
    run: Callable[[str], Any], daemon: Callable[..., Daemon], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source changes while it runs."""
    served = daemon()
    source = served.source("quotes.csv", QUOTES.format(180.25))
    served.configure({"quotes": f"source = {source}\nwatch = yes\nparse_dates = time"})
    served.start()
    monkeypatch.setenv("SHMPUB_INSTANCE", served.instance)
    monkeypatch.setenv("SHMPUB_DIRECTORY", str(served.shm))
    over = Event()

    def change() -> None:
        prices = itertools.count(200)
        while not over.wait(0.3):
            served.source("quotes.csv", QUOTES.format(next(prices)))

    writer = Thread(target=change)
    writer.start()
    try:
        out = said(run("subscribe.ipynb"))
    finally:
        over.set()
        writer.join()
    assert re.search(r"^\d+ 0 1 0$", out, re.M)  # one row, changed
    assert "2024-03-01 09:30:00" in out
