"""Hostile files: files of another user, and sparse files."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import handmade
import pytest
from conftest import read
from handmade import Instance
from test_hostile import column

import shmpub


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_what_another_owner_wrote_is_checked_in_full(instance: Instance, directory: Path) -> None:
    import pyarrow as pa

    raw = [b"", struct.pack("<3q", 0, 1, 2), b"\xff\xfe"]
    instance.place("quotes", handmade.snapshot([column("s", pa.large_utf8(), raw, 0, 2)]))
    instance.announce("quotes", 1)
    assert len(shmpub.subscribe("quotes", directory=directory).snapshot()) == 2
    for path in (instance.path, instance.path / "catalog", instance.path / "quotes.arrow"):
        os.chown(path, 65534, 65534)
    with pytest.raises(shmpub.FormatError, match="UTF-8"):
        shmpub.subscribe("quotes", directory=directory, owner=65534).snapshot()
    instance.publish("quotes", read("s\nx\n"), 2)
    os.chown(instance.path / "quotes.arrow", 65534, 65534)
    assert len(shmpub.subscribe("quotes", directory=directory, owner=65534).df) == 1


def test_catalog_of_holes_costs_no_memory(instance: Instance, directory: Path) -> None:
    """A file of one page claims a million slots; to read them would take a gigabyte of memory."""
    instance.publish("quotes", read("a\n1\n"), 1)
    path = instance.path / "catalog"
    os.truncate(path, 4096 + 1024 * 1_000_000)
    instance.put("<I", 20, 1_000_000)
    instance.put("<I", 100, zlib.crc32(bytes(instance.words[:100])))
    instance.put("<Q", 160, 1_000_000)
    before = path.stat().st_blocks
    assert list(shmpub.feeds(directory=directory).index) == ["quotes"]
    with pytest.raises(shmpub.FeedNotFound, match="nearest is 'quotes'"):
        shmpub.subscribe("quote", directory=directory).wait(20)
    assert path.stat().st_blocks - before <= 2 * 4096 // 512
    instance.publish("later", read("a\n2\n"), 1)
    assert shmpub.subscribe("later", directory=directory).df["a"].tolist() == [2]
