"""Subscribing, the newest snapshot, and what is raised where there is none."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import handmade
import pandas as pd
import pytest
from conftest import read
from handmade import Instance

import shmpub

ONE = read("a,s\n1,x\n2,y\n")
TWO = read("a,s\n3,z\n")


def test_newest(instance: Instance, directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    instance.publish("quotes", ONE, 1)
    assert feed.sequence == 1
    pd.testing.assert_frame_equal(feed.df, ONE)
    instance.publish("quotes", TWO, 2)
    assert feed.sequence == 2
    pd.testing.assert_frame_equal(feed.df, TWO)


def test_snapshot_tells_about_itself(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 7)
    held = shmpub.subscribe("quotes", directory=directory).snapshot()
    assert (held.sequence, held.epoch, len(held)) == (7, 77, 2)
    assert held.published_at.tzinfo is UTC
    assert abs(datetime.now(UTC) - held.published_at) < timedelta(minutes=1)
    assert timedelta(0) <= held.age < timedelta(minutes=1)
    assert "quotes" in repr(held)
    assert pickle.loads(pickle.dumps(held)).sequence == 7


def test_nothing_newer_is_the_same_snapshot(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.snapshot() is feed.snapshot()


def test_before_there_is_an_instance(directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.sequence == 0
    with pytest.raises(shmpub.InstanceNotFound, match="shmpub"):
        _ = feed.df
    instance = Instance(directory)
    with pytest.raises(shmpub.FeedNotFound):
        feed.snapshot()
    instance.slot("quotes")
    assert feed.sequence == 0
    with pytest.raises(shmpub.NotPublished, match="not published yet"):
        _ = feed.df
    instance.fail("quotes", "/data/q.csv: no such file")
    with pytest.raises(shmpub.NotPublished, match="no such file"):
        _ = feed.df
    instance.publish("quotes", ONE, 1)
    assert feed.sequence == 1
    pd.testing.assert_frame_equal(feed.df, ONE)


@pytest.mark.parametrize("name", ["", "../shmpub/quotes", "a/b", "x" * 41, ".hidden", "é"])
def test_names_that_no_feed_can_have(instance: Instance, directory: Path, name: str) -> None:
    instance.publish("quotes", ONE, 1)
    with pytest.raises(shmpub.FeedNotFound):
        _ = shmpub.subscribe(name, directory=directory).df


@pytest.mark.parametrize("name", ["../x", "a/b", "a.b", "x" * 41])
def test_names_that_no_instance_can_have(directory: Path, name: str) -> None:
    with pytest.raises(shmpub.InstanceNotFound):
        _ = shmpub.subscribe("quotes", instance=name, directory=directory).df


def test_nearest_name(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    with pytest.raises(shmpub.FeedNotFound, match="'quotes'") as caught:
        _ = shmpub.subscribe("qoutes", directory=directory).df
    assert caught.value.nearest == "quotes"
    with pytest.raises(shmpub.FeedNotFound) as caught:
        _ = shmpub.subscribe("zzz", directory=directory).df
    assert caught.value.nearest is None


def test_environment(instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Instance(directory, "other")
    instance.publish("quotes", ONE, 1)
    other.publish("quotes", TWO, 2)
    monkeypatch.setenv("SHMPUB_DIRECTORY", str(directory))
    assert shmpub.subscribe("quotes").sequence == 1
    monkeypatch.setenv("SHMPUB_INSTANCE", "other")
    assert shmpub.subscribe("quotes").sequence == 2
    assert shmpub.subscribe("quotes", instance="shmpub").sequence == 1


def test_removed_feed(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    held = feed.snapshot()
    instance.remove("quotes")
    with pytest.raises(shmpub.FeedNotFound):
        feed.snapshot()
    pd.testing.assert_frame_equal(held.df, ONE)
    instance.publish("quotes", TWO, 2)  # the feed is configured again, and gets the same slot
    pd.testing.assert_frame_equal(feed.df, TWO)


def test_another_publisher_takes_over(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 9)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.snapshot().epoch == 77
    instance.set_state(3)  # an orderly stop
    second = Instance(directory, epoch=78)
    second.publish("quotes", TWO, 1)
    held = feed.snapshot()
    assert (held.epoch, held.sequence) == (78, 1)
    assert feed.sequence == 1


def test_while_nobody_publishes_the_last_one_stays(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 9)
    feed = shmpub.subscribe("quotes", directory=directory)
    held = feed.snapshot()
    instance.set_state(3)
    instance.storage.lose_all()
    assert feed.snapshot() is held
    second = Instance(directory, epoch=78)
    second.set_state(1)  # starting, without any feed yet
    assert feed.snapshot() is held
    second.publish("quotes", TWO, 1)
    assert feed.snapshot().epoch == 78


def test_snapshot_of_an_earlier_publisher(instance: Instance, directory: Path) -> None:
    """The snapshot of a publisher that crashed has an older epoch than the catalog."""
    instance.place("quotes", handmade.snapshot(ONE, 5, epoch=1))
    instance.announce("quotes", 5)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.snapshot().epoch == 1
    assert feed.snapshot() is feed.snapshot()
    assert not feed.wait(0)
    instance.publish("quotes", TWO, 6)
    assert feed.wait(0)
    assert feed.snapshot().epoch == 77


def test_older_file_than_the_catalog_says(instance: Instance, directory: Path) -> None:
    instance.place("quotes", handmade.snapshot(ONE, 1))
    instance.announce("quotes", 2)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert feed.snapshot().sequence == 1  # the older table, as a whole
    timer = threading.Timer(0.003, instance.place, ("quotes", handmade.snapshot(TWO, 2)))
    timer.start()
    assert feed.snapshot().sequence == 2
    timer.join()


def test_newer_file_than_the_catalog_says(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    instance.place("quotes", handmade.snapshot(TWO, 2))
    feed = shmpub.subscribe("quotes", directory=directory)
    held = feed.snapshot()
    assert held.sequence == 2
    assert feed.snapshot() is held
    instance.announce("quotes", 2)
    assert not feed.wait(0)
    assert feed.snapshot() is held


def test_lost_file(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    held = feed.snapshot()
    instance.lose("quotes")
    instance.announce("quotes", 2)
    assert feed.snapshot() is held
    with pytest.raises(shmpub.NotPublished, match="lost"):
        shmpub.subscribe("quotes", directory=directory).snapshot()


def test_empty_and_foreign_files(instance: Instance, directory: Path) -> None:
    for content in (b"", b"x" * 63, b"ARROW1\0\0" + bytes(200) + b"ARROW1"):
        instance.place("quotes", content)
        instance.announce("quotes", 1)
        with pytest.raises(shmpub.FormatError, match=re.escape(instance.storage.name_of("quotes"))):
            _ = shmpub.subscribe("quotes", directory=directory).df


def test_a_broken_file_may_be_a_lost_race(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad snapshot is opened again before it raises: a good one may have replaced it."""
    instance.publish("quotes", ONE, 1)
    good = instance.content("quotes")
    instance.place("quotes", b"")
    monkeypatch.setattr("time.sleep", lambda _: instance.place("quotes", good))
    pd.testing.assert_frame_equal(shmpub.subscribe("quotes", directory=directory).df, ONE)


def test_pickled_feed_attaches_by_name(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    feed = pickle.loads(pickle.dumps(shmpub.subscribe("quotes", directory=directory)))
    assert "quotes" in repr(feed)
    pd.testing.assert_frame_equal(feed.df, ONE)
    script = "import pickle, sys; print(pickle.load(sys.stdin.buffer).df.to_dict('list'))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(feed),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.decode().strip() == str(ONE.to_dict("list"))


def test_many_threads_one_feed(instance: Instance, directory: Path) -> None:
    """Each thread sees whole tables, and never an older one after a newer one."""
    frames = {n: pd.DataFrame({"n": [n] * 50, "m": [2.0 * n] * 50}) for n in range(1, 200)}
    contents = {n: handmade.snapshot(f, n) for n, f in frames.items()}
    instance.place("quotes", contents[1])
    instance.announce("quotes", 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    wrong: list[object] = []

    def follow() -> None:
        last = 0
        while last < 199:
            held = feed.snapshot()
            frame = held.df
            values = set(frame["n"]) | {v / 2 for v in frame["m"]}
            if values != {held.sequence} or held.sequence < last:
                wrong.append((values, held.sequence, last))
                return
            last = held.sequence

    threads = [threading.Thread(target=follow) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(2, 200):
        instance.place("quotes", contents[n])
        instance.announce("quotes", n)
    for thread in threads:
        thread.join(30)
    assert not wrong


def test_snapshot_after_a_frame_when_the_file_is_gone(instance: Instance, directory: Path) -> None:
    """Frames, arrays and tables use one mapping, which lasts as long as any of them."""
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    frame = feed.df
    instance.lose("quotes")
    assert feed.snapshot().column("a").tolist() == [1, 2]
    with pytest.raises(shmpub.NotPublished, match="lost"):
        shmpub.subscribe("quotes", directory=directory).snapshot()
    pd.testing.assert_frame_equal(feed.df, frame)
    instance.publish("quotes", TWO, 2)
    assert feed.snapshot().column("a").tolist() == [3]


def test_frame_and_snapshot_are_of_one_sequence(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    frame = feed.df
    frame.loc[0, "a"] = 99
    held = feed.snapshot()
    pd.testing.assert_frame_equal(held.df, ONE)
    assert held.column("a").tolist() == [1, 2]
    assert not feed.wait(0)
    assert feed.snapshot() is held
