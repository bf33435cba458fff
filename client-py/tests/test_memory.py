"""Whose memory a frame is, how long it stays, and what it costs in descriptors."""

from __future__ import annotations

import gc
import os
import resource
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import descriptors, mappings, read
from handmade import Instance

import shmpub
from shmpub._platform import _posix, _posix_unmap

FIRST = read("a,b,s\n1,1.5,x\n2,2.5,y\n")
LATER = read("a,b,s\n9,9.5,z\n")


def test_frames_stay_as_they_were(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FIRST, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    held = feed.df
    arrays = feed.snapshot().numpy()
    for n in range(2, 6):
        instance.publish("quotes", LATER, n)
        pd.testing.assert_frame_equal(feed.df, LATER)
    del feed
    shutil.rmtree(instance.path)
    gc.collect()
    pd.testing.assert_frame_equal(held, FIRST)
    assert arrays["a"].tolist() == [1, 2]
    held.loc[0, "a"] = 5
    assert held["a"].tolist() == [5, 2]


def test_no_descriptor_stays_open(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FIRST, 1)
    before = descriptors()
    feed = shmpub.subscribe("quotes", directory=directory)
    kept = []
    for n in range(2, 30):
        instance.publish("quotes", FIRST, n)
        snapshot = feed.snapshot()
        kept.append((snapshot.df, snapshot.numpy()))
    assert descriptors() == before


def test_memory_goes_with_the_last_that_holds_it(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FIRST, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    column = feed.df["a"]
    array = feed.snapshot().column("b")
    del feed
    assert len(mappings(instance.path / "quotes.arrow")) == 1
    assert column.tolist() == [1, 2]
    del column
    assert len(mappings(instance.path / "quotes.arrow")) == 1
    assert array.tolist() == [1.5, 2.5]
    del array
    assert mappings(instance.path) == [] or "catalog" in "".join(mappings(instance.path))
    del instance.words
    assert mappings(instance.path) == []


def test_old_snapshots_are_let_go(instance: Instance, directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    for n in range(1, 50):
        instance.publish("quotes", read(f"c,a\nx{n},{n}\n", dtype={"c": "category"}), n)
        assert feed.df["a"].tolist() == [n]
    assert feed.snapshot().column("a").tolist() == [49]
    assert len(mappings(instance.path / "quotes.arrow")) == 1
    assert len(mappings(f"{instance.path}/.quotes")) == 0


def test_no_array_can_be_made_writable(instance: Instance, directory: Path) -> None:
    """Past pandas' own copy-on-write, right into the mapping."""
    instance.publish("quotes", FIRST, 1)
    snapshot = shmpub.subscribe("quotes", directory=directory).snapshot()
    for array in (snapshot.df["a"].array._ndarray, snapshot.column("a"), snapshot.df.to_numpy()):
        if np.shares_memory(array, snapshot._content):
            with pytest.raises(ValueError, match="cannot set WRITEABLE"):
                array.flags.writeable = True


def test_mapping_may_be_read_by_finalizers_in_a_dead_cycle(tmp_path: Path) -> None:
    """The collector runs all finalizers of a cycle first: the mapping must not go then."""
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


def test_interpreter_ends_with_mappings_in_use(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FIRST, 1)
    script = (
        "import shmpub, sys, atexit\n"
        f"df = shmpub.subscribe('quotes', directory={str(directory)!r}).df\n"
        "atexit.register(lambda: print(df['a'].sum()))\n"
        "class Last:\n"
        "    def __del__(self, df=df): print(df.shape)\n"
        "last = Last()\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["3", "(2,", "3)"]


def test_numpy_views_keep_the_memory(instance: Instance, directory: Path) -> None:
    big = pd.DataFrame({f"c{i}": np.arange(5000.0) + i for i in range(20)})
    instance.publish("quotes", big, 1)
    views = [
        shmpub.subscribe("quotes", directory=directory).df[f"c{i}"].to_numpy()[::7]
        for i in range(20)
    ]
    gc.collect()
    assert [v.sum() for v in views] == [big[f"c{i}"].to_numpy()[::7].sum() for i in range(20)]


def settles(path: object, count: int) -> bool:
    """Whether `count` mappings of files below `path` are left, sooner or later."""
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
    assert reaper.faults_before(4096) == -1
    first, second = _posix.map_at(large, size, 1, 2), _posix.map_at(large, size, 1, 2)
    reaper.give_back(first, size, faults=resource.getrusage(0).ru_minflt)
    assert len(mappings(directory)) == 1
    reaper.give_back(second, size, resource.getrusage(0).ru_minflt)
    assert mappings(directory) == []
    assert not reaper._is_running
    assert reaper.faults_before(size) > 0


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
