"""Opens a snapshot whose table is much like that of the snapshot before it.

Most snapshots of a feed have the schema of the last one and the same categories. A Plan is what is
known of them then. Its open() reads the numbers of a new snapshot, checks them as _layout and
_snapshot do, and returns None wherever anything is not as the plan expects. The general way then
opens the snapshot from the beginning, and tells what is wrong.

Programs take a snapshot now and then and do other work in between, so that neither this code nor
its data is in the processor's caches. Then the time goes by how many functions, objects and system
calls are touched, more than by what they do. So there are few of them here: functions are long, and
bytes that lie near to each other are read at once.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _blocks, _frame, _layout
from ._arrow_schema import Pattern
from ._batch import MAX_ROWS, Batch
from ._blocks import Maker
from ._columns import Source, Values
from ._layout import Layout, Region, Stamp
from ._recipe import Recipe

if TYPE_CHECKING:
    from ._platform import Segment

_MAGIC = b"ARROW1\0\0"
_TAIL_READ = 2048  # bytes at the end of the file that hold the record
_MOST_READ = 16 << 10  # bytes at the end, when the dictionaries are read together with the record
_MOST_HEAD = 1 << 20  # bytes up to the end of the batch's message
_MOST_OFFSETS = 128 << 10  # offsets of texts that are checked at once
_MOST_CODES = 64 << 10  # codes; for more of them NumPy is faster
_TAIL = 10  # bytes of the file after the footer: the footer's size and the magic
_MOST_PATTERNS = 16  # ways in which columns have nulls, of which recipes are kept
# A record of our own writer from its key "rows" to its key "crc".
_PLACES = b'%%d,"schema":[%%d,%%d,%%d,%%d],"batch":[%%d,%%d,%%d],"dictionaries":[%b],"regions":[%b]'
_MOST_DIGITS = 4000  # bytes of a text with numbers: Python refuses to read numbers of 4,300 digits
_SPACES = bytes(c if c in b"0123456789" else 32 for c in range(256))
_OFFSET = np.dtype("<i8")


Opened = tuple[Layout, Stamp, Any]  # the last is the mapping, as an array


@lru_cache(1)
def _record() -> re.Pattern[bytes]:
    """As _layout's own, but what stands between the keys "rows" and "crc" may be anything.

    Such a text is compared with one that is known.
    """
    count, long = rb"(?:0|[1-9]\d{0,18})", rb"(?:0|[1-9]\d{0,19})"
    return re.compile(
        rb'\{"version":1,"sequence":([1-9]\d{0,17}),"epoch":(%b),"published_ns":([1-8]\d{1,18}),'
        rb'"source_mtime_ns":(0|[1-8]\d{0,18}),"read_ns":%b,"parse_ns":%b,"source_size":%b,'
        rb'"skipped_rows":%b,"rows":([^{}\0]*),"crc":(%b)\}\0{1,8}((?s:....))ARROW1'
        % (long, *[count] * 5)
    )


class Plan:
    """What is known of the next snapshots of a feed. It refers to no mapping."""

    __slots__ = (
        "_codes",
        "_form",
        "_is_small",
        "_recipes",
        "_schema",
        "_text_sizes",
        "_texts",
        "values",
    )

    def __init__(self, layout: Layout, values: list[Values]) -> None:
        """`layout` is that of a snapshot that was checked, `values` those of its dictionaries."""
        schema = layout.schema
        self.values = values
        self._is_small = isinstance(layout.batch.buffers, tuple) and layout.rows > 0
        self._recipes: dict[Pattern, Recipe] = {}
        self._schema = [*map(int, layout.schema_text.split(b","))]
        dictionaries = b",".join([b"[%d,%d,%d]"] * len(layout.dictionaries))
        regions = b",".join([b"[%d,%d,%d,%d]"] * len(layout.regions))
        self._form = _PLACES % (dictionaries, regions)  # of a record, from its key "rows" on
        # For each text, where in Batch.buffers its offsets start, and where its size stands.
        self._texts = [2 * f.buffer + 2 for f in schema.texts]
        self._text_sizes = [2 * f.buffer + 5 for f in schema.texts]
        self._codes = [
            (f, bytes(range(min(its.batch.rows, 128))) if f.code_size == 1 else b"", its)
            for f, its in zip(schema.dictionaries, values, strict=True)
        ]

    def open(self, segment: Segment, kept: Layout) -> Opened | None:
        """The segment's layout, its stamp and its mapping. None: not as this plan expects.

        `kept` is the layout of an earlier snapshot to which this plan applied.
        """
        size, read = segment.size, segment.read
        tail_at = size - _TAIL_READ
        if kept.dictionaries:
            its_tail = kept.size - kept.dictionaries[0].body + 64
            if _TAIL_READ < its_tail < _MOST_READ:
                tail_at = size - its_tail
        if tail_at < 0:
            tail_at = 0
        tail = read(tail_at, size - tail_at)
        found = _read_record(tail, size)
        if found is None:
            return None
        stamp, places = found
        layout: Layout | None
        is_same = places == kept.places and kept.size <= size
        if not is_same and self._is_small:
            layout = self._move(kept, places, size, read)
        elif read(0, 8) == _MAGIC:
            layout = kept if is_same else self._lay_out(kept, tail, size, read)
        else:
            return None
        if layout is None:
            return None
        content = segment.map()
        source = Source(content, layout.batch, read)
        if self._texts and not self._has_good_texts(layout, source):
            return None
        if self._codes and not self._has_good_codes(layout, source, tail, tail_at):
            return None
        return layout, stamp, content

    def _move(self, kept: Layout, places: bytes, size: int, read: _layout.Read) -> Layout | None:
        """The layout of a table of few columns whose record gives other places than the last one.

        `places` is the record's text from its key "rows" on.
        """
        old, schema = kept.batch, kept.schema
        # In turn: rows, four numbers of the schema, three of the batch, three of each dictionary,
        # four of each region.
        numbers = _numbers(places, self._form)
        if numbers is None or numbers[1:5] != self._schema:
            return None
        rows, at, message_size, crc = numbers[0], *numbers[5:8]
        body = at + message_size
        if at % 8 or body % 64 or message_size != old.message_size or body > _MOST_HEAD:
            return None
        head = read(0, body)
        message = head[at:]
        if head[:8] != _MAGIC or len(message) != message_size or zlib.crc32(message) != crc:
            return None
        matched = old.form.match(message)
        if matched is None:
            return None
        body_size, its_rows, nodes, buffers = matched
        if rows != its_rows or not 0 < rows <= MAX_ROWS or body_size > size - body:
            return None
        pattern = tuple(map(bool, nodes[1::2]))
        if not self._are_good(rows, nodes, pattern, buffers, body_size, kept):
            return None
        batch = Batch(rows, body, nodes, buffers, pattern, old.form, message_size, body_size)
        n_dictionaries = 3 * len(kept.dictionaries)
        dictionaries = _move_dictionaries(kept, numbers[8 : 8 + n_dictionaries], size)
        regions = _move_regions(kept, numbers[8 + n_dictionaries :], batch, size)
        if dictionaries is None or regions is None:
            return None
        moved = Layout(
            places,
            kept.schema_text,
            places.rpartition(b'"regions":[')[2][:-1],
            size,
            size,
            schema,
            batch,
            regions,
            dictionaries,
            kept.dictionary_marks,
        )
        moved.values, moved.plan = kept.values, self
        moved.rows_index = kept.rows_index if rows == old.rows else None
        return moved

    def _are_good(
        self,
        rows: int,
        nodes: Sequence[int],
        pattern: Pattern,
        buffers: Sequence[int],
        room: int,
        kept: Layout,
    ) -> bool:
        """As _batch._check_each()."""
        if nodes[::2] != (rows,) * len(pattern) or max(nodes) > rows:
            return False
        needed = kept.schema.needed_sizes(rows, pattern)
        for offset, its_size, need in zip(buffers[::2], buffers[1::2], needed, strict=True):
            if its_size < need or offset + its_size > room or offset & 63:
                return False
        return True

    def _lay_out(self, kept: Layout, tail: bytes, size: int, read: _layout.Read) -> Layout | None:
        """The same for a table of many columns, where NumPy looks at the numbers.

        `tail` are the last bytes of the file.
        """
        found = _layout.match_own(tail, size)
        if found is None:
            return None
        layout = _layout.lay_out_own(read, size, found, kept)
        if layout.schema is not kept.schema or layout.dictionary_marks != kept.dictionary_marks:
            return None
        layout.plan = self
        return layout

    def _has_good_texts(self, layout: Layout, source: Source) -> bool:
        """As Source.check_text() for each column.

        Where the columns' offsets lie at a constant stride, as our writer puts them, they are
        compared all at once, in the mapping: pyarrow will touch the same pages.
        """
        batch = layout.batch
        buffers, rows = batch.buffers, batch.rows
        starts = [batch.body + buffers[at] for at in self._texts]
        count, size = len(starts), 8 * rows + 8
        stride = starts[1] - starts[0] if count > 1 else size
        is_regular = stride >= size and starts == [*range(starts[0], starts[-1] + 1, stride)]
        if not is_regular or count * rows > _MOST_OFFSETS:
            for f in layout.schema.texts:
                source.check_text(f)
            return True
        offsets = np.ndarray((count, rows + 1), _OFFSET, source.data, starts[0], (stride, 8))
        for n, size_at in enumerate(self._text_sizes):
            if offsets.item(n, 0) or not 0 <= offsets.item(n, rows) <= buffers[size_at]:
                return False
        # bytes are searched by less code than NumPy's any() has
        return 1 not in (offsets[:, 1:] < offsets[:, :-1]).tobytes()

    def _has_good_codes(self, layout: Layout, source: Source, tail: bytes, tail_at: int) -> bool:
        """As Source.check_codes(), and whether the categories are those of the plan.

        `tail` are the file's bytes from `tail_at` on.
        """
        batch = layout.batch
        for f, allowed, values in self._codes:
            if allowed and batch.rows <= _MOST_CODES and not batch.nulls(f.node):
                codes = source.copy(batch.offset(f.buffer + 1), batch.rows)
                if codes.translate(None, allowed):  # removes the allowed ones
                    return False
            else:
                source.check_codes(f, values.batch.rows)
            at = layout.dictionaries[f.dictionary].body + values.start
            if at >= tail_at:
                raw = tail[at - tail_at : at - tail_at + values.size]
            else:
                raw = source.copy(at, values.size)
            if raw != values.raw:
                return False
        return True

    def maker(self, layout: Layout, source: Source) -> Maker:
        """As _frame.frame_maker(), for a snapshot to which the plan applied."""
        if not self._is_small or _blocks.way is not _blocks.FAST:
            return _frame.frame_maker(layout, source)
        pattern = layout.batch.pattern
        recipe = self._recipes.get(pattern)
        if recipe is None or recipe.storage != _blocks.way.string_storage():
            if len(self._recipes) >= _MOST_PATTERNS:
                self._recipes = {}
            recipe = self._recipes[pattern] = Recipe(layout, self.values)
        return recipe.maker(layout, source)


def _numbers(text: bytes, form: bytes) -> list[int] | None:
    """The numbers in a text, in turn; None unless `form` % numbers gives the very same text."""
    if len(text) > _MOST_DIGITS:
        return None
    numbers = [*map(int, text.translate(_SPACES).split())]
    if len(numbers) != form.count(b"%") or form % tuple(numbers) != text:
        return None
    return numbers


def _read_record(tail: bytes, size: int) -> tuple[Stamp, bytes] | None:
    """The stamp in a record of our own writer, and the record's text from its key "rows" on.

    `tail` is the last bytes of a file of `size` bytes. The checksum and everything but the returned
    text were checked. None: the general way decides.
    """
    start = tail.rfind(b"{", 0, -_TAIL)
    match = _record().fullmatch(tail, max(0, start))
    if match is None:
        return None
    sequence, epoch, published_ns, source_mtime_ns, places, crc, its_size = match.groups()
    footer_size = int.from_bytes(its_size, "little")
    is_inside = footer_size > size - _TAIL or start >= len(tail) - _TAIL - footer_size
    if not is_inside or zlib.crc32(tail[start : match.end(5)]) != int(crc):
        return None
    its_epoch = int(epoch)
    if its_epoch >> 64:
        return None
    return Stamp(int(sequence), its_epoch, int(published_ns), int(source_mtime_ns)), places


def _move_dictionaries(kept: Layout, numbers: list[int], size: int) -> list[Batch] | None:
    """The dictionaries' batches, when their messages are those of the last snapshot."""
    moved = []
    for n, (last, mark) in enumerate(zip(kept.dictionaries, kept.dictionary_marks, strict=True)):
        at, *its_mark = numbers[3 * n : 3 * n + 3]
        body = at + mark[0]
        if its_mark != mark or body & 63 or last.body_size > size - body:
            return None
        moved.append(Batch(last.rows, body, *last[2:]))
    return moved


def _move_regions(kept: Layout, numbers: list[int], batch: Batch, size: int) -> list[Region] | None:
    """The regions, checked like those of _layout. A group has the same columns as before."""
    if len(numbers) != 4 * len(kept.regions):
        return None
    moved, bytes_each, buffers = [], 8 * batch.rows, batch.buffers
    for n, (group, *_) in enumerate(kept.regions):
        first, offset, stride, count = numbers[4 * n : 4 * n + 4]
        if first != group.order[0] or count != len(group.order) or (offset | stride) & 63:
            return None
        if not bytes_each <= stride <= size or offset + (count - 1) * stride + bytes_each > size:
            return None
        expected = offset - batch.body
        for index in group.offset_indices:
            if buffers[index] != expected:
                return None
            expected += stride
        has_nulls = batch.has_nulls and any(map(batch.nulls, group.nodes))
        moved.append(Region(group, offset, stride, has_nulls))
    return moved
