"""shmpub cat over a folder of real CSV files: what pandas reads from the copy is what it reads from
the file. Runs where the folder is ($SHMPUB_CORPUS, or ../shared/csv-corpus beside the project)."""

from __future__ import annotations

import io
import os
import subprocess
import warnings
from pathlib import Path

import pandas as pd
import pytest
from cli_tools import Publisher
from programs import ROOT

PLACES = [os.environ.get("SHMPUB_CORPUS", ""), *(p / "shared" / "csv-corpus" for p in ROOT.parents)]
CORPUS = next((Path(p) for p in PLACES if p and (Path(p) / "manifest.json").exists()), None)


def read(data: bytes) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas' own, on odd files
        return pd.read_csv(io.BytesIO(data), low_memory=False)


@pytest.mark.skipif(CORPUS is None, reason="no folder of CSV files (SHMPUB_CORPUS)")
@pytest.mark.timeout(600)
def test_corpus(publisher: Publisher) -> None:
    assert CORPUS
    publisher.start()
    n = 0
    for path in sorted((CORPUS / "files").iterdir()):
        try:
            publisher.publish("t", path.read_bytes())
            want = read(path.read_bytes())
        except ValueError:  # refused, by us or by pandas: the engine's tests compare that
            continue
        copy = subprocess.run(publisher.command("cat", "t"), capture_output=True, check=True)
        pd.testing.assert_frame_equal(read(copy.stdout), want, check_exact=True, obj=path.name)
        n += 1
    assert n > 0
    print(f"summary: {n} files read back")
