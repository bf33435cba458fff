from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from conftest import read
from handmade import Instance

import shmpub


def test_feeds(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", read("a,b\n1,2\n3,4\n"), 4)
    instance.slot("late")
    instance.fail("broken", "/data/b.csv:7: 3 fields, header has 2")
    instance.publish("gone", read("a\n1\n"), 1)
    instance.remove("gone")
    frame = shmpub.feeds(directory=directory)
    assert list(frame.index) == ["broken", "late", "quotes"]
    assert frame["sequence"].to_dict() == {"broken": 0, "late": 0, "quotes": 4}
    assert frame["state"].to_dict() == {"broken": "failing", "late": "never", "quotes": "fresh"}
    assert frame.loc["quotes", ["rows", "columns"]].tolist() == [2, 2]
    assert frame.loc["broken", "last_error"] == "/data/b.csv:7: 3 fields, header has 2"
    assert pd.isna(frame.loc["late", "age"])
    assert pd.Timedelta(0) <= frame.loc["quotes", "age"] < pd.Timedelta("1min")


def test_no_feeds(instance: Instance, directory: Path) -> None:
    frame = shmpub.feeds(directory=directory)
    assert len(frame) == 0
    assert frame["sequence"].dtype == "int64"


def test_no_instance(directory: Path) -> None:
    with pytest.raises(shmpub.InstanceNotFound):
        shmpub.feeds(directory=directory)
