"""Programs that read a snapshot's file without our client, while it is replaced without pause.

A program that opens the path once has one snapshot, whole, for as long as it likes. One that
opens the path again for the same table can meet the next snapshot there; the ways around that are
tested here, and named in README.md and docs/FORMAT.md ("Programs that open a path more than once").
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as dataset
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pytest
import stress_tables

ROUNDS = 150  # reads of each way while the table is replaced
TABLES = (1, 3, 7, 10, 14)  # small and large ones, one with another number of columns

DUCKDB = duckdb.connect(config={"threads": 1})


def ipc_mapped(path: str) -> pd.DataFrame:
    with pa.memory_map(path) as file:
        return ipc.open_file(file).read_all().to_pandas()


def duckdb_over_table(path: str) -> pd.DataFrame:
    quotes = feather.read_table(path, memory_map=True)  # noqa: F841, DuckDB finds it by its name
    return DUCKDB.sql("select * from quotes").df()


def dataset_of_descriptor(path: str) -> pd.DataFrame:
    with open(path, "rb") as file:
        source = dataset.dataset(f"/proc/self/fd/{file.fileno()}", format="ipc")
        return source.to_table().to_pandas()


def polars_of_file(path: str) -> pd.DataFrame:
    with open(path, "rb") as file:
        return pl.read_ipc(file).to_pandas()


def polars_scan_of_descriptor(path: str) -> pd.DataFrame:
    with open(path, "rb") as file:
        return pl.scan_ipc(f"/proc/self/fd/{file.fileno()}").collect().to_pandas()


def polars_over_arrow(path: str) -> pd.DataFrame:
    return pl.from_arrow(feather.read_table(path, memory_map=True)).to_pandas()


SAFE: dict[str, Callable[[str], pd.DataFrame]] = {
    "pandas.read_feather": pd.read_feather,
    "pyarrow.feather": lambda path: feather.read_table(path, memory_map=True).to_pandas(),
    "pyarrow.ipc": lambda path: ipc.open_file(path).read_all().to_pandas(),
    "pyarrow.memory_map": ipc_mapped,
    "DuckDB over a pyarrow table": duckdb_over_table,
    "pyarrow.dataset of a descriptor": dataset_of_descriptor,
    "polars.read_ipc of an open file": polars_of_file,
    "polars.scan_ipc of a descriptor": polars_scan_of_descriptor,
    "polars.from_arrow": polars_over_arrow,
}


@pytest.fixture
def changing(publisher, tmp_path):
    """The path of a snapshot that another process replaces for as long as the test lasts."""
    files = [tmp_path / str(number) for number in TABLES]
    for file, number in zip(files, TABLES, strict=True):
        file.write_bytes(stress_tables.text(number))
    publisher.start("-s", str(64 << 20), f"table={files[0]}")
    assert publisher.process.stdout.readline() == "table 1\n"
    stop = threading.Event()

    def replace() -> None:
        while not stop.is_set():
            for file in files:
                publisher.tell(f"table={file}")

    thread = threading.Thread(target=replace)
    thread.start()
    yield str(publisher.directory / publisher.instance / "table.arrow")
    stop.set()
    thread.join()


@pytest.mark.parametrize("how", SAFE)
def test_whole_while_it_is_replaced(changing, how):
    for _ in range(ROUNDS):
        frame = SAFE[how](changing)
        frame["text"] = frame["text"].astype("str")
        stress_tables.check(frame)


# How often each opens the path for one table, by strace. A number that changes with a new version
# of a library is news for README.md and docs/FORMAT.md.
OPENS = {
    "pd.read_feather(path)": 1,
    "pa.feather.read_table(path, memory_map=True)": 1,
    "pa.ipc.open_file(path).read_all()": 1,
    "pa.ipc.open_file(pa.memory_map(path)).read_all()": 1,
    "pl.read_ipc(open(path, 'rb'))": 1,
    "pl.scan_ipc(open(path, 'rb')).collect()": 1,
    "pl.read_ipc(path)": 2,
    "pl.scan_ipc(path).collect()": 2,
    "pa.dataset.dataset(path, format='ipc').to_table()": 3,
}
IMPORTS = "import pandas as pd, polars as pl, pyarrow as pa, pyarrow.dataset, pyarrow.feather"


@pytest.mark.parametrize("reading", OPENS)
def test_how_often_it_is_opened(publisher, tmp_path, reading):
    publisher.publish("table", stress_tables.text(1))
    path = publisher.directory / publisher.instance / "table.arrow"
    trace = tmp_path / "trace"
    program = f"{IMPORTS}\npath = {str(path)!r}\nassert {reading} is not None"
    command = ["strace", "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", trace]
    subprocess.run([*command, sys.executable, "-c", program], check=True)
    opened = re.findall(rf'open.*"{re.escape(str(path))}".* = \d+$', Path(trace).read_text(), re.M)
    assert len(opened) == OPENS[reading], opened
