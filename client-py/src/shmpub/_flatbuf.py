"""Reading flatbuffers, as much of them as Arrow's metadata needs.

The bytes may be hostile, so every position is checked where it is used. A read outside the buffer
raises FormatError, and a vector must lie inside the buffer as a whole. No read uses a position
below 0, which Python would count from the buffer's end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from ._errors import FormatError

_I16 = struct.Struct("<h").unpack_from
_U16 = struct.Struct("<H").unpack_from
_I32 = struct.Struct("<i").unpack_from
_U32 = struct.Struct("<I").unpack_from
_I64 = struct.Struct("<q").unpack_from

_OUTSIDE = "metadata points outside itself"


def _get(unpack: Any, data: bytes, at: int) -> int:
    if at < 0:
        raise FormatError(_OUTSIDE)
    try:
        value: int = unpack(data, at)[0]
    except struct.error:
        raise FormatError(_OUTSIDE) from None
    return value


def root(data: bytes) -> Table:
    """The root table of the buffer."""
    return Table(data, _follow(data, 0))


def _follow(data: bytes, at: int) -> int:
    """The position to which the reference at `at` leads."""
    target = at + _get(_U32, data, at)
    if target == at or target >= len(data):
        raise FormatError(_OUTSIDE)
    return target


class Table:
    """A table. A field is named by its number in the flatbuffer's schema.

    The table, its vtable, and all that it refers to must lie at `start` or after it.
    """

    __slots__ = ("_data", "_size", "_start", "_vtable", "_vtable_size", "at")

    def __init__(self, data: bytes, at: int, start: int = 0) -> None:
        self._data = data
        self._start = start
        self.at = at
        self._vtable = at - _get(_I32, data, at)
        if self._vtable < start:
            raise FormatError(_OUTSIDE)
        self._vtable_size = _get(_U16, data, self._vtable)
        self._size = _get(_U16, data, self._vtable + 2)
        if self._vtable_size < 4 or self._size < 4:
            raise FormatError("a table in the metadata is too small")
        if max(self._vtable + self._vtable_size, at + self._size) > len(data):
            raise FormatError(_OUTSIDE)

    @property
    def start(self) -> int:
        """The position of the table, or of its vtable when the vtable stands before the table."""
        return min(self._vtable, self.at)

    def on_its_own(self) -> Table:
        """The same table, but references to anything before its start raise FormatError."""
        return Table(self._data, self.at, self.start)

    def where(self, field: int, width: int) -> int:
        """The position of the field's value of `width` bytes; 0 when the table does not have it."""
        entry = 4 + 2 * field
        if entry + 2 > self._vtable_size:
            return 0
        offset = _get(_U16, self._data, self._vtable + entry)
        if not offset:
            return 0
        if offset < 4 or offset + width > self._size:
            raise FormatError("a field in the metadata lies outside its table")
        return self.at + offset

    def _number(self, unpack: Any, field: int, width: int) -> int:
        at = self.where(field, width)
        return _get(unpack, self._data, at) if at else 0

    def byte(self, field: int) -> int:
        at = self.where(field, 1)
        return self._data[at] if at else 0

    def int16(self, field: int) -> int:
        return self._number(_I16, field, 2)

    def int32(self, field: int) -> int:
        return self._number(_I32, field, 4)

    def int64(self, field: int) -> int:
        return self._number(_I64, field, 8)

    def table(self, field: int) -> Table | None:
        at = self.where(field, 4)
        return Table(self._data, _follow(self._data, at), self._start) if at else None

    def vector(self, field: int, item_size: int) -> tuple[int, int]:
        """The position of the vector's first item, and the number of items; 0, 0: no vector."""
        at = self.where(field, 4)
        if not at:
            return 0, 0
        at = _follow(self._data, at)
        count = _get(_U32, self._data, at)
        if count * item_size > len(self._data) - at - 4:
            raise FormatError(_OUTSIDE)
        return at + 4, count

    def text(self, field: int) -> str | None:
        at, size = self.vector(field, 1)
        if not at:
            return None
        if self._data[at + size : at + size + 1] != b"\0":
            raise FormatError("a name in the metadata has no end")
        try:
            return self._data[at : at + size].decode()
        except UnicodeDecodeError:
            raise FormatError("a name in the metadata is not UTF-8") from None

    def tables(self, field: int) -> Iterator[Table]:
        at, count = self.vector(field, 4)
        for position in range(at, at + 4 * count, 4):
            yield Table(self._data, _follow(self._data, position), self._start)

    def pairs(self, field: int) -> Iterator[tuple[str, str]]:
        """The keys and values of a vector of Arrow's KeyValue tables."""
        for table in self.tables(field):
            key, value = table.text(0), table.text(1)
            if key is None or value is None:
                raise FormatError("metadata has a key or a value that is not there")
            yield key, value

    def key_values(self, field: int, known: frozenset[str]) -> dict[str, str]:
        """The values of the known keys by key. FormatError when one of these stands there twice."""
        found: dict[str, str] = {}
        for key, value in self.pairs(field):
            if key in known:
                if key in found:
                    raise FormatError("metadata has a key twice")
                found[key] = value
        return found
