"""A snapshot is the same table whether it is opened with what was kept of another one or without.

Each file is read both ways. The simple way, with nothing kept, is the judge: the other way must
find the same table, or an error where the simple way finds one.
"""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path
from typing import Any

import handmade
import numpy as np
import pandas as pd
import pytest
from conftest import long_on_windows, read
from frames import CASES
from handmade import Instance
from test_frame import assert_same
from test_hostile import metadata_bytes, record_of, resealed

import shmpub
from shmpub import _batch, _blocks, _layout
from shmpub._attached import Attached
from shmpub._catalog import Catalog
from shmpub._layout import Layout
from shmpub._place import Place
from shmpub._snapshot import Snapshot, from_bytes, open_snapshot

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"
COLUMNS = "i,a,f,s,c,t\n"
LINES = ["5,1,1.5,x,p,2020-01-01", "9,2,,é,,", "11,3,2.5,,q,2021-01-01", "12,4,1,long text,r,"]
OPTIONS: dict[str, Any] = {"index_col": "i", "dtype": {"c": "category"}, "parse_dates": ["t"]}


def frame_of(*lines: str) -> pd.DataFrame:
    made = read(COLUMNS + "\n".join(lines) + "\n", **OPTIONS)
    made["c"] = made["c"].cat.set_categories(["p", "q", "r"])
    made.index = made.index.astype("int64")
    return made


BASE = handmade.snapshot(frame_of(*LINES[:3]), 3)
OTHERS = {
    "the same": handmade.snapshot(frame_of(*LINES[:3]), 4),
    "other texts": handmade.snapshot(frame_of(LINES[0], LINES[3], LINES[2]), 4),
    "more rows": handmade.snapshot(frame_of(*LINES), 4),
    "fewer rows": handmade.snapshot(frame_of(LINES[0]), 4),
    "no nulls": handmade.snapshot(frame_of(LINES[0], LINES[0]), 4),
    "another schema": handmade.snapshot(read("a,s\n1,x\n"), 4),
    "another epoch": handmade.snapshot(frame_of(*LINES[:3]), 1, 2**64 - 1),
}


def load(data: bytes, kept: Layout | None = None) -> tuple[Layout, Any]:
    return _layout.load(lambda at, n: data[at : at + n], len(data), kept)


def outcome(data: bytes, kept: Layout | None = None) -> Any:
    """Everything that a file's layout says, or the name of the exception."""
    try:
        layout, stamp = load(data, kept)
    except shmpub.FormatError:
        return "FormatError"
    batches = [layout.batch, *layout.dictionaries]
    return (
        stamp,
        layout.schema.fields,
        [(b.rows, b.body, list(b.nodes), list(b.buffers), b.has_nulls) for b in batches],
        [(r.group.fields, r.offset, r.stride, r.has_nulls) for r in layout.regions],
    )


def assert_both_ways_agree(data: bytes, kept: Layout, unharmed: bytes | None = None) -> Any:
    """load() gives the same with what was kept of another file, and without.

    One difference is right: where the record says the same as before, a message is not read again,
    so damage in it is not found. Then the result is that of `unharmed`.
    """
    simple, other = outcome(data), outcome(data, kept)
    if unharmed is None or simple != "FormatError":
        assert other == simple
    else:
        assert other in ("FormatError", outcome(unharmed))
    return simple


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_the_same_is_found(data: bytes) -> None:
    kept, _ = load(BASE)
    assert assert_both_ways_agree(data, kept) != "FormatError"
    again, _ = load(data, kept)
    assert assert_both_ways_agree(BASE, again) != "FormatError"


def test_a_smaller_file_is_looked_at_again() -> None:
    """The record gives the same places, but they lie outside of this file."""
    large = BASE[: record_of(BASE)[0]] + bytes(64)
    kept, _ = load(BASE)
    record = record_of(BASE)[1]
    record.pop("crc")
    assert load(handmade.seal(large, record), kept)[0] is kept
    small = handmade.seal(BASE[:1300], record)
    assert assert_both_ways_agree(small, kept) == "FormatError"


def test_what_is_the_same_is_kept() -> None:
    # A file is 8 bytes smaller where a checksum has nine digits instead of ten. The layout of a
    # larger file is not taken over.
    same = sorted([BASE, OTHERS["the same"], OTHERS["another epoch"]], key=len)
    kept, _ = load(same[0])
    assert kept.batch.form is not None
    assert all(load(data, kept)[0] is kept for data in same)
    for name in ("other texts", "more rows"):
        layout, _ = load(OTHERS[name], kept)
        assert layout.schema is kept.schema
        assert layout.batch.form is kept.batch.form
        assert layout.dictionaries[0].form is kept.dictionaries[0].form
        assert layout.values is kept.values


def test_every_case_of_frames() -> None:
    for label, text, options in CASES:
        frame = read(text, **options)
        kept, _ = load(handmade.snapshot(frame, 1))
        for other in (frame, pd.concat([frame, frame]), frame.iloc[:1], frame.iloc[:0]):
            assert_both_ways_agree(handmade.snapshot(other, 2), kept), label


@long_on_windows
@pytest.mark.skipif(not GOLDEN.exists(), reason="the package is alone here")
def test_golden_files_with_what_was_kept_of_each_other() -> None:
    kept = [load(path.read_bytes())[0] for path in sorted(GOLDEN.glob("*.arrow"))]
    unharmed = (GOLDEN / "numbers.arrow").read_bytes()
    for path in sorted(GOLDEN.rglob("*.arrow")):
        for layout in kept:
            harmed = path.stem in ("schema_crc", "batch_crc")
            assert_both_ways_agree(path.read_bytes(), layout, unharmed if harmed else None)


def test_random_bytes() -> None:
    """A checksum finds most of these."""
    rng = random.Random(1)
    kept, _ = load(BASE)
    for name in ("the same", "other texts", "more rows"):
        data = OTHERS[name]
        for _ in range(300):
            bad = bytearray(data)
            for _ in range(rng.choice([1, 1, 2, 8])):
                bad[rng.randrange(len(bad))] = rng.choice([0, 1, 64, 255, rng.randrange(256)])
            assert_both_ways_agree(bytes(bad), kept, data)


def with_message(data: bytes, kind: str, message: bytes) -> bytes:
    """The file with another message of the same size, and with the right checksum for it."""
    _, record = record_of(data)
    place = record[kind] if kind != "dictionaries" else record[kind][0]
    place[2] = zlib.crc32(message)
    changed = data[: place[0]] + message + data[place[0] + place[1] :]
    return resealed(changed, **{kind: record[kind]})


def message_of(data: bytes, kind: str) -> bytes:
    _, record = record_of(data)
    at, size = (record[kind] if kind != "dictionaries" else record[kind][0])[:2]
    return data[at : at + size]


NUMBERS = [
    0,
    1,
    2,
    3,
    4,
    8,
    63,
    64,
    128,
    2**31,
    2**32 - 1,
    2**48,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 1,
]


@pytest.mark.parametrize("few", [0, 10_000])
@pytest.mark.parametrize("kind", ["batch", "dictionaries"])
def test_random_messages(kind: str, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages with wrong numbers and right checksums, by both ways of checking."""
    rng = random.Random(few)
    kept, _ = load(BASE)
    found = set()
    for name in ("the same", "other texts", "more rows"):
        good = message_of(OTHERS[name], kind)
        for _ in range(400):
            message = bytearray(good)
            at = rng.randrange(0, len(good) - 8, rng.choice([1, 2, 4, 8]))
            width = rng.choice("BHIQ")
            value = rng.choice([*NUMBERS, len(OTHERS[name]), rng.getrandbits(64)])
            struct.pack_into("<" + width, message, at, value % 256 ** struct.calcsize(width))
            data = with_message(OTHERS[name], kind, bytes(message))
            with monkeypatch.context() as patch:
                simple = outcome(data)
                patch.setattr(_batch, "_FEW", few)
                assert outcome(data, kept) == simple
            found.add(simple == "FormatError")
    assert found == {True, False}


def test_records_of_another_order_are_not_taken_for_the_same() -> None:
    """In another writer's record, keys about places may stand before the key "rows"."""
    start, record = record_of(BASE)
    record.pop("crc")
    first = {key: record.pop(key) for key in ("version", "sequence", "epoch", "published_ns")}
    for moved in ("batch", "schema", "regions"):
        rest = dict(record)
        place = rest.pop(moved)
        good = handmade.seal(BASE[:start], first | {moved: place} | rest)
        kept, _ = load(good)
        assert assert_both_ways_agree(good, kept) != "FormatError"
        bad = handmade.seal(BASE[:start], first | {moved: [[1, 2, 3, 4]]} | rest)
        assert assert_both_ways_agree(bad, kept) == "FormatError"


def test_the_last_of_two_equal_keys_counts_both_ways() -> None:
    start = record_of(BASE)[0]
    text = BASE[start : BASE.rindex(b',"crc":')]
    for more in (b',"sequence":9', b',"\\u0073equence":9', b',"epoch":9', b',"version":2'):
        value = text + more + b',"crc":%d}' % zlib.crc32(text + more)
        data = BASE[:start] + value + bytes(8) + b"\0\0" + b"ARROW1"
        simple = outcome(data)
        kept = load(data)[0] if simple != "FormatError" else load(BASE)[0]
        assert_both_ways_agree(data, kept)


STAMPS = [
    ("epoch beyond 64 bits", {"epoch": 2**64}),
    ("epoch at the end", {"epoch": 2**64 - 1}),
    ("sequence of 20 digits", {"sequence": 2**64 - 1}),
    ("sequence 0", {"sequence": 0}),
    ("before 1970", {"published_ns": -1}),
    ("source before 1970", {"source_mtime_ns": -5}),
    ("published beyond 64 bits", {"published_ns": 2**63}),
    ("text", {"source_size": "x"}),
]


@pytest.mark.parametrize("changes", [s[1] for s in STAMPS], ids=[s[0] for s in STAMPS])
def test_stamps(changes: dict[str, Any]) -> None:
    kept, _ = load(BASE)
    assert_both_ways_agree(resealed(BASE, **changes), kept)


def test_numbers_that_the_walk_goes_through_make_no_form() -> None:
    """Where a vtable lies among the numbers, a later message may mean something else."""
    message = message_of(BASE, "batch")
    kept = load(BASE)[0].batch.form
    assert kept is not None
    places = _batch._walk(message, False)
    for inside in (places.nodes_at, places.buffers_at, places.buffers_at + 32):
        odd = bytearray(message)
        flat = odd[8:]
        table = 8 + struct.unpack_from("<I", flat, 0)[0]
        vtable = table - struct.unpack_from("<i", odd, table)[0]
        size = struct.unpack_from("<H", odd, vtable)[0]
        odd[inside : inside + size] = odd[vtable : vtable + size]
        struct.pack_into("<i", odd, table, table - inside)
        found = _batch._walk(bytes(odd), False)
        assert found == places
        assert _batch.Form(bytes(odd), found).content == ()


@long_on_windows
def test_a_thousand_columns() -> None:
    rng = np.random.default_rng(3)
    wide = pd.DataFrame({f"c{i}": rng.normal(0, 1, 5) for i in range(300)})
    kept, _ = load(handmade.snapshot(wide, 1))
    more = handmade.snapshot(pd.concat([wide, wide]), 2)
    assert assert_both_ways_agree(more, kept) != "FormatError"
    good = message_of(more, "batch")
    for _ in range(200):
        message = bytearray(good)
        value = int(rng.choice(np.array(NUMBERS, "<u8")))
        struct.pack_into("<Q", message, int(rng.integers(0, len(good) // 8)) * 8, value)
        assert_both_ways_agree(with_message(more, "batch", bytes(message)), kept)


# --- from a file to its frame ---------------------------------------------------------------------


class Files:
    """Opens snapshots like a feed does, with what was kept of an earlier one."""

    def __init__(self, directory: Path) -> None:
        self.instance = Instance(directory)
        self.instance.announce("f", 1)
        self.place = Place("shmpub", str(directory), None)
        catalog = Catalog(self.place)
        self.attached = Attached(catalog, *catalog.find("f"))

    def open(self, data: bytes, kept: Layout | None) -> Snapshot:
        self.instance.place("f", data)
        return self.open_as_it_is(kept)

    def open_as_it_is(self, kept: Layout | None) -> Snapshot:
        return open_snapshot(self.attached, "f", (self.place, "bounds"), kept)

    def assert_frames_agree(self, data: bytes, kept: Layout, unharmed: bytes) -> bool:
        """Returns whether the file has a frame. It must be the same with `kept` and without."""
        try:
            want = from_bytes(data).df
        except shmpub.FormatError:
            want = None
        try:
            got = self.open(data, kept).df
        except shmpub.FormatError:
            assert want is None
            return False
        if want is None:
            want = from_bytes(with_messages_of(data, unharmed)).df
        pd.testing.assert_frame_equal(got, want)
        return True


def with_messages_of(data: bytes, unharmed: bytes) -> bytes:
    _, record = record_of(unharmed)
    made = bytearray(data)
    for at, size, *_ in (record["schema"], record["batch"], *record["dictionaries"]):
        made[at : at + size] = unharmed[at : at + size]
    return bytes(made)


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(_blocks.FAST, id="fast"),
        pytest.param(_blocks.PUBLIC, id="public", marks=long_on_windows),
    ],
)
def test_frames_of_every_case(
    directory: Path, way: _blocks.Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(directory)
    for _, text, options in CASES:
        frame = read(text, **options)
        kept = None
        for other in (frame, frame, pd.concat([frame, frame]), frame.iloc[:1], frame):
            data = handmade.snapshot(other, 1)
            want = from_bytes(data).df
            with monkeypatch.context() as patch:
                patch.setattr(_blocks, "way", way)
                held = files.open(data, kept)
                assert_same(held.df, want)
                assert_same(held.df, want)
            kept = held._layout


@pytest.mark.skipif(not GOLDEN.exists(), reason="the package is alone here")
def test_frames_of_golden_files(directory: Path) -> None:
    files = Files(directory)
    for path in sorted(GOLDEN.glob("*.arrow")):
        data = path.read_bytes()
        kept = files.open(data, None)._layout
        assert files.assert_frames_agree(data, kept, data), path
    unharmed = (GOLDEN / "numbers.arrow").read_bytes()
    for path in sorted((GOLDEN / "bad").glob("*.arrow")):
        kept = files.open(unharmed, None)._layout
        files.assert_frames_agree(path.read_bytes(), kept, unharmed)


def harmless_to_arrow(data: bytes) -> list[int]:
    """Positions of metadata, bitmaps, numbers and codes: all but text and its offsets."""
    layout, _ = load(data)
    found = set(metadata_bytes(data))
    for f in layout.schema.fields:
        if f.type.name != "text" or f.code_size:
            for buffer in (f.buffer, f.buffer + 1):
                at = layout.batch.offset(buffer)
                found |= set(range(at, at + layout.batch.size(buffer)))
    return sorted(found)


@pytest.mark.parametrize("name", ["the same", "other texts", "more rows"])
def test_frames_of_random_bytes(directory: Path, name: str) -> None:
    rng = random.Random(name)
    files, data = Files(directory), OTHERS[name]
    kept = files.open(BASE, None)._layout
    places = harmless_to_arrow(data)
    found = set()
    for _ in range(300):
        bad = bytearray(data)
        for _ in range(rng.choice([1, 1, 1, 4])):
            bad[rng.choice(places)] = rng.choice([0, 1, 2, 128, 255, rng.randrange(256)])
        found.add(files.assert_frames_agree(bytes(bad), kept, data))
    assert found == {True, False}


@pytest.mark.parametrize("kind", ["batch", "dictionaries"])
def test_frames_of_random_messages(directory: Path, kind: str) -> None:
    """A wrong message may give any bytes as text, so the frames' contents are not compared."""
    rng = random.Random(kind)
    files = Files(directory)
    kept = files.open(BASE, None)._layout
    for name in ("the same", "more rows"):
        good = message_of(OTHERS[name], kind)
        for _ in range(200):
            message = bytearray(good)
            value = rng.choice([*NUMBERS, rng.getrandbits(64)])
            struct.pack_into("<Q", message, rng.randrange(0, len(good) // 8) * 8, value)
            data = with_message(OTHERS[name], kind, bytes(message))
            simple = outcome(data)
            try:
                held = files.open(data, kept)
                len(held.df)
            except shmpub.FormatError:
                continue
            assert simple != "FormatError"
