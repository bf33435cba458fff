"""shmpubd as a program at a console of Windows: its configuration, its command line, its names.

What needs no Windows is in tests/e2e; here is what paths and consoles change. More of its sources
is in test_sources.py, of its life in test_instance.py.
"""

from __future__ import annotations

import re
import time
import uuid

import pytest
from conftest import Make
from daemons import FAILED, FAST, MISUSED, SHMPUBD, Daemon, peer
from wine import Wine, until


def serve(daemons: Make, text: str = "x\n1\n") -> Daemon:
    d = daemons()
    d.source("a.csv", text)
    d.configure({"a": f"source = a.csv\n{FAST}"})
    return d.start()


# --- sources --------------------------------------------------------------------------------------


def test_bad_and_gone_keep_the_last_good(daemons: Make) -> None:
    d = serve(daemons, "x,y\n1,2\n")
    path = d.source("a.csv", "x,y\n1,2\n3,4,5\n")
    d.wait_error(f"{d.wine.windows_path(path)}:3: ")
    assert d.table() == ["x,y", "1,2"]
    path.unlink()
    d.wait_error("error 2 (no such file)")
    path.mkdir()
    d.wait_error("a directory, not a file")
    path.rmdir()
    assert d.table() == ["x,y", "1,2"]
    d.source("a.csv", "x,y\n6,7\n")
    until(lambda: d.table() == ["x,y", "6,7"])


def test_locked_from_the_start(daemons: Make) -> None:
    d = daemons()
    path = d.source("a.csv", "x\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    with peer(d.wine, "lock", d.wine.windows_path(path)):
        d.start()
        assert "locked by its writer" in d.status()["error"]
        run = d.run("--check")
        assert run.returncode == 0 and "warning: source: " in run.stderr
        assert "locked by its writer" in run.stderr
    until(lambda: d.table() == ["x", "1"])


# --- names ----------------------------------------------------------------------------------------


def test_long_and_other_names(daemons: Make) -> None:
    far = "ein sehr langer Ordner mit Ümläuten 日本 😀"
    d = daemons(f"{uuid.uuid4().hex[:6]} {far}")
    deep = d.folder / far / far / far / far / far
    deep.mkdir(parents=True)
    source = deep / "a é.csv"
    source.write_text("x\n1\n", encoding="utf-8")
    relative = "\\".join(source.relative_to(d.folder).parts)
    (d.folder / "conf.d").mkdir()
    path = f"{d.wine.windows_path(d.folder)}\\{relative}"
    assert len(path) > 260, len(path)
    # A line of the ini is short: the value goes on in others, which are joined without a blank.
    value = re.sub(r"(.{40,60}\S)(?=\S)", "\\1\\\\\n  ", path)
    for name, text in (("z.ini", "d"), ("M.INI", "c")):
        (d.folder / "conf.d" / name).write_text(
            f"[feed {text}]\nsource = ..\\a.csv\n{FAST}\n", encoding="utf-8"
        )
    d.source("a.csv", "y\n2\n")
    d.configure({"a": f"source = {value}\n{FAST}"}, "include = conf.d\\*.ini")
    d.start()
    assert d.table("a") == ["x", "1"], d.log_text()
    assert d.table("c") == d.table("d") == ["y", "2"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("CON", "'CON' is the name of a device, not of a file"),
        ("C:\\data\\lpt1.csv", "'lpt1.csv' is the name of a device"),
        ("sub\\nul", "'nul' is the name of a device"),
        ("a:b\\c.csv", "relative to a folder that the drive remembers"),
        ("\\\\.\\COM3", "a device, not a file"),
        ("\\\\server\\pipe\\x", "a pipe, not a file"),
        ("C:a.csv", "relative to a folder that the drive remembers"),
        ("a.csv:stream", "a ':' after the drive"),
        ("~\\a.csv", "'~' is not expanded"),
        ("a[[:digit:]].csv", "in a pattern are not served"),
    ],
)
def test_no_names_of_files(daemons: Make, source: str, line: str) -> None:
    d = daemons()
    d.configure({"a": f"source = {source}"})
    run = d.run("--check")
    assert run.returncode == FAILED
    told = run.stderr.splitlines()
    assert len(told) == 1 and told[0].startswith(f"{d.wine.windows_path(d.ini)}:6: source: "), told
    assert line in told[0]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("Q:\\a.csv", "a.csv: error "),
        ("C:\\no\\such\\folder\\a.csv", "error 3 (no such folder, or no such drive)"),
    ],
)
def test_what_is_not_there(daemons: Make, source: str, line: str) -> None:
    """A drive that is away, a server that is: the daemon serves what it has."""
    d = daemons()
    d.source("b.csv", "x\n1\n")
    d.configure({"a": f"source = {source}\n{FAST}", "b": f"source = b.csv\n{FAST}"})
    d.start()
    assert d.status()["state"] == "failing" and line in d.status()["error"]
    assert d.table("b") == ["x", "1"]


# --- life -----------------------------------------------------------------------------------------


def test_killed_at_any_moment(daemons: Make) -> None:
    d = daemons()
    d.source("a.csv", "x\n1\n")
    d.configure({f"f{i}": f"source = a.csv\n{FAST}" for i in range(40)})
    for n in range(6):
        d.start()
        time.sleep(0.03 * n)
        d.kill()
    d.start()
    d.wait_sequences([f"f{i}" for i in range(40)], 1)
    assert d.end() == 0


def test_once(daemons: Make) -> None:
    d = daemons()
    d.source("a.csv", "x\n1\n")
    d.configure({"a": "source = a.csv"})
    run = d.run("--once")
    assert run.returncode == 0
    assert "--once: the snapshots go with this program" in run.stderr
    d.configure({"a": "source = none.csv"})
    run = d.run("--once")
    assert run.returncode == FAILED and "error 2 (no such file)" in run.stderr


def test_check(daemons: Make) -> None:
    d = daemons()
    d.source("a.csv", "x\n1\n")
    d.configure({"a": "source = a.csv"}, "keep_on_exit = yes")
    run = d.run("--check")
    ini = d.wine.windows_path(d.ini)
    assert run.returncode == 0
    assert run.stderr.startswith(f"{ini}:4: warning: keep_on_exit: "), run
    assert len(run.stderr.splitlines()) == 1
    d.configure({"a": "source = a.csv\ncolour = red"}, "group = nobody of this name")
    run = d.run("--check")
    assert run.returncode == FAILED
    assert [line.split(": ")[0] for line in run.stderr.splitlines()] == [f"{ini}:4", f"{ini}:7"]


def test_test(daemons: Make) -> None:
    d = daemons("é test " + uuid.uuid4().hex[:4])
    d.source("a.csv", "name,x\nzürich,1\n日本,2\n")
    d.configure({"a": "source = a.csv"})
    run = d.run("--test", "a")
    assert run.returncode == 0
    assert run.stdout.startswith(f"a: {d.wine.windows_path(d.folder)}\\a.csv, ")
    assert "zürich" in run.stdout and "日本" in run.stdout
    run = d.run("--test", "b")
    assert run.returncode == FAILED and "no feed 'b', did you mean 'a'?" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["--check", "--once"], MISUSED, "exclude each other"),
        (["-x"], MISUSED, "what is '-x'?"),
        (["ü"], MISUSED, "what is 'ü'?"),
        (["-c"], MISUSED, "-c wants a value"),
        (["-c", "CON"], FAILED, "shmpubd: CON: 'CON' is the name of a device, not of a file"),
        (["-c", "C:\\none.ini"], FAILED, "shmpubd: C:\\none.ini: error 2 (no such file)"),
        ([], FAILED, "C:\\ProgramData\\shmpub\\shmpubd.ini: error "),
    ],
)
def test_command_line(wine: Wine, arguments: list[str], status: int, line: str) -> None:
    run = wine.run(SHMPUBD, *arguments)
    assert run.returncode == status and line in run.stderr, run


def test_version_and_help(wine: Wine) -> None:
    version = wine.run(SHMPUBD, "--version")
    assert version.returncode == 0 and re.fullmatch(r"shmpubd \d+\.\d+\.\d+\n", version.stdout)
    text = wine.run(SHMPUBD, "--help").stdout
    assert "C:\\ProgramData\\shmpub\\shmpubd.ini" in text and "Ctrl-C" in text


def test_a_file_that_notepad_saved_as_utf_16(daemons: Make) -> None:
    d = daemons()
    d.ini.write_bytes("[feed a]\r\nsource = a.csv\r\n".encode("utf-16"))
    run = d.run("--check")
    assert run.returncode == FAILED and "is this file UTF-16?" in run.stderr, run
