"""`shmpub info FEED --holders`: who keeps the memory of a feed's snapshots."""

import json
import os
import subprocess
import sys
import textwrap
from contextlib import contextmanager

from conftest import SHMPUB, needs_root, until

HOLD = textwrap.dedent(
    """
    import sys, shmpub
    feed = shmpub.subscribe(sys.argv[1], instance=sys.argv[2], directory=sys.argv[3], owner=0)
    kept = []
    print("ready", flush=True)
    for line in sys.stdin:
        kept.append(feed.snapshot())
        kept[-1].df
        print("kept", flush=True)
    """
)


class Reader:
    """A process that takes a snapshot at each word, and keeps them all."""

    def __init__(self, d, feed, **options):
        words = [sys.executable, "-c", HOLD, feed, d.instance, str(d.shm)]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
        )
        assert self.process.stdout.readline() == "ready\n"

    def take(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "kept\n"


@contextmanager
def reader(d, feed, **options):
    one = Reader(d, feed, **options)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.communicate()


def info(d, feed, *words, **options):
    command = [str(SHMPUB), "-d", str(d.shm), "-i", d.instance, "info", feed, "--holders", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def holders(d, feed, **options):
    return json.loads(info(d, feed, "--json", **options))["holders"]


def start(daemon):
    d = daemon()
    d.source("a.csv", "a,b\n1,x\n")
    d.source("b.csv", "a,b\n1,x\n")
    fast = "interval = 50ms"
    d.configure({"a": f"source = a.csv\n{fast}", "a.b": f"source = b.csv\n{fast}"})
    return d.start()


def test_nobody(daemon):
    d = start(daemon)
    assert holders(d, "a") == []
    assert "PID" in info(d, "a")


def test_newest_and_older(daemon):
    d = start(daemon)
    with reader(d, "a") as one, reader(d, "a.b") as other:
        one.take()
        other.take()
        (holder,) = holders(d, "a")
        assert holder["pid"] == one.process.pid and holder["older"] == 0 and holder["newest"] == 1
        assert holder["command"].startswith("python") and holder["bytes"] > 2000
        before = d.feed("a").sequence
        d.source("a.csv", "a,b\n2,y\n")
        until(lambda: d.feed("a").sequence > before)
        (holder,) = holders(d, "a")
        assert (holder["newest"], holder["older"]) == (0, 1)
        one.take()
        (holder,) = holders(d, "a")
        assert (holder["newest"], holder["older"]) == (1, 1)
        assert [h["pid"] for h in holders(d, "a.b")] == [other.process.pid]
        assert str(one.process.pid) in info(d, "a") and "the newest, 1 older" in info(d, "a")
    assert holders(d, "a") == []


def test_a_file_that_is_open_and_not_mapped(daemon):
    d = start(daemon)
    with open(d.shm / d.instance / "a.arrow", "rb"):
        (holder,) = holders(d, "a")
        assert holder["pid"] == os.getpid()
        assert holder["bytes"] == (d.shm / d.instance / "a.arrow").stat().st_size


@needs_root
def test_another_users_process_is_counted(daemon):
    d = start(daemon)
    with reader(d, "a") as one:
        one.take()
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        seen = json.loads(info(d, "a", "--json", **nobody))
        assert seen["holders"] == [] and seen["holders_hidden"] > 0
        assert "of other users were not looked at" in info(d, "a", **nobody)
