"""Waiting: what wakes it, what ends it, and that it costs nothing meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import read
from handmade import Instance

import shmpub
from shmpub import _wait_linux

FRAME = read("a\n1\n")


def later(seconds: float, call: Any, *arguments: Any) -> threading.Timer:
    timer = threading.Timer(seconds, call, arguments)
    timer.start()
    return timer


def test_true_for_what_was_not_taken(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.wait(0)  # nothing taken yet
    assert not feed.wait(0)  # wait() took it
    instance.publish("quotes", FRAME, 2)
    _ = feed.df
    assert not feed.wait(0)  # df took it
    instance.publish("quotes", FRAME, 3)
    assert feed.wait(0)
    instance.publish("quotes", FRAME, 5)  # a gap
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
    assert feed.wait(20)  # the handmade publisher wakes nobody: the word or the second's look
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
    with pytest.raises(shmpub.FeedNotFound, match="'quotes'"):
        feed.wait(20)
    instance.remove("quotes")
    with pytest.raises(shmpub.FeedNotFound):
        shmpub.subscribe("quotes", directory=directory).wait(20)


def test_feed_that_a_dead_publisher_has_not(instance: Instance, directory: Path) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    instance.put("<Q", 144, done.pid)
    assert not shmpub.subscribe("quotes", directory=directory).wait(0.05)


def test_feed_that_a_publisher_of_another_namespace_has_not(
    instance: Instance, directory: Path
) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    instance.put("<QQ", 136, time.time_ns(), done.pid)
    with pytest.raises(shmpub.FeedNotFound):
        shmpub.subscribe("quotes", directory=directory).wait(20)


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

    def replace() -> None:  # nobody said that it stopped
        (instance.path / "catalog").unlink()
        Instance(directory, epoch=78).publish("quotes", FRAME, 1)

    timer = later(0.05, replace)
    assert feed.wait(20)
    assert feed.snapshot().epoch == 78
    timer.join()


def test_sleep_ends_by_a_wake_by_time_and_at_once() -> None:
    import ctypes

    word = ctypes.c_uint32(5)
    address = ctypes.addressof(word)
    start = time.monotonic()
    _wait_linux.sleep(address, 4, 30)  # differs already
    assert time.monotonic() - start < 20
    _wait_linux.sleep(address, 5, 0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="futex")
def test_sleep_ends_by_a_wake() -> None:
    import ctypes

    word = ctypes.c_uint32(5)
    address = ctypes.addressof(word)
    ended = threading.Event()

    def sleeper() -> None:
        _wait_linux.sleep(address, 5, 60)
        ended.set()

    thread = threading.Thread(target=sleeper)
    thread.start()
    while not ended.wait(0.01):
        # FUTEX_WAKE; again and again, since nobody knows when the thread sleeps
        _wait_linux._syscall(_wait_linux._number, address, 1, 1000, None, None, 0)
    thread.join()


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


def test_without_futex(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wait_linux, "_number", None)
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df
    timer = later(0.05, instance.publish, "quotes", FRAME, 2)
    assert feed.wait(20)
    timer.join()
