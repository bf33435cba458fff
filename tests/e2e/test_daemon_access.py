"""Who may read what: a table is for those who may read its source, and no line tells more."""

import os
import struct
import subprocess
import time
from pathlib import Path

import pytest
import shmpub
from conftest import SHMPUB, needs_root, run_shmpubd, until

pytestmark = needs_root

DAEMON, GROUP, STRANGER = 12345, 12350, 65534
FAST = "interval = 20ms"
SECRET = "hunter2"


@pytest.fixture
def served(daemon, shm):
    """A daemon of the user DAEMON, who is a member of GROUP."""
    shm.chmod(0o1777)
    d = daemon()
    os.chown(d.folder, DAEMON, DAEMON)
    d.wrapper = ["setpriv", f"--reuid={DAEMON}", f"--regid={DAEMON}", f"--groups={GROUP}"]
    return d


def owned(d, name, text, mode=0o600, gid=DAEMON, uid=DAEMON):
    """Put a source in place with an owner and a mode, all at once."""
    new = d.folder / f".{name}.new"
    new.write_text(text)
    os.chown(new, uid, gid)
    new.chmod(mode)
    new.rename(d.folder / name)
    return d.folder / name


def table(d, name="a"):
    return d.shm / d.instance / f"{name}.arrow"


def access(path):
    st = path.stat()
    return oct(st.st_mode & 0o7777), st.st_gid


def as_stranger(d, *arguments):
    command = [SHMPUB, "-d", d.shm, "-i", d.instance, "--owner", str(DAEMON), *arguments]
    run = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        user=STRANGER,
        group=STRANGER,
        extra_groups=[],
    )
    return run.stdout + run.stderr


def feed(d, name="a"):
    return shmpub.subscribe(name, instance=d.instance, directory=str(d.shm), owner=DAEMON)


def column(d, name="a"):
    try:
        return list(feed(d, name).df.a)
    except shmpub.NotPublished:
        return None


# --- file_mode = auto


@pytest.mark.parametrize(
    ("mode", "gid", "want"),
    [
        (0o644, 0, ("0o644", DAEMON)),
        (0o600, DAEMON, ("0o600", DAEMON)),
        (0o640, GROUP, ("0o640", GROUP)),  # a group that the daemon may give
        (0o660, DAEMON, ("0o640", DAEMON)),
        (0o604, DAEMON, ("0o600", DAEMON)),  # the group is shut out
    ],
)
def test_auto(served, mode, gid, want):
    owned(served, "a.csv", "a\n1\n", mode, gid)
    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start()
    assert access(table(served)) == want
    assert access(table(served).parent / "catalog") == ("0o644", DAEMON)


def test_auto_group_that_cannot_be_given(served):
    """The daemon may read the source (by a capability, say), but is no member of its group."""
    owned(served, "a.csv", "a\n1\n", 0o640, GROUP + 1)
    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start()
    assert access(table(served)) == ("0o600", DAEMON)


def test_auto_and_a_group_of_the_ini(served):
    """A group in the ini does not let its members read what their group could not read before."""
    owned(served, "a.csv", "a\n1\n", 0o640, DAEMON)
    owned(served, "b.csv", "a\n1\n", 0o644, DAEMON)
    owned(served, "c.csv", "a\n1\n", 0o640, GROUP)
    served.configure({n: f"source = {n}.csv\ngroup = {GROUP}\n{FAST}" for n in "abc"})
    served.start()
    assert access(table(served, "a"))[0] == "0o600"
    assert access(table(served, "b")) == ("0o644", GROUP)
    assert access(table(served, "c")) == ("0o640", GROUP)


def test_mode_of_the_ini_overrides(served):
    owned(served, "a.csv", "a\n1\n", 0o600)
    owned(served, "b.csv", "a\n1\n", 0o644)
    served.configure(
        {
            "a": f"source = a.csv\n{FAST}",
            "b": f"source = b.csv\nfile_mode = 0600\n{FAST}",
            "c": f"source = a.csv\nfile_mode = auto\n{FAST}",
        },
        "file_mode = 0644",
    )
    served.start()
    assert [access(table(served, n))[0] for n in "abc"] == ["0o644", "0o600", "0o600"]


def acl(entries):
    """system.posix_acl_access: (tag, permissions, id) each."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


NOBODY_ID = 0xFFFFFFFF
OWNER, USER, GROUP_OBJ, MASK, OTHER = 1, 2, 4, 0x10, 0x20


@pytest.mark.parametrize(
    ("named", "group", "other", "want"),
    [
        (0, 4, 4, "0o600"),  # everybody but one
        (4, 4, 4, "0o644"),
        (4, 0, 0, "0o600"),  # the group's bits are the mask here: the group is shut out
    ],
)
def test_access_control_lists(served, named, group, other, want):
    path = owned(served, "a.csv", "a\n1\n", 0o640)
    entries = [
        (OWNER, 6, NOBODY_ID),
        (USER, named, 4321),
        (GROUP_OBJ, group, NOBODY_ID),
        (MASK, 4, NOBODY_ID),
        (OTHER, other, NOBODY_ID),
    ]
    try:
        os.setxattr(path, "system.posix_acl_access", acl(entries))
    except OSError:
        pytest.skip("no access control lists here")
    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start()
    assert access(table(served))[0] == want


def test_switched_link(served):
    """The mode belongs to the publication: a link to a closed file closes the table with it."""
    owned(served, "open.csv", "a\n1\n", 0o644)
    owned(served, "closed.csv", "a\n2\n", 0o600)
    link = served.folder / "link.csv"
    link.symlink_to("open.csv")
    served.configure({"a": f"source = link.csv\n{FAST}"})
    served.start()
    assert access(table(served))[0] == "0o644"
    for turn in range(6):
        target = ["closed.csv", "open.csv"][turn % 2]
        (served.folder / "new").symlink_to(target)
        (served.folder / "new").rename(link)
        want = ["0o600", "0o644"][turn % 2]
        until(lambda turn=turn: column(served) == [2 - turn % 2])
        assert access(table(served))[0] == want


def test_table_follows_its_source(served):
    """chmod of an unchanged source: the mode of its table follows, and that of what is kept."""
    name = f"shmpub-e2e-{os.getpid()}-follow"
    segment = Path(f"/dev/shm/{name}")
    source = owned(served, "a.csv", "a\n1\n", 0o644)
    served.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}"})
    served.start()
    snapshot = feed(served).snapshot()
    owned(served, "a.csv", "a\n2\n", 0o644)
    until(lambda: column(served) == [2])
    sequence = feed(served).sequence
    hidden = next(p for p in table(served).parent.glob(".a.*"))
    assert access(hidden)[0] == "0o644"
    try:
        for mode, table_mode, segment_mode in (
            (0o600, "0o600", "0o600"),
            (0o640, "0o640", "0o660"),
            (0o644, "0o644", "0o660"),
        ):
            source.chmod(mode)
            until(lambda m=table_mode: access(table(served))[0] == m)
            until(lambda m=segment_mode: access(segment)[0] == m)
            assert access(hidden)[0] == "0o600"
        assert feed(served).sequence == sequence
        assert list(snapshot.df.a) == [1]
    finally:
        served.stop()
        segment.unlink(missing_ok=True)


def test_closed_source_that_fails_closes_the_table_of_before(served):
    """A source that is bad, or that the daemon may not open any more, closes its table's mode, too.

    A wider mode of such a source opens nothing.
    """
    name = f"shmpub-e2e-{os.getpid()}-close"
    segment = Path(f"/dev/shm/{name}")
    source = owned(served, "a.csv", "a\n1\n", 0o644)
    served.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}"})
    served.start()
    served.user = DAEMON  # status() must trust this user
    try:
        owned(served, "a.csv", "a\n1,2\n3,4,5\n", 0o600)
        until(lambda: access(table(served))[0] == "0o600")
        until(lambda: access(segment)[0] == "0o600")
        assert served.status("a")["state"] == "failing"
        source.chmod(0o644)
        refreshes = served.status("a")["refreshes"]
        until(lambda: served.status("a")["refreshes"] > refreshes + 3)
        assert access(table(served))[0] == "0o600"
        owned(served, "a.csv", "a\n2\n", 0o644)
        until(lambda: column(served) == [2])
        assert access(table(served))[0] == "0o644"
        os.chown(source, 0, 0)
        source.chmod(0o600)
        until(lambda: access(table(served))[0] == "0o600")
        until(lambda: access(segment)[0] == "0o600")
        assert "Permission denied" in served.status("a")["error"]
        assert column(served) == [2]
        source.chmod(0o644)
        until(lambda: access(table(served))[0] == "0o644")
        source.unlink()
        served.wait_state("a", "failing")
        assert access(table(served))[0] == "0o644"  # the daemon cannot see that it was closed
    finally:
        served.stop()
        segment.unlink(missing_ok=True)


def test_a_spare_that_was_open_is_not_filled_with_a_closed_table(served):
    """An open() that waits for a lease was allowed when the file was still open to that user."""
    owned(served, "a.csv", "a\n1\n", 0o644)
    served.configure({"a": f"source = a.csv\n{FAST}"})
    served.start()
    for n in range(2, 5):
        owned(served, "a.csv", f"a\n{n}\n", 0o644)
        until(lambda n=n: column(served) == [n])
    time.sleep(1.2)  # a spare may be filled after a second
    seen = {p.stat().st_ino for p in table(served).parent.glob("*a.*")}
    assert len(seen) > 1
    owned(served, "a.csv", "a\n100\n", 0o600)
    until(lambda: column(served) == [100])
    assert table(served).stat().st_ino not in seen
    assert access(table(served))[0] == "0o600"


def test_segments_of_the_plain_layouts(served):
    """A closed source's plain segments are closed as well, unless segment_mode opens them."""
    names = [f"shmpub-e2e-{os.getpid()}-{n}" for n in "abcd"]
    owned(served, "a.csv", "a\n1\n", 0o600)
    owned(served, "b.csv", "a\n1\n", 0o640, GROUP)
    owned(served, "c.csv", "a\n1\n", 0o644)
    feeds = {
        n: f"source = {n}.csv\ncsv_segment = {name}\n{FAST}"
        for n, name in zip("abc", names, strict=False)
    }
    feeds["d"] = f"source = a.csv\ncsv_segment = {names[3]}\nsegment_mode = 0660\n{FAST}"
    served.configure(feeds)
    try:
        served.start()
        found = [access(Path("/dev/shm") / name) for name in names]
        assert found == [
            ("0o600", DAEMON),
            ("0o660", GROUP),
            ("0o660", DAEMON),
            ("0o660", DAEMON),
        ]
    finally:
        served.stop()


def test_after_a_crash(served):
    """A table from before a crash keeps its mode until its source was opened.

    A mode in the ini is applied at once.
    """
    owned(served, "a.csv", "a\n1\n", 0o600)
    owned(served, "b.csv", "a\n1\n", 0o644)
    served.configure({n: f"source = {n}.csv\n{FAST}" for n in "ab"})
    served.start()
    served.kill()
    (served.folder / "a.csv").rename(served.folder / "away.csv")
    (served.folder / "b.csv").rename(served.folder / "gone.csv")
    served.configure(
        {
            "a": f"source = a.csv\n{FAST}",
            "b": f"source = b.csv\nfile_mode = 0600\n{FAST}",
        }
    )
    served.start()
    assert access(table(served, "a"))[0] == "0o600"
    assert access(table(served, "b"))[0] == "0o600"
    owned(served, "a.csv", "a\n1\n", 0o644)
    until(lambda: access(table(served, "a"))[0] == "0o644")


def test_check_warns_of_what_is_opened(served):
    owned(served, "a.csv", "a\n1\n", 0o600)
    owned(served, "b.csv", "a\n1\n", 0o644)
    served.configure(
        {
            "a": "source = a.csv\nfile_mode = 0644",
            "b": "source = b.csv\nfile_mode = 0644",
            "c": "source = a.csv",
            "d": "source = a.csv\ncsv_segment = x\nsegment_mode = 0666",
        }
    )
    run = run_shmpubd("-c", served.ini, "--check")
    assert run.returncode == 0
    lines = run.stderr.splitlines()
    assert len(lines) == 2
    assert "warning: file_mode 0644: more users may read than" in lines[0]
    assert "warning: segment_mode 0666: more users may read than" in lines[1]
    assert "(0600)" in lines[0]


# --- lines of the catalog


@pytest.mark.parametrize(("dtype", "good"), [("int64", "1"), ("float64", "1"), ("bool", "True")])
def test_cells_of_a_closed_feed(served, dtype, good):
    """The user nobody sees line, column and what was expected, not the cell. The log has all."""
    owned(served, "s.csv", f"a,b\n{good},2\n{SECRET},3\n", 0o600)
    served.configure({"a": f"dtype.a = {dtype}\nsource = s.csv\n{FAST}"})
    served.start()
    shown = "".join(
        as_stranger(served, *arguments)
        for arguments in (["ls"], ["ls", "--json"], ["info", "a"], ["metrics"], ["verify"])
    )
    assert SECRET not in shown
    assert "s.csv:3: column" in shown and f"is to be {dtype}" in shown
    assert SECRET.encode() not in (served.shm / served.instance / "catalog").read_bytes()
    assert SECRET in served.log_text()
    told = feed(served).last_error
    assert "s.csv:3: column" in told and SECRET not in told
    with pytest.raises(shmpub.NotPublished) as raised:
        _ = feed(served).df
    assert SECRET not in str(raised.value)


def test_cells_of_an_open_feed(served):
    owned(served, "s.csv", f"a,b\n1,2\n{SECRET},3\n", 0o644)
    served.configure({"a": f"source = s.csv\ndtype.a = int64\n{FAST}"})
    served.start()
    assert SECRET in as_stranger(served, "ls")


def test_lines_follow_the_source(served):
    """After chmod of a bad source the next look hides the cell, without parsing it again."""
    source = owned(served, "s.csv", f"a,b\n1,2\n{SECRET},3\n", 0o644)
    served.configure({"a": f"source = s.csv\ndtype.a = int64\n{FAST}"})
    served.start()
    assert SECRET in as_stranger(served, "ls")
    source.chmod(0o600)
    until(lambda: SECRET not in as_stranger(served, "ls"), pause=0.1)
    assert '"..." is not' in as_stranger(served, "ls", "--json").replace('\\"', '"')
    source.chmod(0o644)
    until(lambda: SECRET in as_stranger(served, "ls"), pause=0.1)


def test_modes_of_feed_and_catalog(served):
    """A cell may be told where everybody who reads the catalog may read the table."""
    owned(served, "s.csv", f"a,b\n1,2\n{SECRET},3\n", 0o600)
    options = f"source = s.csv\ndtype.a = int64\n{FAST}"
    catalog = served.shm / served.instance / "catalog"
    for daemon_lines, lines, is_told in (
        ("file_mode = 0600", options, True),
        ("file_mode = 0640", options + "\nfile_mode = auto", False),
        ("file_mode = 0640", options, True),
        ("file_mode = 0644", options + "\nfile_mode = 0640", False),
        ("", options + "\nfile_mode = 0644", True),
    ):
        served.configure({"a": lines}, daemon_lines)
        served.start()
        until(lambda: b"s.csv:3" in catalog.read_bytes())
        assert (SECRET.encode() in catalog.read_bytes()) == is_told, (daemon_lines, lines)
        served.stop()


def test_values_of_an_array(served):
    name = f"shmpub-e2e-{os.getpid()}-array"
    owned(served, "s.csv", "a,b\n1,2\n4711,3\n", 0o600)
    served.configure({"a": f"source = s.csv\narray_segment = {name}\narray_dtype = int8\n{FAST}"})
    served.start()
    shown = as_stranger(served, "ls", "--json")
    assert "4711" not in shown and "row 2, column 'a': ... is not within int8" in shown
    assert "4711" in served.log_text()
