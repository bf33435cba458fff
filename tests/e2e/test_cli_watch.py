"""shmpub watch: a line for every publication, loss and return, until nobody reads."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from cli_tools import Publisher


@contextmanager
def watching(publisher: Publisher, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        publisher.command("watch", *arguments), stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def test_every_publication(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    with watching(publisher) as process:
        assert re.match(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z t 1: 1 rows, 1 columns, ", line_of(process)
        )
        for i in range(2, 40):
            assert publisher.publish("t", "a\n" + "1\n" * i) == i
            assert f" t {i}: {i} rows, " in line_of(process)
        publisher.publish("new", "a,b\n1,2\n")
        assert " new 1: 1 rows, 2 columns, " in line_of(process)


def test_chosen_feeds_as_json(publisher: Publisher) -> None:
    for feed in ("t", "u", "v"):
        publisher.publish(feed, "a\n1\n")
    with watching(publisher, "t", "v", "--json") as process:
        assert {json.loads(line_of(process))["feed"] for _ in range(2)} == {"t", "v"}
        publisher.publish("u", "a\n1\n")
        publisher.publish("v", "a\n1\n2\n")
        told = json.loads(line_of(process))
        assert (told["feed"], told["sequence"], told["rows"]) == ("v", 2, 2)
        assert told["epoch"] > 0


def test_over_a_replaced_publisher(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    with watching(publisher, "--json") as process:
        first = json.loads(line_of(process))
        publisher.stop()
        gone = json.loads(line_of(process))
        assert (gone["event"], gone["instance"]) == ("gone", "cli")
        # A publisher says that it stops, wakes everybody, and takes the instance away after that.
        assert gone["reason"] == "stopped" or "no instance cli" in gone["reason"]
        publisher.publish("t", "a\n1\n2\n")
        returned = json.loads(line_of(process))
        assert (returned["event"], returned["instance"]) == ("returned", "cli")
        second = json.loads(line_of(process))
        assert (second["event"], second["rows"]) == ("published", 2)
        assert second["epoch"] != first["epoch"]


def test_a_killed_publisher(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    with watching(publisher) as process:
        assert " t 1: 1 rows" in line_of(process)
        pid = publisher.kill()
        assert line_of(process).endswith(f"Z instance cli: gone: no process {pid}\n")
        publisher.publish("t", "a\n1\n2\n")
        assert line_of(process).endswith("Z instance cli: returned\n")
        assert " t 2: 2 rows" in line_of(process)


def test_removal_and_return(publisher: Publisher) -> None:
    for feed in ("t", "u"):
        publisher.publish(feed, "a\n1\n")
    with watching(publisher, "u") as text, watching(publisher, "u", "--json") as lines:
        assert " u 1: " in line_of(text)
        assert json.loads(line_of(lines))["event"] == "published"
        publisher.remove("t")
        publisher.remove("u")
        assert line_of(text).endswith("Z u: removed\n")
        told = json.loads(line_of(lines))
        assert (told["event"], told["feed"]) == ("removed", "u")
        assert told["time_ns"] > 0
        publisher.publish("u", "a\n1\n2\n")
        assert line_of(text).endswith("Z u: returned\n")
        assert ": 2 rows" in line_of(text)
        assert [json.loads(line_of(lines))["event"] for _ in range(2)] == ["returned", "published"]


def test_unknown_feed(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    assert "no feed u" in publisher.fail("watch", "t", "u")


def test_reader_goes_away(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    process = subprocess.Popen(
        publisher.command("watch"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    publisher.publish("t", "a\n1\n")
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_interrupted(publisher: Publisher) -> None:
    publisher.publish("t", "a\n1\n")
    with watching(publisher) as process:
        line_of(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT
