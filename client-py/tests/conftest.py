from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from handmade import Instance

IS_WINDOWS = sys.platform == "win32"
if IS_WINDOWS:
    from system_windows import descriptors, is_read_only, snapshots_held

    collect_ignore_glob = ["*_posix.py"]  # tests for POSIX systems only
else:
    from system_posix import descriptors, is_read_only, snapshots_held

    collect_ignore_glob = ["*_windows.py"]

__all__ = ["descriptors", "is_read_only", "snapshots_held"]  # tests import them from here

# For tests that take minutes under Wine and hardly depend on the system.
long_on_windows = pytest.mark.skipif(
    IS_WINDOWS and not os.environ.get("SHMPUB_LONG_TESTS"),
    reason="long, and much the same on every system; SHMPUB_LONG_TESTS=1 runs it",
)

IN_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") and not IS_WINDOWS else None
BUILD = Path(os.environ.get("SHMPUB_BUILD", Path(__file__).parents[2] / "build" / "dev"))
PUBLISH_FILE = BUILD / "tests" / ("publish_file.exe" if IS_WINDOWS else "publish_file")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """More time for each test under Wine: one that runs out of time ends the whole run there."""
    for item in items if IS_WINDOWS else []:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(300))


def read(text: str | bytes, **options: Any) -> pd.DataFrame:
    raw = text.encode() if isinstance(text, str) else text
    return pd.read_csv(io.BytesIO(raw), low_memory=False, **options)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory in shared memory, where instances are; removed after the test."""
    with tempfile.TemporaryDirectory(prefix="shmpub-py-", dir=IN_MEMORY) as path:
        yield Path(path)


@pytest.fixture
def dead() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.fixture
def instance(directory: Path) -> Instance:
    return Instance(directory)


class Publisher:
    """The program tests/tools/publish_file: the C library, which publishes CSV files."""

    def __init__(self, directory: Path, *options: str, instance: str = "shmpub") -> None:
        self.directory = directory
        self.files = directory / "csv"
        self.files.mkdir(exist_ok=True)
        arguments = [PUBLISH_FILE, "-d", directory, "-i", instance, *options]
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def publish(self, feed: str, text: str | bytes) -> str:
        """Publish the text; returns the publisher's answer: the sequence, or the reason why not."""
        path = self.files / f"{feed}.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return self.tell(f"{feed}={path}").removeprefix(feed + " ")

    def remove(self, feed: str) -> str:
        return self.tell("-" + feed)

    def tell(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.communicate(timeout=20)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.stop()


@pytest.fixture
def publish(directory: Path) -> Iterator[Any]:
    """A function that starts a publisher in the test's own directory."""
    if not PUBLISH_FILE.exists():
        pytest.skip(f"{BUILD} has no publish_file")
    started: list[Publisher] = []

    def start(*options: str) -> Publisher:
        started.append(Publisher(directory, *options))
        return started[-1]

    yield start
    for publisher in started:
        publisher.stop()
