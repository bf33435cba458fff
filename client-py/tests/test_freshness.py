"""How old data may be: max_age; and what a feed tells of its source."""

from __future__ import annotations

import pickle
import time
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import read
from handmade import Instance

import shmpub

FRAME = read("a\n1\n")
HOUR_NS = 3600 * 10**9


@pytest.fixture
def old(instance: Instance) -> Instance:
    """The feed `quotes`, whose data is an hour old."""
    instance.publish("quotes", FRAME, 1)
    instance.announce("quotes", 1, mtime_ns=time.time_ns() - HOUR_NS)
    return instance


def test_raises_for_older_data(old: Instance, directory: Path) -> None:
    old.fail("quotes", "quotes.csv:3: no number")
    feed = shmpub.subscribe("quotes", directory=directory, max_age="10s")
    for take in (lambda: feed.df, feed.snapshot):
        with pytest.raises(shmpub.Stale) as caught:
            take()
        text = str(caught.value)
        assert text.startswith(
            "quotes: its data is older than max_age=0:00:10; the feed is failing"
        )
        assert "quotes.csv:3: no number" in text
        assert "1:00:" in text
        assert (caught.value.feed, caught.value.last_error) == ("quotes", "quotes.csv:3: no number")
        assert caught.value.age is not None
        assert timedelta(hours=1) <= caught.value.age < timedelta(hours=1, minutes=2)
        again = pickle.loads(pickle.dumps(caught.value))
        assert vars(again) == vars(caught.value)
    assert feed.wait(0)  # what is too old to be given was not taken, and waiting has no limit
    assert isinstance(caught.value, UserWarning)


def test_fresh_data_is_given(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory, max_age="1h")
    assert feed.df.equals(FRAME)
    time.sleep(0.002)
    with pytest.raises(shmpub.Stale):
        feed.snapshot(max_age="1ms")
    assert feed.snapshot(max_age=timedelta(hours=2)).sequence == 1


def test_the_call_s_limit_stands_in(old: Instance, directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory, max_age="1m")
    assert feed.snapshot(max_age="2h").sequence == 1
    assert feed.snapshot(max_age=float("inf")).sequence == 1
    with pytest.raises(shmpub.Stale):
        feed.snapshot()


def test_warns_once_for_each_snapshot(old: Instance, directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory, max_age=60, stale="warn")
    with pytest.warns(shmpub.Stale, match="quotes: its data is older") as heard:
        assert feed.df.equals(FRAME)
    assert heard[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert feed.df.equals(FRAME)
    old.publish("quotes", FRAME, 2)
    old.announce("quotes", 2, mtime_ns=time.time_ns() - HOUR_NS)
    with pytest.warns(shmpub.Stale) as heard:
        feed.snapshot()
    assert heard[0].filename == __file__


def test_a_publisher_that_is_gone(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory, max_age=0.001)
    instance.set_state(3)
    time.sleep(0.002)
    with pytest.raises(shmpub.Stale, match="the feed is gone: publisher gone: stopped"):
        _ = feed.df


def test_survives_pickling(old: Instance, directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory, max_age="1m")
    with pytest.raises(shmpub.Stale):
        _ = pickle.loads(pickle.dumps(feed)).df


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("500ms", 0.5),
        ("10s", 10),
        ("1.5 m", 90),
        ("2h", 7200),
        (3, 3),
        (timedelta(minutes=1), 60),
        (np.timedelta64(2, "s"), 2),
    ],
)
def test_lengths_of_time(value: Any, seconds: float) -> None:
    assert shmpub.subscribe("q", max_age=value)._max_age == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("10", ValueError),
        ("10 days", ValueError),
        ("", ValueError),
        ("-1s", ValueError),
        (0, ValueError),
        (float("nan"), ValueError),
        (True, TypeError),
        (b"1s", TypeError),
    ],
)
def test_what_is_no_length_of_time(
    instance: Instance, directory: Path, value: Any, error: type
) -> None:
    with pytest.raises(error, match="max_age"):
        shmpub.subscribe("q", max_age=value)
    instance.publish("q", FRAME, 1)
    with pytest.raises(error, match="max_age"):
        shmpub.subscribe("q", directory=directory).snapshot(max_age=value)


def test_no_limit() -> None:
    for value in (None, float("inf"), 1e300):
        assert shmpub.subscribe("q", max_age=value)._max_age is None
    how: Any = "ignore"
    with pytest.raises(ValueError, match='"raise" or "warn"'):
        shmpub.subscribe("q", stale=how)


def test_interval(instance: Instance, directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.interval is None
    at = instance.slot("quotes")
    assert feed.interval is None
    instance.put("<Q", at + 360, 1500)
    assert feed.interval == timedelta(milliseconds=1500)
    instance.put("<Q", at + 360, 2**64 - 1)
    assert feed.interval is not None


def test_source_that_nobody_tells(publish: Any, directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.source == ""
    publish().publish("quotes", "a\n1\n")
    assert feed.source == ""
    assert shmpub.subscribe("no", directory=directory).source == ""
