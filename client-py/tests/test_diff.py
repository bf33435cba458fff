"""Snapshot.diff(): rows added, changed and gone, by key."""

from __future__ import annotations

import random
from typing import Any

import handmade
import pandas as pd
import pytest
from conftest import read

import shmpub
from shmpub._snapshot import Snapshot, from_bytes

OLD = "k,a,b,s\nx,1,1.5,p\ny,2,,q\nz,3,3.5,\n"
NEW = "k,a,b,s\nz,3,3.5,\nw,9,9.5,n\nx,1,1.75,p\ny,2,,q\n"


def snapshot(text: str, **options: Any) -> Snapshot:
    return from_bytes(handmade.snapshot(read(text, **options)))


def test_by_the_index() -> None:
    old, new = snapshot(OLD, index_col=0), snapshot(NEW, index_col=0)
    found = new.diff(old)
    assert isinstance(found, shmpub.Diff)
    pd.testing.assert_frame_equal(found.added, new.df.loc[["w"]])
    pd.testing.assert_frame_equal(found.changed, new.df.loc[["x"]])
    pd.testing.assert_frame_equal(found.before, old.df.loc[["x"]])
    assert found.gone.empty
    assert list(found.gone.columns) == ["a", "b", "s"]
    back = old.diff(new)
    pd.testing.assert_frame_equal(back.gone, new.df.loc[["w"]])
    assert repr(back) == "<Diff: 0 added, 1 changed, 1 gone>"
    assert bool(back)
    assert not new.diff(new)


@pytest.mark.parametrize("key", ["k", ["k"], ["k", "a"]])
def test_by_columns(key: Any) -> None:
    old, new = snapshot(OLD), snapshot(NEW)
    found = new.diff(old, key)
    assert [frame["k"].tolist() for frame in found] == [["w"], ["x"], ["x"], []]
    assert list(found.added.columns) == ["k", "a", "b", "s"]
    assert found.before["b"].tolist() == [1.5]


def test_by_a_level_of_the_index() -> None:
    old, new = snapshot(OLD, index_col=[0, 1]), snapshot(NEW, index_col=[0, 1])
    assert new.diff(old, "k").added.index.tolist() == [("w", 9)]
    assert new.diff(old).changed.index.tolist() == [("x", 1)]


def test_by_the_row_s_number() -> None:
    found = snapshot("a\n1\n2\n3\n").diff(snapshot("a\n1\n5\n"))
    assert [frame.index.tolist() for frame in found] == [[2], [1], [1], []]


def test_keys_that_are_not_unique() -> None:
    twice = snapshot("k,a\nx,1\nx,2\n")
    once = snapshot("k,a\nx,1\ny,2\n")
    with pytest.raises(ValueError, match=r"key='k' .* newer snapshot apart: x stands .* as key="):
        twice.diff(once, "k")
    with pytest.raises(ValueError, match="of the older snapshot"):
        once.diff(twice, "k")
    by_index = snapshot("k,a\nx,1\nx,2\n", index_col=0)
    with pytest.raises(ValueError, match="the index does not tell the rows"):
        by_index.diff(by_index)


def test_what_can_not_be_a_key() -> None:
    old, new = snapshot(OLD), snapshot(NEW)
    with pytest.raises(KeyError, match="newer snapshot has no column 'nope'"):
        new.diff(old, "nope")
    with pytest.raises(TypeError, match="older is a Snapshot, not DataFrame"):
        new.diff(old.df)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="1 levels in the newer snapshot and 2"):
        snapshot(NEW, index_col=0).diff(snapshot(OLD, index_col=[0, 1]))


@pytest.mark.parametrize(
    ("was", "now", "options", "changed"),
    [
        ("k,v\n1,1\n2,2\n", "k,v\n1,1.0\n2,2.5\n", {}, [2]),  # int64, then float64
        ("k,v\n1,1\n2,2\n", "k,v\n1,1\n2,x\n", {}, [1, 2]),  # int64, then text
        ("k,v\n1,\n2,x\n", "k,v\n1,\n2,\n", {}, [2]),
        ("k,v\n1,a\n2,b\n", "k,v\n1,a\n2,c\n", {"dtype": {"v": "category"}}, [2]),
        ("k,v\n1,a\n2,b\n", "k,v\n1,a\n2,\n", {"dtype": {"v": "category"}}, [2]),
        ("k,v\n1,True\n2,\n", "k,v\n1,True\n2,False\n", {}, [2]),
        ("k,v\n1,2020-01-01\n2,\n", "k,v\n1,2020-01-02\n2,\n", {"parse_dates": ["v"]}, [1]),
        (
            "k,v\n1,2020-01-01\n2,2020-01-01\n",
            "k,v\n1,2020-01-01 00:00Z\n2,2020-01-01 00:00Z\n",
            {"parse_dates": ["v"]},
            [1, 2],
        ),
        ("k,v\n1,99999999999999999999\n2,3\n", "k,v\n1,99999999999999999998\n2,3\n", {}, [1]),
        ("k,v\n1,1\n2,2\n", "k,v,w\n1,1,5\n2,2,6\n", {}, [1, 2]),  # a column has come
        ("k,v\n", "k,v\n1,2\n", {}, []),
    ],
)
def test_values(was: str, now: str, options: dict[str, Any], changed: list[int]) -> None:
    found = snapshot(now, **options).diff(snapshot(was, **options), "k")
    assert found.changed["k"].tolist() == changed


@pytest.mark.parametrize("seed", range(40))
def test_as_dicts_tell(seed: int) -> None:
    rng = random.Random(seed)

    def some() -> dict[int, str]:
        keys = rng.sample(range(16), rng.randrange(13))
        return {key: rng.choice(["", "a", "b"]) for key in keys}

    was, now = some(), some()
    new, old = (
        snapshot("k,v,c\n" + "".join(f"{k},{v},7\n" for k, v in rows.items()), dtype={"v": "str"})
        for rows in (now, was)
    )
    found = new.diff(old, "k")
    assert found.added["k"].tolist() == [k for k in now if k not in was]
    assert found.gone["k"].tolist() == [k for k in was if k not in now]
    assert found.changed["k"].tolist() == [k for k in now if k in was and now[k] != was[k]]
    assert found.before["k"].tolist() == found.changed["k"].tolist()
    assert bool(found) == (was != now)
