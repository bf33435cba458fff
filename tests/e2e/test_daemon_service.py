"""The manners of a service: readiness, the journal, the watchdog, stops while sources hang."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import logfmt
import pytest
from conftest import until

ABSENT = {"a": "source = none.csv\ninterval = 1h"}  # for tests that need some feed


def test_ready_after_the_first_attempts(daemon):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv", "b": "source = none.csv"})
    d.start()
    assert d.feed("a").sequence  # after READY it is there
    assert d.status("b")["state"] == "failing"
    assert ": 2 feeds, 1 published" in d.log_text()


def test_reload_and_stop_are_told(daemon):
    d = daemon()
    d.configure(ABSENT)
    d.start()
    d.reload()
    reloading = next(t for t in d.told if t.startswith("RELOADING=1"))
    stamp = int(reloading.split("MONOTONIC_USEC=")[1])
    assert abs(stamp - time.monotonic() * 1e6) < 60e6
    d.stop()
    assert any("STOPPING=1" in t.splitlines() for t in d.told)
    assert ": 1 feed, 0 published" in d.log_text()


def test_a_refused_reload_is_told_until_one_succeeds(daemon):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv"})
    d.start()
    d.wait_told("STATUS=1 of 1 fresh")
    good = d.ini.read_text()
    d.ini.write_text(good + "nonsense = 1\n")
    d.reload()
    refused = "the last reload was refused, the configuration before it is in force"
    d.wait_told(f"STATUS=1 of 1 fresh; {refused}")
    d.ini.write_text(good)
    d.reload()
    d.wait_told("STATUS=1 of 1 fresh")


def test_the_status_line_follows_the_feeds(daemon):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    feeds = {name: f"source = {name}.csv\ninterval = 50ms" for name in "abcdefgh"}
    d.configure(feeds)
    d.start()
    d.wait_told("STATUS=1 of 8 fresh, 7 failing: b, c, d, e, f and 2 more")
    for name in "cdefgh":
        d.source(f"{name}.csv", "a\n1\n")
    d.wait_told("STATUS=7 of 8 fresh, 1 failing: b")
    del feeds["b"]
    d.configure(feeds)
    d.reload()
    d.wait_told("STATUS=7 of 7 fresh")
    n = len([t for t in d.hear() if t.startswith("STATUS=")])
    time.sleep(2.5)
    assert len([t for t in d.hear() if t.startswith("STATUS=")]) == n  # nothing new, nothing said


def test_a_long_status_line_is_cut(daemon):
    """Names of forty letters, all failing: the line keeps to its size, and is still sent."""
    d = daemon()
    feeds = {f"{n:040d}": "source = none.csv\ninterval = 1h" for n in range(200)}
    d.configure(feeds)
    d.start()
    until(lambda: any(t.startswith("STATUS=0 of 200 fresh, 200 failing: 0") for t in d.hear()))
    assert max(len(t) for t in d.hear()) < 512


def test_quit_leaves_the_tables_for_the_next_start(daemon):
    """The file is there all the time, what a reader holds stays, and the sequence goes on."""
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv"})
    d.start()
    feed = d.feed("a")
    held, sequence = feed.df, feed.sequence
    path = d.shm / d.instance / "a.arrow"
    assert d.stop(signal.SIGQUIT) == 0
    assert path.exists() and list(feed.df.a) == [1] and d.status("a")["state"] == "gone"
    d.source("a.csv", "a\n2\n")
    d.start()
    until(lambda: list(feed.df.a) == [2])
    assert feed.sequence > sequence and list(held.a) == [1]
    assert d.stop() == 0 and not path.exists()


def test_watchdog(daemon):
    """It is answered twice in its time, from the start until the end."""
    d = daemon()
    d.configure(ABSENT)
    d.environment = {"WATCHDOG_USEC": "400000"}
    d.start()
    n = d.hear().count("WATCHDOG=1")
    assert n > 0
    time.sleep(2)
    assert 5 <= d.hear().count("WATCHDOG=1") - n <= 15
    d.stop()


def test_a_loop_that_stands_still_does_not_answer_the_watchdog(daemon):
    d = daemon()
    d.configure(ABSENT)
    d.environment = {"WATCHDOG_USEC": "100000"}
    d.start()
    os.kill(d.pid, signal.SIGSTOP)
    try:
        d.hear()
        n = d.told.count("WATCHDOG=1")
        time.sleep(1)
        assert d.hear().count("WATCHDOG=1") == n
    finally:
        os.kill(d.pid, signal.SIGCONT)
    until(lambda: d.hear().count("WATCHDOG=1") > n)


def test_watchdog_of_another(daemon):
    d = daemon()
    d.configure(ABSENT)
    d.environment = {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}
    d.start()
    time.sleep(1.5)
    assert "WATCHDOG=1" not in d.hear()


@pytest.mark.parametrize("form", ["text", "logfmt"])
def test_journal_that_reads_lines(daemon, form):
    d = daemon()
    d.configure({"a": "source = none.csv"}, f"log_format = {form}")
    d.log.touch()
    st = d.log.stat()
    d.environment = {"JOURNAL_STREAM": f"{st.st_dev}:{st.st_ino}"}
    d.start()
    d.stop()
    lines = d.log.read_text().splitlines()
    said = f"{d.folder}/none.csv: No such file or directory"
    if form == "text":
        assert f"<4>feed a: {said}" in lines
    else:
        assert [logfmt.parse(s[3:])["msg"] for s in lines if s.startswith("<4>")] == [said]
    assert all(line[:3] in ("<3>", "<4>", "<6>") for line in lines)


def test_journal_of_another_stream(daemon):
    d = daemon()
    d.configure(ABSENT)
    d.environment = {"JOURNAL_STREAM": "1:1"}
    d.start()
    assert d.events()


def test_log_level(daemon):
    d = daemon()
    d.configure({"a": "source = none.csv"}, "log_level = error")
    d.start()
    d.stop()
    assert d.log_text() == ""


def test_hostile_names_in_the_log(daemon):
    """Text of a source is logged as one line, without control characters."""
    d = daemon()
    d.source("a.csv", "a\n1\n\x1b[2J,2,3,4\n")
    d.configure({"a": "source = a.csv\ndtype.a = int64"})
    d.start()
    assert "feed a:" in d.log_text() and "\x1b" not in d.log_text()


# --- a source that hangs -----------------------------------------------------------------------

MOUNT = """
import ctypes, os, sys
fd = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
if libc.mount(b"hang", sys.argv[1].encode(), b"fuse", 0, options) != 0:
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
request = os.read(fd, 1 << 20)
print("mounted", flush=True)
# Only INIT (26) is answered, so that the kernel accepts the file system.
length, opcode, unique = __import__("struct").unpack_from("<IIQ", request)
reply = __import__("struct").pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 1, 1, 4096, 1, 0, 0, 0, *[0] * 7)
os.write(fd, __import__("struct").pack("<IiQ", 16 + len(reply), 0, unique) + reply)
sys.stdin.read()
"""


@contextlib.contextmanager
def mounted(folder, *server):
    folder.mkdir()
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        pytest.skip("needs root and /dev/fuse")
    server = subprocess.Popen(
        ["python3", *server, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if server.stdout.readline() != "mounted\n":
        server.wait()
        pytest.skip("no FUSE file system can be mounted here")
    yield folder
    server.kill()  # the connection is aborted: everything that hangs fails
    server.wait()
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.fixture
def hanging(tmp_path):
    """A folder in which every look hangs: a FUSE file system that never answers."""
    with mounted(tmp_path / "hanging", "-c", MOUNT) as folder:
        yield folder


@pytest.fixture
def files(tmp_path):
    """A folder whose files hang or change while they are read: see fuse_files.py."""
    with mounted(tmp_path / "files", str(Path(__file__).with_name("fuse_files.py"))) as folder:
        yield folder


def test_hung_sources_take_no_worker(daemon, hanging):
    d = daemon()
    for n in range(20):
        d.source(f"{n}.csv", f"a\n{n}\n")
    feeds = {f"hung{n}": f"source = {hanging}/{n}.csv\ninterval = 50ms" for n in range(6)}
    feeds |= {f"well{n}": f"source = {n}.csv\ninterval = 50ms" for n in range(20)}
    d.configure(feeds, "workers = 2")
    d.start()  # it is ready after ten seconds, although the hung feeds are not tried yet
    until(lambda: all(d.feed(f"well{n}").sequence for n in range(20)))
    for n in range(20):
        d.source(f"{n}.csv", f"a\n{n + 100}\n")
    until(lambda: all(list(d.feed(f"well{n}").df.a) == [n + 100] for n in range(20)))
    assert d.status("hung0")["state"] == "never"
    started = time.monotonic()
    assert d.stop() == 0  # the stop does not wait for them for ever
    assert time.monotonic() - started < 25
    assert d.files() == {"lock"}


def test_reads_that_hang_take_no_worker(daemon, files):
    """Sources that hang in the middle, when a part of their tables is made."""
    d = daemon()
    for n in range(20):
        d.source(f"{n}.csv", f"a\n{n}\n")
    feeds = {f"hung{n}": f"source = {files}/hang{n}.csv\ninterval = 50ms" for n in range(6)}
    feeds |= {f"well{n}": f"source = {n}.csv\ninterval = 50ms" for n in range(20)}
    d.configure(feeds, "workers = 2")
    d.start()
    until(lambda: all(d.feed(f"well{n}").sequence for n in range(20)))
    for n in range(20):
        d.source(f"{n}.csv", f"a\n{n + 100}\n")
    until(lambda: all(list(d.feed(f"well{n}").df.a) == [n + 100] for n in range(20)))
    until(lambda: "hung: reading for 1" in str(d.status("hung0").get("error")))
    assert d.status("hung0")["state"] == "never" and d.status("hung0")["failures"] == 0
    assert d.log_text().count(f"{files}/hang0.csv: hung: no answer for 10 s") == 1
    feeds.pop("hung0")  # its name is free at once
    d.configure(feeds | {"other": "source = 1.csv\ninterval = 50ms"}, "workers = 2")
    d.reload()
    until(lambda: d.feed("other").sequence)
    assert d.status("hung0") == {}
    started = time.monotonic()
    assert d.stop() == 0
    assert time.monotonic() - started < 15
    assert "nothing is removed" not in d.log_text()
    assert d.files() == {"lock"}


@pytest.mark.parametrize("word", ["torn", "cut", "bad"])
def test_changes_in_the_middle(daemon, files, word):
    """What was read of two versions is neither published nor told as an error of the source."""
    d = daemon()
    d.configure({"a": f"source = {files}/{word}.csv\ninterval = 20ms"})
    d.start(wait=False)
    feed = until(lambda: d.status("a").get("sequence") and d.feed("a"))
    assert feed.df.n.nunique() == 1 and (feed.df.n == feed.df.m).all()
    until(lambda: list(feed.df.n[:1]) == [4])
    assert d.status("a")["failures"] == 0 and "feed a: " not in d.log_text()


def test_a_hung_feed_gives_its_place_away(daemon, hanging):
    """A feed is removed, and comes back, while its job hangs."""
    d = daemon()
    d.source("a.csv", "a\n1\n")
    hung = f"source = {hanging}/x.csv\ninterval = 50ms"
    d.configure({"a": "source = a.csv\ninterval = 20ms", "hung": hung}, "max_feeds = 2")
    d.start()
    for name in ("b", "c"):
        feeds = {"a": "source = a.csv\ninterval = 20ms", name: "source = a.csv\ninterval = 20ms"}
        d.configure(feeds, "max_feeds = 2")
        d.reload()
        until(lambda name=name: d.feed(name).sequence)
        assert d.status("hung") == {}
        d.configure({"a": "source = a.csv\ninterval = 20ms", "hung": hung}, "max_feeds = 2")
        d.reload()
        until(lambda: d.status("hung"))
        assert d.status("hung")["state"] == "never" and d.status(name) == {}
    assert "max_feeds" not in d.log_text()


def test_hangs_after_a_while(daemon, hanging):
    """The last good table stays, and its status says that nothing has come for three intervals."""
    d = daemon()
    path = d.source("a.csv", "a\n1\n")
    link = d.folder / "link.csv"
    link.symlink_to(path)
    d.configure({"a": f"source = {link}\ninterval = 50ms"})
    d.start()
    new = d.folder / "new"
    new.symlink_to(hanging / "a.csv")
    new.rename(link)
    d.wait_state("a", "stale")
    assert list(d.feed("a").df.a) == [1]


def test_hang_is_told(daemon, hanging):
    """A hang of ten seconds is logged once, and the feed's line tells how long it lasts."""
    d = daemon()
    d.configure({"a": f"source = {hanging}/a.csv"})
    d.start()
    until(lambda: "hung: reading for 1" in str(d.status("a").get("error")))
    until(lambda: "hung: reading for 2" in str(d.status("a").get("error")))
    assert d.log_text().count("hung: no answer for 10 s") == 1
    assert d.status("a")["failures"] == 0


def test_second_signal_hastens(daemon, hanging):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"hung": f"source = {hanging}/a.csv", "well": "source = a.csv"})
    d.start(wait=False)
    until(lambda: d.status("well").get("sequence"))
    os.kill(d.pid, signal.SIGTERM)
    until(lambda: "stopping" in d.log_text())
    os.kill(d.pid, signal.SIGTERM)
    assert d.stop() == 0
    assert d.files() == {"lock"}


def test_signals_at_any_moment(daemon):
    """A stop right after the start, at changing moments: the end is always clean."""
    d = daemon()
    for n in range(30):
        d.source(f"{n}.csv", "a\n" + "1\n" * 5000)
    d.configure({f"f{n}": f"source = {n}.csv\ninterval = 10ms" for n in range(30)})
    for turn in range(12):
        d.start(wait=False)
        until(lambda: (d.shm / d.instance / "catalog").exists())
        time.sleep(turn * 0.004)
        with contextlib.suppress(ProcessLookupError):
            os.kill(d.pid, signal.SIGTERM)
        assert d.stop() in (0, -signal.SIGTERM)
    d.start()
    assert d.stop() == 0
    assert d.files() == {"lock"}


def test_two_signals_at_any_moment(daemon):
    """A job that ends during the second stop signal leaves nothing behind either."""
    d = daemon()
    for n in range(30):
        d.source(f"{n}.csv", "a\n" + "1\n" * 5000)
    d.configure({f"f{n}": f"source = {n}.csv\ninterval = 10ms" for n in range(30)})
    for turn in range(40):
        d.start(wait=False)
        until(lambda: (d.shm / d.instance / "catalog").exists(), pause=0.001)
        for pause in (turn * 0.003, turn % 7 * 0.001):
            time.sleep(pause)
            with contextlib.suppress(ProcessLookupError):
                os.kill(d.pid, signal.SIGTERM)
        assert d.wait() in (0, -signal.SIGTERM)
