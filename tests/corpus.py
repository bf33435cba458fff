#!/usr/bin/env python3
"""Compare shmpub with pandas on a collection of CSV files and the frames that pandas made of them.

corpus.py [DIRECTORY] [--only SUBSTRING] [--build NAME] [--min SHARE] [--engine ...]

By default all parts are tested: a real shmpubd has a feed for each file, and the Python client
takes the frames. A file that is not published must be one at which pandas raises, and the feed's
line must say why.
--engine tests lib/ingest alone (csv2frame), with --guess (a second round) and --threads N.

DIRECTORY (default: shared/csv-corpus in a folder above the repository) has files/, expected/ and
compare.py, which compares the frames. Without it nothing is done, and that is printed.

In a CPython for Windows (scripts/wine python) the programs are those of the preset mingw-cross.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import frames

sys.path.insert(0, str(frames.ROOT / "client-py/src"))
import shmpub

# Where the instance lies. On Windows any folder's path is a directory of shared memory.
MEMORY = None if frames.EXE else "/dev/shm"


def shmpubd(build: str) -> Path:
    path = frames.ROOT / "build" / build / "daemon" / f"shmpubd{frames.EXE}"
    if not path.exists():
        sys.exit(f"{path} is not there: cmake --build build/{build}")
    return path


def write_ini(path: Path, directory: Path, sources: list[Path]) -> dict[str, Path]:
    """Write a feed for each file. Feeds are numbered, because names of files may be too long."""
    feeds = {f"file{i}": source for i, source in enumerate(sources)}
    lines = ["[daemon]", "instance = corpus", f"directory = {directory}", "max_feeds = 4096"]
    for feed, source in feeds.items():
        lines += [f"[feed {feed}]", f"source = {source}", "interval = 1s"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return feeds


def wait_until_tried(process: subprocess.Popen, directory: Path, n: int) -> None:
    """Wait until every feed has been published or has failed."""
    for _ in range(2400):
        if process.poll() is not None:
            sys.exit(f"shmpubd ended with status {process.returncode}")
        try:
            listed = shmpub.feeds(instance="corpus", directory=directory)
        except shmpub.Error:
            listed = ()
        if len(listed) == n and (listed["state"] != "never").all():
            return
        time.sleep(0.05)
    sys.exit("not every feed was tried within two minutes")


def read_all(feeds: dict[str, Path], directory: Path, results: Path) -> None:
    errors = shmpub.feeds(instance="corpus", directory=directory)["last_error"]
    for feed, source in feeds.items():
        subscribed = shmpub.subscribe(feed, instance="corpus", directory=directory, verify="full")
        try:
            subscribed.df.to_pickle(results / f"{source.name}.pkl")
        except shmpub.NotPublished:
            line = errors[feed]
            if not line.startswith(str(source)[:60]):
                sys.exit(f"{source.name} failed, and the line does not name it: {line!r}")
            (results / f"{source.name}.error").write_text(line)


def through_daemon(sources: list[Path], results: Path, options: argparse.Namespace) -> None:
    with (
        tempfile.TemporaryDirectory(dir=MEMORY, prefix="shmpub-corpus-") as folder,
        tempfile.TemporaryDirectory() as scratch,
    ):
        directory, ini = Path(folder), Path(scratch, "shmpubd.ini")
        feeds = write_ini(ini, directory, sources)
        with subprocess.Popen([shmpubd(options.build), "-c", ini], stderr=subprocess.DEVNULL) as p:
            try:
                wait_until_tried(p, directory, len(feeds))
                read_all(feeds, directory, results)
            finally:
                p.terminate()


def through_engine(sources: list[Path], results: Path, options: argparse.Namespace) -> None:
    arguments = ["-t", str(options.threads)] + (["-g"] if options.guess else [])
    frames.convert([(s, results / s.name) for s in sources], arguments, options.build)
    for source in sources:
        arrow = results / f"{source.name}.arrow"
        if arrow.exists():
            try:
                frames.load(arrow).to_pickle(results / f"{source.name}.pkl")
            except Exception as error:  # a frame that cannot be loaded is a wrong one
                (results / f"{source.name}.error").write_text(f"Unloadable {error!r}")
            arrow.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--build", default="release")
    parser.add_argument("--min", default="0.995")
    parser.add_argument("--engine", action="store_true")
    parser.add_argument("--guess", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    above = [parent / "shared/csv-corpus" for parent in frames.ROOT.parents]
    places = [options.directory] if options.directory else above
    corpus = next((p.resolve() for p in places if (p / "compare.py").exists()), None)
    if corpus is None:
        print("no corpus here: skipped")
        return 0
    sources = sorted(p for p in (corpus / "files").iterdir() if options.only in p.name)
    with tempfile.TemporaryDirectory() as scratch:
        results = Path(scratch)
        (through_engine if options.engine else through_daemon)(sources, results, options)
        command = [sys.executable, corpus / "compare.py", "--dir", results, "--min", options.min]
        if options.only:
            command += ["--only", options.only]
        for _ in range(3):
            status = subprocess.run(command).returncode
            if status >= 0:
                break  # a signal: once a thread of pyarrow's ended the process at its exit
        return status


if __name__ == "__main__":
    sys.exit(main())
