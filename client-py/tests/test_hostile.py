"""Damaged and hostile bytes: they give an error or the same table, never anything else."""

from __future__ import annotations

import itertools
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import handmade
import numpy as np
import pandas as pd
import pytest
from conftest import read
from handmade import Column, Instance

import shmpub
from shmpub import _catalog, _flatbuf, _layout
from shmpub._catalog import Catalog
from shmpub._columns import Source
from shmpub._place import Place
from shmpub._snapshot import Snapshot, check, from_bytes

TEXT = "i,a,f,s,c,b,t\n5,1,1.5,x,p,True,2020-01-01\n9,2,,é,,,\n11,3,2.5,,q,False,2021-01-01\n"
FRAME = read(TEXT, index_col="i", dtype={"c": "category"}, parse_dates=["t"])


def record_of(data: bytes) -> tuple[int, dict[str, Any]]:
    start = data.rindex(b"{")
    return start, json.loads(data[start : data.rindex(b"}") + 1])


def metadata_bytes(data: bytes) -> list[int]:
    """The positions of magic, messages, record and footer: of everything but the columns."""
    start, record = record_of(data)
    places = [(0, 8), (start, len(data) - start)]
    places += [tuple(p[:2]) for p in (record["schema"], record["batch"], *record["dictionaries"])]
    return sorted(set(itertools.chain(*(range(a, a + n) for a, n in places))))


def test_every_byte_of_metadata_flipped() -> None:
    data = handmade.snapshot(FRAME, 3)
    same = 0
    for at in metadata_bytes(data):
        for bit in (0x01, 0xFF):
            bad = bytearray(data)
            bad[at] ^= bit
            try:
                held = from_bytes(bytes(bad))
                frame = held.df
            except shmpub.FormatError:
                continue
            pd.testing.assert_frame_equal(frame, FRAME)
            assert (held.sequence, held.epoch) == (3, 77)
            same += 1
    assert same < 20  # bits of the footer's size, which must only be large enough


def test_every_truncation() -> None:
    data = handmade.snapshot(read("a,s\n1,x\n"))
    for size in range(0, len(data), 3):
        with pytest.raises(shmpub.FormatError):
            from_bytes(data[:size])


def resealed(data: bytes, **changes: Any) -> bytes:
    start, record = record_of(data)
    record.pop("crc")
    return handmade.seal(data[:start], record | changes)


BIG = 2**64 - 1
DATA = handmade.snapshot(FRAME, 3)
RECORD = record_of(DATA)[1]
BAD_RECORDS: list[tuple[str, dict[str, Any]]] = [
    ("another version", {"version": 2}),
    ("no version", {"version": None}),
    ("sequence 0", {"sequence": 0}),
    ("sequence too large", {"sequence": BIG + 1}),
    ("sequence is text", {"sequence": "3"}),
    ("sequence is true", {"sequence": True}),
    ("sequence is a fraction", {"sequence": 1.5}),
    ("epoch below 0", {"epoch": -1}),
    ("published too large", {"published_ns": 2**63}),
    ("rows of another table", {"rows": 4}),
    ("rows too large", {"rows": BIG}),
    ("schema outside", {"schema": [BIG, 64, 0, 0]}),
    ("schema at odd place", {"schema": [9, *RECORD["schema"][1:]]}),
    ("schema too long", {"schema": [8, BIG, 0, 0]}),
    ("schema without id", {"schema": RECORD["schema"][:3]}),
    ("schema is the batch", {"schema": [*RECORD["batch"], 1]}),
    ("no schema", {"schema": None}),
    ("batch is the schema", {"batch": RECORD["schema"][:3]}),
    ("batch of another checksum", {"batch": [*RECORD["batch"][:2], 1]}),
    ("batch too short", {"batch": [RECORD["batch"][0], 8, 0]}),
    ("no dictionaries", {"dictionaries": []}),
    ("dictionaries twice", {"dictionaries": RECORD["dictionaries"] * 2}),
    ("dictionary is the batch", {"dictionaries": [RECORD["batch"]]}),
    ("no regions", {"regions": []}),
    ("regions twice", {"regions": RECORD["regions"] * 2}),
    ("region of another field", {"regions": [[99, *RECORD["regions"][0][1:]]]}),
    ("regions are numbers", {"regions": [1, 2]}),
    ("regions are an object", {"regions": {}}),
]
for n, region in enumerate(RECORD["regions"]):
    for place, value in [(1, 8), (1, BIG), (1, 64), (2, 0), (2, 8), (2, BIG), (3, 0), (3, 99)]:
        changed = [list(r) for r in RECORD["regions"]]
        if changed[n][place] != value:
            changed[n][place] = value
            # In a region of one column the stride is not used, so any that keeps the rules is good.
            if not (place == 2 and region[3] == 1 and value == 64):
                BAD_RECORDS.append((f"region {n}, number {place} is {value}", {"regions": changed}))


@pytest.mark.parametrize("changes", [b[1] for b in BAD_RECORDS], ids=[b[0] for b in BAD_RECORDS])
def test_records_with_a_good_checksum(changes: dict[str, Any]) -> None:
    if list(changes) == ["regions"] and changes["regions"] == RECORD["regions"]:
        pytest.fail("the row changes nothing")
    try:
        held = from_bytes(resealed(DATA, **changes))
    except shmpub.FormatError:
        return
    # The stride of a region of one column may be anything.
    assert "regions" in changes
    assert changes["regions"] != RECORD["regions"]
    pd.testing.assert_frame_equal(held.df, FRAME)


def test_good_record_is_read() -> None:
    pd.testing.assert_frame_equal(from_bytes(resealed(DATA)).df, FRAME)
    assert from_bytes(resealed(DATA, unknown=[1, "x"])).sequence == 3


@pytest.mark.parametrize("value", [b"{}", b"[" * 100000, b'{"version":1', b"\xff{", b'"{"'])
def test_record_that_is_no_record(value: bytes) -> None:
    value += b',"crc":%d}' % zlib.crc32(value)
    data = DATA[: record_of(DATA)[0]] + value + b"\0\0\0\0\0" + b"ARROW1"
    with pytest.raises(shmpub.FormatError):
        from_bytes(data)


def test_file_that_becomes_shorter_while_it_is_checked() -> None:
    layout, _ = _layout.load(lambda at, n: DATA[at : at + n], len(DATA))
    content = np.frombuffer(DATA, np.uint8)
    for end in (0, layout.batch.body, layout.batch.body + 8, layout.dictionaries[0].body):
        source = Source(content, layout.batch, lambda at, n, end=end: DATA[:end][at : at + n])
        with pytest.raises(shmpub.FormatError, match="shorter"):
            check(layout, source, "bounds")


def test_record_behind_a_large_footer() -> None:
    start, record = record_of(DATA)
    record["filler"] = "x" * 5000
    record.pop("crc")
    pd.testing.assert_frame_equal(from_bytes(handmade.seal(DATA[:start], record)).df, FRAME)


def rewritten(kind: str, fmt: str, old: Any, new: Any) -> bytes:
    """DATA with one number in a message replaced, and with the right checksum for it."""
    _, record = record_of(DATA)
    place = record[kind] if kind != "dictionaries" else record[kind][0]
    message = bytearray(DATA[place[0] : place[0] + place[1]])
    at = bytes(message).index(struct.pack(fmt, old))
    struct.pack_into(fmt, message, at, new)
    place[2] = zlib.crc32(message)
    data = DATA[: place[0]] + message + DATA[place[0] + place[1] :]
    return resealed(data, **{kind: record[kind]})


@pytest.mark.parametrize("kind", ["schema", "batch", "dictionaries"])
def test_every_word_of_a_message_replaced(kind: str) -> None:
    """A message with a right checksum may be hostile, so its flatbuffer is checked as well."""
    _, record = record_of(DATA)
    place = record[kind] if kind != "dictionaries" else record[kind][0]
    message = DATA[place[0] : place[0] + place[1]]
    for at in range(0, len(message) - 3, 2):
        for value in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, len(message)):
            changed = bytearray(message)
            struct.pack_into("<I", changed, at, value)
            record_now = json.loads(json.dumps(record))
            now = record_now[kind] if kind != "dictionaries" else record_now[kind][0]
            now[2] = zlib.crc32(changed)
            data = DATA[: place[0]] + changed + DATA[place[0] + place[1] :]
            try:
                held = from_bytes(resealed(data, **{kind: record_now[kind]}))
                _ = held.df, held.numpy()
            except shmpub.FormatError:
                continue


def column(name: str, type_: Any, buffers: list[bytes], nulls: int, rows: int) -> Column:
    return Column(name, type_, buffers, nulls, rows)


def bad_contents() -> list[tuple[str, bool, Any]]:
    """Label, whether opening refuses it (else only the full check does), the column."""
    import pyarrow as pa

    def text(offsets: list[int], raw: bytes, valid: bytes = b"", nulls: int = 0) -> Column:
        packed = struct.pack(f"<{len(offsets)}q", *offsets)
        return column("s", pa.large_utf8(), [valid, packed, raw], nulls, len(offsets) - 1)

    def codes(values: list[int], valid: bytes = b"", nulls: int = 0) -> Column:
        made = handmade.column("c", pd.Series(["x", "y"], dtype="category"))
        made.buffers = [valid, struct.pack(f"<{len(values)}b", *values)]
        made.rows, made.nulls = len(values), nulls
        return made

    nan = struct.pack("<d", float("nan"))
    one = struct.pack("<d", 1.0)
    return [
        ("first offset is not 0", True, text([1, 2], b"xy")),
        ("last offset behind the text", True, text([0, 3], b"xy")),
        ("last offset below 0", True, text([0, -1], b"xy")),
        ("offsets fall", True, text([0, 2, 1], b"xy")),
        ("offset far away", True, text([0, 2**62, 2], b"xy")),
        ("offset below 0", True, text([0, -(2**62), 2], b"xy")),
        ("not UTF-8", False, text([0, 2], b"\xff\xfe")),
        ("character cut", False, text([0, 1, 2], "é".encode())),
        ("text under a null", False, text([0, 1, 2], b"xy", b"\x01", 1)),
        ("code behind the dictionary", True, codes([0, 2])),
        ("code below 0", True, codes([0, -1])),
        ("code under a null", False, codes([0, 1], b"\x01", 1)),
        ("null count differs", False, codes([0, 0], b"\x01", 2)),
        ("unused bit of a bitmap", False, codes([0, 0], b"\x05", 1)),
        ("null without NaN", False, column("f", pa.float64(), [b"\x01", nan + one], 1, 2)),
        ("int under a null", False, column("f", pa.int64(), [b"\x01", one + one], 1, 2)),
        ("time under a null", False, column("t", pa.timestamp("s"), [b"\1", bytes(16)], 1, 2)),
        ("bool under a null", False, column("b", pa.bool_(), [b"\x01", b"\x03"], 1, 2)),
        ("unused bit of bools", False, column("b", pa.bool_(), [b"", b"\x07"], 0, 2)),
        ("more nulls than rows", True, column("f", pa.float64(), [b"\x01", nan + one], 3, 2)),
        ("values too short", True, column("f", pa.float64(), [b"", one], 0, 2)),
        ("bitmap too short", True, column("f", pa.float64(), [b"", one + one], 1, 2)),
        ("bools too short", True, column("b", pa.bool_(), [b"", b"\x07"], 0, 9)),
        ("offsets too short", True, column("s", pa.large_utf8(), [b"", bytes(16), b""], 0, 2)),
    ]


ROWS = bad_contents()


@pytest.mark.parametrize(("on_attach", "made"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_contents(on_attach: bool, made: Column) -> None:
    data = handmade.snapshot([made])
    with pytest.raises(shmpub.FormatError):
        from_bytes(data, verify="full")
    if on_attach:
        with pytest.raises(shmpub.FormatError):
            from_bytes(data)
        return
    held = from_bytes(data)
    try:
        held.numpy()
    except shmpub.FormatError:
        pass


def test_the_default_follows_nothing_that_leads_elsewhere() -> None:
    """What verify="bounds" accepts may raise errors when used, but never reads other memory."""
    import pyarrow as pa

    for label, on_attach, made in ROWS:
        if on_attach:
            continue
        held = from_bytes(handmade.snapshot([made]))
        for use in (lambda h: h.df.to_csv(), lambda h: h.arrow().to_pylist(), Snapshot.numpy):
            try:
                use(held)
            except (shmpub.FormatError, UnicodeDecodeError, pa.ArrowException):
                assert "UTF-8" in label or "cut" in label


def test_every_byte_of_the_footer_flipped() -> None:
    """The full check refuses footers that would give Arrow's own readers another table."""
    import pyarrow as pa

    data = handmade.snapshot(FRAME, 3)
    want = repr(pa.ipc.open_file(pa.BufferReader(data)).read_all().to_pylist())
    for at in range(len(data) - 10 - struct.unpack_from("<i", data, len(data) - 10)[0], len(data)):
        bad = bytearray(data)
        bad[at] ^= 0x10
        try:
            from_bytes(bytes(bad), verify="full")
        except shmpub.FormatError:
            continue
        try:
            table = pa.ipc.open_file(pa.BufferReader(bytes(bad))).read_all()
        except (pa.ArrowException, OSError):
            continue  # the client refuses it, though Arrow's reader would not need that part
        assert repr(table.to_pylist()) == want


CATEGORIES = [
    ("offsets fall", [0, 2, 1, 2], b"xy"),
    ("offset far away", [0, 2**62, 2], b"xy"),
    ("offset far below 0", [0, -(2**62), 2], b"xy"),
    ("not UTF-8", [0, 1, 2], b"\xff\xfe"),
    ("character cut", [0, 1, 2], "é".encode()),
]


@pytest.mark.parametrize(
    ("offsets", "text"), [c[1:] for c in CATEGORIES], ids=[c[0] for c in CATEGORIES]
)
def test_categories_are_looked_at_before_anybody_follows_them(
    offsets: list[int], text: bytes
) -> None:
    """To make a dtype of them, pyarrow reads all of them."""
    made = handmade.column("c", pd.Series(["x", "y"], dtype="category"))
    assert made.dictionary is not None
    made.dictionary.buffers[1:] = [struct.pack(f"<{len(offsets)}q", *offsets), text]
    made.dictionary.rows = len(offsets) - 1
    with pytest.raises(shmpub.FormatError):
        _ = from_bytes(handmade.snapshot([made])).df
    with pytest.raises(shmpub.FormatError):
        from_bytes(handmade.snapshot([made])).numpy()


def test_equal_categories_are_refused() -> None:
    made = handmade.column("c", pd.Series(["x", "y"], dtype="category"))
    assert made.dictionary is not None
    made.dictionary.buffers[2] = b"xx"
    with pytest.raises(shmpub.FormatError, match="unique"):
        _ = from_bytes(handmade.snapshot([made])).df


def test_zones_that_nobody_knows() -> None:
    import pyarrow as pa

    for zone in ("Mars/Olympus", "+99:00", "+", "../../etc/passwd"):
        made = column("t", pa.timestamp("us", zone), [b"", bytes(8)], 0, 1)
        with pytest.raises(shmpub.FormatError, match="zone"):
            _ = from_bytes(handmade.snapshot([made])).df


def test_catalog_every_byte_flipped(instance: Instance, directory: Path) -> None:
    frame = read("a\n1\n")
    instance.publish("quotes", frame, 1)
    good = bytes(instance.words)
    for at in itertools.chain(range(200), range(4096, 4096 + 1024)):
        bad = bytearray(good)
        bad[at] ^= 0xFF
        instance.storage.make_catalog(bytes(bad))
        feed = shmpub.subscribe("quotes", directory=directory)
        try:
            assert feed.df.equals(frame)
            feed.wait(0)
            shmpub.feeds(directory=directory)
        except shmpub.Error:
            pass


BAD_HEADERS = [
    ("magic", "<8s", 0, b"SHMPUBX\x01", "magic"),
    ("version", "<I", 8, 2, "version 2"),
    ("header size", "<I", 12, 8192, "sizes"),
    ("slot size", "<I", 16, 512, "sizes"),
    ("no slots", "<I", 20, 0, "table"),
    ("more slots than bytes", "<I", 20, 17, "table"),
    ("a great many slots", "<I", 20, 0xFFFFFFFF, "table"),
    ("one slot more than there may be", "<I", 20, 1_000_001, "table of 1000001 slots"),
    ("unknown incompatible bit", "<Q", 24, 1 << 63, "features"),
    ("no epoch", "<Q", 40, 0, "epoch"),
]


@pytest.mark.parametrize(
    ("fmt", "at", "value", "message"), [b[1:] for b in BAD_HEADERS], ids=[b[0] for b in BAD_HEADERS]
)
def test_catalog_headers(
    instance: Instance, directory: Path, fmt: str, at: int, value: Any, message: str
) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    instance.put(fmt, at, value)
    feed = shmpub.subscribe("quotes", directory=directory)
    with pytest.raises(shmpub.FormatError, match=r"checksum|magic|version"):
        _ = feed.df
    instance.put("<I", 100, zlib.crc32(bytes(instance.words[:100])))
    for call in (lambda: feed.df, lambda: feed.wait(0), lambda: feed.sequence):
        with pytest.raises(shmpub.FormatError, match=message):
            call()


def test_catalog_unknown_compatible_bits(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    instance.put("<Q", 32, 2**64 - 1)
    instance.put("<I", 100, zlib.crc32(bytes(instance.words[:100])))
    assert len(shmpub.subscribe("quotes", directory=directory).df) == 1


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4096 + 1023])
def test_catalog_too_short(directory: Path, size: int) -> None:
    instance = Instance(directory)
    content = bytes(instance.words[:size])
    instance.storage.make_catalog(content)
    with pytest.raises(shmpub.FormatError):
        _ = shmpub.subscribe("quotes", directory=directory).df


def test_catalog_n_slots_beyond_the_table(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    instance.put("<Q", 160, 2**64 - 1)
    assert len(shmpub.subscribe("quotes", directory=directory).df) == 1
    assert list(shmpub.feeds(directory=directory).index) == ["quotes"]


def test_catalog_slots_that_change_hands_do_not_end_the_search(
    instance: Instance, directory: Path
) -> None:
    for name in ("first", "second", "third"):
        instance.publish(name, read("a\n1\n"), 1)
    instance.put("<Q", 160, 16)
    for generation in (1, 2):
        instance.put("<48sI", 4096 + 1024, b"", 0)
        instance.put("<Q", 4096 + 1024 + 896, generation)
        assert list(shmpub.feeds(directory=directory).index) == ["first", "third"]
        assert len(shmpub.subscribe("third", directory=directory).df) == 1


def test_catalog_epoch_is_the_one_that_was_checked(instance: Instance, directory: Path) -> None:
    catalog = Catalog(Place("shmpub", str(directory), None))
    instance.put("<Q", 40, 5)
    assert catalog.epoch == instance.epoch


def test_catalog_words_that_will_not_hold_still(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", read("a\n1\n"), 1)
    instance.put("<Q", 4096 + 64 + 128, 99)  # the current descriptor has a wrong sequence
    instance.put("<Q", 4096 + 376, 1)  # an error line that the publisher seems to write for ever
    catalog = Catalog(Place("shmpub", str(directory), None))
    status = catalog.status(0, 0)
    assert status is not None
    assert (status.descriptor, status.error) == (None, "")
    assert catalog.find("quotes") == (0, 0)
    instance.put("<I", 4096 + 48, _catalog.FREE)
    assert catalog.find("quotes") == (-1, 0)
    assert catalog.status(0, 0) is None
    instance.put("<Q", 4096 + 896, 1)  # a slot that seems to be given to another feed for ever
    assert catalog.status(0, 1) is None


@pytest.mark.parametrize("data", [b"", b"\0" * 3, b"\xff" * 64, b"\4\0\0\0\xff\xff\xff\x7f"])
def test_flatbuffers_outside(data: bytes) -> None:
    with pytest.raises(shmpub.FormatError):
        _flatbuf.root(data)


def test_random_flatbuffers() -> None:
    rng = np.random.default_rng(5)
    for size in (8, 16, 40, 100):
        for _ in range(500):
            data = rng.integers(0, 12, size, np.uint8).tobytes()
            try:
                table = _flatbuf.root(data)
                for number in range(6):
                    table.byte(number), table.int16(number), table.int64(number)
                    table.text(number), table.key_values(number), list(table.tables(number))
            except shmpub.FormatError:
                pass
