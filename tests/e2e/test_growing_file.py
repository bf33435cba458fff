"""A snapshot that grows in place, read by everybody while it grows (docs/FORMAT.md)."""

from __future__ import annotations

import os
import subprocess
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.ipc
import pytest
from conftest import SHMPUB, until
from programs import BUILD
from shmpub import FormatError
from shmpub._snapshot import from_bytes

polars = pytest.importorskip("polars")
GROW = BUILD / "tests/grow_file"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the tool is of Linux")
STATES, ROWS = 1500, 7


def expected(rows: int) -> pd.DataFrame:
    """What grow_file writes."""
    n = np.arange(rows)
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = ["".join(letters[(i + k) % 26] for k in range(i % 7)) for i in range(rows)]
    has = n % 5 != 4
    return pd.DataFrame(
        {
            "n": n,
            "m": -n,
            "q": np.where(has, n / 4, np.nan),
            "t": pd.array([t if h else np.nan for t, h in zip(text, has, strict=True)], "str"),
            "b": n % 3 == 1,
        }
    )


def with_pyarrow(path: Path) -> pd.DataFrame:
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    table.validate(full=True)
    return table.to_pandas()


def with_polars(path: Path) -> pd.DataFrame:
    with path.open("rb") as file:
        return polars.read_ipc(file).to_arrow().to_pandas()


def with_pandas(path: Path) -> pd.DataFrame:
    return pd.read_feather(path)


READERS = [with_pyarrow, with_polars, with_pandas]


@pytest.fixture
def whole() -> pd.DataFrame:
    return expected(STATES * ROWS)


@pytest.mark.parametrize("read", READERS)
def test_everybody_reads_while_it_grows(read: Any, tmp_path: Path, whole: pd.DataFrame) -> None:
    path = tmp_path / "grown.arrow"
    with subprocess.Popen([GROW, path, str(STATES), str(ROWS), "500"], stdout=subprocess.PIPE) as p:
        while not path.exists():
            time.sleep(0.001)
        seen, last = [], 0
        while p.poll() is None:
            frame = read(path)
            assert len(frame) >= last
            assert len(frame) % ROWS == 0
            last = len(frame)
            seen.append(frame)
        assert p.returncode == 0
    seen.append(read(path))
    assert len(seen[-1]) == STATES * ROWS
    assert len({len(f) for f in seen}) > 10
    for frame in seen:  # what was read long ago is as it was
        pd.testing.assert_frame_equal(frame, whole[: len(frame)], check_dtype=False)


def test_our_client_reads_and_holds(tmp_path: Path, whole: pd.DataFrame) -> None:
    path = tmp_path / "grown.arrow"
    with subprocess.Popen([GROW, path, str(STATES), str(ROWS), "500"], stdout=subprocess.PIPE) as p:
        while not path.exists():
            time.sleep(0.001)
        held = []
        while p.poll() is None:
            content = np.memmap(path, np.uint8, "r")
            held.append(from_mapping(content))
            assert len(held) < 2 or len(held[-1]) >= len(held[-2])
        assert p.returncode == 0
    assert len({len(s) for s in held}) > 10
    for snapshot in held:
        pd.testing.assert_frame_equal(snapshot.df, whole[: len(snapshot)])
        assert snapshot.arrow().num_rows == len(snapshot)


@pytest.mark.timeout(120)
def test_the_command_copies_one_state(daemon: Any, tmp_path: Path, whole: pd.DataFrame) -> None:
    """`cat --format arrow` reads the file from front to back, and it grows meanwhile."""
    d = daemon()
    d.source("grown.csv", "a\n1\n")
    d.configure({"grown": f"source = {d.folder}/grown.csv\ninterval = 1h\nwatch = no"})
    d.start()
    until(lambda: d.feed("grown").sequence)
    command = [SHMPUB, "-d", d.shm, "-i", d.instance, "cat", "grown", "--format", "arrow"]
    path = d.shm / d.instance / "grown.arrow"
    seen = set()
    with subprocess.Popen([GROW, path, str(STATES), str(ROWS), "500"], stdout=subprocess.PIPE) as p:
        while p.poll() is None:
            data = subprocess.run(command, check=True, capture_output=True).stdout
            if len(from_bytes(data, "full").df.columns) == 1:
                continue  # it is not in place yet
            table = pa.ipc.open_file(data).read_all()
            table.validate(full=True)
            pd.testing.assert_frame_equal(from_bytes(data).df, whole[: table.num_rows])
            seen.add(table.num_rows)
        assert p.returncode == 0
    assert len(seen) > 5


def from_mapping(content: Any) -> Any:
    """As open_snapshot() does it, over a mapping that goes on growing."""
    from shmpub import _layout
    from shmpub._columns import Source
    from shmpub._snapshot import Snapshot, check

    def read(at: int, n: int) -> bytes:
        return content[at : at + n].tobytes()

    layout, stamp = _layout.load(read, len(content))
    values = check(layout, Source(content, layout.batch), "full")
    return Snapshot("grown", layout, stamp, content, values)


@pytest.fixture
def grown(tmp_path: Path) -> bytes:
    path = tmp_path / "grown.arrow"
    subprocess.run([GROW, path, "20", "7", "0"], check=True, stdout=subprocess.DEVNULL)
    return path.read_bytes()


def test_an_older_state_is_a_file_too(grown: bytes) -> None:
    word = len(grown) - 10
    states, length = [], int.from_bytes(grown[word : word + 4], "little")
    while length > 64:
        data = grown[:word] + length.to_bytes(4, "little") + b"ARROW1"
        states.append(len(from_bytes(data, "full")))
        assert pa.ipc.open_file(data).read_all().num_rows == states[-1]
        footer = word - length
        own = int.from_bytes(grown[footer + 4 : footer + 8], "little")
        length -= own + 8
    assert states == [7 * n for n in range(20, 0, -1)]


def test_damage_is_found(grown: bytes) -> None:
    """Every byte of the tail, of the word and of the current state's footer and message."""
    word = len(grown) - 10
    footer = word - int.from_bytes(grown[word : word + 4], "little")
    own = int.from_bytes(grown[footer + 4 : footer + 8], "little")
    places = [*range(word - 64, len(grown)), *range(footer, footer + own), *range(8)]
    rows = len(from_bytes(grown))
    refused = 0
    for at in places:
        data = bytearray(grown)
        data[at] ^= 0x41
        try:
            snapshot = from_bytes(bytes(data), "full")
        except FormatError:
            refused += 1
        else:
            assert len(snapshot) <= rows
            len(snapshot.df)
    assert refused > 0.8 * len(places)


@pytest.mark.parametrize(
    ("at", "size", "value"),
    [
        (0, 4, 2),
        (4, 4, 1),
        (16, 8, 2**40),
        (24, 8, 64),
        (24, 8, 8),
        (24, 8, 2**64 - 1),
        (32, 8, 0),
        (32, 8, 2**63),
    ],
)
def test_wrong_tails(grown: bytes, at: int, size: int, value: int) -> None:
    """The checksum is right, and what it covers is not."""
    data = bytearray(grown)
    tail = len(data) - 10 - 64
    data[tail + at : tail + at + size] = value.to_bytes(size, "little")
    data[tail + 48 : tail + 52] = zlib.crc32(data[tail : tail + 48]).to_bytes(4, "little")
    with pytest.raises(FormatError):
        from_bytes(bytes(data))
