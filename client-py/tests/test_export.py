"""Arrow and Polars get the same table as pandas, over the snapshot's own memory."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import handmade
import pandas as pd
import pytest
from conftest import read
from frames import CASES

import shmpub
from shmpub._snapshot import Snapshot, from_bytes

pa = pytest.importorskip("pyarrow")

GOLDEN = sorted((Path(__file__).parents[2] / "tests" / "golden").glob("*.arrow"))
ROWS = 4000
TEXT = "i,u,f,n,t,z,o,b,s,c\n" + "".join(
    f"{i},{2**63 + i},{i / 2},{'' if i % 3 else i / 4},2020-01-01,2020-01-01 00:00:00Z,"
    f"2020-01-01 00:00:00+02:00,{i % 2 == 0},a longer text {i},{'pq'[i % 2]}\n"
    for i in range(ROWS)
)


@pytest.fixture(scope="module")
def held() -> Snapshot:
    frame = read(TEXT, parse_dates=["t", "z", "o"], dtype={"c": "category"})
    return from_bytes(handmade.snapshot(frame))


def lies_inside(held: Snapshot, address: int) -> bool:
    start = held._content.__array_interface__["data"][0]
    return start <= address < start + len(held._content)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_same_table_as_by_the_footer(path: Path) -> None:
    data = path.read_bytes()
    table = from_bytes(data).arrow()
    table.validate(full=True)
    want = pa.ipc.open_file(io.BytesIO(data)).read_all()
    assert table.schema.equals(want.schema, check_metadata=True)
    assert table.num_rows == want.num_rows
    for name, got, other in zip(table.column_names, table.columns, want.columns, strict=True):
        assert got.null_count == other.null_count
        assert repr(got.to_pylist()) == repr(other.to_pylist()), name


@pytest.mark.parametrize(("text", "options"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_every_case_of_frames(text: str, options: dict[str, Any]) -> None:
    frame = read(text, **options)
    table = from_bytes(handmade.snapshot(frame)).arrow()
    table.validate(full=True)
    assert table.num_rows == len(frame) or not table.num_columns


@pytest.mark.skipif(not GOLDEN, reason="the package is alone here")
def test_a_footer_that_leads_to_another_batch() -> None:
    """A file with a second batch of other numbers, which its footer names instead of the first."""
    path = next(p for p in GOLDEN if p.stem == "numbers")
    data = path.read_bytes()
    want = from_bytes(data)
    layout = want._layout
    values = struct.pack(f"<{layout.rows}d", *[n + 0.5 for n in range(layout.rows)])
    record = data.rindex(b"{")
    at, size = eval(data[data.index(b'"batch":', record) + 8 :].split(b"]")[0] + b"]")[:2]
    footer = len(data) - 10 - struct.unpack_from("<i", data, len(data) - 10)[0]
    copy = bytearray(data[at : footer - 8])
    f = next(f for f in layout.schema.fields if f.type.name == "float64")
    start = layout.batch.offset(f.buffer + 1) - at
    copy[start : start + len(values)] = values
    moved = -(-footer // 64) * 64
    tail = bytearray(data[footer:])
    block = bytes(tail).index(struct.pack("<qi", at, size))
    struct.pack_into("<q", tail, block, moved)
    copy += bytes(-len(copy) % 64) + b"\xff\xff\xff\xff\0\0\0\0"
    other = data[: footer - 8] + bytes(moved - footer + 8) + bytes(copy) + bytes(tail)
    assert pa.ipc.open_file(io.BytesIO(other)).read_all()[f.name].to_pylist() == list(
        struct.unpack(f"<{layout.rows}d", values)
    )
    held = from_bytes(other)
    pd.testing.assert_frame_equal(held.df, want.df)
    assert repr(held.arrow().to_pylist()) == repr(want.arrow().to_pylist())
    assert repr(pa.table(held).to_pylist()) == repr(want.arrow().to_pylist())
    with pytest.raises(shmpub.FormatError, match="blocks"):
        from_bytes(other, verify="full")


def test_arrow_copies_nothing(held: Snapshot) -> None:
    for column in held.arrow().columns:
        (chunk,) = column.chunks
        arrays = [chunk.indices, chunk.dictionary] if hasattr(chunk, "dictionary") else [chunk]
        for array in arrays:
            assert all(lies_inside(held, b.address) for b in array.buffers() if b and b.size)


def test_arrow_keeps_the_memory(instance: handmade.Instance, directory: Path) -> None:
    instance.publish("quotes", read("a,s\n1,x\n2,y\n"), 1)
    table = shmpub.subscribe("quotes", directory=directory).snapshot().arrow()
    instance.publish("quotes", read("a,s\n3,z\n"), 2)
    assert table.to_pydict() == {"a": [1, 2], "s": ["x", "y"]}


def test_polars_copies_no_numbers_and_no_text(held: Snapshot) -> None:
    """Polars stores 16 bytes of its own for each text, and codes of categories differently."""
    polars = pytest.importorskip("polars")
    frame = held.polars()
    newest = polars.CompatLevel.newest()
    for name in ("i", "u", "f", "n", "t", "z", "o", "b"):
        values = frame[name].to_arrow(compat_level=newest).buffers()[1]
        assert lies_inside(held, values.address), name
    text = frame["s"].to_arrow(compat_level=newest).buffers()
    assert lies_inside(held, text[2].address)
    assert frame["c"].to_list() == held.df["c"].tolist()
