"""Variants of golden snapshots: a few bytes changed, as they are or with every CRC made right.

Deterministic: the n-th variant of a seed is the same everywhere. A hostile publisher computes CRCs
as well as we do, so most variants have theirs repaired.
"""

from __future__ import annotations

import itertools
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

HERE = Path(__file__).parent
WORDS = (
    0,
    1,
    2,
    7,
    8,
    64,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 8,
    2**64 - 1,
)
TEXTS = (
    b"0",
    b"00",
    b"-1",
    b"-0",
    b"1.0",
    b" 1",
    b"true",
    b"null",
    b'"1"',
    b"[]",
    b"[1,[2,[3]]]",
    b"[[[[1]]]]",
    b"18446744073709551615",
    b"18446744073709551616",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"-9223372036854775809",
    b"1e3",
    b'"\\n"',
    b'"\x7f"',
    b'"~ !"',
)
MORE = (
    b'"x":1,',
    b'"x":"y",',
    b'"x":[1,"2",[3]],',
    b'"x":[[[[1]]]],',
    b'"x":{},',
    b'"rows":3,',
    b'"crc":1,',
    b'"x" :1,',
    b'"x":-1,',
    b'"x":01,',
    b'"\\u0078":1,',
    b'"":0,',
    b'"x":[],',
)


def record_at(data: bytes) -> tuple[int, int]:
    """Where the record begins and ends."""
    end = len(data) - 10
    while end and data[end - 1] == 0:
        end -= 1
    return data.rindex(b"{", 0, end), end


def put_record(data: bytes, text: bytes) -> bytes:
    """With another record, told as long as it is, and the footer as well."""
    start, _ = record_at(data)
    footer = struct.unpack_from("<i", data, len(data) - 10)[0]
    whole = data[: start - 4] + struct.pack("<I", len(text)) + text + b"\0"
    whole += bytes(-len(whole) % 8)
    footer += len(whole) - (len(data) - 10)
    return whole + struct.pack("<i", footer) + b"ARROW1"


def sealed(text: bytes) -> bytes:
    body = text[: text.rindex(b',"crc":')]
    return body + b',"crc":%d}' % zlib.crc32(body)


def reseal(data: bytes) -> bytes:
    """Every CRC made right that can be found."""
    try:
        start, end = record_at(data)

        def fix(found: re.Match[bytes]) -> bytes:
            offset, size = int(found[1]), int(found[2])
            return b"[%d,%d,%d" % (offset, size, zlib.crc32(data[offset : offset + size]))

        head, key, rest = data[start:end].partition(b'"schema":')
        places, regions, rest = rest.partition(b'"regions":')
        text = head + key + re.sub(rb"\[(\d+),(\d+),\d+", fix, places) + regions + rest
        return put_record(data, sealed(text))
    except (ValueError, struct.error):
        return data


def parts(data: bytes) -> list[tuple[int, int]]:
    """The messages, what lies between, the footer's tables, the record, the tail."""
    start, end = record_at(data)
    footer = len(data) - 10 - struct.unpack_from("<i", data, len(data) - 10)[0]
    text = data[start:end]
    places = text[text.index(b'"schema":') : text.index(b'"regions":')]
    edges = {0, 8, footer - 8, footer, start, end, len(data) - 10, len(data)}
    for offset, size in re.findall(rb"\[(\d+),(\d+),\d+", places):
        edges |= {int(offset), int(offset) + int(size)}
    cuts = sorted(edges)
    return list(itertools.pairwise(cuts))


def change_bytes(random: Random, data: bytearray, spots: list[tuple[int, int]]) -> None:
    a, b = random.choice(spots)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.randrange(a, b) if random.random() < 0.8 else random.randrange(len(data))
        data[at] ^= random.choice((1, 2, 4, 8, 16, 32, 64, 128, 255, random.randrange(1, 256)))


def change_word(random: Random, data: bytearray, spots: list[tuple[int, int]]) -> None:
    a, b = random.choice(spots)
    size = random.choice((1, 2, 4, 8))
    at = random.randrange(a, b) // size * size
    if at + size > len(data):
        return
    old = int.from_bytes(data[at : at + size], "little")
    new = random.choice((random.choice(WORDS), old + 1, old - 1, old + 64, old - 64, old ^ 1 << 6))
    data[at : at + size] = (new % 2 ** (8 * size)).to_bytes(size, "little")


def change_record(random: Random, data: bytes) -> bytes:
    start, end = record_at(data)
    text = data[start:end]
    kind = random.randrange(5)
    if kind == 0:  # a value
        found = random.choice(list(re.finditer(rb"(?<=[:\[,])\d+", text)))
        text = text[: found.start()] + random.choice(TEXTS) + text[found.end() :]
    elif kind == 1:  # a key more
        at = random.choice(list(re.finditer(rb'"[a-z_]+":', text))).start()
        text = text[:at] + random.choice(MORE) + text[at:]
    elif kind == 2:  # a key less
        found = random.choice(list(re.finditer(rb'"[a-z_]+":(\[.*?\]|\d+),(?=")', text)))
        text = text[: found.start()] + text[found.end() :]
    elif kind == 3:  # another order
        pairs = re.findall(rb'"[a-z_]+":(?:\[\[.*?\]\]|\[[^\[]*?\]|\d+)', text)
        head = pairs[:-1]
        random.shuffle(head)
        text = b"{" + b",".join(head) + b',"crc":0}'
    else:  # any byte
        at = random.randrange(len(text))
        text = text[:at] + bytes([random.randrange(1, 256)]) + text[at + 1 :]
    try:
        return put_record(data, sealed(text))
    except ValueError:
        return put_record(data, text)


def variant(random: Random, good: bytes) -> bytes:
    kind = random.random()
    if kind < 0.15:
        return change_record(random, good)
    data, spots = bytearray(good), parts(good)
    change = change_word if kind < 0.5 else change_bytes
    for _ in range(random.choice((1, 1, 1, 2))):
        change(random, data, spots)
    return bytes(data) if kind > 0.75 else reseal(bytes(data))


def variants(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(name of the golden file, bytes); the golden files themselves come first."""
    good = [(path.stem, path.read_bytes()) for path in sorted(HERE.glob("*.arrow"))]
    yield from good
    random = Random(seed)
    for i in range(count):
        name, data = good[i % len(good)]
        yield name, variant(random, data)
