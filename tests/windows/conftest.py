"""Fixtures of the tests under Wine: `wine` is a prefix for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from wine import Wine


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    wine = Wine(tmp_path_factory.mktemp("wine") / "prefix")
    wine.boot()
    yield wine
    wine.end()
