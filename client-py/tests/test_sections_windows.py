"""Instances on Windows: objects with names, owners and access lists."""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import handmade
import numpy as np
import pandas as pd
import pytest
from conftest import descriptors, read, snapshots_held
from handmade import Instance
from handmade_windows import ME, Section, attributes, event, stem_of

import shmpub
from shmpub._platform import _windows, _windows_accounts, _windows_api

ONE = read("a,s\n1,x\n2,y\n")
TWO = read("a,s\n3,z\n")
STRANGER = "S-1-5-21-1-2-3-1000"
READERS = "(A;;0x20005;;;WD)"


# --- names ----------------------------------------------------------------------------------------

NAMES = [
    ("auto", ["Global\\shmpub.i/", "Local\\shmpub.i/"]),
    ("Global", ["Global\\shmpub.i/"]),
    ("Local", ["Local\\shmpub.i/"]),
    ("Global\\", ["Global\\shmpub.i/"]),
    ("Global\\x", ["Global\\x/shmpub.i/"]),
    ("Local\\x\\y", ["Local\\x/y/shmpub.i/"]),
    ("C:\\data\\é", ["Local\\C:/data/é/shmpub.i/"]),
    ("Globally\\x", ["Local\\Globally/x/shmpub.i/"]),
    ("/dev/shm", ["Local\\/dev/shm/shmpub.i/"]),
]


@pytest.mark.parametrize(("directory", "want"), NAMES, ids=[n[0] for n in NAMES])
def test_directories(directory: str, want: list[str]) -> None:
    assert _windows._stems(directory, "i") == want
    feed = shmpub.subscribe("quotes", instance="i", directory=directory)
    assert all(stem[:-1] in repr(feed) for stem in want)


def test_names_are_limited() -> None:
    room = 250 - 20 - len("Local\\/shmpub.i/")
    for text in ("x" * room, "😀" * (room // 2)):
        shmpub.subscribe("quotes", instance="i", directory=text)
        for longer in (text + "x", text + "xx"):
            if len(longer.encode("utf-16-le")) // 2 > room:
                with pytest.raises(ValueError, match="too long by"):
                    shmpub.subscribe("quotes", instance="i", directory=longer)
    with pytest.raises(ValueError, match="NUL"):
        shmpub.subscribe("quotes", directory="a\0b")


def test_the_name_for_all_sessions_comes_first(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both(text: str) -> tuple[str, ...]:
        return tuple(f"Local\\{directory.name}.{i}/" for i in (0, 1))

    monkeypatch.setattr(_windows, "_prefixes", both)
    monkeypatch.setattr(
        "handmade_windows.stem_of", lambda path, instance: f"Local\\{path}/shmpub.{instance}/"
    )
    second = Instance(Path(f"{directory.name}.1"))
    second.publish("quotes", TWO, 1)
    feed = shmpub.subscribe("quotes")
    pd.testing.assert_frame_equal(feed.df, TWO)
    first = Instance(Path(f"{directory.name}.0"), epoch=78)
    first.publish("quotes", ONE, 1)
    pd.testing.assert_frame_equal(shmpub.subscribe("quotes").df, ONE)
    assert feed.wait(20)  # the name means another instance now
    pd.testing.assert_frame_equal(feed.df, ONE)
    first.set_state(3)
    first.storage.lose_all()
    pd.testing.assert_frame_equal(shmpub.subscribe("quotes").df, TWO)


def test_what_is_known_is_named(instance: Instance, directory: Path) -> None:
    other = Instance(directory, "other")
    other.publish("quotes", ONE, 1)
    _ = shmpub.subscribe("quotes", instance="other", directory=directory).df
    for call in (
        lambda: shmpub.subscribe("quotes", instance="otter", directory=directory).df,
        lambda: shmpub.feeds(instance="otter", directory=directory),
    ):
        with pytest.raises(shmpub.InstanceNotFound, match="other, shmpub") as caught:
            call()
        assert caught.value.instances == ("other", "shmpub")
    other.storage.lose_all()
    with pytest.raises(shmpub.InstanceNotFound, match="known here: shmpub"):
        _ = shmpub.subscribe("quotes", instance="otter", directory=directory).df
    with pytest.raises(shmpub.InstanceNotFound, match="known here: none"):
        _ = shmpub.subscribe("quotes", directory=directory / "nowhere").df


# --- objects that are not as they should be -------------------------------------------------------


def feed_of(directory: Path) -> shmpub.Feed:
    return shmpub.subscribe("quotes", directory=directory)


def test_another_kind_of_object(directory: Path) -> None:
    name = stem_of(directory, "shmpub") + "catalog"
    handle = event(name)
    with pytest.raises(shmpub.FormatError, match="another kind of object"):
        _ = feed_of(directory).df
    _windows_api.close_handle(handle)


ROOTS = [
    ("another's content", b"12345678", "magic"),
    ("another's length and text", b"\x64\0\0\0a,b\n", "magic"),
    ("another version", b"SHMPUBR\x01\x02\0\0\0" + bytes(4) + b"\x05", "version 2"),
]


@pytest.mark.parametrize(("content", "why"), [r[1:] for r in ROOTS], ids=[r[0] for r in ROOTS])
def test_another_program_s_section(directory: Path, content: bytes, why: str) -> None:
    section = Section(stem_of(directory, "shmpub") + "catalog", 4096)
    section.bytes[: len(content)] = np.frombuffer(content, np.uint8)
    with pytest.raises(shmpub.FormatError, match=why):
        _ = feed_of(directory).df
    section.close()


def test_a_publisher_that_is_just_beginning(directory: Path) -> None:
    """The root page exists, but nothing is written into it yet."""
    section = Section(stem_of(directory, "shmpub") + "catalog", 4096)
    with pytest.raises(shmpub.InstanceNotFound):
        _ = feed_of(directory).df
    assert not feed_of(directory).wait(0.05)
    section.close()


def test_a_number_that_leads_nowhere(instance: Instance, directory: Path) -> None:
    """The publisher ends after the root page was read, before the catalog is opened."""
    instance.storage.tell(5)
    with pytest.raises(shmpub.InstanceNotFound):
        _ = feed_of(directory).df


def test_sizes_that_are_not_there(instance: Instance, directory: Path) -> None:
    """A view larger than the section is refused, and memory that is only reserved is not read."""
    instance.publish("quotes", ONE, 1)
    size = instance.placed["quotes"][1]
    at = instance.slot("quotes") + 64 + 128
    for wrong in (size + 8192, 2**40, 2**63, 2**64 - 1):
        instance.put("<Q", at + 16, wrong)
        with pytest.raises(shmpub.FormatError):
            _ = feed_of(directory).df
    section = Section(f"{instance.storage.stem}7", 1 << 20, reserve=True)
    instance.put("<QQ", at + 8, 7, 1 << 20)
    with pytest.raises(shmpub.FormatError, match="can be read"):
        _ = feed_of(directory).df
    section.close()


def test_a_catalog_that_is_only_reserved(instance: Instance, directory: Path) -> None:
    section = Section(f"{instance.storage.stem}7", 1 << 20, reserve=True)
    instance.storage.tell(7)
    with pytest.raises(shmpub.FormatError, match="can be read"):
        _ = feed_of(directory).df
    section.close()


def test_a_snapshot_with_room_behind_it(instance: Instance, directory: Path) -> None:
    """Publishers reserve a section in full, and commit its memory as needed."""
    content = handmade.snapshot(ONE, 1)
    section = Section(f"{instance.storage.stem}8", 1 << 20, reserve=True)
    section.commit(len(content))
    section.bytes[: len(content)] = np.frombuffer(content, np.uint8)
    instance.placed["quotes"] = 8, len(content)
    instance.announce("quotes", 1)
    pd.testing.assert_frame_equal(feed_of(directory).df, ONE)
    section.close()


def test_replaced_between_two_looks(instance: Instance, directory: Path) -> None:
    """The first number that was read has no section any more: the newer one is found at once."""
    instance.publish("quotes", ONE, 1)
    feed = feed_of(directory)
    assert feed.sequence == 1
    attached = feed._attached
    assert attached is not None
    old = attached.descriptor()
    instance.publish("quotes", TWO, 2)
    told = iter([old, attached.descriptor()])
    segment = attached.catalog.instance.open_segment("quotes", lambda: next(told))
    assert segment.size == instance.placed["quotes"][1]
    with pytest.raises(FileNotFoundError):
        attached.catalog.instance.open_segment("quotes", lambda: old)


# --- owners and access ----------------------------------------------------------------------------


def test_untrusted_owner(instance: Instance, directory: Path) -> None:
    security = f"O:{STRANGER}D:P{READERS}"
    bad = [b"", b"\0" * 8 + b"\1" + b"\0" * 7 + b"\2" + b"\0" * 7, b"\xff\xfe"]
    for name in ("root", "catalog", "snapshot"):
        other = Instance(directory, name, security={name: security})
        other.publish("quotes", ONE, 1)
        for call in (lambda f: f.df, lambda f: f.wait(0) and f.df):
            with pytest.raises(shmpub.UntrustedOwner, match=f"owner='{STRANGER}'") as caught:
                call(shmpub.subscribe("quotes", instance=name, directory=directory))
            assert (caught.value.owner, caught.value.uid) == (STRANGER, -1)
        feed = shmpub.subscribe("quotes", instance=name, directory=directory, owner=STRANGER)
        pd.testing.assert_frame_equal(feed.df, ONE)
    # A snapshot of another user is checked in full; only the feed `other` has such snapshots.
    import pyarrow as pa

    column = handmade.Column("s", pa.large_utf8(), bad, 0, 2)
    other.place("quotes", handmade.snapshot([column], 2))
    other.announce("quotes", 2)
    with pytest.raises(shmpub.FormatError, match="UTF-8"):
        shmpub.subscribe(
            "quotes", instance="snapshot", directory=directory, owner=STRANGER
        ).snapshot()


TRUSTED = ["S-1-5-18", "S-1-5-32-544", "S-1-5-19", "S-1-5-20", "S-1-5-80-1-2-3-4-5", ME]
UNTRUSTED = ["S-1-5-80-1-2-3-4", "S-1-5-80", "S-1-1-0", "S-1-5-32-545", "S-1-5-7", "S-1-0-0"]


def test_accounts() -> None:
    for text in TRUSTED + UNTRUSTED:
        sid = _windows_accounts._sid_of_text(text)
        assert sid is not None
        assert _windows_accounts.text_of(sid) == text
        assert _windows_accounts.is_trusted(sid, None) == (text in TRUSTED)
        assert _windows_accounts.is_trusted(sid, text)
        assert _windows_accounts.name_of(sid)
    for text in ("S-1", "S-2-5-18", "S-1-5-4294967296", "S-1-5-" + "1-" * 15 + "1", "S-1-x", ""):
        assert _windows_accounts._sid_of_text(text) is None
    name = _windows_accounts.name_of(_windows_accounts.my_sid())
    assert _windows_accounts.sid_text_of_account(name) == ME
    assert _windows_accounts.sid_text_of_account("SYSTEM") == "S-1-5-18"
    assert _windows_accounts.sid_text_of_account("LocalService") == "S-1-5-19"


@pytest.mark.parametrize("name", ["root", "catalog", "snapshot"])
def test_what_is_closed(directory: Path, name: str) -> None:
    """Access as with file_mode = 0600: for the owner and the system alone."""
    closed = "O:SYD:P(A;;0xF001F;;;SY)"
    instance = Instance(directory, security={name: closed})
    instance.publish("quotes", ONE, 1)
    feed = feed_of(directory)
    for call in (lambda: feed.df, feed.snapshot, feed.wait):
        with pytest.raises(shmpub.AccessDenied, match="file_mode") as caught:
            call()
        assert isinstance(caught.value, PermissionError)
        assert caught.value.errno == errno.EACCES
        assert caught.value.filename.startswith(instance.storage.stem)
        pickle.loads(pickle.dumps(caught.value))
    if name != "snapshot":
        with pytest.raises(shmpub.AccessDenied):
            shmpub.feeds(directory=directory)


def test_reading_needs_no_more_than_readers_get(directory: Path) -> None:
    security = dict.fromkeys(("root", "catalog", "snapshot"), f"O:SYD:P{READERS}")
    instance = Instance(directory, security=security)
    instance.publish("quotes", ONE, 1)
    feed = feed_of(directory)
    pd.testing.assert_frame_equal(feed.df, ONE)
    assert not feed.wait(0.01)
    assert len(shmpub.feeds(directory=directory)) == 1


# --- waiting --------------------------------------------------------------------------------------


def later(call: Any, *arguments: Any) -> threading.Timer:
    timer = threading.Timer(0.1, call, arguments)
    timer.start()
    return timer


def test_a_bell_wakes(instance: Instance, directory: Path) -> None:
    """A thread other than the main one looks by itself once a second only."""
    instance.publish("quotes", ONE, 1)
    feed = feed_of(directory)
    attached = feed._observe()
    assert attached is not None
    naps: list[float] = []

    def sleep() -> None:
        for _ in range(8):
            seen, start = attached.wake_word(), time.monotonic()
            ready.set()
            place, index, _ = attached.point(seen)
            place.sleep(index, seen, 0.9)
            naps.append(time.monotonic() - start)

    ready = threading.Event()
    thread = threading.Thread(target=sleep)
    thread.start()
    for n in range(2, 10):
        assert ready.wait(20)
        ready.clear()
        time.sleep(0.05)
        instance.publish("quotes", ONE, n)
    thread.join()
    assert sorted(naps)[4] < 0.5


@pytest.mark.parametrize("bells", ["absent", "closed", "never reset", "of another kind"])
def test_without_bells(directory: Path, bells: str) -> None:
    instance = Instance(directory, bells=bells)
    instance.publish("quotes", ONE, 1)
    feed = feed_of(directory)
    _ = feed.df
    timer = later(instance.publish, "quotes", TWO, 2)
    start, spent = time.monotonic(), time.process_time()
    assert feed.wait(20)
    timer.join()
    assert time.monotonic() - start < 10
    pd.testing.assert_frame_equal(feed.df, TWO)
    spent = time.process_time()
    assert not feed.wait(1)
    assert time.process_time() - spent < 0.5  # waiting takes no processor time


# --- memory and handles ---------------------------------------------------------------------------


def test_no_handle_of_a_section_stays_open(instance: Instance, directory: Path) -> None:
    """No handle is kept, so the names go with the publisher, whatever readers have mapped."""
    instance.publish("quotes", ONE, 1)
    feed = feed_of(directory)
    held = feed.df
    stem = instance.storage.stem
    catalog = instance.storage.catalog.name
    snapshot = f"{stem}{instance.placed['quotes'][0]}"
    instance.storage.lose_all()
    for name in (stem + "catalog", catalog, snapshot):
        assert not _windows_api.open_file_mapping(_windows_api.FILE_MAP_READ, False, name)
        assert _windows_api.last_error() == _windows_api.ERROR_FILE_NOT_FOUND
    pd.testing.assert_frame_equal(held, ONE)
    pd.testing.assert_frame_equal(feed.df, ONE)


def test_handles_of_bells_go_with_the_catalog(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", ONE, 1)
    before = descriptors()
    for _ in range(5):
        feed = feed_of(directory)
        _ = feed.df
        assert not feed.wait(0.02)
    del feed
    assert len(descriptors()) <= len(before) + 1


def test_mapping_may_be_read_by_finalizers_in_a_dead_cycle(
    instance: Instance, directory: Path
) -> None:
    """The collector runs all finalizers of a dead cycle first: that must not unmap anything."""
    sums: list[int] = []

    class Late:
        def __init__(self, array: Any) -> None:
            self.array, self.me = array, self

        def __del__(self) -> None:
            sums.append(int(self.array.sum()))

    instance.publish("quotes", ONE, 1)
    gc.disable()
    try:
        for _ in range(20):
            Late(feed_of(directory).snapshot().column("a"))
    finally:
        gc.enable()
    gc.collect()
    assert sums == [3] * 20
    assert snapshots_held(directory) == 0


# --- processes ------------------------------------------------------------------------------------


def start_of(process: Any) -> int:
    times = (ctypes.c_uint64 * 4)()
    at = ctypes.addressof(times)
    assert _windows_api.process_times(process, at, at + 8, at + 16, at + 24)
    return times[0]


def test_its_process(instance: Instance, directory: Path, dead: int) -> None:
    instance.publish("quotes", ONE, 1)
    mine = start_of(_windows_api.current_process())
    for pid, start, want in (
        (os.getpid(), 0, "fresh"),
        (os.getpid(), mine, "fresh"),
        (os.getpid(), mine + 1, "gone"),  # the publisher's pid is this process's by now
        (dead, 0, "gone"),
        (0, 0, "gone"),
        (2**32, 0, "gone"),
        (2**64 - 1, 0, "gone"),
    ):
        instance.process(pid, start)
        assert feed_of(directory).state == want, (pid, start)


def test_a_process_that_has_ended_while_somebody_has_its_handle(
    instance: Instance, directory: Path
) -> None:
    instance.publish("quotes", ONE, 1)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    instance.process(child.pid, start_of(int(child._handle)))
    assert feed_of(directory).state == "fresh"
    child.communicate(b"\n")
    assert feed_of(directory).state == "gone"


def test_a_process_that_may_not_be_opened(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that may not be opened exists; nothing else can be known."""
    instance.publish("quotes", ONE, 1)
    instance.process(os.getpid(), 1)
    assert feed_of(directory).state == "gone"
    security = attributes("O:SYD:P(A;;0x1;;;SY)")
    set_security = ctypes.WinDLL("advapi32").SetKernelObjectSecurity
    set_security.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p]
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert set_security(int(child._handle), 4, security.descriptor)
    instance.process(child.pid, 1)
    assert feed_of(directory).state == "fresh"
    child.communicate(b"\n")
