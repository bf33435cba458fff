"""scripts/demo.py: it shows what it says, ends by itself, and leaves nothing."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def start(tmp_path: Path, *options: str) -> tuple[str, subprocess.Popen[str]]:
    instance = f"demo-{secrets.token_hex(4)}"
    process = subprocess.Popen(
        [sys.executable, ROOT / "scripts/demo.py", "--instance", instance, *options],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return instance, process


def gone(tmp_path: Path, instance: str) -> bool:
    """The folder is removed within a second, when the writer of the live feeds notices the end."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not list(tmp_path.iterdir()) and not Path("/dev/shm", instance).exists():
            return True
        time.sleep(0.05)
    return False


def test_it_runs_and_leaves_nothing(tmp_path: Path) -> None:
    instance, process = start(tmp_path)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    for feed in ("airports", "seattle-weather", "stocks", "machine", "processes"):
        assert feed in out
    sequences = [int(n) for n in re.findall(r"sequence (\d+)", out)]
    assert len(sequences) == 5
    assert sequences == sorted(set(sequences))
    assert len(set(re.findall(r"^\d{4}-\d\d-\d\d [\d:.]+", out, re.MULTILINE))) >= 4
    assert "AAPL" in out
    assert gone(tmp_path, instance)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_cleans_up(tmp_path: Path, signum: signal.Signals) -> None:
    instance, process = start(tmp_path)
    assert process.stdout is not None
    for line in process.stdout:
        if "sequence" in line:
            break
    process.send_signal(signum)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130, out
    assert gone(tmp_path, instance)


def test_kept_it_can_be_stopped_as_it_says(tmp_path: Path) -> None:
    instance, process = start(tmp_path, "--keep")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert Path("/dev/shm", instance, "machine.arrow").exists()
    pid = int(re.findall(r"Stop it with: kill (\d+)", out)[0])
    os.kill(pid, signal.SIGTERM)
    assert gone(tmp_path, instance)
