"""The daemon as one user, readers as another, names squatted by a third."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import PATIENCE, needs_root, until

pytestmark = needs_root

DAEMON, READER, THIRD = 12345, 12346, 12347
FAST = "interval = 20ms"


@pytest.fixture
def served(daemon, shm):
    """A daemon of the user DAEMON; /dev/shm's own rules in its directory."""
    shm.chmod(0o1777)
    d = daemon()
    for folder in [d.folder, *list(d.folder.parents)[:-2]]:
        folder.chmod(folder.stat().st_mode | 0o055)
    os.chown(d.folder, DAEMON, DAEMON)
    d.user = DAEMON
    d.source("a.csv", "a\n1\n")
    return d


def as_user(uid, code, *arguments, groups=()):
    """Run Python as somebody else, with the client's source in a place that he may read."""
    script = "import sys\n" + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        user=uid,
        group=uid,
        extra_groups=list(groups),
        cwd="/",
        env={"PATH": os.environ["PATH"], "HOME": "/"},
    )


def test_another_user_reads(served):
    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start()
    path = served.shm / served.instance / "a.arrow"
    assert path.stat().st_uid == DAEMON
    read = """
        data = open(sys.argv[1], "rb").read()
        assert data.startswith(b"ARROW1") and data.endswith(b"ARROW1")
        for name in (sys.argv[1], sys.argv[2]):
            try:
                open(name, "r+b")
            except PermissionError:
                continue
            sys.exit("it could be opened for writing")
        """
    run = as_user(READER, read, path, path.parent / "catalog")
    assert run.returncode == 0, run.stderr


def test_reader_cannot_touch_names(served):
    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start()
    spoil = """
        import os
        place = sys.argv[1]
        for act in (
            lambda: os.unlink(place + "/a.arrow"),
            lambda: os.rename(place + "/a.arrow", place + "/b.arrow"),
            lambda: open(place + "/c.arrow", "w"),
            lambda: os.rename(place, place + "-away"),
            lambda: open(place + "/lock", "r"),
        ):
            try:
                act()
            except PermissionError:
                continue
            sys.exit("it was allowed")
        """
    run = as_user(READER, spoil, served.shm / served.instance)
    assert run.returncode == 0, run.stderr


def test_group_only(served):
    """file_mode 0640 and a group: its members read, others do not."""
    served.configure({"a": f"source = a.csv\n{FAST}"}, f"file_mode = 0640\ngroup = {DAEMON}")
    served.start()
    path = served.shm / served.instance / "a.arrow"
    assert path.stat().st_mode & 0o7777 == 0o640
    assert as_user(READER, "open(sys.argv[1])", path, groups=[DAEMON]).returncode == 0
    run = as_user(READER, "open(sys.argv[1])", path)
    assert "PermissionError" in run.stderr


def test_squatted_instance(served):
    """Somebody made the directory first: it is refused, with his uid, and left alone."""
    place = served.shm / served.instance
    place.mkdir()
    os.chown(place, THIRD, THIRD)
    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start(wait=False)
    assert served.wait() == 1
    assert str(THIRD) in served.log_text()
    assert list(place.iterdir()) == []


def test_squatted_article_name(served):
    """A segment's name that is another user's: an error that names him; the table is not published half."""
    name = f"shmpub-e2e-{os.getpid()}-squat"
    path = Path(f"/dev/shm/{name}")
    path.touch()
    os.chown(path, THIRD, THIRD)
    try:
        served.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}"})
        served.start()
        status = served.wait_state("a", "failing")
        assert str(THIRD) in status["error"] and name in status["error"]
        assert path.stat().st_size == 0
        path.unlink()
        until(lambda: path.exists() and path.stat().st_uid == DAEMON)
        served.wait_state("a", "fresh")
    finally:
        path.unlink(missing_ok=True)


def test_protected_regular(served):
    """fs.protected_regular = 2: nobody opens another's files with O_CREAT in a sticky directory."""
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
        read = "import mmap\nf = open(sys.argv[1], 'r+b')\nmmap.mmap(f.fileno(), 0)"
        run = as_user(READER, read, path)
        assert run.returncode == 0, run.stderr
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
    """The article's reader opens for writing, as a member of the group."""
    name = f"shmpub-e2e-{os.getpid()}-group"
    path = Path(f"/dev/shm/{name}")
    try:
        served.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}"})
        served.start()
        assert path.stat().st_mode & 0o7777 == 0o660
        assert as_user(READER, "open(sys.argv[1], 'r+b')", path, groups=[DAEMON]).returncode == 0
        assert as_user(READER, "open(sys.argv[1], 'r+b')", path).returncode != 0
    finally:
        served.stop()
        path.unlink(missing_ok=True)


def test_root_trusts_nobody_by_chance(served):
    """A reader tells whose instance it is when the owner is neither root, shmpub nor himself."""
    import shmpub

    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start()
    with pytest.raises(shmpub.UntrustedOwner, match=str(DAEMON)):
        _ = shmpub.subscribe("a", instance=served.instance, directory=str(served.shm)).df
    assert list(served.feed("a").df.a) == [1]
