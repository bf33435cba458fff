"""A daemon that lives as long as the program that has the other end of its standard input."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PATIENCE, SHMPUBD, Daemon, run_shmpubd, until
from processes import state_of

FAST = "source = a.csv\ninterval = 20ms"


def prepare(daemon) -> Daemon:
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": FAST})
    return d


def start(d: Daemon, stdin: int, *arguments: str) -> subprocess.Popen[bytes]:
    """Start it with that standard input, and wait for its first table."""
    with d.log.open("ab") as log:
        d.process = subprocess.Popen(
            [SHMPUBD, "-c", d.ini, "--until-eof", *arguments],
            stdin=stdin,
            stderr=log,
            start_new_session=True,
        )
    until(lambda: d.process is None or d.process.poll() is not None or d.feed("a").sequence)
    return d.process


def test_ends_with_the_pipe(daemon):
    d = prepare(daemon)
    process = start(d, subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"what comes through it is not read\n" * 10000)
    process.stdin.flush()
    d.source("a.csv", "a\n2\n")
    until(lambda: list(d.feed("a").df.a) == [2])
    assert process.poll() is None
    process.stdin.close()
    assert d.wait() == 0
    assert "standard input has ended: stopping" in d.log_text()
    assert not (d.shm / d.instance).exists()  # the lock has gone as well


def test_ends_with_a_socket(daemon):
    d = prepare(daemon)
    ours, its = socket.socketpair()
    start(d, its.fileno())
    its.close()
    ours.close()
    assert d.wait() == 0


def test_ended_before_the_start(daemon):
    """Whoever started it may be gone already."""
    d = prepare(daemon)
    read, write = os.pipe()
    os.close(write)
    start(d, read)
    os.close(read)
    assert d.wait() == 0


OWNER = """
import subprocess, sys, time
daemon = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)
print(daemon.pid, flush=True)
time.sleep(600)
"""


def owned(d: Daemon) -> tuple[subprocess.Popen[str], int]:
    """Start a program that starts the daemon. Returns it, and the daemon's id."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, SHMPUBD, "-c", d.ini, "--until-eof"],
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    until(lambda: d.feed("a").sequence)
    return owner, pid


def is_over(pid: int) -> bool:
    return state_of(pid) in ("", "Z")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_ends_with_its_owner(daemon, how):
    d = prepare(daemon)
    owner, pid = owned(d)
    assert not is_over(pid)
    owner.send_signal(how)
    owner.communicate(timeout=PATIENCE)
    until(lambda: is_over(pid))
    assert not (d.shm / d.instance).exists()


def test_an_interrupt_of_the_owner_s_group(daemon):
    """A terminal, or the notebook's server, sends it to all of the group: not to this daemon."""
    d = prepare(daemon)
    owner, pid = owned(d)
    os.kill(owner.pid, signal.SIGSTOP)  # so that the interrupt does not end it
    os.killpg(owner.pid, signal.SIGINT)
    d.source("a.csv", "a\n2\n")
    until(lambda: list(d.feed("a").df.a) == [2])
    assert not is_over(pid)
    owner.kill()
    owner.communicate(timeout=PATIENCE)
    until(lambda: is_over(pid))


def test_a_stop_before_the_end(daemon):
    d = prepare(daemon)
    process = start(d, subprocess.PIPE)
    process.terminate()
    assert d.wait() == 0
    assert process.stdin is not None
    process.stdin.close()
    assert not (d.shm / d.instance).exists()


def test_what_others_have_put_there_stays(daemon):
    d = prepare(daemon)
    process = start(d, subprocess.PIPE)
    (d.shm / d.instance / "note").touch()
    assert process.stdin is not None
    process.stdin.close()
    assert d.wait() == 0
    assert d.files() == {"note"}


def test_tables_that_are_kept(daemon):
    d = prepare(daemon)
    d.configure({"a": FAST}, "keep_on_exit = yes")
    process = start(d, subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.close()
    assert d.wait() == 0
    assert d.files() == {"catalog", "lock", "a.arrow"}


@pytest.mark.parametrize("what", ["file", "null", "closed"])
def test_no_pipe(daemon, what):
    d = prepare(daemon)
    path = Path(os.devnull) if what == "null" else d.ini
    command = [str(SHMPUBD), "-c", str(d.ini), "--until-eof"]
    if what == "closed":
        command = ["sh", "-c", 'exec "$@" <&-', "sh", *command]
    with path.open() as stdin:
        run = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 1
    assert run.stderr == "shmpubd: --until-eof: standard input is no pipe\n"
    assert not (d.shm / d.instance).exists()


def test_a_second_start_in_the_same_place(daemon):
    d = prepare(daemon)
    for _ in range(3):
        process = start(d, subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.close()
        assert d.wait() == 0


def test_it_goes_with_serving_only(daemon):
    d = prepare(daemon)
    for other in (["--once"], ["--check"], ["--test", "a"]):
        run = run_shmpubd("-c", d.ini, "--until-eof", *other)
        assert run.returncode == 2
        assert "--check, --once, --test, --until-eof exclude each other" in run.stderr
