"""Arguments of subscribe(), and exceptions about missing instances and closed ones."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import IS_WINDOWS, read
from handmade import Instance

import shmpub

ONE = read("a,s\n1,x\n2,y\n")


ARGUMENTS = [
    ({"owner": "nobdy"}, ValueError, "nobdy"),
    ({"owner": ""}, ValueError, "owner"),
    ({"owner": "no\0body"}, ValueError, "owner"),
    ({"owner": -1}, ValueError, "-1"),
    ({"owner": 2**32}, ValueError, "owner"),
    ({"owner": 0} if IS_WINDOWS else {"owner": 2**40}, ValueError, "owner"),
    ({"owner": True}, TypeError, "owner"),
    ({"owner": 1.5}, TypeError, "owner"),
    ({"name": None}, TypeError, "name"),
    ({"name": b"quotes"}, TypeError, "name"),
    ({"instance": 7}, TypeError, "instance"),
    ({"directory": 7}, TypeError, "int"),
    ({"verify": "none"}, ValueError, "full"),
]


@pytest.mark.parametrize(("changes", "kind", "text"), ARGUMENTS, ids=lambda v: str(v)[:30])
def test_arguments(changes: dict, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        shmpub.subscribe(**{"name": "quotes", **changes})


def test_arguments_that_are_accepted(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    on_windows = None, "SYSTEM", "S-1-5-18", "s-1-5-21-1-2-3-1000"
    for owner in on_windows if IS_WINDOWS else (None, 0, "root", "65534", np.int64(5)):
        for path in (directory, str(directory), os.fsencode(directory)):
            feed = shmpub.subscribe("quotes", instance=None, directory=path, owner=owner)
            pd.testing.assert_frame_equal(feed.df, ONE)


@pytest.mark.skipif(IS_WINDOWS, reason="Windows has no list of them")
def test_instances_that_there_are_instead(instance: Instance, directory: Path) -> None:
    Instance(directory, "other")
    (directory / "none").mkdir()
    (directory / "file").touch()
    for call in (
        lambda: shmpub.subscribe("quotes", instance="otter", directory=directory).df,
        lambda: shmpub.feeds(instance="otter", directory=directory),
    ):
        with pytest.raises(shmpub.InstanceNotFound, match="other, shmpub") as caught:
            call()
        assert caught.value.instances == ("other", "shmpub")
    with pytest.raises(shmpub.InstanceNotFound, match="No such file") as caught:
        _ = shmpub.subscribe("quotes", directory=directory / "nowhere").df
    assert caught.value.instances == ()


def test_last_error_of_names_that_nothing_can_have(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", pd.DataFrame({"a": [1]}), 1)
    assert "a/b" in shmpub.subscribe("a/b", directory=directory).last_error
    assert "a b" in shmpub.subscribe("x", instance="a b", directory=directory).last_error
