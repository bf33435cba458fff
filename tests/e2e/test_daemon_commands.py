"""Commands as sources: what they print is the table, and whatever they do else harms nobody."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import shmpub
from conftest import BUILD, PATIENCE, SHMPUB, Daemon, needs_root, run_shmpubd, until

FAST = "interval = 50ms"
SANITIZED = "asan" in BUILD.name or "tsan" in BUILD.name


def serve(daemon, feeds: dict[str, str], settings: str = "", **options) -> Daemon:
    d = daemon()
    d.configure(feeds, settings)
    return d.start(**options)


def failure(d: Daemon, name: str = "a") -> str:
    return str(d.wait_state(name, "failing")["error"])


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def state_of(pid: int) -> str:
    """Return the letter of the process's state; "" when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def marked(mark: str) -> list[int]:
    """Return the processes that have `mark` among their variables, dead ones left out."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            variables = (place / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"MARK={mark}".encode() in variables:
            found.append(int(place.name))
    return found


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
    assert "user: only root may run a command as daemon" in d.log_text()
    d.process.wait(PATIENCE)
    d.process = None


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


# --- many, and the life of the daemon


def test_hung_commands_delay_nobody(daemon):
    hung = {f"h{i}": "source = exec: sleep 600\ninterval = 100ms" for i in range(50)}
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure(hung | {"a": f"source = exec: cat a.csv\n{FAST}"}, "workers = 2")
    d.start(wait=False)
    feed = d.feed("a")
    until(lambda: feed.sequence and list(feed.df.a) == [1])
    for i in range(5):
        begun = time.monotonic()
        d.source("a.csv", f"a\n{i + 10}\n")
        until(lambda i=i: list(feed.df.a) == [i + 10])
        assert time.monotonic() - begun < 5
    assert d.status("a")["state"] == "fresh"
    assert len(children(d.pid)) >= 50
    pids = children(d.pid)
    assert d.stop() == 0
    assert not [pid for pid in pids if state_of(pid) not in ("", "Z")]


def test_never_two_at_once_and_the_interval_is_from_start_to_start(daemon):
    d = daemon()
    once = (
        "mkdir busy || echo twice >> ran; date +%s.%N >> ran; sleep 0.3; rmdir busy; echo a; echo 1"
    )
    d.configure({"a": f"source = shell: {once}\ninterval = 500ms"})
    d.start()
    time.sleep(4)
    lines = (d.folder / "ran").read_text().split()
    assert "twice" not in lines
    times = [float(t) for t in lines]
    assert 6 <= len(times) <= 10, times  # not 5: the 0.3 s are not added to the interval


@pytest.mark.parametrize("how", ["removed", "changed", "same"])
def test_reload_while_one_runs(daemon, how):
    d = daemon()
    slow = "source = shell: echo $$ > pid; echo a; echo 1; sleep 600"
    well = {"w": f"source = exec: printf 'a\\n1\\n'\n{FAST}"}
    d.configure({"a": slow} | well)
    d.start(wait=False)
    pid = int(until(lambda: (d.folder / "pid").exists() and (d.folder / "pid").read_text()))
    d.wait_told("READY=1") if how == "never" else d.wait_state("w", "fresh")
    after = {
        "removed": {},
        "changed": {"a": "source = exec: printf 'a\\n2\\n'"},
        "same": {"a": slow},
    }
    d.configure(after[how] | well)
    os.kill(d.pid, signal.SIGHUP)
    if how == "changed":
        assert until(lambda: list(d.feed("a").df.a) == [2])
    if how == "removed":
        until(lambda: d.status("a") == {})
    if how == "same":
        time.sleep(1)
        assert state_of(pid) == "S"
        os.kill(pid, signal.SIGTERM)
    until(lambda: state_of(pid) == "")
    until(lambda: all(state_of(c) != "Z" for c in children(d.pid)))


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_stop_while_one_runs(daemon, trap):
    d = daemon()
    d.environment["MARK"] = d.instance
    d.configure({"a": f"source = shell: {trap}echo a; sleep 600 & while :; do sleep 600; done"})
    d.start(wait=False)
    until(lambda: len(marked(d.instance)) >= 3)
    begun = time.monotonic()
    assert d.stop() == 0
    assert time.monotonic() - begun < 5
    assert not marked(d.instance) and d.files() <= {"lock"}


def test_a_killed_daemon_takes_its_commands_along(daemon):
    d = daemon()
    d.configure({"a": "source = exec: sleep 600"})
    d.start(wait=False)
    pid = until(lambda: d.process and children(d.pid))[0]
    d.kill()
    until(lambda: state_of(pid) in ("", "Z"))


def test_once_and_test(daemon):
    d = daemon()
    d.configure(
        {"a": "source = shell: echo a; echo hello >&2; echo 1", "b": "source = exec: false"}
    )
    shown = run_shmpubd("-c", d.ini, "--test", "a")
    assert shown.returncode == 0
    assert "shell:echo says: hello" in shown.stdout and "1 rows, 1 columns" in shown.stdout
    failed = run_shmpubd("-c", d.ini, "--test", "b")
    assert failed.returncode == 1 and "exec:false: exited with 1" in failed.stderr
    once = run_shmpubd("-c", d.ini, "--once")
    assert once.returncode == 1
    assert list(d.feed("a").df.a) == [1]


def test_check(daemon):
    d = daemon()
    d.configure(
        {
            "a": "source = exec: no-such-program",
            "b": "source = exec: true\nworking_directory = /no/such",
            "c": "source = exec: true\nfile_mode = 0644",
            "d": "source = a.csv\nenvironment = A=b",
            "e": "source = a.csv\nworking_directory = .",
            "f": "source = exec: true\nfile_mode = 0644\nwatch = yes",
        }
    )
    d.source("a.csv", "a\n1\n")
    check = run_shmpubd("-c", d.ini, "--check")
    lines = [line.split(":", 2)[2].strip() for line in (check.stdout + check.stderr).splitlines()]
    assert check.returncode == 0
    assert "warning: source: exec:no-such-program: no such program" in lines
    assert (
        "warning: source: exec:true: working_directory /no/such: No such file or directory" in lines
    )
    assert "warning: environment: only a command gets variables" in lines
    assert "warning: working_directory: only a command has one" in lines
    assert any("warning: watch: only a file is watched" in line for line in lines)
    assert sum("file_mode auto: nobody but the daemon's user" in line for line in lines) == 2


def test_a_thousand_runs_cost_nothing_that_stays(daemon):
    # Some fail, some print more than stays in memory.
    d = daemon()
    kinds = ["shell: echo a; echo $$", "exec: false", "shell: echo a; seq 60000", "exec: nothing"]
    d.configure({f"f{i}": f"source = {kinds[i % 4]}\ninterval = 100ms" for i in range(40)})
    d.start()

    def runs() -> int:
        command = [SHMPUB, "-d", d.shm, "-i", d.instance, "ls", "--json"]
        text = subprocess.run(list(map(str, command)), capture_output=True, check=True).stdout
        rows = [json.loads(line) for line in text.splitlines()]
        return sum(row["refreshes"] + row["unchanged"] + row["failures"] for row in rows)

    def held() -> tuple[int, int]:
        text = Path(f"/proc/{d.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]), len(os.listdir(f"/proc/{d.pid}/fd"))

    until(lambda: runs() > 200)
    memory, descriptors = held()
    until(lambda: runs() > 1200, 200, 0.5)
    after = [held() for _ in range(20) if time.sleep(0.05) is None]
    assert SANITIZED or min(m for m, _ in after) < memory + 8000
    assert min(n for _, n in after) <= descriptors + 10
    zombies = [c for c in children(d.pid) if state_of(c) == "Z"]
    time.sleep(2)
    assert not [c for c in zombies if state_of(c) == "Z"]
    assert d.stop() == 0


@pytest.mark.skipif(SANITIZED, reason="needs more descriptors")
def test_too_few_descriptors_for_all_commands(daemon):
    # Each has three pipes. What finds none fails and says so; the file and the daemon go on.
    hung = {f"h{i}": "source = exec: sleep 600\ninterval = 100ms" for i in range(60)}
    d = daemon()
    d.wrapper = ["prlimit", "--nofile=120:120"]
    d.source("a.csv", "a\n1\n")
    d.configure(hung | {"a": f"source = a.csv\n{FAST}"})
    d.start(wait=False)
    until(lambda: "Too many open files" in d.log_text())
    pids = until(lambda: len(children(d.pid)) > 10 and children(d.pid))
    d.configure({"a": f"source = a.csv\n{FAST}", "b": f"source = exec: cat a.csv\n{FAST}"})
    os.kill(d.pid, signal.SIGHUP)
    d.wait_state("b", "fresh")
    d.source("a.csv", "a\n2\n")
    until(lambda: list(d.feed("a").df.a) == [2] and list(d.feed("b").df.a) == [2])
    assert not [pid for pid in pids if state_of(pid) not in ("", "Z")]
    assert d.stop() == 0
