"""A reader that was written from docs/FORMAT.md alone follows a daemon."""

import sys
import time
from pathlib import Path

import pyarrow.feather as feather
from conftest import until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "golden"))
import stranger

ROWS = "".join(
    f"2024-01-{i % 28 + 1:02d},{i},{i / 7 if i % 5 else ''},{i % 2 == 0},wört{i % 9},k{i % 3}\n"
    for i in range(1000)
)
FEED = "source = a.csv\ninterval = 20ms\nparse_dates = t\ndtype.k = category"


def test_every_version(daemon):
    d = daemon()
    d.configure({"a": FEED})
    d.source("a.csv", f"t,n,f,b,w,k\n{ROWS}")
    d.start()
    seen = 0
    for n in range(1000, 1005):  # no row of ROWS has one of these
        d.source("a.csv", f"t,n,f,b,w,k\n2025-01-01,{n},0.5,True,new,k{n}\n{ROWS}")
        until(lambda: stranger.read(str(d.shm), d.instance, "a")[1][1][1][0] == n)  # noqa: B023
        sequence, columns = stranger.read(str(d.shm), d.instance, "a")
        assert sequence > seen
        seen = sequence
        table = feather.read_table(d.shm / d.instance / "a.arrow", memory_map=False)
        want = table.to_pydict()
        assert [name for name, _ in columns] == list(want)
        for name, values in columns[1:]:
            assert values == want[name], name
        times = table.column("t").cast("int64").to_pylist()
        assert columns[0][1] == times
        assert time.gmtime(times[0] / 10**6 if times[0] > 10**13 else times[0])[:3] == (2025, 1, 1)
