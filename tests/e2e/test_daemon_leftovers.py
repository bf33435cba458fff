"""A daemon that finds garbage, half files or links at its start serves, and follows none."""

import os
import random

import pytest
import shmpub
from conftest import until

FAST = "interval = 20ms"


def crashed(daemon):
    """Return a daemon that was killed and has left its files."""
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"}, "max_feeds = 16")
    d.start()
    sequence = d.feed("a").sequence
    d.kill()
    return d, d.shm / d.instance, sequence


def serves(d):
    d.start()
    until(lambda: d.feed("a").sequence)
    d.source("a.csv", "a\n2\n")
    until(lambda: list(d.feed("a").df.a) == [2])
    assert d.stop() == 0
    assert d.files() == {"lock"}


def cut(path, size):
    with path.open("r+b") as f:
        f.truncate(size)


def spoil(path, at, size=64):
    with path.open("r+b") as f:
        f.seek(at)
        f.write(random.Random(at).randbytes(size))


SPOILT = {
    "catalog empty": lambda place: cut(place / "catalog", 0),
    "catalog cut": lambda place: cut(place / "catalog", 5000),
    "catalog header": lambda place: spoil(place / "catalog", 0),
    "catalog slot": lambda place: spoil(place / "catalog", 4096, 1024),
    "catalog gone": lambda place: (place / "catalog").unlink(),
    "catalog of another size": lambda place: cut(place / "catalog", 1 << 20),
    "snapshot empty": lambda place: cut(place / "a.arrow", 0),
    "snapshot cut": lambda place: cut(place / "a.arrow", 100),
    "snapshot begin": lambda place: spoil(place / "a.arrow", 0),
    "snapshot end": lambda place: spoil(place / "a.arrow", (place / "a.arrow").stat().st_size - 64),
    "snapshot gone": lambda place: (place / "a.arrow").unlink(),
    "hidden segments": lambda place: [(place / f".a.{n}").write_bytes(b"x") for n in range(1, 9)],
    "snapshot of no feed": lambda place: (place / "b.arrow").write_bytes(b"ARROW1\0\0"),
}


@pytest.mark.parametrize("label", SPOILT)
def test_spoilt(daemon, label):
    d, place, _ = crashed(daemon)
    SPOILT[label](place)
    serves(d)


@pytest.mark.parametrize("options", ["max_feeds = 16", "max_feeds = 17"])
def test_feeds_that_are_gone(daemon, options):
    """After kill -9, the next start removes what feeds of before have left, with any catalog."""
    d = daemon()
    feeds = {}
    for name in "abc":
        d.source(f"{name}.csv", "a\n1\n")
        feeds[name] = f"source = {name}.csv\n{FAST}"
    d.configure(feeds, "max_feeds = 16")
    d.start()
    held = d.feed("b").df
    d.kill()
    (d.shm / d.instance / ".b.77").write_bytes(b"x")
    assert d.files() >= {"a.arrow", "b.arrow", "c.arrow"}
    d.configure({"a": feeds["a"]}, options)
    d.start()
    gone = {"b.arrow", "c.arrow", ".b.77"}
    assert not d.files() & gone
    assert list(d.feed("a").df.a) == [1] and list(held.a) == [1]
    assert list(shmpub.feeds(instance=d.instance, directory=d.shm).index) == ["a"]


@pytest.mark.parametrize("size", [0, 100, 1 << 20])
def test_cut_while_it_is_served(daemon, size):
    """Whoever may write to the directory can truncate a file: the next attempt puts it back."""
    d, place, _ = crashed(daemon)
    d.start()
    until(lambda: list(d.feed("a").df.a) == [1])
    cut(place / "a.arrow", size)
    until(lambda: (place / "a.arrow").stat().st_size not in (0, 100, 1 << 20))
    assert list(d.feed("a").df.a) == [1]
    assert d.stop() == 0


def test_whole_files_are_taken_over(daemon):
    d, _, sequence = crashed(daemon)
    d.start()
    assert d.feed("a").sequence >= sequence
    assert list(d.feed("a").df.a) == [1]


@pytest.mark.parametrize("name", ["catalog", "a.arrow", ".a.1", "lock"])
def test_links_are_not_followed(daemon, tmp_path, name):
    d, place, _ = crashed(daemon)
    other = tmp_path / "other"
    other.write_text("precious")
    (place / name).unlink(missing_ok=True)
    (place / name).symlink_to(other)
    d.start(wait=name != "lock")
    if name == "lock":
        assert d.wait() == 1  # a lock that is no regular file
    else:
        assert list(d.feed("a").df.a) == [1]
        d.stop()
    assert other.read_text() == "precious"


def test_a_file_where_the_directory_should_be(daemon):
    d = daemon()
    d.configure({"a": "source = none.csv"})
    (d.shm / d.instance).write_text("x")
    d.start(wait=False)
    assert d.wait() == 1
    assert d.instance in d.log_text()
    assert (d.shm / d.instance).read_text() == "x"


def test_no_directory(daemon):
    d = daemon()
    d.configure({"a": "source = none.csv"})
    d.shm = d.shm / "none"
    d.configure({"a": "source = none.csv"})
    d.start(wait=False)
    assert d.wait() == 1
    assert "No such file or directory" in d.log_text()
    assert not os.path.exists(d.shm)
