"""wait(): what wakes it, what ends it, and that it takes no processor time."""

from __future__ import annotations

import _thread
import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import IS_WINDOWS, read
from handmade import Instance

import shmpub

FRAME = read("a\n1\n")


def later(seconds: float, call: Any, *arguments: Any) -> threading.Timer:
    timer = threading.Timer(seconds, call, arguments)
    timer.start()
    return timer


def test_true_for_what_was_not_taken(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.wait(0)  # nothing was taken yet
    assert not feed.wait(0)  # wait() took it
    instance.publish("quotes", FRAME, 2)
    _ = feed.df
    assert not feed.wait(0)  # df took it
    instance.publish("quotes", FRAME, 3)
    assert feed.wait(0)
    instance.publish("quotes", FRAME, 5)  # with a gap in the sequences
    feed.snapshot()
    assert not feed.wait(0.01)


def test_sequence_takes_nothing(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.sequence == 1
    assert feed.wait(0)


def test_wakes_for_a_publication(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df
    timer = later(0.05, instance.publish, "quotes", FRAME, 2)
    assert feed.wait(20)
    assert feed.sequence == 2
    timer.join()


def test_timeout(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df
    start = time.monotonic()
    assert not feed.wait(0.05)
    assert time.monotonic() - start >= 0.05


def test_before_the_instance_exists(directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    assert not feed.wait(0.01)
    timer = later(0.05, lambda: Instance(directory, state=1).publish("quotes", FRAME, 1))
    assert feed.wait(20)
    timer.join()
    assert feed.df.equals(FRAME)


def test_before_the_feed_exists_while_starting(instance: Instance, directory: Path) -> None:
    instance.set_state(1)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert not feed.wait(0.01)
    timer = later(0.05, instance.publish, "quotes", FRAME, 1)
    assert feed.wait(20)
    timer.join()


def test_feed_that_a_live_publisher_has_not(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quote", directory=directory)
    for timeout in (0, 0.05):  # shorter than a publisher may take to announce a feed
        with pytest.raises(shmpub.FeedNotFound, match="'quotes'"):
            feed.wait(timeout)


def test_grace_for_what_was_not_announced_yet(instance: Instance, directory: Path) -> None:
    instance.publish("other", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    timer = later(0.3, instance.publish, "quotes", FRAME, 1)
    assert feed.wait(60)
    timer.join()


def test_grace_ends(instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shmpub._waiting._GRACE", 0.1)
    instance.publish("quotes", FRAME, 1)
    with pytest.raises(shmpub.FeedNotFound, match="'quotes'"):
        shmpub.subscribe("quote", directory=directory).wait()


def test_grace_is_each_publisher_s_own(instance: Instance, directory: Path) -> None:
    """A reader of the last publisher's feed waits until the next publisher announces it."""
    instance.publish("quotes", FRAME, 9)
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df
    instance.set_state(3)
    second = Instance(directory, epoch=78)
    timer = later(0.3, second.publish, "quotes", FRAME, 1)
    assert feed.wait(60)
    timer.join()


def test_grace_of_a_callback_begins_anew(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher that comes later has the whole time to announce its feeds."""
    monkeypatch.setattr("shmpub._waiting._GRACE", 0.05)
    monkeypatch.setattr("shmpub._updates._SLICE", 0.05)
    heard: queue.Queue[Exception] = queue.Queue()
    feed = shmpub.subscribe("quotes", directory=directory)
    with feed.on_update(lambda snapshot: None, on_error=heard.put) as subscription:
        assert isinstance(heard.get(timeout=20), shmpub.FeedNotFound)
        instance.set_state(3)
        deadline = time.monotonic() + 20
        while subscription._cursor.missed_since is not None:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_removed_while_it_is_waited_for(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.wait(0)
    timer = later(0.05, instance.remove, "quotes")
    with pytest.raises(shmpub.FeedNotFound):
        feed.wait()
    timer.join()


@pytest.mark.parametrize("name", ["", "bad name!", "../shmpub/quotes", "x" * 41])
def test_names_that_nothing_can_have_are_not_waited_for(directory: Path, name: str) -> None:
    with pytest.raises(shmpub.FeedNotFound, match="no feed can have"):
        shmpub.subscribe(name, directory=directory).wait()
    with pytest.raises(shmpub.InstanceNotFound, match="no instance can have"):
        shmpub.subscribe("quotes", instance=name or "a.b", directory=directory).wait()


def test_feed_that_a_dead_publisher_has_not(instance: Instance, directory: Path) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    instance.process(done.pid)
    assert not shmpub.subscribe("quotes", directory=directory).wait(0.05)


def test_feed_that_a_publisher_of_another_namespace_has_not(
    instance: Instance, directory: Path
) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    instance.process(done.pid, namespace=2)
    with pytest.raises(shmpub.FeedNotFound):
        shmpub.subscribe("quotes", directory=directory).wait(0.05)


def test_true_only_when_it_can_be_had(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.wait(0)
    instance.announce("quotes", 2)  # announced, but the file is the older snapshot
    assert not feed.wait(0.05)
    instance.lose("quotes")
    other = shmpub.subscribe("quotes", directory=directory)
    assert not other.wait(0.05)
    timer = later(0.05, instance.publish, "quotes", FRAME, 2)
    assert feed.wait(20)
    assert other.wait(20)
    timer.join()
    instance.place("quotes", b"no Arrow file")
    instance.announce("quotes", 3)
    with pytest.raises(shmpub.FormatError):
        feed.wait(20)


def test_a_cursor_for_each_thread(instance: Instance, directory: Path) -> None:
    """Two threads share a feed: both see each of twenty publications."""
    feed = shmpub.subscribe("quotes", directory=directory)
    seen: dict[int, list[int]] = {0: [], 1: []}
    turn = threading.Barrier(3)

    def follow(mine: list[int]) -> None:
        for _ in range(20):
            turn.wait(30)
            assert feed.wait(30)
            mine.append(int(feed.df["a"].iloc[0]))
            turn.wait(30)

    threads = [threading.Thread(target=follow, args=(mine,)) for mine in seen.values()]
    for thread in threads:
        thread.start()
    for n in range(1, 21):
        turn.wait(30)
        instance.publish("quotes", read(f"a\n{n}\n"), n)
        turn.wait(30)
    for thread in threads:
        thread.join(30)
    assert seen[0] == seen[1] == list(range(1, 21))


TIMEOUTS = [
    (timedelta(0), False),
    (timedelta(milliseconds=10), False),
    (pd.Timedelta("10ms"), False),
    (-1, False),
    (-math.inf, False),
    (np.float64(0.01), False),
    (np.int64(0), False),
    (np.timedelta64(10, "ms"), False),
    (np.timedelta64(10_000_000, "ns"), False),
    (np.timedelta64("NaT", "s"), ValueError),
    (math.nan, ValueError),
    ("1", TypeError),
    (True, TypeError),
    (pd.NaT, TypeError),
]


@pytest.mark.parametrize(("timeout", "want"), TIMEOUTS, ids=[repr(t[0]) for t in TIMEOUTS])
def test_timeouts(instance: Instance, directory: Path, timeout: Any, want: Any) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df
    if isinstance(want, type):
        with pytest.raises(want, match="timeout"):
            feed.wait(timeout)
        with pytest.raises(want, match="timeout"):
            feed.updates(timeout)
    else:
        assert feed.wait(timeout) is want
        assert len(list(feed.updates(timeout))) == 1


@pytest.mark.parametrize("timeout", [None, math.inf])
def test_timeouts_that_never_pass(instance: Instance, directory: Path, timeout: Any) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    timer = later(0.05, instance.publish, "quotes", FRAME, 1)
    assert feed.wait(timeout)
    timer.join()


def test_across_a_new_publisher(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 9)
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df

    def replace() -> None:
        instance.set_state(3)
        Instance(directory, epoch=78).publish("quotes", FRAME, 1)

    timer = later(0.05, replace)
    assert feed.wait(20)
    assert feed.snapshot().epoch == 78
    timer.join()


def test_across_a_catalog_that_vanished(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 9)
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df

    def replace() -> None:  # the old catalog does not say that it stopped
        instance.storage.lose_catalog()
        Instance(directory, epoch=78).publish("quotes", FRAME, 1)

    timer = later(0.05, replace)
    assert feed.wait(20)
    assert feed.snapshot().epoch == 78
    timer.join()


@pytest.mark.skipif(IS_WINDOWS, reason="only a console sends it there: see the next one")
@pytest.mark.parametrize("has_instance", [True, False])
def test_ctrl_c_ends_it(directory: Path, has_instance: bool) -> None:
    if has_instance:
        Instance(directory).publish("quotes", FRAME, 1)
    script = (
        "import shmpub\n"
        f"feed = shmpub.subscribe('quotes', directory={str(directory)!r})\n"
        "try:\n"
        "    while True:\n"
        "        print('waiting', flush=True)\n"
        "        feed.wait()\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    with process.stdout:
        for _ in range(1 + has_instance):
            assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped\n"
    assert process.wait() == 0


@pytest.mark.parametrize("has_instance", [True, False])
def test_an_interrupt_is_heard_while_it_sleeps(directory: Path, has_instance: bool) -> None:
    """Interrupt the main thread like Ctrl-C does, on Windows, where a wait must look for it."""
    instance = Instance(directory) if has_instance else None
    if instance is not None:
        instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    if instance is not None:
        assert feed.wait(0)
    start = time.monotonic()
    timer = later(0.2, _thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt):
        feed.wait(20)
    timer.join()
    assert time.monotonic() - start < 10
