"""Sources whose times come from another clock: a file server's, or ours before it was set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs_root, replace, until

pytestmark = needs_root

HOUR = 3600


@pytest.fixture(params=[HOUR, -HOUR], ids=["ahead", "behind"])
def skewed(tmp_path, request):
    """Return the folder, and the file that its a.csv shows."""
    folder, backing = tmp_path / "skewed", tmp_path / "backing.csv"
    folder.mkdir()
    backing.write_text("a\n1\n")
    if not os.path.exists("/dev/fuse"):
        pytest.skip("no /dev/fuse")
    server = subprocess.Popen(
        [
            sys.executable,
            str(Path(__file__).with_name("skewed_fs.py")),
            *map(str, (folder, backing, request.param)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    if server.stdout.readline() != "mounted\n":
        server.wait()
        pytest.skip("no FUSE file system can be mounted here")
    yield folder, backing
    server.kill()
    server.wait()
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_published_and_replaced(daemon, skewed):
    folder, backing = skewed
    d = daemon()
    d.configure({"a": f"source = {folder}/a.csv\ninterval = 20ms"})
    d.start(wait=False)
    feed = d.feed("a")
    until(lambda: feed.sequence)
    assert list(feed.df.a) == [1]
    for n in range(2, 6):
        replace(backing, f"a\n{n}\n")
        until(lambda: list(feed.df.a) == [n])  # noqa: B023
    row = until(lambda: (row := d.status("a")) and row["unchanged"] > 2 and row, pause=0.05)
    assert (row["state"], row["failures"], row["sequence"]) == ("fresh", 0, feed.sequence)
