"""An instance over its publishers' lives: killed, stopped, started again, and in the way of others.

Every reader is another process. What a reader holds stays; what other programs keep open, or have
under our names, is no riddle to anybody.
"""

from __future__ import annotations

import re
import signal
import time

import pytest
import tables
from conftest import Make
from daemons import CHECK_TABLES, FAILED, FAST, PEER, SHMPUB, SHMPUBD, Daemon, peer, watching
from wine import Wine, until


def serve(daemons: Make, options: str = "", directory: str = "Local") -> Daemon:
    d = daemons(directory=directory)
    d.source("a.csv", "x\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}\n{options}"})
    return d.start()


# --- one after the other --------------------------------------------------------------------------


def test_killed_while_readers_hold(daemons: Make, wine: Wine) -> None:
    """Readers are told, keep what they have, and go on with the next daemon by themselves."""
    layout = "e2e_killed"
    d = serve(daemons, f"csv_segment = {layout}")
    with (
        watching(d, "a") as watch,
        peer(wine, "section", layout, "102400"),  # as the article's reader has it
        peer(wine, "section", d.name("catalog"), "4096"),
        peer(wine, "view", d.name("catalog")),
    ):
        first = watch.next()
        assert (first["event"], first["rows"]) == ("published", 1)
        pid = d.pid
        d.kill()
        gone = watch.next()
        assert (gone["event"], gone["reason"]) == ("gone", f"no process {pid}")
        assert d.cli("cat", "a").returncode == FAILED  # nothing outlives it for who comes now
        assert d.cli("health").returncode == 2
        d.source("a.csv", "x\n2\n3\n")
        d.start()
        assert watch.next()["event"] == "returned"
        second = watch.next()
        assert (second["event"], second["rows"]) == ("published", 2)
        assert second["epoch"] != first["epoch"]
        assert d.table() == ["x", "2", "3"]
        assert "error" not in d.log_text() and "warning" not in d.log_text()


def test_killed_again_and_again_under_readers(daemons: Make, wine: Wine) -> None:
    """A program of the library looks at every cell of what it gets, and of what it kept."""
    d = daemons()
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.source("a.csv", tables.text(1))
    d.start()
    reader = wine.popen(CHECK_TABLES, "a", d.instance, d.directory, "7")
    for number in range(2, 26):
        d.source("a.csv", tables.text(number))
        if number % 5 == 0:
            d.kill()
            d.start()
        until(lambda number=number: tables.check(d.table()) == number)
    told, _ = reader.communicate(timeout=60)
    match = re.fullmatch(rb"(\d+) tables, (\d+) twice, (\d+) epochs\s+", told)
    assert match and reader.returncode == 0, told
    seen, twice, epochs = map(int, match.groups())
    assert seen >= epochs >= 2 and twice > 0, told


def test_stopped(daemons: Make, wine: Wine) -> None:
    d = serve(daemons)
    with watching(d, "a") as watch:
        assert watch.next()["event"] == "published"
        assert d.end() == 0
        assert "signal 2: stopping" in d.log_text()
        gone = watch.next()
        assert gone["event"] == "gone"
        assert gone["reason"] == "stopped" or "no instance" in gone["reason"]
        for leaf in ("catalog", "lock", "bell.0"):  # the names are away, whoever watches
            run = wine.run(PEER, "view", d.name(leaf))
            assert run.returncode == FAILED and "error 2" in run.stderr, (leaf, run)
        d.source("a.csv", "x\n2\n")
        d.start()
        assert watch.until("published")["rows"] == 1
        assert d.table() == ["x", "2"]


def test_started_at_once_after_a_kill(daemons: Make) -> None:
    d = serve(daemons)
    for n in range(6):
        d.source("a.csv", f"x\n{n}\n")
        d.kill()
        d.start()
        assert d.table() == ["x", str(n)]


def test_reader_comes_first(daemons: Make, wine: Wine) -> None:
    """Waiting does not depend on who starts first."""
    d = daemons()
    d.source("a.csv", tables.text(3))
    d.configure({"a": f"source = a.csv\n{FAST}"})
    reader = wine.popen(CHECK_TABLES, "a", d.instance, d.directory, "5")
    time.sleep(1)
    d.start()
    told, _ = reader.communicate(timeout=60)
    assert reader.returncode == 0 and told.split()[0] == b"1", told


def test_hangs(daemons: Make) -> None:
    """Its process is there, its heartbeat is not; and then it is again."""
    d = serve(daemons)
    assert d.process is not None
    with watching(d, "a") as watch:
        watch.next()
        d.process.send_signal(signal.SIGSTOP)
        try:
            gone = watch.next()
            assert gone["event"] == "gone" and "no heartbeat for" in gone["reason"], gone
            assert d.status()["state"] == "gone" and d.table() == ["x", "1"]
            assert d.cli("health").returncode == 2
        finally:
            d.process.send_signal(signal.SIGCONT)
        assert watch.next()["event"] == "returned"
        until(lambda: d.status()["state"] == "fresh")


def test_nobody_reads_its_log(daemons: Make, wine: Wine) -> None:
    d = daemons()
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.process = wine.popen(SHMPUBD, "-c", wine.windows_path(d.ini))
    assert d.process.stdout is not None
    assert b"a.csv" in d.process.stdout.readline()
    d.process.stdout.close()
    for text in ("x\n1\n", 'x\n"\n', "x\n2\n"):  # lines for the log
        d.source("a.csv", text)
        until(lambda text=text: d.status()["state"] == ("failing" if '"' in text else "fresh"))
    assert d.table() == ["x", "2"]
    assert d.end() == 0


def test_nobody_reads_what_a_reader_tells(daemons: Make, wine: Wine) -> None:
    d = serve(daemons)
    reader = wine.popen(SHMPUB, "-i", d.instance, "-d", d.directory, "watch")
    assert reader.stdout is not None and reader.stdout.readline()
    reader.stdout.close()
    d.source("a.csv", "x\n2\n")
    assert reader.wait(60) == 0


def test_second_daemon(daemons: Make) -> None:
    d = serve(daemons)
    run = d.run()
    assert run.returncode == FAILED
    (line,) = run.stderr.splitlines()
    match = re.fullmatch(r"shmpubd: \S+: process (\d+) publishes there", line)
    assert match, run
    with watching(d, "a") as watch:
        watch.next()
        d.kill()
        assert watch.next()["reason"] == f"no process {match[1]}"


def test_many_want_the_instance(daemons: Make, wine: Wine) -> None:
    """Started at once, one gets it, and the others say who; when it is killed, the next one may."""
    d = daemons()
    d.source("a.csv", "x\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    for _ in range(3):
        all_of_them = [wine.popen(SHMPUBD, "-c", wine.windows_path(d.ini)) for _ in range(5)]
        until(lambda them=all_of_them: sum(p.poll() is not None for p in them) >= 4)
        until(lambda: d.table() == ["x", "1"])
        (winner,) = [process for process in all_of_them if process.poll() is None]
        winner.kill()
        for process in all_of_them:
            told = process.communicate()[0].decode()
            if process is not winner:
                assert process.returncode == FAILED, told
                assert re.fullmatch(r"shmpubd: \S+: process \d+ publishes there\s+", told), told


# --- where its names are --------------------------------------------------------------------------


def test_reader_looks_into_global_first(daemons: Make, wine: Wine) -> None:
    """Under Wine everybody may make names in Global: a publisher that may choose is there."""
    wide, own = serve(daemons, directory="auto"), daemons(directory="Local")
    own.instance = wide.instance
    own.source("a.csv", "x\n2\n")
    own.configure({"a": f"source = a.csv\n{FAST}"})
    own.start()
    for directory, table in (("auto", "1"), ("Global", "1"), ("Local", "2")):
        assert wide.cli("cat", "a", directory=directory).stdout.split() == ["x", table], directory
    root = f"Global\\shmpub.{wide.instance}/catalog"
    with peer(wine, "section", root, "4096"):  # whose root page then leads nowhere
        wide.kill()
        assert wide.cli("cat", "a", directory="auto").stdout.split() == ["x", "2"]
        wide.start()
        until(lambda: wide.table() == ["x", "1"])
        assert wide.end() == 0
        assert wide.cli("cat", "a", directory="auto").stdout.split() == ["x", "2"]
    run = wide.cli("cat", "a", directory="Global")
    assert run.returncode == FAILED and f"no instance {wide.instance}" in run.stderr
    wide.configure({"a": f"source = a.csv\n{FAST}"})
    wide.start()
    until(lambda: wide.table() == ["x", "1"])


@pytest.mark.parametrize(
    "directory", ["Global\\team", "Local\\team\\a b", "C:\\some\\folder", "日本"]
)
def test_directories_of_all_kinds(daemons: Make, directory: str) -> None:
    d = serve(daemons, directory=directory)
    assert d.table() == ["x", "1"]
    for other in ("auto", "Local", "Local\\other"):
        run = d.cli("cat", "a", directory=other)
        assert run.returncode == FAILED and "no instance" in run.stderr, run


def test_directory_too_long(daemons: Make) -> None:
    long = "d" * 125
    d = daemons(directory=f"{long}\\\n  {long}")  # one value in two lines
    d.source("a.csv", "x\n1\n")
    d.configure({"a": "source = a.csv"})
    for arguments in ([], ["--once"]):
        run = d.run(*arguments)
        assert run.returncode == FAILED, run
        (line,) = run.stderr.splitlines()
        assert f"directory {long}{long}: " in line and "longer than the name of a section" in line


# --- what other programs have under its names -----------------------------------------------------

IN_THE_WAY = [
    ("catalog", "mutex"),
    ("catalog", "event"),
    ("catalog", "section 1000000"),
    ("lock", "mutex"),
    ("lock", "event"),
    ("lock", "section 4096"),
    ("lock", "section 1000000"),
    ("bell.0", "mutex"),
    ("bell.3", "section 4096"),
]


@pytest.mark.parametrize(("leaf", "object"), IN_THE_WAY)
def test_names_that_others_have(daemons: Make, wine: Wine, leaf: str, object: str) -> None:
    d = daemons()
    d.source("a.csv", "x\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    word, *size = object.split()
    with peer(wine, word, d.name(leaf), *size):
        run = d.run()
        assert run.returncode == FAILED
        (line,) = run.stderr.splitlines()
        assert f"/{leaf}: " in line and "the name is taken by another program" in line, line
        reader = d.cli("ls")
        assert reader.returncode == FAILED and len(reader.stderr.splitlines()) == 1, reader
    d.start()
    assert d.table() == ["x", "1"]


@pytest.mark.parametrize("leaf", ["catalog", "bell.0"])
def test_names_that_do_no_harm(daemons: Make, wine: Wine, leaf: str) -> None:
    """An empty page, and an event, are just what there would be."""
    d = daemons()
    d.source("a.csv", "x\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    word = ["section", d.name(leaf), "4096"] if leaf == "catalog" else ["event", d.name(leaf)]
    with peer(wine, *word):
        d.start()
        assert d.table() == ["x", "1"]
        with watching(d, "a") as watch:
            assert watch.next()["sequence"] == 1
            d.source("a.csv", "x\n2\n")
            assert watch.next()["sequence"] == 2


@pytest.mark.parametrize("what", ["absent", "page", "reserved", "noise"])
def test_catalogs_that_are_none(daemons: Make, wine: Wine, what: str) -> None:
    """Readers say so, and fall over nothing; a daemon makes it right."""
    d = daemons()
    d.source("a.csv", "x\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    with peer(wine, "forge", d.name("")[:-1], what):
        for command in (["ls"], ["cat", "a"], ["health"], ["watch"], ["verify"]):
            run = d.cli(*command)
            told = run.stdout + run.stderr
            assert run.returncode in (FAILED, 2) and len(told.splitlines()) == 1, (command, run)
        d.start()
        assert d.table() == ["x", "1"]


@pytest.mark.parametrize("object", ["mutex", "section 1000", "section 1000000"])
def test_article_segment_that_others_have(daemons: Make, wine: Wine, object: str) -> None:
    """The table is published in any case; the feed tells what is in the way of its segment."""
    name = f"e2e_{object.replace(' ', '_')}"
    d = daemons()
    d.source("a.csv", "x\n" + "12345678\n" * 2000)
    d.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}"})
    word, *size = object.split()
    with peer(wine, word, name, *size):
        d.start()
        error = d.status()["error"]
        # One that is large enough will do: it may be what a reader of the article made.
        assert error.startswith(f"csv_segment {name}: ") == (object != "section 1000000"), error
    until(lambda: d.status()["state"] == "fresh" and not d.status()["error"])
    assert len(d.table()) == 2001


def test_lock_that_another_program_keeps(daemons: Make, wine: Wine) -> None:
    """Of a killed daemon: who has it is not known, so it is told what to do."""
    d = serve(daemons)
    with peer(wine, "section", d.name("lock"), "4096"):
        pid = d.pid
        d.kill()
        run = d.run()
        assert run.returncode == FAILED
        (line,) = run.stderr.splitlines()
        assert f"process {pid}, which published there, is gone" in line, line
    d.start()
