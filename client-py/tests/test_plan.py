"""A snapshot that is opened by the plan of another one is the same as one opened without a plan.

from_bytes() has no plan: it is the judge. Where a plan does not apply, it must say so, and the
general way must open the snapshot.
"""

from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import handmade
import numpy as np
import pandas as pd
import pytest
from conftest import long_on_windows, read
from frames import CASES
from test_frame import assert_same
from test_hostile import metadata_bytes, record_of
from test_kept import BASE, GOLDEN, LINES, NUMBERS, Files, frame_of, message_of, with_message

import shmpub
from shmpub._layout import Layout
from shmpub._plan import Plan
from shmpub._platform import Segment
from shmpub._snapshot import Snapshot, from_bytes

Opens = list[bool]  # for each snapshot that had a plan, whether the plan applied


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Opens:
    found: Opens = []
    whole = Plan.open

    def spy(self: Plan, segment: Segment, kept: Layout) -> Any:
        found.append(False)
        opened = whole(self, segment, kept)
        found[-1] = opened is not None
        return opened

    monkeypatch.setattr(Plan, "open", spy)
    return found


def plain(data: bytes) -> bytes:
    """The snapshot with a record as our own writer makes it: without keys of later versions."""
    start, record = record_of(data)
    del record["crc"], record["later"]
    return handmade.seal(data[:start], record)


def made(frame: pd.DataFrame, sequence: int = 1) -> bytes:
    return plain(handmade.snapshot(frame, sequence))


def assert_all_same(held: Snapshot, want: Snapshot) -> None:
    """The same frame, twice, of the same blocks; the same arrays."""
    for _ in range(2):
        got, wanted = held.df, want.df
        assert_same(got, wanted)
        assert list(got.attrs) == list(wanted.attrs) == ["shmpub"]
        assert {**got.attrs["shmpub"], "feed": ""} == {**wanted.attrs["shmpub"], "feed": ""}
        assert got.flags.allows_duplicate_labels
        assert sorted(blocks_of(got)) == sorted(blocks_of(wanted))
        # pandas copies a block before it writes
        assert all(block.refs.has_reference() for block in got._mgr.blocks)
        for name in wanted:
            values = got[name].to_numpy()
            assert not values.flags.writeable or not np.shares_memory(values, held._content)
    arrays, wanted_arrays = held.numpy(), want.numpy()
    assert list(arrays) == list(wanted_arrays)
    for name, array in arrays.items():
        assert array.dtype == wanted_arrays[name].dtype
        assert pd.Series(array).equals(pd.Series(wanted_arrays[name])), name
    assert (held.sequence, held.epoch, len(held)) == (want.sequence, want.epoch, len(want))
    assert held.published_at == want.published_at


def blocks_of(frame: pd.DataFrame) -> list[tuple[list[int], str, str, str]]:
    return [
        (b.mgr_locs.as_array.tolist(), type(b).__name__, type(b.values).__name__, str(b.dtype))
        for b in frame._mgr.blocks
    ]


def in_turn(files: Files, *snapshots: bytes) -> Iterator[tuple[Snapshot, Snapshot]]:
    """Opens each with the layout of the one before; beside it the same one without a plan."""
    kept = None
    for data in snapshots:
        held = files.open(data, kept)
        yield held, from_bytes(data)
        kept = held._layout


@long_on_windows
def test_every_case_of_frames(directory: Path, opens: Opens) -> None:
    files = Files(directory)
    for label, text, options in CASES:
        frame = read(text, **options)
        others = (frame, frame, pd.concat([frame, frame]), frame.iloc[:1], frame.iloc[:0])
        for held, want in in_turn(files, *map(made, others)):
            assert_all_same(held, want), label
    assert opens.count(True) > len(opens) / 3


@long_on_windows
@pytest.mark.skipif(not GOLDEN.exists(), reason="the package is alone here")
def test_golden_tables(directory: Path, opens: Opens) -> None:
    """Each after itself, and after the one before in the folder."""
    files = Files(directory)
    paths = sorted(GOLDEN.glob("*.arrow"))
    for held, want in in_turn(files, *(p.read_bytes() for path in paths for p in (path, path))):
        assert_all_same(held, want)
    assert opens[::2] == [True] * len(paths)
    assert opens[1::2].count(True) == 3  # these have the schema of the one before


CHANGES: dict[str, tuple[bytes, bool]] = {
    "the same": (made(frame_of(*LINES[:3]), 4), True),
    "longer texts": (made(frame_of(LINES[0], "9,2,,éé,,", LINES[2].replace("q", "r")), 4), True),
    "more rows": (made(frame_of(*LINES), 4), True),
    "many rows": (made(frame_of(*LINES * 9_000), 4), True),
    "one row of other types": (made(frame_of(LINES[1]), 4), False),
    "no rows": (made(frame_of(*LINES).iloc[:0], 4), False),
    "nulls vanish": (made(frame_of(LINES[0], LINES[0]), 4), True),
    "nulls make other types": (made(frame_of(*LINES[:3], "9,,,,,"), 4), False),
    "another schema": (made(read("a,s\n1,x\n"), 4), False),
    "another epoch": (plain(handmade.snapshot(frame_of(*LINES[:3]), 1, 2**64 - 1)), True),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes(directory: Path, opens: Opens, name: str) -> None:
    base, (data, applies) = made(frame_of(*LINES[:3]), 3), CHANGES[name]
    for held, want in in_turn(Files(directory), base, data, data):
        assert_all_same(held, want)
    assert opens == [applies, True]


def test_nulls_come_and_go(directory: Path, opens: Opens) -> None:
    """In each set of columns, so that there are more ways than a plan keeps recipes of."""

    def with_nulls(number: int) -> bytes:
        columns, is_null = [], [number >> n & 1 for n in range(len(whole.columns))]
        for (name, values), its_nulls in zip(whole.items(), is_null, strict=True):
            its = handmade.column(name, values.mask([False, bool(its_nulls), False]))
            if name == "i":  # pandas has no integers with nulls, but a C program may publish them
                buffers = [b"\x05" if its_nulls else b"", values.to_numpy("<i8").tobytes()]
                its = handmade.Column(name, pa.int64(), buffers, its_nulls, 3)
            columns.append(its)
        return plain(handmade.snapshot(columns, number + 1))

    pa = pytest.importorskip("pyarrow")
    times = pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02", "2024-01-03"]))
    whole = pd.DataFrame({"i": [1, 2, 3], "f": [0.5, 1.5, 2.5], "s": ["a", "bb", "c"], "t": times})
    whole["z"], whole["c"] = times.dt.tz_localize("UTC"), pd.Categorical(["p", "q", "p"])
    numbers = [*range(64), *range(64)]
    for held, want in in_turn(Files(directory), *map(with_nulls, numbers)):
        assert_all_same(held, want)
    assert opens == [True] * (len(numbers) - 1)


@pytest.mark.parametrize("rows", [1, 2, 70_000])
def test_rows(directory: Path, opens: Opens, rows: int) -> None:
    frame = pd.DataFrame({"n": 1.5, "s": "x", "t": "y", "c": pd.Categorical(["p"] * 3)})
    other = pd.concat([frame] * (rows // 3 + 1)).iloc[:rows].reset_index(drop=True)
    for held, want in in_turn(Files(directory), made(frame), made(other, 2), made(frame, 3)):
        assert_all_same(held, want)
    assert opens == [True, True]


def test_categories_change(directory: Path, opens: Opens) -> None:
    """In place, too: with equal codes and an equal record, but other bytes."""
    frame = pd.DataFrame({"c": pd.Categorical(["pp", "qq", None, "pp"]), "n": range(4)})
    base = made(frame)
    renamed = base.replace(b"ppqq", b"pprr")
    assert renamed != base
    others = made(frame.assign(c=frame["c"].cat.rename_categories(["p", "long one"])), 3)
    more = made(frame.assign(c=frame["c"].cat.add_categories(["z"])), 3)
    snapshots = base, renamed, renamed, others, more, base
    frames = []
    for held, want in in_turn(Files(directory), *snapshots):
        frames.append((held, held.df["c"].tolist()))
        assert_all_same(held, want)
    assert opens == [False, True, False, False, False]
    for held, values in frames:  # each goes by its own categories, also later
        assert held.df["c"].tolist() == values


def test_the_storage_of_text_changes(directory: Path, opens: Opens) -> None:
    files, base = Files(directory), made(frame_of(*LINES[:3]))
    kept = files.open(base, None)
    for storage in ("python", "auto", "python"):
        with pd.option_context("mode.string_storage", storage):
            held = files.open(base, kept._layout)
            dtypes = held.df.dtypes.tolist()
            assert list(map(repr, dtypes)) == list(map(repr, from_bytes(base).df.dtypes))
            kept = held
    assert opens == [True] * 3


def test_many_columns(directory: Path, opens: Opens) -> None:
    rng = np.random.default_rng(3)
    wide = pd.DataFrame({f"c{i}": rng.normal(0, 1, 5) for i in range(300)})
    wide["s"], wide["k"] = "text", pd.Categorical(list("aabba"))
    more = pd.concat([wide, wide]).reset_index(drop=True)
    snapshots = made(wide), made(more, 2), made(more, 3), made(wide.iloc[:1], 4)
    for held, want in in_turn(Files(directory), *snapshots):
        assert_all_same(held, want)
    assert opens == [True, True, True]


def test_what_another_owner_wrote_has_no_plan(
    directory: Path, opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, base = Files(directory), made(pd.DataFrame({"s": ["a", "b"]}))
    held = files.open(base, None)
    monkeypatch.setattr(files.attached.catalog, "instance", _OfAnother(files.attached))
    bad = base.replace(b"ab", b"\xff\xfe")
    assert bad != base
    with pytest.raises(shmpub.FormatError, match="UTF-8"):
        files.open(bad, held._layout)
    assert opens == []


class _OfAnother:
    """An instance whose segments say that another user has written them."""

    def __init__(self, attached: Any) -> None:
        self._its = attached.catalog.instance

    def open_segment(self, feed: str, descriptor: Callable[[], Any]) -> Any:
        segment = self._its.open_segment(feed, descriptor)
        segment.is_own = False
        return segment


@pytest.mark.skipif(not hasattr(__import__("os"), "geteuid"), reason="needs files with holes")
def test_text_grows_beyond_31_bits(directory: Path, opens: Opens) -> None:
    """The file has a hole where the text is, so that it takes no memory."""
    files, small = Files(directory), made(pd.DataFrame({"s": ["a", "b"]}))
    layout = files.open(small, None)._layout
    _, record = record_of(small)
    at, size = layout.batch.body + layout.batch.buffers[4], 2**31 + 64
    message = message_of(small, "batch")
    body_size = layout.batch.buffers[4] + size
    changed = bytearray(message)
    places = layout.batch.form._places
    struct.pack_into("<Q", changed, places.body_size_at, body_size)
    struct.pack_into("<Q", changed, places.buffers_at + 8 * 5, size)
    record["batch"][2] = zlib.crc32(changed)
    del record["crc"]
    head = bytearray(small[:at])
    head[record["batch"][0] : record["batch"][0] + len(changed)] = changed
    struct.pack_into("<3q", head, layout.batch.body + layout.batch.buffers[2], 0, 3, size)
    path = files.instance.path / "f.arrow"
    path.unlink()
    with path.open("wb") as file:
        file.write(head)
        file.seek(layout.batch.body + body_size)
        file.write(handmade.seal(b"", record))
    kept = files.open_as_it_is(layout)
    assert kept.df["s"].str.len().tolist() == [3, size - 3]
    assert opens == [True]
    struct.pack_into("<3q", head, layout.batch.body + layout.batch.buffers[2], 0, 3, size + 1)
    with path.open("r+b") as file:
        file.write(head)
    with pytest.raises(shmpub.FormatError, match="outside its buffer"):
        files.open_as_it_is(kept._layout)
    assert opens == [True, False]


BAD_OFFSETS = {
    "first": (0, 1),
    "falls": (1, 9),
    "falls below 0": (1, -1),
    "ends outside": (3, 1000),
    "ends before 0": (3, -1),
}


@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("name", BAD_OFFSETS)
def test_offsets_of_several_texts(directory: Path, opens: Opens, name: str, column: int) -> None:
    files = Files(directory)
    base = made(pd.DataFrame({"s": ["a", "b", "c"], "t": ["x", "yy", "z"]}))
    held = files.open(base, None)
    f, (number, value) = held._layout.schema.texts[column], BAD_OFFSETS[name]
    bad = bytearray(base)
    struct.pack_into("<q", bad, held._layout.batch.offset(f.buffer + 1) + 8 * number, value)
    with pytest.raises(shmpub.FormatError, match=f"column '{'st'[column]}'"):
        files.open(bytes(bad), held._layout)
    assert opens == [False]


def test_codes_outside_their_dictionary(directory: Path, opens: Opens) -> None:
    files, base = Files(directory), made(pd.DataFrame({"c": pd.Categorical(["p", "q"])}))
    held = files.open(base, None)
    at = held._layout.batch.offset(1)
    for code in (2, 127, 128, 255):
        bad = bytearray(base)
        bad[at + 1] = code
        with pytest.raises(shmpub.FormatError, match="outside its dictionary"):
            files.open(bytes(bad), held._layout)
    assert opens == [False] * 4


def outcome(files: Files, data: bytes, kept: Layout | None) -> Any:
    try:
        held = files.open(data, kept)
        frame = held.df
    except shmpub.FormatError:
        return shmpub.FormatError
    try:
        return held.sequence, frame.reset_index().map(repr).to_csv()
    except Exception:  # text that is not UTF-8 is found when it is used
        return held.sequence, "not UTF-8"


@long_on_windows
@pytest.mark.parametrize("change", ["the same", "longer texts", "more rows"])
def test_every_fourth_byte_of_metadata_flipped(directory: Path, opens: Opens, change: str) -> None:
    """With a plan there is the same table or error as without, but for what is not read again.

    A message whose record is the last one's is not read, so damage in it does not matter.
    """
    files, data = Files(directory), CHANGES[change][0]
    kept = files.open(made(frame_of(*LINES[:3]), 3), None)._layout
    good = outcome(files, data, None)
    for at in metadata_bytes(data)[::4]:
        bad = bytearray(data)
        bad[at] ^= 0x55
        simple, other = outcome(files, bytes(bad), None), outcome(files, bytes(bad), kept)
        assert other in (simple, good) if simple is shmpub.FormatError else other == simple
    assert True in opens
    assert False in opens


@long_on_windows
def test_random_numbers_in_the_batch(directory: Path, opens: Opens) -> None:
    """With right checksums: what one way refuses, the other refuses too."""
    rng, files = random.Random(5), Files(directory)
    kept = files.open(made(frame_of(*LINES[:3]), 3), None)._layout
    data = CHANGES["more rows"][0]
    good = message_of(data, "batch")
    places = kept.batch.form._places
    numbers = [at + 8 * i for at, n in places.words() for i in range(n)]
    found = set()
    for _ in range(300):
        message = bytearray(good)
        value = rng.choice([*NUMBERS, len(data), rng.getrandbits(64)])
        struct.pack_into("<Q", message, rng.choice(numbers), value)
        bad = plain(with_message(handmade_with_later(data), "batch", bytes(message)))
        simple, other = outcome(files, bad, None), outcome(files, bad, kept)
        assert simple == other
        found.add(simple is shmpub.FormatError)
    assert found == {True, False}
    assert True in opens


def handmade_with_later(data: bytes) -> bytes:
    start, record = record_of(data)
    del record["crc"]
    return handmade.seal(data[:start], record | {"later": []})


def test_a_feed_uses_plans(directory: Path, opens: Opens) -> None:
    instance = handmade.Instance(directory)
    feed = shmpub.subscribe("q", directory=directory)
    for sequence in range(1, 5):
        data = made(frame_of(*LINES[: 3 + sequence % 2]), sequence)
        instance.place("q", data)
        instance.announce("q", sequence)
        assert_same(feed.df, from_bytes(data).df)
    assert opens == [True] * 3


def test_the_base_of_other_tests_has_later_keys(directory: Path, opens: Opens) -> None:
    """A record with keys of a later version is read by the general way where places differ."""
    files = Files(directory)
    held = files.open(BASE, None)
    again = files.open(BASE, held._layout)
    more = files.open(handmade.snapshot(frame_of(*LINES), 4), again._layout)
    assert_same(more.df, from_bytes(handmade.snapshot(frame_of(*LINES), 4)).df)
    assert opens == [True, False]


# --- the record -----------------------------------------------------------------------------------

ODD_NUMBERS = [b"0", b"01", b"-1", b"", b" 7", b"7.0", b"1e3", b"+1", b"1" * 5000, b"9" * 18]
ODD_NUMBERS += [str(n).encode() for n in (2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30)]


def test_records_with_odd_numbers(directory: Path, opens: Opens) -> None:
    """Each number of the record in turn is another one, and the checksum is right for it."""
    files = Files(directory)
    base = made(frame_of(*LINES[:3]), 3)
    start, end = record_of(base)[0], base.rindex(b',"crc":')
    kept = files.open(base, None)._layout
    record, found = base[start:end], set()
    for number in re.finditer(rb"\d+", record):
        for odd in ODD_NUMBERS:
            text = record[: number.start()] + odd + record[number.end() :]
            sealed = text + b',"crc":%d}' % zlib.crc32(text) + bytes(8)
            data = base[:start] + sealed + b"\xff\xff\xff\x7fARROW1"
            try:
                want: Snapshot | None = from_bytes(data)
            except shmpub.FormatError:
                want = None
            try:
                held: Snapshot | None = files.open(data, kept)
            except shmpub.FormatError:
                held = None
            assert (held is None) == (want is None), text
            if held is not None and want is not None:
                assert_all_same(held, want)
            found.add(held is None)
    assert found == {True, False}
    assert set(opens) == {True, False}
