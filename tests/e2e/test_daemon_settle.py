"""Files that are still being written, and tables that are not what their readers count on."""

import subprocess
import sys
import time

import pytest
from conftest import SHMPUBD, run_shmpubd, until

FAST = "interval = 50ms\n"
WRITER = """
import sys, time
n, end = 0, time.monotonic() + 4
with open(sys.argv[1], "a") as file:
    file.write("1,")
    while time.monotonic() < end:
        n += 1
        file.write(f"{n}\\n{n + 1},")
        file.flush()
        time.sleep(0.0005)
    file.write(f"{n + 1}\\n")
print(n + 1)
"""


@pytest.fixture
def daemon(daemon):
    """Sources on a tmpfs: a disk can need a tenth of a second for a rename over a file."""

    def make():
        d = daemon()
        d.folder = d.shm / "sources"
        d.folder.mkdir()
        d.ini = d.folder / "shmpubd.ini"
        return d

    return make


def serve(daemon, text, options, **more):
    d = daemon()
    path = d.source("a.csv", text)
    d.configure({"a": f"source = a.csv\n{FAST}{options}"}, **more)
    return d.start(), path


def failure(d, words):
    """Wait until the feed fails so."""
    return until(lambda: (row := d.status("a")).get("state") == "failing" and words in row["error"])


# --- settle


@pytest.mark.parametrize("watch", ["no", "yes"])
def test_rewritten_with_pauses(daemon, watch):
    """A program that rewrites its file in place, with pauses within a row."""
    d, path = serve(daemon, "a,b\n1,1\n", f"settle = 700ms\nwatch = {watch}")
    feed = d.feed("a")
    seen = {tuple(feed.df.b)}
    with path.open("w") as file:
        for piece in ("a,b\n2,2", "5\n3,3", "5\n", "4,45\n"):
            file.write(piece)
            file.flush()
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                seen.add(tuple(feed.df.b))
                time.sleep(0.01)
    start = time.monotonic()
    until(lambda: tuple(feed.df.b) == (25, 35, 45))
    assert time.monotonic() - start < 5
    assert seen == {(1,)}
    assert d.status("a")["failures"] == 0


def test_old_file_is_not_waited_for(daemon):
    d = daemon()
    path = d.source("a.csv", "a\n1\n")
    subprocess.run(["touch", "-d", "1 hour ago", path], check=True)
    d.configure({"a": f"source = a.csv\n{FAST}settle = 1h"})
    start = time.monotonic()
    d.start()
    assert list(d.feed("a").df.a) == [1] and time.monotonic() - start < 5


def test_time_in_the_future(daemon):
    """The clock of a file server may be ahead: then looks tell that the file rests."""
    d = daemon()
    path = d.source("a.csv", "a\n1\n")
    subprocess.run(["touch", "-d", "1 day", path], check=True)
    d.configure({"a": f"source = a.csv\n{FAST}settle = 200ms"})
    d.start()
    until(lambda: list(d.feed("a").df.a) == [1])


def test_settle_without_rest(daemon):
    """A file that never rests for so long is told, and never published in part."""
    d, path = serve(daemon, "a\n1\n", "settle = 500ms")
    feed = d.feed("a")
    with path.open("w") as file:
        file.write("a\n")
        end = time.monotonic() + 30
        while d.status("a")["state"] != "failing" and time.monotonic() < end:
            file.write("2\n")
            file.flush()
            time.sleep(0.05)
    row = d.status("a")
    assert row["state"] == "failing" and "without a pause" in row["error"]
    assert list(feed.df.a) == [1]
    until(lambda: len(feed.df) > 10)


# --- a file that grows


def test_growing_without_pause(daemon):
    """Published up to its last newline, although the file never ends with one."""
    d, path = serve(daemon, "a,b\n0,0\n", "")
    feed = d.feed("a")
    ends = {}  # the sequence, and whether its last row was whole
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as writer:
        while writer.poll() is None:
            sequence, df = feed.sequence, feed.df
            assert list(df.a) == list(range(len(df)))
            assert list(df.b[:-1]) == list(range(len(df) - 1))
            ends[sequence] = df.b.iloc[-1] == df.a.iloc[-1]
            time.sleep(0.05)
        n = int(writer.stdout.read())
    # where the machine lets the writer pause, the file seems to be complete
    assert len(ends) > 3 and sum(ends.values()) > len(ends) / 2, ends
    until(lambda: len(feed.df) == n + 1 and feed.df.b.iloc[-1] == n)
    assert d.status("a")["failures"] == 0


def test_last_line_without_newline_comes(daemon):
    """What was cut off a growing file is published as soon as the file rests."""
    d, path = serve(daemon, "a\n1\n", "")
    feed = d.feed("a")
    with path.open("a") as file:
        for n in range(2, 200):
            file.write(f"{n}\n")
            file.flush()
            time.sleep(0.002)
        file.write("1234")
    until(lambda: feed.df.a.iloc[-1] == 1234)


# --- what a table has to be like


@pytest.mark.parametrize(
    ("option", "bad", "words"),
    [
        ("require_newline = yes", "a,b\n1,2\n3,4", "a.csv: the last line is not ended"),
        ("min_rows = 2", "a,b\n1,2\n", "a.csv: 1 rows, min_rows is 2"),
        ("require_columns = b, a", "a,c\n1,2\n3,4\n", "a.csv: no column 'b'"),
        ("frozen_schema = yes", "a,b\n1,2\nx,4\n", "a.csv:3: column a was int64, is now str"),
        ("frozen_schema = yes", "a,b\n1,2\n1.5,4\n", "a.csv:3: column a was int64, is now float64"),
        ("frozen_schema = yes", "a\n1\n2\n", "a.csv: column 'b' is gone"),
        ("frozen_schema = yes", "a,b,c\n1,2,3\n4,5,6\n", "a.csv: column 'c' is new"),
    ],
)
def test_refused(daemon, option, bad, words):
    """The last good table stays, and the first good one after it is published."""
    d, _ = serve(daemon, "a,b\n1,2\n3,4\n", option)
    feed = d.feed("a")
    d.source("a.csv", bad)
    failure(d, words)
    assert words in d.log_text()
    assert list(feed.df.a) == [1, 3] and feed.sequence == 1
    d.source("a.csv", "a,b\n5,6\n7,8\n")
    until(lambda: list(feed.df.a) == [5, 7])
    assert d.wait_state("a", "fresh")


def test_refused_from_the_start(daemon):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}min_rows = 2"})
    d.start()
    failure(d, "1 rows, min_rows is 2")
    assert d.feed("a").sequence == 0


def test_frozen_over_restart(daemon):
    """The snapshot in place tells the schema of a daemon that was killed."""
    d, _ = serve(daemon, "t,x\n2024-01-01,1\n", "frozen_schema = yes\nparse_dates = t")
    assert d.feed("a").sequence == 1
    d.kill()
    d.source("a.csv", "t,x\n2024-01-01,hello\n")
    d.start()
    failure(d, "a.csv:2: column x was int64, is now str")
    assert list(d.feed("a").df.x) == [1]
    d.configure({"a": f"source = a.csv\n{FAST}parse_dates = t"})
    d.reload()
    until(lambda: list(d.feed("a").df.x) == ["hello"])
    d.configure({"a": f"source = a.csv\n{FAST}parse_dates = t\nfrozen_schema = yes"})
    d.reload()
    d.source("a.csv", "t,x\n2024-01-01,2\n")
    failure(d, "column x was str, is now int64")


def test_frozen_first_values(daemon):
    """A column without a value had no type: the first one is not a change."""
    d, _ = serve(daemon, "a,b\n1,\n", "frozen_schema = yes")
    feed = d.feed("a")
    d.source("a.csv", "a,b\n1,2.5\n")
    until(lambda: feed.sequence == 2)
    d.source("a.csv", "a,b\n1,x\n")
    failure(d, "column b was float64, is now str")


def test_frozen_bool(daemon):
    """pandas makes objects of bools beside a missing one, which is another type."""
    d, _ = serve(daemon, "a,b\n1,True\n", "frozen_schema = yes")
    d.source("a.csv", "a,b\n1,True\n2,\n")
    failure(d, "column b was bool, is now object")


def test_keys_by_reload(daemon):
    d, _ = serve(daemon, "a\n1\n", "")
    d.configure({"a": f"source = a.csv\n{FAST}min_rows = 2"})
    d.reload()
    failure(d, "min_rows is 2")
    d.configure({"a": f"source = a.csv\n{FAST}min_rows = 1"})
    d.reload()
    assert d.wait_state("a", "fresh")


def test_by_hand(daemon):
    """--test refuses what would not be published, and does not wait for settle."""
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv\nsettle = 1h\nmin_rows = 2\nrequire_columns = b"})
    run = run_shmpubd("-c", d.ini, "--test", "a")
    assert run.returncode == 1 and "no column 'b'" in run.stderr
    d.configure({"a": "source = a.csv\nsettle = 1h\nmin_rows = 1\nrequire_columns = a"})
    run = run_shmpubd("-c", d.ini, "--test", "a")
    assert run.returncode == 0 and "1 rows" in run.stdout


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("settle = 2", "settle: '2' is no duration"),
        ("settle = 2h", "settle: '2h' is not within"),
        ("min_rows = many", "min_rows: a whole number"),
        ("frozen_schema = 1", "frozen_schema: yes or no"),
        ("require_columns =", "require_columns: no value"),
        ("watch = on", "watch: yes or no"),
        ("wach = yes", "did you mean 'watch'"),
    ],
)
def test_check(daemon, line, words):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = a.csv\n{line}"})
    run = run_shmpubd("-c", d.ini, "--check")
    assert run.returncode == 1 and words in run.stderr, run.stderr


def test_check_of_commands(daemon):
    d = daemon()
    for line in ("watch = yes", "settle = 1s"):
        d.configure({"a": f"source = exec: true\n{line}"})
        run = run_shmpubd("-c", d.ini, "--check")
        assert run.returncode == 1 and "needs a file" in run.stderr


# --- expect_every


def test_expected_every(daemon):
    d, path = serve(daemon, "a\n1\n", "expect_every = 2s")
    feed = d.feed("a")
    assert feed.state == "fresh"
    row = d.wait_state("a", "stale")
    assert "no new data for more than 2 s, which is expect_every" in row["error"]
    assert feed.state == "stale" and feed.sequence == 1
    seen = d.status("a")["unchanged"]
    until(lambda: d.status("a")["unchanged"] > seen + 5)
    assert d.status("a")["state"] == "stale"  # looks that find nothing new change nothing
    path.touch()  # written anew, with the same content
    assert d.wait_state("a", "fresh")["error"] in ("", None)
    assert feed.sequence == 1
    assert d.wait_state("a", "stale")
    d.source("a.csv", "a\n2\n")
    assert d.wait_state("a", "fresh")
    log = d.log_text()
    assert log.count("which is expect_every") == 2 and log.count("new data again") >= 1


def test_expected_every_over_restart(daemon):
    """A new daemon does not make old data new."""
    d = daemon()
    path = d.source("a.csv", "a\n1\n")
    subprocess.run(["touch", "-d", "1 hour ago", path], check=True)
    d.configure({"a": f"source = a.csv\n{FAST}expect_every = 1m"})
    d.start()
    assert d.wait_state("a", "stale")
    assert SHMPUBD.exists() and d.feed("a").sequence == 1
