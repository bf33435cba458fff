"""Commands as sources: what they print is the table, and whatever they do else harms nobody."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import stat
import sys
import time
from pathlib import Path

import pytest
import shmpub
from conftest import PATIENCE, Daemon, needs_root, until
from processes import marked

FAST = "interval = 50ms"


def serve(daemon, feeds: dict[str, str], settings: str = "", **options) -> Daemon:
    d = daemon()
    d.configure(feeds, settings)
    return d.start(**options)


def failure(d: Daemon, name: str = "a") -> str:
    return str(d.wait_state(name, "failing")["error"])


def script(d_folder: Path, name: str, text: str) -> Path:
    path = d_folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


# --- what goes well


def test_what_is_printed_is_the_table(daemon):
    d = daemon()
    d.source("now.csv", "a,b\n1,x\n")
    d.configure({"a": f"source = exec: cat now.csv\n{FAST}"})
    d.start()
    feed = d.feed("a")
    assert list(feed.df.a) == [1] and list(feed.df.b) == ["x"]
    sequence = feed.sequence
    seen = d.status("a")["unchanged"]
    until(lambda: d.status("a")["unchanged"] > seen + 3)
    assert feed.sequence == sequence  # the same content is not published again
    d.source("now.csv", "a,b\n2,y\n")
    assert feed.wait(30)
    assert list(feed.df.a) == [2] and feed.sequence > sequence
    assert b"exec:cat" in (d.shm / d.instance / "a.arrow").read_bytes()
    assert d.stop() == 0


def test_arguments_are_taken_by_the_rules(daemon, tmp_path):
    show = script(
        tmp_path, "show words", '#!/bin/sh\nprintf "n,w\\n"\nfor w; do echo "1,$w"; done\n'
    )
    line = f"\"{show}\" 'a b' c\\ d \"e'f\" $HOME '*' '' ~"
    d = serve(daemon, {"a": f"source = exec: {line}\nkeep_default_na = no"})
    assert list(d.feed("a").df.w) == ["a b", "c d", "e'f", "$HOME", "*", "", "~"]


def test_shell(daemon):
    d = serve(daemon, {"a": "source = shell: (echo a,b; echo 1,2; echo 3,4) | sed '$d'"})
    assert list(d.feed("a").df.a) == [1]


def test_large_outputs_go_through_a_file(daemon):
    rows = 2_000_000
    d = serve(daemon, {"a": f"source = shell: echo a; seq {rows}"})
    df = d.feed("a").df
    assert len(df) == rows and df.a.sum() == rows * (rows + 1) // 2
    assert not [n for n in d.files() if "spool" in n]


def test_names_show_no_arguments(daemon):
    d = daemon()
    d.source("secret.csv", "a\n1\n")
    d.configure(
        {
            "a": "source = exec: /bin/cat secret.csv",
            "b": "source = shell: PASSWORD=secret; echo a; echo 1",
            "c": "source = exec: cat /no/secret",
        }
    )
    d.start()
    d.wait_state("c", "failing")
    d.kill()
    place = d.shm / d.instance
    assert b"exec:/bin/cat" in (place / "a.arrow").read_bytes()
    for path in place.iterdir():
        assert not path.is_file() or b"secret" not in path.read_bytes(), path
    told = [line for line in d.log_text().splitlines() if "secret" in line]
    assert all("cat: /no/secret" in line for line in told)  # the program's own text


def test_variables_and_places(daemon, tmp_path):
    d = daemon()
    inside = d.folder / "inside"
    inside.mkdir()
    print_it = (
        "shell: echo v; echo $X; echo $Y; pwd; echo ${NOTIFY_SOCKET-none}; cat;"
        " readlink /proc/self/fd/0"
    )
    d.configure(
        {
            "a": f"source = {print_it}\nenvironment = X=5 'Y=a b' X=6",
            "b": f"source = {print_it}\nworking_directory = inside\nenvironment = HOME=/x",
            "c": "source = exec: ./c.sh\nworking_directory = inside",
        }
    )
    script(inside, "c.sh", "#!/bin/sh\necho v; echo $0\n")
    d.start()
    rows = list(d.feed("a").df.v)
    assert rows == ["5", "a b", str(d.folder), "none", "/dev/null"]
    assert str(inside) in list(d.feed("b").df.v)
    assert list(d.feed("c").df.v) == ["./c.sh"]


@needs_root
def test_user(daemon):
    d = serve(
        daemon,
        {
            "a": "source = shell: echo v; id -un; id -gn; id -G; echo $HOME $USER\nuser = daemon",
            "b": "source = exec: cat /etc/shadow\nuser = daemon",
        },
    )
    rows = list(d.feed("a").df.v)
    assert rows[:4] == ["daemon", "daemon", "1", "/usr/sbin daemon"]
    assert "exited with 1" in failure(d, "b")


@needs_root
def test_user_needs_root(daemon):
    d = daemon()
    d.folder.chmod(0o777)
    d.user = 65534
    d.configure({"a": "source = exec: true\nuser = daemon"})
    with pytest.raises(AssertionError):
        d.start()
    assert "user: to run a command as daemon takes root or the capabilities SETUID" in d.log_text()
    d.process.wait(PATIENCE)
    d.process = None


@needs_root
def test_user_by_capabilities(daemon):
    """A service with the right to do so changes the user; what it runs has none of its rights."""
    d = daemon()
    d.folder.chmod(0o777)
    d.shm.chmod(0o777)
    rights = "+setuid,+setgid,+kill"
    d.wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    d.wrapper += [f"--inh-caps={rights}", f"--ambient-caps={rights}"]
    line = "source = shell: echo v; id -un; grep -h ^Cap /proc/self/status\nfile_mode = 0644"
    d.configure({"own": line, "other": f"{line}\nuser = daemon"})
    d.start()
    d.user = 65534
    for feed, user in (("own", "nobody"), ("other", "daemon")):
        rows = list(d.feed(feed).df.v)
        sets = dict(row.split() for row in rows[1:])
        assert rows[0] == user
        assert {int(sets[name], 16) for name in ("CapEff:", "CapPrm:", "CapAmb:")} == {0}


def test_only_the_owner_reads_the_table(daemon):
    d = serve(
        daemon,
        {"a": "source = exec: printf 'a\\n1\\n'", "b": "source = shell: echo a\nfile_mode = 0644"},
    )
    d.wait_state("b", "fresh")
    place = d.shm / d.instance
    assert stat.S_IMODE((place / "a.arrow").stat().st_mode) == 0o600
    assert stat.S_IMODE((place / "b.arrow").stat().st_mode) == 0o644


def test_no_descriptor_is_handed_on(daemon, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a\n1\n")
    text = 'import os; print("fd"); [print(n) for n in os.listdir("/proc/self/fd")]'
    look = " ".join([sys.executable, "-c", f"'{text}'"])
    d = serve(daemon, {"b": f"source = {path}\n{FAST}", "a": f"source = exec: {look}\n{FAST}"})
    until(lambda: d.status("a")["refreshes"] > 5)
    got = set(d.feed("a").df.fd)
    assert got == {0, 1, 2, 3}, got  # 3 is what listdir() opens
    for info in Path(f"/proc/{d.pid}/fdinfo").iterdir():  # and none would be by another way
        with contextlib.suppress(FileNotFoundError):
            flags = int(re.search(r"flags:\s*(\d+)", info.read_text())[1], 8)
            target = os.readlink(f"/proc/{d.pid}/fd/{info.name}")
            assert int(info.name) < 3 or flags & os.O_CLOEXEC, target


# --- what goes wrong

FAILURES = {
    # label: (source and options, what the line says)
    "exit 1": (
        "shell: echo a; echo 1; echo 'no such host' >&2; exit 1",
        "exited with 1: no such host",
    ),
    "last line": ("shell: printf 'one\\n\\ntwo\\n \\n' >&2; exit 3", "exited with 3: two"),
    "without a newline": ("shell: printf 'one\\ntwo' >&2; exit 3", "exited with 3: two"),
    "no text": ("exec: false", "exec:false: exited with 1"),
    "a signal": ("shell: kill -SEGV $$", "killed by signal 11"),
    "killed in a row": ("shell: printf 'a,b\\n1,2\\n3,'; kill -KILL $$", "killed by signal 9"),
    "missing": ("exec: /no/such/program", "exec:/no/such/program: it cannot be started: No such"),
    "not in PATH": ("exec: no-such-program", "it cannot be started: No such file"),
    "not executable": ("exec: ./plain", "exec:./plain: it cannot be started: Permission denied"),
    "a directory": ("exec: /tmp", "it cannot be started: Permission denied"),
    "no program": ("exec: ./text", "it cannot be started: Exec format error"),
    "no folder": ("exec: true\nworking_directory = /no/such", "working_directory: No such file"),
    "nothing": ("exec: true", "no columns"),
    "garbage": ("exec: head -c 100000 /dev/urandom\nencoding = utf-8", ""),
    "not UTF-8": ("exec: printf 'a\\n\\377\\376\\n'", "byte 0xff at offset 2 is not UTF-8"),
    "slow": (
        "shell: echo a; sleep 600\ntimeout = 300ms",
        "not over after 300 ms, which is its timeout",
    ),
    "ignores TERM": (
        "shell: trap '' TERM; echo a; while :; do sleep 1; done\ntimeout = 1s",
        "not over after 1 s",
    ),
    "stopped": ("shell: echo a; kill -STOP $$\ntimeout = 300ms", "not over after 300 ms"),
    "timeout with text": (
        "shell: echo 'asking h' >&2; sleep 600\ntimeout = 300ms",
        "timeout: asking h",
    ),
    "endless": ("exec: yes\nmax_source = 3M", "more than 3145728 bytes, which is max_source"),
    "endless text": (
        "shell: yes >&2\ntimeout = 500ms",
        "not over after 500 ms, which is its timeout: y",
    ),
    "grandchild": (
        "shell: echo a; echo 1; sleep 600 &",
        "a process that it started may still write",
    ),
    "grandchild elsewhere": (
        "shell: echo a; setsid sleep 600 &",
        "a process that it started may still write",
    ),
    "control characters": ("shell: printf 'a\\033[31mb\\000c\\n' >&2; exit 1", "a?[31mb?c"),
}


@pytest.mark.parametrize("label", FAILURES)
def test_failures(daemon, label):
    source, line = FAILURES[label]
    d = daemon()
    (d.folder / "plain").write_text("#!/bin/sh\necho a\n")
    script(d.folder, "text", "echo a; echo 1\n")
    mark = f"{d.instance}-{os.getpid()}"
    d.configure(
        {
            "a": f"source = {source}\n{FAST}\nfile_mode = 0644",
            "well": f"source = exec: printf 'a\\n1\\n'\n{FAST}",
        }
    )
    d.environment["MARK"] = mark
    d.start(wait=False)
    d.wait_state("well", "fresh")
    assert line in failure(d), failure(d)
    with pytest.raises(shmpub.NotPublished):
        _ = d.feed("a").df
    d.wait_state("well", "fresh")
    assert d.stop() == 0
    left = marked(mark)
    if label == "grandchild elsewhere":  # one that leaves the group on purpose stays
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    else:
        assert not left


def test_text_of_the_program_is_for_whom_the_table_is_for(daemon):
    feeds = {
        name: f"source = shell: echo 'cell 4711' >&2; exit 1\n{FAST}\nfile_mode = {mode}"
        for name, mode in {"closed": "auto", "open": "0644"}.items()
    }
    d = serve(daemon, feeds)
    assert failure(d, "open") == "shell:echo: exited with 1: cell 4711"
    assert failure(d, "closed") == "shell:echo: exited with 1: ..."
    assert "feed closed: shell:echo: exited with 1: cell 4711" in d.log_text()


def test_text_goes_to_the_log_within_bounds(daemon):
    noise = "i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo line $i of this run >&2; done"
    d = serve(daemon, {"a": f"source = shell: echo a; echo 1; {noise}\n{FAST}"})
    until(lambda: d.status("a")["unchanged"] > 5)
    lines = [line for line in d.log_text().splitlines() if "says:" in line]
    assert any("feed a: shell:echo says: line 1 of this run" in line for line in lines)
    assert len(lines) <= 30


def test_last_good_table_stays_and_recovery_is_noticed(daemon):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = exec: cat a.csv\n{FAST}"})
    d.start()
    feed = d.feed("a")
    (d.folder / "a.csv").unlink()
    assert "exec:cat: exited with 1" in failure(d)
    assert list(feed.df.a) == [1]
    d.source("a.csv", "a\n2\n")
    until(lambda: list(feed.df.a) == [2])
    assert d.wait_state("a", "fresh")["error"] == ""


def test_a_failing_command_is_run_less_and_less_often(daemon):
    d = daemon()
    d.configure({"a": "source = shell: date +%s.%N >> ran; exit 1\ninterval = 50ms"})
    d.start()
    time.sleep(4)
    times = [float(t) for t in (d.folder / "ran").read_text().split()]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert len(times) < 15 and gaps[-1] > 4 * gaps[0], gaps


def test_bad_content_is_told_at_each_attempt_and_well_again(daemon):
    d = daemon()
    d.source("a.csv", "a,b\n1,2\n1,2,3\n")
    d.configure({"a": f"source = exec: cat a.csv\n{FAST}"})
    d.start()
    assert failure(d).startswith("exec:cat:3: ")
    d.source("a.csv", "a,b\n1,2\n")
    assert until(lambda: list(d.feed("a").df.a) == [1])
