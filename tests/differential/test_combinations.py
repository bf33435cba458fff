"""lib/ingest against pandas with several options at once: rows that were found.

Options are written in pandas' words and turned into ours by pandas_own.py. Every text is read once as it
stands, once more with the schema of the first time as a guess, and by three threads: nothing may
depend on it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import test_ingest
from pandas_own import difference, our_frames

BUILD = Path(os.environ.get("SHMPUB_BUILD", test_ingest.ROOT / "build/dev")).name

# Which fields are used, what they are called, and which are the index.
CHOICE = [
    (b"a,b\n1,2,3\n", {"usecols": [0, 2], "header": 0}),
    (b"a,b", {"usecols": [0, 2]}),
    (b"A,B,C\n20090101,a,1,2\n20090102,b,3,4\n", {"usecols": [1, 2]}),
    (b"A,B,C\n20090101,a,1,2\n20090102,b,3,4\n", {"usecols": [1, 3]}),
    (b"A,B,C\n20090101,a,1,2\n20090102,b,3,4\n", {"usecols": [0, 1]}),
    (b"A,B,C\n20090101,a,1,2\n", {"usecols": [1, 2], "parse_dates": [1]}),
    (b"p,q,r\n", {"usecols": [1, 2], "index_col": 0}),
    (b"p,q,r\n", {"usecols": [1, 2], "index_col": "q"}),
    (b"p,q,r\n", {"usecols": ["q", "r"], "index_col": "q"}),
    (b"1,1,5\nNA,2,6\n", {"header": None, "usecols": [1, 2], "index_col": [1]}),
    (b"1,1,5\nNA,2,6\n", {"header": None, "usecols": [1, 2], "index_col": [1, 0]}),
    (b"1,1\nNA,2\n", {"header": None, "usecols": [1], "index_col": [1]}),
    (b"1,0\n2,3\n", {"header": None, "usecols": ["1", "0"]}),
    (b"1,0\n2,3\n", {"header": None, "index_col": ["1"]}),
    (b"1,0\n2,3\n", {"header": None, "parse_dates": ["1"]}),
    (b"a\nx\ny", {"header": None, "index_col": 0}),
    (b"a,a\n1,2\n", {"usecols": ["a", "a"]}),
    (b"a,b\n1,2\n", {"usecols": [0, "b"]}),
]


@pytest.mark.parametrize(("text", "options"), CHOICE)
def test_found(text: bytes, options: dict[str, Any]) -> None:
    for arguments in ((), ("-g",), ("-t", "3")):
        assert difference(text, options, our_frames([(text, options)], BUILD, arguments)[0]) is None
