"""shmpub ls, info, verify: what people and programs are shown, and the exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import unicodedata

import pytest
from cli_tools import SHMPUB, Publisher


def columns_of(line: str) -> int:
    """Return how many columns of a terminal a line takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in line
    )


def test_ls(publisher: Publisher) -> None:
    publisher.publish("quotes", "a,b\n" + "1,2\n" * 1234)
    publisher.publish("b-feed", "a\n1\n")
    with pytest.raises(ValueError):
        publisher.publish("bad", "a,b\n1,2,3\n1,2,3,4\n")
    lines = publisher.run("ls").splitlines()
    assert lines[0].split() == [
        "FEED",
        "STATE",
        "SEQUENCE",
        "ROWS",
        "COLUMNS",
        "SIZE",
        "AGE",
        "LOOKED",
        "EVERY",
        "ERROR",
    ]
    assert [line.split()[0] for line in lines[1:]] == ["b-feed", "bad", "quotes"]
    assert re.match(r"b-feed +fresh +1 +1 +1 ", lines[1])
    assert re.match(r"bad +failing +- +- +- +- +- +[0-9.]+s +- +line ", lines[2])
    assert re.match(r"quotes +fresh +1 +1,234 +2 ", lines[3])
    assert len({line.index("fresh") for line in (lines[1], lines[3])}) == 1
    assert all(line == line.rstrip() for line in lines)


def test_ls_json(publisher: Publisher) -> None:
    before = time.time_ns()
    publisher.publish("quotes", "k,v\na,1\nb,2\n")
    with pytest.raises(ValueError):
        publisher.publish("bad", 'a,b\n"\x1b[31m\n')
    bad, quotes = (json.loads(line) for line in publisher.run("ls", "--json").splitlines())
    assert (
        quotes["feed"],
        quotes["state"],
        quotes["sequence"],
        quotes["rows"],
        quotes["columns"],
    ) == ("quotes", "fresh", 1, 2, 2)
    assert before <= quotes["published_ns"] <= time.time_ns()
    assert 0 <= quotes["age_s"] < 60
    assert 0 <= quotes["look_age_s"] < 60
    assert quotes["gone"] is None
    assert quotes["bytes"] == (publisher.directory / "cli" / "quotes.arrow").stat().st_size
    assert quotes["source_bytes"] == 12
    assert quotes["error"] == ""
    assert (bad["sequence"], bad["age_s"], bad["failures"], bad["state"]) == (0, None, 1, "failing")
    assert "line" in bad["error"]


def test_ls_of_nothing(publisher: Publisher) -> None:
    publisher.start()
    publisher.publish("a", "x\n1\n")
    publisher.remove("a")
    assert len(publisher.run("ls").splitlines()) == 1
    assert publisher.run("ls", "--json") == ""


def test_no_instance(publisher: Publisher) -> None:
    for command in ("ls", "verify", "watch"):
        assert "no instance cli" in publisher.fail(command)
    for command in ("info", "cat", "verify", "watch"):
        assert "no instance cli" in publisher.fail(command, "quotes")


def test_info(publisher: Publisher) -> None:
    publisher.start("-o", "index_col=t", "-o", "parse_dates=t", "-o", "dtype.c=category")
    publisher.publish("quotes", "t,漢字,c,b\n2026-01-02,1.5,x,True\n2026-01-03,,y,\n")
    text = publisher.run("info", "quotes")
    assert re.search(r"^feed +quotes$", text, re.M)
    assert re.search(r"^sequence +1 in epoch [0-9a-f]{16}$", text, re.M)
    assert re.search(r"^rows +2$", text, re.M)
    table = text.split("\n\n")[1].splitlines()
    assert re.match(r"COLUMN +TYPE +NULLS +INDEX", table[0])
    assert re.match(r"t +datetime64\[us\] +0 +level 0", table[1])
    assert re.match(r"漢字 +float64 +1$", table[2])
    assert re.match(r"c +category of str +0$", table[3])
    assert re.match(r"b +object \(bool\) +1$", table[4])
    assert (
        len(
            {
                columns_of(line[: line.index(word)])
                for line, word in zip(table[1:], ["dat", "flo", "cat", "obj"], strict=True)
            }
        )
        == 1
    )
    told = json.loads(publisher.run("info", "quotes", "--json"))
    assert [c["name"] for c in told["schema"]] == ["t", "漢字", "c", "b"]
    assert [c["index_level"] for c in told["schema"]] == [0, None, None, None]
    assert told["columns"] == 3


def test_info_of_what_was_never_published(publisher: Publisher) -> None:
    with pytest.raises(ValueError):
        publisher.publish("bad", "a,b\n1,2\n1,2,3\n")
    done = subprocess.run(publisher.command("info", "bad"), capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r"^error +line 3", done.stdout, re.M)
    assert "never published" in done.stderr
    assert "no feed nope" in publisher.fail("info", "nope")


def test_nothing_reaches_the_terminal(publisher: Publisher) -> None:
    """Names and errors come from files: no control character of theirs is ever printed."""
    publisher.publish("t", '"\x1b]0;owned\x07","\x9b31m\u202e",b\n1,2,3\n')
    text = publisher.run("info", "t")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "?]0;owned?" in text
    assert (
        json.loads(publisher.run("info", "t", "--json"))["schema"][0]["name"] == "\x1b]0;owned\x07"
    )
    assert publisher.fail("cat", "\x1b[31m").count("\x1b") == 0
    assert publisher.fail("\x1b[31m", status=2).count("\x1b") == 0


def test_verify(publisher: Publisher) -> None:
    publisher.publish("a", "x,y\n1,one\n2,two\n")
    publisher.publish("b", "x\n1\n")
    with pytest.raises(ValueError):
        publisher.publish("c", "x,y\n1,2\n1,2,3\n")
    done = subprocess.run(publisher.command("verify"), capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert re.match(r"a: good, sequence 1, 2 rows, 2 columns, ", lines[0])
    assert re.match(r"b: good, ", lines[1])
    assert publisher.run("verify", "b").startswith("b: good")
    one = subprocess.run(publisher.command("verify", "c"), capture_output=True, text=True)
    assert lines[2:] == one.stdout.splitlines() == ["c: was never published"]
    assert (done.returncode, one.returncode) == (1, 1)
    assert "no feed d" in publisher.fail("verify", "d")


def test_verify_finds_every_damage(publisher: Publisher) -> None:
    """Text that is not UTF-8 passes the check of bounds, but not verify, and cat refuses it too."""
    publisher.publish("a", "x,y\n1,onetwothree\n2,four\n")
    path = publisher.directory / "cli" / "a.arrow"
    whole = path.read_bytes()
    assert whole.count(b"onetwothree") == 1
    planted = publisher.directory / "cli" / ".planted"
    planted.write_bytes(whole.replace(b"onetwothree", b"one\xfftwo\xc3(e"))
    planted.chmod(0o644)
    planted.rename(path)
    done = subprocess.run(publisher.command("verify"), capture_output=True, text=True)
    assert done.returncode == 1
    assert re.match(r"a: .*UTF-8", done.stdout)
    assert "UTF-8" in publisher.fail("cat", "a")
    planted.write_bytes(whole[: len(whole) // 2])
    planted.rename(path)
    done = subprocess.run(publisher.command("verify"), capture_output=True, text=True)
    assert (done.returncode, done.stdout[:3]) == (1, "a: ")


def test_environment(publisher: Publisher) -> None:
    publisher.publish("a", "x\n1\n")
    there = os.environ | {"SHMPUB_INSTANCE": "cli", "SHMPUB_DIRECTORY": str(publisher.directory)}
    assert subprocess.run([SHMPUB, "cat", "a"], env=there, capture_output=True).stdout == b"x\n1\n"
    assert (
        subprocess.run(
            [SHMPUB, "-i", "other", "cat", "a"], env=there, capture_output=True
        ).returncode
        == 1
    )
    there["SHMPUB_INSTANCE"] = "a/b"
    assert subprocess.run([SHMPUB, "cat", "a"], env=there, capture_output=True).returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["ls", "feed"],
        ["ls", "--format", "csv"],
        ["ls", "--head", "3"],
        ["cat", "a", "--json"],
        ["cat", "a", "--head"],
        ["cat", "a", "--head", "3x"],
        ["cat", "a", "--head", "99999999999999999999"],
        ["info"],
        ["info", "a", "b"],
        ["verify", "a", "b"],
        ["ls", "--quux"],
        ["ls", "--json=1"],
        ["-i"],
        ["-i", "a/b", "ls"],
        ["--owner", "somebody", "ls"],
        ["top", "x"],
        ["health", "--max-age"],
        ["health", "--max-age", "10"],
        ["health", "--max-age=soon"],
        ["ls", "--max-age", "10s"],
    ],
    ids=" ".join,
)
def test_usage(arguments: list[str]) -> None:
    done = subprocess.run([SHMPUB, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr


def test_help_and_version() -> None:
    text = subprocess.run([SHMPUB, "--help"], capture_output=True, text=True, check=True).stdout
    for command in ("ls", "info", "cat", "watch", "top", "verify", "health", "metrics"):
        assert re.search(rf"^  {command} ", text, re.M)
    assert (
        subprocess.run([SHMPUB, "--version"], capture_output=True, text=True, check=True).stdout
        == "shmpub 0.2.0\n"
    )


def test_options_anywhere(publisher: Publisher) -> None:
    publisher.publish("a", "x\n1\n")
    for words in (
        ["cat", "a", "-icli", f"-d{publisher.directory}"],
        ["--instance=cli", "cat", f"--directory={publisher.directory}", "a"],
        ["-i", "cli", "-d", str(publisher.directory), "cat", "--", "a"],
    ):
        assert subprocess.run([SHMPUB, *words], capture_output=True, check=True).stdout == b"x\n1\n"


def test_the_name_that_was_meant(publisher: Publisher) -> None:
    for feed in ("quotes", "airports", "a"):
        publisher.publish(feed, "x\n1\n")
    for command in ("cat", "info", "verify", "watch"):
        assert publisher.fail(command, "qoutes").endswith("; quotes is one\n")
        assert publisher.fail(command, "airport").endswith("; airports is one\n")
        assert " is one" not in publisher.fail(command, "weather")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a directory away")
def test_owners(publisher: Publisher) -> None:
    """A stranger's instance is refused until it is accepted; root's is anybody's to read."""
    os.chown(publisher.directory, 54321, 54321)
    publisher.directory.chmod(0o755)
    publisher.user = 54321
    publisher.publish("a", "x\n1\n")
    for command in (["ls"], ["cat", "a"], ["verify"], ["watch"]):
        assert "54321" in publisher.fail(*command)
    assert publisher.run("cat", "a", "--owner", "54321") == "x\n1\n"
    assert "54321" in publisher.fail("cat", "a", "--owner", "54322")
    publisher.stop()

    publisher.user, publisher.instance = None, "mine"
    publisher.publish("b", "x\n2\n")
    told = subprocess.run(
        publisher.command("cat", "b"), capture_output=True, user=54322, check=True
    )
    assert told.stdout == b"x\n2\n"
