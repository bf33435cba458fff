from __future__ import annotations

import gc
import io
import os
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from handmade import Instance

BUILD = Path(os.environ.get("SHMPUB_BUILD", Path(__file__).parents[2] / "build" / "dev"))


def read(text: str | bytes, **options: Any) -> pd.DataFrame:
    raw = text.encode() if isinstance(text, str) else text
    return pd.read_csv(io.BytesIO(raw), low_memory=False, **options)


def descriptors() -> list[str]:
    """What this process has open, but for the listing itself."""
    gc.collect()
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{fd}"))
        except FileNotFoundError:
            pass
    return sorted(found)


def mappings(path: object) -> list[str]:
    """Lines of /proc/self/maps that are about files below `path`."""
    gc.collect()
    return [line for line in Path("/proc/self/maps").read_text().splitlines() if str(path) in line]


def as_nobody(call: Callable[[], object]) -> None:
    """In a child of another user."""
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            call()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.fixture
def directory() -> Iterator[Path]:
    """In memory, as an instance is; gone afterwards."""
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="shmpub-py-", dir=base) as path:
        yield Path(path)


@pytest.fixture
def instance(directory: Path) -> Instance:
    return Instance(directory)


class Publisher:
    """tests/tools/publish_file: the library itself, publishing CSV files."""

    def __init__(self, directory: Path, *options: str, instance: str = "shmpub") -> None:
        self.directory = directory
        self.files = directory / "csv"
        self.files.mkdir(exist_ok=True)
        program = BUILD / "tests" / "publish_file"
        arguments = [program, "-d", directory, "-i", instance, *options]
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def publish(self, feed: str, text: str | bytes) -> str:
        """The publisher's answer: the sequence, or why not."""
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
    if not (BUILD / "tests" / "publish_file").exists():
        pytest.skip(f"{BUILD} has no publish_file")
    started: list[Publisher] = []

    def start(*options: str) -> Publisher:
        started.append(Publisher(directory, *options))
        return started[-1]

    yield start
    for publisher in started:
        publisher.stop()
