"""The same sources, the same commands: programs of Windows say what those of Linux say.

Both daemons read the same bytes; what is compared is every output and every status, but for times
and the place of the instance. The programs of Linux are those of build/release.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from daemons import SHMPUB, Daemon
from wine import PATIENCE, ROOT, Wine, until

LINUX = ROOT / "build" / "release"

pytestmark = pytest.mark.skipif(
    not (LINUX / "cli" / "shmpub").exists(), reason="needs the preset release"
)

SOURCES: dict[str, str | bytes] = {
    "plain": "a,b\r\n1,x\r\n2,y\r\n",
    "quotes": 'time,price,text\n2026-01-02 10:00,1.25,"a, ""b"""\n2026-01-03 11:30,,"two\nlines"\n',
    "world": "Straße,漢字,🚀\nÄrger,株価,ü\n,データ,é\n",
    "wide": ",".join(f"c{n}" for n in range(300)) + "\n" + ",".join(map(str, range(300))) + "\n",
    "long": "n,half,text\n" + "".join(f"{n},{n / 2},t{n}\n" for n in range(5000)),
    "numbers": "i,f,e,b\n-1,0.1,1e-300,True\n9223372036854775807,1e22,inf,False\n0,-0.0,nan,True\n",
    "broken": "a,b\n1,2\n1,2,3\n",
}
OPTIONS = {
    "quotes": "index_col = time\nparse_dates = time\ndtype.text = category",
    "numbers": "dtype.b = bool",
}
FEEDS = {
    **{name: f"source = {name}.csv\n{OPTIONS.get(name, '')}" for name in SOURCES},
    "none": "source = none.csv",
}

# Behind -i and -d.
COMMANDS = [
    *[["cat", name, "--format", "json"] for name in ("quotes", "world", "numbers")],
    ["cat", "long", "--head", "7"],
    *[["info", name] for name in ("quotes", "world", "broken", "none")],
    ["info", "numbers", "--json"],
    ["ls"],
    ["ls", "--json"],
    ["verify"],
    ["verify", "broken"],
    ["health"],
    ["health", "plain", "quotes"],
    ["metrics"],
    ["cat", "plian"],
    ["cat"],
    ["cat", "plain", "--format", "xml"],
    ["dog"],
    ["watch", "nobody"],
    [],
]


class Linux:
    """The daemon of Linux over the same folder, with an instance and memory of its own."""

    def __init__(self, folder: Path, instance: str) -> None:
        self.memory = Path(tempfile.mkdtemp(prefix="shmpub-windows-", dir="/dev/shm"))
        self.ini = folder / "linux.ini"
        text = f"[daemon]\ninstance = {instance}\ndirectory = {self.memory}\n"
        text += "".join(f"[feed {name}]\n{lines}\n" for name, lines in FEEDS.items())
        self.ini.write_text(text, encoding="utf-8")
        self.place = ["-i", instance, "-d", str(self.memory)]
        self.process = subprocess.Popen(
            [LINUX / "daemon" / "shmpubd", "-c", self.ini.name],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, *arguments: str) -> tuple[int, bytes, bytes]:
        command = [LINUX / "cli" / "shmpub", *self.place, *arguments]
        run = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
        return run.returncode, run.stdout, run.stderr

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        shutil.rmtree(self.memory)


@pytest.fixture(scope="module")
def windows(wine: Wine) -> Iterator[Daemon]:
    d = Daemon(wine, wine.drive / "as linux")
    for name, text in SOURCES.items():
        d.source(f"{name}.csv", text)
        os.utime(d.folder / f"{name}.csv", (1_700_000_000, 1_700_000_000))
    d.configure(FEEDS)
    yield d.start(d.ini.name)
    if d.process is not None:
        d.kill()


@pytest.fixture(scope="module")
def linux(windows: Daemon) -> Iterator[Linux]:
    linux = Linux(windows.folder, windows.instance)
    until(lambda: linux.run("info", "long")[0] == 0 and linux.run("ls")[1].count(b"failing") == 2)
    yield linux
    linux.end()


# What differs from run to run, or with the place.
TIMES = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?"
VARYING = [
    (TIMES, "TIME"),
    (r"in epoch [0-9a-f]{16}", "in epoch E"),
    (r"\b\d+d \d+h\b|\b\d+(\.\d+)?( ?[num]?s|m \d+s|h \d+m)\b", "SPAN"),
    (r"(error \d+ \([^)]*\)|No such file or directory)", "NOT THERE"),
    (r"\d+(\.\d+)? k?B\b(?! of CSV)", "SIZE"),  # the times are in it
    (r"\d+, of them \d+ unchanged, \d+ failed", "COUNTS"),
    (r"(?m)^ *\d+(?=  +SPAN ago)", "COUNT"),  # of an error: a failing source is tried again
]
VARYING_KEYS = re.compile(
    r"(epoch|bytes|refreshes|unchanged|.*failures|(read|parse|published|last_attempt)_ns|.*age_s|error)$"
)


def plain(text: str, place: str) -> list[str]:
    """Without what varies; columns of a table are as wide as what stands in them."""
    text = text.replace(place, "PLACE")
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return [re.sub(r"  +", "  ", line).rstrip() for line in text.splitlines()]


def told(output: str) -> list[list[tuple[str, object]]]:
    """JSON with the keys in their order, and the values that do not vary."""
    rows = [json.loads(line) for line in output.splitlines()]
    return [
        [(key, None if VARYING_KEYS.match(key) else value) for key, value in row.items()]
        for row in rows
    ]


def names_of(metrics: str) -> list[str]:
    return [
        line if line.startswith("#") else line.rsplit(" ", 1)[0] for line in metrics.splitlines()
    ]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_same_output(windows: Daemon, linux: Linux, arguments: list[str]) -> None:
    place = ["-i", windows.instance, "-d", windows.directory]
    run = windows.wine.run(SHMPUB, *place, *arguments)
    status, out, err = (
        part.decode() if isinstance(part, bytes) else part for part in linux.run(*arguments)
    )
    assert run.returncode == status, (run, out, err)
    if arguments[:1] == ["metrics"]:
        assert names_of(run.stdout) == names_of(out)
    elif "--json" in arguments:
        assert told(run.stdout) == told(out)
    elif arguments[:1] == ["cat"]:
        assert run.stdout == out
    else:
        assert plain(run.stdout, windows.directory) == plain(out, str(linux.memory))
    if arguments:  # what it says of its use names the system's defaults
        assert plain(run.stderr, windows.directory) == plain(err, str(linux.memory))


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "broken"])
def test_same_table(windows: Daemon, linux: Linux, name: str) -> None:
    """CSV as bytes, line ends as they are; the snapshot holds times, so an equal frame."""
    place = ["-i", windows.instance, "-d", windows.directory]
    for how in ("csv", "arrow"):
        arguments = ["cat", name, "--format", how]
        run = subprocess.run(
            windows.wine.command(SHMPUB, *place, *arguments),
            env=windows.wine.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        out = linux.run(*arguments)[1]
        if how == "csv":
            assert run.stdout == out
        else:
            here, there = (pd.read_feather(io.BytesIO(data)) for data in (out, run.stdout))
            pd.testing.assert_frame_equal(there, here)
