"""Slots that are given to another feed: see "Slots are given again" in docs/FORMAT.md."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import read
from handmade import Instance

import shmpub

ONE = read("a\n1\n")
TWO = read("a\n2\n")


def test_a_slot_that_is_another_s_now(instance: Instance, directory: Path) -> None:
    instance.publish("first", ONE, 5)
    first = shmpub.subscribe("first", directory=directory)
    assert first.df["a"].tolist() == [1]
    instance.remove("first")
    instance.give("first", to="second")
    instance.publish("second", TWO, 9)
    assert first.sequence == 0
    assert first.state == "removed"
    with pytest.raises(shmpub.FeedNotFound):
        _ = first.df
    with pytest.raises(shmpub.FeedNotFound):
        first.wait(20)
    second = shmpub.subscribe("second", directory=directory)
    assert (second.sequence, second.df["a"].tolist()) == (9, [2])
    assert list(shmpub.feeds(directory=directory).index) == ["second"]


def test_it_comes_back_in_another_slot(instance: Instance, directory: Path) -> None:
    instance.publish("first", ONE, 5)
    first = shmpub.subscribe("first", directory=directory)
    assert first.wait(0)
    instance.remove("first")
    instance.give("first", to="second")
    instance.publish("first", TWO, 6)
    assert first.sequence == 6
    assert first.wait(0)
    assert first.df["a"].tolist() == [2]


def test_a_removed_slot_of_the_name_beside_a_living_one(
    instance: Instance, directory: Path
) -> None:
    instance.publish("quotes", ONE, 5)
    instance.remove("quotes")
    instance.names[0] = "-"  # so that the next feed gets another slot
    instance.publish("quotes", TWO, 6)
    assert shmpub.subscribe("quotes", directory=directory).df["a"].tolist() == [2]


def test_a_slot_that_changes_hands_is_free(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 5)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.sequence == 5
    instance.put("<Q", instance.slot("quotes") + 896, 1)
    assert feed.sequence == 0
    with pytest.raises(shmpub.FeedNotFound):
        _ = feed.df
    assert len(shmpub.feeds(directory=directory)) == 0


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Make Python switch between threads after every few steps."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_threads")
def test_nobody_sees_another_feed_s_words(instance: Instance, directory: Path) -> None:
    """Three feeds get one slot in turn. Each has sequences by which it can be told."""
    names = ["a0", "a1", "a2"]
    instance.announce("a0", 3)
    readers = [shmpub.subscribe(name, directory=directory) for name in names]
    ended = threading.Event()

    def go_round() -> None:
        for n in range(4, 4000):
            instance.put("<I", instance.slot(names[(n - 1) % 3]) + 48, 5)
            instance.give(names[(n - 1) % 3], to=names[n % 3])
            instance.fail(names[n % 3], f"line {n}")
            instance.announce(names[n % 3], n)
        ended.set()

    thread = threading.Thread(target=go_round)
    thread.start()
    seen = 0
    while not ended.is_set():
        for k, feed in enumerate(readers):
            sequence = feed.sequence
            assert sequence == 0 or sequence % 3 == k
            seen += sequence != 0
        for name, row in shmpub.feeds(directory=directory).iterrows():
            assert row["sequence"] == 0 or f"a{row['sequence'] % 3}" == name
            line = row["last_error"].removeprefix("line ")
            assert not line or f"a{int(line) % 3}" == name
    thread.join()
    assert seen
