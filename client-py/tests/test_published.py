"""With the real publisher: CSV goes in, and a DataFrame comes out."""

from __future__ import annotations

import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import IS_WINDOWS, Publisher, descriptors, read, snapshots_held
from frames import CASES
from test_frame import assert_same

import shmpub


def options_of(options: dict[str, Any], columns: list[str]) -> list[str] | None:
    """Options of read_csv as options of the publisher; None where it lacks one of them."""
    made = []
    for key, value in options.items():
        if key == "dtype" and isinstance(value, str):
            made += [f"dtype.{name}={value}" for name in columns]
        elif key == "dtype":
            made += [f"dtype.{name}={type_}" for name, type_ in value.items()]
        elif key in ("index_col", "parse_dates"):
            names = value if isinstance(value, list) else [value]
            made.append(f"{key}=" + ", ".join(map(str, names)))
        elif key == "header":
            made.append("header=none")
        elif key == "keep_default_na":
            made.append(f"keep_default_na={'yes' if value else 'no'}")
        else:
            return None
    return [part for option in made for part in ("-o", option)]


@pytest.mark.parametrize(("text", "options"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_equals_read_csv(publish: Any, directory: Path, text: str, options: dict) -> None:
    want = read(text, **options)
    arguments = options_of(options, text.split("\n")[0].split(","))
    assert arguments is not None
    publisher: Publisher = publish(*arguments)
    answer = publisher.publish("quotes", text)
    if "unknown option" in answer or "no such option" in answer:
        pytest.skip(answer)
    assert answer == "1"
    feed = shmpub.subscribe("quotes", directory=directory, verify="full")
    assert_same(feed.df, want)
    exported(feed.snapshot(), want)


def exported(snapshot: shmpub.Snapshot, want: pd.DataFrame) -> None:
    """Programs that know nothing of shmpub see the same table."""
    pa = pytest.importorskip("pyarrow")
    table = snapshot.arrow()
    table.validate(full=True)
    assert table.num_rows == len(want)
    again = pa.table(snapshot)
    assert again.equals(table)
    assert pa.table(snapshot).equals(table)  # the stream can be taken again and again
    is_plain = want.index.dtype != np.dtype(object) and not any(want.dtypes == np.dtype(object))
    if is_plain and not (len(want) and pa.types.is_boolean(table.schema[0].type)):
        frame = table.to_pandas()
        for name in want.columns:  # such offsets are written as UTC for other readers
            if (
                isinstance(frame[name].dtype, pd.DatetimeTZDtype)
                and str(frame[name].dt.tz) == "UTC"
            ):
                want = want.assign(**{name: want[name].dt.tz_convert("UTC")})
        pd.testing.assert_frame_equal(
            frame, want, check_index_type="equiv", check_column_type=False, check_names=False
        )
    if find_spec("polars") is None:
        return
    import polars

    assert snapshot.polars().shape == (table.num_rows, table.num_columns)
    if not any(f.type.tz[0] in "+-" for f in table.schema if getattr(f.type, "tz", None)):
        assert polars.DataFrame(snapshot).equals(snapshot.polars())


def test_duckdb(publish: Any, directory: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    publish().publish("quotes", "a,b\n1,x\n2,y\n")
    snapshot = shmpub.subscribe("quotes", directory=directory).snapshot()
    relation = duckdb.from_arrow(snapshot.arrow())
    assert relation.aggregate("sum(a), max(b)").fetchall() == [(3, "y")]


@pytest.mark.skipif(IS_WINDOWS, reason="a section is no file")
def test_read_without_our_package(publish: Any, directory: Path) -> None:
    pytest.importorskip("pyarrow")
    publish("-o", "index_col=i").publish("quotes", "i,a\n5,x\n9,y\n2,z\n")
    frame = pd.read_feather(directory / "shmpub" / "quotes.arrow")
    assert_same(shmpub.subscribe("quotes", directory=directory).df, frame)


def test_following(publish: Any, directory: Path) -> None:
    publisher: Publisher = publish()
    feed = shmpub.subscribe("quotes", directory=directory)
    assert publisher.publish("quotes", "a\n0\n") == "1"
    updates = feed.updates(timeout=30)
    for n in range(1, 20):
        snapshot = next(updates)
        assert snapshot.df["a"].tolist() == [n - 1]
        publisher.publish("quotes", f"a\n{n}\n")
    assert feed.sequence == 20


REFRESHES = [
    ("first", ["1,x,p,2020-01-01,1.5,True", "2,yy,q,2020-01-02,2.5,False"]),
    ("the same", ["1,x,p,2020-01-01,1.5,True", "2,yy,q,2020-01-02,2.5,False"]),
    ("other numbers", ["3,z,q,2021-01-01,9.5,False", "4,ww,p,2021-01-02,0.5,False"]),
    ("other texts", ["3,long text,q,2021-01-01,9.5,True", "4,,p,2021-01-02,0.5,False"]),
    ("a row more", ["1,x,p,2020-01-01,1.5,True"] * 3),
    ("many rows", [f"{i},t{i},p,2020-01-01,{i}.5,True" for i in range(5000)]),
    ("other categories", ["1,x,r,2020-01-01,1.5,True", "2,y,p,2020-01-02,2.5,False"]),
    ("missing ones", ["1,,,,,True", "2,y,p,2020-01-02,2.5,False"]),
    ("another schema", ["x,1,p,2020-01-01,y,5", "y,2,q,2020-01-02,z,6"]),
    ("no rows", []),
    ("first again", ["1,x,p,2020-01-01,1.5,True", "2,yy,q,2020-01-02,2.5,False"]),
]


def test_every_kind_of_refresh(publish: Any, directory: Path) -> None:
    """One feed reads them all, with what it kept of the last; a new feed reads each one afresh."""
    publisher: Publisher = publish("-o", "dtype.c=category", "-o", "parse_dates=t")
    feed = shmpub.subscribe("quotes", directory=directory)
    other = shmpub.subscribe("quotes", directory=directory, verify="full")
    held = []
    for label, lines in REFRESHES * 2:
        text = "i,s,c,t,f,b\n" + "".join(line + "\n" for line in lines)
        assert publisher.publish("quotes", text).isdigit(), label
        want = read(text, dtype={"c": "category"}, parse_dates=["t"])
        assert_same(feed.df, want)
        assert_same(other.snapshot().df, want)
        assert_same(shmpub.subscribe("quotes", directory=directory).df, want)
        held.append((feed.df, other.snapshot().numpy(), want))
    for frame, arrays, want in held:
        assert_same(frame, want)
        assert arrays["i"].tolist() == want["i"].tolist()


def test_wakes_by_futex(publish: Any, directory: Path) -> None:
    """A sleeper looks by itself once a second only, so a faster answer means that it was woken."""
    publisher: Publisher = publish()
    publisher.publish("quotes", "a\n0\n")
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df
    naps: list[float] = []
    for n in range(5):
        published: list[float] = []

        def later(n: int = n, published: list[float] = published) -> None:
            time.sleep(0.05)
            publisher.publish("quotes", f"a\n{n + 1}\n")
            published.append(time.monotonic())

        thread = threading.Thread(target=later)
        thread.start()
        assert feed.wait(20)
        woken = time.monotonic()
        thread.join()
        naps.append(woken - published[0])
        assert feed.df["a"].tolist() == [n + 1]
    assert min(naps) < 0.5


def test_publisher_killed_and_another_takes_over(publish: Any, directory: Path) -> None:
    first: Publisher = publish()
    first.publish("quotes", "a\n1\n")
    feed = shmpub.subscribe("quotes", directory=directory)
    held = feed.snapshot()
    first.kill()
    pd.testing.assert_frame_equal(feed.df, read("a\n1\n"))
    second: Publisher = publish()
    second.publish("quotes", "a\n2\n")
    assert feed.wait(20)
    assert feed.df["a"].tolist() == [2]
    assert feed.sequence > held.sequence or feed.snapshot().epoch != held.epoch
    assert held.df["a"].tolist() == [1]


def test_orderly_stop_and_start(publish: Any, directory: Path) -> None:
    first: Publisher = publish()
    first.publish("quotes", "a\n1\n")
    feed = shmpub.subscribe("quotes", directory=directory)
    held = feed.df
    first.stop()
    assert not feed.wait(0.05)
    pd.testing.assert_frame_equal(feed.df, held)
    with pytest.raises(shmpub.InstanceNotFound):
        _ = shmpub.subscribe("quotes", directory=directory).df
    second: Publisher = publish()
    second.publish("quotes", "a\n2\n")
    assert feed.wait(20)
    assert feed.df["a"].tolist() == [2]
    second.stop()
    assert snapshots_held(directory) > 0
    del feed, held
    assert snapshots_held(directory) == 0


def test_removed(publish: Any, directory: Path) -> None:
    publisher: Publisher = publish()
    publisher.publish("quotes", "a\n1\n")
    publisher.publish("other", "a\n1\n")
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df
    assert list(shmpub.feeds(directory=directory).index) == ["other", "quotes"]
    publisher.remove("quotes")
    with pytest.raises(shmpub.FeedNotFound):
        _ = feed.df
    assert list(shmpub.feeds(directory=directory).index) == ["other"]


def test_failure_keeps_the_last_one(publish: Any, directory: Path) -> None:
    publisher: Publisher = publish()
    publisher.publish("quotes", "a,b\n1,2\n")
    feed = shmpub.subscribe("quotes", directory=directory)
    _ = feed.df
    assert "failed" in publisher.publish("quotes", "a,b\n1,2\n1,2,3\n")
    assert not feed.wait(0)
    assert feed.df["a"].tolist() == [1]
    row = shmpub.feeds(directory=directory).loc["quotes"]
    assert row["last_error"] != ""


def test_recycled_segments_never_change_what_is_held(publish: Any, directory: Path) -> None:
    """The publisher fills old segments again, but never one that a reader still has."""
    publisher: Publisher = publish("-s", "10000000")
    feed = shmpub.subscribe("quotes", directory=directory)
    before = descriptors()
    held = []
    for n in range(30):
        publisher.publish("quotes", "a,b\n" + f"{n},x{n}\n" * 1000)
        frame = feed.df
        if n % 3 == 0:
            held.append((n, frame, feed.snapshot().arrow()))
    for n, frame, table in held:
        assert set(frame["a"]) == {n}
        assert set(frame["b"]) == {f"x{n}"}
        assert set(table["a"].to_pylist()) == {n}
    assert descriptors() == before


def test_full_verification_of_what_is_published(publish: Any, directory: Path) -> None:
    publish().publish("quotes", "a,s,b\n1,é,True\n,,\n3,x,False\n")
    feed = shmpub.subscribe("quotes", directory=directory, verify="full")
    assert_same(feed.df, read("a,s,b\n1,é,True\n,,\n3,x,False\n"))
