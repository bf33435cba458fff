"""Reads a batch's message: where the buffers of a table, or of a dictionary's values, lie.

The messages of two snapshots of one feed differ in their numbers only: rows, nulls, offsets, sizes.
Where in the message these numbers stand stays the same. So their positions are found once, by
walking the flatbuffer, and kept as a Form. A later message that has the same bytes between its
numbers is read without a walk.

The numbers themselves are checked in every message, whatever way they were found. For a table of
few columns tuples and C-level map() are fastest, for one of many columns NumPy arrays are: a
thousand columns must not cost a thousand steps in Python.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add, ge, or_
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _arrow_schema, _flatbuf
from ._arrow_schema import Group, Pattern, Schema
from ._errors import FormatError

_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
MAX_ROWS = 2**48  # so that a size of 64 bits a row stays far below 2^63

_FEW = 96  # up to so many buffers tuples are faster, above them NumPy arrays are
_PREFIX = 8  # bytes of a message before its flatbuffer

_U64 = struct.Struct("<Q").unpack_from
_NODE = struct.Struct("=QQ")  # a column's rows and nulls, in this machine's order of bytes
_max, _any, _or = np.maximum.reduce, np.logical_or.reduce, np.bitwise_or.reduce
Words = npt.NDArray[np.uint64]
Numbers = tuple[int, int, Sequence[int], Sequence[int]]  # body size, rows, nodes, buffers


class _Places(NamedTuple):
    """What a walk through the flatbuffer finds. Positions count from the message's start."""

    dictionary: int  # the dictionary's number; -1 for the table's own batch
    is_delta: bool
    is_compressed: bool
    body_size_at: int  # 0 where the number is not written: it is 0 then
    rows_at: int  # likewise
    nodes_at: int  # of the columns' rows and nulls
    n_nodes: int
    buffers_at: int  # of the buffers' offsets and sizes
    n_buffers: int

    def words(self) -> list[tuple[int, int]]:
        """Position and number of the 64-bit words of body size, rows, nodes and buffers."""
        return [
            (self.body_size_at, 1 if self.body_size_at else 0),
            (self.rows_at, 1 if self.rows_at else 0),
            (self.nodes_at, 2 * self.n_nodes),
            (self.buffers_at, 2 * self.n_buffers),
        ]


class Form:
    """Where the numbers stand in a message, and which bytes stand between them."""

    __slots__ = ("_between", "_places", "_size", "_slices", "_unpack", "content")

    def __init__(self, message: bytes, places: _Places) -> None:
        self._places = places
        self._size = len(message)
        self.content: tuple[Any, ...] = ()  # the bytes between; empty: match() finds no message
        self._unpack: Callable[[bytes], tuple[int, ...]] | None = None  # where numbers are few
        words = sorted(places.words())
        ends = [0, *[at + 8 * n for at, n in words]]
        gaps = list(zip(ends, [*[at for at, _ in words], len(message)], strict=True))
        if not _is_found_between(message, places, gaps):
            return
        sizes = [*[n for _, n in words], 0]
        between = [f"{b - a}s{8 * n}x" for (a, b), n in zip(gaps, sizes, strict=True)]
        self._between = struct.Struct("<" + "".join(between)).unpack
        self.content = self._between(message)
        if sum(sizes) <= 2 * _FEW:
            skipped = [f"{b - a}x{n}Q" for (a, b), n in zip(gaps, sizes, strict=True)]
            self._unpack = struct.Struct("<" + "".join(skipped)).unpack
            firsts = [sum(n for at, n in words if at < its) for its, _ in places.words()]
            self._slices = [
                slice(first, first + n)
                for first, (_, n) in zip(firsts, places.words(), strict=True)
            ]

    def match(self, message: bytes) -> Numbers | None:
        """The numbers of a later message; None when it is not of this form."""
        if len(message) != self._size or not self.content:
            return None
        return self.numbers(message) if self._between(message) == self.content else None

    def numbers(self, message: bytes) -> Numbers:
        """The numbers of a message of this form.

        They are unsigned, so that a number below 0 is too large.
        """
        if self._unpack is not None:
            words = self._unpack(message)
            body_size, rows, nodes, buffers = self._slices
            # Each of these slices has one number, or none where the number is not written.
            return sum(words[body_size]), sum(words[rows]), words[nodes], words[buffers]
        places = self._places
        return (
            _U64(message, places.body_size_at)[0] if places.body_size_at else 0,
            _U64(message, places.rows_at)[0] if places.rows_at else 0,
            _words_at(message, places.nodes_at, 2 * places.n_nodes),
            _words_at(message, places.buffers_at, 2 * places.n_buffers),
        )


def _is_found_between(message: bytes, places: _Places, gaps: list[tuple[int, int]]) -> bool:
    """Whether a walk finds the same places whatever the numbers are.

    In a hostile message a reference may lead into the numbers, so that with other numbers the walk
    would go another way.
    """
    if any(a > b for a, b in gaps):
        return False
    for filler in (b"\0", b"\xff"):
        other = bytearray(filler * len(message))
        for a, b in gaps:
            other[a:b] = message[a:b]
        try:
            if _walk(bytes(other), places.dictionary >= 0) != places:
                return False
        except FormatError:
            return False
    return True


class Batch(NamedTuple):
    """A batch whose numbers were checked: every buffer lies inside the file, and is long enough."""

    rows: int
    body: int  # where the body starts in the file
    nodes: Sequence[int]  # rows and nulls of each column in turn
    buffers: Sequence[int]  # offset in the body and size of each buffer in turn
    pattern: Pattern  # which columns have nulls; one item for all columns where they are many
    form: Form
    message_size: int
    body_size: int

    @property
    def has_nulls(self) -> bool:
        return True in self.pattern

    def offset(self, buffer: int) -> int:
        """Where the buffer starts, in the file."""
        return self.body + self.buffers[2 * buffer]

    def size(self, buffer: int) -> int:
        """The buffer's length in bytes."""
        return self.buffers[2 * buffer + 1]

    def nulls(self, node: int) -> int:
        """How many rows of the column are null."""
        return self.nodes[2 * node + 1]

    def lie_at(self, group: Group, first: int, stride: int) -> bool:
        """Whether the group's columns start at `first` in the file and every `stride` bytes.

        To be called for batches that have rows.
        """
        at = first - self.body
        if len(group.fields) > _FEW:
            offsets = _words(self.buffers)[group.offsets_at].view(np.int64)
            return int(offsets[0]) == at and not _any(offsets[1:] - offsets[:-1] != stride)
        wanted = range(at, at + stride * len(group.fields), stride)
        return [self.buffers[i] for i in group.offset_indices] == list(wanted)

    def has_numbers_of(self, other: Batch, schema: Schema) -> bool:
        """Whether the columns of plain numbers lie where those of `other` lie.

        This means as many rows at the same offsets, and nulls in the same columns. It says False
        for many columns, where comparing costs more than it saves.
        """
        if self.rows != other.rows or self.body != other.body or self.pattern != other.pattern:
            return False
        if len(schema.fields) > _FEW:
            return False
        mine, its = self.buffers, other.buffers
        return not [i for i in schema.number_offsets if mine[i] != its[i]]

    def moved(self, body: int, size: int) -> Batch:
        """The same batch in a file of `size` bytes, with the body at another offset.

        Raises FormatError when it does not fit there.
        """
        _check_body(body, self.body_size, size)
        return Batch(self.rows, body, *self[2:])


def read(
    message: bytes, dictionary: int, body: int, size: int, schema: Schema, last: Batch | None
) -> Batch:
    """The batch that a message describes, checked; raises FormatError.

    `message` is a copy whose checksum is right. `dictionary` is the number of the dictionary whose
    values the batch holds; -1 for the table itself. `body` is where the message ends in the file of
    `size` bytes. `last` is the batch of an earlier snapshot with the same schema.
    """
    form, numbers = None, None
    if last is not None:
        form = last.form
        numbers = form.match(message)
    if form is None or numbers is None:
        form = _find(message, dictionary, schema)
        numbers = form.numbers(message)
    body_size, rows, nodes, buffers = numbers
    if rows > MAX_ROWS:
        raise FormatError("a batch has another number of rows than it can have")
    _check_body(body, body_size, size)
    # A table without rows may have many columns and no buffer.
    is_small = max(schema.n_buffers, len(schema.fields)) <= _FEW
    check = _check_each if is_small else _check_all
    pattern = check(rows, nodes, buffers, body_size, schema)
    return Batch(rows, body, nodes, buffers, pattern, form, len(message), body_size)


def _check_body(body: int, body_size: int, size: int) -> None:
    if body % 64 or body_size > size - body:
        raise FormatError("a batch's body lies outside the file, or not on a multiple of 64")


# --- where the numbers are ------------------------------------------------------------------------


def _find(message: bytes, dictionary: int, schema: Schema) -> Form:
    places = _walk(message, dictionary >= 0)
    if places.dictionary != dictionary or places.is_delta:
        raise FormatError("a dictionary is not the one that the record says")
    if places.n_nodes != len(schema.fields):
        raise FormatError("a batch has another number of columns than it should")
    if places.n_buffers != schema.n_buffers or places.is_compressed:
        raise FormatError("a batch has another number of buffers than it should, or is compressed")
    return Form(message, places)


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
    """The position of a field of 64 bits, which lies inside the message; 0: it is not written."""
    table.int64(number)
    at = table.where(number, 8)
    return _PREFIX + at if at else 0


# --- the numbers ----------------------------------------------------------------------------------


def _words_at(message: bytes, at: int, count: int) -> Sequence[int]:
    if count <= 2 * _FEW:
        return struct.unpack_from(f"<{count}Q", message, at)
    return np.frombuffer(message, "<u8", count, at).astype(np.uint64, copy=False).data


def _words(numbers: Sequence[int]) -> Words:
    return np.asarray(numbers, np.uint64)


def _check_each(
    rows: int, nodes: Sequence[int], buffers: Sequence[int], room: int, schema: Schema
) -> Pattern:
    """Which columns have nulls. Raises FormatError when a number is wrong.

    `room` is the body's size.
    """
    nulls, offsets, sizes = nodes[1::2], buffers[::2], buffers[1::2]
    if max(nulls, default=0) > rows or nodes[::2] != (rows,) * len(nulls):
        raise FormatError(_WRONG_ROWS)
    if max(map(add, offsets, sizes), default=0) > room:  # Python's ints do not overflow
        raise FormatError(_OUTSIDE)
    if reduce(or_, offsets, 0) & 63:
        raise FormatError(_ODD)
    pattern = tuple(map(bool, nulls))
    if not all(map(ge, sizes, schema.needed_sizes(rows, pattern))):
        raise FormatError(_SHORT)
    return pattern


def _check_all(
    rows: int, nodes: Sequence[int], buffers: Sequence[int], room: int, schema: Schema
) -> Pattern:
    """The same for many columns, with NumPy. The answer is one item: whether any has nulls."""
    pairs, words = _words(nodes), _words(buffers)
    nulls, offsets, sizes = pairs[1::2], words[::2], words[1::2]
    most = 0
    # Where no column has nulls, which is common, this one comparison of bytes is all.
    if pairs.tobytes() != _NODE.pack(rows, 0) * len(nulls):
        most = int(_max(nulls, initial=0))
        if most > rows or _any(pairs[::2] != rows):
            raise FormatError(_WRONG_ROWS)
    # `room` is far below 2^63, so that the sum of two numbers that are at most `room` fits.
    if int(_max(words, initial=0)) > room or int(_max(offsets + sizes, initial=0)) > room:
        raise FormatError(_OUTSIDE)
    if int(_or(offsets)) % 64:
        raise FormatError(_ODD)
    if _any(sizes < schema.needed_array(rows, nulls if most else None)):
        raise FormatError(_SHORT)
    return (most > 0,)


_WRONG_ROWS = "a column has another number of rows or nulls than it can have"
_OUTSIDE = "a buffer lies outside its body"
_ODD = "a buffer does not start on a multiple of 64"
_SHORT = "a buffer is shorter than its rows need"
