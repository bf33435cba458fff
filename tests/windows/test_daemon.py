"""shmpubd as a program at a console of Windows: its sources, its configuration, its life.

What needs no Windows is in tests/e2e; here is what paths, sharing, consoles and named sections
change. shmpub.exe is the reader: another process of the same session.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wine import BUILD, PATIENCE, Wine, until

FAST = "interval = 50ms"
FAILED, MISUSED = 1, 2

Run = subprocess.CompletedProcess


class Daemon:
    """One daemon with its ini and its sources in a folder of its own."""

    def __init__(self, wine: Wine, folder: Path) -> None:
        self.wine, self.folder = wine, folder
        self.ini = folder / "shmpubd.ini"
        self.log = folder / "log"
        self.instance = f"d-{uuid.uuid4().hex[:12]}"
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)

    def configure(self, feeds: dict[str, str], daemon: str = "") -> None:
        text = f"[daemon]\ninstance = {self.instance}\n{daemon}\n"
        text += "".join(f"[feed {name}]\n{lines}\n" for name, lines in feeds.items())
        self.ini.write_bytes(text.replace("\n", "\r\n").encode())

    def source(self, name: str, text: str) -> Path:
        """In place of the one before, by renaming."""
        path = self.folder / name
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
        return path

    def run(self, *arguments: str, ini: str = "") -> Run[str]:
        ini = ini or self.wine.windows_path(self.ini)
        return self.wine.run("C:\\shmpub\\shmpubd.exe", "-c", ini, *arguments)

    def start(self) -> Daemon:
        command = self.wine.command(
            "C:\\shmpub\\shmpubd.exe", "-c", self.wine.windows_path(self.ini)
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.wine.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: " published" in self.log_text() or self.process.poll() is not None)
        return self

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        self.process = None
        return status

    def cli(self, command: str, *arguments: str) -> Run[str]:
        return self.wine.run("C:\\shmpub\\shmpub.exe", "-i", self.instance, command, *arguments)

    def table(self, feed: str = "a") -> list[str]:
        run = self.cli("cat", feed)
        return run.stdout.split() if run.returncode == 0 else []

    def listed(self, feed: str = "a") -> str:
        found = re.search(rf"^{feed}\b.*$", self.cli("ls").stdout, re.MULTILINE)
        return found[0] if found else ""


@pytest.fixture(scope="module", autouse=True)
def programs(wine: Wine) -> None:
    place = wine.drive / "shmpub"
    place.mkdir()
    for built in ("daemon/shmpubd.exe", "cli/shmpub.exe", "tests/hold_file.exe"):
        shutil.copy(BUILD / built, place)


Make = Callable[..., Daemon]


@pytest.fixture
def daemons(wine: Wine) -> Iterator[Make]:
    made: list[Daemon] = []

    def make(folder: str = "") -> Daemon:
        made.append(Daemon(wine, wine.drive / "feeds" / (folder or uuid.uuid4().hex[:8])))
        return made[-1]

    yield make
    for daemon in made:
        if daemon.process is not None:
            daemon.process.kill()
            daemon.process.wait()


def serve(daemons: Make, text: str = "x\n1\n") -> Daemon:
    d = daemons()
    d.source("a.csv", text)
    d.configure({"a": f"source = a.csv\n{FAST}"})
    return d.start()


# --- sources --------------------------------------------------------------------------------------


def test_served_and_replaced(daemons: Make) -> None:
    d = serve(daemons)
    assert d.table() == ["x", "1"]
    d.source("a.csv", "x\n2\n")
    until(lambda: d.table() == ["x", "2"])
    (d.folder / "a.csv").write_text("x\n3\n")  # in place
    until(lambda: d.table() == ["x", "3"])
    assert "fresh" in d.listed()


def test_bad_and_gone_keep_the_last_good(daemons: Make) -> None:
    d = serve(daemons, "x,y\n1,2\n")
    path = d.source("a.csv", "x,y\n1,2\n3,4,5\n")
    until(lambda: "failing" in d.listed())
    assert f"{d.wine.windows_path(path)}:3: " in d.listed().replace("/", "\\")
    assert d.table() == ["x,y", "1,2"]
    path.unlink()
    until(lambda: "error 2 (no such file)" in d.listed())
    path.mkdir()
    until(lambda: "a directory, not a file" in d.listed())
    path.rmdir()
    assert d.table() == ["x,y", "1,2"]
    d.source("a.csv", "x,y\n6,7\n")
    until(lambda: d.table() == ["x,y", "6,7"])
    assert "feed a: well again" in d.log_text()


@contextlib.contextmanager
def held(d: Daemon, path: Path) -> Iterator[None]:
    """Another program has the file open and shares it with nobody."""
    program = d.wine.command("C:\\shmpub\\hold_file.exe", d.wine.windows_path(path))
    holder = subprocess.Popen(
        program, env=d.wine.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().split() == [b"held"]
    try:
        yield
    finally:
        holder.communicate(timeout=PATIENCE)


def test_locked_by_its_writer(daemons: Make) -> None:
    d = serve(daemons)
    path = d.folder / "a.csv"
    with held(d, path):
        path.write_text("x\n2\n")  # by a way round Wine's sharing
        until(lambda: "locked by its writer" in d.listed())
        assert "another program has it open without sharing" in d.log_text()
        assert d.table() == ["x", "1"]
    until(lambda: d.table() == ["x", "2"])
    assert "fresh" in d.listed()


def test_locked_from_the_start(daemons: Make) -> None:
    d = daemons()
    path = d.source("a.csv", "x\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    with held(d, path):
        d.start()
        assert "locked by its writer" in d.listed()
        run = d.run("--check")
        assert run.returncode == 0 and "warning: source: " in run.stderr
        assert "locked by its writer" in run.stderr
    until(lambda: d.table() == ["x", "1"])


def test_replaced_without_pause(daemons: Make) -> None:
    """Every table that a reader sees is one whole state of the source."""
    d = serve(daemons, "x\n" + "0\n" * 2000)
    seen: set[str] = set()
    end = time.monotonic() + 6
    n = 0
    while time.monotonic() < end:
        n += 1
        d.source("a.csv", "x\n" + f"{n}\n" * 2000)
        if n % 100 == 0:
            run = d.cli("cat", "a")
            rows = run.stdout.split()[1:]
            assert len(rows) == 2000 and len(set(rows)) == 1, run.stderr
            seen.add(rows[0])
        time.sleep(0.005)
    assert len(seen) > 2
    until(lambda: set(d.table()[1:]) == {str(n)})


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
        ("\\\\.\\COM3", "a device, not a file"),
        ("\\\\server\\pipe\\x", "a pipe, not a file"),
        ("C:a.csv", "relative to a folder that the drive remembers"),
        ("a.csv:stream", "a ':' behind the drive"),
        ("~\\a.csv", "'~' is not expanded"),
        ("*.csv", "patterns are not served yet"),
    ],
)
def test_no_names_of_files(daemons: Make, source: str, line: str) -> None:
    d = daemons()
    d.configure({"a": f"source = {source}"})
    run = d.run("--check")
    assert run.returncode == FAILED
    told = run.stderr.splitlines()
    assert len(told) == 1 and told[0].startswith(f"{d.wine.windows_path(d.ini)}:5: source: "), told
    assert line in told[0]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("Q:\\a.csv", "a.csv: error "),
        ("\\\\no-such-server\\share\\a.csv", "a.csv: error "),
        ("C:\\no\\such\\folder\\a.csv", "error 3 (no such folder, or no such drive)"),
    ],
)
def test_what_is_not_there(daemons: Make, source: str, line: str) -> None:
    """A drive that is away, a server that is: the daemon serves what it has."""
    d = daemons()
    d.source("b.csv", "x\n1\n")
    d.configure({"a": f"source = {source}\n{FAST}", "b": f"source = b.csv\n{FAST}"})
    d.start()
    assert "failing" in d.listed("a") and line in d.listed("a")
    assert d.table("b") == ["x", "1"]


# --- life -----------------------------------------------------------------------------------------


def test_stop_by_the_console(daemons: Make) -> None:
    d = serve(daemons)
    assert d.end() == 0  # Ctrl-C
    assert "signal 2: stopping" in d.log_text()
    run = d.cli("ls")
    assert run.returncode == FAILED and d.instance in run.stderr


def test_second_daemon(daemons: Make) -> None:
    d = serve(daemons)
    run = d.run()
    assert run.returncode == FAILED
    assert re.search(r"shmpubd: \S+: process \d+ publishes there$", run.stderr.strip()), run
    assert d.table() == ["x", "1"]


def test_killed_and_started_again(daemons: Make) -> None:
    """A reader that goes on looking comes over to the next daemon; nothing is in the way."""
    d = serve(daemons)
    watch = d.wine.popen("C:\\shmpub\\shmpub.exe", "-i", d.instance, "watch", "a")
    assert watch.stdout is not None
    assert watch.stdout.readline()
    for n in range(3):
        d.end(signal.SIGKILL)
        until(lambda: d.cli("cat", "a").returncode != 0)
        d.source("a.csv", f"x\n{n + 5}\n")
        d.start()
        until(lambda n=n: d.table() == ["x", str(n + 5)])
    watch.kill()
    watch.wait()


def test_killed_at_any_moment(daemons: Make) -> None:
    d = daemons()
    d.source("a.csv", "x\n1\n")
    d.configure({f"f{i}": f"source = a.csv\n{FAST}" for i in range(40)})
    for n in range(6):
        d.log.write_bytes(b"")
        d.start()
        time.sleep(0.03 * n)
        d.end(signal.SIGKILL)
    d.log.write_bytes(b"")
    d.start()
    assert "40 feeds, 40 published" in d.log_text()
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
    assert run.stderr.startswith(f"{ini}:3: warning: keep_on_exit: "), run
    assert len(run.stderr.splitlines()) == 1
    d.configure({"a": "source = a.csv\ncolour = red"}, "group = nobody of this name")
    run = d.run("--check")
    assert run.returncode == FAILED
    assert [line.split(": ")[0] for line in run.stderr.splitlines()] == [f"{ini}:3", f"{ini}:6"]


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
    run = wine.run("C:\\shmpub\\shmpubd.exe", *arguments)
    assert run.returncode == status and line in run.stderr, run


def test_version_and_help(wine: Wine) -> None:
    version = wine.run("C:\\shmpub\\shmpubd.exe", "--version")
    assert version.returncode == 0 and re.fullmatch(r"shmpubd \d+\.\d+\.\d+\n", version.stdout)
    text = wine.run("C:\\shmpub\\shmpubd.exe", "--help").stdout
    assert "C:\\ProgramData\\shmpub\\shmpubd.ini" in text and "Ctrl-C" in text


def test_a_file_that_notepad_saved_as_utf_16(daemons: Make) -> None:
    d = daemons()
    d.ini.write_bytes("[feed a]\r\nsource = a.csv\r\n".encode("utf-16"))
    run = d.run("--check")
    assert run.returncode == FAILED and "is this file UTF-16?" in run.stderr, run


def test_two_hundred_feeds(daemons: Make) -> None:
    d = daemons()
    for i in range(200):
        d.source(f"{i}.csv", f"x\n{i}\n")
    d.configure({f"f{i}": f"source = {i}.csv\ninterval = 100ms" for i in range(200)})
    d.start()
    assert "200 feeds, 200 published" in d.log_text()
    for i in range(0, 200, 40):
        d.source(f"{i}.csv", f"x\n{i + 1000}\n")
        until(lambda i=i: d.table(f"f{i}") == ["x", str(i + 1000)])
    assert d.end() == 0
