"""Sources of gigabytes: memory for the table and some windows, never for the source.

Needs 15 GB of disk and some minutes, so only with SHMPUB_LARGE=1.
"""

import os
import subprocess

import pandas as pd
import pytest
from conftest import BUILD, SHMPUBD

pytestmark = [
    pytest.mark.skipif("SHMPUB_LARGE" not in os.environ, reason="SHMPUB_LARGE is not set"),
    pytest.mark.skipif("asan" in BUILD.name or "tsan" in BUILD.name, reason="their own memory"),
]

GIB = 1 << 30
ROWS = b"".join(
    b"%d,%d.25,word %d,2024-01-%02d,%d,lorem ipsum dolor sit amet consectetur\n"
    % (i, i * 7, i % 97, 1 + i % 28, i % 11)
    for i in range(200_000)
)


def once(d, path, options, data=4 * GIB, max_bytes="20G"):
    """Refresh once with at most `data` bytes of heap: what was told, and the most memory it had."""
    d.configure({"a": f"source = {path}\n{options}"}, f"max_bytes = {max_bytes}")
    command = ["prlimit", f"--data={data}", str(SHMPUBD), "-c", str(d.ini), "--once"]
    with d.log.open("wb") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log)
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return d.log_text(), 1024 * used.ru_maxrss


def test_five_gigabytes_for_one_column(daemon, tmp_path):
    d = daemon()
    path, n = tmp_path / "five.csv", 0
    with path.open("wb") as f:
        f.write(b"a,b,c,d,e,f\n")
        while n * len(ROWS) < 5_000_000_000:
            f.write(ROWS)
            n += 1
    told, most = once(d, path, "usecols = e", data=256 << 20, max_bytes="700M")
    assert "1 published" in told, told
    assert most < n * 200_000 * 8 * 1.1 + (64 << 20)
    path.unlink()
    frame = pd.read_feather(d.shm / d.instance / "a.arrow")
    assert frame["e"].sum() == n * sum(k % 11 for k in range(200_000))


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (b"a,b\n1,2\n3,4\n", 4),
        (b"", 1),
        (b"\n\na,b\n", 4),
        (b'"a,b\n1,2\n', 1),
        (b'a,b\n1,2\n"', 3),
    ],
    ids=["row", "header", "first", "quoted_header", "quoted_row"],
)
def test_line_of_four_gigabytes(daemon, tmp_path, head, line):
    d = daemon()
    path = tmp_path / "line.csv"
    with path.open("wb") as f:
        f.write(head)
        f.truncate(4 * GIB)
        f.seek(4 * GIB)
        f.write(b"\n5,6\n")
    told, most = once(d, path, "")
    assert f"line.csv:{line}: record longer than 1 GiB" in told
    assert most < 2.5 * GIB
    path.unlink()
