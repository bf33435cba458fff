"""watch = yes: changes are published at once, however a file is replaced; looks by interval go on.

The interval is an hour in most tests, so that whatever is published was told by the system.
"""

import itertools
import mmap
import os
import time

import pytest
from conftest import needs_root, replace, until

RARELY = "interval = 1h\nwatch = yes\n"
LIMIT = 1.0  # seconds; a busy machine meets it, and no look by interval comes so soon


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


def rows(*values):
    return "a\n" + "".join(f"{v}\n" for v in values)


def watched(daemon, source="a.csv", options=""):
    d = daemon()
    d.source("a.csv", rows(0))
    d.configure({"a": f"source = {source}\n{RARELY}{options}"})
    return d


def expect(feed, *values):
    until(lambda: list(feed.df.a) == list(values), pause=0.002)


def test_soon(daemon):
    """From the end of a rename, or of a writer's close, to the table that readers get."""
    d = watched(daemon).start()
    feed, path, times = d.feed("a"), d.folder / "a.csv", []
    expect(feed, 0)
    for n in range(1, 41):
        time.sleep(0.03)
        if n % 2:
            replace(path, rows(n))
        else:
            path.write_text(rows(n))
        start = time.monotonic()
        expect(feed, n)
        times.append(time.monotonic() - start)
    times.sort()
    assert times[20] < 0.25 and times[-1] < LIMIT, times
    assert d.status("a")["failures"] == 0


def test_soon_after_slow_writes(daemon):
    """A file that was found fresh several times is read as soon as its writer has closed it."""
    d = watched(daemon).start()
    feed, path, times = d.feed("a"), d.folder / "a.csv", []
    expect(feed, 0)
    for n in range(1, 16):
        time.sleep(0.03)
        with path.open("w") as file:
            file.write("a\n")
            for _ in range(8):  # together about as long as the first waits for a fresh file
                file.flush()
                time.sleep(0.007)
                file.write(f"{n}\n")
        start = time.monotonic()
        expect(feed, *[n] * 8)
        times.append(time.monotonic() - start)
    times.sort()
    assert times[7] < 0.06, times


def test_burst_is_one_refresh(daemon):
    d = watched(daemon).start()
    feed, path = d.feed("a"), d.folder / "a.csv"
    expect(feed, 0)
    before, start = d.status("a")["refreshes"], time.monotonic()
    for n in range(1, 301):
        replace(path, rows(n))
    seconds = time.monotonic() - start
    expect(feed, 300)
    # an attempt needs 12 ms at least
    assert d.status("a")["refreshes"] - before < seconds / 0.012 + 20 < 300


def test_changes_all_the_time(daemon):
    """Readers get newer and newer tables, and the daemon gets as much rest as it works."""
    d = watched(daemon)
    text = "a\n" + "1234567.891\n" * 200_000
    d.source("a.csv", text + "0\n")
    d.start()
    feed, path = d.feed("a"), d.folder / "a.csv"
    sequence, used, start = feed.sequence, ticks(d.pid), time.monotonic()
    for n in itertools.count(1):  # on a busy machine a table takes its time
        replace(path, f"{text}{n}\n")
        seconds = time.monotonic() - start
        if seconds > 30 or (seconds > 2 and feed.sequence > sequence + 1):
            break
    seconds = time.monotonic() - start
    assert feed.sequence > sequence + 1
    assert (ticks(d.pid) - used) / os.sysconf("SC_CLK_TCK") < 0.75 * seconds
    until(lambda: feed.df.a.iloc[-1] == n)


def test_whole_files_all_the_time(daemon):
    """Each is replaced before it is read and before it is 10 ms old: some are read all the same."""
    d = watched(daemon, options="parse_dates = a\n")
    path, spares = d.folder / "a.csv", [d.folder / f"{n}" for n in range(400)]
    text = "a\n" + "Thu Sep 25 10:36:28 2003\n" * 40_000  # long to read, soon written
    for n, spare in enumerate(spares):
        spare.write_text(f"{text}Thu Sep 25 10:36:28 {2000 + n}\n")
    d.start()
    feed = d.feed("a")
    first = feed.sequence
    for spare in spares:
        spare.rename(path)
        time.sleep(0.004)
    assert feed.sequence > first  # about 30 of the 400 on an idle machine


def ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_held_open_by_its_writer(daemon):
    """No close tells that the writer is done: each write is an event."""
    d = watched(daemon).start()
    feed = d.feed("a")
    expect(feed, 0)
    with (d.folder / "a.csv").open("a") as file:
        for n in range(1, 4):
            file.write(f"{n}\n")
            file.flush()
            expect(feed, *range(n + 1))


def test_appears_later(daemon):
    d = daemon()
    d.configure({"a": f"source = late/er/a.csv\n{RARELY}"})
    d.start()
    assert d.status("a")["state"] == "failing"
    time.sleep(0.5)
    (d.folder / "late").mkdir()
    time.sleep(0.1)
    (d.folder / "late" / "er").mkdir()
    time.sleep(0.1)
    replace(d.folder / "late" / "er" / "a.csv", rows(1))
    expect(d.feed("a"), 1)


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_directory_made_again(daemon, how):
    d = daemon()
    folder = d.folder / "data"
    folder.mkdir()
    replace(folder / "a.csv", rows(1))
    d.configure({"a": f"source = data/a.csv\n{RARELY}"})
    d.start()
    feed = d.feed("a")
    expect(feed, 1)
    if how == "removed":
        (folder / "a.csv").unlink()
        folder.rmdir()
    else:
        folder.rename(d.folder / "old")
    time.sleep(0.1)
    folder.mkdir()
    replace(folder / "a.csv", rows(2))
    expect(feed, 2)
    for n in range(3, 6):  # the new directory is the one that is watched
        time.sleep(0.1)
        replace(folder / "a.csv", rows(n))
        expect(feed, n)
    assert d.wait_state("a", "fresh")


def test_links(daemon):
    """A link, its target, and a link to the directory, as a ConfigMap of Kubernetes has them."""
    d = daemon()
    for version in (1, 2, 3):
        (d.folder / f"..{version}").mkdir()
        (d.folder / f"..{version}" / "a.csv").write_text(rows(version))
    (d.folder / "..data").symlink_to("..1")
    (d.folder / "a.csv").symlink_to("..data/a.csv")
    d.configure({"a": f"source = a.csv\n{RARELY}"})
    d.start()
    feed = d.feed("a")
    expect(feed, 1)
    for version in (2, 3, 1):
        (d.folder / "new").symlink_to(f"..{version}")
        (d.folder / "new").replace(d.folder / "..data")
        expect(feed, version)
    replace(d.folder / "..1" / "a.csv", rows(7))  # the target itself
    expect(feed, 7)
    (d.folder / "elsewhere.csv").write_text(rows(8))
    (d.folder / "new").symlink_to(d.folder / "elsewhere.csv")
    (d.folder / "new").replace(d.folder / "a.csv")
    expect(feed, 8)
    (d.folder / "elsewhere.csv").write_text(rows(9))
    expect(feed, 9)
    (d.folder / "a.csv").unlink()  # no link any more
    replace(d.folder / "a.csv", rows(10))
    expect(feed, 10)


def test_link_that_leads_nowhere(daemon):
    d = daemon()
    (d.folder / "a.csv").symlink_to("b.csv")
    (d.folder / "b.csv").symlink_to("c.csv")
    (d.folder / "loop.csv").symlink_to("loop.csv")
    d.configure({n: f"source = {n}.csv\n{RARELY}" for n in ("a", "loop")})
    d.start()
    time.sleep(0.3)
    replace(d.folder / "c.csv", rows(1))
    expect(d.feed("a"), 1)
    (d.folder / "loop.csv").unlink()
    replace(d.folder / "loop.csv", rows(2))
    expect(d.feed("loop"), 2)


@pytest.mark.timeout(120)
def test_thousand_feeds_in_one_directory(daemon):
    d = daemon()
    names = [f"f{n}" for n in range(1000)]
    for name in names:
        (d.folder / f"{name}.csv").write_text(rows(0))
    d.configure({name: f"source = {name}.csv\n{RARELY}" for name in names})
    d.start()
    until(lambda: {f"{name}.arrow" for name in names} <= d.files(), seconds=60)
    time.sleep(0.5)
    with open(f"/proc/{d.pid}/fdinfo/{inotify_of(d.pid)}", encoding="utf-8") as file:
        assert sum(line.startswith("inotify") for line in file) == 1
    for name in names[::97]:
        start = time.monotonic()
        replace(d.folder / f"{name}.csv", rows(name[1:]))
        expect(d.feed(name), int(name[1:]))
        assert time.monotonic() - start < LIMIT


def inotify_of(pid):
    folder = f"/proc/{pid}/fd"
    return next(n for n in os.listdir(folder) if "inotify" in os.readlink(f"{folder}/{n}"))


def test_lost_events(daemon):
    """The kernel's queue holds 16,384 events. When it has overflowed, every source is looked at."""
    d = watched(daemon).start()
    feed, folder = d.feed("a"), d.folder / "crowd"
    expect(feed, 0)
    with open("/proc/sys/fs/inotify/max_queued_events", encoding="utf-8") as file:
        room = int(file.read())
    if room > 200_000:
        pytest.skip("the queue is too long to be filled here")
    os.kill(d.pid, 19)
    for n in range(room // 2 + 100):
        path = d.folder / f"crowd{n % 2}"
        path.touch()
        path.unlink()
    replace(d.folder / "a.csv", rows(1))  # this event finds no room
    os.kill(d.pid, 18)
    expect(feed, 1)
    assert not folder.exists()


@needs_root
@pytest.mark.parametrize("limit", ["watches", "instances"])
def test_no_more_watches(daemon, limit):
    """One line says what to raise, and the looks go on."""
    d = daemon()
    names = [f"f{n}" for n in range(20)]
    for name in names:
        (d.folder / name).mkdir()
        (d.folder / name / "a.csv").write_text(rows(0))
    options = "interval = 100ms\nwatch = yes"
    d.configure({name: f"source = {name}/a.csv\n{options}" for name in names})
    most = 3 if limit == "watches" else 0
    script = f'echo {most} >/proc/sys/user/max_inotify_{limit} && exec "$@"'
    d.wrapper = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"]
    try:
        d.start()
    except AssertionError:
        if "unshare" in d.log_text():
            pytest.skip("no user namespaces here")
        raise
    for name in names:
        replace(d.folder / name / "a.csv", rows(5))
    for name in names:
        expect(d.feed(name), 5)
    log = d.log_text()
    assert log.count("no more directories can be watched: raise the sysctl") == 1, log
    assert f"fs.inotify.max_user_{limit}, which is " in log


def test_without_interval(daemon):
    d = daemon()
    d.source("a.csv", rows(0))
    d.configure({"a": "source = a.csv\ninterval = 0\nwatch = yes"})
    d.start()
    for n in range(1, 4):
        time.sleep(0.05)
        d.source("a.csv", rows(n))
        expect(d.feed("a"), n)


def test_switched_by_reload(daemon):
    d = daemon()
    d.source("a.csv", rows(0))
    d.configure({"a": "source = a.csv\ninterval = 1h"})
    d.start()
    feed = d.feed("a")
    d.source("a.csv", rows(1))
    time.sleep(0.5)
    assert list(feed.df.a) == [0]  # nobody watches
    d.configure({"a": f"source = a.csv\n{RARELY}"})
    d.reload()
    expect(feed, 1)
    d.source("a.csv", rows(2))
    expect(feed, 2)
    d.source("b.csv", rows(3))
    d.configure({"a": f"source = b.csv\n{RARELY}"})
    d.reload()
    expect(feed, 3)
    d.source("b.csv", rows(4))
    expect(feed, 4)
    d.configure({"a": "source = b.csv\ninterval = 1h"})
    d.reload()
    time.sleep(0.2)
    d.source("b.csv", rows(5))
    time.sleep(0.5)
    assert list(feed.df.a) == [4]
    assert d.stop() == 0


def test_looks_go_on(daemon):
    """A change without an event: here the path itself means another directory."""
    d = daemon()
    for n in (1, 2):
        (d.folder / f"v{n}" / "data").mkdir(parents=True)
        (d.folder / f"v{n}" / "data" / "a.csv").write_text(rows(n))
    (d.folder / "v1").rename(d.folder / "now")
    d.configure({"a": "source = now/data/a.csv\ninterval = 100ms\nwatch = yes"})
    d.start()
    feed = d.feed("a")
    expect(feed, 1)
    time.sleep(0.3)
    (d.folder / "now").rename(d.folder / "old")
    (d.folder / "v2").rename(d.folder / "now")
    expect(feed, 2)
    d.configure({"a": f"source = now/data/a.csv\n{RARELY}"})
    d.reload()
    replace(d.folder / "now" / "data" / "a.csv", rows(3))
    expect(feed, 3)


def test_looks_become_rare(daemon):
    """Looks that find nothing; not any more when one has found a change that nobody told."""

    def looks_in(seconds):
        before = d.status("a")["unchanged"]
        time.sleep(seconds)
        return d.status("a")["unchanged"] - before

    d = daemon()
    path = d.source("a.csv", rows(1, 2))
    d.configure({"a": "source = a.csv\ninterval = 20ms\nwatch = yes"})
    d.start()
    feed = d.feed("a")
    expect(feed, 1, 2)
    until(lambda: looks_in(4) <= 1)  # 1.2 s apart first, then 6 s
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as text:
        text[2:3] = b"7"  # no event tells it, as long as the file is open
        expect(feed, 7, 2)
    time.sleep(5)
    assert looks_in(6) >= 3


def test_mode_of_the_source(daemon):
    """Who may read the source may read the table, at once."""
    d = watched(daemon).start()
    expect(d.feed("a"), 0)
    arrow = d.shm / d.instance / "a.arrow"
    assert arrow.stat().st_mode & 0o777 == 0o644
    (d.folder / "a.csv").chmod(0o600)
    until(lambda: arrow.stat().st_mode & 0o777 == 0o600)
