"""Compressed sources: the tables of their texts; damage, bombs and changes that harm nobody."""

from __future__ import annotations

import functools
import gzip
import io
import itertools
import lzma
import random
import re
import shutil
import subprocess
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import Daemon, replace, run_shmpubd, until

FAST = "interval = 20ms"
GOOD = b"a,b\n1,x\n2,y\n"


def gzipped(text: bytes) -> bytes:
    return gzip.compress(text, 6, mtime=0)


def zstandard(text: bytes) -> bytes:
    return subprocess.run(["zstd", "-qc"], input=text, check=True, stdout=subprocess.PIPE).stdout


FORMATS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzipped,
    "zstd": zstandard,
    "xz": lzma.compress,
}
needs_zstd = pytest.mark.skipif(shutil.which("zstd") is None, reason="no program zstd")
each = pytest.mark.parametrize("format", ["gzip", pytest.param("zstd", marks=needs_zstd), "xz"])


@functools.cache
def table(rows: int, seed: int = 1) -> bytes:
    """Return a CSV that does not compress to nothing."""
    draw = random.Random(seed)
    lines = ["n,x,word\n"]
    for n in range(rows):
        lines.append(f"{n},{draw.random():.6f},{draw.choice(['a', 'bb', 'né', ''])}\n")
    return "".join(lines).encode()


def serve(daemon, content: bytes, options: str = "", settings: str = "") -> Daemon:
    d = daemon()
    d.source("a.csv.gz", content)
    d.configure({"a": f"source = a.csv.gz\n{FAST}\n{options}"}, settings)
    return d.start()


def failure(d: Daemon, name: str = "a") -> str:
    return str(d.wait_state(name, "failing")["error"])


def check_frame(df: pd.DataFrame, text: bytes) -> None:
    pd.testing.assert_frame_equal(df, pd.read_csv(io.BytesIO(text)), check_dtype=False)


# --- what goes well


@each
@pytest.mark.parametrize("rows", [1, 3, 30_000, 100_000])
def test_the_table_is_that_of_the_text(daemon, format, rows):
    text = table(rows)
    d = daemon()
    d.source("a.csv.gz", FORMATS[format](text))
    d.source("b.csv", text)
    d.configure({"a": f"source = a.csv.gz\n{FAST}", "b": f"source = b.csv\n{FAST}"})
    d.start()
    compressed, plain = d.feed("a").df, d.feed("b").df
    pd.testing.assert_frame_equal(compressed, plain)
    check_frame(compressed, text)


@each
def test_changes_are_published_and_what_is_the_same_is_not(daemon, format):
    pack = FORMATS[format]
    d = serve(daemon, pack(GOOD))
    feed = d.feed("a")
    sequence = feed.sequence
    for text in (GOOD, GOOD):
        seen = d.status("a")["unchanged"]
        d.source("a.csv.gz", pack(text))
        until(lambda seen=seen: d.status("a")["unchanged"] > seen + 2)
    assert feed.sequence == sequence
    for rows in (10, 50_000, 20, 60_000):
        text = table(rows, seed=rows)
        sequence = feed.sequence
        d.source("a.csv.gz", pack(text))
        until(lambda sequence=sequence: feed.sequence > sequence)
        check_frame(feed.df, text)
    d.source("a.csv.gz", GOOD)  # the name tells nothing
    until(lambda: list(feed.df.columns) == ["a", "b"])
    assert d.status("a")["failures"] == 0


@each
def test_archives_one_after_the_other_are_one_text(daemon, format):
    pack = FORMATS[format]
    text = table(40_000)
    cuts = [0, 1, 2, 5, 70_000, 70_001, len(text) // 2, len(text)]
    parts = [pack(text[i:j]) for i, j in itertools.pairwise(cuts)]
    parts[3:3] = [pack(b"")] * 2
    d = serve(daemon, b"".join(parts))
    check_frame(d.feed("a").df, text)


def test_zeros_may_follow_gzip(daemon):
    d = serve(daemon, gzipped(b"a,b\n1,x\n") + bytes(70_000) + gzipped(b"2,y\n") + bytes(3))
    check_frame(d.feed("a").df, GOOD)


def test_headers_with_all_parts(daemon):
    """gzip's header may have a name, a comment, more fields and a CRC of its own."""
    plain = gzipped(GOOD)
    extra = b"\x05\x00hello" + b"a.csv\0" + b"comment\0"
    d = serve(daemon, plain[:3] + bytes([4 | 8 | 16]) + plain[4:10] + extra + plain[10:])
    check_frame(d.feed("a").df, GOOD)


def test_padding_may_follow_xz(daemon):
    d = serve(daemon, lzma.compress(b"a,b\n1,x\n") + bytes(8) + lzma.compress(b"2,y\n") + bytes(4))
    check_frame(d.feed("a").df, GOOD)
    d.source("a.csv.gz", lzma.compress(GOOD) + bytes(3))  # xz refuses what is no multiple of 4
    assert "damaged xz" in failure(d)


@pytest.mark.skipif(shutil.which("pzstd") is None, reason="no program pzstd")
def test_frames_that_are_skipped(daemon):
    text = table(100_000)
    packed = subprocess.run(["pzstd", "-qc"], input=text, check=True, stdout=subprocess.PIPE).stdout
    assert packed[:4] == b"P*M\x18"
    check_frame(serve(daemon, packed).feed("a").df, text)


@each
def test_commands_that_print_archives(daemon, format):
    text = table(100_000)
    d = serve(daemon, FORMATS[format](text))
    d.configure({"a": f"source = exec: cat a.csv.gz\n{FAST}"})
    d.reload()
    feed = d.feed("a")
    until(lambda: d.status("a")["unchanged"] > 3)
    check_frame(feed.df, text)


@each
def test_encodings_inside(daemon, format):
    text = "a,b\n1,Zürich\n2,漢字\n"
    d = serve(daemon, FORMATS[format](text.encode("utf-16")), "encoding = utf-16")
    assert list(d.feed("a").df.b) == ["Zürich", "漢字"]


@each
@pytest.mark.parametrize("rows", [2, 100_000])
def test_csv_segment_has_the_text(daemon, format, rows):
    text = table(rows)
    name = f"e2e-text-{uuid.uuid4().hex[:8]}"
    serve(daemon, FORMATS[format](text), f"csv_segment = {name}").feed("a")
    content = Path(f"/dev/shm/{name}").read_bytes()
    size = int.from_bytes(content[:4], "little")
    assert content[4 : 4 + size] == text


@each
def test_one_layer_only(daemon, format):
    d = serve(daemon, FORMATS[format](FORMATS[format](GOOD)))
    assert "UTF-8" in failure(d)


# --- what goes wrong


@each
def test_nothing_inside_is_what_nothing_is(daemon, format):
    d = daemon()
    d.source("a", FORMATS[format](b""))
    d.source("b", b"")
    d.configure({n: f"source = {n}\n{FAST}" for n in "ab"})
    d.start()
    assert failure(d, "a").replace("/a", "/b") == failure(d, "b")


@each
def test_truncated_everywhere(daemon, format):
    """Wherever an archive ends, the last good table stays, and the line tells why."""
    d = serve(daemon, GOOD)
    feed = d.feed("a")
    sequence = feed.sequence
    whole = FORMATS[format](table(300))
    places = [*range(8, 30), *range(30, len(whole), len(whole) // 20), len(whole) - 1]
    reasons = set()
    for place in places:
        before = d.status("a")["failures"]
        d.source("a.csv.gz", whole[:place])
        until(lambda before=before: d.status("a")["failures"] > before)
        reasons.add(failure(d))
    assert reasons == {f"{d.folder}/a.csv.gz: damaged {format}: it ends too early"}
    assert feed.sequence == sequence
    d.source("a.csv.gz", whole)
    d.wait_state("a", "fresh")
    check_frame(feed.df, table(300))


@each
def test_flipped_bits(daemon, format):
    """A flipped bit is told, or it stands where it means nothing."""
    text = table(2000)
    d = serve(daemon, GOOD)
    feed = d.feed("a")
    whole = FORMATS[format](text)
    draw = random.Random(7)
    for _ in range(60):
        bad = bytearray(whole)
        bad[draw.randrange(8, len(bad))] ^= 1 << draw.randrange(8)
        failures, sequence = d.status("a")["failures"], feed.sequence
        d.source("a.csv.gz", bytes(bad))
        until(
            lambda failures=failures, sequence=sequence: (
                d.status("a")["failures"] > failures or feed.sequence > sequence
            )
        )
        if d.status("a")["state"] == "failing":
            assert format in failure(d)
        else:
            check_frame(feed.df, text)


@each
@pytest.mark.parametrize("after", [b"x", b"\n", b"a,b\n1,2\n", b"\x1f", b"\x1f\x8b", b"(\xb5"])
def test_other_bytes_at_the_end(daemon, format, after):
    d = serve(daemon, FORMATS[format](GOOD) + after)
    assert f"a.csv.gz: damaged {format}: " in failure(d)


@each
def test_errors_count_the_lines_of_the_text(daemon, format):
    text = table(50_000) + b"1,2,3,4,5,6\n"
    d = serve(daemon, FORMATS[format](text))
    assert failure(d).endswith("/a.csv.gz:50002: 6 fields, expected 3")


def memory(d: Daemon) -> int:
    """Return the most memory that the daemon has had, without what it shares, in KiB."""
    text = Path(f"/proc/{d.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", text)[1])


@each
def test_bombs(daemon, format):
    d = serve(daemon, GOOD, "max_source = 64M", "max_bytes = 1G")
    feed = d.feed("a")
    before = memory(d)
    bomb = FORMATS[format](b"a,b\n") + 200 * FORMATS[format](b"1,2\n" * (1 << 20))
    assert len(bomb) < 4 << 20
    d.source("a.csv.gz", bomb)
    wanted = f"a.csv.gz: {format}: more than 67108864 bytes of text, which is max_source"
    assert failure(d).endswith(wanted)
    check_frame(feed.df, GOOD)
    assert memory(d) < before + (150 << 10)  # the table that was begun is a part of it


@each
def test_long_lines_are_bounded(daemon, format):
    d = serve(daemon, FORMATS[format](b"a\n" + b"1" * (20 << 20)), "", "max_bytes = 16M")
    assert "max_bytes" in failure(d)


def zstd_frame(window: int, text: bytes) -> bytes:
    head = b"\x28\xb5\x2f\xfd\x00" + bytes([window - 10 << 3])
    return head + (len(text) << 3 | 1).to_bytes(3, "little") + text


def test_zstd_has_so_much_memory(daemon):
    """A window log of 27 is what zstd itself allows without being asked."""
    d = serve(daemon, zstd_frame(27, GOOD))
    check_frame(d.feed("a").df, GOOD)
    d.source("a.csv.gz", zstd_frame(28, GOOD))
    assert failure(d).endswith("a.csv.gz: zstd: it needs more than 128 MiB of memory to expand")


def xz_stream(dictionary: int, text: bytes) -> bytes:
    stream = bytearray(lzma.compress(text))
    assert stream[12:16] == b"\x02\x00\x21\x01"
    stream[16] = dictionary
    stream[20:24] = zlib.crc32(stream[12:20]).to_bytes(4, "little")
    return bytes(stream)


def test_xz_has_so_much_memory(daemon):
    d = serve(daemon, xz_stream(28, GOOD))  # 64 MiB, as of xz -9
    check_frame(d.feed("a").df, GOOD)
    d.source("a.csv.gz", xz_stream(32, GOOD))  # 256 MiB
    wanted = r"a\.csv\.gz: xz: it needs 25\d MiB of memory to expand, 128 are the most$"
    assert re.search(wanted, failure(d))


@each
def test_replaced_while_it_is_read(daemon, format):
    """Never a mixture: each table that is seen is that of one file."""
    texts = [table(20_000 + 1000 * i, seed=i) for i in range(4)]
    packed = [FORMATS[format](t) for t in texts]
    d = serve(daemon, packed[0])
    feed = d.feed("a")
    path = d.folder / "a.csv.gz"
    wanted = [pd.read_csv(io.BytesIO(t)) for t in texts]
    for i in range(40):
        if i % 2:
            path.write_bytes(packed[i % 4])
        else:
            replace(path, packed[i % 4])
        df = feed.df
        pd.testing.assert_frame_equal(df, wanted[(len(df) - 20_000) // 1000], check_dtype=False)
    replace(path, packed[1])
    until(lambda: len(feed.df) == 21_000)


@each
def test_test_tells_both_sizes(daemon, format):
    text = table(1000)
    packed = FORMATS[format](text)
    d = daemon()
    d.source("a.csv.gz", packed)
    d.configure({"a": f"source = a.csv.gz\n{FAST}"})
    done = run_shmpubd("-c", d.ini, "--test", "a")
    assert done.returncode == 0
    assert f"a.csv.gz, {len(packed)} bytes of {format}, {len(text)} of text\n" in done.stdout
    d.source("a.csv.gz", packed[:-3])
    done = run_shmpubd("-c", d.ini, "--test", "a")
    assert done.returncode != 0 and f"damaged {format}: it ends too early" in done.stderr
