"""Subscribing, the newest snapshot, and what is raised where there is none."""

from __future__ import annotations

import fcntl
import os
import pickle
import signal
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import handmade
import pandas as pd
import pytest
from conftest import as_nobody, read
from handmade import Instance

import shmpub
from shmpub import _arrow_schema

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
    with pytest.raises(TypeError):
        pickle.dumps(held)


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
    instance.publish("quotes", TWO, 2)  # configured again: the same slot
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
    for path in instance.path.iterdir():
        path.unlink()
    instance.path.rmdir()
    assert feed.snapshot() is held
    second = Instance(directory, epoch=78)
    second.set_state(1)  # starting, without any feed yet
    assert feed.snapshot() is held
    second.publish("quotes", TWO, 1)
    assert feed.snapshot().epoch == 78


def test_snapshot_of_an_earlier_publisher(instance: Instance, directory: Path) -> None:
    """Taken over after a crash: it stands under the name with its own epoch."""
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
    assert feed.snapshot().sequence == 1  # the whole older table is what one gets
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
    (instance.path / "quotes.arrow").unlink()
    instance.announce("quotes", 2)
    assert feed.snapshot() is held
    with pytest.raises(shmpub.NotPublished, match="lost"):
        shmpub.subscribe("quotes", directory=directory).snapshot()


def test_empty_and_foreign_files(instance: Instance, directory: Path) -> None:
    for content in (b"", b"x" * 63, b"ARROW1\0\0" + bytes(200) + b"ARROW1"):
        instance.place("quotes", content)
        instance.announce("quotes", 1)
        with pytest.raises(shmpub.FormatError, match=r"quotes\.arrow"):
            _ = shmpub.subscribe("quotes", directory=directory).df


def test_links_are_not_followed(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    path = instance.path / "quotes.arrow"
    path.rename(directory / "elsewhere")
    path.symlink_to(directory / "elsewhere")
    with pytest.raises(OSError):
        _ = shmpub.subscribe("quotes", directory=directory).df


def test_a_linked_directory_is_no_instance(instance: Instance, directory: Path) -> None:
    """Whoever may write beside an instance could else lead its readers to another."""
    instance.publish("quotes", ONE, 1)
    (directory / "other").symlink_to(instance.path)
    with pytest.raises(shmpub.InstanceNotFound):
        _ = shmpub.subscribe("quotes", instance="other", directory=directory).df


@pytest.mark.parametrize("name", ["quotes.arrow", "catalog"])
def test_a_fifo_is_not_waited_for(instance: Instance, directory: Path, name: str) -> None:
    instance.publish("quotes", ONE, 1)
    (instance.path / name).unlink()
    os.mkfifo(instance.path / name)
    call = (
        "import shmpub, sys\n"
        "try: shmpub.subscribe('quotes', directory=sys.argv[1]).df\n"
        "except shmpub.FormatError: print('refused')"
    )
    # In a process of its own: a hang here could not be ended from within.
    run = subprocess.run(
        [sys.executable, "-c", call, str(directory)], capture_output=True, text=True, timeout=30
    )
    assert run.stdout == "refused\n", run.stderr


def test_a_broken_file_may_be_a_lost_race(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at again before it is believed, since another may have the name by then."""
    instance.publish("quotes", ONE, 1)
    good = (instance.path / "quotes.arrow").read_bytes()
    instance.place("quotes", b"")
    monkeypatch.setattr("time.sleep", lambda _: instance.place("quotes", good))
    pd.testing.assert_frame_equal(shmpub.subscribe("quotes", directory=directory).df, ONE)


def test_a_lease_is_not_waited_for(instance: Instance, directory: Path) -> None:
    """A snapshot that is being filled anew is never the newest: another one has its name."""
    instance.publish("quotes", ONE, 1)
    path = instance.path / "quotes.arrow"
    kept = os.open(path, os.O_RDWR)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        fcntl.fcntl(kept, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        with pytest.raises(shmpub.NotPublished):
            _ = shmpub.subscribe("quotes", directory=directory).df
    finally:
        os.close(kept)
        signal.signal(signal.SIGIO, before)
    pd.testing.assert_frame_equal(shmpub.subscribe("quotes", directory=directory).df, ONE)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")


@needs_root
def test_untrusted_owner(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    for path in (instance.path, instance.path / "catalog", instance.path / "quotes.arrow"):
        os.chown(path, 54321, 54321)
        for call in (lambda f: f.df, lambda f: f.wait(0) and f.df):
            with pytest.raises(shmpub.UntrustedOwner, match="owner=54321") as caught:
                call(shmpub.subscribe("quotes", directory=directory))
            assert caught.value.uid == 54321
        feed = shmpub.subscribe("quotes", directory=directory, owner=54321)
        pd.testing.assert_frame_equal(feed.df, ONE)
        os.chown(path, 0, 0)
    pd.testing.assert_frame_equal(shmpub.subscribe("quotes", directory=directory).df, ONE)


@needs_root
def test_owner_by_name(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    import pwd

    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(instance.path / "quotes.arrow", nobody, -1)
    with pytest.raises(shmpub.UntrustedOwner):
        _ = shmpub.subscribe("quotes", directory=directory, owner="daemon").df
    for owner in ("nobody", nobody, str(nobody)):
        feed = shmpub.subscribe("quotes", directory=directory, owner=owner)
        pd.testing.assert_frame_equal(feed.df, ONE)


def test_pickled_feed_attaches_by_name(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    feed = pickle.loads(pickle.dumps(shmpub.subscribe("quotes", directory=directory)))
    assert "quotes" in repr(feed)
    pd.testing.assert_frame_equal(feed.df, ONE)
    script = "import pickle, sys; print(pickle.load(sys.stdin.buffer).df.to_csv(index=False))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(feed),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.decode().strip() == "a,s\n1,x\n2,y"


def test_feed_after_fork(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    held = feed.df
    with feed._lock:  # as if another thread were loading at the time of the fork
        child = os.fork()
        if child == 0:
            try:
                instance.publish("quotes", TWO, 2)
                good = feed.wait(5) and feed.df.equals(TWO) and held.equals(ONE)
                os._exit(0 if good else 1)
            except BaseException:
                os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert feed.wait(0)
    pd.testing.assert_frame_equal(feed.df, TWO)


def test_fork_while_a_thread_makes_frames(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    is_inside, is_forked = threading.Event(), threading.Event()

    def index_waits(*arguments: Any, **named: Any) -> Any:
        if threading.current_thread() is thread:
            is_inside.set()
            is_forked.wait(30)
        return frozen_index(*arguments, **named)

    frozen_index = _arrow_schema.frozen_index
    monkeypatch.setattr(_arrow_schema, "frozen_index", index_waits)
    thread = threading.Thread(target=lambda: shmpub.subscribe("quotes", directory=directory).df)
    thread.start()
    assert is_inside.wait(30)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # what waits for the thread, which is not here, ends
        os._exit(0 if feed.df.equals(ONE) else 1)
    is_forked.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_directory_listing_is_left_alone(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    before = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in instance.path.iterdir()}
    feed = shmpub.subscribe("quotes", directory=directory)
    frame = feed.df
    frame.loc[:, "a"] = 9
    feed.wait(0)
    feed.snapshot().numpy()
    after = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in instance.path.iterdir()}
    assert before == after


@needs_root
def test_reading_needs_no_write_access(instance: Instance, directory: Path) -> None:
    """Another user, for whom everything is read-only."""
    instance.publish("quotes", ONE, 1)
    os.chmod(directory, 0o755)

    def read_it() -> None:
        assert not os.access(instance.path / "catalog", os.W_OK)
        feed = shmpub.subscribe("quotes", directory=directory)
        assert feed.df.equals(ONE)
        assert not feed.wait(0.01)

    as_nobody(read_it)
    assert stat.S_IMODE((instance.path / "catalog").stat().st_mode) == 0o644


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
    """Frames and all else lie in one mapping, which stays."""
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    frame = feed.df
    (instance.path / "quotes.arrow").unlink()
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
