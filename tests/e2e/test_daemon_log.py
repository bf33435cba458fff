"""The log: a reader that is slow, or does not read at all, does not delay the feeds."""

import os
import pty
import re
import subprocess
import termios
import time
import tty

import logfmt
import pytest
from conftest import SHMPUBD, run_shmpubd, until

FAST = "interval = 10ms"


@pytest.fixture
def pipe(daemon):
    """A daemon whose standard error is a pipe that somebody holds and does not read."""
    d = daemon()
    path = d.folder / "stderr"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    d.wrapper = ["sh", "-c", f'exec "$0" "$@" 2>{path}']
    d.source("a.csv", "a\n0\n")
    d.configure({"a": f"source = a.csv\n{FAST}"}, "log_level = debug")
    yield d, reader
    os.close(reader)


def fill(d, count, first=1):
    """Publish so often that the log overflows."""
    for n in range(first, first + count):
        d.source("a.csv", f"a\n{n}\n")
        until(lambda n=n: list(d.feed("a").df.a) == [n], pause=0.001)


def block(fd):
    """Fill a pipe to the last byte."""
    for size in (65536, 1):
        try:
            while True:
                os.write(fd, b"\n" * size)
        except BlockingIOError:
            pass


def take(fd, text):
    try:
        text += os.read(fd, 1 << 20)
    except BlockingIOError:
        pass
    return text


def test_pipe_that_nobody_reads(pipe):
    d, reader = pipe
    block(reader)
    d.start()
    fill(d, 60)
    d.reload()
    text = b""

    def told():
        nonlocal text
        text = take(reader, text)
        return b"sequence 60" in text

    until(told)  # 60 lines fit: none is lost
    assert b"lost" not in text
    assert d.stop() == 0


def test_lines_lost_are_counted(pipe):
    d, reader = pipe
    d.configure({f"f{n}": f"source = {'x' * 150}{n}.csv" for n in range(400)})
    block(reader)
    d.start()
    text = b""

    def told():
        nonlocal text
        text = take(reader, text)
        return b" lost: standard error did not take them in time" in text

    until(told)
    lost = int(re.search(rb"(\d+) lines lost", text)[1])
    events = [logfmt.parse(line) for line in text.decode().split("\n") if line.strip()]
    of_feeds = [e for e in events if "feed" in e]
    assert lost + len(of_feeds) + sum("0 published" in e["msg"] for e in events) == 401
    assert all(e["level"] == "warning" and e["code"] == "sys" for e in of_feeds)
    assert all(e["msg"].endswith("No such file or directory") for e in of_feeds)
    assert len({e["feed"] for e in of_feeds}) == len(of_feeds)


def test_stop_with_a_stalled_log(pipe):
    d, reader = pipe
    block(reader)
    d.start()
    fill(d, 5)
    assert d.stop() == 0
    assert d.files() == {"lock"}


def test_stopped_terminal(daemon):
    d = daemon()
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        termios.tcflow(slave, termios.TCOOFF)  # Ctrl-S
        d.wrapper = ["sh", "-c", f'exec "$0" "$@" 2>{os.ttyname(slave)}']
        d.source("a.csv", "a\n0\n")
        d.configure({"a": f"source = a.csv\n{FAST}"}, "log_level = debug")
        d.start()
        fill(d, 20)
        termios.tcflow(slave, termios.TCOON)
        os.set_blocking(master, False)
        text = b""

        def told():
            nonlocal text
            text = take(master, text)
            return b"sequence 20" in text

        until(told)
        assert d.stop() == 0
        lines = text.decode().split("\n")[:-1]  # on a terminal: text
        assert all(re.fullmatch(r"\S+Z (info|debug): .+", line) for line in lines), lines
    finally:
        os.close(master)
        os.close(slave)


def test_reader_that_went(daemon):
    """A pipe without a reader is no reason to end."""
    d = daemon()
    d.source("a.csv", "a\n0\n")
    d.configure({"a": f"source = a.csv\n{FAST}"}, "log_level = debug")
    read, write = os.pipe()
    d.wrapper = ["sh", "-c", f'exec "$0" "$@" 2>/proc/{os.getpid()}/fd/{write}']
    d.start()
    os.close(write)
    os.close(read)
    fill(d, 5)
    assert d.stop() == 0


# --- failures


def warnings(d, name="a"):
    return [
        line.split(f"feed {name}: ", 1)[1]
        for line in d.log_text().splitlines()
        if f"warning: feed {name}: " in line
    ]


def test_changed_reason_is_told_at_once(daemon):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = a.csv\ndtype.a = int64\n{FAST}"})
    d.start()
    for text, told in (
        (None, "No such file"),
        ("a\nx\n", "a.csv:2: "),
        ("a\n1\n1\n1\n1\nx\n", "a.csv:6: "),
        (None, None),
    ):
        count = len(warnings(d))
        if text is None:
            (d.folder / "a.csv").unlink()
        else:
            d.source("a.csv", text)
        d.wait_state("a", "failing")
        if told:
            until(lambda n=count, t=told: len(warnings(d)) == n + 1 and t in warnings(d)[-1])
    until(lambda: "No such file" in d.status("a")["error"])
    assert len(warnings(d)) == 3  # the first one came back within its minute
    assert d.stop() == 0
    assert re.search(
        r"No such file or directory \(1 more time in \d+ s; failing now\)", d.log_text()
    )


def test_flapping_is_folded(daemon):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.start()
    for n in range(15):
        (d.folder / "a.csv").unlink()
        until(lambda: d.status("a")["state"] == "failing", pause=0.02)
        d.source("a.csv", f"a\n{n}\n")
        until(lambda: d.status("a")["state"] == "fresh", pause=0.02)
    assert len(warnings(d)) == 1
    assert d.log_text().count("well again") == 1
    assert d.stop() == 0
    folded = re.search(r"\((\d+) more times in \d+ s; well now\)", d.log_text())
    assert int(folded[1]) == 14
    assert len(warnings(d)) == 2


def test_reasons_without_end_are_folded(daemon):
    d = daemon()
    d.configure({"a": f"source = a.csv\ndtype.a = int64\n{FAST}"})
    d.source("a.csv", "a\nx\n")
    d.start()
    for n in range(12):
        d.source("a.csv", "a\n" + "1\n" * n + "x\n")
        until(lambda n=n: f"a.csv:{n + 2}: " in d.status("a")["error"], pause=0.02)
    assert len(warnings(d)) == 4
    assert d.stop() == 0
    assert re.search(r"other reasons \(8 more times in \d+ s; failing now\)", d.log_text())


def test_source_that_comes_back(daemon):
    """A source that is missing is looked for at the same pace however long it is missing."""
    d = daemon()
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.start()
    until(lambda: d.status("a")["consecutive_failures"] >= 9)
    looks = d.status("a")["refreshes"]
    began = time.monotonic()
    until(lambda: d.status("a")["refreshes"] >= looks + 3)
    assert time.monotonic() - began < 15  # it took minutes before


def test_source_that_changes_while_its_refresh_waits(daemon):
    """A refresh that lacks memory is tried after ever longer waits, or when the source changes."""
    d = daemon()
    d.source("a.csv", "a\n" + "1\n" * 100_000)
    d.configure({"a": f"source = a.csv\n{FAST}"}, "max_bytes = 300K")
    d.start()
    until(lambda: d.status("a")["consecutive_failures"] >= 9)
    began = time.monotonic()
    d.source("a.csv", "a\n1\n")
    d.wait_state("a", "fresh")
    assert time.monotonic() - began < 15
    assert list(d.feed("a").df.a) == [1]


# --- a start that fails


def journal(path):
    path.touch()
    st = path.stat()
    return {**os.environ, "JOURNAL_STREAM": f"{st.st_dev}:{st.st_ino}"}


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        ("[feed a]\nsource = a.csv\n", [], "<3>open {folder}/none: No such file or directory"),
        ("[feed a]\nsauce = a.csv\n", [], "<3>{ini}:4: unknown key 'sauce'"),
        ("[feed a]\nsource = a.csv\n", ["--what"], "<3>what is '--what'?"),
        ("[feed a]\nsource = a.csv\n", ["--check"], "<4>{ini}:4: warning: source: "),
    ],
)
def test_levels_of_what_is_told_at_start(tmp_path, text, arguments, told):
    """The journal gets them as errors, and without the program's name, which it knows."""
    ini, log = tmp_path / "c.ini", tmp_path / "log"
    ini.write_text(f"[daemon]\ndirectory = {tmp_path}/none\n{text}")
    told = told.format(folder=tmp_path, ini=ini)
    environment = journal(log)
    with log.open("ab") as f:
        subprocess.run(
            [SHMPUBD, "-c", ini, *arguments], stderr=f, env=environment, timeout=60, check=False
        )
    assert any(line.startswith(told) for line in log.read_text().splitlines()), log.read_text()
    run = run_shmpubd("-c", ini, *arguments)
    plain = run.stderr.splitlines()
    bare = told[3:]
    assert any(line in (bare, f"shmpubd: {bare}") or line.startswith(bare) for line in plain)
    assert not any(line.startswith("<") for line in plain)


def test_busy_instance_is_an_error_of_the_journal(daemon, tmp_path):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv"})
    d.start()
    log = tmp_path / "log"
    environment = journal(log)
    with log.open("ab") as f:
        run = subprocess.run(
            [SHMPUBD, "-c", d.ini], stderr=f, env=environment, timeout=60, check=False
        )
    assert run.returncode == 1
    assert re.fullmatch(rf"<3>\S+: process {d.pid} publishes there\n", log.read_text())
    assert d.stop() == 0


# --- the forms


def test_fields(daemon):
    d = daemon()
    d.source("a.csv", 'x,y\n1,2\n3,"="\n')
    d.configure({"a": f"source = a.csv\ndtype.y = int64\n{FAST}"}, "log_level = debug")
    d.start()
    d.source("a.csv", "x,y\n1,2\n3,4\n")
    d.wait_state("a", "fresh")
    size = (d.shm / d.instance / "a.arrow").stat().st_size
    d.stop()
    failed = next(e for e in d.events() if e["level"] == "warning")
    assert failed["feed"] == "a" and failed["code"] == "csv" and failed["line"] == 3
    assert failed["msg"].startswith(f"{d.folder}/a.csv:3: ") and '"="' in failed["msg"]
    published, well = [e for e in d.events() if "rows" in e]
    assert well["msg"] == "well again" and published["msg"] == "2 rows, sequence 1"
    assert (published["feed"], published["sequence"], published["rows"]) == ("a", 1, 2)
    assert published["bytes"] == size and 0 < published["duration_us"] < 10_000_000
    assert {k: v for k, v in well.items() if k not in ("time", "level", "msg")} == {
        k: v for k, v in published.items() if k not in ("time", "level", "msg")
    }


def test_times_are_a_field(daemon):
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": f"source = a.csv\n{FAST}"})
    d.start()
    for n in range(3):
        (d.folder / "a.csv").unlink()
        until(lambda: d.status("a")["state"] == "failing", pause=0.02)
        d.source("a.csv", f"a\n{n}\n")
        until(lambda: d.status("a")["state"] == "fresh", pause=0.02)
    d.stop()
    assert [e["times"] for e in d.events() if "times" in e] == [2]


def test_text_is_one_key_away(daemon):
    d = daemon()
    d.configure({"a": "source = none.csv"}, "log_format = text")
    d.start()
    d.stop()
    text = d.log.read_text()
    assert re.search(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ warning: feed a: .* No such file", text)
    assert "time=" not in text


def test_a_hostile_name_in_logfmt(daemon):
    """Whatever a path has in it, a line stays a line of pairs."""
    d = daemon()
    name = 'a "b"=c\\d level=error'
    d.configure({"a": f"source = {name}.csv"})
    d.start()
    d.stop()
    (failed,) = [e for e in d.events() if e["level"] == "warning"]
    assert failed["msg"] == f"{d.folder}/{name}.csv: No such file or directory"


def test_a_format_takes_effect_with_the_next_start(daemon):
    d = daemon()
    d.configure({"a": "source = none.csv"})
    d.start()
    d.configure({"a": "source = none.csv"}, "log_format = text")
    d.reload()
    d.stop()
    assert "log_format: a change takes effect with the next start" in {e["msg"] for e in d.events()}
