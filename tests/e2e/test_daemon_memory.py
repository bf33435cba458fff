"""Memory that runs out: a full tmpfs, readers that keep every snapshot, a source too large."""

import subprocess
import time

import pytest
from conftest import needs_root, until

FAST = "interval = 20ms"


def table(number, rows):
    return "n,m\n" + f"{number},{number}\n" * rows


@pytest.fixture
def small(tmp_path):
    """A tmpfs of 8 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "none", str(folder)]
    )
    if mounted.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


@needs_root
def test_full_tmpfs(daemon, small):
    d = daemon()
    d.shm = small
    d.source("a.csv", table(1, 1000))
    d.configure({"a": f"source = a.csv\n{FAST}"}, "max_feeds = 16")
    d.start()
    feed = d.feed("a")
    held = feed.df
    d.source("a.csv", table(2, 600_000))  # 9.6 MB of columns
    status = d.wait_state("a", "failing")
    assert "No space left" in str(status["error"])
    assert (feed.df.n == 1).all() and len(feed.df) == 1000
    until(lambda: int(str(d.status("a")["failures"])) >= 3, seconds=60)
    assert d.log_text().count("warning: feed a: ") == 1  # the reason is the same one each time
    time.sleep(0.3)
    assert d.process.poll() is None
    d.source("a.csv", table(3, 1000))
    until(lambda: (feed.df.n == 3).all(), seconds=60)
    assert (held.n == 1).all()
    left = {name for name in d.files() if name.startswith(".")}
    assert len(left) <= 1  # a spare at most
    assert d.stop() == 0
    assert d.files() == {"lock"}


@needs_root
def test_tmpfs_full_of_something_else(daemon, small):
    d = daemon()
    d.shm = small
    d.source("a.csv", table(1, 1000))
    d.configure({"a": f"source = a.csv\n{FAST}"}, "max_feeds = 16\nspare_bytes = 0")
    d.start()
    feed = d.feed("a")
    with (small / "other").open("wb") as f, pytest.raises(OSError):
        while True:
            f.write(bytes(65536))
            f.flush()
    d.source("a.csv", table(2, 2000))
    d.wait_state("a", "failing")
    assert (feed.df.n == 1).all()
    (small / "other").unlink()
    until(lambda: (feed.df.n == 2).all(), seconds=60)
    d.wait_state("a", "fresh")


def test_readers_hold_until_max_bytes(daemon):
    d = daemon()
    rows = 50_000  # 800 KB of columns each
    d.source("a.csv", table(0, rows))
    d.configure({"a": f"source = a.csv\n{FAST}"}, "max_bytes = 8M\nspare_bytes = 0")
    d.start()
    feed = d.feed("a")
    held = [feed.df]
    number = 0
    while number < 40 and d.status("a")["state"] != "failing":
        number += 1
        sequence = feed.sequence
        d.source("a.csv", table(number, rows))
        until(lambda s=sequence: feed.sequence > s or d.status("a")["state"] == "failing")
        held.append(feed.df)
    assert 5 < number < 20
    status = d.wait_state("a", "failing")
    assert "max_bytes" in str(status["error"]) or "held" in str(status["error"])
    assert len(feed.df) == rows
    for n, frame in enumerate(held[:-1]):
        assert (frame.n == n).all()  # a table in hand never changes
    held.clear()
    del frame
    until(lambda: (feed.df.n == number).all(), seconds=90)
    d.wait_state("a", "fresh")


def test_source_that_becomes_a_hole(daemon):
    d = daemon()
    path = d.source("a.csv", table(1, 10))
    d.configure({"a": f"source = a.csv\n{FAST}"}, "max_bytes = 8M")
    d.start()
    with path.open("wb") as f:
        f.truncate(1 << 40)  # a hole of a terabyte
    status = d.wait_state("a", "failing")
    assert "a.csv:1: record longer than 2097152 bytes" in str(status["error"])
    assert len(d.feed("a").df) == 10
