"""The full check of a snapshot's contents: docs/FORMAT.md, "The full check".

Every snapshot is checked for whatever could lead a reader out of its memory. The full check also
reads every column once, and the footer, which Arrow's own readers use.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrow_schema, _flatbuf, _layout
from ._arrow_schema import Field, Schema, values_schema
from ._batch import Batch
from ._columns import Source
from ._errors import FormatError
from ._layout import Layout

_V5 = 4
_TAIL = 10
_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
_INTEGER = r"[+-]?[0-9]{1,4300}"
_NAT = np.iinfo(np.int64).min


def contents(layout: Layout, content: npt.NDArray[np.uint8]) -> None:
    """Check all contents. Raises FormatError, which names the column and the rule it breaks."""
    names = [f.name for f in layout.schema.fields]
    if len(set(names)) != len(names):
        raise FormatError("two fields have one name")
    _check_batch(layout, layout.schema, Source(content, layout.batch))
    for f, batch in zip(layout.schema.dictionaries, layout.dictionaries, strict=True):
        source = Source(content, batch)
        _check_batch(None, values_schema(f.type), source)
        _check_unique(f, source)
    _check_footer(layout, content)


def _check_batch(layout: Layout | None, schema: Schema, source: Source) -> None:
    for f in schema.fields:
        if f.type.name == "null" and not f.code_size:
            if source.batch.nulls(f.node) != (source.batch.rows if layout is not None else 0):
                raise _wrong(f, "has rows that are not null")
            continue
        valid = source.valid(f)
        if valid is not None:
            if int((~valid).sum()) != source.batch.nulls(f.node):
                raise _wrong(f, "has another number of nulls than it says")
            _check_unused_bits(layout, f, source, f.buffer)
        _check_values(layout, f, source, valid)


def _check_values(
    layout: Layout | None, f: Field, source: Source, valid: npt.NDArray[np.bool_] | None
) -> None:
    rows = source.batch.rows
    if f.code_size:
        codes = source.view(f.buffer + 1, f"<i{f.code_size}", rows)
        source.check_codes(f, layout.dictionaries[f.dictionary].rows if layout is not None else 0)
        _check_nulls(f, codes, valid, 0)
    elif f.type.name == "text":
        _check_text(f, source, valid)
    elif f.type.name == "bool":
        bits = np.unpackbits(
            source.view(f.buffer + 1, np.uint8, (rows + 7) // 8), count=rows, bitorder="little"
        )
        _check_unused_bits(layout, f, source, f.buffer + 1)
        _check_nulls(f, bits, valid, 0)
    elif f.type.name == "float64":
        values = source.view(f.buffer + 1, "<f8", rows)
        if valid is not None and not np.isnan(values[~valid]).all():
            raise _wrong(f, "has a null without NaN under it")
    else:
        hole = _NAT if f.type.name == "timestamp" else 0
        _check_nulls(f, source.view(f.buffer + 1, "<i8", rows), valid, hole)


def _check_nulls(f: Field, values: Any, valid: Any, hole: int) -> None:
    if valid is not None and (values[~valid] != hole).any():
        raise _wrong(f, "has a value under a null")


def _check_unused_bits(layout: Layout | None, f: Field, source: Source, buffer: int) -> None:
    rows = source.batch.rows
    if layout is not None and layout.state is not None:
        return  # they are those of later rows
    if rows % 8 and source.view(buffer, np.uint8, (rows + 7) // 8)[-1] >> (rows % 8):
        raise _wrong(f, "has unused bits that are not 0")


def _check_text(f: Field, source: Source, valid: npt.NDArray[np.bool_] | None) -> None:
    source.check_text(f)
    source.check_whole_text(f)
    offsets = source.view(f.buffer + 1, "<i8", source.batch.rows + 1)
    if valid is not None and np.diff(offsets)[~valid].any():
        raise _wrong(f, "has text under a null")
    if f.kind == "int" and not all(
        t != t or re.fullmatch(_INTEGER, t, re.ASCII) for t in source.text(f)
    ):
        raise _wrong(f, "has text that is no integer")


def _check_unique(f: Field, source: Source) -> None:
    inner, rows = values_schema(f.type).fields[0], source.batch.rows
    if f.type.name == "null":
        if rows:
            raise _wrong(f, "has a dictionary with values that are none")
        return
    if f.type.name == "text":
        count = len(set(source.text(inner)))
    else:
        values = source.bools(inner) if f.type.name == "bool" else source.numbers(inner)
        if f.type.name == "timestamp":
            values = values.view("<i8")
        is_none = values == _NAT if f.type.name == "timestamp" else values != values
        if is_none.any():
            raise _wrong(f, "has a dictionary with a value that is none")
        count = len(np.unique(values))
    if count != rows:
        raise _wrong(f, "has a dictionary with a value twice")


# --- the footer -----------------------------------------------------------------------------------


def _check_footer(layout: Layout, content: npt.NDArray[np.uint8]) -> None:
    """Check a copy of the footer: it must repeat what the messages and the record say."""
    end = len(content) - _TAIL
    state = layout.state
    if state is not None:
        size = end - state.footer
    else:
        size = int.from_bytes(content[end : end + 4].tobytes(), "little")
    if not size or size % 8 or size > end - 16:
        raise FormatError("the footer's size is wrong")
    copy = content[end - size - 8 :].tobytes()
    if copy[:8] != _END_OF_STREAM:
        raise FormatError("no end of stream before the footer")
    data = copy[8:-_TAIL]
    footer = _flatbuf.root(data)
    if footer.int16(0) != _V5:
        raise FormatError("the footer is of another version")
    _check_footer_schema(layout.schema, footer, data)
    _check_blocks(footer, data, 2, [_block(b) for b in layout.dictionaries])
    batch = layout.batch
    if state is None:
        block, own = _block(batch), copy
    else:
        block = (state.message, batch.body - state.message, batch.body_size)
        # As if the footer were the end of a file of its own.
        own = data[: state.own_size] + state.own_size.to_bytes(4, "little") + b"ARROW1"
    _check_blocks(footer, data, 3, [block])
    record = _layout.find_record(own, len(own) if state is not None else len(content))
    entries = list(footer.tables(4))
    if record is None or len(entries) != 1 or entries[0].text(0) != "shmpub":
        raise FormatError("the footer's metadata is not the record")
    at, length = entries[0].vector(1, 1)
    begin = data.rindex(record, 0, len(own) - 10 if state is not None else len(data))
    if (at, length) != (begin, len(record)) or data[at + length] != 0:
        raise FormatError("the footer's metadata is not the record")


def _check_footer_schema(schema: Schema, footer: _flatbuf.Table, data: bytes) -> None:
    _arrow_schema.parse(
        schema.message, is_on_its_own=True
    )  # else equal bytes need not be equal schemas
    wanted, head = _arrow_schema.table_of(schema.message)
    its = footer.table(1)
    at = -1 if its is None else its.at - head
    if at < 0 or data[at : at + len(wanted)] != wanted:
        raise FormatError("the footer's schema is another one than the message's")


_Block = tuple[int, int, int]  # offset and size of the message, size of the body


def _block(b: Batch) -> _Block:
    return b.body - b.message_size, b.message_size, b.body_size


def _check_blocks(footer: _flatbuf.Table, data: bytes, field: int, blocks: list[_Block]) -> None:
    at, count = footer.vector(field, 24)
    words = np.frombuffer(data[at : at + 24 * count], "<i8").reshape(-1, 3)
    found = [(int(a), int(b) & 0xFFFFFFFF, int(c)) for a, b, c in words]
    if found != blocks:
        raise FormatError("the footer's blocks are not where the record says")


def _wrong(f: Field, what: str) -> FormatError:
    return FormatError(f"the column {f.name!r} {what}")
