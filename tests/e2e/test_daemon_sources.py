"""Sources as they are: replaced, broken, gone, not files, growing. The last good table stays."""

import itertools
import os
import re
import shutil
import socket
import threading
import time

import pandas as pd
import pytest
import shmpub
from conftest import needs_root, until

GOOD = "a,b\n1,x\n2,y\n"
FAST = "interval = 20ms"


def serve(daemon, text=GOOD, options=""):
    d = daemon()
    path = d.source("a.csv", text)
    d.configure({"a": f"source = a.csv\n{FAST}\n{options}"})
    return d.start(), path


def wait_for(feed, condition):
    """Wait for a table that is as wanted, and return it."""
    return until(lambda: condition(df := feed.df) and [df])[0]


def test_served_and_replaced(daemon):
    d, _ = serve(daemon)
    feed = d.feed("a")
    pd.testing.assert_frame_equal(feed.df, pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    first = feed.sequence
    d.source("a.csv", "a,b\n3,z\n")
    assert feed.wait(30)
    assert list(feed.df.a) == [3] and feed.sequence > first


def test_rewritten_in_place(daemon):
    d, path = serve(daemon)
    feed = d.feed("a")
    path.write_text("a,b\n4,v\n")
    wait_for(feed, lambda df: list(df.a) == [4])


def test_unchanged_is_not_published_again(daemon):
    d, path = serve(daemon)
    feed = d.feed("a")
    sequence, before = feed.sequence, d.status("a")["unchanged"]
    until(lambda: d.status("a")["unchanged"] > before + 5)
    os.utime(path)  # new times, the same content
    seen = d.status("a")["unchanged"]
    until(lambda: d.status("a")["unchanged"] > seen + 5)
    d.source("a.csv", GOOD)  # a new file, the same content
    seen = d.status("a")["unchanged"]
    until(lambda: d.status("a")["unchanged"] > seen + 5)
    assert feed.sequence == sequence


def test_rewritten_again_and_again(daemon):
    """The content is compared, before or while it is read, and what is new is published at once."""
    d, path = serve(daemon)
    feed = d.feed("a")
    sequence = feed.sequence
    for _ in range(3):
        seen = d.status("a")["unchanged"]
        path.write_text(GOOD)
        until(lambda seen=seen: d.status("a")["unchanged"] > seen + 2)
    assert feed.sequence == sequence and d.status("a")["failures"] == 0
    path.write_text(GOOD.replace("1", "7"))  # as large as before
    wait_for(feed, lambda df: list(df.a) == [7, 2])
    path.write_text(GOOD)
    wait_for(feed, lambda df: list(df.a) == [1, 2])


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_unchanged_costs_a_stat(daemon):
    d = daemon()
    path = d.source("a.csv", GOOD)
    d.configure({"a": "source = a.csv\ninterval = 50ms"})
    trace = d.folder / "trace"
    # As a grandchild, so that the daemon is the process that was started.
    d.wrapper = ["strace", "-D", "-f", "-e", "trace=%file,%desc", "-o", str(trace)]
    d.environment["ASAN_OPTIONS"] = "detect_leaks=0"  # the leak check fails under a tracer
    d.start()
    until(lambda: d.status("a")["unchanged"] > 3)

    def calls() -> list[str]:
        return [line for line in trace.read_text().splitlines() if str(path) in line]

    before, seen = len(calls()), d.status("a")["unchanged"]
    until(lambda: d.status("a")["unchanged"] >= seen + 10)
    looks = calls()[before:]
    assert 9 <= len(looks) <= 9 + d.status("a")["unchanged"] - seen
    assert all("stat" in call.partition("(")[0] for call in looks), looks


BAD = {
    "quote never closed": ('a,b\n1,"x\n', 2),
    "too many fields": ("a,b\n1,x\n2,y,z\n", 3),
}


@pytest.mark.parametrize("label", BAD)
def test_bad_keeps_the_last_good(daemon, label):
    text, line = BAD[label]
    d, path = serve(daemon)
    feed = d.feed("a")
    held = feed.df
    d.source("a.csv", text)
    status = d.wait_state("a", "failing")
    assert str(status["error"]).startswith(f"{path}:{line}: ")
    pd.testing.assert_frame_equal(feed.df, held)
    failures = status["failures"]
    until(lambda: d.status("a")["failures"] > failures + 5)
    d.source("a.csv", "a,b\n5,w\n")
    wait_for(feed, lambda df: list(df.a) == [5])
    status = d.wait_state("a", "fresh")
    assert not status["error"]
    told = [line for line in d.log_text().splitlines() if "feed a:" in line]
    assert len(told) == 2, told  # the failure once, its end once
    assert "well again" in told[1]


def test_bad_from_the_start(daemon):
    d, _ = serve(daemon, "a,b\n1,2,3\n1,2,3,4\n")
    assert d.status("a")["state"] == "failing"
    with pytest.raises(shmpub.NotPublished):
        _ = d.feed("a").df
    d.source("a.csv", GOOD)
    until(lambda: d.feed("a").sequence)


def make_directory(path):
    path.mkdir()


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))


def make_unreadable(path):
    path.write_text(GOOD)
    path.chmod(0)


def remove(path):
    path.rmdir() if path.is_dir() else path.unlink()


# label: (what takes the source's place, what the status says)
NOT_THERE = {
    "gone": (lambda path: None, "No such file or directory"),
    "directory": (make_directory, "a directory, not a file"),
    "FIFO": (os.mkfifo, "a FIFO, not a file"),
    "socket": (make_socket, "a socket, not a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "a device, not a file"),
    "link to itself": (lambda path: path.symlink_to(path.name), "Too many levels|link loop"),
    "empty": (lambda path: path.write_text(""), "column"),
}


@pytest.mark.parametrize("label", NOT_THERE)
def test_no_file_keeps_the_last_good(daemon, label):
    make, message = NOT_THERE[label]
    d, path = serve(daemon)
    feed = d.feed("a")
    path.unlink()
    make(path)
    status = d.wait_state("a", "failing")
    until(lambda: re.search(message, str(d.status("a")["error"])))  # two C libraries' words
    assert str(path) in str(status["error"])
    assert list(feed.df.a) == [1, 2]
    if os.path.lexists(path):
        remove(path)
    d.source("a.csv", "a,b\n6,u\n")
    wait_for(feed, lambda df: list(df.a) == [6])


@needs_root
def test_unreadable(daemon, shm):
    """As a user who may not read it; root may read everything."""
    d = daemon()
    shm.chmod(0o777)
    path = d.source("a.csv", GOOD)
    path.chmod(0o600)
    d.user = 12345
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.start()
    assert "Permission denied" in str(d.status("a")["error"])
    path.chmod(0o644)
    until(lambda: d.feed("a").sequence)


def test_growing(daemon):
    """A source grows in small pieces: every table is a beginning of the whole."""
    d, path = serve(daemon, "n\n0\n")
    feed = d.feed("a")
    stop = threading.Event()

    def grow():
        with path.open("a") as f:
            n = 0
            while not stop.is_set():
                for _ in range(50):
                    n += 1
                    f.write(f"{n}\n")
                f.flush()
                time.sleep(0.03)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        seen = 0
        while seen < 10:
            assert feed.wait(30)
            numbers = list(feed.df.n)
            assert numbers == list(range(len(numbers)))
            seen += 1
    finally:
        stop.set()
        thread.join()
    last = int(path.read_text().split()[-1])
    wait_for(feed, lambda df: df.n.iloc[-1] == last)


def test_truncated_again_and_again(daemon):
    """A source is truncated and rewritten: a table is whole, or the refresh fails."""
    d, path = serve(daemon, "n,m\n" + "1,1\n" * 20000)
    feed = d.feed("a")
    stop = threading.Event()

    def rewrite():
        version = 1
        while not stop.is_set():
            version += 1
            path.write_text("n,m\n" + f"{version},{version}\n" * 20000)
            time.sleep(0.04)

    thread = threading.Thread(target=rewrite)
    thread.start()
    try:
        for _ in range(8):
            assert feed.wait(30)
            frame = feed.df
            assert len(frame) == 20000 and frame.n.nunique() == 1 and (frame.n == frame.m).all()
    finally:
        stop.set()
        thread.join()


def test_replaced_without_pause(daemon):
    """A source that is replaced before every look is still published."""
    d, _ = serve(daemon, "n\n0\n")
    feed = d.feed("a")
    stop = threading.Event()

    def replace():
        n = 0
        while not stop.is_set():
            n += 1
            d.source("a.csv", f"n\n{n}\n" * (1 + n % 3))

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(10):
            assert feed.wait(30)
    finally:
        stop.set()
        thread.join()


def replace_file(path, text):
    new = path.with_suffix(".new")
    new.write_bytes(text)
    new.rename(path)


def cut_and_rewrite(path, text):
    os.truncate(path, 1000)
    path.write_bytes(text)


@pytest.mark.parametrize("change", [replace_file, cut_and_rewrite])
def test_changes_while_it_is_read(daemon, change):
    """A large source is replaced or cut while it is read: no table mixes two versions."""
    d, path = serve(daemon, "n,m\n0,0\n")
    feed = d.feed("a")
    stop = threading.Event()
    versions = [b"n,m\n" + b"%d,%d\n" % (n, n) * 1_000_000 for n in range(1, 4)]

    def write():
        for n in itertools.count():
            change(path, versions[n % 3])
            time.sleep(0.015 + n % 5 * 0.01)
            if stop.is_set():
                break

    thread = threading.Thread(target=write)
    thread.start()
    try:
        end, seen = time.monotonic() + 4, 0
        while time.monotonic() < end:
            if not feed.wait(0.5):
                continue
            frame = feed.df
            seen += 1
            assert frame.n.nunique() == 1 and (frame.n == frame.m).all()
    finally:
        stop.set()
        thread.join()
    assert seen > 1 or change is cut_and_rewrite
    last = path.read_bytes()[4:5]
    frame = wait_for(feed, lambda df: len(df) == 1_000_000 and df.n[0] == int(last))
    assert frame.n.nunique() == 1


def test_pseudo_file(daemon):
    """A file of /proc has the size 0 and yet some bytes."""
    d = daemon()
    d.configure({"load": f"source = /proc/loadavg\nheader = none\ndelimiter = space\n{FAST}"})
    d.start()
    assert d.feed("load").df.shape == (1, 5)


def test_names_are_put_back(daemon):
    d, _ = serve(daemon)
    feed = d.feed("a")
    held = feed.df
    place = d.shm / d.instance
    for gone in ("a.arrow", "catalog"):
        (place / gone).unlink()
        until(lambda gone=gone: (place / gone).exists())
    again = until(lambda: d.feed("a").sequence and d.feed("a"))
    pd.testing.assert_frame_equal(again.df, held)
    d.source("a.csv", "a,b\n7,t\n")
    wait_for(d.feed("a"), lambda df: list(df.a) == [7])


def test_interval_zero(daemon):
    d = daemon()
    d.source("a.csv", GOOD)
    d.configure({"a": "source = a.csv\ninterval = 0"})
    d.start()
    feed = d.feed("a")
    sequence = feed.sequence
    d.source("a.csv", "a\n9\n")
    time.sleep(0.3)
    assert feed.sequence == sequence and d.status("a")["refreshes"] == 1
