"""Reading flatbuffers, as much of them as Arrow's metadata needs.

Every position comes from bytes that may be anything, so each is checked where it is used: reads
outside the buffer raise FormatError, vectors must lie inside it as a whole, and a read never
goes to the left of the buffer's start (which Python would take as counting from the end).
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
    """The table that the buffer is about."""
    return Table(data, _get(_U32, data, 0))


class Table:
    """A table; its fields are known by their number in the schema of the flatbuffer."""

    __slots__ = ("_at", "_data", "_vtable", "_vtable_size")

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        self._vtable = at - _get(_I32, data, at)
        self._vtable_size = _get(_U16, data, self._vtable)

    def where(self, field: int) -> int:
        """Where the field's value lies, or 0 when it has its default."""
        entry = 4 + 2 * field
        if entry + 2 > self._vtable_size:
            return 0
        offset = _get(_U16, self._data, self._vtable + entry)
        return self._at + offset if offset else 0

    def _scalar(self, unpack: Any, field: int, default: int) -> int:
        at = self.where(field)
        return _get(unpack, self._data, at) if at else default

    def byte(self, field: int, default: int = 0) -> int:
        at = self.where(field)
        if at >= len(self._data):
            raise FormatError(_OUTSIDE)
        return self._data[at] if at else default

    def int16(self, field: int, default: int = 0) -> int:
        return self._scalar(_I16, field, default)

    def int32(self, field: int, default: int = 0) -> int:
        return self._scalar(_I32, field, default)

    def int64(self, field: int, default: int = 0) -> int:
        return self._scalar(_I64, field, default)

    def _target(self, field: int) -> int:
        at = self.where(field)
        return at + _get(_U32, self._data, at) if at else 0

    def table(self, field: int) -> Table | None:
        at = self._target(field)
        return Table(self._data, at) if at else None

    def vector(self, field: int, item_size: int) -> tuple[int, int]:
        """(position of the first item, number of items) of a vector that lies inside the buffer."""
        at = self._target(field)
        if not at:
            return 0, 0
        count = _get(_U32, self._data, at)
        if count * item_size > len(self._data) - at - 4:
            raise FormatError(_OUTSIDE)
        return at + 4, count

    def text(self, field: int) -> str | None:
        at, size = self.vector(field, 1)
        if not at:
            return None
        try:
            return self._data[at : at + size].decode()
        except UnicodeDecodeError:
            raise FormatError("a name in the metadata is not UTF-8") from None

    def tables(self, field: int) -> Iterator[Table]:
        at, count = self.vector(field, 4)
        for position in range(at, at + 4 * count, 4):
            yield Table(self._data, position + _get(_U32, self._data, position))

    def key_values(self, field: int) -> dict[str, str]:
        """A vector of Arrow's KeyValue tables."""
        return {t.text(0) or "": t.text(1) or "" for t in self.tables(field)}
