"""The daemon as one user, readers as another, names squatted by a third."""

import mmap
import os
from pathlib import Path

import pytest
from conftest import needs_root, until

pytestmark = needs_root

DAEMON, READER, THIRD = 12345, 12346, 12347
FAST = "interval = 20ms"


@pytest.fixture
def served(daemon, shm):
    """A daemon of the user DAEMON; /dev/shm's own rules in its directory."""
    shm.chmod(0o1777)
    d = daemon()
    os.chown(d.folder, DAEMON, DAEMON)
    d.user = DAEMON
    d.source("a.csv", "a\n1\n")
    return d


def as_user(uid, what, groups=()):
    """Run `what` in a process of another user; return what it raised, as text, or nothing."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(list(groups))
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            what()
        except BaseException as error:
            os.write(tell, repr(error).encode())
        os._exit(0)
    os.close(tell)
    with os.fdopen(told) as f:
        text = f.read()
    os.waitpid(child, 0)
    return text


def allowed(acts):
    """Which of them did not end in PermissionError."""
    done = []
    for name, act in acts.items():
        try:
            act()
            done.append(name)
        except PermissionError:
            continue
    return done


def open_for_writing(path):
    with open(path, "r+b") as f:
        mmap.mmap(f.fileno(), 0)


def test_another_user_reads(served):
    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start()
    path = served.shm / served.instance / "a.arrow"
    assert path.stat().st_uid == DAEMON

    def read():
        data = path.read_bytes()
        assert data.startswith(b"ARROW1") and data.endswith(b"ARROW1")
        acts = {name: lambda n=name: open_for_writing(path.parent / n) for name in served.files()}
        assert allowed(acts) == []

    assert as_user(READER, read) == ""


def test_reader_cannot_touch_names(served):
    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start()
    place = served.shm / served.instance
    acts = {
        "unlink": lambda: (place / "a.arrow").unlink(),
        "rename": lambda: (place / "a.arrow").rename(place / "b.arrow"),
        "create": lambda: (place / "c.arrow").touch(),
        "move the directory": lambda: place.rename(f"{place}-away"),
        "open the lock": lambda: (place / "lock").read_bytes(),
    }

    def spoil():
        assert allowed(acts) == []

    assert as_user(READER, spoil) == ""


def test_group_only(served):
    """file_mode 0640 and a group: its members read, others do not."""
    served.configure({"a": f"source = a.csv\n{FAST}"}, f"file_mode = 0640\ngroup = {DAEMON}")
    served.start()
    path = served.shm / served.instance / "a.arrow"
    assert path.stat().st_mode & 0o7777 == 0o640
    assert as_user(READER, path.read_bytes, groups=[DAEMON]) == ""
    assert "PermissionError" in as_user(READER, path.read_bytes)


def test_squatted_instance(served):
    """Another user made the directory first: it is refused with that uid, and left alone."""
    place = served.shm / served.instance
    place.mkdir()
    os.chown(place, THIRD, THIRD)
    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start(wait=False)
    assert served.wait() == 1
    assert str(THIRD) in served.log_text()
    assert list(place.iterdir()) == []


def test_squatted_article_name(served):
    """A segment's name that is another user's: a warning that names him; the feed is published."""
    name = f"shmpub-e2e-{os.getpid()}-squat"
    path = Path(f"/dev/shm/{name}")
    path.touch()
    os.chown(path, THIRD, THIRD)
    try:
        served.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}"})
        served.start()
        status = served.wait_state("a", "fresh")
        assert str(THIRD) in status["error"] and name in status["error"]
        assert list(served.feed("a").df.a) == [1]
        assert path.stat().st_size == 0
        path.unlink()
        until(lambda: path.exists() and path.stat().st_uid == DAEMON)
        until(lambda: served.status("a")["error"] == "")
    finally:
        path.unlink(missing_ok=True)


def test_protected_regular(served):
    """fs.protected_regular = 2: nobody opens others' files with O_CREAT in a sticky directory."""
    setting = Path("/proc/sys/fs/protected_regular")
    try:
        before = setting.read_text()
        setting.write_text("2")
    except OSError:
        pytest.skip("fs.protected_regular cannot be set here")
    name = f"shmpub-e2e-{os.getpid()}-regular"
    path = Path(f"/dev/shm/{name}")
    try:
        served.configure(
            {"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}\nsegment_mode = 0666"}
        )
        served.start()
        assert list(served.feed("a").df.a) == [1]
        assert as_user(READER, lambda: open_for_writing(path)) == ""
        served.kill()
        served.source("a.csv", "a\n2\n")
        served.start()
        until(lambda: path.read_bytes()[4:] == b"a\n2\n")
        assert served.stop() == 0
        assert not path.exists()
    finally:
        setting.write_text(before)
        path.unlink(missing_ok=True)


def test_segment_readers_by_group(served):
    """A reader of the plain layouts opens for writing, as a member of the group."""
    name = f"shmpub-e2e-{os.getpid()}-group"
    path = Path(f"/dev/shm/{name}")
    try:
        served.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}"})
        served.start()
        assert path.stat().st_mode & 0o7777 == 0o660
        assert as_user(READER, lambda: open_for_writing(path), groups=[DAEMON]) == ""
        assert "PermissionError" in as_user(READER, lambda: open_for_writing(path))
    finally:
        served.stop()
        path.unlink(missing_ok=True)


def test_root_trusts_nobody_by_chance(served):
    """A reader names the owner of an instance that is neither root's, shmpub's nor the reader's."""
    import shmpub

    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start()
    with pytest.raises(shmpub.UntrustedOwner, match=str(DAEMON)):
        _ = shmpub.subscribe("a", instance=served.instance, directory=str(served.shm)).df
    assert list(served.feed("a").df.a) == [1]
