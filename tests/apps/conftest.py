"""Fixtures of the tests in a real browser: a daemon, its source, the app under test, Chromium.

These tests need what scripts/requirements-apps.txt lists, and Chromium. `scripts/test build.release
apps` runs them all; without names scripts/test runs those marked "short", with SHMPUB_APPS=1 all of
them as well. With SHMPUB_SHOTS=DIR, the pictures for the docs are put there.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SHMPUB_BUILD", ROOT / "build" / "release"))
SOURCES = ROOT / "client-py" / "src"
PATIENCE = 60.0  # seconds; a bound against hanging, never a measurement
CHROMIUM = os.environ.get("SHMPUB_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


# What the start page of the docs shows, by the names in its comments.
BLOCKS = dict(
    re.findall(
        r"<!-- test: ([\w-]+) -->\n```\w+\n(.*?)```",
        (ROOT / "docs/start.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "short: one notebook and one dashboard, in each run")


def until(what: Callable[[], object], seconds: float = PATIENCE, pause: float = 0.05) -> Any:
    end = time.monotonic() + seconds
    while True:
        if found := what():
            return found
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(pause)


class Served:
    """A shmpubd with one feed, quotes, from a file that the test rewrites."""

    def __init__(self, folder: Path, shm: Path) -> None:
        self.folder, self.shm = folder, shm
        self.instance = f"apps-{secrets.token_hex(4)}"
        self.source = folder / "quotes.csv"
        self.n = 0
        self.write()
        ini = folder / "shmpubd.ini"
        ini.write_text(
            f"[daemon]\ninstance = {self.instance}\ndirectory = {shm}\n"
            f"[feed quotes]\nsource = {self.source}\nwatch = yes\ninterval = 1s\n"
            "parse_dates = time\n"
        )
        self.log = (folder / "shmpubd.log").open("wb")
        command = [BUILD / "daemon" / "shmpubd", "-c", ini]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        until(lambda: (shm / self.instance / "quotes.arrow").exists())

    @property
    def names(self) -> dict[str, str]:
        """The variables that lead a client to this instance."""
        return {"SHMPUB_INSTANCE": self.instance, "SHMPUB_DIRECTORY": str(self.shm)}

    def write(self, rows: int = 200, text: str | None = None) -> float:
        """Replace the source by a new version, and return its newest price, which no other has."""
        self.n += 1
        newest = 1000 + self.n + 0.25
        lines = ["time,symbol,bid,ask,size"]
        for row in range(rows):
            bid = newest if row == 0 else 180 + 5 * ((row * 7919 + self.n * 31) % 997) / 997
            symbol = ("AAPL", "MSFT", "NVDA", "ORCL")[row % 4]
            at = f"2024-03-01T09:{30 + row // 60 % 30:02}:{row % 60:02}"
            lines.append(f"{at},{symbol},{bid:.2f},{bid + 0.02:.2f},{100 + row}")
        new = self.source.with_name(".new")
        new.write_text(text if text is not None else "\n".join(lines) + "\n")
        new.replace(self.source)
        return newest

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        self.log.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    shm = Path(tempfile.mkdtemp(prefix="shmpub-apps-", dir="/dev/shm"))
    made = Served(tmp_path, shm)
    yield made
    made.stop()
    shutil.rmtree(shm, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no Chromium")
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield made
        made.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    made = browser.new_page(viewport={"width": 1000, "height": 700})
    made.set_default_timeout(PATIENCE * 1000)
    yield made
    made.close()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as got:
        return bool(got.status == 200)
    return False


class App:
    """A server process and its log."""

    def __init__(self, folder: Path, command: list[str], url: str, names: dict[str, str]) -> None:
        self.url = url
        self.path = folder / "app.log"
        ours = {"PYTHONPATH": str(SOURCES), "PYTHONDONTWRITEBYTECODE": "1", **names}
        with self.path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                stdout=log,
                stderr=log,
                env={**os.environ, **ours},
                start_new_session=True,
                cwd=folder,
            )

    def ready(self) -> App:
        def is_up() -> bool:
            assert self.process.poll() is None, self.text()
            return answers(self.url)

        until(is_up, 2 * PATIENCE)
        return self

    def text(self) -> str:
        return self.path.read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
                break


@pytest.fixture
def start(served: Served) -> Iterator[Callable[[list[str], str], App]]:
    """A function that starts `python ARGUMENTS...` and waits until its URL answers."""
    started: list[App] = []

    def go(command: list[str], url: str) -> App:
        started.append(App(served.folder, command, url, served.names))
        return started[-1].ready()

    yield go
    for app in started:
        app.stop()
        print(app.text())  # pytest shows this when the test failed


@pytest.fixture
def shoot(tmp_path: Path) -> Callable[[Any, str], Path]:
    """A function that takes a picture of a page or of an element."""

    def take(what: Any, name: str) -> Path:
        folder = Path(os.environ.get("SHMPUB_SHOTS", tmp_path))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        what.screenshot(path=str(path))
        return path

    return take


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A JupyterLab server."""
    pytest.importorskip("jupyterlab")
    from lab import Lab

    made = Lab(tmp_path_factory.mktemp("lab"))
    made.app.ready()
    yield made
    made.stop()
    print(made.app.text())


@pytest.fixture
def opened(lab: Any, served: Served, page: Any) -> Callable[..., Any]:
    """A function that opens a notebook with these cells, and runs it."""

    def go(*cells: str) -> Any:
        name = f"{served.instance}.ipynb"
        begin = (
            f"import os\nos.environ.update({served.names!r})\n"
            "import shmpub\nfeed = shmpub.subscribe('quotes')"
        )
        book = lab.open(page, lab.write(name, [begin, *cells]))
        book.run_all()
        return book

    return go
