"""The hand-over to Arrow's consumers without pyarrow: _arrow_c, and Polars and DuckDB with it."""

from __future__ import annotations

import ctypes
import errno
import gc
import textwrap
import weakref
from pathlib import Path
from typing import Any

import handmade
import numpy as np
import pyarrow as pa
import pytest
from conftest import read
from frames import CASES
from test_export import GOLDEN
from test_without_pyarrow import run

import shmpub
from shmpub import _arrow_c, _export
from shmpub._mapped import address_of
from shmpub._snapshot import Snapshot, from_bytes

TEXT = "t,z,o,i,f,s,c,b\n" + "".join(
    f"2020-01-0{i},2020-01-01 00:00:00Z,2020-01-01 00:00:00+05:30,{i},"
    f"{'' if i % 3 else i / 4},text {i},{'pq'[i % 2]},{i % 2 == 0}\n"
    for i in range(1, 9)
)
OPTIONS: dict[str, Any] = {"parse_dates": ["t", "z", "o"], "dtype": {"c": "category"}}


@pytest.fixture(autouse=True)
def by_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by pyarrow, which is installed here and takes what we hand over."""
    monkeypatch.setattr(_export, "_has_pyarrow", lambda: False)


@pytest.fixture
def held() -> Snapshot:
    return from_bytes(handmade.snapshot(read(TEXT, **OPTIONS)))


def lots() -> int:
    gc.collect()
    _arrow_c._capsules.sweep()
    return len(_arrow_c._Lot.all)


def assert_same(held: Snapshot) -> None:
    want = held.arrow()
    made = pa.table(held)
    made.validate(full=True)
    assert made.schema.equals(want.schema, check_metadata=True)
    assert made.num_rows == want.num_rows
    assert repr(made.to_pylist()) == repr(want.to_pylist())
    assert pa.schema(held).equals(want.schema, check_metadata=True)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_files(path: Path) -> None:
    assert_same(from_bytes(path.read_bytes()))


@pytest.mark.parametrize(("text", "options"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_every_case_of_frames(text: str, options: dict[str, Any]) -> None:
    assert_same(from_bytes(handmade.snapshot(read(text, **options))))


def test_nothing_is_copied(held: Snapshot) -> None:
    start, size = address_of(held._content), held.nbytes
    for column in pa.table(held).columns:
        for buffer in column.chunks[0].buffers():
            assert buffer is None or not buffer.size or start <= buffer.address < start + size


def test_memory_lives_as_long_as_what_was_made_of_it(held: Snapshot) -> None:
    before = lots()
    table = pa.table(held)
    assert lots() > before
    whole = weakref.ref(held._content)
    column = table.column("s")
    want = column.to_pylist()
    del table, held
    gc.collect()
    assert column.to_pylist() == want  # a column outlives its table
    assert whole() is not None
    del column
    assert lots() == before


def test_what_nobody_takes_is_given_back(held: Snapshot) -> None:
    before = lots()
    stream, schema = held.__arrow_c_stream__(), held.__arrow_c_schema__()
    assert lots() == before + 2
    del stream, schema
    assert lots() == before


def test_again_and_again(held: Snapshot) -> None:
    before = lots()
    for _ in range(100):
        assert pa.table(held).num_rows == 8
    first, second = held.__arrow_c_stream__(), held.__arrow_c_stream__()
    assert first is not second
    del first, second
    assert lots() == before


def test_a_table_read_batch_by_batch(held: Snapshot) -> None:
    reader = pa.RecordBatchReader.from_stream(held)
    batch = reader.read_next_batch()
    assert batch.num_rows == 8
    with pytest.raises(StopIteration):
        reader.read_next_batch()
    child = batch.column(0)
    del batch, reader
    assert len(child) == 8


def test_an_error_is_told(held: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(_arrow_c, "write_array", fail)
    before = lots()
    # pyarrow gives the stream back while its own exception is set, which Python then complains of.
    with pytest.raises((MemoryError, pa.ArrowException, SystemError)):
        pa.table(held)
    monkeypatch.undo()
    assert lots() == before


def test_an_error_by_the_interface_alone(held: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise MemoryError("no room")

    capsule = held.__arrow_c_stream__()
    words = _arrow_c._capsules._all[-1][1]
    stream, out = ctypes.addressof(words), (ctypes.c_int64 * 10)()
    into = ctypes.addressof(out)
    monkeypatch.setattr(_arrow_c, "write_array", fail)
    assert _arrow_c._ASK(words[1])(stream, into) == errno.ENOMEM
    assert ctypes.string_at(_arrow_c._TELL(words[2])(stream)) == b"no room"
    monkeypatch.undo()
    assert _arrow_c._ASK(words[1])(stream, into) == 0  # and may be asked again
    _arrow_c._CALL(out[8])(into)
    assert out[8] == 0
    assert _arrow_c._ASK(words[1])(stream, into) == 0
    assert out[8] == 0  # the end
    del capsule


def test_a_table_dropped_while_an_exception_is_on_its_way(held: Snapshot) -> None:
    before = lots()

    def fail() -> None:
        table = pa.table(held)
        raise ValueError(table.num_rows)

    for _ in range(10):
        with pytest.raises(ValueError, match="8"):
            fail()
    assert lots() == before


def test_a_thousand_columns() -> None:
    text = ",".join(f"c{i}" for i in range(1000)) + "\n" + ",".join(map(str, range(1000))) + "\n"
    assert_same(from_bytes(handmade.snapshot(read(text))))


def test_polars(held: Snapshot) -> None:
    polars = pytest.importorskip("polars")
    frame = held.polars()
    assert isinstance(frame, polars.DataFrame)
    assert frame["i"].to_list() == list(range(1, 9))
    assert frame["c"].to_list() == held.df["c"].tolist()
    assert frame["s"].to_list() == held.df["s"].tolist()
    assert str(frame["o"].dtype.time_zone) == "UTC"
    assert frame["o"].to_list() == [v.to_pydatetime() for v in held.df["o"]]
    start = address_of(held._content)
    newest = polars.CompatLevel.newest()
    for name in ("i", "f", "t", "z"):
        address = frame[name].to_arrow(compat_level=newest).buffers()[1].address
        assert start <= address < start + held.nbytes, name
    plain = from_bytes(handmade.snapshot(read("a,s\n1,x\n2,y\n")))
    assert polars.DataFrame(plain).rows() == [(1, "x"), (2, "y")]


def test_what_polars_makes_by_from_arrow() -> None:
    """Polars makes a Series of structs of every object that is not pyarrow's. README says so."""
    polars = pytest.importorskip("polars")
    plain = from_bytes(handmade.snapshot(read("a,s\n1,x\n2,y\n")))
    made = polars.from_arrow(plain)
    assert isinstance(made, polars.Series)
    assert made.struct.unnest().equals(polars.DataFrame(plain))


def test_a_feed_is_its_newest_snapshot(instance: handmade.Instance, directory: Path) -> None:
    instance.publish("quotes", read("a\n1\n2\n"), 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    assert pa.table(feed).to_pydict() == {"a": [1, 2]}
    assert not feed.wait(0)  # it counts as taken
    instance.publish("quotes", read("a\n3\n"), 2)
    assert pa.schema(feed).names == ["a"]
    assert feed.wait(0)
    assert pa.table(feed).to_pydict() == {"a": [3]}


WITHOUT = """
    import gc
    import numpy as np
    from shmpub._snapshot import from_bytes
    held = from_bytes((folder / "f").read_bytes())
"""


@pytest.mark.parametrize("name", ["polars", "duckdb"])
def test_in_a_process_without_pyarrow(tmp_path: Path, name: str) -> None:
    pytest.importorskip(name)
    (tmp_path / "f").write_bytes(handmade.snapshot(read(TEXT, **OPTIONS)))
    scripts = {
        "polars": """
            import polars as pl
            frame = held.polars()
            column = frame["s"]
            assert frame["i"].sum() == 36 and frame.height == 8
            del frame
            gc.collect()
            assert column.to_list() == [f"text {i}" for i in range(1, 9)]
            plain = held.polars().lazy().filter(pl.col("i") > 4).select("s", "i").collect()
            assert plain.height == 4
        """,
        "duckdb": """
            import duckdb
            found = duckdb.sql("select sum(i), count(f), max(s), count(distinct c) from held")
            assert found.fetchall() == [(36, 2, "text 8", 2)]
            again = duckdb.sql("select i from held where b order by i desc").fetchall()
            assert again == [(8,), (6,), (4,), (2,)]
            connection = duckdb.connect()
            connection.register("table1", held)
            assert connection.execute("select count(*) from table1").fetchone() == (8,)
        """,
    }
    out = run(
        textwrap.dedent(WITHOUT) + textwrap.dedent(scripts[name]) + "\nprint('done')\n", tmp_path
    )
    assert out == "done\n"  # and nothing is said at the end, when what is still held is given back


def test_numbers_are_the_frame_s(held: Snapshot) -> None:
    table = pa.table(held)
    np.testing.assert_array_equal(table["f"].to_numpy(), held.df["f"].to_numpy())
