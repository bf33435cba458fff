"""Variants of a snapshot that grows: a few bytes changed, as they are or with every CRC made right.

As variants.py, for files that tests/tools/grow_file.c has written: docs/FORMAT.md, "A snapshot that
grows".
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from random import Random

from variants import change_bytes, change_word

TAIL = 64


def footer_of(data: bytes) -> tuple[int, int]:
    """Where the current state's footer begins, and its own size."""
    word = len(data) - 10
    at = word - struct.unpack_from("<I", data, word)[0]
    return at, struct.unpack_from("<I", data, at + 4)[0]


def record_of(data: bytes) -> tuple[int, int]:
    at, size = footer_of(data)
    end = data.rindex(b"}", at, at + size) + 1
    return data.rindex(b"{", at, end), end


def reseal(data: bytes) -> bytes:
    """Every CRC made right, where the record stays as long as it is."""
    tail = len(data) - 10 - TAIL
    whole = bytearray(data)
    struct.pack_into("<I", whole, tail + 48, zlib.crc32(whole[tail : tail + 48]))
    try:
        start, end = record_of(data)

        def fix(found: re.Match[bytes]) -> bytes:
            offset, size = int(found[2]), int(found[3])
            return found[1] + b"%d,%d,%d" % (offset, size, zlib.crc32(data[offset : offset + size]))

        text = re.sub(rb'("(?:schema|batch)":\[)(\d+),(\d+),\d+', fix, bytes(whole[start:end]))
        body = text[: text.rindex(b',"crc":')]
        text = body + b',"crc":%d}' % zlib.crc32(body)
        if len(text) == end - start:
            whole[start:end] = text
    except (ValueError, struct.error):
        pass
    return bytes(whole)


def parts(data: bytes) -> list[tuple[int, int]]:
    """The tail with the word, the state's footer and record, its messages."""
    at, size = footer_of(data)
    start, end = record_of(data)
    text = data[start:end]
    found = [(len(data) - 10 - TAIL, len(data)), (at - 8, start), (start, end), (at, at + size)]
    for offset, length in re.findall(rb'"(?:schema|batch)":\[(\d+),(\d+),\d+', text):
        found.append((int(offset), int(offset) + int(length)))
    return found


def variants(good: bytes, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes); the good one comes first."""
    yield "grown", good
    random, spots = Random(seed), parts(good)
    for _ in range(count):
        data = bytearray(good)
        change = change_word if random.random() < 0.5 else change_bytes
        for _ in range(random.choice((1, 1, 1, 2))):
            change(random, data, spots)
        yield "grown", bytes(data) if random.random() > 0.75 else reseal(bytes(data))
