"""The full check in C and the client's accept the same variants, and see the same tables in them.

SHMPUB_VARIANTS says how many of each seed. None may end a process.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from variants import variants

HERE = Path(__file__).parent
TOP = HERE.parents[1]
BUILD = Path(os.environ.get("SHMPUB_BUILD", TOP / "build" / "dev"))
FULL_CHECK = BUILD / "tests" / "full_check"
COUNT = int(os.environ.get("SHMPUB_VARIANTS", "3000"))


def answers(*command: str | Path) -> list[str]:
    done = subprocess.run(command, capture_output=True, timeout=600)
    assert done.returncode == 0, (command, done.returncode, done.stderr[-2000:])
    # Names of columns may hold whatever splitlines() takes for the end of a line.
    return done.stdout.decode(errors="replace").split("\n")[:-1]


@pytest.mark.skipif(not FULL_CHECK.exists(), reason=f"{FULL_CHECK} is not built")
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.timeout(600)
def test_c_and_python_accept_the_same(tmp_path: Path, seed: int) -> None:
    made = list(variants(COUNT, seed))
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
