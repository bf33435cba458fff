"""max_bytes of a feed, min_free, and a full directory: old snapshots stay, a line says why."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Daemon, needs_root, until

Make = Callable[[], Daemon]
ROW = "1234567,7654321\n"


def table(rows: int) -> str:
    return "a,b\n" + ROW * rows


def test_max_bytes_of_a_feed(daemon: Make) -> None:
    d = daemon()
    for name in ("small", "free"):
        d.source(f"{name}.csv", table(10))
    fast = "interval = 20ms"
    d.configure(
        {
            "small": f"source = small.csv\nmax_bytes = 256K\n{fast}",
            "free": f"source = free.csv\n{fast}",
        }
    )
    d.start()
    for name in ("small", "free"):
        d.source(f"{name}.csv", table(100_000))
    until(lambda: len(d.feed("free").df) == 100_000)
    error = str(d.wait_state("small", "failing")["error"])
    assert "max_bytes of the feed is 262144" in error
    assert len(d.feed("small").df) == 10
    # A reload with another bound is all it takes.
    d.configure({"small": f"source = small.csv\nmax_bytes = 4M\n{fast}"})
    d.reload()
    until(lambda: len(d.feed("small").df) == 100_000)
    d.source("small.csv", table(10))
    until(lambda: len(d.feed("small").df) == 10)


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "tmpfs"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8M,mode=0755", "shmpub-test", path],
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("no file system may be mounted here")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def free(path: Path) -> int:
    fs = os.statvfs(path)
    return fs.f_bavail * fs.f_frsize


@needs_root
def test_min_free(daemon: Make, tmpfs: Path) -> None:
    d = daemon()
    d.shm = tmpfs
    d.source("a.csv", table(1000))
    d.configure({"a": "source = a.csv\ninterval = 20ms"}, "min_free = 5M")
    d.start()
    d.source("a.csv", table(300_000))
    error = str(d.wait_state("a", "failing")["error"])
    assert "min_free (5242880) must stay" in error and str(tmpfs) in error
    assert len(d.feed("a").df) == 1000
    assert free(tmpfs) > 5 << 20
    subprocess.run(["mount", "-o", "remount,size=32M", tmpfs], check=True)
    until(lambda: len(d.feed("a").df) == 300_000)
    assert d.stop() == 0


@needs_root
def test_directory_that_is_full(daemon: Make, tmpfs: Path) -> None:
    d = daemon()
    d.shm = tmpfs
    d.source("a.csv", table(1000))
    d.configure({"a": "source = a.csv\ninterval = 20ms"})
    d.start()
    filler = tmpfs / "filler"
    filler.write_bytes(b"x" * (free(tmpfs) - 200_000))
    d.source("a.csv", table(100_000))
    error = str(d.wait_state("a", "failing")["error"])
    assert "No space left on device" in error and " is free in " in error, error
    assert len(d.feed("a").df) == 1000
    filler.unlink()
    until(lambda: len(d.feed("a").df) == 100_000)
    assert d.stop() == 0
