"""The futex."""

from __future__ import annotations

import ctypes
import threading
import time
from pathlib import Path

import pytest
from handmade import Instance
from test_wait import FRAME, later

import shmpub
from shmpub._platform import _posix_futex


def test_sleep_ends_by_a_wake_by_time_and_at_once() -> None:

    word = ctypes.c_uint32(5)
    address = ctypes.addressof(word)
    start = time.monotonic()
    _posix_futex.sleep(address, 4, 30)  # the word differs already
    assert time.monotonic() - start < 20
    _posix_futex.sleep(address, 5, 0.01)


def test_sleep_ends_by_a_wake() -> None:

    word = ctypes.c_uint32(5)
    address = ctypes.addressof(word)
    ended = threading.Event()

    def sleeper() -> None:
        _posix_futex.sleep(address, 5, 60)
        ended.set()

    thread = threading.Thread(target=sleeper)
    thread.start()
    while not ended.wait(0.01):
        # FUTEX_WAKE, again and again, because the test can't know when the thread sleeps
        _posix_futex._syscall(_posix_futex._number, address, 1, 1000, None, None, 0)
    thread.join()


def test_without_futex(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_posix_futex, "_number", None)
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df
    timer = later(0.05, instance.publish, "quotes", FRAME, 2)
    assert feed.wait(20)
    timer.join()
