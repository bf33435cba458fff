"""The programs in examples/ on Windows, and a CPython for it that reads what they publish."""

from __future__ import annotations

import math
import re
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from interpreter import Interpreter
from wine import BUILD, PATIENCE, PYTHON, Wine

EXAMPLES = BUILD / "examples"


@contextmanager
def running(wine: Wine, name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        wine.command(str(EXAMPLES / f"{name}.exe"), *arguments),
        env=wine.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield process
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def line_of(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout
    return process.stdout.readline().decode().rstrip("\r\n")


def again(process: subprocess.Popen[bytes]) -> str:
    assert process.stdin
    process.stdin.write(b"\n")
    process.stdin.flush()
    return line_of(process)


@pytest.fixture(scope="module")
def reader(wine: Wine) -> Iterator[Interpreter]:
    if not PYTHON.exists():
        pytest.skip("needs scripts/setup-windows")
    interpreter = Interpreter(wine)
    interpreter.do("import shmpub")
    yield interpreter
    interpreter.end()


@pytest.fixture
def instance() -> str:
    return f"example-{uuid.uuid4().hex[:12]}"


def test_article(wine: Wine, reader: Interpreter, instance: str) -> None:
    with running(wine, "example_article", instance) as process:
        line_of(process)
        assert line_of(process) == "stocks 1"
        reader.do(f"feed = shmpub.subscribe('stocks', instance={instance!r})")
        reader.do("first = feed.df")
        assert reader.value("first.index.name") == "symbol"
        assert reader.value("first.price.tolist()") == [223.02, 560.19, 125.79, 28.8]
        assert again(process) == "stocks 2"
        assert reader.value("feed.df.loc['MSFT'].tolist()") == [29.05, 4000.0]
        assert reader.value("first.loc['MSFT'].tolist()") == [28.8, 3000.0]


def test_share(wine: Wine, reader: Interpreter, instance: str) -> None:
    """The counterpart of the article's writer: the file stays free for whoever writes it."""
    source = wine.drive / "quotes.csv"
    source.write_text("time,price\n2024-01-01,1.5\n2024-01-02,\n")
    path = wine.windows_path(source)
    with running(wine, "example_share", path, "shared_memory1", instance) as process:
        line_of(process)
        assert line_of(process) == "shared_memory1 1"
        reader.do(f"feed = shmpub.subscribe('shared_memory1', instance={instance!r})")
        assert reader.value("feed.df.index.tolist()") == ["2024-01-01", "2024-01-02"]
        assert wine.run("cmd", "/c", f"del {path}").returncode == 0
        source.write_text("time,price\n2024-01-03,2.5\n")
        assert again(process) == "shared_memory1 2"
        assert reader.value("feed.df.price.tolist()") == [2.5]


def test_reader(wine: Wine, instance: str) -> None:
    with running(wine, "example_columns", instance) as publisher:
        line_of(publisher)
        assert line_of(publisher) == "measured 1"
        with running(wine, "example_reader", "measured", instance, "auto", "2") as reader:
            assert line_of(reader) == "measured 1: 6 rows"
            lines = [line_of(reader) for _ in range(4)]
            match = re.fullmatch(r"  value: 1 missing, sum (.*)", lines[2])
            assert match and float(match[1]) == pytest.approx(
                sum(math.sin(i) for i in (0, 1, 2, 3, 5))
            )
            again(publisher)
            assert line_of(reader) == "measured 2: 6 rows"


def test_no_file(wine: Wine, instance: str) -> None:
    run = wine.run(str(EXAMPLES / "example_share.exe"), "C:\\none.csv", "x", instance)
    assert run.returncode == 1
    assert "C:\\none.csv: cannot be read" in run.stderr
