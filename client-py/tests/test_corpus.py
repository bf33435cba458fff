"""1,231 CSV files, the whole way: publisher, segment, client; judged against pandas' own frames."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PUBLISH_FILE, long_on_windows

HERE = Path(__file__).parent
PLACES = [Path(os.environ.get("SHMPUB_CORPUS", "/nowhere"))]
PLACES += [parent / "shared" / "csv-corpus" for parent in HERE.parents]
CORPUS = next((p for p in PLACES if (p / "compare.py").exists()), None)


@long_on_windows
@pytest.mark.timeout(400)
@pytest.mark.skipif(CORPUS is None, reason="no corpus here")
@pytest.mark.skipif(not PUBLISH_FILE.exists(), reason="no publish_file")
def test_corpus() -> None:
    assert CORPUS is not None
    done = subprocess.run(
        [sys.executable, CORPUS / "compare.py", "--call", "corpus_reader:frame_of"]
        + ["--quiet", "--min", "0.995"],
        cwd=HERE,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "TOTAL" in done.stdout
