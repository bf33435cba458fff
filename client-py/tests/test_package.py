"""The package from outside: its names, its promises to type checkers, its documentation."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import shmpub

SOURCE = Path(shmpub.__file__).parent


def test_exported_members() -> None:
    public = {
        name
        for name, value in vars(shmpub).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert sorted(public) == shmpub.__all__
    assert shmpub.__all__ == sorted(shmpub.__all__)


def test_modules_are_private() -> None:
    assert all(path.name.startswith("_") for path in SOURCE.glob("*.py"))
    assert (SOURCE / "py.typed").exists()


@pytest.mark.parametrize("name", shmpub.__all__)
def test_everything_is_documented(name: str) -> None:
    thing = getattr(shmpub, name)
    assert inspect.getdoc(thing)
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert inspect.getdoc(value), f"{name}.{member}"


def test_exceptions() -> None:
    errors = ["InstanceNotFound", "FeedNotFound", "NotPublished", "FormatError", "UntrustedOwner"]
    for name in errors:
        assert issubclass(getattr(shmpub, name), shmpub.Error)


def test_never_multiprocessing_shared_memory() -> None:
    for path in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [a.name for a in node.names] + [getattr(node, "module", "") or ""]
                assert not any("multiprocessing" in name for name in names), path
