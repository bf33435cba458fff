"""The service in a booted Debian: its life under systemd, and all that must work in its sandbox."""

from __future__ import annotations

import subprocess
import time

from conftest import CSV, drop_in, exposure, until
from readers import Reader, writing

READ = "import shmpub; print(shmpub.subscribe('{}').df.value.sum())"


def test_it_starts_when_it_is_installed(machine):
    """With the sample configuration, whose source is not there."""
    assert machine.say("systemctl is-active shmpubd") == "active"
    assert machine.say("systemctl is-enabled shmpubd") == "enabled"
    assert machine.status() == "0 of 1 fresh, 1 failing: quotes"
    assert 0 < int(machine.do("id -u shmpub")) < 1000
    assert machine.do("stat -c '%U %G %a' /dev/shm/shmpub") == "shmpub shmpub 755"
    assert "/data/quotes.csv: No such file" in machine.journal()
    assert machine.do("shmpub --version", user="reader")


def test_the_sandbox_is_tight(served):
    assert exposure(served) <= 1.2
    units = "cd /lib/systemd/system && systemd-analyze --man=no verify shmpubd{,@other}.service"
    assert served.do(f"{units} 2>&1") == ""
    pid = served.show("MainPID")
    status = served.do(f"cat /proc/{pid}/status")
    assert "CapEff:\t0000000000000000" in status and "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status


def test_other_users_read_and_are_woken(served):
    assert served.status() == "2 of 2 fresh"
    assert served.do(f'python3 -c "{READ.format("a")}"', user="reader") == "3"
    served.write("/srv/data/wait.py", (
        "import shmpub, time\n"
        "feed = shmpub.subscribe('a'); feed.df; print('ready', flush=True)\n"
        "feed.wait(timeout=30) and print(feed.df.value.sum())\n"
    ))  # fmt: skip
    served.do("python3 /srv/data/wait.py >/tmp/waited 2>&1 &", user="reader")
    until(lambda: served.say("cat /tmp/waited") == "ready")
    served.write("/srv/data/a.csv", "name,value\nc,40\n")
    until(lambda: served.say("tail -n 1 /tmp/waited") == "40")


def test_leases_work_in_the_sandbox(served):
    """By a lease the daemon sees what readers hold, and what it may fill again."""
    hold = (
        "import shmpub; s = shmpub.subscribe('a').snapshot(); s.df; print(1, flush=True); input()"
    )
    reader = subprocess.Popen(
        served.command(f'python3 -c "{hold}"', "reader"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout.readline() == "1\n"
    served.write("/srv/data/a.csv", "name,value\nc,40\n")
    until(lambda: served.rows()["a"]["held_bytes"])
    reader.communicate("\n", timeout=30)
    until(lambda: served.rows()["a"]["held_bytes"] == 0)


def test_reload(served):
    served.write("/srv/data/c.csv", CSV)
    feeds = {
        name: f"source = /srv/data/{name}.csv\ninterval = 100ms" for name in ("a", "b", "c", "d")
    }
    served.configure(feeds)
    served.do("systemctl reload shmpubd")
    until(lambda: served.status() == "3 of 4 fresh, 1 failing: d")
    pid = served.show("MainPID")
    served.configure(feeds | {"e": "source = e.csv\nnonsense = 1"})
    assert served.run("systemctl reload shmpubd").returncode != 0
    assert "shmpubd.ini:17: " in served.journal()
    # Here systemd has checked the file and sent nothing; a bare HUP reaches the daemon itself.
    served.do("systemctl kill --kill-whom=main --signal=HUP shmpubd")
    until(lambda: "the last reload was refused" in served.status())
    assert served.show("MainPID") == pid and served.say("systemctl is-active shmpubd") == "active"
    assert set(served.rows()) == {"a", "b", "c", "d"}
    served.configure(feeds)
    served.do("systemctl reload shmpubd")
    until(lambda: served.status() == "3 of 4 fresh, 1 failing: d")


CLOSED = """\
import os, socket
def is_closed(what):
    try: what()
    except OSError: return 1
    return 0
print("place,closed")
print("disk", is_closed(lambda: open("/srv/data/x", "w")), sep=",")
print("raw", is_closed(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)), sep=",")
print("user", is_closed(lambda: os.setuid(0)), sep=",")
print("temporary", is_closed(lambda: open("/tmp/x", "w")), sep=",")
print("network", is_closed(lambda: socket.create_server(("127.0.0.1", 0))), sep=",")
"""


def test_commands_work_in_the_sandbox_and_are_held_by_it(served):
    served.do("rm -f /srv/data/t.db; sqlite3 /srv/data/t.db 'create table t(name, value)'")
    served.do("sqlite3 /srv/data/t.db \"insert into t values ('a', 1), ('b', 2)\"")
    served.write("/srv/data/closed.py", CLOSED)
    commands = {
        "sql": "exec: sqlite3 -readonly -csv -header /srv/data/t.db 'select * from t'",
        "pipe": "shell: sort -o /tmp/sorted /srv/data/a.csv && tac /tmp/sorted",
        "closed": "exec: python3 /srv/data/closed.py",
    }
    served.configure(
        {name: f"source = {line}\nfile_mode = 0644" for name, line in commands.items()}
    )
    served.do("systemctl restart shmpubd")
    until(lambda: served.status() == "3 of 3 fresh")
    assert served.do("shmpub cat sql", user="reader").split() == ["name,value", "a,1", "b,2"]
    assert served.do("shmpub cat pipe", user="reader").split() == ["name,value", "b,2", "a,1"]
    closed = served.do("shmpub cat closed", user="reader").split()[1:]
    assert closed == ["disk,1", "raw,1", "user,1", "temporary,0", "network,0"]


def test_a_killed_daemon_comes_back_and_readers_go_on(served, tmp_path):
    with writing(served, "/srv/data/a.csv"):
        reader = Reader(served, "a", tmp_path / "out")
        reader.wait_more()
        epoch = served.do("stat -c %i /dev/shm/shmpub/catalog")
        for _ in range(2):
            pid = served.show("MainPID")
            served.do(f"kill -KILL {pid}")
            until(lambda pid=pid: served.show("MainPID") not in ("0", pid))
            until(lambda: served.say("systemctl is-active shmpubd") == "active")
            reader.wait_more()
        assert served.do("stat -c %i /dev/shm/shmpub/catalog") == epoch
        assert reader.end() > 6


def test_a_hung_daemon_is_killed_and_started_again(served, tmp_path):
    served.drop_in("[Service]\nWatchdogSec=2\n")
    time.sleep(5)  # nobody is killed whose loop turns
    assert served.show("NRestarts") == "0"
    with writing(served, "/srv/data/a.csv"):
        reader = Reader(served, "a", tmp_path / "out")
        reader.wait_more()
        pid = served.show("MainPID")
        served.do(f"kill -STOP {pid}")
        until(lambda: served.show("MainPID") not in ("0", pid))
        until(lambda: served.say("systemctl is-active shmpubd") == "active")
        reader.wait_more()
        assert reader.end() > 5
    assert "Watchdog timeout" in served.journal()


def test_the_unit_has_a_watchdog(served):
    assert served.show("WatchdogUSec") == "30s"
    pid = served.show("MainPID")
    assert "WATCHDOG_USEC=30000000" in served.do(f"tr '\\0' '\\n' </proc/{pid}/environ")


def test_a_bad_configuration_ends_the_start_with_its_line(served):
    served.write("/etc/shmpub/shmpubd.ini", "[daemon]\nnonsense = 1\n")
    assert served.run("systemctl restart shmpubd").returncode != 0
    assert "shmpubd.ini:2: " in served.journal()


def test_another_instance(served):
    """It has an ini of its own, tables of its own, and does not end with the first one."""
    served.configure({"z": "source = /srv/data/a.csv"}, "instance = other", instance="other")
    served.do("systemctl start shmpubd@other")
    try:
        assert served.status("shmpubd@other") == "1 of 1 fresh"
        assert served.rows("-i", "other")["z"]["rows"] == 2
        served.do("systemctl stop shmpubd")
        assert served.rows("-i", "other")["z"]["state"] == "fresh"
    finally:
        served.do("systemctl stop shmpubd@other; rm /etc/shmpub/other.ini")


def test_sources_in_home_directories(served):
    served.write("/home/reader/a.csv", CSV)
    served.do("chmod -R a+rX /home/reader")
    served.configure({"home": "source = /home/reader/a.csv"})
    served.do("systemctl restart shmpubd")
    assert served.status() == "0 of 1 fresh, 1 failing: home"
    served.do("ls -ld /home/reader/a.csv", user="shmpub")  # its permissions allow it
    served.drop_in(drop_in("home-directories"))
    assert served.status() == "1 of 1 fresh"
    assert exposure(served) <= 1.4


def test_tables_in_another_directory(served):
    served.do("mkdir -p /srv/tables && chown shmpub /srv/tables")
    served.configure({"a": "source = /srv/data/a.csv"}, "directory = /srv/tables")
    assert served.run("systemctl restart shmpubd").returncode != 0
    assert "make /srv/tables/shmpub: Read-only file system" in served.journal()
    served.drop_in(drop_in("another-directory"))
    assert served.rows("-d", "/srv/tables")["a"]["rows"] == 2
    served.do("systemctl stop shmpubd")
