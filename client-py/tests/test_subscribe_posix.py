"""Files that this process may not read, on POSIX systems."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from conftest import read
from handmade import Instance
from system_posix import as_nobody

import shmpub

ONE = read("a,s\n1,x\n2,y\n")


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")


@needs_root
@pytest.mark.parametrize("name", ["quotes.arrow", "catalog", ""])
def test_what_is_closed(instance: Instance, directory: Path, name: str) -> None:
    instance.publish("quotes", ONE, 1)
    closed = instance.path / name
    closed.chmod(0o600)
    directory.chmod(0o755)

    def look() -> None:
        feed = shmpub.subscribe("quotes", directory=directory)
        for call in (lambda: feed.df, feed.snapshot, feed.wait):
            with pytest.raises(shmpub.AccessDenied, match=str(closed)) as caught:
                call()
            assert isinstance(caught.value, PermissionError)
            assert (caught.value.errno, caught.value.filename) == (errno.EACCES, str(closed))
        if name != "quotes.arrow":
            with pytest.raises(shmpub.AccessDenied, match=str(closed)):
                shmpub.feeds(directory=directory)

    as_nobody(look)
