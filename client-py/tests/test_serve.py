"""serve(): a daemon of this process's own, with its feeds."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import IS_WINDOWS
from serving import PROGRAM, folder, until, write
from test_frame import assert_same

import shmpub
from shmpub import _server

__all__ = ["folder"]  # a fixture

SOURCE = "time,bid,symbol\n2024-03-01T09:30,180.25,AAPL\n"


def test_a_pattern(folder: Path) -> None:
    served = shmpub.serve({"quotes": "data/*.csv"}, interval="1s")
    try:
        assert served.quotes.sequence == 1  # it has been read when the call returns
        expected = pd.concat([pd.read_csv(f"data/{n}.csv") for n in (1, 2)], ignore_index=True)
        assert_same(served["quotes"].df, expected)
        assert served.quotes.state == "fresh"
        assert list(served) == ["quotes"]
        assert len(served) == 1
        assert "quotes" in served
        assert "quotes" in dir(served)
        assert repr(served) == f"<Served {served.instance}, process {served.pid}: quotes fresh>"
        assert served.instance.startswith(f"py-{os.getpid()}-")
    finally:
        served.close()


def test_keeps_fresh(folder: Path) -> None:
    with shmpub.serve({"a": Path("data/1.csv")}, interval=0.02) as served:
        seen = served.a.sequence
        write(folder / "data/1.csv", SOURCE.replace("180.25", "190.25"))
        until(lambda: served.a.sequence > seen)
        assert list(served.a.df.bid) == [190.25]


def test_close(folder: Path) -> None:
    served = shmpub.serve({"quotes": "data/1.csv"})
    process = served._server.process
    frame = served.quotes.df
    served.close()
    assert process.poll() == 0
    assert served.pid is None
    assert served.log() == ""
    assert served.quotes.state == "gone"
    assert list(frame.bid) == [180.25]
    assert repr(served).endswith(", ended: quotes gone>")
    served.close()


def test_nothing_is_left(folder: Path, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, and no folder: neither beside other temporary files nor in shared memory."""
    (folder / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder / "tmp"))
    where = None if IS_WINDOWS else directory
    with shmpub.serve({"quotes": "data/1.csv"}, directory=where) as served:
        left = list((folder / "tmp").iterdir())
        assert not [path for path in left if path.is_dir()]
        assert served.quotes.df.shape == (1, 3)
    assert list(directory.iterdir()) == []
    # Windows removes the log when the last handle is closed, which may be after the daemon's end.
    until(lambda: list((folder / "tmp").iterdir()) == [])


def test_it_ends_when_nobody_wants_it(folder: Path) -> None:
    feed = shmpub.serve({"quotes": "data/1.csv"}).quotes
    gc.collect()
    (server,) = [s for s in _server._servers if s.place.instance == feed._place.instance]
    process = server.process
    del server
    assert process.poll() is None  # the feed keeps it
    assert feed.state == "fresh"
    name = feed._place.instance
    del feed
    gc.collect()
    until(lambda: process.poll() is not None)
    with pytest.raises(shmpub.InstanceNotFound):
        shmpub.feeds(instance=name)


def test_two_in_one_process(folder: Path) -> None:
    with shmpub.serve({"a": "data/1.csv"}) as one, shmpub.serve({"a": "data/2.csv"}) as two:
        assert one.instance != two.instance
        assert one.pid != two.pid
        assert list(one.a.df.symbol) == ["AAPL"]
        assert list(two.a.df.symbol) == ["MSFT"]


def test_feeds_of_other_options(folder: Path) -> None:
    write(folder / "x.csv", "index;v;w\na;1,5;-\nb;2,5;7\n")
    feeds: dict[str, Any] = {
        "quotes": "data/1.csv",
        "x": {
            "source": "x.csv",
            "interval": timedelta(seconds=10),
            "sep": ";",
            "decimal": ",",
            "index_col": 0,
            "na_values": {"w": ["-"]},
            "parse_dates": None,
            "dtype": None,
        },
    }
    with shmpub.serve(feeds, parse_dates=["time"], dtype={"symbol": "category"}) as served:
        assert_same(
            served.quotes.df,
            pd.read_csv("data/1.csv", parse_dates=["time"], dtype={"symbol": "category"}),
        )
        assert_same(
            served.x.df,
            pd.read_csv("x.csv", sep=";", decimal=",", index_col=0, na_values={"w": ["-"]}),
        )
        assert "interval = 10000ms" in served.config


# --- names and sharing ---------------------------------------------------------------------------


def name() -> str:
    return f"client-{os.getpid()}-{os.urandom(4).hex()}"


READER = """
import shmpub, sys
print(shmpub.subscribe("quotes", instance=sys.argv[1]).df.shape)
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_shared(folder: Path) -> None:
    with shmpub.serve({"quotes": "data/*.csv"}, instance=name()) as served:
        assert run(READER, served.instance).stdout == "(2, 3)\n"


TAKER = """
import shmpub, sys
try:
    shmpub.serve({"quotes": "data/1.csv"}, instance=sys.argv[1])
except shmpub.InstanceTaken as error:
    print(error.pid, error, sep="\\n")
"""


def test_two_processes_want_one_name(folder: Path) -> None:
    with shmpub.serve({"quotes": "data/*.csv"}, instance=name()) as served:
        done = run(TAKER, served.instance)
        pid, message = done.stdout.splitlines()
        assert int(pid) == served.pid
        assert served.instance in message
        assert f"process {served.pid} serves it" in message
        if not IS_WINDOWS:
            assert f"started by process {os.getpid()}: " in message
        assert served.quotes.state == "fresh"


def test_the_same_name_again(folder: Path) -> None:
    """A cell that is run again: the new daemon takes the place of the old one."""
    shared = name()
    first = shmpub.serve({"quotes": "data/1.csv"}, instance=shared)
    feed = first.quotes
    second = shmpub.serve({"quotes": "data/2.csv"}, instance=shared)
    assert first.pid is None
    assert list(second.quotes.df.symbol) == ["MSFT"]
    until(lambda: list(feed.df.symbol) == ["MSFT"])  # whoever has the old feed follows
    with pytest.raises(shmpub.DaemonError):
        shmpub.serve({"quotes": {"source": "data/1.csv", "settle": "never"}}, instance=shared)
    assert second.quotes.state == "fresh"  # what is refused ends nothing
    second.close()


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("feeds", "options", "kind", "words"),
    [
        ("data/1.csv", {}, TypeError, "feeds is a mapping of names to sources, not str"),
        ({}, {}, ValueError, "no feeds"),
        ({"a b": "x"}, {}, ValueError, "no feed can have the name 'a b'"),
        ({1: "x"}, {}, TypeError, "the name of a feed is a str, not int"),
        ({"a": 1}, {}, TypeError, "feed 'a', source: a path, a pattern"),
        ({"a": {}}, {}, TypeError, "feed 'a' has no source"),
        ({"a": "x"}, {"dtpye": {}}, TypeError, "no option 'dtpye'; the nearest is 'dtype'"),
        ({"a": {"source": "x", "wacth": True}}, {}, TypeError, "the nearest is 'watch'"),
        ({"a": "x"}, {"nrows": 3}, TypeError, "nothing like the option 'nrows' of pandas"),
        ({"a": "x"}, {"sep": ";", "delimiter": ";"}, TypeError, "two names of one option"),
        ({"a": "x"}, {"sep": None}, ValueError, "a delimiter is not guessed"),
        ({"a": "x"}, {"sep": "||"}, ValueError, "not one character"),
        ({"a": "x"}, {"dtype": {"v": "int8"}}, ValueError, "dtype: int8 is none of int64"),
        ({"a": "x"}, {"dtype": {"a=b": int}}, ValueError, "column 'a=b' can't be written"),
        ({"a": "x"}, {"dtype": {"v" * 50: int}}, ValueError, "longer than 49 bytes"),
        ({"a": "x"}, {"usecols": len}, TypeError, "a function can't be handed"),
        ({"a": "x"}, {"skiprows": len}, TypeError, "a function can't be handed"),
        ({"a": "x"}, {"header": [0, 1]}, TypeError, "header: an int is wanted, not list"),
        ({"a": "x"}, {"on_bad_lines": "warn"}, ValueError, "not served"),
        ({"a": "x"}, {"parse_dates": {"t": ["d", "h"]}}, TypeError, "can't be joined"),
        ({"a": "x"}, {"watch": 1}, TypeError, "True or False is wanted"),
        ({"a": "x\ny"}, {}, ValueError, "control character"),
        ({"a": "x ;y"}, {}, ValueError, "';' after a blank"),
        ({"a": "x"}, {"interval": -1}, ValueError, "-1 is no duration"),
        ({"a": "x"}, {"interval": True}, TypeError, "interval: a text such as"),
        ({"a": "x"}, {"instance": "a b"}, ValueError, "no instance can have the name 'a b'"),
        ({"a": "x"}, {"interval": "soon"}, shmpub.DaemonError, "feed 'a', interval: "),
        ({"a": "ftp://x/y"}, {}, shmpub.DaemonError, "feed 'a', source: "),
        ({"a": "x"}, {"encoding": "koi8-r"}, shmpub.DaemonError, "feed 'a', encoding: "),
    ],
)
def test_refused(
    folder: Path, feeds: Any, options: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as raised:
        shmpub.serve(feeds, **options)
    assert words in str(raised.value)
    assert "shmpubd.ini:" not in str(raised.value)  # our own file is gone by now


def test_options_that_say_nothing(folder: Path) -> None:
    options: dict[str, Any] = {"engine": "c", "low_memory": False, "nrows": None, "quoting": 0}
    with shmpub.serve({"a": "data/1.csv"}, **options) as served:
        assert served.a.df.shape == (1, 3)


def test_a_source_that_is_not_there(folder: Path) -> None:
    with pytest.warns(RuntimeWarning, match=r"(?i)feed 'late': .*late\.csv: .*no such file"):
        served = shmpub.serve({"late": "late.csv", "quotes": "data/1.csv"}, interval="20ms")
    with served:
        assert served.late.state == "failing"
        assert served.quotes.state == "fresh"
        with pytest.raises(shmpub.NotPublished, match=r"(?i)no such file"):
            _ = served.late.df
        until(lambda: "late.csv" in served.log())  # a line is written after the state is shown
        write(folder / "late.csv", SOURCE)
        assert served.late.wait(60)


def test_no_such_feed(folder: Path) -> None:
    with shmpub.serve({"quotes": "data/1.csv", "log": "data/1.csv"}) as served:
        with pytest.raises(KeyError, match="no feed 'qoutes': there are quotes, log"):
            served["qoutes"]
        with pytest.raises(AttributeError, match="no feed 'qoutes'"):
            _ = served.qoutes
        assert callable(served.log)
        assert served["log"].df.shape == (1, 3)


def test_pickling(folder: Path) -> None:
    with shmpub.serve({"quotes": "data/1.csv"}) as served:
        with pytest.raises(TypeError, match="its process's own"):
            pickle.dumps(served)
        assert pickle.loads(pickle.dumps(served.quotes)).df.shape == (1, 3)


# --- finding the program -------------------------------------------------------------------------


def test_program_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, words in [
        (folder, "a folder"),
        (folder / "none", "no such file"),
        *([] if IS_WINDOWS else [(folder / "data/1.csv", "may not run")]),
    ]:
        monkeypatch.setenv("SHMPUB_DAEMON", str(path))
        with pytest.raises(shmpub.DaemonNotFound, match=f"SHMPUB_DAEMON is .*{words}"):
            shmpub.serve({"a": "data/1.csv"})


def test_program_in_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shmpub_daemon", None)
    monkeypatch.delenv("SHMPUB_DAEMON")
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(shmpub.DaemonNotFound, match=r'pip install "shmpub\[daemon\]"'):
        shmpub.serve({"a": "data/1.csv"})
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), str(PROGRAM.parent)]))
    with shmpub.serve({"a": "data/1.csv"}) as served:
        assert served.a.df.shape == (1, 3)


def test_program_of_the_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "shmpub_daemon.py", f"def path(name):\n    return {str(PROGRAM)!r}\n")
    monkeypatch.delitem(sys.modules, "shmpub_daemon", raising=False)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delenv("SHMPUB_DAEMON")
    monkeypatch.setenv("PATH", "")
    with shmpub.serve({"a": "data/1.csv"}) as served:
        assert served.a.df.shape == (1, 3)


def test_program_of_a_package_that_lost_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "shmpub_daemon.py", "def path(name):\n    raise FileNotFoundError('lost')\n")
    monkeypatch.delitem(sys.modules, "shmpub_daemon", raising=False)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delenv("SHMPUB_DAEMON")
    with pytest.raises(shmpub.DaemonNotFound, match="lost"):
        shmpub.serve({"a": "data/1.csv"})


def test_no_warnings_at_the_end(folder: Path) -> None:
    """A process that serves and just ends: no warning about processes or files, and no daemon."""
    done = run(
        "import shmpub; s = shmpub.serve({'a': 'data/1.csv'}); print(s.instance, s.a.df.shape)"
    )
    assert done.returncode == 0
    assert done.stderr == ""
    instance, shape = done.stdout.split(maxsplit=1)
    assert shape == "(1, 3)\n"

    until(lambda: shmpub.subscribe("a", instance=instance).state == "gone")
