"""A record batch: where the buffers of a table or of a dictionary's values lie.

The messages of two snapshots of one feed differ in their numbers only: rows, nulls, places, sizes.
Where in the message these stand is the same, so it is found once, by walking the flatbuffer, and
kept as a Form; a later message that has the same bytes between its numbers is read without a walk.
Every number is checked each time, wherever it was found: one by one for a table of few columns,
as arrays for one of many, because a thousand columns must not cost a thousand steps in Python.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from . import _arrow_schema, _flatbuf
from ._arrow_schema import Group, Schema
from ._errors import FormatError

_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
MAX_ROWS = 2**48  # times 64 bits a row it stays far below 2^63

_FEW = 96  # buffers; from here on arrays are faster
_PREFIX = 8  # before the flatbuffer, whose positions count from its own start

_I64 = struct.Struct("<q").unpack_from
_U64 = struct.Struct("<Q").unpack_from
Words = npt.NDArray[np.uint64]


class Form(NamedTuple):
    """Where the numbers stand in a message, and what stands between them."""

    size: int
    body_size_at: int
    rows_at: int
    nodes_at: int
    buffers_at: int
    fixed: tuple[tuple[int, int], ...]
    content: tuple[bytes, ...]

    def fits(self, message: bytes) -> bool:
        if len(message) != self.size:
            return False
        return tuple([message[a:b] for a, b in self.fixed]) == self.content


class _Places(NamedTuple):
    """What a walk of the flatbuffer finds; positions count from the message's start."""

    dictionary: int
    is_delta: bool
    is_compressed: bool
    body_size_at: int  # 0: it has its default, and does not stand there
    rows_at: int
    nodes_at: int
    n_nodes: int
    buffers_at: int
    n_buffers: int


class Batch(NamedTuple):
    """Checked: whatever `offset` and `size` say lies inside the file."""

    rows: int
    body: int
    nodes: Sequence[int]  # rows and nulls of each column in turn
    buffers: Sequence[int]  # offset in the body and size of each buffer in turn
    has_nulls: bool
    form: Form | None
    message_size: int
    body_size: int

    def offset(self, buffer: int) -> int:
        return self.body + self.buffers[2 * buffer]

    def size(self, buffer: int) -> int:
        return self.buffers[2 * buffer + 1]

    def nulls(self, node: int) -> int:
        return self.nodes[2 * node + 1]

    def lie_at(self, group: Group, first: int, stride: int) -> bool:
        """Whether the group's values lie at a constant stride."""
        at = first - self.body
        if len(group.fields) > _FEW:
            offsets = _words(self.buffers)[group.offsets_at].view(np.int64)
            return int(offsets[0]) == at and bool((offsets[1:] - offsets[:-1] == stride).all())
        for buffer in group.buffers:
            if self.buffers[2 * buffer] != at:
                return False
            at += stride
        return True


def read(
    message: bytes, dictionary: int, body: int, size: int, schema: Schema, kept: Form | None
) -> Batch:
    """The batch of a message whose checksum is right, in a file of `size`.

    `dictionary` is the dictionary's number, or -1; `body` is where the message ends; `kept` is
    the form of an earlier one for the same schema and dictionary.
    """
    form = kept
    if form is None or not form.fits(message):
        form = _find(message, dictionary, schema)
    rows: int = _I64(message, form.rows_at)[0] if form.rows_at else 0
    if not 0 <= rows <= MAX_ROWS:
        raise FormatError("a batch has another number of rows than it can have")
    body_size: int = _U64(message, form.body_size_at)[0] if form.body_size_at else 0
    if body % 64 or body_size > size - body:
        raise FormatError("a batch's body lies outside the file, or not on a multiple of 64")
    nodes = _numbers(message, form.nodes_at, 2 * len(schema.fields))
    buffers = _numbers(message, form.buffers_at, 2 * schema.n_buffers)
    # A table without rows may have many columns and no buffer.
    is_small = max(schema.n_buffers, len(schema.fields)) <= _FEW
    check = _check_each if is_small else _check_all
    has_nulls = check(rows, nodes, buffers, body_size, schema)
    kept = form if form.fixed else None
    return Batch(rows, body, nodes, buffers, has_nulls, kept, len(message), body_size)


# --- where the numbers are ------------------------------------------------------------------------


def _find(message: bytes, dictionary: int, schema: Schema) -> Form:
    places = _walk(message, dictionary >= 0)
    if places.dictionary != dictionary or places.is_delta:
        raise FormatError("a dictionary is not the one that the record says")
    if places.n_nodes != len(schema.fields):
        raise FormatError("a batch has another number of columns than it should")
    if places.n_buffers != schema.n_buffers or places.is_compressed:
        raise FormatError("a batch has another number of buffers than it should, or is compressed")
    return _form(message, places)


def _walk(message: bytes, is_dictionary: bool) -> _Places:
    kind = _DICTIONARY_BATCH if is_dictionary else _RECORD_BATCH
    whole, header = _arrow_schema.message_tables(message, kind)
    batch = header.table(1) if is_dictionary else header
    if batch is None:
        raise FormatError("a dictionary has no values")
    nodes_at, n_nodes = batch.vector(1, 16)
    buffers_at, n_buffers = batch.vector(2, 16)
    return _Places(
        dictionary=header.int64(0) if is_dictionary else -1,
        is_delta=is_dictionary and bool(header.byte(2)),
        is_compressed=batch.table(3) is not None,
        body_size_at=_word_at(whole, 3),
        rows_at=_word_at(batch, 0),
        nodes_at=_PREFIX + nodes_at,
        n_nodes=n_nodes,
        buffers_at=_PREFIX + buffers_at,
        n_buffers=n_buffers,
    )


def _word_at(table: _flatbuf.Table, number: int) -> int:
    """Where a field of 64 bits stands, which is inside the message; 0 when it does not."""
    table.int64(number)
    at = table.where(number, 8)
    return _PREFIX + at if at else 0


def _form(message: bytes, places: _Places) -> Form:
    """Of no use for another message where the walk went through a number."""
    numbers = [
        (places.body_size_at, 8 if places.body_size_at else 0),
        (places.rows_at, 8 if places.rows_at else 0),
        (places.nodes_at, 16 * places.n_nodes),
        (places.buffers_at, 16 * places.n_buffers),
    ]
    fixed, at = [], 0
    for start, size in sorted(numbers):
        fixed.append((at, start))
        at = start + size
    fixed.append((at, len(message)))
    form = Form(
        len(message),
        places.body_size_at,
        places.rows_at,
        places.nodes_at,
        places.buffers_at,
        (),
        (),
    )
    if any(a > b for a, b in fixed):
        return form
    for filler in (b"\0", b"\xff"):
        other = bytearray(filler * len(message))
        for a, b in fixed:
            other[a:b] = message[a:b]
        try:
            if _walk(bytes(other), places.dictionary >= 0) != places:
                return form
        except FormatError:
            return form
    return form._replace(fixed=tuple(fixed), content=tuple(message[a:b] for a, b in fixed))


# --- the numbers ----------------------------------------------------------------------------------


def _numbers(message: bytes, at: int, count: int) -> Sequence[int]:
    """Unsigned, so that what is below 0 is too large."""
    if count <= 2 * _FEW:
        return struct.unpack_from(f"<{count}Q", message, at)
    return np.frombuffer(message, "<u8", count, at).astype(np.uint64, copy=False).data


def _words(numbers: Sequence[int]) -> Words:
    return np.asarray(numbers, np.uint64)


def _check_each(
    rows: int, nodes: Sequence[int], buffers: Sequence[int], room: int, schema: Schema
) -> bool:
    """Whether there are nulls, when all is well."""
    nulls = nodes[1::2]
    most = max(nulls, default=0)
    if most > rows or nodes[::2].count(rows) != len(nulls):
        raise FormatError(_WRONG_ROWS)
    for (bits, extra, node), offset, size in zip(
        schema.needs, buffers[::2], buffers[1::2], strict=True
    ):
        if offset > room or size > room - offset:
            raise FormatError(_OUTSIDE)
        if offset & 63:
            raise FormatError(_ODD)
        if size < (bits * rows + extra) >> 3 and (node < 0 or nulls[node]):
            raise FormatError(_SHORT)
    return most > 0


def _check_all(
    rows: int, nodes: Sequence[int], buffers: Sequence[int], room: int, schema: Schema
) -> bool:
    """The same, at once."""
    counts, nulls = _words(nodes)[::2], _words(nodes)[1::2]
    offsets, sizes = _words(buffers)[::2], _words(buffers)[1::2]
    most = int(nulls.max(initial=0))
    if most > rows or (counts != rows).any():
        raise FormatError(_WRONG_ROWS)
    if int(sizes.max(initial=0)) > room or (offsets > room - sizes).any():
        raise FormatError(_OUTSIDE)
    if int(np.bitwise_or.reduce(offsets)) % 64:
        raise FormatError(_ODD)
    bits, extra, nodes_of = schema.sizes if most else schema.sizes_without_nulls
    needed = (bits * rows + extra) >> 3
    if most:
        needed[(nodes_of >= 0) & (nulls[nodes_of] == 0)] = 0
    if (sizes.view(np.int64) < needed).any():
        raise FormatError(_SHORT)
    return most > 0


_WRONG_ROWS = "a column has another number of rows or nulls than it can have"
_OUTSIDE = "a buffer lies outside its body"
_ODD = "a buffer does not start on a multiple of 64"
_SHORT = "a buffer is shorter than its rows need"
