"""Instances on POSIX systems: owners of files, and processes that fork."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import read
from handmade import Instance
from system_posix import as_nobody

import shmpub
from shmpub import _arrow_schema

ONE = read("a,s\n1,x\n2,y\n")
TWO = read("a,s\n3,z\n")


def test_links_are_not_followed(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    path = instance.path / "quotes.arrow"
    path.rename(directory / "elsewhere")
    path.symlink_to(directory / "elsewhere")
    with pytest.raises(OSError):
        _ = shmpub.subscribe("quotes", directory=directory).df


def test_a_linked_directory_is_no_instance(instance: Instance, directory: Path) -> None:
    """Else a user who may write into /dev/shm could lead readers to another instance."""
    instance.publish("quotes", ONE, 1)
    (directory / "other").symlink_to(instance.path)
    with pytest.raises(shmpub.InstanceNotFound):
        _ = shmpub.subscribe("quotes", instance="other", directory=directory).df


@pytest.mark.parametrize("name", ["quotes.arrow", "catalog"])
def test_a_fifo_is_not_waited_for(instance: Instance, directory: Path, name: str) -> None:
    instance.publish("quotes", ONE, 1)
    (instance.path / name).unlink()
    os.mkfifo(instance.path / name)
    call = (
        "import shmpub, sys\n"
        "try: shmpub.subscribe('quotes', directory=sys.argv[1]).df\n"
        "except shmpub.FormatError: print('refused')"
    )
    # In a child process, because a test that hangs in open() can't be ended from within.
    run = subprocess.run(
        [sys.executable, "-c", call, str(directory)], capture_output=True, text=True, timeout=30
    )
    assert run.stdout == "refused\n", run.stderr


def test_a_lease_is_not_waited_for(instance: Instance, directory: Path) -> None:
    """A file that the publisher fills again is not the newest snapshot: the name has another."""
    instance.publish("quotes", ONE, 1)
    path = instance.path / "quotes.arrow"
    kept = os.open(path, os.O_RDWR)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        fcntl.fcntl(kept, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        with pytest.raises(shmpub.NotPublished):
            _ = shmpub.subscribe("quotes", directory=directory).df
    finally:
        os.close(kept)
        signal.signal(signal.SIGIO, before)
    pd.testing.assert_frame_equal(shmpub.subscribe("quotes", directory=directory).df, ONE)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")


@needs_root
def test_untrusted_owner(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    for path in (instance.path, instance.path / "catalog", instance.path / "quotes.arrow"):
        os.chown(path, 54321, 54321)
        for call in (lambda f: f.df, lambda f: f.wait(0) and f.df):
            with pytest.raises(shmpub.UntrustedOwner, match="owner=54321") as caught:
                call(shmpub.subscribe("quotes", directory=directory))
            assert caught.value.uid == 54321
        feed = shmpub.subscribe("quotes", directory=directory, owner=54321)
        pd.testing.assert_frame_equal(feed.df, ONE)
        os.chown(path, 0, 0)
    pd.testing.assert_frame_equal(shmpub.subscribe("quotes", directory=directory).df, ONE)


@needs_root
def test_owner_by_name(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    import pwd

    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(instance.path / "quotes.arrow", nobody, -1)
    with pytest.raises(shmpub.UntrustedOwner):
        _ = shmpub.subscribe("quotes", directory=directory, owner="daemon").df
    for owner in ("nobody", nobody, str(nobody)):
        feed = shmpub.subscribe("quotes", directory=directory, owner=owner)
        pd.testing.assert_frame_equal(feed.df, ONE)


def test_feed_after_fork(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    held = feed.df
    with feed._lock:  # as if another thread were loading at the time of the fork
        child = os.fork()
        if child == 0:
            try:
                instance.publish("quotes", TWO, 2)
                good = feed.wait(5) and feed.df.equals(TWO) and held.equals(ONE)
                os._exit(0 if good else 1)
            except BaseException:
                os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert feed.wait(0)
    pd.testing.assert_frame_equal(feed.df, TWO)


def test_fork_while_a_thread_makes_frames(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.publish("quotes", ONE, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    is_inside, is_forked = threading.Event(), threading.Event()

    def index_waits(*arguments: Any, **named: Any) -> Any:
        if threading.current_thread() is thread:
            is_inside.set()
            is_forked.wait(30)
        return frozen_index(*arguments, **named)

    frozen_index = _arrow_schema.frozen_index
    monkeypatch.setattr(_arrow_schema, "frozen_index", index_waits)
    thread = threading.Thread(target=lambda: shmpub.subscribe("quotes", directory=directory).df)
    thread.start()
    assert is_inside.wait(30)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # ends the child if it waits for a thread that only the parent has
        os._exit(0 if feed.df.equals(ONE) else 1)
    is_forked.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_directory_listing_is_left_alone(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    before = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in instance.path.iterdir()}
    feed = shmpub.subscribe("quotes", directory=directory)
    frame = feed.df
    frame.loc[:, "a"] = 9
    feed.wait(0)
    feed.snapshot().numpy()
    after = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in instance.path.iterdir()}
    assert before == after


@needs_root
def test_reading_needs_no_write_access(instance: Instance, directory: Path) -> None:
    """A reader of another user, who may not write anything."""
    instance.publish("quotes", ONE, 1)
    os.chmod(directory, 0o755)

    def read_it() -> None:
        assert not os.access(instance.path / "catalog", os.W_OK)
        feed = shmpub.subscribe("quotes", directory=directory)
        assert feed.df.equals(ONE)
        assert not feed.wait(0.01)

    as_nobody(read_it)
    assert stat.S_IMODE((instance.path / "catalog").stat().st_mode) == 0o644
