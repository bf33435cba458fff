"""HUP: the new configuration, whole, or the old one as it was."""

import os
import signal
from pathlib import Path

import pytest
import shmpub
from conftest import until

FAST = "interval = 20ms"


def start(daemon, feeds, text="a\n1\n"):
    d = daemon()
    for name in ("a", "b", "c"):
        d.source(f"{name}.csv", text)
    d.configure(feeds)
    return d.start()


def feed(name, options=""):
    return f"source = {name}.csv\n{FAST}\n{options}"


def test_added_kept_removed(daemon):
    d = start(daemon, {"a": feed("a"), "b": feed("b")})
    kept, removed = d.feed("a"), d.feed("b")
    epoch, sequence = kept.snapshot().epoch, kept.sequence
    held = removed.df
    d.configure({"a": feed("a"), "c": feed("c")})
    d.reload()
    until(lambda: d.feed("c").sequence)
    assert kept.snapshot().epoch == epoch and kept.sequence == sequence
    until(lambda: "b.arrow" not in d.files())
    assert d.status("b") == {}
    with pytest.raises(shmpub.FeedNotFound):
        d.feed("b").wait(timeout=5)
    assert list(held.a) == [1]  # what is in hand stays
    log = d.log_text()
    assert "feed b: removed" in log and "feed c: added" in log


def test_asked_for_before_the_daemon_is_up(daemon):
    """The signal waits for its handler: it neither kills nor gets lost."""
    d = daemon()
    d.source("a.csv", "x\n1\n")
    d.configure({f"f{n}": "source = a.csv" for n in range(4000)})
    d.start(wait=False)

    def blocked():
        status = Path(f"/proc/{d.pid}/status").read_text()
        mask = next(line for line in status.splitlines() if line.startswith("SigBlk"))
        return int(mask.split()[1], 16) & 1 << signal.SIGHUP - 1

    until(blocked, pause=0)
    os.kill(d.pid, signal.SIGHUP)
    until(lambda: ": reloaded" in d.log_text())
    assert d.stop() == 0


def test_removed_and_added_again(daemon):
    d = start(daemon, {"a": feed("a"), "b": feed("b")})
    f = d.feed("b")
    before = f.sequence
    d.configure({"a": feed("a")})
    d.reload()
    until(lambda: "b.arrow" not in d.files())
    d.configure({"a": feed("a"), "b": feed("b")})
    d.reload()
    assert until(lambda: d.feed("b").sequence) > before


def test_changed_options_refresh_at_once(daemon):
    d = start(daemon, {"a": "source = a.csv\ninterval = 1h"})
    f = d.feed("a")
    assert str(f.df.a.dtype) == "int64"
    sequence = f.sequence
    d.configure({"a": "source = a.csv\ninterval = 1h\ndtype.a = float64"})
    d.reload()
    until(lambda: f.sequence > sequence)
    assert str(f.df.a.dtype) == "float64"


def test_changed_interval_only(daemon):
    d = start(daemon, {"a": "source = a.csv\ninterval = 1h"})
    f = d.feed("a")
    sequence = f.sequence
    d.configure({"a": "source = a.csv\ninterval = 20ms"})
    d.reload()
    until(lambda: d.status("a")["unchanged"] > 2)
    assert f.sequence == sequence  # the source was looked at, but nothing was published
    d.source("a.csv", "a\n2\n")
    assert f.wait(30)
    d.configure({"a": "source = a.csv\ninterval = 1h"})
    d.reload()
    assert d.status("a")["interval_ms"] == 3600000


def test_changed_source(daemon):
    d = start(daemon, {"a": feed("a")})
    d.source("b.csv", "a\n77\n")
    d.configure({"a": feed("b")})
    d.reload()
    until(lambda: list(d.feed("a").df.a) == [77])


def test_changed_mode(daemon):
    d = start(daemon, {"a": feed("a")})
    path = d.shm / d.instance / "a.arrow"
    assert path.stat().st_mode & 0o7777 == 0o644
    d.configure({"a": feed("a", "file_mode = 0640")})
    d.reload()
    until(lambda: path.stat().st_mode & 0o7777 == 0o640)


INVALID = {
    "unknown key": "[feed a]\nsource = a.csv\nintervall = 5s\n",
    "no source": "[feed a]\n",
    "no feed": "; [feed a]\n",
    "two feeds": "[feed a]\nsource = a.csv\n[feed a]\nsource = b.csv\n",
}


@pytest.mark.parametrize("label", INVALID)
def test_invalid_changes_nothing(daemon, label):
    d = start(daemon, {"a": feed("a"), "b": feed("b")})
    f = d.feed("b")
    epoch, sequence = f.snapshot().epoch, f.sequence
    d.configure(INVALID[label])
    d.reload()
    log = d.log_text()
    assert "the old configuration stays" in log
    assert f"error: {d.ini}:" in log
    d.source("b.csv", "a\n5\n")
    until(lambda: list(f.df.a) == [5])
    assert f.snapshot().epoch == epoch and f.sequence > sequence
    d.configure({"a": feed("a"), "b": feed("b")})
    d.reload()
    d.source("b.csv", "a\n6\n")
    until(lambda: list(f.df.a) == [6])


def test_more_feeds_than_there_is_room_for(daemon):
    """A reload that adds too many feeds changes nothing, whatever its max_feeds is."""
    d = daemon()
    for name in "abcd":
        d.source(f"{name}.csv", "a\n1\n")
    d.configure({"a": feed("a"), "b": feed("b")}, "max_feeds = 2")
    d.start()
    f = d.feed("b")
    epoch = f.snapshot().epoch
    d.configure({"b": feed("b", "dtype.a = str"), "c": feed("c"), "d": feed("d")}, "max_feeds = 9")
    d.reload()
    (line,) = [line for line in d.log_text().splitlines() if " error: " in line]
    assert line.endswith(
        "2 feeds are new and there is room for 1: max_feeds is 2 until the next start; "
        "the old configuration stays"
    )
    assert "added" not in d.log_text() and "removed" not in d.log_text()
    for name in "ab":
        d.source(f"{name}.csv", "a\n5\n")
        until(lambda name=name: list(d.feed(name).df.a) == [5])
    assert str(f.df.a.dtype) == "int64" and f.snapshot().epoch == epoch
    assert d.status("c") == {} and d.status("d") == {}
    d.configure({"b": feed("b", "dtype.a = str"), "c": feed("c")}, "max_feeds = 9")
    d.reload()
    until(lambda: d.feed("c").sequence and str(d.feed("b").df.a.dtype) == "str")
    assert d.status("a") == {}


def test_feeds_are_renamed_for_years(daemon):
    """Places of feeds that are gone serve the next ones: nobody has to restart the daemon."""
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"kept": "source = a.csv", "f0": "source = a.csv\ninterval = 1h"}, "max_feeds = 2")
    d.start()
    kept = d.feed("kept")
    epoch = kept.snapshot().epoch
    last = d.feed("f0").sequence
    for n in range(1, 400):
        d.configure(
            {"kept": "source = a.csv", f"f{n}": "source = a.csv\ninterval = 1h"}, "max_feeds = 2"
        )
        d.reload()
        if n % 40 == 0:
            f = d.feed(f"f{n}")
            until(lambda f=f: f.sequence)
            assert list(f.df.a) == [1] and f.sequence > last
            last = f.sequence
            assert d.status(f"f{n - 1}") == {}
    assert kept.snapshot().epoch == epoch
    names = {"catalog", "lock", "kept.arrow", "f399.arrow"}
    until(lambda: {name for name in d.files() if name[0] != "."} == names)
    assert "error" not in d.log_text() and "warning" not in d.log_text()
    assert d.stop() == 0


def test_other_feeds_after_a_crash(daemon):
    """An older catalog is full of feeds that are gone: they are removed before new ones come."""
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv", "b": "source = a.csv"}, "max_feeds = 2")
    d.start()
    epoch = d.feed("a").snapshot().epoch
    d.kill()
    d.configure({"c": "source = a.csv", "d": "source = a.csv"}, "max_feeds = 2")
    d.start()
    until(lambda: d.feed("c").sequence and d.feed("d").sequence)
    assert d.feed("c").snapshot().epoch == epoch
    assert d.status("a") == {} and "a.arrow" not in d.files()


def test_interval_0_is_refreshed_by_hup(daemon):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv\ninterval = 0", "b": "source = none.csv\ninterval = 0"})
    d.start()
    f = d.feed("a")
    sequence = f.sequence
    for n in range(3):  # the source is looked at, but nothing is published
        d.reload()
        until(lambda n=n: d.status("a")["unchanged"] == n + 1)
    assert f.sequence == sequence
    d.source("a.csv", "a\n2\n")
    d.reload()
    until(lambda: list(f.df.a) == [2])
    d.source("none.csv", "a\n3\n")
    d.reload()
    until(lambda: list(d.feed("b").df.a) == [3])


def test_hup_while_interval_0_is_under_way(daemon):
    """A change that comes with the signal is not missed because an attempt was running."""
    d = daemon()
    d.source("a.csv", "a\n" + "1\n" * 400_000)
    d.configure({"a": "source = a.csv\ninterval = 0"})
    d.start()
    for n in range(2, 12):
        d.source("a.csv", f"a\n{n}\n" + "1\n" * 400_000)
        os.kill(d.pid, signal.SIGHUP)
        d.source("a.csv", f"a\n-{n}\n")
        d.reload()
        until(lambda n=n: list(d.feed("a").df.a) == [-n])


def test_ini_gone(daemon):
    d = start(daemon, {"a": feed("a")})
    d.ini.unlink()
    d.reload()
    assert "No such file" in d.log_text() and "the old configuration stays" in d.log_text()
    d.source("a.csv", "a\n5\n")
    until(lambda: list(d.feed("a").df.a) == [5])


def test_what_is_fixed(daemon):
    d = start(daemon, {"a": feed("a")})
    epoch = d.feed("a").snapshot().epoch
    d.ini.write_text(
        d.ini.read_text().replace(d.instance, "other").replace("[feed", "workers = 3\n[feed")
    )
    d.reload()
    log = d.log_text()
    assert "instance: a change takes effect with the next start" in log
    assert "workers: a change takes effect with the next start" in log
    assert d.feed("a").snapshot().epoch == epoch
    assert not (d.shm / "other").exists()


def test_a_storm_of_reloads(daemon):
    """Signals merge, and feeds come and go while jobs run: the last configuration holds."""
    d = start(daemon, {"a": feed("a")}, text="a\n" + "1\n" * 20000)
    for turn in range(60):
        feeds = {"a": feed("a", f"dtype.a = {('int64', 'float64', 'str')[turn % 3]}")}
        if turn % 2:
            feeds["b"] = feed("b")
        if turn % 5 == 0:
            feeds["c"] = feed("c")
        d.configure(feeds)
        os.kill(d.pid, signal.SIGHUP)
    d.configure({"a": feed("a", "dtype.a = float64"), "c": feed("c")})
    d.reload()
    until(lambda: d.files() >= {"a.arrow", "c.arrow"} and "b.arrow" not in d.files())
    until(lambda: str(d.feed("a").df.a.dtype) == "float64")
    assert d.stop() == 0
    assert d.files() == {"lock"}
