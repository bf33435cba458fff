"""Feeds of a dead publisher are "gone": docs/FORMAT.md, "Is the publisher alive"."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from conftest import IS_WINDOWS, read
from handmade import Instance

import shmpub

ONE = read("a,s\n1,x\n2,y\n")
SECOND = 10**9


def states(directory: Path) -> tuple[str, str]:
    """The state, which Feed and feeds() must tell alike."""
    feed = shmpub.subscribe("quotes", directory=directory)
    return feed.state, shmpub.feeds(directory=directory).loc["quotes", "state"]


FRESH, GONE = ("fresh", "fresh"), ("gone", "gone")


def test_nothing_known(instance: Instance, directory: Path, dead: int) -> None:
    instance.publish("quotes", ONE, 1)
    assert states(directory) == FRESH
    instance.process(dead, namespace=0)
    assert states(directory) == FRESH
    instance.process(dead, namespace=2)  # from another pid namespace nothing can be known
    assert states(directory) == FRESH


def test_its_heartbeat(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    now = time.time_ns()
    for label, heartbeat, interval_ms, started, want in (
        ("none promised", now - 900 * SECOND, 0, 0, FRESH),
        ("young", now, 1000, 0, FRESH),
        ("old", now - 60 * SECOND, 1000, 0, GONE),
        ("old, but within three intervals", now - 60 * SECOND, 30000, 0, FRESH),
        ("none yet, just started", 0, 1000, now, FRESH),
        ("none yet, started long ago", 0, 1000, now - 60 * SECOND, GONE),
        ("of the future", now + 900 * SECOND, 1000, 0, FRESH),
        ("short intervals, within three seconds", now - SECOND, 1, 0, FRESH),
        ("an interval beyond measure", now - 60 * SECOND, 2**64 - 1, 0, FRESH),
    ):
        instance.heartbeat(heartbeat, interval_ms, started)
        assert states(directory) == want, label


def test_each_state(instance: Instance, directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    nowhere = shmpub.subscribe("quotes", instance="other", directory=directory)
    assert (nowhere.state, nowhere.age) == ("gone", None)
    assert "instances in" in nowhere.last_error
    instance.set_state(1)
    assert (feed.state, feed.age, feed.last_error) == ("never", None, "")
    instance.set_state(2)
    assert (feed.state, feed.age) == ("removed", None)
    assert "has no feed 'quotes'" in feed.last_error
    instance.slot("quotes")
    assert (feed.state, feed.age, feed.last_error) == ("never", None, "")
    instance.publish("quotes", ONE, 1)
    assert (feed.state, feed.last_error) == ("fresh", "")
    instance.put("<I", instance.slot("quotes") + 48, 3)
    assert feed.state == "stale"
    instance.fail("quotes", "no such file")
    assert (feed.state, feed.last_error) == ("failing", "no such file")
    _ = feed.df
    instance.set_state(3)
    assert feed.state == "gone"
    assert feed.last_error == "publisher gone: stopped; last error: no such file"
    pd.testing.assert_frame_equal(feed.df, ONE)  # the last good table can still be read
    assert feed.age is not None
    instance.set_state(2)
    instance.remove("quotes")
    assert feed.state == "removed"


def test_a_table_of_a_publisher_that_is_gone(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    instance.heartbeat(time.time_ns() - 60 * SECOND, 1000)
    assert feed.state == "gone"
    assert "no heartbeat for 60 s" in feed.last_error
    pd.testing.assert_frame_equal(feed.df, ONE)


def test_age_of_the_data_and_of_the_look(instance: Instance, directory: Path) -> None:
    now = time.time_ns()
    instance.announce("quotes", 1, mtime_ns=now - 3600 * SECOND)
    instance.looked("quotes", now - 5 * SECOND)
    instance.announce("pushed", 1)
    rows = shmpub.feeds(directory=directory)
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    assert hour <= rows.loc["quotes", "age"] < hour + minute
    assert timedelta(seconds=5) <= rows.loc["quotes", "looked"] < minute
    assert timedelta(0) <= rows.loc["pushed", "age"] < minute
    assert pd.isna(rows.loc["pushed", "looked"])
    age = shmpub.subscribe("quotes", directory=directory).age
    assert age is not None
    assert hour <= age < hour + minute


def test_times_beyond_measure(instance: Instance, directory: Path) -> None:
    for ns in (-(2**63), 2**63 - 1):
        instance.announce("quotes", 1, mtime_ns=ns)
        instance.looked("quotes", ns)
        shmpub.feeds(directory=directory)
        _ = shmpub.subscribe("quotes", directory=directory).age


def test_killed(publish: Any, directory: Path) -> None:
    publisher = publish()
    publisher.publish("quotes", "a\n1\n")
    feed = shmpub.subscribe("quotes", directory=directory)
    assert states(directory) == FRESH
    if IS_WINDOWS:  # only what somebody has open outlives the publisher's process
        assert len(feed.df) == 1
    publisher.kill()
    assert feed.state == "gone"
    if not IS_WINDOWS:
        assert states(directory) == GONE
    assert feed.df["a"].tolist() == [1]
