"""What the README and the how-tos show, run as it stands there.

Blocks are marked `<!-- test: NAME -->`. Only names that must be one's own on a machine that runs
several tests are replaced: the instance, paths, segments.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pandas as pd
import pytest
from programs import BUILD

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"<!-- test: ([\w-]+) -->\n```\w+\n(.*?)```", re.DOTALL)
HOW_TO = [ROOT / "docs/start.md", *sorted((ROOT / "docs/how-to").glob("*.md"))]
BLOCKS = {
    name: block
    for page in [ROOT / "README.md", *HOW_TO]
    for name, block in BLOCK.findall(page.read_text(encoding="utf-8"))
}

QUOTES = dedent("""\
    time,symbol,bid,ask
    2024-03-01T09:30:00.001,AAPL,180.25,180.27
    2024-03-01T09:30:00.420,MSFT,415.5,415.62
    2024-03-01T09:30:01.007,AAPL,180.26,180.28
    """)


class Instance:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"pages-{secrets.token_hex(4)}"
        self.process: subprocess.Popen[bytes] | None = None

    def serve(self, ini: str) -> None:
        path = self.folder / "shmpubd.ini"
        path.write_text(ini, encoding="utf-8")
        log = self.folder / "log"
        with open(log, "wb") as out:
            self.process = subprocess.Popen([BUILD / "daemon/shmpubd", "-c", path], stderr=out)
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            listed = self.cli("ls", "--json")
            if listed.returncode == 0 and b'"fresh"' in listed.stdout:
                return
            time.sleep(0.05)
        pytest.fail(f"nothing was published: {log.read_text()}")

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [BUILD / "cli/shmpub", "-i", self.name, *arguments]
        return subprocess.run(command, capture_output=True)

    def python(self, code: str, *more: str) -> str:
        environment = os.environ | {"SHMPUB_INSTANCE": self.name}
        source = "\n".join([code, *more])
        done = subprocess.run(
            [sys.executable, "-c", source], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, script: str) -> str:
        """Run a script as somebody would who has the programs in PATH."""
        environment = os.environ | {
            "SHMPUB_INSTANCE": self.name,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        done = subprocess.run(
            ["sh", "-ec", script], env=environment, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        return done.stdout

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    made = Instance(tmp_path)
    yield made
    if made.process is not None:
        assert made.stop() == 0
    made.cli("down")  # what a failed test may have left
    shared = Path("/dev/shm", made.name)
    left = [path.name for path in shared.glob("*")]
    shutil.rmtree(shared, ignore_errors=True)
    assert left in ([], ["lock"])


@pytest.fixture
def quotes(instance: Instance) -> Instance:
    source = instance.folder / "quotes.csv"
    source.write_text(QUOTES, encoding="utf-8")
    ini = BLOCKS["ini"].replace("/data/quotes.csv", str(source))
    instance.serve(ini.replace("= shmpub\n", f"= {instance.name}\n"))
    return instance


@pytest.fixture
def five_minutes(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """The folder with the sources, and the programs in PATH as pip would have put them there."""
    programs = instance.folder / "bin"
    (instance.folder / "data").mkdir()
    programs.mkdir()
    (instance.folder / "data/1.csv").write_text(QUOTES, encoding="utf-8")
    (programs / "shmpub").symlink_to(BUILD / "cli/shmpub")
    (programs / "shmpubd").symlink_to(BUILD / "daemon/shmpubd")
    (programs / "python").symlink_to(sys.executable)
    monkeypatch.chdir(instance.folder)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(instance.folder))
    monkeypatch.delenv("SHMPUB_DAEMON", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    return instance


def test_serve(five_minutes: Instance) -> None:
    out = five_minutes.python(BLOCKS["serve"], "print(feeds.quotes.df.shape, feeds.quotes.state)")
    assert out == "(3, 4) fresh\n"


def test_up(five_minutes: Instance) -> None:
    out = five_minutes.shell(BLOCKS["up"])
    assert "2024-03-01 09:30:00.420" in out
    assert re.search(r"^data +fresh +1 +3 +4 ", out, re.M)
    assert out.endswith(f"instance {five_minutes.name}: stopped\n")


def test_the_notebook(quotes: Instance) -> None:
    out = quotes.python(BLOCKS["notebook"], "print(df.to_json(), df.dtypes['symbol'])")
    assert out.startswith("1 ")
    assert '"bid":{"1709285400001":180.25' in out
    assert out.rstrip().endswith("category")


def test_a_reader_without_our_client(quotes: Instance) -> None:
    code = BLOCKS["plain"].replace("/dev/shm/shmpub/", f"/dev/shm/{quotes.name}/")
    out = quotes.python(code.replace("pd.read_feather", "print(pd.read_feather").rstrip() + ")")
    assert "180.26" in out
    assert "MSFT" in out


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        (("ls",), b"quotes"),
        (("cat", "quotes", "--head", "5"), b"2024-03-01"),
        (("cat", "quotes", "--format", "json"), b"180.26"),
        (("cat", "quotes", "--format", "arrow"), b"ARROW1"),
    ],
)
def test_the_commands(quotes: Instance, arguments: tuple[str, ...], want: bytes) -> None:
    done = quotes.cli(*arguments)
    assert done.returncode == 0, done.stderr
    assert want in done.stdout


def test_check_judges_the_file(instance: Instance) -> None:
    ini = instance.folder / "shmpubd.ini"
    for text, status in ((BLOCKS["ini"], 0), (BLOCKS["ini"] + "intervall = 1s\n", 1)):
        ini.write_text(text, encoding="utf-8")
        command = [BUILD / "daemon/shmpubd", "-c", ini, "--check"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        told = f"{ini}:{text.count(chr(10))}: unknown key 'intervall'" in done.stderr
        assert told == bool(status)


def test_publishing_from_cpp(instance: Instance) -> None:
    source, program = instance.folder / "mine.cpp", instance.folder / "mine"
    source.write_text(BLOCKS["cpp"].replace('"mine"', f'"{instance.name}"'), encoding="utf-8")
    library = BUILD / "lib"
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}"]
    flags += ["-fsanitize=address,undefined"] if BUILD.name == "asan-ubsan" else []
    linked = [f"-L{library}", "-lshmpub", f"-Wl,-rpath,{library}"]
    subprocess.run(["c++", *flags, source, *linked, "-o", program], check=True)
    with subprocess.Popen([program], stdin=subprocess.PIPE) as publisher:
        code = (
            BLOCKS["cpp-reader"].replace('"mine"', f'"{instance.name}"').replace("print(", "len(")
        )
        out = instance.python(code, "print(feed.df.to_csv(index=False), end='')")
        assert publisher.stdin is not None
        publisher.stdin.write(b"\n")
        publisher.stdin.close()
    assert publisher.returncode == 0
    assert out == "index,a,b\n0,1,2.5\n1,3,4.5\n"


def test_the_readers_that_know_nothing_of_us(instance: Instance) -> None:
    names = {name: f"{name}-{instance.name}" for name in ("shared_memory1", "stock_ids")}
    ini, code = BLOCKS["article-ini"], BLOCKS["article"]
    for name, own in names.items():
        ini, code = ini.replace(name, own), code.replace(name, own)
    stocks = "row,id,price\n0,1,10.5\n1,2,20\n2,300001,30\n3,688001,40\n"
    (instance.folder / "stocks.csv").write_text(stocks, encoding="utf-8")
    instance.serve(f"[daemon]\ninstance = {instance.name}\n\n{ini}")
    out = instance.python(code, "print(ids.tolist()); print(df.to_csv(), end='')", "del ids")
    ids, _, text = out.partition("\n")
    assert ids == "[1, 2, 300001, 688001]"
    assert text == pd.read_csv(instance.folder / "stocks.csv", index_col=0).to_csv()
    assert instance.stop() == 0
    assert not [name for name in names.values() if Path("/dev/shm", name).exists()]


def test_every_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]
    pages += ROOT.glob("client-py/*.md")
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not missing
