"""Feeds whose source is a pattern, and the tables that pandas makes of the same files."""

from __future__ import annotations

import glob
import gzip
import io
import lzma
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from conftest import Daemon, replace, until

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from same_frames import frame_difference

FAST = "interval = 20ms\n"
ROWS = "a,b\n1,x\n2,y\n"


def put(d: Daemon, files: dict[str, str | bytes]) -> None:
    for name, text in files.items():
        path = d.folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, text)


def make(daemon: Callable[[], Daemon]) -> Daemon:
    """Sources on a tmpfs: a disk can need a tenth of a second for a rename over a file."""
    d = daemon()
    d.folder = d.shm / "sources"
    (d.folder / "data").mkdir(parents=True)
    d.ini = d.folder / "shmpubd.ini"
    return d


def serve(daemon, files: dict[str, str | bytes], options: str = "", pattern: str = "*") -> Daemon:
    d = make(daemon)
    put(d, files)
    d.configure({"a": f"source = data/{pattern}\n{FAST}{options}"})
    return d.start()


def paths(d: Daemon, pattern: str = "*") -> list[str]:
    found = sorted(glob.glob(str(d.folder / "data" / pattern)))
    return [path for path in found if Path(path).is_file()]


def expand(path: str) -> io.BytesIO:
    text = Path(path).read_bytes()
    if text[:2] == b"\x1f\x8b":
        text = gzip.decompress(text)
    elif text[:6] == b"\xfd7zXZ\0":
        text = lzma.decompress(text)
    return io.BytesIO(text)


def concat(d: Daemon, pattern: str = "*", **options) -> pd.DataFrame:
    """Return the table of all; files without rows have no types, and concat would take objects."""
    frames = [pd.read_csv(expand(path), **options) for path in paths(d, pattern)]
    frames = [frame for frame in frames if len(frame)]
    return pd.concat(frames, ignore_index="index_col" not in options)


def check(d: Daemon, pattern: str = "*", **options) -> None:
    """Wait until the feed has the table that pandas makes of the files."""
    wanted = concat(d, pattern, **options)
    feed = d.feed("a")
    until(lambda: len(feed.df) == len(wanted), seconds=10)
    assert frame_difference(wanted, feed.df) is None


def failure(d: Daemon, words: str) -> str:
    row = until(
        lambda: (row := d.status("a")).get("state") == "failing" and words in row["error"] and row,
        pause=0.03,
    )
    return str(row["error"])
