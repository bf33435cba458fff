"""serve(): how the daemon ends, however its process ends, and only then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from serving import PATIENCE, folder, until, write

import shmpub

__all__ = ["folder"]  # a fixture

START = """
import os, shmpub, signal, sys, threading, time
served = shmpub.serve({"quotes": "data/1.csv"}, interval=0.02)
print(served.instance, served.pid, flush=True)
"""


def life(pid: int) -> str:
    """The letter of the process's state; "" when there is none, or a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
    return state.replace("Z", "")


class Program:
    """A Python that serves. `instance` and `pid` are those of its daemon."""

    def __init__(self, code: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", START + code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        words = self.line().split()
        self.instance, self.pid = words[0], int(words[1])

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, how: int | None = None) -> None:
        if how is not None:
            self.process.send_signal(how)
        self.process.communicate(timeout=PATIENCE)

    def check_over(self) -> None:
        until(lambda: not life(self.pid))
        assert not Path("/dev/shm", self.instance).exists()


@pytest.fixture
def program(folder: Path) -> Iterator[type[Program]]:
    made: list[Program] = []

    class Made(Program):
        def __init__(self, code: str) -> None:
            made.append(self)
            super().__init__(code)

    yield Made
    for one in made:
        one.process.kill()
        one.process.communicate()
    for one in made:
        until(lambda one=one: not life(one.pid))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV])
def test_killed(program: type[Program], how: signal.Signals) -> None:
    one = program("time.sleep(600)")
    one.end(how)
    one.check_over()


@pytest.mark.parametrize("code", ["sys.exit(3)", "os._exit(3)", "raise ValueError", "pass"])
def test_ended(program: type[Program], code: str) -> None:
    one = program(code)
    one.end()
    one.check_over()


def test_an_interrupt_of_the_group(program: type[Program], folder: Path) -> None:
    """Ctrl-C in a terminal, and the interrupt of a cell, reach all of the process's group."""
    one = program(
        """
try:
    print("ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print("interrupted", flush=True)
sys.stdin.read()
"""
    )
    assert one.line() == "ready"
    os.killpg(one.process.pid, signal.SIGINT)
    assert one.line() == "interrupted"
    write(folder / "data/1.csv", "a\n1\n")
    feed = shmpub.subscribe("quotes", instance=one.instance)
    until(lambda: list(feed.df.columns) == ["a"])
    assert life(one.pid)
    one.end()
    one.check_over()


def test_a_child_of_fork_ends(program: type[Program]) -> None:
    """It ends, closes what it has inherited, or is killed: the daemon is not its own."""
    one = program(
        """
for how in (lambda: sys.exit(), lambda: os._exit(0), lambda: served.close(),
            lambda: os.kill(os.getpid(), 9)):
    child = os.fork()
    if child == 0:
        assert served.pid is None
        how()
        os._exit(0)
    os.waitpid(child, 0)
    print(served.quotes.state, served.pid, flush=True)
sys.stdin.read()
"""
    )
    assert {one.line() for _ in range(4)} == {f"fresh {one.pid}"}
    one.end()
    one.check_over()


@pytest.mark.parametrize("how", ["fork", "spawned", "pool"])
def test_a_child_that_lives_longer(program: type[Program], how: str) -> None:
    """It must not keep the daemon: neither a worker of a pool nor a program that was started."""
    code = {
        "fork": "child = os.fork() or time.sleep(600)",
        "spawned": "import subprocess; child = subprocess.Popen(['sleep', '600']).pid",
        "pool": """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
pool = ProcessPoolExecutor(1, get_context("fork"))
child = pool.submit(os.getpid).result()
""",
    }
    one = program(code[how] + "\nprint(child, flush=True)\nsys.stdin.read()")
    child = int(one.line())
    try:
        os.kill(one.process.pid, signal.SIGKILL)
        one.process.wait(PATIENCE)
        assert how == "pool" or life(child)  # the pool's worker sees that its queue has ended
        one.check_over()
    finally:
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass


def test_the_thread_that_served_ends(folder: Path) -> None:
    served: list[shmpub.Served] = []
    thread = threading.Thread(target=lambda: served.append(shmpub.serve({"a": "data/1.csv"}, 0.02)))
    thread.start()
    thread.join()
    write(folder / "data/1.csv", "a\n1\n")
    until(lambda: list(served[0].a.df.columns) == ["a"])
    served[0].close()


def test_the_daemon_is_killed(folder: Path) -> None:
    with shmpub.serve({"a": "data/1.csv"}) as served:
        assert served.pid is not None
        os.kill(served.pid, signal.SIGKILL)
        until(lambda: served.pid is None)
        until(lambda: served.a.state == "gone")
        assert served.a.df.shape == (1, 3)  # its last good table
        place = Path("/dev/shm", served.instance)
    for path in place.iterdir():  # what only a crash can leave
        path.unlink()
    place.rmdir()


def test_where_a_folder_has_a_pattern_s_characters(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = folder / "a[1] *? é" / ("long" * 50)
    odd.mkdir(parents=True)
    write(odd / "x.csv", "a\n1\n")
    write(odd / "y.csv", "a\n2\n")
    monkeypatch.chdir(odd)
    with shmpub.serve({"one": "x.csv", "both": "[xy].csv", "run": "exec: cat x.csv"}) as served:
        assert [list(feed.df.a) for feed in served.values()] == [[1], [1, 2], [1]]


def test_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    with shmpub.serve({"a": "~/data/1.csv"}) as served:
        assert served.a.df.shape == (1, 3)


def test_another_user_s_instance(folder: Path, directory: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    (directory / "theirs").mkdir()
    os.chown(directory / "theirs", 12345, -1)
    with pytest.raises(shmpub.DaemonError, match="theirs belongs to user 12345, not to 0"):
        shmpub.serve({"a": "data/1.csv"}, instance="theirs", directory=directory)


def test_a_program_that_is_no_daemon(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = folder / "shmpubd"
    for text, words in [
        ("#!/bin/sh\nexit 0\n", "ended without a word"),
        ("#!/bin/sh\necho \"shmpubd: what is '--until-eof'?\" >&2; exit 2\n", "older than this"),
        ("no program\n", "can't be run: Exec format error"),
    ]:
        write(fake, text)
        fake.chmod(0o755)
        monkeypatch.setenv("SHMPUB_DAEMON", str(fake))
        with pytest.raises(shmpub.DaemonError, match=words):
            shmpub.serve({"a": "data/1.csv"})


def test_an_interrupt_while_it_starts(folder: Path) -> None:
    """A source that hangs makes the start long: Ctrl-C then ends the daemon as well."""
    code = """
import os, shmpub, signal, threading
from pathlib import Path
def interrupt():
    import time
    while not (found := list(Path("/dev/shm").glob(f"py-{os.getpid()}-*"))):
        time.sleep(0.01)
    print(found[0].name)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    shmpub.serve({"a": "exec: sleep 30"})
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    name, word = done.stdout.split()
    assert word == "interrupted"
    assert not Path("/dev/shm", name).exists()


def test_a_notebook(folder: Path) -> None:
    """A real kernel: it serves, is interrupted in a cell, reads on, and is killed."""
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                "import shmpub\nfeeds = shmpub.serve({'quotes': 'data/1.csv'}, 0.02)\n"
                "print(feeds.pid, feeds.instance)"
            ),
            nbformat.v4.new_code_cell(
                "import os, signal\n"
                "try:\n    os.killpg(os.getpgrp(), signal.SIGINT); import time; time.sleep(60)\n"
                "except KeyboardInterrupt:\n    print(feeds.quotes.df.shape, feeds.pid)"
            ),
        ]
    )
    runner = client.NotebookClient(book, timeout=PATIENCE, resources={"metadata": {"path": folder}})
    with runner.setup_kernel():
        runner.execute_cell(book.cells[0], 0)
        pid, instance = book.cells[0].outputs[0].text.split()
        runner.execute_cell(book.cells[1], 1)
        assert book.cells[1].outputs[0].text == f"(1, 3) {pid}\n"
        assert life(int(pid))
        kernel = runner.km.provisioner.process
        os.kill(kernel.pid, signal.SIGKILL)
        until(lambda: not life(int(pid)))
        assert not Path("/dev/shm", instance).exists()
