"""The full check in C and the client's accept the same variants, and see the same tables in them.

SHMPUB_VARIANTS says how many of each seed. None may end a process.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import growing_variants
import pytest
from variants import variants

HERE = Path(__file__).parent
TOP = HERE.parents[1]
BUILD = Path(os.environ.get("SHMPUB_BUILD", TOP / "build" / "dev"))
FULL_CHECK = BUILD / "tests" / "full_check"
GROW_FILE = BUILD / "tests" / "grow_file"
COUNT = int(os.environ.get("SHMPUB_VARIANTS", "3000"))


def answers(*command: str | Path) -> list[str]:
    done = subprocess.run(command, capture_output=True, timeout=600)
    assert done.returncode == 0, (command, done.returncode, done.stderr[-2000:])
    # Names of columns may hold whatever splitlines() takes for the end of a line.
    return done.stdout.decode(errors="replace").split("\n")[:-1]


def compare(tmp_path: Path, made: list[tuple[str, bytes]], seed: int) -> None:
    pack = tmp_path / "pack"
    pack.write_bytes(b"".join(struct.pack("<I", len(data)) + data for _, data in made))
    in_c = answers(FULL_CHECK, pack)
    in_python = answers(sys.executable, HERE / "judge.py", pack)
    assert len(in_c) == len(in_python) == len(made)
    n_accepted = 0
    for number, (c, python) in enumerate(zip(in_c, in_python, strict=True)):
        n_accepted += c.startswith("accept")
        if c.startswith("accept"):
            assert python == c, (made[number][0], seed, number)
        else:
            assert python.startswith("reject"), (made[number][0], seed, number, c, python)
    assert len(made) // 20 < n_accepted < len(made)


@pytest.mark.skipif(not FULL_CHECK.exists(), reason=f"{FULL_CHECK} is not built")
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.timeout(600)
def test_c_and_python_accept_the_same(tmp_path: Path, seed: int) -> None:
    compare(tmp_path, list(variants(COUNT, seed)), seed)


@pytest.mark.skipif(not GROW_FILE.exists(), reason=f"{GROW_FILE} is not built")
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.timeout(600)
def test_they_do_of_a_snapshot_that_grows(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "grown.arrow"
    subprocess.run([GROW_FILE, path, "5", "7", "0"], check=True, stdout=subprocess.DEVNULL)
    compare(tmp_path, list(growing_variants.variants(path.read_bytes(), COUNT // 3, seed)), seed)
