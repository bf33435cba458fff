"""A reader in Python, and a daemon that dies, hangs, or gives a feed's slot to another one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
import shmpub
from conftest import Daemon, until


def test_killed_and_started_again(daemon: Callable[..., Daemon]) -> None:
    d = daemon()
    d.source("a.csv", "x\n1\n")
    d.configure({"a": "source = a.csv\ninterval = 100ms"})
    d.start()
    feed = d.feed("a")
    until(lambda: feed.state == "fresh")
    assert feed.last_error == ""
    d.kill()
    assert feed.state == "gone"
    assert "no process" in feed.last_error
    rows = shmpub.feeds(instance=d.instance, directory=d.shm)
    assert rows.loc["a", "state"] == "gone"
    assert feed.df["x"].tolist() == [1]
    d.source("a.csv", "x\n2\n")
    d.start()
    until(lambda: feed.state == "fresh" and feed.df["x"].tolist() == [2])


def test_stopped_by_a_signal(daemon: Callable[..., Daemon]) -> None:
    d = daemon()
    d.source("a.csv", "x\n1\n")
    d.configure({"a": "source = a.csv\ninterval = 100ms"})
    d.start()
    feed = d.feed("a")
    until(lambda: feed.state == "fresh")
    os.kill(d.pid, signal.SIGSTOP)
    try:
        until(lambda: feed.state == "gone", pause=0.1)
        assert "no heartbeat" in feed.last_error
        assert feed.df["x"].tolist() == [1]
    finally:
        os.kill(d.pid, signal.SIGCONT)
    until(lambda: feed.state == "fresh", pause=0.1)


def test_ages_of_the_data_and_of_the_look(daemon: Callable[..., Daemon]) -> None:
    """The data gets old when nobody writes the source any more, although it is looked at."""
    d = daemon()
    path = d.source("a.csv", "x\n1\n")
    os.utime(path, (10**9, 10**9))
    d.configure({"a": "source = a.csv\ninterval = 100ms"})
    d.start()
    feed = d.feed("a")
    until(lambda: feed.state == "fresh")
    assert feed.age is not None
    assert feed.age.days > 5000
    row = shmpub.feeds(instance=d.instance, directory=d.shm).loc["a"]
    assert row["age"].days > 5000
    assert row["looked"].days == 0


def test_a_slot_that_is_given_again(daemon: Callable[..., Daemon]) -> None:
    d = daemon()
    d.source("x.csv", "x\n1\n")
    d.configure({"f0": "source = x.csv\ninterval = 100ms"}, daemon="max_feeds = 2")
    d.start()
    readers = [d.feed(f"f{n}") for n in range(5)]
    until(lambda: readers[0].sequence)
    for n in range(1, 5):
        d.configure({f"f{n}": "source = x.csv\ninterval = 100ms"}, daemon="max_feeds = 2")
        d.reload()
        until(lambda n=n: readers[n].sequence)
        assert readers[n].df["x"].tolist() == [1]
        for gone in readers[:n]:
            assert gone.state == "removed"
            with pytest.raises(shmpub.FeedNotFound):
                _ = gone.df
    rows = shmpub.feeds(instance=d.instance, directory=d.shm)
    assert list(rows.index) == ["f4"]
