"""For the tests of serve(): the daemon under test, and small files."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import BUILD, IS_WINDOWS

PROGRAM = BUILD / "daemon" / ("shmpubd.exe" if IS_WINDOWS else "shmpubd")
PATIENCE = 60.0  # seconds; a bound against hanging, never a measurement

if not PROGRAM.exists():
    pytest.skip(f"{BUILD} has no daemon", allow_module_level=True)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with sources in data/; serve() finds the daemon under test."""
    monkeypatch.setenv("SHMPUB_DAEMON", str(PROGRAM))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    write(tmp_path / "data/1.csv", "time,bid,symbol\n2024-03-01T09:30,180.25,AAPL\n")
    write(tmp_path / "data/2.csv", "time,bid,symbol\n2024-03-02T09:30,181.25,MSFT\n")
    return tmp_path


def write(path: Path, text: str) -> None:
    """Replace the file in one step."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(text.encode())
    for _ in range(500):
        try:
            fresh.replace(path)
            return
        except PermissionError:  # on Windows, while another process has it open
            time.sleep(0.01)
    fresh.replace(path)
