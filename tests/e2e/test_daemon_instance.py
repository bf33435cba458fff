"""One daemon for an instance: its start, its stop, its crash, and the daemon that follows."""

import fcntl
import os
import shutil
import signal
import threading
import time

import pandas as pd
import pytest
import shmpub
from conftest import run_shmpubd, until

FAST = "interval = 20ms"


def start(daemon, options="", **sources):
    d = daemon()
    sources = sources or {"a": "a\n1\n"}
    for name, text in sources.items():
        d.source(f"{name}.csv", text)
    d.configure({name: f"source = {name}.csv\n{FAST}" for name in sources}, options)
    return d.start()


def test_second_daemon(daemon):
    d = start(daemon)
    epoch = d.feed("a").snapshot().epoch
    for arguments in ([], ["--once"]):
        run = run_shmpubd("-c", d.ini, *arguments)
        assert run.returncode == 1
        assert run.stderr == f"shmpubd: {d.shm}/{d.instance}: process {d.pid} publishes there\n"
    d.source("a.csv", "a\n2\n")
    until(lambda: list(d.feed("a").df.a) == [2])
    assert d.feed("a").snapshot().epoch == epoch


def test_a_daemon_that_lost_its_instance(daemon):
    """Its lock was removed and a second daemon runs: it says so, ends, and removes nothing."""
    first, second = start(daemon), daemon()
    second.instance, second.shm = first.instance, first.shm
    second.source("a.csv", "a\n2\n")
    second.configure({"a": f"source = a.csv\n{FAST}"})
    os.kill(first.pid, signal.SIGSTOP)
    (first.shm / first.instance / "lock").unlink()
    second.start()
    until(lambda: list(second.feed("a").df.a) == [2])
    assert first.process is not None
    os.kill(first.pid, signal.SIGCONT)
    assert first.process.wait(30) == 1
    first.process = None
    assert f"process {second.pid} publishes there" in first.log_text()
    until(lambda: second.files() == {"catalog", "lock", "a.arrow"})  # the first had one mapped
    assert list(second.feed("a").df.a) == [2]
    second.source("a.csv", "a\n3\n")
    until(lambda: list(second.feed("a").df.a) == [3])


def test_check_beside_a_daemon(daemon):
    d = start(daemon)
    assert run_shmpubd("-c", d.ini, "--check").returncode == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stop_removes_everything(daemon, how):
    d = start(daemon, a="a\n1\n", b="a\n2\n")
    assert d.files() == {"catalog", "lock", "a.arrow", "b.arrow"}
    held = d.feed("a").df
    assert d.stop(how) == 0
    assert d.files() == {"lock"}
    assert list(held.a) == [1]
    assert any("STOPPING=1" in t.splitlines() for t in d.told)


def test_stop_wakes_readers(daemon):
    d = start(daemon)
    feed = d.feed("a")
    assert list(feed.df.a) == [1]
    woken = threading.Event()

    def sleep():
        feed.wait(timeout=60)
        woken.set()

    threading.Thread(target=sleep, daemon=True).start()
    time.sleep(0.1)
    d.stop()
    d.source("a.csv", "a\n2\n")
    d.start()
    assert woken.wait(30)
    assert list(d.feed("a").df.a) == [2]


def test_keep_on_exit(daemon):
    d = start(daemon, "keep_on_exit = yes")
    epoch = d.feed("a").snapshot().epoch
    assert d.stop() == 0
    assert d.files() == {"catalog", "lock", "a.arrow"}
    assert list(d.feed("a").df.a) == [1]
    frame = pd.read_feather(d.shm / d.instance / "a.arrow")
    assert list(frame.a) == [1]
    sequence = d.feed("a").sequence
    d.source("a.csv", "a\n2\n")
    d.start()
    until(lambda: list(d.feed("a").df.a) == [2])
    assert d.feed("a").sequence > sequence
    assert d.feed("a").snapshot().epoch != epoch  # the stop has ended the old epoch


def test_once(daemon):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.source("b.csv", "a\n2\n")
    feeds = {"a": "source = a.csv", "b": "source = b.csv"}
    d.configure(feeds)
    assert d.start("--once").wait() == 0
    assert d.files() == {"catalog", "lock", "a.arrow", "b.arrow"}
    assert list(d.feed("b").df.a) == [2]
    d.source("b.csv", 'a\n"\n')
    d.configure({**feeds, "c": "source = none.csv"})
    assert d.start("--once").wait() == 1
    assert list(d.feed("a").df.a) == [1]
    assert list(d.feed("b").df.a) == [2]  # the one from before
    log = d.log_text()
    assert f"{d.folder}/b.csv:2: " in log and "none.csv: No such file" in log


def test_no_feed(daemon):
    """A configuration without feeds is a mistake: no instance is made."""
    d = daemon()
    d.configure("")
    for arguments in (["--once"], []):
        run = run_shmpubd("-c", d.ini, *arguments)
        assert run.returncode == 1
        assert run.stderr == f"{d.ini}:4: no feed: a section [feed NAME] with a source is wanted\n"
    assert not (d.shm / d.instance).exists()


def test_bad_configuration(daemon):
    d = daemon()
    d.configure("[feed a]\n")
    run = run_shmpubd("-c", d.ini)
    assert run.returncode == 1 and run.stderr == f"{d.ini}:5: no source\n"
    assert not (d.shm / d.instance).exists()


def test_crash_and_take_over(daemon):
    d = start(daemon, a="a\n1\n", b="a\n1\n")
    feed = d.feed("a")
    epoch, seen, held = feed.snapshot().epoch, [feed.sequence], feed.df
    for turn in range(2, 8):
        d.source("a.csv", f"a\n{turn}\n")
        until(lambda turn=turn: list(feed.df.a) == [turn])
        seen.append(feed.sequence)
        d.kill()
        assert list(feed.df.a) == [turn]  # what stands is whole
        assert list(d.feed("b").df.a) == [1]
        d.start()
        assert feed.snapshot().epoch == epoch
    assert seen == sorted(set(seen))
    assert list(held.a) == [1]
    assert d.stop() == 0
    assert d.files() == {"lock"}


def test_feed_gone_while_nobody_was_there(daemon):
    d = start(daemon, a="a\n1\n", b="a\n1\n")
    d.kill()
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.start()
    assert "b.arrow" not in d.files()
    assert d.status("b") == {}


def test_source_gone_while_nobody_was_there(daemon):
    """The last good snapshot outlives the crash, though the source is bad now."""
    d = start(daemon)
    d.kill()
    (d.folder / "a.csv").unlink()
    d.start()
    assert list(d.feed("a").df.a) == [1]
    assert d.wait_state("a", "failing")["error"]


def test_directory_removed(daemon):
    """rm -r by the owner: everything is put back, and readers find it."""
    d = start(daemon)
    place = d.shm / d.instance
    shutil.rmtree(place)
    until(lambda: d.files() >= {"catalog", "lock", "a.arrow"})
    assert list(d.feed("a").df.a) == [1]
    run = run_shmpubd("-c", d.ini)
    assert run.returncode == 1 and f"process {d.pid} publishes there" in run.stderr


def test_directory_taken(daemon):
    """The instance was removed, and another process took it: the daemon says so and leaves it."""
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv\ninterval = 1s"})
    d.start()
    shutil.rmtree(d.shm / d.instance)
    (d.shm / d.instance).mkdir()
    with (d.shm / d.instance / "lock").open("w") as lock:
        os.chmod(lock.fileno(), 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        fcntl.lockf(lock, fcntl.LOCK_EX)
        assert d.wait() == 1
    assert "publishes there" in d.log_text()


def test_heartbeat_and_state(daemon):
    d = start(daemon)
    catalog = d.shm / d.instance / "catalog"

    def heartbeat():
        with catalog.open("rb") as f:
            f.seek(136)
            return int.from_bytes(f.read(8), "little")

    first = heartbeat()
    assert abs(first / 1e9 - time.time()) < 60
    until(lambda: heartbeat() > first)


def test_no_descriptors_or_memory_pile_up(daemon):
    d = start(daemon)
    feed = d.feed("a")

    def descriptors():
        return len(os.listdir(f"/proc/{d.pid}/fd"))

    def publish(first, last):
        for n in range(first, last):
            d.source("a.csv", f"a\n{n}\n")
            until(lambda n=n: list(feed.df.a) == [n], pause=0.002)

    publish(10, 40)
    before = descriptors()
    publish(40, 120)
    assert descriptors() <= before + 2
    assert len(d.files()) <= 6


def test_feed_not_published_yet(daemon):
    d = daemon()
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.start()
    feed = d.feed("a")
    assert feed.sequence == 0
    with pytest.raises(shmpub.NotPublished):
        _ = feed.df
    d.source("a.csv", "a\n1\n")
    assert feed.wait(30)
    assert list(feed.df.a) == [1]
