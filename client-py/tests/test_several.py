"""Several feeds: wait_any(), changed() in one loop, snapshots() of one moment."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import IS_WINDOWS, read
from handmade import Instance

import shmpub
from shmpub import _platform, _watch
from shmpub._feed import Feed

FRAME = read("a\n1\n")


def later(seconds: float, call: Any, *arguments: Any) -> threading.Timer:
    timer = threading.Timer(seconds, call, arguments)
    timer.start()
    return timer


@pytest.fixture
def three(instance: Instance, directory: Path) -> list[Feed]:
    """Three feeds of which this thread has taken everything."""
    for name in "abc":
        instance.publish(name, FRAME, 1)
    feeds = [shmpub.subscribe(name, directory=directory) for name in "abc"]
    for feed in feeds:
        feed.snapshot()
    return feeds


# --- wait_any -------------------------------------------------------------------------------------


def test_those_with_news(instance: Instance, three: list[Feed]) -> None:
    assert shmpub.wait_any(three, 0) == []
    instance.publish("c", FRAME, 2)
    instance.publish("a", FRAME, 2)
    assert shmpub.wait_any(three, 0) == [three[0], three[2]]
    assert shmpub.wait_any(three, 0) == []  # they count as taken
    assert not three[0].wait(0)


def test_wakes_for_any(instance: Instance, three: list[Feed]) -> None:
    for n, name in enumerate("abc"):
        timer = later(0.05, instance.publish, name, FRAME, 2)
        start = time.monotonic()
        assert shmpub.wait_any(three, 20) == [three[n]]
        assert time.monotonic() - start < 0.8  # not only by the look that each second brings
        timer.join()


def test_of_several_instances(instance: Instance, three: list[Feed], directory: Path) -> None:
    other = Instance(directory, "other")
    feeds = [*three, shmpub.subscribe("x", "other", directory)]
    timer = later(0.05, other.publish, "x", FRAME, 1)
    assert shmpub.wait_any(feeds, 20) == [feeds[3]]
    timer.join()


def test_before_an_instance_exists(three: list[Feed], directory: Path) -> None:
    feeds = [*three, shmpub.subscribe("x", "other", directory)]
    assert shmpub.wait_any(feeds, 0.01) == []
    timer = later(0.05, lambda: Instance(directory, "other", state=1).publish("x", FRAME, 1))
    assert shmpub.wait_any(feeds, 20) == [feeds[3]]
    timer.join()


def test_more_than_the_system_can_wait_for(
    instance: Instance, three: list[Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it sleeps on the instance's word, which changes with every feed."""
    monkeypatch.setattr(_platform, "MOST_POINTS", 2)
    timer = later(0.05, instance.publish, "b", FRAME, 2)
    later(0.05, instance.news).join()
    assert shmpub.wait_any(three, 20) == [three[1]]
    timer.join()


def test_timeout_of_many(three: list[Feed]) -> None:
    start, cpu = time.monotonic(), time.process_time()
    assert shmpub.wait_any(three, timedelta(seconds=0.3)) == []
    assert time.monotonic() - start >= 0.3
    assert time.process_time() - cpu < 0.1


@pytest.mark.skipif(IS_WINDOWS, reason="it is about a system call of Linux")
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
def test_a_kernel_that_cannot(
    instance: Instance, three: list[Feed], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """An old kernel, or a container that forbids the system call."""
    from shmpub._platform import _posix_futex

    calls = []

    def refused(*arguments: Any) -> int:
        calls.append(arguments)
        _posix_futex.ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(_posix_futex, "_plain_syscall", refused)
    timer = later(0.05, instance.publish, "b", FRAME, 2)
    cpu = time.process_time()
    assert shmpub.wait_any(three, 20) == [three[1]]
    assert 1 <= len(calls) < 50
    assert time.process_time() - cpu < 0.1
    timer.join()


def test_a_feed_that_nobody_has(three: list[Feed], directory: Path) -> None:
    feeds = [*three, shmpub.subscribe("d", directory=directory)]
    with pytest.raises(shmpub.FeedNotFound, match="'d'"):
        shmpub.wait_any(feeds, 0)
    with pytest.raises(shmpub.FeedNotFound, match="no feed can have"):
        shmpub.wait_any([shmpub.subscribe("bad name!")], 0)


@pytest.mark.parametrize(
    ("feeds", "error", "match"),
    [
        ([], ValueError, "no feed"),
        ("quotes", TypeError, "list of Feeds"),
        (3, TypeError, "list of Feeds"),
        (["quotes"], TypeError, "subscribe"),
    ],
)
def test_what_is_no_list_of_feeds(feeds: Any, error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        shmpub.wait_any(feeds, 0)


def test_a_feed_twice(instance: Instance, three: list[Feed]) -> None:
    instance.publish("a", FRAME, 2)
    assert shmpub.wait_any([three[0], three[0]], 0) == [three[0]]


# --- asyncio --------------------------------------------------------------------------------------


def test_changed(instance: Instance, three: list[Feed]) -> None:
    async def main() -> None:
        assert await three[0].changed(0) is False
        instance.publish("a", FRAME, 2)
        assert await three[0].changed(20) is True
        assert await three[0].changed(0.01) is False  # it counts as taken
        assert not three[0].wait(0)
        timer = later(0.05, instance.publish, "a", FRAME, 3)
        start = time.monotonic()
        assert await three[0].changed()
        assert time.monotonic() - start < 0.8
        timer.join()

    asyncio.run(main())


def test_many_tasks_and_one_thread(instance: Instance, three: list[Feed]) -> None:
    async def main() -> list[bool]:
        tasks = [asyncio.create_task(feed.changed(30)) for feed in three * 20]
        await asyncio.sleep(0.1)
        names = [t.name for t in threading.enumerate()]
        assert names.count("shmpub-watch") == 1
        assert not any(task.done() for task in tasks)
        for name in "cab":
            instance.publish(name, FRAME, 2)
        return await asyncio.gather(*tasks)  # tasks that wait for one feed are all told

    assert asyncio.run(main()) == [True] * 60


def test_the_thread_ends(three: list[Feed], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_watch, "_LONGEST", 0.05)
    asyncio.run(three[0].changed(0.01))
    deadline = time.monotonic() + 20
    while any(t.name == "shmpub-watch" for t in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert asyncio.run(three[0].changed(0.01)) is False  # and begins again


def test_cancelled_tasks_are_forgotten(instance: Instance, three: list[Feed]) -> None:
    async def main() -> None:
        task = asyncio.create_task(three[0].changed())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        instance.publish("a", FRAME, 2)
        assert await three[0].changed(20)  # the cancelled one has taken nothing

    asyncio.run(main())
    assert all(watched.is_over for watched in _watch._watcher._all)


def test_a_loop_that_ends_with_waiting_tasks(instance: Instance, three: list[Feed]) -> None:
    loop = asyncio.new_event_loop()
    task = loop.create_task(three[0].changed())
    loop.run_until_complete(asyncio.sleep(0.02))
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    instance.publish("a", FRAME, 2)
    assert asyncio.run(three[0].changed(20))


def test_errors_come_out_of_changed(three: list[Feed], directory: Path) -> None:
    with pytest.raises(shmpub.FeedNotFound, match="'d'"):
        asyncio.run(shmpub.subscribe("d", directory=directory).changed(0.01))
    with pytest.raises(shmpub.FeedNotFound, match="no feed can have"):
        asyncio.run(shmpub.subscribe("bad name!", directory=directory).changed())
    with pytest.raises(TypeError, match="timeout"):
        asyncio.run(three[0].changed("1s"))  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_after_a_fork(instance: Instance, three: list[Feed]) -> None:
    asyncio.run(three[0].changed(0.01))  # the parent has the thread
    child = os.fork()
    if not child:
        try:
            os._exit(0 if asyncio.run(three[0].changed(10)) else 1)  # attached anew: all is new
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


# --- close() --------------------------------------------------------------------------------------


def test_close_ends_a_waiting_thread(three: list[Feed]) -> None:
    updates = three[0].updates()
    next(updates)
    timer = later(0.05, updates.close)
    start = time.monotonic()
    assert list(updates) == []
    assert time.monotonic() - start < 5
    timer.join()
    updates.close()
    assert list(updates) == []


def test_with_closes(instance: Instance, three: list[Feed]) -> None:
    with three[0].updates() as updates:
        assert next(updates).sequence == 1
    instance.publish("a", FRAME, 2)
    assert list(updates) == []


@pytest.mark.parametrize("call", ["close", "aclose"])
def test_aclose_ends_a_waiting_task(three: list[Feed], call: str) -> None:
    async def main() -> float:
        async with three[0].updates() as updates:
            await anext(updates)
            task = asyncio.create_task(anext(updates, None))
            await asyncio.sleep(0.02)
            start = time.monotonic()
            if call == "aclose":
                await updates.aclose()
            else:
                threading.Thread(target=updates.close).start()
            assert await task is None
        assert [snap async for snap in updates] == []
        return time.monotonic() - start

    assert asyncio.run(main()) < 0.8


def test_async_with_closes(three: list[Feed]) -> None:
    async def main() -> list[int]:
        async with three[0].updates(timeout=5) as updates:
            async for snap in updates:
                assert snap.sequence == 1
                break
        return [snap.sequence async for snap in updates]

    assert asyncio.run(main()) == []


# --- snapshots of one moment ----------------------------------------------------------------------


def test_a_cut(instance: Instance, three: list[Feed], directory: Path) -> None:
    before = datetime.now(UTC)
    cut = shmpub.snapshots(["a", three[1], "c"], directory=directory)
    assert [*cut] == ["a", "b", "c"]
    assert before <= cut.moment <= datetime.now(UTC)
    assert cut["b"].sequence == 1
    assert cut["a"].df.equals(FRAME)
    assert repr(cut).startswith("<Snapshots of ")
    instance.publish("b", FRAME, 2)
    assert shmpub.snapshots(three)["b"].sequence == 2
    assert not three[1].wait(0)  # it was taken


class Racing:
    """Publishes a feed each time that another has been taken: the cut never is one."""

    def __init__(self, instance: Instance, feed: Feed, times: int) -> None:
        self.sequence, self.left = 1, times
        self._instance, self._feed, self._newest = instance, feed, feed._newest
        feed._newest = self.take  # type: ignore[method-assign]

    def take(self) -> Any:
        found = self._newest()
        if self.left:
            self.left -= 1
            self.sequence += 1
            self._instance.publish(self._feed.name, FRAME, self.sequence)
        return found


def test_what_was_replaced_is_taken_again(instance: Instance, three: list[Feed]) -> None:
    racing = Racing(instance, three[0], 3)
    cut = shmpub.snapshots(three)
    assert (racing.left, cut["a"].sequence) == (0, 4)


def test_no_moment_can_be_found(instance: Instance, three: list[Feed]) -> None:
    Racing(instance, three[1], 10**6)
    start = time.monotonic()
    with pytest.raises(shmpub.Stale, match=r"b: .*a, b, c") as caught:
        shmpub.snapshots(three, timeout=0.1)
    assert time.monotonic() - start >= 0.1
    assert caught.value.feed == "b"


def test_a_cut_under_fire(instance: Instance, three: list[Feed]) -> None:
    """`b` is published after `a`, each with one number: no cut has a newer `b` than `a`."""
    stop = threading.Event()

    def fire() -> None:
        n = 1
        while not stop.wait(0.001):
            n += 1
            for name in "ab":
                instance.publish(name, read(f"a\n{n}\n"), n)

    thread = threading.Thread(target=fire)
    thread.start()
    try:
        for _ in range(100):
            cut = shmpub.snapshots(three[:2], timeout=20)
            a, b = (int(cut[name].df["a"].iloc[0]) for name in "ab")
            assert a - b in (0, 1)
    finally:
        stop.set()
        thread.join()


def test_publishers_that_are_gone(instance: Instance, three: list[Feed]) -> None:
    instance.set_state(3)
    assert shmpub.snapshots(three)["c"].sequence == 1


@pytest.mark.parametrize(
    ("feeds", "error", "match"),
    [
        (["a", "nope"], shmpub.FeedNotFound, "nope"),
        ([], ValueError, "no feed"),
        (["a", "a"], ValueError, "two feeds"),
        ("a", TypeError, "list of names"),
        ([1], TypeError, "name is a str"),
    ],
)
def test_what_has_no_cut(
    three: list[Feed], directory: Path, feeds: Any, error: type, match: str
) -> None:
    with pytest.raises(error, match=match):
        shmpub.snapshots(feeds, directory=directory)


def test_a_cut_and_an_age(instance: Instance, three: list[Feed], directory: Path) -> None:
    instance.announce("a", 1, mtime_ns=time.time_ns() - 3600 * 10**9)
    feed = shmpub.subscribe("a", directory=directory, max_age="1s")
    with pytest.raises(shmpub.Stale, match="max_age"):
        shmpub.snapshots([feed, three[1]])
