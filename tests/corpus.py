#!/usr/bin/env python3
"""Judge lib/ingest against a collection of CSV files and the frames that pandas makes of them.

corpus.py [DIRECTORY] [--only SUBSTRING] [--build NAME] [--guess] [--threads N] [--min SHARE]

DIRECTORY (default: ../shared/csv-corpus beside the repository) has files/, expected/ and the
judge compare.py. Without it there is nothing to do, and that is said.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import frames

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("directory", nargs="?", type=Path)
parser.add_argument("--only", default="")
parser.add_argument("--build", default="release")
parser.add_argument(
    "--guess", action="store_true", help="a second round with the first one's schema"
)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--min", default="0.995")
options = parser.parse_args()

places = (
    [options.directory]
    if options.directory
    else [parent / "shared/csv-corpus" for parent in frames.ROOT.parents]
)
corpus = next((p for p in places if p and (p / "compare.py").exists()), None)
if corpus is None:
    print("no corpus here: skipped")
    sys.exit(0)

with tempfile.TemporaryDirectory() as scratch:
    results = Path(scratch)
    names = sorted(p.name for p in (corpus / "files").iterdir() if options.only in p.name)
    arguments = ["-t", str(options.threads)] + (["-g"] if options.guess else [])
    frames.convert([(corpus / "files" / n, results / n) for n in names], arguments, options.build)
    for name in names:
        arrow = results / f"{name}.arrow"
        if arrow.exists():
            try:
                frames.load(arrow).to_pickle(results / f"{name}.pkl")
            except Exception as error:  # a frame that cannot be loaded is a wrong one
                (results / f"{name}.error").write_text(f"Unloadable {error!r}")
            arrow.unlink()
    command = [sys.executable, corpus / "compare.py", "--dir", results, "--min", options.min]
    if options.only:
        command += ["--only", options.only]
    sys.exit(subprocess.run(command).returncode)
