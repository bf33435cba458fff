"""The memory of frames: how long it stays, who can write it, and that no descriptor is kept."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import descriptors, read, snapshots_held
from handmade import Instance

import shmpub
from shmpub._mapped import Mapped

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
    instance.storage.lose_all()
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
    assert snapshots_held(directory) == 1
    assert column.tolist() == [1, 2]
    del column
    assert snapshots_held(directory) == 1
    assert array.tolist() == [1.5, 2.5]
    del array
    assert snapshots_held(directory) == 0


def test_old_snapshots_are_let_go(instance: Instance, directory: Path) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    for n in range(1, 50):
        instance.publish("quotes", read(f"c,a\nx{n},{n}\n", dtype={"c": "category"}), n)
        assert feed.df["a"].tolist() == [n]
    assert feed.snapshot().column("a").tolist() == [49]
    assert snapshots_held(directory) == 1


def test_no_array_can_be_made_writable(instance: Instance, directory: Path) -> None:
    """Write into the mapping itself, past pandas' copy-on-write."""
    instance.publish("quotes", FIRST, 1)
    snapshot = shmpub.subscribe("quotes", directory=directory).snapshot()
    for array in (snapshot.df["a"].array._ndarray, snapshot.column("a"), snapshot.df.to_numpy()):
        if np.shares_memory(array, snapshot._content):
            with pytest.raises(ValueError, match="cannot set WRITEABLE"):
                array.flags.writeable = True


def test_the_collector_does_not_know_mappings(instance: Instance, directory: Path) -> None:
    """It would run their finalizers before those of other objects in a dead cycle: see _mapped.

    It knows every object of a class that is written in Python, one without slots too.
    """
    instance.publish("quotes", FIRST, 1)
    snapshot = shmpub.subscribe("quotes", directory=directory).snapshot()
    owner = snapshot._content.base
    assert isinstance(owner, Mapped)
    assert not gc.is_tracked(owner)


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
