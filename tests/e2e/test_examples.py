"""The programs in examples/, run as their comments say, and what libshmpub.so shows the world."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow.feather as feather
import pytest
from programs import BUILD, ROOT


@pytest.fixture
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="shmpub-examples-", dir="/dev/shm"))
    yield path
    shutil.rmtree(path)


@contextmanager
def running(name: str, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [BUILD / "examples" / name, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
        process.communicate()
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().rstrip("\n")


def again(process: subprocess.Popen[str]) -> str:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
    return line_of(process)


def test_article(directory: Path) -> None:
    """C++ hands CSV text over; pandas reads the snapshot with no code of ours."""
    with running("example_article", "article", directory) as process:
        line_of(process)
        assert line_of(process) == "stocks 1"
        frame = pd.read_feather(directory / "article" / "stocks.arrow")
        assert frame.index.name == "symbol"
        assert frame.to_dict("list") == {
            "price": [223.02, 560.19, 125.79, 28.8],
            "volume": [0, 1000, 2000, 3000],
        }
        assert again(process) == "stocks 2"
        newer = pd.read_feather(directory / "article" / "stocks.arrow")
        assert newer.loc["MSFT"].to_dict() == {"price": 29.05, "volume": 4000}
        assert frame.loc["MSFT"].to_dict() == {"price": 28.8, "volume": 3000}
    assert not (directory / "article" / "stocks.arrow").exists()


def test_columns(directory: Path) -> None:
    with running("example_columns", "columns", directory) as process:
        line_of(process)
        assert line_of(process) == "measured 1"
        table = feather.read_table(directory / "columns" / "measured.arrow")
        table.validate(full=True)
        frame = pd.read_feather(directory / "columns" / "measured.arrow")
        assert frame.index[0] == pd.Timestamp("2026-01-01", tz="UTC")
        assert list(frame.station.astype(str)) == ["north", "south"] * 3
        assert list(frame.is_checked) == [True, False, True, False, True, False]
        assert [v for v in frame.value if not math.isnan(v)] == [
            math.sin(i) for i in (0, 1, 2, 3, 5)
        ]
        assert math.isnan(frame.value.iloc[4])
        assert again(process) == "measured 2"


def test_reader(directory: Path) -> None:
    with running("example_columns", "columns", directory) as publisher:
        line_of(publisher)
        assert line_of(publisher) == "measured 1"
        with running("example_reader", "measured", "columns", directory, "2") as reader:
            assert line_of(reader) == "measured 1: 6 rows"
            assert line_of(reader) == "  time: 0 missing"
            assert line_of(reader) == "  station: 0 missing, 2 categories"
            match = re.fullmatch(r"  value: 1 missing, sum (.*)", line_of(reader))
            assert match and float(match[1]) == pytest.approx(
                sum(math.sin(i) for i in (0, 1, 2, 3, 5))
            )
            line_of(reader)
            again(publisher)
            assert line_of(reader) == "measured 2: 6 rows"


def test_share(directory: Path, tmp_path: Path) -> None:
    """The writer of shmpub's origin, the article: it shares a file, again when it has changed."""
    source = tmp_path / "quotes.csv"
    source.write_text("time,price\n2024-01-01,1.5\n2024-01-02,\n")
    with running("example_share", source, "quotes", "share", directory) as process:
        line_of(process)
        assert line_of(process) == "quotes 1"
        frame = pd.read_feather(directory / "share" / "quotes.arrow")
        assert frame.index.name == "time" and frame.price.iloc[0] == 1.5
        source.write_text("time,price\n2024-01-03,2.5\n")
        assert again(process) == "quotes 2"
        newer = pd.read_feather(directory / "share" / "quotes.arrow")
        assert list(newer.index) == ["2024-01-03"] and list(newer.price) == [2.5]


# What Reader.cs finds by its name on Windows has a path here: Mono on Linux has no named sections.
BY_PATH = """
using System;
using System.IO;
using System.IO.MemoryMappedFiles;

static class ByPath
{
	static UnmanagedMemoryAccessor Open(string path)
	{
		return MemoryMappedFile.CreateFromFile(
			File.OpenRead(path), null, 0, MemoryMappedFileAccess.Read,
			HandleInheritability.None, false
		).CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
	}

	static void Main(string[] args)
	{
		var catalog = Open(args[0] + "/catalog");
		Console.WriteLine(catalog.ReadUInt64(Reader.FindSlot(catalog, args[1]) + 56));
		string path = args[0] + "/" + args[1] + ".arrow";
		var snapshot = Open(path);
		string record = Reader.Record(snapshot, new FileInfo(path).Length);
		Reader.PrintMeans(snapshot, record, 6, 2);
	}
}
"""


@pytest.mark.skipif(shutil.which("mcs") is None, reason="needs mono-mcs")
def test_reader_in_c_sharp(directory: Path, tmp_path: Path) -> None:
    """Reader.cs compiles and reads an instance; finding one as on Windows cannot be tested here."""
    (tmp_path / "by_path.cs").write_text(BY_PATH)
    source = ROOT / "examples" / "windows" / "Reader.cs"
    program = tmp_path / "reader.exe"
    options = ["-warn:4", "-warnaserror", "-main:ByPath", f"-out:{program}"]
    subprocess.run(["mcs", *options, source, tmp_path / "by_path.cs"], check=True)
    with running("example_columns", "columns", directory) as publisher:
        line_of(publisher), line_of(publisher)
        output = subprocess.run(
            ["mono", program, directory / "columns", "measured"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
    assert output[0] == "1"
    match = re.fullmatch(r"column 0 of float64: 5 values, mean (.*)", output[1])
    assert match and float(match[1]) == pytest.approx(sum(math.sin(i) for i in (0, 1, 2, 3, 5)) / 5)


def test_a_second_publisher_is_told(directory: Path) -> None:
    with running("example_columns", "columns", directory) as process:
        line_of(process), line_of(process)
        other = subprocess.run(
            [BUILD / "examples" / "example_columns", "columns", directory],
            capture_output=True,
            text=True,
        )
        assert other.returncode == 1
        assert str(process.pid) in other.stderr


def test_library_shows_its_interface_only() -> None:
    """Every name of the public headers, and nothing else, is exported."""
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", BUILD / "lib" / "libshmpub.so"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = {line.split()[-1] for line in listing.splitlines()}
    names = {n for n in names if not n.startswith(("__", "_init", "_fini"))}  # the sanitizers' own
    headers = "".join(path.read_text() for path in (ROOT / "include" / "shmpub").glob("*.h"))
    declared = set(re.findall(r"SHMPUB_API[^;]*?\b(shmpub_\w+)\(", headers))
    assert names == declared
    assert len(declared) > 20
