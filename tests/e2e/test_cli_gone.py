"""A publisher that is dead, hangs or has stopped is told as gone, by every command; and health."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from cli_tools import SHMPUB, Publisher
from conftest import Daemon, until

TABLE = "a\n1\n"


def values_of(text: str) -> dict[str, float]:
    return {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if not line.startswith("#")
    }


def health(publisher: Publisher, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(publisher.command("health", *arguments), capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    return done.returncode, done.stdout.rstrip("\n")


def test_after_kill(publisher: Publisher) -> None:
    """Every command tells it at once, and the tables stay readable."""
    publisher.publish("t", "a\n1\n")
    assert publisher.run("ls").splitlines()[1].split()[1] == "fresh"
    assert values_of(publisher.run("metrics"))['shmpub_up{shmpub_instance="cli"}'] == 1
    pid = publisher.kill()
    why = f"no process {pid}"

    row = publisher.run("ls").splitlines()[1]
    assert row.split()[1] == "gone"
    assert row.endswith(f"publisher gone: {why}")
    told = json.loads(publisher.run("ls", "--json"))
    assert (told["state"], told["gone"], told["error"]) == ("gone", why, "")
    assert re.search(rf"^state +gone \({why}\)$", publisher.run("info", "t"), re.M)
    told = json.loads(publisher.run("info", "t", "--json"))
    assert (told["state"], told["gone"]) == ("gone", why)
    values = values_of(publisher.run("metrics"))
    assert values['shmpub_up{shmpub_instance="cli"}'] == 0
    assert values['shmpub_feed_state{shmpub_instance="cli",feed="t",state="gone"}'] == 1
    assert values['shmpub_feed_state{shmpub_instance="cli",feed="t",state="fresh"}'] == 0
    done = subprocess.run(publisher.command("verify"), capture_output=True, text=True)
    assert (done.returncode, done.stdout[:7]) == (0, "t: good")
    assert done.stderr == f"shmpub: the publisher of instance cli is gone: {why}\n"
    assert publisher.run("cat", "t") == "a\n1\n"
    assert health(publisher) == (2, f"gone: cli: {why}")
    assert health(publisher, "t") == (2, f"gone: cli: {why}")

    publisher.publish("t", "a\n1\n2\n")
    assert publisher.run("ls").splitlines()[1].split()[1] == "fresh"


def test_the_last_error_of_a_dead_publisher(publisher: Publisher) -> None:
    with pytest.raises(ValueError):
        publisher.publish("bad", "a,b\n1,2,3\n1,2,3,4\n")
    publisher.kill()
    assert re.search(
        r"gone .* publisher gone: no process \d+; last error: line 3", publisher.run("ls")
    )


def test_what_was_left_on_purpose(publisher: Publisher) -> None:
    publisher.start("-k")
    publisher.publish("t", "a\n1\n")
    publisher.stop()
    assert re.match(r"t +gone +1 .*publisher gone: stopped$", publisher.run("ls").splitlines()[1])
    assert publisher.run("cat", "t") == "a\n1\n"
    assert health(publisher) == (2, "gone: cli: stopped")


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_daemon_that_hangs(daemon: Callable[[], Daemon]) -> None:
    """The publisher's process is there, but gives no heartbeat."""
    d = daemon()
    source = d.source("t.csv", "a\n1\n")
    d.configure({"t": f"source = {source}\ninterval = 100ms"})
    d.start()
    d.wait_state("t", "fresh")
    place = [str(SHMPUB), "-i", d.instance, "-d", str(d.shm)]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*place, *arguments], capture_output=True, text=True)

    assert run("health", "--max-age", "1h").returncode == 0
    with stopped(d.pid):
        told = d.wait_state("t", "gone")
        assert re.fullmatch(r"no heartbeat for \d+ s", str(told["gone"]))
        assert told["look_age_s"] > 2
        assert "gone" in run("ls").stdout
        done = run("health")
        assert done.returncode == 2
        assert re.fullmatch(rf"gone: {d.instance}: no heartbeat for \d+ s\n", done.stdout)
        values = values_of(run("metrics").stdout)
        assert values[f'shmpub_up{{shmpub_instance="{d.instance}"}}'] == 0
        assert values[f'shmpub_heartbeat_age_seconds{{shmpub_instance="{d.instance}"}}'] > 3
    d.wait_state("t", "fresh")
    assert run("health").returncode == 0


# --- health of a publisher that lives


def test_health(publisher: Publisher) -> None:
    publisher.start()
    until(lambda: health(publisher)[0] != 2)  # it is there
    assert health(publisher) == (0, "well: no feeds")
    publisher.publish("good", "a\n1\n")
    status, line = health(publisher)
    assert status == 0
    assert re.fullmatch(r"well: 1 feed; oldest data from .*s ago \(good\)", line)
    with pytest.raises(ValueError):
        publisher.publish("bad", "a,b\n1,2,3\n1,2,3,4\n")
    status, line = health(publisher)
    assert status == 1
    assert line.startswith("not well: 1 of 2 feeds; bad is failing: line 3")
    assert health(publisher, "good")[0] == 0
    assert health(publisher, "good", "--max-age", "1h")[0] == 0
    status, line = health(publisher, "good", "bad")
    assert (status, "bad is failing" in line) == (1, True)
    status, line = health(publisher, "god")
    assert (status, line) == (1, "not well: 1 of 1 feed; no feed god in instance cli; good is one")


def test_health_of_a_feed_without_a_table(publisher: Publisher) -> None:
    publisher.start()
    publisher.announce("late")
    assert health(publisher) == (1, "not well: 1 of 1 feed; late is not published yet")


def test_health_of_no_instance(publisher: Publisher) -> None:
    status, line = health(publisher)
    assert (status, line) == (2, f"gone: no instance cli in {publisher.directory}")
    where = ["-d", "/nowhere/at/all"]
    done = subprocess.run([SHMPUB, *where, "health"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "gone: no instance shmpub in /nowhere/at/all\n")


def test_age_of_data_and_of_the_look(daemon: Callable[[], Daemon]) -> None:
    """A source that nobody changes: its feed is fresh, as it is looked at, and its data is old."""
    d = daemon()
    source = d.source("t.csv", "a\n1\n")
    hours_ago = time.time() - 3 * 3600
    os.utime(source, (hours_ago, hours_ago))
    d.configure({"t": f"source = {source}\ninterval = 100ms"})
    d.start()
    place = [str(SHMPUB), "-i", d.instance, "-d", str(d.shm)]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*place, *arguments], capture_output=True, text=True)

    d.wait_state("t", "fresh")
    told = d.status("t")
    assert told["age_s"] >= 3 * 3600
    assert told["look_age_s"] < 3600
    assert re.search(r"^t +fresh .* 3h 0m +[\d.]+s +100ms$", run("ls").stdout, re.M)
    assert re.search(r"^age of data +3h 0m$", run("info", "t").stdout, re.M)
    assert re.search(r"^age of look +[\d.]+s$", run("info", "t").stdout, re.M)
    names = f'shmpub_instance="{d.instance}",feed="t"'
    values = values_of(run("metrics").stdout)
    assert values[f"shmpub_feed_data_age_seconds{{{names}}}"] >= 3 * 3600
    assert values[f"shmpub_feed_look_age_seconds{{{names}}}"] < 3600
    assert run("health").returncode == 0
    done = run("health", "--max-age", "2h")
    assert (done.returncode, done.stdout) == (
        1,
        "not well: 1 of 1 feed; t has data from 3h 0m ago, more than 2h\n",
    )
    assert run("health", "--max-age", "4h").returncode == 0


def test_the_configuration_is_told(daemon: Callable[[], Daemon]) -> None:
    d = daemon()
    feed = {"t": f"source = {d.source('t.csv', TABLE)}"}
    d.configure(feed, daemon="max_bytes = 64M\nmax_feeds = 7")
    d.start()
    name = f'{{shmpub_instance="{d.instance}"}}'

    def values() -> dict[str, float]:
        command = [str(SHMPUB), "-i", d.instance, "-d", str(d.shm), "metrics"]
        return values_of(subprocess.run(command, capture_output=True, text=True).stdout)

    first = until(lambda: (v := values()) and f"shmpub_resident_memory_bytes{name}" in v and v)
    assert first[f"shmpub_config_last_reload_successful{name}"] == 1
    assert first[f"shmpub_segment_limit_bytes{name}"] == 64 << 20
    assert (first[f"shmpub_feeds{name}"], first[f"shmpub_feeds_limit{name}"]) == (1, 7)
    assert first[f"shmpub_resident_memory_bytes{name}"] > 100_000
    d.ini.write_text("[daemon]\nnonsense = 1\n")
    d.reload()
    second = values()
    assert second[f"shmpub_config_last_reload_successful{name}"] == 0
    assert second[f"shmpub_config_reloads_total{name}"] == 2
    at = f"shmpub_config_last_reload_timestamp_seconds{name}"
    assert second[at] > first[at]
    d.configure(feed)
    d.reload()
    assert values()[f"shmpub_config_last_reload_successful{name}"] == 1
