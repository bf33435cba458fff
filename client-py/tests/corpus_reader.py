"""For the corpus's compare.py: makes a file's frame by publisher, segment and client."""

from __future__ import annotations

import atexit
import itertools
import tempfile
from pathlib import Path

import pandas as pd
from conftest import IN_MEMORY, Publisher

import shmpub

_scratch = tempfile.TemporaryDirectory(prefix="shmpub-corpus-", dir=IN_MEMORY)
_publisher = Publisher(Path(_scratch.name))
_numbers = itertools.count()


@atexit.register
def _end() -> None:
    _publisher.stop()
    _scratch.cleanup()


def frame_of(path: str) -> pd.DataFrame:
    feed = f"file{next(_numbers)}"
    answer = _publisher.tell(f"{feed}={path}")
    if answer.startswith(f"{feed} failed"):
        raise ValueError(answer)
    frame = shmpub.subscribe(feed, directory=_scratch.name, verify="full").df
    _publisher.remove(feed)
    return frame
