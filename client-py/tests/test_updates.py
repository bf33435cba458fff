"""Following a feed by loops, asyncio and callbacks; each has a cursor of its own."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import read
from handmade import Instance

import shmpub

FRAME = read("a\n1\n")


def test_loop(instance: Instance, directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    instance.publish("quotes", FRAME, 3)
    seen = []
    for snapshot in feed.updates(timeout=0.02):
        seen.append(snapshot.sequence)
        if len(seen) < 4:
            instance.publish("quotes", FRAME, snapshot.sequence + 2)
    assert seen == [3, 5, 7, 9]


def test_cursors_are_their_own(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    first, second = feed.updates(timeout=0), feed.updates(timeout=0)
    assert next(first).sequence == 1
    assert feed.wait(0)
    assert next(second).sequence == 1
    with pytest.raises(StopIteration):
        next(first)
    instance.publish("quotes", FRAME, 2)
    instance.publish("quotes", FRAME, 3)  # the snapshot between the two is skipped
    assert next(first).sequence == 3


def test_does_not_go_back(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 5)
    updates = shmpub.subscribe("quotes", directory=directory).updates(timeout=0.05)
    assert next(updates).sequence == 5
    instance.announce("quotes", 6)  # announced, but the file is the older snapshot
    with pytest.raises(StopIteration):
        next(updates)
    instance.publish("quotes", FRAME, 6)
    assert next(updates).sequence == 6


def test_lost_feed_ends_the_loop(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 5)
    updates = shmpub.subscribe("quotes", directory=directory).updates()
    next(updates)
    instance.remove("quotes")
    with pytest.raises(shmpub.FeedNotFound):
        next(updates)


def test_asyncio(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    instance.publish("other", FRAME, 10)

    async def follow(name: str, count: int) -> list[int]:
        feed = shmpub.subscribe(name, directory=directory)
        seen: list[int] = []
        async for snapshot in feed.updates(timeout=0.05):
            seen.append(snapshot.sequence)
            if len(seen) < count:
                instance.publish(name, FRAME, snapshot.sequence + 1)
        return seen

    async def both() -> list[list[int]]:
        return await asyncio.gather(follow("quotes", 3), follow("other", 2))

    assert asyncio.run(both()) == [[1, 2, 3], [10, 11]]


def test_asyncio_does_not_block_the_loop_and_can_be_cancelled(
    instance: Instance, directory: Path
) -> None:
    instance.publish("quotes", FRAME, 1)

    async def main() -> int:
        updates = shmpub.subscribe("quotes", directory=directory).updates()
        await anext(updates)
        task = asyncio.ensure_future(anext(updates))
        for _ in range(10):
            await asyncio.sleep(0.001)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        instance.publish("quotes", FRAME, 2)
        return (await anext(updates)).sequence  # the cancelled task has lost nothing

    assert asyncio.run(main()) == 2


def test_callback(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 1)
    told: queue.Queue[int] = queue.Queue()
    feed = shmpub.subscribe("quotes", directory=directory)
    with feed.on_update(lambda snapshot: told.put(snapshot.sequence)) as subscription:
        assert told.get(timeout=20) == 1
        instance.publish("quotes", FRAME, 2)
        assert told.get(timeout=20) == 2
        assert not subscription.is_cancelled
    assert subscription.is_cancelled
    subscription._thread.join(20)
    instance.publish("quotes", FRAME, 3)
    assert told.empty()


def test_callback_that_raises(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.publish("quotes", FRAME, 1)
    told: queue.Queue[int] = queue.Queue()
    reported: queue.Queue[threading.ExceptHookArgs] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", reported.put)

    def callback(snapshot: shmpub.Snapshot) -> None:
        told.put(snapshot.sequence)
        if snapshot.sequence == 1:
            raise RuntimeError("mine")

    subscription = shmpub.subscribe("quotes", directory=directory).on_update(callback)
    assert told.get(timeout=20) == 1
    assert str(reported.get(timeout=20).exc_value) == "mine"
    instance.publish("quotes", FRAME, 2)
    assert told.get(timeout=20) == 2
    subscription.cancel()
    subscription._thread.join(20)


def test_callback_waits_for_a_feed_that_is_not_there_yet(
    instance: Instance, directory: Path
) -> None:
    told: queue.Queue[int] = queue.Queue()
    feed = shmpub.subscribe("quotes", directory=directory)
    with feed.on_update(lambda snapshot: told.put(snapshot.sequence)):
        instance.publish("quotes", FRAME, 1)
        assert told.get(timeout=20) == 1


@pytest.mark.parametrize("call", [None, 7, "print"])
def test_callback_that_can_t_be_called(directory: Path, call: Any) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    with pytest.raises(TypeError, match="the callback"):
        feed.on_update(call)
    if call is not None:
        with pytest.raises(TypeError, match="on_error"):
            feed.on_update(print, on_error=call)


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> queue.Queue[BaseException]:
    """The errors that threading.excepthook gets."""
    told: queue.Queue[BaseException] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", lambda arguments: told.put(arguments.exc_value))
    return told


def test_repeated_errors_are_folded(
    instance: Instance, directory: Path, reported: queue.Queue[BaseException]
) -> None:
    called: queue.Queue[int] = queue.Queue()

    def callback(snapshot: shmpub.Snapshot) -> None:
        called.put(snapshot.sequence)
        raise RuntimeError(f"mine, {snapshot.sequence}")

    with shmpub.subscribe("quotes", directory=directory).on_update(callback):
        for n in range(1, 100):
            instance.publish("quotes", FRAME, n)
            assert called.get(timeout=20) == n  # on_error gets each of them nevertheless
    told = [reported.get(timeout=20)]
    while not reported.empty():
        told.append(reported.get())
    assert str(told[0]) == "mine, 1"
    assert len(told) < 10
    for error in told[1:]:
        assert "more like this" in "".join(error.__notes__)


def test_errors_that_come_and_go_are_folded(
    instance: Instance, directory: Path, reported: queue.Queue[BaseException]
) -> None:
    """Two kinds of errors in turn, with successful calls between them."""
    called: queue.Queue[int] = queue.Queue()

    def callback(snapshot: shmpub.Snapshot) -> None:
        called.put(snapshot.sequence)
        if snapshot.sequence % 3 == 1:
            raise RuntimeError("mine")
        if snapshot.sequence % 3 == 2:
            raise ValueError("mine")

    with shmpub.subscribe("quotes", directory=directory).on_update(callback):
        for n in range(1, 100):
            instance.publish("quotes", FRAME, n)
            assert called.get(timeout=20) == n
    assert isinstance(reported.get(timeout=20), RuntimeError)
    assert isinstance(reported.get(timeout=20), ValueError)
    assert reported.qsize() < 10


def test_on_error_hears_each_of_the_callback_s(
    instance: Instance, directory: Path, reported: queue.Queue[BaseException]
) -> None:
    heard: queue.Queue[Exception] = queue.Queue()

    def callback(snapshot: shmpub.Snapshot) -> None:
        raise RuntimeError(str(snapshot.sequence))

    feed = shmpub.subscribe("quotes", directory=directory)
    with feed.on_update(callback, on_error=heard.put):
        for n in (1, 2, 3):
            instance.publish("quotes", FRAME, n)
            assert str(heard.get(timeout=20)) == str(n)
    assert reported.empty()


def test_on_error_that_raises(
    instance: Instance, directory: Path, reported: queue.Queue[BaseException]
) -> None:
    def on_error(error: Exception) -> None:
        raise RuntimeError("its own") from error

    def callback(snapshot: shmpub.Snapshot) -> None:
        raise ValueError("the callback's")

    instance.publish("quotes", FRAME, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    with feed.on_update(callback, on_error=on_error):
        error = reported.get(timeout=20)
    assert str(error) == "its own"
    assert str(error.__cause__) == "the callback's"


@pytest.mark.parametrize("has_handler", [True, False])
def test_a_wrong_name_is_told_once(
    instance: Instance,
    directory: Path,
    reported: queue.Queue[BaseException],
    monkeypatch: pytest.MonkeyPatch,
    has_handler: bool,
) -> None:
    monkeypatch.setattr("shmpub._waiting._GRACE", 0.05)
    monkeypatch.setattr("shmpub._updates._SLICE", 0.1)
    monkeypatch.setattr("shmpub._updates._FIRST_SILENCE", 900.0)
    instance.publish("quotes", FRAME, 1)
    heard: queue.Queue[BaseException] = queue.Queue()
    told: queue.Queue[int] = queue.Queue()
    feed = shmpub.subscribe("qoutes", directory=directory)
    handler = heard.put if has_handler else None
    with feed.on_update(lambda snapshot: told.put(snapshot.sequence), on_error=handler):
        error = (heard if has_handler else reported).get(timeout=20)
        assert isinstance(error, shmpub.FeedNotFound)
        assert error.nearest == "quotes"
        time.sleep(0.5)  # time for some more tries
        instance.publish("qoutes", FRAME, 2)
        assert told.get(timeout=20) == 2
    assert heard.empty()
    assert reported.empty()


def test_an_instance_that_is_not_there_yet_is_no_error(
    directory: Path, reported: queue.Queue[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shmpub._updates._SLICE", 0.05)
    told: queue.Queue[int] = queue.Queue()
    feed = shmpub.subscribe("quotes", directory=directory)
    with feed.on_update(lambda snapshot: told.put(snapshot.sequence)):
        time.sleep(0.2)
        Instance(directory).publish("quotes", FRAME, 1)
        assert told.get(timeout=20) == 1
    assert reported.empty()
