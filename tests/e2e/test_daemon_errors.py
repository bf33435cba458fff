"""The different errors of a feed: what `shmpub info` and Python tell of them."""

import json
import os
import re
import signal
import subprocess

from conftest import SHMPUB, until

FAST = "interval = 10ms"


def info(d, *arguments):
    place = ["-d", str(d.shm), "-i", d.instance]
    return subprocess.run(
        [str(SHMPUB), *place, "info", *arguments], capture_output=True, text=True, timeout=30
    )


def errors(d, feed="a"):
    return json.loads(info(d, feed, "--json").stdout)["errors"]


def fail_in_ways(d):
    """Fail for a missing file, for two lines, and for another reason; well at the end."""
    for text in ("a,b\n1,2\n1,2,3\n", "a,b\n1,2\n1,2\n1,2,3\n", 'a,b\n1,"2\n'):
        d.source("a.csv", text)
        reason = f":{text.count(chr(10))}: " if "3" in text else "quote"
        until(lambda r=reason: r in d.status("a")["error"], pause=0.02)
    (d.folder / "a.csv").unlink()
    until(lambda: "No such file" in d.status("a")["error"], pause=0.02)
    d.source("a.csv", "a,b\n1,2\n")
    d.wait_state("a", "fresh")


def test_errors_are_counted(daemon):
    d = daemon()
    d.source("a.csv", "a,b\n1,2\n")
    d.configure({"a": f"source = a.csv\n{FAST}", "b": "source = a.csv\ninterval = 1h"})
    d.start()
    assert errors(d) == [] and "TIMES" not in info(d, "a").stdout
    assert not (d.shm / d.instance / "errors").exists()
    fail_in_ways(d)
    found = errors(d)
    assert [e["code"] for e in found] == ["sys", "csv", "csv"]
    assert found[0]["text"] == f"{d.folder}/a.csv: No such file or directory"
    assert found[2]["text"].startswith(f"{d.folder}/a.csv:4: ") and found[2]["line"] == 4
    assert sum(e["count"] for e in found) == d.status("a")["failures"]
    assert found[2]["count"] >= 2
    assert all(0 < e["first_ns"] <= e["last_ns"] for e in found)
    assert errors(d, "b") == []
    frame = d.feed("a").errors()
    assert list(frame["text"]) == [e["text"] for e in found]
    assert list(frame["count"]) == [e["count"] for e in found]
    assert [t.value for t in frame["last"]] == [e["last_ns"] for e in found]
    shown = info(d, "a").stdout
    (line,) = [line for line in shown.splitlines() if line.endswith("No such file or directory")]
    assert re.match(rf" *{found[0]['count']} +\d.*ago +\d.*ago +/", line)
    assert d.stop() == 0
    assert d.files() == {"lock"}


def test_errors_survive_reloads_and_kills(daemon):
    d = daemon()
    d.source("a.csv", "a,b\n1,2\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.start()
    fail_in_ways(d)
    before = errors(d)
    d.configure({"a": "source = a.csv\ninterval = 20ms", "z": "source = none.csv"})
    d.reload()
    until(lambda: errors(d, "z"), pause=0.02)
    assert errors(d) == before
    os.kill(d.pid, signal.SIGSTOP)
    d.kill()
    assert errors(d) == before  # who reads what a killed daemon has left
    d.start()
    until(lambda: d.status("a")["state"] == "fresh", pause=0.02)
    assert errors(d) == before
    (d.folder / "a.csv").unlink()
    until(lambda: errors(d)[0]["count"] > before[0]["count"], pause=0.02)
    assert errors(d)[0]["first_ns"] == before[0]["first_ns"]
    assert errors(d)[1:] == before[1:]


def test_a_table_that_was_removed_is_made_anew(daemon):
    d = daemon()
    d.configure({"a": f"source = none.csv\n{FAST}"})
    d.start()
    table = d.shm / d.instance / "errors"
    until(lambda: errors(d), pause=0.02)
    table.unlink()
    until(lambda: table.exists() and errors(d), pause=0.05)
    assert d.status("a")["state"] == "failing"


def test_no_cell_stands_in_the_table(daemon):
    """The error line may show a cell where everybody may read the feed; the table never does."""
    d = daemon()
    d.source("a.csv", "a\n1\nsecret\n").chmod(0o644)
    d.configure({"a": f"source = a.csv\ndtype.a = int64\n{FAST}"})
    d.start()
    assert "secret" in d.status("a")["error"]
    (found,) = errors(d)
    assert "..." in found["text"] and found["line"] == 3
    assert b"secret" not in (d.shm / d.instance / "errors").read_bytes()


def test_a_table_is_read_by_whom_the_catalog_is(daemon):
    d = daemon()
    d.configure({"a": "source = none.csv"}, "file_mode = 0600")
    d.start()
    until(lambda: errors(d), pause=0.02)
    place = d.shm / d.instance
    assert (place / "errors").stat().st_mode == (place / "catalog").stat().st_mode
