"""What notebooks show of a Feed, a Snapshot and a list of feeds."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from conftest import read
from handmade import Instance

import shmpub
from shmpub import _snapshot

EVIL = "<script>alert(1)</script>"


class Page(HTMLParser):
    """The elements and the text of a page. It fails when they are not nested as they should be."""

    def __init__(self, text: str | None) -> None:
        super().__init__()
        assert text is not None
        self.kinds: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.badges: list[str] = []
        self.in_badge = False
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kinds.add(tag)
        if tag != "br":
            self.open.append(tag)
        self.in_badge = "shmpub-badge" in (dict(attrs).get("class") or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.in_badge = False

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data
        if self.in_badge:
            self.badges.append(data)


def page_of(directory: Path, name: str = "quotes") -> Page:
    return Page(shmpub.subscribe(name, directory=directory)._repr_html_())


def test_a_feed_shows_its_facts_and_its_head(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", pd.DataFrame({"a": range(1000, 3000), "b": 0.5}), 7)
    page = page_of(directory)
    assert page.badges == ["FRESH"]
    for told in ("quotes", "sequence 7", "2,000 rows", "2 columns", "data 0 s old", "1004"):
        assert told in page.text
    assert "1005" not in page.text


def test_a_feed_tells_its_state_and_the_reason(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", read("a\n777\n"), 1)
    instance.announce("quotes", 2, mtime_ns=time.time_ns() - 7300 * 10**9)
    assert "data 2 h old" in page_of(directory).text
    instance.fail("quotes", "/data/q.csv:7: 3 <fields>, header has 2")
    page = page_of(directory)
    assert page.badges == ["FAILING"]
    assert "/data/q.csv:7: 3 <fields>, header has 2" in page.text
    assert "777" in page.text
    instance.set_state(3)
    page = page_of(directory)
    assert page.badges == ["GONE"]
    assert "publisher gone: stopped" in page.text
    assert "777" in page.text


def test_a_feed_that_is_late_for_three_intervals(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", read("a\n777\n"), 1)
    instance.looked("quotes", time.time_ns() - 3600 * 10**9)
    state = shmpub.subscribe("quotes", directory=directory).state
    assert page_of(directory).badges == [state.upper()]


def test_a_feed_without_a_table(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    instance.slot("late")
    instance.fail("broken", "/data/late.csv: no such file")
    instance.place("bytes", b"no Arrow file")
    instance.announce("bytes", 1)
    for name, badge, told in (
        ("late", "NEVER", "late was not published yet"),
        ("broken", "FAILING", "no such file"),
        ("bytes", "FRESH", "no Arrow file"),
        ("qoutes", "REMOVED", "the nearest is 'quotes'"),
        ("no/name", "REMOVED", "no/name"),
    ):
        page = page_of(directory, name)
        assert page.badges == [badge], name
        assert told in page.text, name


def test_no_daemon(directory: Path) -> None:
    page = page_of(directory)
    assert page.badges == ["GONE"]
    assert "nothing is published at" in page.text


def test_a_catalog_that_is_broken(instance: Instance, directory: Path) -> None:
    instance.put("<8s", 0, b"nonsense")
    page = page_of(directory)
    assert page.badges == ["ERROR"]
    assert "catalog" in page.text


def test_an_exception_that_nobody_expects(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)

    def fail(*_: object, **__: object) -> None:
        raise MemoryError("no <room>")

    monkeypatch.setattr(pd.DataFrame, "to_html", fail)
    assert "MemoryError: no <room>" in page_of(directory).text
    monkeypatch.setattr(_snapshot.Snapshot, "df", property(fail))
    assert "MemoryError: no <room>" in page_of(directory).text
    monkeypatch.setattr(shmpub.Feed, "age", property(fail))
    assert "MemoryError: no <room>" in page_of(directory).text


def test_all_text_is_escaped(instance: Instance, directory: Path) -> None:
    index = pd.Index([EVIL], name=f"i{EVIL}")
    instance.publish("quotes", pd.DataFrame({f"a{EVIL}": [f"c{EVIL}"]}, index=index), 1)
    instance.fail("quotes", f"line 1: {EVIL}")
    feed = shmpub.subscribe("quotes", directory=directory)
    other = shmpub.subscribe(EVIL, directory=directory)
    for text in (
        feed._repr_html_(),
        feed.snapshot()._repr_html_(),
        shmpub.feeds(directory=directory)._repr_html_(),
        other._repr_html_(),
    ):
        page = Page(text)
        assert EVIL in page.text
        assert "script" not in page.kinds


def test_light_and_dark(directory: Path) -> None:
    text = shmpub.subscribe("quotes", directory=directory)._repr_html_()
    assert "prefers-color-scheme: dark" in text
    assert "var(--jp-ui-font-color1" in text


def test_a_snapshot(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", pd.DataFrame({"a": range(1000, 1020)}), 3)
    page = Page(shmpub.subscribe("quotes", directory=directory).snapshot()._repr_html_())
    for told in ("quotes", "sequence 3", "20 rows", "1 columns", "published 0 s ago", "1004"):
        assert told in page.text
    assert "1005" not in page.text


def test_a_list_of_feeds(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", read("a,b\n1,2\n3,4\n"), 4)
    instance.slot("late")
    instance.fail("broken", "/data/b.csv:7: 3 fields, header has 2")
    listed = shmpub.feeds(directory=directory)
    page = Page(listed._repr_html_())
    assert page.badges == ["FAILING", "NEVER", "FRESH"]
    assert "/data/b.csv:7: 3 fields, header has 2" in page.text
    instance.set_state(3)
    assert Page(shmpub.feeds(directory=directory)._repr_html_()).badges == ["GONE"] * 3


def test_a_list_of_feeds_is_a_data_frame(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    listed = shmpub.feeds(directory=directory)
    plain = pd.DataFrame(listed)
    pd.testing.assert_frame_equal(listed, plain)
    assert plain.equals(listed)
    assert listed.equals(plain)
    assert type(listed.head()) is type(listed[listed["rows"] > 0]) is pd.DataFrame
    del listed["last_error"]  # then it is shown as pandas does
    assert "sequence" in Page(listed._repr_html_()).text
    with pd.option_context("display.notebook_repr_html", False):
        assert listed._repr_html_() is None


def test_a_list_of_no_and_of_many_feeds(instance: Instance, directory: Path) -> None:
    assert "has no feeds" in Page(shmpub.feeds(directory=directory)._repr_html_()).text
    listed = shmpub.feeds(directory=directory)
    for n in range(3):
        instance.publish(f"f{n}", read("a\n1\n"), 1)
    listed = shmpub.feeds(directory=directory)
    assert "more feeds" not in Page(listed._repr_html_()).text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shmpub._html._MOST_FEEDS", 2)
        assert "and 1 more feeds" in Page(listed._repr_html_()).text
