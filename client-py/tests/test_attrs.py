"""df.attrs["shmpub"]: of which snapshot a frame is, and that it does no harm."""

from __future__ import annotations

import copy
import json
import pickle
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import handmade
import pandas as pd
import pytest
from conftest import read
from handmade import Instance

import shmpub
from shmpub._snapshot import from_bytes

FRAME = read("a,s\n1,x\n2,y\n")


def test_what_it_tells(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 7)
    feed = shmpub.subscribe("quotes", directory=directory)
    snap = feed.snapshot()
    told = feed.df.attrs["shmpub"]
    assert list(told) == ["feed", "sequence", "published_at", "source_time"]
    assert (told["feed"], told["sequence"], told["source_time"]) == ("quotes", 7, None)
    assert datetime.fromisoformat(told["published_at"]) == snap.published_at


@pytest.mark.parametrize("ns", [1_700_000_000_123_456_789, 1, -1, -(2**63), 2**63 - 1])
def test_times(ns: int) -> None:
    data = handmade.snapshot(FRAME, changes={"source_mtime_ns": ns, "published_ns": ns})
    told = from_bytes(data).df.attrs["shmpub"]
    want = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000)
    assert told["source_time"] == told["published_at"] == want.isoformat(timespec="microseconds")
    assert pd.Timestamp(told["source_time"]) == want


def test_of_a_file_with_a_long_record() -> None:
    wide = read(",".join(f"c{i}" for i in range(900)) + "\n" + ",".join(["x"] * 900) + "\n")
    wide = wide.astype("category")  # each dictionary stands in the record
    data = handmade.snapshot(wide, changes={"source_mtime_ns": 10**9})
    told = from_bytes(data).df.attrs["shmpub"]
    assert told["source_time"] == "1970-01-01T00:00:01.000000+00:00"


def test_a_column_that_looks_like_it() -> None:
    """Names stand before the record, and the last one counts."""
    frame = FRAME.rename(columns={"a": '"source_mtime_ns":5,'})
    data = handmade.snapshot(frame, changes={"source_mtime_ns": 10**9})
    told = from_bytes(data).df.attrs["shmpub"]
    assert told["source_time"] == "1970-01-01T00:00:01.000000+00:00"


def test_each_frame_has_its_own() -> None:
    held = from_bytes(handmade.snapshot(FRAME))
    first, second = held.df, held.df
    first.attrs["shmpub"]["feed"] = "mine"
    first.attrs["x"] = 1
    assert second.attrs["shmpub"]["feed"] == held.df.attrs["shmpub"]["feed"] == "bytes"
    assert list(second.attrs) == ["shmpub"]


def test_it_survives_what_attrs_survive(tmp_path: Path) -> None:
    held = from_bytes(handmade.snapshot(FRAME))
    frame = held.df
    told = frame.attrs
    made = [
        frame.copy(),
        frame[frame["a"] > 1],
        frame.assign(b=1),
        frame.sort_values("s"),
        frame["a"],
        held["s"],
        pd.concat([frame, held.df]),
        pickle.loads(pickle.dumps(frame)),
        copy.deepcopy(frame),
    ]
    assert [one.attrs for one in made] == [told] * len(made)
    assert json.loads(json.dumps(told)) == told
    path = tmp_path / "f.parquet"
    frame.to_parquet(path)  # pandas writes attrs as JSON
    assert pd.read_parquet(path).attrs == told
    other = from_bytes(handmade.snapshot(FRAME, 2)).df
    assert pd.concat([frame, other]).attrs == {}  # of two snapshots: of none


def test_frames_are_equal_whatever_it_says() -> None:
    one, two = (from_bytes(handmade.snapshot(FRAME, n)).df for n in (1, 2))
    assert one.attrs != two.attrs
    assert one.equals(two)
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(one, FRAME)


# --- pickling a Snapshot --------------------------------------------------------------------------


def test_a_snapshot_is_pickled_as_a_reference(instance: Instance, directory: Path) -> None:
    big = read("a,s\n" + "1,a longer text\n" * 10_000)
    instance.publish("quotes", big, 3)
    snap = shmpub.subscribe("quotes", directory=directory).snapshot()
    data = pickle.dumps(snap)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert (again.sequence, again.epoch, again.name) == (3, snap.epoch, "quotes")
    pd.testing.assert_frame_equal(again.df, snap.df)
    for made in (copy.copy(snap), copy.deepcopy(snap)):
        assert made.sequence == 3


def test_a_reference_to_what_was_replaced(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 3)
    snap = shmpub.subscribe("quotes", directory=directory).snapshot()
    data = pickle.dumps(snap)
    instance.publish("quotes", FRAME, 4)
    with pytest.raises(shmpub.Stale, match="quotes: snapshot 3 was replaced by 4") as caught:
        pickle.loads(data)
    assert "pickle snap.df" in str(caught.value)
    assert len(snap.df) == 2  # who holds it, has it


def test_a_reference_to_what_is_gone(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", FRAME, 3)
    data = pickle.dumps(shmpub.subscribe("quotes", directory=directory).snapshot())
    instance.remove("quotes")
    with pytest.raises(shmpub.FeedNotFound, match="quotes"):
        pickle.loads(data)
    elsewhere = data.replace(str(directory).encode(), str(directory).encode()[:-1] + b"!")
    with pytest.raises(shmpub.InstanceNotFound):
        pickle.loads(elsewhere)


def test_a_snapshot_of_bytes_has_nothing_to_refer_to() -> None:
    with pytest.raises(TypeError, match="pickle its df"):
        pickle.dumps(from_bytes(handmade.snapshot(FRAME)))


def test_in_another_process(instance: Instance, directory: Path) -> None:
    import multiprocessing

    instance.publish("quotes", FRAME, 3)
    snap = shmpub.subscribe("quotes", directory=directory).snapshot()
    start = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(len, (snap,)) == 2
    assert time.monotonic() - start < 50
