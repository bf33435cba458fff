"""live() in JupyterLab, looked at in Chromium."""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import BLOCKS, Served, until
from lab import Book, Lab

pytest.importorskip("jupyterlab")
pytest.importorskip("anywidget")

THREADS = "[t.name for t in __import__('threading').enumerate() if 'shmpub' in t.name]"


def texts(page: Any, selector: str) -> list[str]:
    return list(page.locator(selector).all_inner_texts())


def cells_of(page: Any, column: int) -> list[str]:
    return texts(page, f".shmpub-live tbody td:nth-child({column + 1})")


def badge(page: Any) -> str:
    return str(page.locator(".shmpub-live .shmpub-badge").first.inner_text())


def test_the_widget(
    opened: Callable[..., Book], served: Served, page: Any, shoot: Callable[[Any, str], Path]
) -> None:
    book = opened("feed.live(rows=8, plot='ask')")
    page.wait_for_selector(".shmpub-live tbody tr")
    assert badge(page) == "FRESH"
    assert len(cells_of(page, 0)) == 8
    assert page.locator(".shmpub-live path").get_attribute("d").count("L") == 199

    # It changes by itself when the source does, also while a cell computes.
    newest = served.write()
    until(lambda: f"{newest:.2f}".rstrip("0") in cells_of(page, 3), 10)
    book.begin("import time\nend = time.time() + 4\nwhile time.time() < end: pass")
    newest = served.write()
    before = time.monotonic()
    until(lambda: f"{newest:.2f}".rstrip("0") in cells_of(page, 3), 3.5)
    assert time.monotonic() - before < 3.5

    # It turns over the whole table, and sorts it.
    page.get_by_title("last rows").click()
    until(lambda: cells_of(page, 5)[-1:] == ["299"])
    assert "rows 193 to 200 of 200" in page.locator(".shmpub-bar").inner_text()
    header = page.locator(".shmpub-live th", has_text="bid")
    header.click()
    until(lambda: "▴" in header.inner_text())
    bids = [float(text) for text in cells_of(page, 3)]
    assert bids == sorted(bids)
    header.click()
    until(lambda: cells_of(page, 3)[0] == f"{newest:.2f}".rstrip("0"))

    # A chosen column is drawn; a pause holds this version.
    drawn = page.locator(".shmpub-live path").get_attribute("d")
    page.locator(".shmpub-live select").select_option("size")
    until(lambda: page.locator(".shmpub-live path").get_attribute("d") != drawn)
    page.get_by_text("Pause").click()
    until(lambda: badge(page) == "PAUSED")
    shown = cells_of(page, 3)
    served.write()
    until(lambda: "newest is" in page.locator(".shmpub-about").inner_text())
    assert cells_of(page, 3) == shown
    page.get_by_text("Resume").click()
    until(lambda: cells_of(page, 3) != shown)

    # It tells what is wrong, and when the publisher is gone.
    served.write(text="time,symbol,bid,ask,size\n1,2,3,4,5\n<script>,1,2,3,4,5,6\n")
    until(lambda: badge(page) == "FAILING")
    assert ":3: " in page.locator(".shmpub-why").inner_text()
    served.stop()
    until(lambda: badge(page) == "GONE")
    assert len(cells_of(page, 0)) == 8

    # One thread, which ends with the output; and a new one for a new output.
    assert book.says(THREADS) == "['shmpub-live']"
    book.command("notebook:clear-all-cell-outputs")
    until(lambda: book.says(THREADS) == "[]", 40, 0.5)


def test_the_kernel_s_end_is_seen(opened: Callable[..., Book], served: Served, page: Any) -> None:
    book = opened("feed.live()")
    page.wait_for_selector(".shmpub-live tbody tr")
    book.restart()
    until(lambda: badge(page) == "NO KERNEL", 30)
    assert len(cells_of(page, 0)) == 10
    book.run_all()
    until(lambda: badge(page) == "FRESH")


def test_its_cell_run_again_leaves_one(
    opened: Callable[..., Book], served: Served, page: Any
) -> None:
    book = opened("feed.live()")
    page.wait_for_selector(".shmpub-live tbody tr")
    views = "__import__('shmpub')._live._views.__len__()"
    for _ in range(3):
        book.run_all()
    until(lambda: book.says(views) == "1", 30, 0.5)
    # The registry of widgets would keep each for ever: table, and layout.
    widgets = "__import__('ipywidgets').widgets.widget._instances"
    assert book.says(f"sum(type(w).__name__ == 'LiveTable' for w in {widgets}.values())") == "1"


def test_a_fast_feed_is_coalesced(opened: Callable[..., Book], served: Served, page: Any) -> None:
    opened("feed.live()")
    page.wait_for_selector(".shmpub-live tbody tr")
    page.evaluate(
        """() => { window.drawn = 0; new MutationObserver(() => window.drawn++)
            .observe(document.querySelector('.shmpub-live table'), {childList: true}); }"""
    )
    start = time.monotonic()
    while time.monotonic() < start + 3:
        newest = served.write(20)
        time.sleep(0.02)
    until(lambda: f"{newest:.2f}".rstrip("0") in cells_of(page, 3), 10)
    drawn = page.evaluate("() => window.drawn")
    assert 3 <= drawn <= 12 * (time.monotonic() - start)


def test_what_cells_show(
    opened: Callable[..., Book], served: Served, page: Any, shoot: Callable[[Any, str], Path]
) -> None:
    opened("feed", "shmpub.feeds()", "feed.snapshot()")
    page.wait_for_selector("text=published")
    assert texts(page, ".shmpub .shmpub-badge") == ["FRESH", "FRESH"]
    shoot(page, "cells")


def test_without_the_widget(opened: Callable[..., Book], served: Served, page: Any) -> None:
    opened("feed.live(rows=3, widget=False)")
    page.wait_for_selector("text=/quotes: sequence/")
    newest = served.write()
    page.wait_for_selector(f"text=/{re.escape(f'{newest:.2f}'.rstrip('0'))}/")


@pytest.mark.short
def test_the_start_page(lab: Lab, page: Any, shoot: Callable[[Any, str], Path]) -> None:
    """docs/start.md in the real thing: its cell, and its change of the file."""
    subprocess.run(["sh", "-ec", BLOCKS["start-data"]], cwd=lab.folder, check=True)
    lab.open(page, lab.write("start.ipynb", [BLOCKS["start-serve"]])).run_all()
    page.wait_for_selector(".shmpub-live tbody tr")
    assert cells_of(page, 2) == ["AAPL", "MSFT", "NVDA"]
    subprocess.run(["sh", "-ec", BLOCKS["start-change"]], cwd=lab.folder, check=True)
    until(lambda: cells_of(page, 2)[-1:] == ["ORCL"], 10)
    walk(lab.folder / "data/quotes.csv")
    until(lambda: len(cells_of(page, 0)) == 10, 10)
    shoot(page.locator(".shmpub-live"), "live-widget")
    shoot(page, "jupyterlab")


def walk(path: Path) -> None:
    """Prices that rise and fall, for the pictures."""
    chance, price, lines = random.Random(7), 180.0, ["time,symbol,bid,ask"]
    for n in range(400):
        price += chance.gauss(0, 0.08)
        lines.append(
            f"2024-03-01T09:{30 + n // 60}:{n % 60:02},AAPL,{price:.2f},{price + 0.02:.2f}"
        )
    path.with_name("new").write_text("\n".join(lines) + "\n")
    path.with_name("new").replace(path)
