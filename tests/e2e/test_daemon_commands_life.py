"""Commands as sources: many at a time, over reloads, stops and long runs of the daemon."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import BUILD, SHMPUB, run_shmpubd, until
from processes import children, marked, state_of

FAST = "interval = 50ms"
SANITIZED = "asan" in BUILD.name or "tsan" in BUILD.name


def test_hung_commands_delay_nobody(daemon):
    hung = {f"h{i}": "source = exec: sleep 600\ninterval = 100ms" for i in range(50)}
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure(hung | {"a": f"source = exec: cat a.csv\n{FAST}"}, "workers = 2")
    d.start(wait=False)
    feed = d.feed("a")
    until(lambda: feed.sequence and list(feed.df.a) == [1])
    for i in range(5):
        begun = time.monotonic()
        d.source("a.csv", f"a\n{i + 10}\n")
        until(lambda i=i: list(feed.df.a) == [i + 10])
        assert time.monotonic() - begun < 5
    assert d.status("a")["state"] == "fresh"
    assert len(children(d.pid)) >= 50
    pids = children(d.pid)
    assert d.stop() == 0
    assert not [pid for pid in pids if state_of(pid) not in ("", "Z")]


def test_never_two_at_once_and_the_interval_is_from_start_to_start(daemon):
    d = daemon()
    once = (
        "mkdir busy || echo twice >> ran; date +%s.%N >> ran; sleep 0.3; rmdir busy; echo a; echo 1"
    )
    d.configure({"a": f"source = shell: {once}\ninterval = 500ms"})
    d.start()
    time.sleep(4)
    lines = (d.folder / "ran").read_text().split()
    assert "twice" not in lines
    times = [float(t) for t in lines]
    assert 6 <= len(times) <= 10, times  # not 5: the 0.3 s are not added to the interval


@pytest.mark.parametrize("how", ["removed", "changed", "same"])
def test_reload_while_one_runs(daemon, how):
    d = daemon()
    slow = "source = shell: echo $$ > pid; echo a; echo 1; sleep 600"
    well = {"w": f"source = exec: printf 'a\\n1\\n'\n{FAST}"}
    d.configure({"a": slow} | well)
    d.start(wait=False)
    pid = int(until(lambda: (d.folder / "pid").exists() and (d.folder / "pid").read_text()))
    d.wait_told("READY=1") if how == "never" else d.wait_state("w", "fresh")
    after = {
        "removed": {},
        "changed": {"a": "source = exec: printf 'a\\n2\\n'"},
        "same": {"a": slow},
    }
    d.configure(after[how] | well)
    os.kill(d.pid, signal.SIGHUP)
    if how == "changed":
        assert until(lambda: list(d.feed("a").df.a) == [2])
    if how == "removed":
        until(lambda: d.status("a") == {})
    if how == "same":
        time.sleep(1)
        assert state_of(pid) == "S"
        os.kill(pid, signal.SIGTERM)
    until(lambda: state_of(pid) == "")
    until(lambda: all(state_of(c) != "Z" for c in children(d.pid)))


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_stop_while_one_runs(daemon, trap):
    d = daemon()
    d.environment["MARK"] = d.instance
    d.configure({"a": f"source = shell: {trap}echo a; sleep 600 & while :; do sleep 600; done"})
    d.start(wait=False)
    until(lambda: len(marked(d.instance)) >= 3)
    begun = time.monotonic()
    assert d.stop() == 0
    assert time.monotonic() - begun < 5
    until(lambda: not marked(d.instance))  # killed, and on a busy machine not gone at once
    assert d.files() <= {"lock"}


def test_a_killed_daemon_takes_its_commands_along(daemon):
    d = daemon()
    d.configure({"a": "source = exec: sleep 600"})
    d.start(wait=False)
    pid = until(lambda: d.process and children(d.pid))[0]
    d.kill()
    until(lambda: state_of(pid) in ("", "Z"))


def test_once_and_test(daemon):
    d = daemon()
    d.configure(
        {"a": "source = shell: echo a; echo hello >&2; echo 1", "b": "source = exec: false"}
    )
    shown = run_shmpubd("-c", d.ini, "--test", "a")
    assert shown.returncode == 0
    assert "shell:echo says: hello" in shown.stdout and "1 rows, 1 columns" in shown.stdout
    failed = run_shmpubd("-c", d.ini, "--test", "b")
    assert failed.returncode == 1 and "exec:false: exited with 1" in failed.stderr
    once = run_shmpubd("-c", d.ini, "--once")
    assert once.returncode == 1
    assert list(d.feed("a").df.a) == [1]


def test_check(daemon):
    d = daemon()
    d.configure(
        {
            "a": "source = exec: no-such-program",
            "b": "source = exec: true\nworking_directory = /no/such",
            "c": "source = exec: true\nfile_mode = 0644",
            "d": "source = a.csv\nenvironment = A=b",
            "e": "source = a.csv\nworking_directory = .",
        }
    )
    d.source("a.csv", "a\n1\n")
    check = run_shmpubd("-c", d.ini, "--check")
    lines = [line.split(":", 2)[2].strip() for line in check.stderr.splitlines()]
    assert check.returncode == 0
    assert "warning: source: exec:no-such-program: no such program" in lines
    assert (
        "warning: source: exec:true: working_directory /no/such: No such file or directory" in lines
    )
    assert "warning: environment: only a command gets variables" in lines
    assert "warning: working_directory: only a command has one" in lines
    assert sum("file_mode auto: nobody but the daemon's user" in line for line in lines) == 2


def test_a_thousand_runs_cost_nothing_that_stays(daemon):
    # Some fail, some print more than stays in memory.
    d = daemon()
    kinds = ["shell: echo a; echo $$", "exec: false", "shell: echo a; seq 60000", "exec: nothing"]
    d.configure({f"f{i}": f"source = {kinds[i % 4]}\ninterval = 100ms" for i in range(40)})
    d.start()

    def runs() -> int:
        command = [SHMPUB, "-d", d.shm, "-i", d.instance, "ls", "--json"]
        text = subprocess.run(list(map(str, command)), capture_output=True, check=True).stdout
        rows = [json.loads(line) for line in text.splitlines()]
        return sum(row["refreshes"] + row["unchanged"] + row["failures"] for row in rows)

    def held() -> tuple[int, int]:
        text = Path(f"/proc/{d.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]), len(os.listdir(f"/proc/{d.pid}/fd"))

    until(lambda: runs() > 200)
    memory, descriptors = held()
    until(lambda: runs() > 1200, 200, 0.5)
    after = [held() for _ in range(20) if time.sleep(0.05) is None]
    assert SANITIZED or min(m for m, _ in after) < memory + 8000
    assert min(n for _, n in after) <= descriptors + 10
    zombies = [c for c in children(d.pid) if state_of(c) == "Z"]
    time.sleep(2)
    assert not [c for c in zombies if state_of(c) == "Z"]
    assert d.stop() == 0


@pytest.mark.skipif(SANITIZED, reason="needs more descriptors")
def test_too_few_descriptors_for_all_commands(daemon):
    # Each has three pipes. What finds none fails and says so; the file and the daemon go on.
    hung = {f"h{i}": "source = exec: sleep 600\ninterval = 100ms" for i in range(60)}
    d = daemon()
    d.wrapper = ["prlimit", "--nofile=120:120"]
    d.source("a.csv", "a\n1\n")
    d.configure(hung | {"a": f"source = a.csv\n{FAST}"})
    d.start(wait=False)
    told = re.compile("Too many open files|No file descriptors available")  # two C libraries
    until(lambda: told.search(d.log_text()))
    pids = until(lambda: len(children(d.pid)) > 10 and children(d.pid))
    d.configure({"a": f"source = a.csv\n{FAST}", "b": f"source = exec: cat a.csv\n{FAST}"})
    os.kill(d.pid, signal.SIGHUP)
    d.wait_state("b", "fresh")
    d.source("a.csv", "a\n2\n")
    until(lambda: list(d.feed("a").df.a) == [2] and list(d.feed("b").df.a) == [2])
    assert not [pid for pid in pids if state_of(pid) not in ("", "Z")]
    assert d.stop() == 0
