"""A daemon killed with -9 at random under eight readers: stress_kill.py, for a short while.

SHMPUB_STRESS_SECONDS makes it longer; ten minutes are what a release is tried with.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SECONDS = float(os.environ.get("SHMPUB_STRESS_SECONDS", "15"))


@pytest.mark.timeout(SECONDS + 180)
def test_no_torn_table_under_kill():
    run = subprocess.run(
        [sys.executable, HERE / "stress_kill.py", "--seconds", str(SECONDS)],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    counted = json.loads(run.stdout.splitlines()[-1])
    assert counted["kills"] >= 3
    assert counted["tables_checked"] >= 20
