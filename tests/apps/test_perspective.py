"""Perspective over a feed: pivots of a million rows, which follow it, without a copy of it."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shmpub
from conftest import Served, until

pytest.importorskip("perspective")
from shmpub.ext.perspective import Server, table


@pytest.fixture
def feed(served: Served) -> shmpub.Feed:
    return shmpub.subscribe("quotes", served.instance, directory=served.shm)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "shmpub" in thread.name]


def test_a_view_follows_the_feed(served: Served, feed: shmpub.Feed) -> None:
    made = table(feed)
    assert made.size() == 200
    assert made.schema()["bid"] == "float"
    view = made.view(group_by=["symbol"], columns=["bid"], aggregates={"bid": "max"})
    assert view.to_columns()["bid"][0] == 1001.25
    heard = threading.Event()
    view.on_update(lambda *_: heard.set())
    for rows in (200, 300):
        until(heard.is_set)
        heard.clear()
        price = served.write(rows)
        assert heard.wait(20)
        until(lambda price=price: view.to_columns()["bid"][0] == price, 10)
    assert made.size() == 300
    assert made.view(columns=["bid"]).num_rows() == 300


def test_what_happens_to_a_view(served: Served, feed: shmpub.Feed) -> None:
    """The source fails; its columns change; the feed is not there."""
    made = table(feed)
    view = made.view(columns=["bid", "symbol"], sort=[["bid", "desc"]])
    assert view.to_columns()["bid"][0] == 1001.25
    served.write(text="time,symbol,bid\n1,2,3\n1,2,3,4\n")
    until(lambda: feed.last_error)
    assert view.to_columns()["bid"][0] == 1001.25
    served.write(text="time,symbol\n2024-03-01,A\n")
    until(lambda: feed.sequence == 2)
    assert view.to_columns()["bid"][0] == 1001.25
    assert made.view(columns=["symbol"]).to_columns()["symbol"] == ["A"]
    with pytest.raises(shmpub.FeedNotFound):
        table(shmpub.subscribe("nothing", served.instance, directory=served.shm))


def test_a_session_ends(feed: shmpub.Feed) -> None:
    before = len(threads())
    session = Server(feed).new_session(lambda answer: None)
    assert len(threads()) == before + 1
    session.close()
    until(lambda: len(threads()) == before, 20)


def test_types_that_it_lacks(served: Served, feed: shmpub.Feed) -> None:
    """Big integers, text with NA, an empty column, times with a zone, and names with a blank."""
    served.write(
        text="time,symbol,bid,a b,x_y\n2024-03-01T09:30+01:00,A,123456789012345678901234567890,,1\n"
        "2024-03-01T09:30+01:00,,1,,2\n"
    )
    until(lambda: feed.sequence == 2)
    names = ["time", "symbol", "bid", "a b", "x_y"]
    found = table(feed).view(columns=names).to_columns()
    assert found["symbol"] == ["A", None]
    assert found["bid"][0] == "123456789012345678901234567890"
    assert len(found) == 5


def test_without_perspective(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "perspective", None)
    monkeypatch.delitem(sys.modules, "shmpub.ext.perspective")
    with pytest.raises(ImportError, match="pip install perspective-python"):
        importlib.import_module("shmpub.ext.perspective")


def anonymous() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss_Anon"))


def test_a_million_rows(served: Served, feed: shmpub.Feed) -> None:
    served.write(1_000_000)
    until(lambda: feed.sequence == 2)
    made = table(feed)
    size, before = feed.snapshot().nbytes, anonymous()
    view = made.view(group_by=["symbol"], columns=["bid"], aggregates={"bid": "max"})
    flat = made.view(columns=["time", "bid"])
    assert view.to_columns()["bid"][0] == 1002.25
    assert flat.num_rows() == 1_000_000
    assert len(flat.to_columns(start_row=500_000, end_row=500_020)["bid"]) == 20
    grown = anonymous() - before
    print(f"table {size >> 20} MiB, a pivot and a flat view: {grown >> 20} MiB of its own")
    assert grown < size


def test_in_jupyterlab(
    opened: Callable[..., Any],
    served: Served,
    page: Any,
    shoot: Callable[[Any, str], Path],
) -> None:
    opened(
        "from perspective.widget import PerspectiveWidget\n"
        "from shmpub.ext.perspective import table\n"
        "PerspectiveWidget(table(feed), group_by=['symbol'], columns=['bid', 'size'],\n"
        "                  aggregates={'bid': 'max'})"
    )
    cells = page.locator("regular-table tbody td")  # it looks into shadow roots, too

    def shows(price: float) -> bool:
        return any(f"{price:,.2f}" in text for text in cells.all_inner_texts())

    until(lambda: shows(1001.25))
    for rows in (200, 201, 1_000_000):
        price = served.write(rows)
        until(lambda price=price: shows(price), 40)
    shoot(page, "perspective")
