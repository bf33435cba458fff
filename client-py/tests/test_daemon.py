"""The real daemon: a file is written, and readers of its feed get a new frame.

On Windows the tests run twice: with the daemon as a program of this session, which readers find in
Local\\, and as a service, which runs as another user and is found in Global\\.
"""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import IS_WINDOWS, read, snapshots_held
from serving import PATIENCE, PROGRAM, until
from test_frame import assert_same
from test_published import REFRESHES

import shmpub

OPTIONS = "dtype.c = category\nparse_dates = t\n"


class Daemon:
    """One daemon, its configuration, and a source for each feed."""

    kind = "console"

    def __init__(self, home: Path) -> None:
        self.home = home
        self.instance = f"client-{uuid.uuid4().hex[:10]}"
        self.process: subprocess.Popen[bytes] | None = None
        self.where: dict[str, Any] = {"instance": self.instance}
        if not IS_WINDOWS:
            self.where["directory"] = home
        (home / "shmpubd.ini").write_text(
            f"[daemon]\ninstance = {self.instance}\n"
            + (f"directory = {home}\n" if not IS_WINDOWS else "")
            + f"[feed quotes]\nsource = quotes.csv\ninterval = 100ms\n{OPTIONS}"
            "[feed late]\nsource = late.csv\ninterval = 100ms\n"
        )

    def write(self, text: str, feed: str = "quotes") -> None:
        """Replace the file in one step."""
        fresh = self.home / f".{feed}.new"
        fresh.write_bytes(text.encode())
        for _ in range(500):
            try:
                fresh.replace(self.home / f"{feed}.csv")
                return
            except PermissionError:  # on Windows, while another process has it open
                time.sleep(0.01)
        raise AssertionError(f"{feed}.csv is always open")

    def start(self) -> None:
        ini = self.home / "shmpubd.ini"
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "-c", ini], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def stop(self) -> None:
        assert self.process is not None
        if IS_WINDOWS:
            pytest.skip("Wine passes no Ctrl-C on to it; a service stops in order, too")
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)

    def end(self) -> None:
        if self.process is not None:
            self.kill()

    def log(self) -> str:
        """The daemon's log, to be shown when a test fails."""
        path = self.home / "log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def feed(self, name: str = "quotes", **options: Any) -> shmpub.Feed:
        return shmpub.subscribe(name, **self.where, **options)


class Service(Daemon):
    kind = "service"
    is_installed = False

    def word(self, word: str, *options: object) -> None:
        run = subprocess.run(
            [PROGRAM, "service", word, "--name", self.instance, *map(str, options)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
        )
        assert run.returncode == 0, run

    def start(self) -> None:
        if not self.is_installed:
            self.word("install", "--config", self.home / "shmpubd.ini", "--anyway")
            self.is_installed = True
        self.word("start")

    def stop(self) -> None:
        self.word("stop")

    def kill(self) -> None:
        attached = self.feed()._observe()
        assert attached is not None
        os.kill(attached.catalog.publisher.pid, signal.SIGTERM)  # on Windows this kills the process

    def end(self) -> None:
        if self.is_installed:
            self.word("uninstall")


KINDS = [Daemon, Service] if IS_WINDOWS else [Daemon]


@pytest.fixture(params=KINDS, ids=[kind.kind for kind in KINDS])
def daemon(request: pytest.FixtureRequest, directory: Path) -> Iterator[Daemon]:
    daemon = request.param(directory)
    daemon.write("i,s,c,t,f,b\n1,x,p,2020-01-01,1.5,True\n")
    daemon.start()
    yield daemon
    daemon.end()
    print(daemon.log())


def wait_for(feed: shmpub.Feed, want: pd.DataFrame) -> None:
    deadline = time.monotonic() + PATIENCE
    while not feed.df.equals(want):
        assert time.monotonic() < deadline, (feed.df, feed.state, feed.last_error)
        feed.wait(1)


def text_of(lines: list[str]) -> str:
    return "i,s,c,t,f,b\n" + "".join(line + "\n" for line in lines)


def test_where_it_comes_from(daemon: Daemon) -> None:
    feed = daemon.feed()
    assert feed.wait(PATIENCE)
    assert feed.source.endswith("quotes.csv")
    assert feed.source == feed.snapshot().source
    assert feed.interval == timedelta(milliseconds=100)


def test_every_kind_of_refresh(daemon: Daemon) -> None:
    feed, checked = daemon.feed(), daemon.feed(verify="full")
    assert feed.wait(PATIENCE)
    held = []
    for label, lines in REFRESHES:
        if label == "the same":
            continue  # nothing is published for it
        text = text_of(lines)
        want = read(text, dtype={"c": "category"}, parse_dates=["t"])
        daemon.write(text)
        wait_for(feed, want)
        assert_same(feed.df, want)
        assert_same(checked.snapshot().df, want)
        held.append((feed.df, want))
    for frame, want in held:
        assert_same(frame, want)
    del frame, want, held, feed, checked
    assert snapshots_held(daemon.home) == 0


def test_following(daemon: Daemon) -> None:
    """A loop, asyncio and a callback at once: none sees an older table, or misses the last one."""
    feed = daemon.feed()
    told: queue.Queue[int] = queue.Queue()
    assert next(feed.updates(PATIENCE)).df["i"].tolist() == [1]

    async def follow(last: int) -> list[int]:
        seen = []
        async for snapshot in feed.updates(PATIENCE):
            seen.append(int(snapshot.df["i"].iloc[0]))
            if seen[-1] == last:
                break
            daemon.write(text_of([f"{seen[-1] + 1},x,p,2020-01-01,1.5,True"]))
        return seen

    with feed.on_update(lambda snapshot: told.put(int(snapshot.df["i"].iloc[0]))):
        seen = asyncio.run(follow(6))
        heard = [told.get(timeout=PATIENCE)]
        while heard[-1] != 6:
            heard.append(told.get(timeout=PATIENCE))
    assert seen == sorted(seen)
    assert heard == sorted(heard)
    assert feed.sequence == feed.snapshot().sequence >= 6


def test_states(daemon: Daemon) -> None:
    feed, late = daemon.feed(), daemon.feed("late")
    assert feed.wait(PATIENCE)
    until(lambda: late.state == "failing")
    assert "late.csv" in late.last_error
    with pytest.raises(shmpub.NotPublished, match="late"):
        _ = late.df
    daemon.write("a\n1\n", "late")
    assert late.wait(PATIENCE)
    until(lambda: late.state == "fresh")
    daemon.write("i,s\n1,2,3\n")
    until(lambda: feed.state == "failing")
    assert feed.df["i"].tolist() == [1]  # the last good one
    rows = shmpub.feeds(**daemon.where)
    assert rows["state"].to_dict() == {"late": "fresh", "quotes": "failing"}
    assert "quotes.csv" in rows.loc["quotes", "last_error"]
    assert rows.loc["late", ["rows", "columns"]].tolist() == [1, 1]
    with pytest.raises(shmpub.FeedNotFound, match="nearest is 'quotes'"):
        daemon.feed("quote").wait(PATIENCE)


def test_killed(daemon: Daemon) -> None:
    feed = daemon.feed()
    assert feed.wait(PATIENCE)
    held, before = feed.df, feed.snapshot()
    daemon.kill()
    until(lambda: feed.state == "gone")
    assert "no process" in feed.last_error
    assert feed.df.equals(held)
    assert not feed.wait(0.1)
    daemon.write(text_of(["7,x,p,2020-01-01,1.5,True"]))
    daemon.start()
    until(lambda: feed.wait(1) and feed.df["i"].tolist() == [7])
    assert feed.state == "fresh"
    assert held["i"].tolist() == before.column("i").tolist() == [1]


def test_stopped_in_order(daemon: Daemon) -> None:
    feed = daemon.feed()
    assert feed.wait(PATIENCE)
    held = feed.df
    daemon.stop()
    until(lambda: feed.state == "gone")
    assert feed.df.equals(held)
    with pytest.raises(shmpub.InstanceNotFound):
        _ = daemon.feed().df
    daemon.write(text_of(["7,x,p,2020-01-01,1.5,True"]))
    daemon.start()
    until(lambda: feed.wait(1) and feed.df["i"].tolist() == [7])
