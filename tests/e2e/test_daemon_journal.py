"""The journal of systemd: what it gets of each event, and what happens when it takes nothing."""

import contextlib
import re
import socket
from pathlib import Path

import pytest
from conftest import needs_root, until

FAST = "interval = 10ms"


class Journal:
    """What journald is to a daemon: a socket, and a stream that standard error is."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "socket"))
        self.socket.settimeout(0.2)
        self.entries = []

    def close(self):
        self.socket.close()
        (self.folder / "socket").unlink()

    def hear(self):
        """Return the entries so far, each parsed by the rules of the protocol."""
        with contextlib.suppress(TimeoutError):
            while True:
                self.entries.append(self.parse(self.socket.recv(1 << 20)))
        return self.entries

    @staticmethod
    def parse(data):
        fields = {}
        while data:
            name, _, rest = data.partition(b"\n")
            if b"=" in name:
                name, _, value = name.partition(b"=")
                data = rest
            else:
                size = int.from_bytes(rest[:8], "little")
                value, data = rest[8 : 8 + size], rest[8 + size + 1 :]
            assert re.fullmatch(rb"[A-Z][A-Z_]*", name)
            fields[name.decode()] = value.decode()
        return fields


def with_journal(folder):
    """Return a command that runs another one with `folder` in place of the journal's."""
    mounts = (
        f"mount -t tmpfs none /run && mkdir -p /run/systemd && ln -s {folder} /run/systemd/journal"
    )
    return ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$0" "$@"']


@pytest.fixture
def journaled(daemon, tmp_path):
    """A daemon that finds a journal where systemd has it, in a mount namespace of its own."""
    d, journal = daemon(), Journal(tmp_path / "journal")
    d.log.touch()
    st = d.log.stat()
    d.environment = {"JOURNAL_STREAM": f"{st.st_dev}:{st.st_ino}"}
    d.wrapper = with_journal(journal.folder)
    yield d, journal
    journal.close()


@needs_root
def test_the_journal_gets_fields(journaled):
    d, journal = journaled
    d.source("a.csv", "x,y\n1,2\n3\n")
    d.configure(
        {"a": f"source = a.csv\ndtype.x = int64\n{FAST}", "b": "source = none.csv"},
        "log_level = debug",
    )
    d.start()
    d.source("a.csv", "x,y\n1,2\n3,4\n")
    d.wait_state("a", "fresh")
    assert d.stop() == 0
    entries = journal.hear()
    assert d.log.read_text() == ""  # nothing comes twice
    assert {e["SYSLOG_IDENTIFIER"] for e in entries} == {"shmpubd"}
    missing = next(e for e in entries if e.get("FEED") == "b")
    assert missing == {
        "MESSAGE": f"feed b: {d.folder}/none.csv: No such file or directory",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "shmpubd",
        "FEED": "b",
        "CODE": "sys",
    }
    published = next(e for e in entries if "ROWS" in e)
    assert published["PRIORITY"] == "7" and published["FEED"] == "a"
    assert int(published["SEQUENCE"]) >= 1 and published["ROWS"] == "2"
    assert int(published["BYTES"]) > 1000 and int(published["DURATION_US"]) > 0
    assert any(e["MESSAGE"] == "signal 15: stopping" and "FEED" not in e for e in entries)


@needs_root
def test_a_journal_that_went(journaled):
    """Events go to standard error, with their level, until there is a journal again."""
    d, journal = journaled
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.start()
    d.hear()
    assert any("1 published" in e["MESSAGE"] for e in journal.hear())
    journal.close()
    (d.folder / "a.csv").unlink()
    told = f"<4>feed a: {d.folder}/a.csv: No such file or directory\n"
    until(lambda: d.log.read_text() == told)
    again = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    again.bind(str(journal.folder / "socket"))
    again.settimeout(10)
    d.source("a.csv", "a\n2\n")
    assert Journal.parse(again.recv(1 << 16))["MESSAGE"] == "feed a: well again"
    assert d.stop() == 0
    journal.socket = again
    assert d.log.read_text() == told


@needs_root
def test_a_journal_that_is_stuck(journaled):
    """It takes nothing: feeds are served, and a stop ends."""
    d, journal = journaled
    room = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text())
    d.source("a.csv", "a\n-1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"}, "log_level = debug")
    d.start()
    for n in range(room + 20):
        d.source("a.csv", f"a\n{n}\n")
        until(lambda n=n: list(d.feed("a").df.a) == [n], pause=0.001)
    assert d.stop() == 0
    entries = journal.hear()
    assert len(entries) < room + 20 and "signal 15: stopping" not in {e["MESSAGE"] for e in entries}


@needs_root
def test_a_journal_that_is_asked_for_and_not_there(daemon, tmp_path):
    d = daemon()
    (tmp_path / "empty").mkdir()
    d.wrapper = with_journal(tmp_path / "empty")
    d.configure({"a": "source = none.csv"}, "log_format = journal")
    d.start(wait=False)
    assert d.wait() == 1
    assert "log_format = journal: /run/systemd/journal/socket: No such file" in d.log.read_text()


@needs_root
def test_the_journal_without_systemd(journaled):
    """log_format = journal needs no stream of systemd's."""
    d, journal = journaled
    d.environment = {}
    d.configure({"a": "source = none.csv"}, "log_format = journal")
    d.start()
    assert d.stop() == 0
    assert {e["FEED"] for e in journal.hear() if "FEED" in e} == {"a"}
    assert d.log.read_text() == ""
