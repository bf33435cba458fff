"""A reader written from docs/FORMAT.md (and Arrow's own pages) with the standard library alone.

It shows that the page is enough for a stranger. Not for use: it makes no pandas objects, never
tries again, and a format error is whatever exception comes.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import Any

NULL, INT, FLOAT, BOOL, TIMESTAMP, LARGE_UTF8 = 1, 2, 3, 6, 10, 20  # Arrow's Schema.fbs, Type


def number(data: bytes, form: str, at: int) -> Any:
    return struct.unpack_from("<" + form, data, at)[0]


class Table:
    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at
        self.fields = at - number(data, "i", at)

    def where(self, n: int) -> int:
        known = 4 + 2 * n < number(self.data, "H", self.fields)
        offset = number(self.data, "H", self.fields + 4 + 2 * n) if known else 0
        return self.at + offset if offset else 0

    def scalar(self, n: int, form: str, default: Any = 0) -> Any:
        at = self.where(n)
        return number(self.data, form, at) if at else default

    def refer(self, n: int) -> int:
        at = self.where(n)
        return at + number(self.data, "I", at) if at else 0

    def table(self, n: int) -> Table:
        return Table(self.data, self.refer(n))

    def text(self, n: int) -> str:
        at = self.refer(n)
        return self.data[at + 4 : at + 4 + number(self.data, "I", at)].decode() if at else ""

    def items(self, n: int, size: int) -> list[int]:
        at = self.refer(n)
        return [at + 4 + size * i for i in range(number(self.data, "I", at) if at else 0)]

    def tables(self, n: int) -> list[Table]:
        return [Table(self.data, at + number(self.data, "I", at)) for at in self.items(n, 4)]

    def structs(self, n: int) -> list[tuple[int, int]]:
        return [struct.unpack_from("<qq", self.data, at) for at in self.items(n, 16)]


def sequence_of(catalog: bytes, feed: str) -> tuple[int, int]:
    assert catalog[:8] == b"SHMPUBC\x01" and number(catalog, "I", 8) == 1
    assert number(catalog, "I", 100) == zlib.crc32(catalog[:100])
    assert number(catalog, "Q", 24) == 0
    header, slot_size = struct.unpack_from("<II", catalog, 12)
    for i in range(number(catalog, "Q", 160)):
        at = header + slot_size * i
        if catalog[at : at + 48].rstrip(b"\0").decode() == feed and 1 <= catalog[at + 48] <= 4:
            return number(catalog, "Q", 40), number(catalog, "Q", at + 56)
    raise KeyError(feed)


def record_of(data: bytes) -> dict[str, Any]:
    assert data[:8] == b"ARROW1\0\0" and data[-6:] == b"ARROW1"
    end = len(data) - 10
    while data[end - 1] == 0:
        end -= 1
    value = data[data.rindex(b"{", 0, end) : end]
    record = json.loads(value)
    assert record["version"] == 1 and record["crc"] == zlib.crc32(value[: value.rindex(b',"crc":')])
    return record


def message(data: bytes, place: list[int]) -> tuple[Table, bytes]:
    at, size, crc = place[:3]
    whole = data[at : at + size]
    assert zlib.crc32(whole) == crc and whole[:4] == b"\xff\xff\xff\xff"
    root = Table(whole, 8 + number(whole, "I", 8))
    return root.table(2), data[at + size : at + size + root.scalar(3, "q")]


def bits(body: bytes, at: int, n: int) -> list[bool]:
    return [bool(body[at + i // 8] >> i % 8 & 1) for i in range(n)]


def column(kind: int, form: str, node: tuple[int, int], buffers: Any, body: bytes) -> list[Any]:
    n, nulls = node
    if kind == NULL:
        return [None] * n
    valid_at, at = next(buffers)[0], next(buffers)[0]
    if kind == BOOL:
        values: list[Any] = bits(body, at, n)
    elif kind == LARGE_UTF8:
        ends, text = struct.unpack_from(f"<{n + 1}q", body, at), next(buffers)[0]
        values = [body[text + ends[i] : text + ends[i + 1]].decode() for i in range(n)]
    else:
        values = list(struct.unpack_from(f"<{n}{form}", body, at))
    if not nulls:
        return values
    return [v if ok else None for v, ok in zip(values, bits(body, valid_at, n), strict=True)]


def form_of(type_: Table, kind: int) -> str:
    if kind == INT:
        return "bBhHiIqQ"[{8: 1, 16: 3, 32: 5, 64: 7}[type_.scalar(0, "i")] - type_.scalar(1, "?")]
    return "d" if kind == FLOAT else "q"


def table_of(data: bytes) -> list[tuple[str, list[Any]]]:
    """(name, values) of each field; None for a null, timestamps as their number."""
    record = record_of(data)
    schema, _ = message(data, record["schema"])
    batch, body = message(data, record["batch"])
    assert batch.scalar(0, "q") == record["rows"]
    nodes, buffers, columns = iter(batch.structs(1)), iter(batch.structs(2)), []
    for field in schema.tables(1):
        kind = field.scalar(2, "B")
        form = form_of(field.table(3), kind)
        if not field.refer(4):
            values = column(kind, form, next(nodes), buffers, body)
        else:
            coded = field.table(4)
            codes = column(INT, form_of(coded.table(1), INT), next(nodes), buffers, body)
            words, inner = message(data, record["dictionaries"][coded.scalar(0, "q")])
            held = words.table(1)
            kept = column(kind, form, held.structs(1)[0], iter(held.structs(2)), inner)
            values = [None if code is None else kept[code] for code in codes]
        columns.append((field.text(0), values))
    return columns


def read(directory: str, instance: str, feed: str) -> tuple[int, list[tuple[str, list[Any]]]]:
    """(sequence, table) of what is newest."""
    folder, found = os.open(f"{directory}/{instance}", os.O_RDONLY | os.O_NOFOLLOW), []
    for name in ("catalog", f"{feed}.arrow"):
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        with open(fd, "rb") as file:
            found.append(file.read())
    os.close(folder)
    epoch, sequence = sequence_of(found[0], feed)
    record = record_of(found[1])
    assert record["epoch"] != epoch or record["sequence"] >= sequence
    return record["sequence"], table_of(found[1])
