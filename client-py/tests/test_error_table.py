"""Feed.errors(): the different errors of a feed, and a table that tells lies."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import IS_WINDOWS

import shmpub

DTYPES = {
    "text": "str",
    "code": "str",
    "line": "int64",
    "count": "int64",
    "first": "datetime64[ns, UTC]",
    "last": "datetime64[ns, UTC]",
}


def test_errors(publish: Any, directory: Path) -> None:
    began = pd.Timestamp.now("UTC")
    publisher = publish()
    publisher.publish("a", "x,y\n1,2\n")
    feed = shmpub.subscribe("a", directory=directory)
    assert feed.errors().empty
    assert feed.errors().dtypes.astype(str).to_dict() == DTYPES
    publisher.publish("a", "x,y\n1,2,3,4\n1,2\n3,4,5,6,7\n")
    publisher.publish("a", "x,y\n1,2\n3,4,5\n")
    publisher.publish("a", "x,y\n1,2\n3,4\n5,6,7\n")
    found = feed.errors()
    assert found.dtypes.astype(str).to_dict() == DTYPES
    assert list(found["count"]) == [2, 1]
    assert list(found["line"]) == [4, 4]
    assert (found["code"] == "csv").all()
    assert found["text"].is_unique
    assert found["text"][0].startswith("line 4: ")
    assert (found["first"] >= began).all()
    assert (found["last"] >= found["first"]).all()
    assert found["last"].is_monotonic_decreasing
    other = shmpub.subscribe("b", directory=directory)
    publisher.publish("b", "x\n1\n")
    assert other.errors().empty


def test_missing(publish: Any, directory: Path) -> None:
    assert shmpub.subscribe("a", directory=directory).errors().empty
    publish().publish("b", "x\n1\n")
    assert shmpub.subscribe("a", directory=directory).errors().empty


def test_killed_publisher(publish: Any, directory: Path) -> None:
    """What a killed publisher counted can be read, and the next one goes on with it."""
    if IS_WINDOWS:
        pytest.skip("nothing stays there when a publisher dies")
    first = publish()
    first.publish("a", "x,y\n1,2\n3,4,5\n")
    first.kill()
    feed = shmpub.subscribe("a", directory=directory)
    assert list(feed.errors()["count"]) == [1]
    second = publish()
    second.publish("a", "x,y\n1,2\n3,4\n5,6,7\n")
    found = feed.errors()
    assert list(found["count"]) == [2]
    assert list(found["line"]) == [4]


def sealed(data: bytearray) -> None:
    data[60:64] = zlib.crc32(bytes(data[:60])).to_bytes(4, "little")


def put(at: int, value: int, size: int = 4, seal: bool = True) -> Callable[[bytearray], None]:
    def spoil(data: bytearray) -> None:
        data[at : at + size] = value.to_bytes(size, "little")
        if seal:
            sealed(data)

    return spoil


def cut(data: bytearray) -> None:
    del data[5000:]


@pytest.mark.skipif(IS_WINDOWS, reason="the table is no file there")
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (put(0, 0), "no error table's magic"),
        (put(8, 2), "format version 2"),
        (put(20, 1 << 30), "sizes of another format"),
        (put(28, 7), "blocks for 7 slots"),
        (put(60, 0, seal=False), "checksum"),
        (cut, "shorter than its blocks"),
        (bytearray.clear, "no file with anything in it"),
    ],
)
def test_hostile(publish: Any, directory: Path, spoil: Any, told: str) -> None:
    publish().publish("a", "x,y\n1,2\n3,4,5\n")
    table = directory / "shmpub" / "errors"
    data = bytearray(table.read_bytes())
    spoil(data)
    table.write_bytes(data)
    with pytest.raises(shmpub.FormatError, match=told):
        shmpub.subscribe("a", directory=directory).errors()


@pytest.mark.skipif(IS_WINDOWS, reason="the table is no file there")
@pytest.mark.parametrize(
    "spoil",
    [
        put(32, 99, 8),  # of another epoch
        put(4096, 2, 8, seal=False),  # of another feed
        put(4096 + 64, 1, 8, seal=False),  # a writer that died
        put(4096 + 72, 0, 8, seal=False),  # free
    ],
)
def test_nothing_to_tell(publish: Any, directory: Path, spoil: Any) -> None:
    publish().publish("a", "x,y\n1,2\n3,4,5\n")
    table = directory / "shmpub" / "errors"
    data = bytearray(table.read_bytes())
    spoil(data)
    table.write_bytes(data)
    assert shmpub.subscribe("a", directory=directory).errors().empty
