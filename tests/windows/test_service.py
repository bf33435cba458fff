"""shmpubd as a Windows service: the words of "shmpubd service", and the manager's own tools.

What Wine cannot show (a user who is no administrator, the event log's contents, restarts by the
manager, shutdown) is in tests/windows-checklist.ps1.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wine import BUILD, Wine, until

RUNS, STANDS, NOT_INSTALLED = 0, 3, 4  # what "status" ends with
FAILED, MISUSED = 1, 2

Run = subprocess.CompletedProcess


class Service:
    """One service, its configuration and its sources, in a folder of its own."""

    def __init__(self, wine: Wine, program: Path, folder: Path, name: str) -> None:
        self.wine, self.program, self.folder, self.name = wine, program, folder, name
        self.ini = folder / "shmpubd.ini"
        self.instance = f"service-{uuid.uuid4().hex[:12]}"
        self.is_installed = False  # perhaps
        folder.mkdir(parents=True)

    def configure(self, feeds: dict[str, str]) -> None:
        text = f"[daemon]\ninstance = {self.instance}\n"
        text += "".join(f"[feed {name}]\n{lines}\n" for name, lines in feeds.items())
        self.ini.write_bytes(text.replace("\n", "\r\n").encode())  # as Notepad does

    def source(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def word(self, word: str, *options: str) -> Run[str]:
        self.is_installed |= word == "install"
        return self.wine.run(self.program, "service", word, "--name", self.name, *options)

    def well(self, word: str, *options: str) -> Run[str]:
        run = self.word(word, *options)
        assert run.returncode == 0, run
        return run

    def install(self, *options: str) -> None:
        self.well("install", "--config", self.wine.windows_path(self.ini), *options)

    def status(self) -> int:
        return self.word("status").returncode

    def cli(self, command: str, *arguments: str) -> Run[str]:
        """Another process, of a plain session: it looks into Global\\ by itself."""
        reader = self.program.with_name("shmpub.exe")
        return self.wine.run(reader, "-i", self.instance, command, *arguments)

    def table(self, feed: str) -> str:
        run = self.cli("cat", feed)
        assert run.returncode == 0, run
        return run.stdout


@pytest.fixture(scope="module")
def program(wine: Wine) -> Path:
    """The programs where the installer puts them."""
    place = wine.drive / "Program Files" / "shmpub"
    place.mkdir(parents=True, exist_ok=True)
    for built in ("daemon/shmpubd.exe", "cli/shmpub.exe"):
        shutil.copy(BUILD / built, place)
    return place / "shmpubd.exe"


Make = Callable[..., Service]


@pytest.fixture
def services(wine: Wine, program: Path) -> Iterator[Make]:
    """Makes services, and removes them when the test is over."""
    made: list[Service] = []

    def make(name: str = "") -> Service:
        unique = uuid.uuid4().hex[:8]
        service = Service(wine, program, wine.drive / "feeds" / unique, name or f"t-{unique}")
        service.source("a.csv", "a,b\n1,2\n3,4\n")
        service.configure({"a": "source = a.csv"})
        made.append(service)
        return service

    yield make
    for service in made:
        if service.is_installed:
            service.word("uninstall")


# --- its life -------------------------------------------------------------------------------------


def test_life(services: Make) -> None:
    s = services()
    assert s.status() == NOT_INSTALLED
    s.install("--auto-restart")
    told = s.word("status")
    assert told.returncode == STANDS and f"{s.name}: stopped" in told.stdout
    assert s.wine.windows_path(s.ini) in told.stdout and "automatic" in told.stdout
    s.well("start")
    told = s.word("status")
    assert told.returncode == RUNS
    assert re.search(rf"^{s.name}: running, pid \d+$", told.stdout, re.MULTILINE), told
    assert s.table("a").split() == ["a,b", "1,2", "3,4"]  # the source is relative to the ini
    s.well("stop")
    assert s.status() == STANDS
    assert s.cli("cat", "a").returncode != 0
    s.well("uninstall")
    assert s.status() == NOT_INSTALLED


def test_the_managers_own_tools(services: Make) -> None:
    s = services()
    s.install()
    assert "STOPPED" in s.wine.run("sc", "query", s.name).stdout
    assert s.wine.run("net", "start", s.name).returncode == 0
    until(lambda: s.status() == RUNS)
    assert "RUNNING" in s.wine.run("sc", "query", s.name).stdout
    assert s.table("a")
    assert s.wine.run("net", "stop", s.name).returncode == 0
    until(lambda: s.status() == STANDS)


def test_starts_with_windows(services: Make) -> None:
    s = services()
    s.install()
    s.wine.end()
    s.wine.start()
    until(lambda: s.status() == RUNS)
    assert s.table("a")


def test_python_reads_it(services: Make) -> None:
    s = services()
    s.install()
    s.well("start")
    read = "import shmpub, sys; print(shmpub.subscribe('a', instance=sys.argv[1]).df.sum().sum())"
    assert s.wine.python(read, s.instance).strip() == "10"


def test_the_articles_reader(services: Make) -> None:
    """As printed, but for the name. Wine's services are in the user's session, so it is whole."""
    s = services()
    name = f"article_{uuid.uuid4().hex[:8]}"
    s.configure({"a": f"source = a.csv\ncsv_segment = Global\\{name}"})
    s.install()
    s.well("start")
    read = (
        "import mmap, sys, pandas as pd\n"
        "from struct import unpack; from io import StringIO\n"
        "shm = mmap.mmap(-1, 100 * 1024, 'Global\\\\' + sys.argv[1], access=mmap.ACCESS_READ)\n"
        "length = unpack('i', shm.read(4))[0]\n"
        "print(pd.read_csv(StringIO(shm.read(length).decode()), index_col=0).to_dict())"
    )
    assert s.wine.python(read, name).strip() == "{'b': {1: 2, 3: 4}}"


CONTROL = """
import ctypes, sys
from ctypes import wintypes
api = ctypes.WinDLL("advapi32", use_last_error=True)
api.OpenSCManagerW.restype = api.OpenServiceW.restype = wintypes.HANDLE
api.OpenServiceW.argtypes = [wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD]
api.ControlService.argtypes = [wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p]
service = api.OpenServiceW(api.OpenSCManagerW(None, None, 1), sys.argv[1], 0xF01FF)
status = (wintypes.DWORD * 7)()
print(api.ControlService(service, int(sys.argv[2]), status), *status)
"""


def test_controls_that_it_takes(services: Make) -> None:
    s = services()
    s.install()
    s.well("start")
    stop, shutdown, paramchange, preshutdown = 0x1, 0x4, 0x8, 0x100
    accepted = stop | shutdown | paramchange | preshutdown
    running, interrogate = 4, "4"
    told = s.wine.python(CONTROL, s.name, interrogate).split()
    assert told == ["1", "16", str(running), str(accepted), "0", "0", "0", "0"]


def test_uninstall_stops(services: Make) -> None:
    s = services()
    s.install()
    s.well("start")
    s.well("uninstall")
    assert s.status() == NOT_INSTALLED
    assert s.cli("cat", "a").returncode != 0


def test_running_when_every_feed_was_tried(services: Make) -> None:
    s = services()
    s.source("large.csv", "a,b\n" + "1.25,some text\n" * 2_000_000)
    s.configure({"a": "source = none.csv", "large": "source = large.csv"})
    s.install()
    assert s.wine.run("sc", "start", s.name).returncode == 0
    until(lambda: s.status() == RUNS, pause=0)
    listed = s.cli("ls").stdout
    assert re.search(r"^a\b.*failing", listed, re.MULTILINE), listed
    assert "2000000" in re.sub(r"[, ]", "", listed), listed


def test_killed(services: Make) -> None:
    s = services()
    s.install()
    s.well("start")
    pid = re.search(r"pid (\d+)", s.word("status").stdout)
    assert pid
    s.wine.run("taskkill", "/f", "/pid", pid[1])
    until(lambda: s.cli("cat", "a").returncode != 0)  # Wine's manager sees it at the next start
    s.well("start")
    assert s.table("a")


def test_restart_while_a_reader_holds(services: Make) -> None:
    s = services()
    s.install()
    s.well("start")
    watch = s.wine.popen(s.program.with_name("shmpub.exe"), "-i", s.instance, "watch", "a")
    try:
        assert watch.stdout is not None
        assert watch.stdout.readline()
        s.well("stop")
        s.source("a.csv", "a,b\n5,6\n")
        s.well("start")
        assert "5,6" in s.table("a")
    finally:
        watch.kill()
        watch.wait()


# --- reload ---------------------------------------------------------------------------------------


def test_reload(services: Make) -> None:
    s = services()
    s.install()
    s.well("start")
    s.source("b.csv", "x\n7\n")
    s.configure({"a": "source = a.csv", "b": "source = b.csv"})
    s.well("reload")
    until(lambda: s.cli("cat", "b").stdout.split() == ["x", "7"])
    assert s.table("a")


def test_reload_of_a_bad_configuration(services: Make) -> None:
    s = services()
    s.install()
    s.well("start")
    s.configure({"a": "source = a.csv\ninterval = often"})
    run = s.word("reload")
    assert run.returncode == FAILED and "shmpubd.ini:5: " in run.stderr
    assert s.status() == RUNS and s.table("a")


# --- what fails -----------------------------------------------------------------------------------


def test_start_with_a_configuration_that_became_bad(services: Make) -> None:
    s = services()
    s.install()
    s.configure({"a": "interval = often"})
    run = s.word("start")
    assert run.returncode == FAILED and "shmpubd.ini:" in run.stderr
    s.wine.run("sc", "start", s.name)  # which does not look at the configuration before
    told = until(lambda: found if "code 1 " in (found := s.word("status")).stdout else None)
    assert isinstance(told, subprocess.CompletedProcess)
    assert told.returncode == STANDS and "its configuration is bad" in told.stdout


def test_two_services_with_one_instance(services: Make) -> None:
    first, second = services(), services()
    second.instance = first.instance
    second.configure({"a": "source = a.csv"})
    for s in (first, second):
        s.install()
    first.well("start")
    run = second.word("start")
    assert run.returncode == FAILED and "code 2" in run.stderr and "event log" in run.stderr
    assert first.status() == RUNS and first.table("a")


@pytest.mark.parametrize(
    ("word", "options", "status", "line"),
    [
        ("start", [], FAILED, "it is not installed"),
        ("stop", [], FAILED, "it is not installed"),
        ("reload", [], FAILED, "it is not installed"),
        ("uninstall", [], FAILED, "it is not installed"),
        ("status", [], NOT_INSTALLED, "it is not installed"),
        ("install", ["--config", "feeds\\shmpubd.ini"], MISUSED, "is relative"),
        ("install", ["--config", "\\feeds\\shmpubd.ini"], MISUSED, "is relative"),
        ("install", ["--config", "C:shmpubd.ini"], MISUSED, "is relative"),
        ("install", ["--config", "C:\\no\\shmpubd.ini"], FAILED, "C:\\no"),
        ("install", ["--config", "\\\\server\\share\\x.ini"], FAILED, "on the network"),
        ("install", ["--config"], MISUSED, "--config wants a value"),
        ("install", ["--colour"], MISUSED, "what is '--colour'?"),
        ("start", ["--config", "C:\\x.ini"], MISUSED, "what is '--config'?"),
        ("stop", ["--auto-restart"], MISUSED, "what is '--auto-restart'?"),
        ("run", ["--config", "C:\\x.ini"], MISUSED, "for the service manager alone"),
        ("begin", [], MISUSED, "there is no 'shmpubd service begin'"),
        ("start", ["--name", "a/b"], MISUSED, "has no slash"),
        ("start", ["--name", "a\\b"], MISUSED, "has no slash"),
        ("start", ["--name", ""], MISUSED, "--name is empty"),
        ("start", ["--name", "ü" * 257], MISUSED, "longer than 256 characters"),
        ("start", ["--name", "Spooler"], FAILED, "not a service of shmpubd's"),
        ("uninstall", ["--name", "Spooler"], FAILED, "not a service of shmpubd's"),
    ],
)
def test_refused(services: Make, word: str, options: list[str], status: int, line: str) -> None:
    run = services().word(word, *options)
    assert run.returncode == status and line in run.stderr, run


def test_usage(services: Make) -> None:
    s = services()
    run = s.wine.run(s.program, "service")
    assert run.returncode == MISUSED and "usage: shmpubd service" in run.stderr
    run = s.wine.run(s.program, "service", "--help")
    assert run.returncode == 0 and "usage: shmpubd service" in run.stdout


def test_wrong_states(services: Make) -> None:
    s = services()
    s.install()
    for word, line in (("stop", "it does not run"), ("reload", "it does not run")):
        run = s.word(word)
        assert run.returncode == FAILED and line in run.stderr, run
    run = s.word("install", "--config", s.wine.windows_path(s.ini))
    assert run.returncode == FAILED and "it is installed already" in run.stderr
    s.well("start")
    run = s.word("start")
    assert run.returncode == FAILED and "it runs already" in run.stderr
    assert s.status() == RUNS


def test_install_judges_the_configuration(services: Make) -> None:
    s = services()
    s.configure({"a": "source = a.csv\ncolour = red"})
    run = s.word("install", "--config", s.wine.windows_path(s.ini))
    assert run.returncode == FAILED and "shmpubd.ini:5: " in run.stderr
    assert s.status() == NOT_INSTALLED


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("users/joe/shmpub", "below a user's profile"),
        ("venv/Scripts", "in a Python environment"),
    ],
)
def test_programs_that_no_service_should_run(services: Make, place: str, line: str) -> None:
    s = services()
    program = s.wine.drive / place / "shmpubd.exe"
    program.parent.mkdir(parents=True)
    (s.wine.drive / "venv").mkdir(exist_ok=True)
    (s.wine.drive / "venv" / "pyvenv.cfg").touch()
    shutil.copy(s.program, program)
    s.program = program
    run = s.word("install", "--config", s.wine.windows_path(s.ini))
    assert run.returncode == FAILED and line in run.stderr and "--anyway" in run.stderr
    s.install("--anyway")
    assert s.status() == STANDS
    s.well("uninstall")
    with contextlib.suppress(OSError):
        program.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("whose", ["file", "folder"])
def test_configurations_of_other_users(services: Make, whose: str) -> None:
    s = services()
    os.chown(s.ini if whose == "file" else s.folder, 12345, -1)
    run = s.word("install", "--config", s.wine.windows_path(s.ini))
    assert run.returncode == FAILED and "says what the service publishes" in run.stderr
    assert "--anyway" in run.stderr
    assert s.status() == NOT_INSTALLED
    s.install("--anyway")
    s.well("uninstall")


def test_odd_names(services: Make) -> None:
    s = services("a b ü's (1)")
    folder = s.wine.drive / "feeds" / f"Übersicht {uuid.uuid4().hex[:4]}"
    s.folder.rename(folder)
    s.folder, s.ini = folder, folder / "my feeds.ini"
    s.configure({"a": "source = a.csv"})
    s.install()
    s.well("start")
    assert s.table("a")
    assert s.wine.windows_path(s.ini) in s.word("status").stdout
    s.well("stop")


# --- the event log --------------------------------------------------------------------------------


def test_events(services: Make) -> None:
    s = services()
    s.install()
    s.well("start")
    s.configure({"a": "source = a.csv", "b": "source = none%1.csv"})
    s.well("reload")
    ini = s.wine.windows_path(s.ini).replace("\\", "\\\\")  # as a trace has it

    def told() -> list[tuple[str, str]]:
        found = s.wine.events()
        first = max(i for i, (_, text) in enumerate(found) if text.endswith(f"starts with {ini}"))
        return found[first + 1 :]

    until(lambda: any(level == "warn" for level, _ in told()))
    s.well("stop")
    events = told()
    assert ("trace", f"instance {s.instance}: 1 feed, 1 published") in events
    assert ("trace", f"{ini}: reloaded") in events
    # The viewer would put another text where %1 stands.
    assert any("none% 1.csv" in text for level, text in events if level == "warn"), events
    assert events[-1] == ("trace", "stopped")


def test_events_of_a_bad_configuration(services: Make) -> None:
    s = services()
    s.install()
    s.configure({"a": "source = a.csv\ncolour = red"})
    s.wine.run("sc", "start", s.name)
    ini = s.wine.windows_path(s.ini).replace("\\", "\\\\")
    until(lambda: ("err", f"{ini}:5: unknown key 'colour' in [feed]") in s.wine.events())
    until(lambda: ("err", f"{ini}: not started: the configuration is bad") in s.wine.events())


def test_the_source_of_the_event_log(services: Make) -> None:
    s = services()
    key = f"HKLM\\SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\{s.name}"
    s.install()
    told = s.wine.run("reg", "query", key).stdout
    assert "shmpubd.exe" in told and "TypesSupported" in told
    s.well("uninstall")
    assert s.wine.run("reg", "query", key).returncode != 0
