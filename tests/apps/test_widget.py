"""The kernel's side of the widget, without a browser: what pages may send and get."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import shmpub
from conftest import Served, until

pytest.importorskip("anywidget")
from shmpub import _widget
from shmpub._widget import WidgetView


@pytest.fixture
def view(served: Served) -> Iterator[WidgetView]:
    feed = shmpub.subscribe("quotes", served.instance, directory=served.shm)
    made = WidgetView(feed, 5, None, None, lambda view: None)
    yield made
    made.widget.close()


def ask(view: WidgetView, **asked: Any) -> dict[str, Any]:
    view.widget.asked = {**view.widget.asked, **asked}
    view._send_at = 0.0  # as if a tenth of a second had passed
    view.refresh()
    return dict(view.widget.table)


def say(view: WidgetView, message: Any) -> None:
    view._hears(view.widget, message, [])


def test_what_is_sent_first(view: WidgetView) -> None:
    facts, table = view.widget.facts, view.widget.table
    assert (facts["name"], facts["state"], facts["sequence"], facts["rows"]) == (
        *("quotes", "fresh", 1, 200),
    )
    assert [name for name, _ in table["head"]] == ["", "time", "symbol", "bid", "ask", "size"]
    assert len(table["rows"]) == 5


@pytest.mark.parametrize(
    ("asked", "offset", "n"),
    [
        ({"offset": 10}, 10, 5),
        ({"offset": 198}, 198, 2),
        ({"offset": 10**9}, 199, 1),
        ({"offset": -3}, 0, 5),
        ({"offset": "x"}, 0, 5),
        ({"offset": float("nan")}, 0, 5),
        ({"offset": True}, 0, 5),
        ({"page": 10**9}, 0, 200),
        ({"page": None}, 0, 1),
        ({"order": [1, True]}, 0, 5),
        ({"order": [99, True, "bid"]}, 0, 5),
        ({"order": [3, True, "ask"]}, 0, 5),
        ({"order": "bid"}, 0, 5),
        ({"chart": 7}, 0, 5),
    ],
)
def test_what_a_page_may_ask(view: WidgetView, asked: dict[str, Any], offset: int, n: int) -> None:
    table = ask(view, **asked)
    assert (table["offset"], len(table["rows"]), table["order"]) == (offset, n, None)
    assert view.widget.chart == b""


def test_an_order_and_a_chart(view: WidgetView) -> None:
    table = ask(view, order=[3, True, "bid"], chart="ask")
    assert table["rows"][0][3] == "1001.25"
    assert table["charted"] == "ask"
    assert len(view.widget.chart) == 4 * 200


def test_a_pause_holds_the_table(view: WidgetView, served: Served) -> None:
    shown = ask(view, paused=True)
    served.write()
    until(lambda: view._feed.sequence == 2)
    assert ask(view, paused=True) == shown
    assert (view.widget.facts["sequence"], view.widget.facts["newest"]) == (1, 2)
    assert ask(view, paused=False)["rows"][0][3] == "1002.25"


@pytest.mark.parametrize("message", [None, "gone", [], {}, {"kind": "x"}, {"kind": {}, "id": []}])
def test_messages_that_mean_nothing(view: WidgetView, message: Any) -> None:
    say(view, message)
    assert not view.is_asleep()


def test_it_sleeps_without_a_page(view: WidgetView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_widget, "_GRACE", 0.0)
    say(view, {"kind": "here", "id": "one"})
    say(view, {"kind": "here", "id": "two"})
    say(view, {"kind": "gone", "id": "one"})
    assert not view.is_asleep()
    say(view, {"kind": "gone", "id": "two"})
    until(view.is_asleep, 5)
    view.let_go()
    say(view, {"kind": "here", "id": "three"})
    assert not view.is_asleep()
    view.refresh()
    assert len(view.widget.table["rows"]) == 5


def test_a_page_that_says_nothing_is_forgotten(view: WidgetView) -> None:
    say(view, {"kind": "here", "id": "old"})
    view.pages["old"] -= 2 * _widget._FORGET
    say(view, {"kind": "here", "id": "new"})
    assert list(view.pages) == ["new"]


@pytest.mark.parametrize(("unseen", "pause"), [(0, 0.1), (100, 1), (1000, 10), (5000, 60)])
def test_the_longer_no_page_confirms_the_less_is_sent(
    view: WidgetView, unseen: int, pause: float
) -> None:
    view._unseen, view._send_at, view._beat_at = unseen, 0.0, 0.0
    before = time.monotonic()
    view.refresh()
    assert before + pause <= view._send_at <= time.monotonic() + pause
    say(view, {"kind": "seen", "id": "one"})
    assert view._unseen == 0


def test_its_end(view: WidgetView) -> None:
    assert not view.is_closed()
    view.is_cancelled = True
    view._send_at = view._beat_at = 0.0
    view.refresh()
    assert view.widget.facts["state"] == "ended"
    view.output_is_gone()
    assert view.is_closed()


def test_columns(served: Served) -> None:
    feed = shmpub.subscribe("quotes", served.instance, directory=served.shm)
    made = WidgetView(feed, None, ["bid", "nothing"], "bid", lambda view: None)
    assert made.widget.facts["note"] == "no column 'nothing'"
    assert made.widget.table["charted"] == "bid"
    made.widget.close()


def test_a_feed_that_is_not_there(served: Served, view: WidgetView) -> None:
    feed = shmpub.subscribe("qoutes", served.instance, directory=served.shm)
    made = WidgetView(feed, None, None, None, lambda view: None)
    assert made.widget.facts["state"] in ("removed", "error")
    assert made.widget.facts["why"]
    assert made.widget.table == {}
    made.widget.close()
