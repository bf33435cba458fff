"""shmpub refresh: the owner asks for a refresh, is told how it ended, and nobody else may ask."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import SHMPUB, Daemon, needs_root, until

Make = Callable[[], Daemon]
NEVER = "interval = 1h"


def ask(d: Daemon, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [str(SHMPUB), "-d", str(d.shm), "-i", d.instance, "refresh", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


@contextlib.contextmanager
def connected(d: Daemon) -> Iterator[socket.socket]:
    """Yield a connection to the daemon's socket, whatever the length of its path."""
    place = os.open(d.shm / d.instance, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(f"/proc/self/fd/{place}/control")
            s.settimeout(30)
            yield s
    finally:
        os.close(place)


def serve(daemon: Make, feeds: dict[str, str] | None = None) -> Daemon:
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure(feeds or {"a": f"source = a.csv\n{NEVER}"})
    return d.start()


def test_published_unchanged_failed_and_well_again(daemon: Make) -> None:
    d = serve(daemon)
    done = ask(d, "a")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a: unchanged\n", "")
    d.source("a.csv", "a\n1\n2\n")
    time.sleep(0.05)  # a source that changed a moment ago is left to rest first
    done = ask(d, "a")
    assert (done.returncode, done.stdout) == (0, "a: published, sequence 2, 2 rows\n")
    assert list(d.feed("a").df.a) == [1, 2]
    d.source("a.csv", "a,b\n1\n1,2,3\n")
    done = ask(d, "a")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("shmpub: a: failed: ") and "a.csv:3: " in done.stderr
    again = ask(d, "a")  # the same bad source: the same answer
    assert (again.returncode, again.stderr) == (1, done.stderr)
    (d.folder / "a.csv").unlink()
    assert "No such file or directory" in ask(d, "a").stderr
    d.source("a.csv", "a\n3\n")
    assert ask(d, "a").returncode == 0
    assert list(d.feed("a").df.a) == [3]


def test_a_feed_that_only_this_refreshes(daemon: Make) -> None:
    d = serve(daemon, {"a": "source = a.csv\ninterval = 0"})
    for n in range(2, 12):
        d.source("a.csv", f"a\n{n}\n")
        assert ask(d, "a").stdout == f"a: published, sequence {n}, 1 rows\n"
        assert list(d.feed("a").df.a) == [n]


def test_several_and_unknown_feeds(daemon: Make) -> None:
    d = serve(daemon, {f"a{n}": f"source = a.csv\n{NEVER}" for n in range(300)})
    done = ask(d, *(f"a{n}" for n in range(300)))
    assert done.returncode == 0
    assert sorted(done.stdout.splitlines()) == sorted(f"a{n}: unchanged" for n in range(300))
    done = ask(d, "a1", "b1x", "nothing-like-it")
    assert done.returncode == 1
    assert done.stdout == "a1: unchanged\n"
    assert done.stderr.splitlines() == [
        "shmpub: b1x: no such feed",
        "shmpub: nothing-like-it: no such feed",
    ]
    assert ask(d, "a1", "a1").stdout == "a1: unchanged\n" * 2


def test_no_wait(daemon: Make) -> None:
    d = serve(daemon)
    d.source("a.csv", "a\n5\n")
    done = ask(d, "a", "--no-wait")
    assert (done.returncode, done.stdout) == (0, "a: asked\n")
    until(lambda: list(d.feed("a").df.a) == [5])
    done = ask(d, "aa", "--no-wait")
    assert (done.returncode, done.stderr) == (1, "shmpub: aa: no such feed, did you mean a?\n")


def test_asked_while_a_refresh_is_under_way(daemon: Make) -> None:
    """The answer is that of a refresh that began after the request."""
    d = daemon()
    fifo = d.folder / "a.csv"
    d.source("a.csv", "a\n" + "1\n" * 3_000_000)
    d.configure({"a": "source = a.csv\ninterval = 10ms"})
    d.start()
    for n in range(5):
        d.source("a.csv", f"a\n{n}\n" + "1\n" * 1_000_000)
        done = ask(d, "a")
        assert done.returncode == 0
        assert d.feed("a").df.a.iloc[0] == n, fifo


def test_back_off_does_not_delay_it(daemon: Make) -> None:
    d = daemon()
    d.source("a.csv", "a\n" + "1\n" * 100_000)
    d.configure({"a": "source = a.csv\ninterval = 10ms"}, "max_bytes = 300K")
    d.start()
    until(lambda: d.status("a")["consecutive_failures"] >= 9)
    began = time.monotonic()
    done = ask(d, "a")
    assert done.returncode == 1 and "max_bytes" in done.stderr
    assert time.monotonic() - began < 5


def test_usage_and_gone(daemon: Make) -> None:
    d = serve(daemon)
    assert ask(d).returncode == 2
    assert ask(d, "a", "--json").returncode == 2
    done = ask(d, "a b")
    assert done.returncode == 1 and "no feed's name" in done.stderr
    assert d.stop() == 0
    assert not (d.shm / d.instance / "control").exists()
    done = ask(d, "a")
    assert (done.returncode, done.stdout) == (1, "") and d.instance in done.stderr


def test_killed_and_started_again(daemon: Make) -> None:
    d = serve(daemon)
    d.kill()
    assert (d.shm / d.instance / "control").exists()
    done = ask(d, "a")
    assert done.returncode == 1 and "publisher gone" in done.stderr
    d.start()
    assert ask(d, "a").returncode == 0


def test_stop_while_somebody_waits(daemon: Make) -> None:
    """A daemon that ends closes the connection, and the command says so."""
    d = serve(daemon)
    os.mkfifo(d.folder / "pipe")
    d.kill()
    d.configure({"a": "source = a.csv\ninterval = 1h", "slow": f"source = a.csv\n{NEVER}"})
    d.start()
    result: list[subprocess.CompletedProcess[str]] = []
    d.source("a.csv", "a\n" + "1\n" * 4_000_000)
    thread = threading.Thread(target=lambda: result.append(ask(d, *["a", "slow"] * 20)))
    thread.start()
    time.sleep(0.02)
    d.process.send_signal(signal.SIGKILL)
    thread.join(60)
    assert d.wait() == -signal.SIGKILL
    assert result[0].returncode == 1


def test_feed_that_is_removed_while_somebody_waits(daemon: Make) -> None:
    d = serve(daemon, dict.fromkeys(("a", "b"), f"source = a.csv\n{NEVER}"))
    os.kill(d.pid, signal.SIGSTOP)
    result: list[subprocess.CompletedProcess[str]] = []
    thread = threading.Thread(target=lambda: result.append(ask(d, "b")))
    thread.start()
    time.sleep(0.3)
    d.configure({"a": f"source = a.csv\n{NEVER}"})
    os.kill(d.pid, signal.SIGHUP)
    os.kill(d.pid, signal.SIGCONT)
    thread.join(60)
    # HUP and the request arrive together: either may be taken first.
    assert (result[0].returncode, result[0].stdout) in ((0, "b: unchanged\n"), (1, ""))
    assert ask(d, "b").returncode == 1


def test_socket_that_was_removed_comes_back(daemon: Make) -> None:
    d = serve(daemon)
    path = d.shm / d.instance / "control"
    mode = path.lstat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    path.unlink()
    until(path.exists)
    assert ask(d, "a").returncode == 0


def test_long_path_of_the_instance(daemon: Make) -> None:
    d = daemon()
    d.shm = d.shm / ("x" * 90) / ("y" * 50)
    d.shm.mkdir(parents=True)
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = a.csv\n{NEVER}"})
    d.start()
    assert ask(d, "a").stdout == "a: unchanged\n"


@needs_root
def test_readers_may_not(daemon: Make) -> None:
    d = serve(daemon)
    before = d.status("a")["refreshes"]
    done = ask(d, "a", user=65534, group=65534, extra_groups=[])
    assert done.returncode == 1 and "only its owner and root" in done.stderr
    # Not even if somebody opened the socket to everybody.
    (d.shm / d.instance / "control").chmod(0o666)
    done = ask(d, "a", user=65534, group=65534, extra_groups=[])
    assert done.returncode == 1 and "takes no requests" not in done.stderr
    assert d.status("a")["refreshes"] == before


@needs_root
def test_root_may_ask_the_daemon_of_a_user(daemon: Make) -> None:
    d = daemon()
    d.user = 65534
    d.shm.chmod(0o1777)
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = a.csv\n{NEVER}"})
    d.start()
    done = ask(d, "--owner", "65534", "a")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a: unchanged\n", "")


@pytest.mark.parametrize(
    "text",
    [
        b"\n",
        b"hello\n",
        b"refresh\n",
        b"refresh \n",
        b"x" * 100_000,
        b"\0\xff\n",
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_what_is_no_request_ends_the_connection(daemon: Make, text: bytes) -> None:
    d = serve(daemon)
    with connected(d) as s:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            s.sendall(text)
            assert s.recv(100) == b""
    assert ask(d, "a").returncode == 0


def test_hostile_names_are_answered(daemon: Make) -> None:
    d = serve(daemon)
    with connected(d) as s:
        s.sendall(b"refresh \x1b[31m%s%n\nref")
        time.sleep(0.1)
        s.sendall(b"resh a\n")
        text = b""
        while text.count(b"\n") < 2:
            text += s.recv(1000)
    assert text.endswith(b"a unchanged\n") and b" unknown no such feed\n" in text


def test_idle_connections_give_way(daemon: Make) -> None:
    d = serve(daemon)
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connected(d)) for _ in range(100)]
        assert ask(d, "a").returncode == 0
        for s in idle:  # those that are left are closed after some seconds
            with contextlib.suppress(ConnectionResetError):
                assert s.recv(1) == b""


def test_who_does_not_read_the_answers(daemon: Make) -> None:
    """Answers wait in memory up to a bound; then the connection ends."""
    d = serve(daemon)
    with connected(d) as s:
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while True:
                s.sendall(b"ask none\n" * 20_000)
        assert ask(d, "a").returncode == 0
    assert ask(d, "a").returncode == 0


def test_once_has_no_control(daemon: Make) -> None:
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv"})
    d.start("--once", wait=False)
    assert d.wait() == 0
    assert d.files() >= {"a.arrow"} and "control" not in d.files()
    assert Path(d.shm / d.instance / "a.arrow").exists()
