"""The plain layouts (docs/FORMAT.md), read as the article that they come from reads them."""

import os
import subprocess
import sys
import time
import uuid
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import needs_root, until

FAST = "interval = 20ms"

TEXT_READER = """
import mmap, sys
from io import StringIO
from struct import unpack
import pandas as pd

with open('/dev/shm/' + sys.argv[1], 'r+b') as f:
    m = mmap.mmap(f.fileno(), 0)
    n = unpack("i", m.read(4))[0]
    text = m.read(n).decode()
df = pd.read_csv(StringIO(text), index_col=0)
print(df.to_csv(), end='')
"""

ARRAY_READER = """
import sys
import numpy as np
from multiprocessing.shared_memory import SharedMemory

shm = SharedMemory(name=sys.argv[1], size=16)
b = np.frombuffer(shm.buf, dtype=int, count=4)
print(b.tolist())
del b
shm.close()
"""

QUOTES = 'time,price,name\n2024-01-01,1.5,"a, b"\n2024-01-02,2.5,ü\n'
STOCKS = "code\n1\n2\n300001\n688001\n"


def run(script: str, name: str) -> str:
    command = [sys.executable, "-c", script, name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def name():
    """A free name in /dev/shm, which is removed at the end of the test."""
    name = f"shmpub-e2e-{uuid.uuid4().hex[:12]}"
    yield name
    for path in Path("/dev/shm").glob(f"*{name}*"):
        path.unlink()


def serve(daemon, source, options):
    d = daemon()
    d.source("a.csv", source)
    d.configure({"a": f"source = a.csv\n{FAST}\n{options}"})
    return d.start()


def read_text(name):
    data = Path(f"/dev/shm/{name}").read_bytes()
    assert int.from_bytes(data[:4], sys.byteorder) == len(data) - 4
    return data[4:]


def test_text_reader(daemon, name):
    d = serve(daemon, QUOTES, f"csv_segment = {name}")
    expected = pd.read_csv(StringIO(QUOTES), index_col=0).to_csv()
    assert run(TEXT_READER, name) == expected
    assert read_text(name) == QUOTES.encode()
    d.source("a.csv", QUOTES.replace("1.5", "3.25"))
    until(lambda: "3.25" in run(TEXT_READER, name))
    assert d.stop() == 0
    assert not Path(f"/dev/shm/{name}").exists()


def test_text_is_that_of_the_table(daemon, name):
    """Also where the content was compared in a pass of its own before it became a table."""
    d = serve(daemon, "a\n1\n", f"csv_segment = {name}")
    path = d.folder / "a.csv"
    for text in ("a\n1\n", "a\n1\n", "a\n2\n", "a\n2\n", "a\n2\n", "a\n3\n"):
        seen = d.status("a")["unchanged"]
        path.write_text(text)
        until(lambda text=text: read_text(name) == text.encode())
        until(lambda seen=seen: d.status("a")["unchanged"] > seen + 2)
        assert read_text(name) == text.encode()


def test_array_reader(daemon, name):
    d = serve(daemon, STOCKS, f"array_segment = {name}\narray_dtype = int64")
    assert run(ARRAY_READER, name) == "[1, 2, 300001, 688001]\n"
    # Python before 3.13 removes the segment as it ends; the daemon puts it back each time.
    for _ in range(3):
        until(lambda: Path(f"/dev/shm/{name}").exists())
        assert run(ARRAY_READER, name) == "[1, 2, 300001, 688001]\n"
    assert d.stop() == 0


@pytest.mark.parametrize("dtype", ["int32", "uint64", "float32", "float64"])
def test_dtypes(daemon, name, dtype):
    serve(daemon, STOCKS, f"array_segment = {name}\narray_dtype = {dtype}")
    assert np.fromfile(f"/dev/shm/{name}", dtype=dtype).tolist() == [1, 2, 300001, 688001]


def test_rows_of_all_numeric_columns(daemon, name):
    source = "time,x,name,y,flag\n1,1.5,a,10,True\n2,2.5,b,20,False\n"
    serve(daemon, source, f"index_col = time\narray_segment = {name}\narray_dtype = float64")
    got = np.fromfile(f"/dev/shm/{name}", dtype="float64").reshape(2, 2)
    assert got.tolist() == [[1.5, 10], [2.5, 20]]


def test_chosen_columns(daemon, name):
    source = "time,x,name,y\n1,1,a,10\n2,2,b,20\n"
    serve(
        daemon,
        source,
        f"index_col = time\narray_segment = {name}\narray_dtype = int16\narray_columns = y, time",
    )
    assert np.fromfile(f"/dev/shm/{name}", dtype="int16").tolist() == [10, 1, 20, 2]


def test_large(daemon, name):
    """Many tiles, and missing values."""
    frame = pd.DataFrame({"a": np.arange(50000) / 8, "b": np.arange(50000)})
    frame.loc[::7, "a"] = np.nan
    serve(daemon, frame.to_csv(index=False), f"array_segment = {name}\narray_dtype = float64")
    got = np.fromfile(f"/dev/shm/{name}", dtype="float64").reshape(-1, 2)
    np.testing.assert_array_equal(got, frame.to_numpy())


REFUSED = {
    "too large": ("code\n1\n3000000000\n", "", "row 2, column 'code': 3000000000 is not within"),
    "missing": ("code,x\n1,1\n,2\n", "", "row 2, column 'code': a missing value"),
    "part of a number": ("code\n1\n1.5\n", "", "row 2, column 'code': 1.5 is not within int32"),
    "no numbers": ("code\nx\n", "", "no column of numbers"),
    "text": ("code,t\n1,x\n", "array_columns = t", "column 't' is not numbers"),
    "no such column": ("code\n1\n", "array_columns = kode", "no column 'kode'"),
}


@pytest.mark.parametrize("label", REFUSED)
def test_refused_keeps_the_last_good(daemon, name, label):
    source, options, message = REFUSED[label]
    good = "code,x,t\n7,1,1\n" if options else STOCKS
    options = f"array_segment = {name}\narray_dtype = int32\ncsv_segment = {name}-2\n{options}"
    d = serve(daemon, good.replace("code", "kode") if "kode" in options else good, options)
    feed = d.feed("a")
    sequence = feed.sequence
    array, text = Path(f"/dev/shm/{name}").read_bytes(), read_text(f"{name}-2")
    d.source("a.csv", source)
    status = d.wait_state("a", "failing")
    assert message in str(status["error"])
    assert feed.sequence == sequence
    assert Path(f"/dev/shm/{name}").read_bytes() == array
    assert read_text(f"{name}-2") == text


def test_mode_and_group(daemon, name):
    d = serve(daemon, STOCKS, f"csv_segment = {name}\nsegment_mode = 0606")
    path = Path(f"/dev/shm/{name}")
    assert path.stat().st_mode & 0o7777 == 0o606
    d.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}"})
    d.reload()
    until(lambda: path.stat().st_mode & 0o7777 == 0o660)


@needs_root
def test_group(daemon, name):
    serve(daemon, STOCKS, f"csv_segment = {name}\ngroup = 4321")
    assert Path(f"/dev/shm/{name}").stat().st_gid == 4321


def test_reload_takes_away_and_renames(daemon, name):
    d = serve(daemon, STOCKS, f"csv_segment = {name}")
    d.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}-2"})
    d.reload()
    until(lambda: Path(f"/dev/shm/{name}-2").exists() and not Path(f"/dev/shm/{name}").exists())
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.reload()
    until(lambda: not Path(f"/dev/shm/{name}-2").exists())
    assert d.feed("a").sequence


def test_put_back_when_removed(daemon, name):
    d = serve(daemon, QUOTES, f"csv_segment = {name}")
    for _ in range(3):
        os.unlink(f"/dev/shm/{name}")
        until(lambda: Path(f"/dev/shm/{name}").exists())
        assert read_text(name) == QUOTES.encode()
    d.stop()
    assert not Path(f"/dev/shm/{name}").exists()


def test_an_open_reader_keeps_its_version(daemon, name):
    d = serve(daemon, QUOTES, f"csv_segment = {name}")
    with Path(f"/dev/shm/{name}").open("rb") as held:
        d.source("a.csv", QUOTES.replace("1.5", "9.5"))
        until(lambda: b"9.5" in read_text(name))
        assert held.read()[4:] == QUOTES.encode()


def test_name_taken_by_a_directory(daemon, name):
    """Only this segment is missing, with a warning; the feed and its other segment go on."""
    os.mkdir(f"/dev/shm/{name}")
    try:
        options = f"csv_segment = {name}\narray_segment = {name}-2\narray_dtype = int32"
        d = serve(daemon, STOCKS, options)
        warning = f"csv_segment {name}: /dev/shm/{name} is there and not a segment"
        status = d.wait_state("a", "fresh")
        assert status["error"] == warning
        assert f"warning: feed a: {warning}" in d.log_text()
        d.source("a.csv", "code\n5\n")
        until(lambda: list(d.feed("a").df.code) == [5])
        until(lambda: np.fromfile(f"/dev/shm/{name}-2", dtype="int32").tolist() == [5])
        until(lambda: d.status("a")["unchanged"] > 3)
        assert d.status("a")["error"] == warning
        sequence = d.feed("a").sequence  # a missing segment is no reason to publish again
        unchanged = d.status("a")["unchanged"]
        until(lambda: d.status("a")["unchanged"] > unchanged + 3)
        assert d.feed("a").sequence == sequence
    finally:
        os.rmdir(f"/dev/shm/{name}")
    until(lambda: Path(f"/dev/shm/{name}").exists() and read_text(name) == b"code\n5\n")
    until(lambda: d.status("a")["error"] == "")
    assert d.log_text().count("csv_segment") == 1


def test_text_above_max_bytes(daemon, name):
    """The text of a source that is larger than max_bytes; its table is not, and is published."""
    d = daemon()
    d.source("a.csv", "a,b\n" + f"7,{'x' * 90}\n" * 20_000)
    options = f"usecols = a\ncsv_segment = {name}"
    d.configure({"a": f"source = a.csv\n{FAST}\n{options}"}, "max_bytes = 1M")
    d.start()
    status = d.wait_state("a", "fresh")
    assert (
        status["error"] == f"csv_segment {name}: csv_segment: 1860004 bytes, max_bytes is 1048576"
    )
    assert len(d.feed("a").df) == 20_000
    assert not Path(f"/dev/shm/{name}").exists()
    d.source("a.csv", STOCKS)
    d.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}"}, "max_bytes = 1M")
    d.reload()
    until(lambda: Path(f"/dev/shm/{name}").exists() and read_text(name) == STOCKS.encode())


@needs_root
def test_name_of_another_user(daemon, name):
    path = Path(f"/dev/shm/{name}")
    path.write_text("theirs")
    os.chown(path, 12345, 12345)
    d = serve(daemon, STOCKS, f"csv_segment = {name}")
    warning = f"csv_segment {name}: /dev/shm/{name} belongs to the user 12345"
    assert d.wait_state("a", "fresh")["error"] == warning
    assert list(d.feed("a").df.code) == [1, 2, 300001, 688001]
    assert path.read_text() == "theirs"
    assert d.stop() == 0
    assert path.read_text() == "theirs"


def test_two_instances_of_one_name(daemon, name):
    first = serve(daemon, STOCKS, f"csv_segment = {name}")
    second = daemon()
    second.source("b.csv", QUOTES)
    second.configure({"b": f"source = b.csv\n{FAST}\ncsv_segment = {name}"})
    second.start()
    error = second.wait_state("b", "fresh")["error"]
    assert error == (
        f"csv_segment {name}: process {first.pid} serves this name for {first.shm}/{first.instance}"
    )
    assert read_text(name) == STOCKS.encode()
    first.kill()
    until(lambda: read_text(name) == QUOTES.encode())
    until(lambda: second.status("b")["error"] == "")
    first.start()
    assert "serves this name for" in str(first.wait_state("a", "fresh")["error"])
    assert first.stop() == 0
    assert read_text(name) == QUOTES.encode()  # the first daemon has not removed it
    assert second.stop() == 0
    assert not [p for p in os.listdir("/dev/shm") if name in p]


def test_killed_and_gone_from_the_ini(daemon, name):
    """The next daemon removes what a killed one has left of feeds that are configured no more."""
    other = Path(f"/dev/shm/{name}-other")
    other.write_text("not of any daemon")
    d = serve(
        daemon,
        STOCKS,
        f"csv_segment = {name}\narray_segment = {name}-2\narray_dtype = int32",
    )
    d.kill()
    assert Path(f"/dev/shm/{name}").exists() and Path(f"/dev/shm/{name}-2").exists()
    d.configure({"b": f"source = a.csv\n{FAST}\ncsv_segment = {name}"})
    d.start()
    assert read_text(name) == STOCKS.encode()
    assert not Path(f"/dev/shm/{name}-2").exists()
    d.kill()
    d.configure({"b": f"source = a.csv\n{FAST}"})
    d.start()
    try:
        assert [p for p in os.listdir("/dev/shm") if name in p] == [other.name]
    finally:
        other.unlink()


@pytest.mark.parametrize("spoil", ["truncate", "extend", "write"])
def test_spoilt_by_a_reader(daemon, name, spoil):
    """Readers open it for writing and can spoil it: it is put back at the next look."""
    d = serve(daemon, QUOTES, f"csv_segment = {name}")
    path = Path(f"/dev/shm/{name}")
    inode = path.stat().st_ino
    until(lambda: time.time_ns() - path.stat().st_mtime_ns > 20_000_000)  # a tick of its clock
    with path.open("r+b") as f:
        if spoil == "write":
            f.write(b"\xff\xff\xff\x7f")
        else:
            f.truncate(3 if spoil == "truncate" else 1 << 16)
    until(lambda: path.stat().st_ino != inode)
    assert read_text(name) == QUOTES.encode()
    assert d.status("a")["error"] == ""


def test_names_change_places(daemon, name):
    """One reload does it; the interval is so long that no second attempt would."""
    d = daemon()
    d.source("a.csv", "code\n1\n")
    d.source("b.csv", "code\n2\n")

    def configure(first, second):
        d.configure(
            {
                "a": f"source = a.csv\ninterval = 1h\ncsv_segment = {first}",
                "b": f"source = b.csv\ninterval = 1h\ncsv_segment = {second}",
            }
        )

    configure(name, f"{name}-2")
    d.start()
    assert read_text(name) == b"code\n1\n" and read_text(f"{name}-2") == b"code\n2\n"
    configure(f"{name}-2", name)
    d.reload()
    path, second = Path(f"/dev/shm/{name}"), Path(f"/dev/shm/{name}-2")
    until(lambda: path.exists() and second.exists())
    until(lambda: read_text(name) == b"code\n2\n" and read_text(f"{name}-2") == b"code\n1\n")
    assert d.status("a")["error"] == "" and d.status("b")["error"] == ""


def test_once_leaves_them(daemon, name):
    d = daemon()
    d.source("a.csv", STOCKS)
    d.configure({"a": f"source = a.csv\ncsv_segment = {name}"})
    assert d.start("--once").wait() == 0
    assert read_text(name) == STOCKS.encode()


def test_crash_and_take_over(daemon, name):
    d = serve(daemon, STOCKS, f"csv_segment = {name}")
    d.kill()
    assert read_text(name) == STOCKS.encode()
    d.source("a.csv", "code\n5\n")
    d.start()
    until(lambda: read_text(name) == b"code\n5\n")
    d.stop()
    assert not [p for p in os.listdir("/dev/shm") if name in p]
