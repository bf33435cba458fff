"""Without pyarrow: the same frames, with text as Python objects."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import handmade
from frames import CASES

PRELUDE = """
    import sys
    sys.modules["pyarrow"] = None  # as if it were not installed
    import io, json, pathlib
    import pandas as pd
    import shmpub
    assert sys.modules["pyarrow"] is None
    folder = pathlib.Path(sys.argv[1])
"""


def run(script: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(PRELUDE) + textwrap.dedent(script)]
        + [str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_equals_read_csv(tmp_path: Path) -> None:
    """The frame is the one that pandas itself makes without pyarrow."""
    import json

    from conftest import read

    for number, (_, text, options) in enumerate(CASES):
        (tmp_path / f"{number}.arrow").write_bytes(handmade.snapshot(read(text, **options)))
        (tmp_path / f"{number}.json").write_text(json.dumps([text, options]))
    out = run(
        """
        from shmpub._snapshot import from_bytes
        for path in sorted(folder.glob("*.json")):
            text, options = json.loads(path.read_text())
            want = pd.read_csv(io.BytesIO(text.encode()), low_memory=False, **options)
            got = from_bytes(path.with_suffix(".arrow").read_bytes(), verify="full")
            pd.testing.assert_frame_equal(got.df, want, check_column_type="exact")
            got.numpy()
        print("done")
        """,
        tmp_path,
    )
    assert out == "done\n"


def test_what_needs_pyarrow_says_so(tmp_path: Path) -> None:
    from conftest import read

    (tmp_path / "f").write_bytes(handmade.snapshot(read("a\n1\n")))
    run(
        """
        from shmpub._snapshot import from_bytes
        held = from_bytes((folder / "f").read_bytes())
        for call in (held.arrow, lambda: held.schema):
            try:
                call()
            except ImportError as error:
                assert "pyarrow" in str(error)
            else:
                raise AssertionError
        """,
        tmp_path,
    )
