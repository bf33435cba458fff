"""Following a feed: loops, asyncio, callbacks; each with its own cursor."""

from __future__ import annotations

import asyncio
import queue
import threading
from pathlib import Path

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
    instance.publish("quotes", FRAME, 3)  # the one between is skipped
    assert next(first).sequence == 3


def test_does_not_go_back(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 5)
    updates = shmpub.subscribe("quotes", directory=directory).updates(timeout=0.05)
    assert next(updates).sequence == 5
    instance.announce("quotes", 6)  # told, but the file is the older one
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
        return (await anext(updates)).sequence  # nothing was lost

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
