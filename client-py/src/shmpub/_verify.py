"""The full check: everything that docs/FORMAT.md says about contents.

Attaching checks that nothing lies outside the file. This one reads every column once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrow_schema import Field, Schema, values_schema
from ._columns import Source
from ._errors import FormatError
from ._layout import Layout


def contents(layout: Layout, content: npt.NDArray[np.uint8]) -> None:
    """FormatError says which column breaks which rule."""
    _check_batch(layout, layout.schema, Source(content, layout.batch))
    for f, batch in zip(layout.schema.dictionaries, layout.dictionaries, strict=True):
        schema = values_schema(f.type)
        source = Source(content, batch)
        if f.type.name == "text":
            source.check_text(schema.fields[0])
        _check_batch(None, schema, source)


def _check_batch(layout: Layout | None, schema: Schema, source: Source) -> None:
    for f in schema.fields:
        if f.type.name == "null" and not f.code_size:
            continue
        valid = source.valid(f)
        if valid is not None:
            if int((~valid).sum()) != source.batch.nulls(f.node):
                raise _wrong(f, "has another number of nulls than it says")
            _check_unused_bits(f, source, f.buffer)
        _check_values(layout, f, source, valid)


def _check_values(
    layout: Layout | None, f: Field, source: Source, valid: npt.NDArray[np.bool_] | None
) -> None:
    rows = source.batch.rows
    if f.code_size:
        codes = source.view(f.buffer + 1, f"<i{f.code_size}", rows)
        count = layout.dictionaries[f.dictionary].rows if layout is not None else 0
        _check_codes(f, codes if valid is None else codes[valid], count)
        _check_nulls(f, codes, valid, 0)
    elif f.type.name == "text":
        _check_text(f, source, valid)
    elif f.type.name == "bool":
        bits = np.unpackbits(
            source.view(f.buffer + 1, np.uint8, (rows + 7) // 8), count=rows, bitorder="little"
        )
        _check_unused_bits(f, source, f.buffer + 1)
        _check_nulls(f, bits, valid, 0)
    elif f.type.name == "float64":
        values = source.view(f.buffer + 1, "<f8", rows)
        if valid is not None and not np.isnan(values[~valid]).all():
            raise _wrong(f, "has a null without NaN under it")
    else:
        hole = np.iinfo(np.int64).min if f.type.name == "timestamp" else 0
        _check_nulls(f, source.view(f.buffer + 1, "<i8", rows), valid, hole)


def _check_nulls(f: Field, values: Any, valid: Any, hole: int) -> None:
    if valid is not None and (values[~valid] != hole).any():
        raise _wrong(f, "has a value under a null")


def _check_codes(f: Field, codes: Any, count: int) -> None:
    if len(codes) and (codes.min() < 0 or codes.max() >= count):
        raise _wrong(f, "has a code outside its dictionary")


def _check_unused_bits(f: Field, source: Source, buffer: int) -> None:
    rows = source.batch.rows
    if rows % 8 and source.view(buffer, np.uint8, (rows + 7) // 8)[-1] >> (rows % 8):
        raise _wrong(f, "has unused bits that are not 0")


def _check_text(f: Field, source: Source, valid: npt.NDArray[np.bool_] | None) -> None:
    source.check_whole_text(f)
    offsets = source.view(f.buffer + 1, "<i8", source.batch.rows + 1)
    if valid is not None and np.diff(offsets)[~valid].any():
        raise _wrong(f, "has text under a null")


def _wrong(f: Field, what: str) -> FormatError:
    return FormatError(f"the column {f.name!r} {what}")
