"""Single columns as NumPy and pandas have them.

Numbers and timestamps are views of the mapping; text is too where pyarrow is installed; codes of
a category are when there is no null among them. Bits of bools and everything that pandas shows as
objects are made anew.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ._arrow_schema import Field, Type
from ._batch import Batch
from ._errors import FormatError
from ._layout import Layout
from ._mapping import Bytes

try:
    import pyarrow as pa
except ImportError:
    pa = None

Array = npt.NDArray[Any]


class Source:
    """Buffers of one batch in one mapping."""

    __slots__ = ("_buffer", "batch", "data")

    def __init__(self, data: Bytes, batch: Batch) -> None:
        self.data = data
        self.batch = batch
        self._buffer: Any = None

    def view(self, buffer: int, dtype: Any, count: int) -> Array:
        offset = self.batch.offset(buffer) if count else 0
        return np.ndarray((count,), dtype, self.data, offset)

    def valid(self, f: Field) -> npt.NDArray[np.bool_] | None:
        """Which rows have a value; None when all have."""
        if not self.batch.nulls(f.node):
            return None
        return self._bits(f.buffer)

    def _bits(self, buffer: int) -> npt.NDArray[np.bool_]:
        rows = self.batch.rows
        packed = self.view(buffer, np.uint8, (rows + 7) // 8)
        return np.unpackbits(packed, count=rows, bitorder="little").view(np.bool_)

    def numbers(self, f: Field) -> Array:
        """int64, uint64, float64 or timestamps without their zone; ints with nulls as floats."""
        values = self.view(f.buffer + 1, f.type.dtype, self.batch.rows)
        if f.type.name in ("int64", "uint64"):
            valid = self.valid(f)
            if valid is not None:
                return np.where(valid, values, np.nan)
        return values

    def bools(self, f: Field) -> Array:
        bits: Array = self._bits(f.buffer + 1)
        valid = self.valid(f)
        if valid is not None:
            bits = bits.astype(object)
            bits[~valid] = np.nan
        return bits

    def codes(self, f: Field, count: int) -> Array:
        """Codes as pandas has them: -1 is no value."""
        codes = self.view(f.buffer + 1, f"<i{f.code_size}", self.batch.rows)
        valid = self.valid(f)
        present = codes if valid is None else codes[valid]
        # pandas follows codes without a look; this one look is cheap beside what follows.
        if len(present) and not 0 <= present.min() <= present.max() < count:
            raise FormatError(f"the column {f.name!r} has a code outside its dictionary")
        return codes if valid is None else np.where(valid, codes, codes.dtype.type(-1))

    def check_text(self, f: Field) -> None:
        """The first and the last offset; FormatError unless they lie inside the text."""
        rows = self.batch.rows
        offsets = self.view(f.buffer + 1, "<i8", rows + 1)
        if offsets[0] != 0 or not 0 <= offsets[rows] <= self.batch.size(f.buffer + 2):
            raise FormatError(f"text of the column {f.name!r} lies outside its buffer")

    def text(self, f: Field) -> list[Any]:
        """One str a row, NaN for a null."""
        rows = self.batch.rows
        offsets = self.view(f.buffer + 1, "<i8", rows + 1).tolist()
        size = self.batch.size(f.buffer + 2)
        text = self.view(f.buffer + 2, np.uint8, size).tobytes()
        if any(a > b for a, b in pairwise(offsets)):
            raise FormatError(f"text offsets of the column {f.name!r} fall")
        try:
            found: list[Any] = _split(text, offsets)
        except UnicodeDecodeError:
            raise FormatError(f"text of the column {f.name!r} is not UTF-8") from None
        valid = self.valid(f)
        if valid is not None:
            for row in np.flatnonzero(~valid).tolist():
                found[row] = math.nan
        return found

    def integers(self, f: Field) -> Array:
        """Python ints from their digits: what pandas makes of integers beyond 64 bits."""
        try:
            return _objects([t if t != t else int(t) for t in self.text(f)])
        except ValueError:
            raise FormatError(f"the column {f.name!r} has text that is no integer") from None

    def arrow_text(self, f: Field) -> Any:
        """A pyarrow array over the mapping."""
        if self._buffer is None:
            self._buffer = pa.py_buffer(self.data)
        batch = self.batch
        nulls = batch.nulls(f.node)
        buffers = [
            self._buffer.slice(batch.offset(n), batch.size(n))
            for n in range(f.buffer, f.buffer + 3)
        ]
        if not nulls:
            buffers[0] = None
        return pa.Array.from_buffers(pa.large_utf8(), batch.rows, buffers, nulls)

    def pandas_text(self, f: Field) -> Any:
        """pandas' `str`, kept as pandas' own option says."""
        dtype = pd.StringDtype(na_value=np.nan)
        if dtype.storage == "pyarrow" and pa is not None:
            return pd.arrays.ArrowStringArray(pa.chunked_array([self.arrow_text(f)]), dtype=dtype)
        return pd.array(_objects(self.text(f)), dtype=dtype)


def _split(text: bytes, offsets: list[int]) -> list[Any]:
    if text.isascii():
        whole = text.decode("ascii")
        return [whole[a:b] for a, b in pairwise(offsets)]
    return [text[a:b].decode() for a, b in pairwise(offsets)]


def _objects(values: list[Any]) -> Array:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _zoned(values: Array, timezone: str) -> Any:
    """pandas' array of timestamps with a zone, over the same memory."""
    unit = np.datetime_data(values.dtype)[0]
    try:
        dtype = pd.DatetimeTZDtype(unit, _parse_zone(timezone))
        return pd.DatetimeIndex(values).array._simple_new(values, dtype=dtype)
    except (ValueError, KeyError, TypeError):
        raise FormatError(f"the time zone {timezone!r} is not known") from None
    except AttributeError:  # no _simple_new any more: the public way copies
        return pd.DatetimeIndex(values).tz_localize("UTC").tz_convert(dtype.tz).array


def _parse_zone(text: str) -> Any:
    # pandas' own parser makes the objects that read_csv's dtypes have for offsets.
    return pd.Timestamp(f"2000-01-01T00:00:00{text}").tz if text[:1] in "+-" else text


def categories(layout: Layout, f: Field, data: Bytes) -> pd.CategoricalDtype:
    """The dtype of a category; the one of the last snapshot when its values are the same.

    Made of a copy of the values, so that keeping it keeps no old segment.
    """
    batch = layout.dictionaries[f.dictionary]
    content = _content(batch, data)
    kept = layout.categories.get(f.dictionary)
    if kept is not None and kept[0] == content:
        return kept[1]
    values_field = Field(0, f.name, "", f.type, 0, -1, f.kind, -1, 0, 0)
    moved = batch._replace(body=batch.body - _extent(batch)[0])
    copied = Source(np.frombuffer(content[1], np.uint8), moved)
    if f.type.name == "text":
        copied.check_text(values_field)
    values = pandas_array(None, values_field, copied)
    # Without any value read_csv does not know a type either.
    index = pd.Index(values) if batch.rows else pd.Index([], dtype=object)
    try:
        dtype = pd.CategoricalDtype(index)
    except ValueError:
        raise FormatError(f"categories of the column {f.name!r} are not unique") from None
    layout.categories[f.dictionary] = (content, dtype)
    return dtype


def _content(batch: Batch, data: Bytes) -> Any:
    """What of a dictionary may differ between two snapshots of one schema."""
    start, stop = _extent(batch)
    moved = start - batch.body
    places = batch.rows, [at - moved for at in batch.buffers[::2]], batch.buffers[1::2]
    return places, data[start:stop].tobytes()


def _extent(batch: Batch) -> tuple[int, int]:
    """Where a dictionary's values begin and end."""
    numbers = range(len(batch.buffers) // 2)
    start = min([batch.offset(n) for n in numbers], default=0)
    stop = max([batch.offset(n) + batch.size(n) for n in numbers], default=0)
    return start, stop


def pandas_array(layout: Layout | None, f: Field, source: Source) -> Any:
    """The column as what pandas.read_csv would have made of it."""
    if f.dictionary >= 0 and layout is not None:
        dtype = categories(layout, f, source.data)
        codes = source.codes(f, len(dtype.categories))
        return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)
    if f.type.name == "text":
        return source.integers(f) if f.kind == "int" else source.pandas_text(f)
    if f.type.timezone is not None:
        return _zoned(source.numbers(f), f.type.timezone)
    return numpy_array(layout, f, source)


def numpy_array(layout: Layout | None, f: Field, source: Source) -> Array:
    """The column as a NumPy array: a view where that can be; text and objects as objects."""
    if f.dictionary >= 0 and layout is not None:
        return np.asarray(pandas_array(layout, f, source))
    if f.type.is_numeric:
        return source.numbers(f)
    if f.type.name == "bool":
        return source.bools(f)
    if f.type.name == "text":
        return source.integers(f) if f.kind == "int" else _objects(source.text(f))
    return _objects([None] * source.batch.rows)


__all__ = ["Source", "Type", "categories", "numpy_array", "pandas_array"]
