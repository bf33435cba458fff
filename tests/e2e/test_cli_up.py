"""shmpub up and down: CSV files are served as the user who calls it, without a configuration."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import shmpub
from conftest import PATIENCE, SHMPUB, SHMPUBD, run_shmpubd, until
from processes import state_of


class User:
    """A plain user: a home, files, a private place in shared memory."""

    def __init__(self, home: Path, shm: Path) -> None:
        self.home, self.shm = home, shm
        self.instance = f"e2e-{uuid.uuid4().hex[:12]}"
        self.state = home / ".local/state/shmpub"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "SHMPUB_"))},
            "HOME": str(home),
            "SHMPUB_DAEMON": str(SHMPUBD),
            "SHMPUB_INSTANCE": self.instance,
            "SHMPUB_DIRECTORY": str(shm),
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
        }
        self.write("quotes.csv", "a,b\n1,2\n")

    def write(self, name: str, text: str) -> Path:
        path = self.home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SHMPUB), *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            env={**self.environment, **more},
        )

    def good(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def feed(self, name: str) -> shmpub.Feed:
        return shmpub.subscribe(name, instance=self.instance, directory=self.shm)


@pytest.fixture
def user(tmp_path: Path, shm: Path) -> Iterator[User]:
    one = User(tmp_path, shm)
    yield one
    one.run("down")


def pid_in(text: str) -> int:
    return int(re.findall(r"^process (\d+), log: ", text, re.M)[0])


def test_detached(user):
    user.write("data/1.csv", "a\n1\n")
    user.write("data/2.csv", "a\n2\n")
    began = time.monotonic()
    told = user.good("up", "quotes.csv", "data/*.csv", "--interval", "20ms", "--detach")
    assert (
        time.monotonic() - began < 9
    )  # not the ten seconds after which the daemon is ready anyway
    assert user.feed("quotes").df.shape == (1, 2)
    assert list(user.feed("data").df.a) == [1, 2]
    pid = pid_in(told)
    config, log = user.state / f"{user.instance}.ini", user.state / f"{user.instance}.log"
    assert told.startswith(f"configuration: {config}\nprocess {pid}, log: {log}\nread it: ")
    assert told.endswith(f"end it:        shmpub -i {user.instance} -d {user.shm} down\n")
    assert config.stat().st_mode & 0o777 == 0o600 == log.stat().st_mode & 0o777
    assert os.getsid(pid) == pid != os.getsid(0)  # a terminal that is closed does not end it
    user.write("quotes.csv", "a,b\n3,4\n")
    until(lambda: list(user.feed("quotes").df.a) == [3])
    assert user.good("down") == f"instance {user.instance}: stopped\n"
    assert state_of(pid) in ("", "Z")
    assert "asked to stop: stopping" in log.read_text()
    done = user.run("down")
    assert done.returncode == 1
    assert done.stderr == f"shmpub: no instance {user.instance} in {user.shm}\n"


def test_what_it_says_works(user):
    """The line for Python, and the one for the list."""
    told = user.good("up", "quotes.csv", "--detach")
    python = re.findall(r'^read it: +python -c "(.*)"$', told, re.M)[0]
    made: list[object] = []
    exec(python.replace("print(", "made.append("), {"made": made})
    assert made[0].shape == (1, 2)
    words = re.findall(r"^look at it: +shmpub (.*)$", told, re.M)[0].split()
    assert "quotes" in user.good(*words)


def test_in_the_foreground(user):
    process = subprocess.Popen(
        [SHMPUB, "up", "quotes.csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=user.home,
        env=user.environment,
    )
    until(lambda: user.feed("quotes").sequence)
    process.send_signal(signal.SIGINT)  # as Ctrl-C
    told, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert told.startswith(f"configuration: {user.state}/{user.instance}.ini\nread it: ")
    assert told.endswith("end it:        Ctrl-C\n")
    assert "1 feed, 1 published" in log


def test_saved(user):
    told = user.good("up", "x=quotes.csv", "--set", "dtype.a=float64", "--save", "my.ini")
    assert told == "my.ini is written: shmpub up my.ini serves it\n"
    assert not user.state.exists()
    ini = user.home / "my.ini"
    assert f"instance = {user.instance}\ndirectory = {user.shm}\n" in ini.read_text()
    assert run_shmpubd("-c", ini, "--check").returncode == 0
    before = ini.read_text()
    done = user.run("up", "quotes.csv", "--save", "my.ini")
    assert done.returncode == 1
    assert done.stderr == "shmpub: my.ini is there already: it stays as it is\n"
    assert ini.read_text() == before
    user.good("up", "my.ini", "--detach")
    assert str(user.feed("x").df.dtypes["a"]) == "float64"


def test_a_long_path(user):
    """Longer than a line of an ini file may be."""
    name = "/".join(["é" * 60, "a;b (c=d) =" + "x" * 100, "y y" * 40]) + "/q.csv"
    (user.home / name).parent.mkdir(parents=True)
    user.write(name, "a\n1\n")
    user.good("up", f"long={name}", "--detach")
    assert list(user.feed("long").df.a) == [1]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("quotes.csv", "quotes"),
        ("./quotes.csv.gz", "quotes"),
        ("/data/my quotes (2).csv", "my_quotes__2_"),
        ("quotes-*.csv", "quotes"),
        ("data/*.csv", "data"),
        ("data/2024-*/q_*.csv", "q"),
        ("data/????/*.csv", "data"),
        ("other=data/*.csv", "other"),
        ("a=exec:echo a", "a"),
        ("b=https://example.org/x.csv?y=z", "b"),
        ("-x-.csv", "_x"),
    ],
)
def test_names(user, word, name):
    if "*" not in word and "?" not in word and ":" not in word and word[0] != "/":
        user.write(word.rpartition("/")[2], "a\n1\n")
    if word[0] == "/":
        word = f"{user.write('my quotes (2).csv', 'a')}"
    user.good("up", "--save", "x.ini", "--", word)
    assert re.findall(r"^\[feed (.*)\]$", (user.home / "x.ini").read_text(), re.M) == [name]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["up"], 2, "which CSV files, or which configuration"),
        (["up", "a.ini", "quotes.csv"], 2, "a.ini: a configuration stands alone"),
        (["up", "a.ini", "--save", "b.ini"], 2, "go with CSV files: a.ini says all that"),
        (["up", "none.csv"], 1, "none.csv: No such file or directory"),
        (["up", "none.ini", "--detach"], 1, "none.ini: No such file or directory"),
        (["up", "exec:ls"], 1, "a name is wanted before it: NAME=exec:ls"),
        (["up", "*.csv"], 1, "what shall the feed be called? Write NAME=*.csv"),
        (["up", "quotes.csv", "./quotes.csv"], 1, "would both be the feed quotes"),
        (["up", "quotes.csv", "--set", "x"], 2, "--set wants KEY=VALUE"),
        (["up", "quotes.csv", "--interval", "soon"], 2, "--interval wants a duration"),
        (["up", "quotes.csv", "--set", "a=x ;y"], 1, "a ';' after a blank cannot stand"),
        (["up", "quotes.csv", "--set", "a=x\ny"], 1, "a control character cannot stand"),
        (["up", "quotes.csv", "--set", "dtpye=str", "--detach"], 1, "did you mean 'dtype'?"),
        (["up", "quotes.csv", "-i", "a b"], 2, 'instance name "a b": 1 to 40'),
        (["up", "quotes.csv", "--head", "3"], 2, "up takes "),
        (["down", "x"], 2, "down takes nothing"),
        (["ls", "--detach"], 2, "ls takes "),
    ],
)
def test_refused(user, arguments, status, words):
    done = user.run(*arguments)
    assert done.returncode == status
    assert words in done.stderr
    assert not list(user.shm.glob("*/catalog"))


def test_the_instance_is_served(user):
    told = user.good("up", "quotes.csv", "--detach")
    before = (user.state / f"{user.instance}.ini").read_text()
    user.write("other.csv", "a\n1\n")
    done = user.run("up", "other.csv", "--detach")
    assert done.returncode == 1
    assert f'process {pid_in(told)} publishes there: "shmpub down" ends it' in done.stderr
    assert (user.state / f"{user.instance}.ini").read_text() == before
    assert user.feed("quotes").state == "fresh"


def test_after_a_kill(user):
    pid = pid_in(user.good("up", "quotes.csv", "--detach"))
    os.kill(pid, signal.SIGKILL)
    until(lambda: state_of(pid) in ("", "Z"))
    done = user.run("down")
    assert done.returncode == 1
    assert "publisher gone" in done.stderr
    assert pid_in(user.good("up", "quotes.csv", "--detach")) != pid


def test_where_the_state_is(user):
    elsewhere = user.home / "state"
    assert user.run("up", "quotes.csv", "--detach", XDG_STATE_HOME=str(elsewhere)).returncode == 0
    assert (elsewhere / "shmpub" / f"{user.instance}.ini").exists()
    assert not user.state.exists()
    done = user.run("up", "quotes.csv", "-i", "other", HOME="")
    assert done.returncode == 1
    assert done.stderr.startswith("shmpub: HOME is not set")


def test_which_daemon(user, tmp_path):
    done = user.run("up", "quotes.csv", SHMPUB_DAEMON="/none")
    assert done.returncode == 1
    assert done.stderr == "shmpub: SHMPUB_DAEMON is /none, which is no program\n"
    done = user.run("up", "quotes.csv", SHMPUB_DAEMON="", PATH="")
    assert done.returncode == 1
    assert 'pip install "shmpub[daemon]" brings it' in done.stderr
    folder = str(SHMPUBD.parent)
    done = user.run("up", "quotes.csv", "--detach", SHMPUB_DAEMON="", PATH=f"/none:{folder}")
    assert done.returncode == 0


def test_down_is_for_the_owner(daemon):
    """A daemon that was not started by `up`; and whoever may not ask is refused."""
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv"})
    d.start()
    place = [str(SHMPUB), "-i", d.instance, "-d", str(d.shm)]
    if os.geteuid() == 0:
        done = subprocess.run(
            [*place, "--owner", "0", "down"],
            capture_output=True,
            text=True,
            user=65534,
            group=65534,
        )
        assert done.returncode == 1
        assert "only its owner and root may ask its daemon" in done.stderr
        assert d.feed("a").state == "fresh"
    done = subprocess.run([*place, "down"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"instance {d.instance}: stopped\n")
    assert d.wait() == 0


def test_a_service_is_pips(user: User) -> None:
    """This program, started by itself, says who can make one."""
    done = user.run("service", "install", "quotes.csv")
    assert done.returncode == 2 and "the command that pip makes of shmpub-daemon" in done.stderr
    done = user.run("-i", "x", "service", "install")
    assert done.returncode == 2 and "service comes first: shmpub service" in done.stderr
