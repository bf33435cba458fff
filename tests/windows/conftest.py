"""Fixtures of the tests under Wine.

`wine` is a prefix, a small Windows, for all tests; `daemons` makes daemons in it, and ends them
when the test is over.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from daemons import Daemon
from wine import Wine

Make = Callable[..., Daemon]


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    wine = Wine(tmp_path_factory.mktemp("wine") / "prefix")
    wine.boot()
    yield wine
    wine.end()


@pytest.fixture
def daemons(wine: Wine) -> Iterator[Make]:
    made: list[Daemon] = []

    def make(folder: str = "", directory: str = "Local") -> Daemon:
        place = wine.drive / "feeds" / (folder or uuid.uuid4().hex[:8])
        made.append(Daemon(wine, place, directory))
        return made[-1]

    yield make
    for daemon in made:
        if daemon.process is not None:
            daemon.kill()
