"""How mapped files are unmapped on POSIX systems."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from system_posix import mappings

from shmpub._platform import _posix, _posix_unmap


def test_mapping_may_be_read_by_finalizers_in_a_dead_cycle(tmp_path: Path) -> None:
    """The collector runs all finalizers of a dead cycle first: that must not unmap anything."""
    script = f"""
        import gc, os, sys
        import numpy as np
        from shmpub._platform import _posix
        gc.disable()
        fd = os.open({str(tmp_path / "f")!r}, os.O_RDONLY)
        class Late:
            def __init__(self, array):
                self.array, self.me = array, self
            def __del__(self):
                print(int(self.array.sum()))
        for _ in range(50):
            Late(_posix.map_shared(fd, 1 << 16))
        gc.collect()
        maps = open("/proc/self/maps").read()
        print("left", maps.count({str(tmp_path / "f")!r}))
    """
    (tmp_path / "f").write_bytes(b"\1" * (1 << 16))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == ["65536"] * 50 + ["left 0"]


def test_mapping_reports_what_the_kernel_says(tmp_path: Path) -> None:
    with open(tmp_path / "f", "wb") as file, pytest.raises(OSError, match="ermission"):
        _posix.map_shared(file.fileno(), 4096)


def settles(path: object, count: int) -> bool:
    """Wait until `count` mappings of files below `path` are left; False when that never happens."""
    deadline = time.monotonic() + 20
    while len(mappings(path)) != count and time.monotonic() < deadline:
        time.sleep(0.005)
    return len(mappings(path)) == count


@pytest.fixture
def large(directory: Path) -> Iterator[int]:
    path = directory / "large"
    with open(path, "wb") as file:
        file.truncate(_posix_unmap.LARGE + 4096)
    fd = os.open(path, os.O_RDONLY)
    yield fd
    os.close(fd)


def test_large_mappings_are_given_back_by_a_thread(large: int, directory: Path) -> None:
    size = _posix_unmap.LARGE + 4096
    for number in range(4):
        kept, mapped = _posix.map_shared(large, size), _posix.map_shared(large, size)
        assert len(mappings(directory)) == 2
        held = np.ndarray((size,), np.uint8, kept.data)
        assert int(held.sum()) == int(mapped.sum()) == 0
        del kept, mapped
        assert settles(directory, 1), number
        assert int(held.sum()) == 0
        del held
        assert settles(directory, 0), number


def test_large_mappings_are_given_back_in_a_forked_child(large: int, directory: Path) -> None:
    size = _posix_unmap.LARGE + 4096
    first = _posix.map_shared(large, size)
    kept = _posix.map_shared(large, size)
    assert int(first.sum()) == int(kept.sum()) == 0
    del first
    assert _posix_unmap._reaper._is_running
    assert settles(directory, 1)
    child = os.fork()
    if child == 0:
        try:
            del kept
            os._exit(0 if settles(directory, 0) else 1)
        except BaseException:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert settles(directory, 1)
    del kept
    assert settles(directory, 0)


def test_large_mappings_are_given_back_where_no_thread_can_be(
    large: int, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    reaper = _posix_unmap._Reaper()
    monkeypatch.setattr(_posix_unmap._Reaper._runs, "__defaults__", (refused, None))
    address = _posix.map_at(large, _posix_unmap.LARGE + 4096, 1, 2)
    assert len(mappings(directory)) == 1
    reaper.give_back(address, _posix_unmap.LARGE + 4096, faults=0)
    assert mappings(directory) == []


def test_what_nobody_looked_at_needs_no_thread(large: int, directory: Path) -> None:
    reaper, size = _posix_unmap._Reaper(), _posix_unmap.LARGE + 4096
    first, second = _posix.map_at(large, size, 1, 2), _posix.map_at(large, size, 1, 2)
    reaper.give_back(first, size, faults=resource.getrusage(0).ru_minflt)
    assert len(mappings(directory)) == 1
    reaper.give_back(second, size, resource.getrusage(0).ru_minflt)
    assert mappings(directory) == []
    assert not reaper._is_running
    assert reaper.faults_before() > 0


def test_interpreter_ends_with_large_mappings(large: int, directory: Path) -> None:
    script = f"""
        import os
        from shmpub._platform import _posix, _posix_unmap
        fd = os.open({str(directory / "large")!r}, os.O_RDONLY)
        size = _posix_unmap.LARGE + 4096
        for _ in range(20):
            _posix.map_shared(fd, size).sum()
        class Last:
            def __init__(self):
                self.array, self.me = _posix.map_shared(fd, size), self
        last = Last()
        held = _posix.map_shared(fd, size)
    """
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
