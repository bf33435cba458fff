"""Single columns as NumPy and pandas have them.

Numbers and timestamps are views of the mapping; text is too where pyarrow is installed; codes of
a category are when there is no null among them. Bits of bools and everything that pandas shows as
objects are made anew.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import _blocks
from ._arrow_schema import Field, Type
from ._batch import Batch
from ._errors import FormatError
from ._layout import Layout, Read
from ._mapped import address_of

try:
    import pyarrow as pa
except ImportError:
    pa = None

Array = npt.NDArray[Any]

_LARGE_UTF8 = pa.large_utf8() if pa is not None else None
_CODES = {1: np.dtype("u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


class Source:
    """Buffers of one batch in one mapping."""

    __slots__ = ("batch", "content", "data", "read")

    def __init__(
        self, content: npt.NDArray[np.uint8], batch: Batch, read: Read | None = None
    ) -> None:
        """`read` gives bytes of the same file without touching pages of the mapping, which costs
        more than a system call for what is read only once."""
        self.content = content
        self.data = content.data
        self.batch = batch
        self.read = read or (lambda at, size: content[at : at + size].tobytes())

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

    def codes(self, f: Field) -> Array:
        """Codes as pandas has them: -1 is no value."""
        codes = self.view(f.buffer + 1, f"<i{f.code_size}", self.batch.rows)
        valid = self.valid(f)
        return codes if valid is None else np.where(valid, codes, codes.dtype.type(-1))

    def check_codes(self, f: Field, count: int) -> None:
        """FormatError unless each code that is one is inside a dictionary of `count` values."""
        unsigned = self.view(f.buffer + 1, _CODES[f.code_size], self.batch.rows)
        valid = self.valid(f)
        present = unsigned if valid is None else unsigned[valid]
        # Seen as unsigned, a code below 0 is above all others.
        if len(present) and present.max() >= min(count, 1 << (8 * f.code_size - 1)):
            raise FormatError(f"the column {f.name!r} has a code outside its dictionary")

    def check_text(self, f: Field) -> None:
        """Every offset: FormatError unless all of them lead inside the text, none to before."""
        offsets = self.view(f.buffer + 1, "<i8", self.batch.rows + 1)
        if offsets[0] != 0 or not 0 <= offsets[-1] <= self.batch.size(f.buffer + 2):
            raise FormatError(f"text of the column {f.name!r} lies outside its buffer")
        if (offsets[1:] < offsets[:-1]).any():
            raise FormatError(f"text offsets of the column {f.name!r} fall")

    def check_whole_text(self, f: Field) -> None:
        """Every offset and every byte: for whoever lets others follow them."""
        offsets = self.view(f.buffer + 1, "<i8", self.batch.rows + 1).copy()
        if (offsets[1:] < offsets[:-1]).any():
            raise FormatError(f"text offsets of the column {f.name!r} fall")
        text = self.view(f.buffer + 2, np.uint8, int(offsets[-1])).copy()
        try:
            text.tobytes().decode()
        except UnicodeDecodeError:
            raise FormatError(f"text of the column {f.name!r} is not UTF-8") from None
        starts = offsets[offsets < len(text)]
        if ((text[starts] & 0xC0) == 0x80).any():
            raise FormatError(f"the column {f.name!r} has an offset inside a character")

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

    def text_objects(self, f: Field) -> Array:
        """The same as an array of objects."""
        if pa is None:
            return _objects(self.text(f))
        self.check_whole_text(f)
        made: Array = self.arrow_text(f).to_numpy(zero_copy_only=False, writable=True)
        valid = self.valid(f)
        if valid is not None:
            made[~valid] = math.nan
        return made

    def integers(self, f: Field) -> Array:
        """Python ints from their digits: what pandas makes of integers beyond 64 bits."""
        try:
            return _objects([t if t != t else int(t) for t in self.text(f)])
        except ValueError:
            raise FormatError(f"the column {f.name!r} has text that is no integer") from None

    def arrow_text(self, f: Field) -> Any:
        """A pyarrow array over the mapping."""
        data, batch, places = self.content, self.batch, self.batch.buffers
        start, at = address_of(data) + batch.body, 2 * f.buffer
        nulls = batch.nulls(f.node)
        buffers = [
            pa.foreign_buffer(start + places[at], places[at + 1], data) if nulls else None,
            pa.foreign_buffer(start + places[at + 2], places[at + 3], data),
            pa.foreign_buffer(start + places[at + 4], places[at + 5], data),
        ]
        return pa.Array.from_buffers(_LARGE_UTF8, batch.rows, buffers, nulls)

    def pandas_text(self, f: Field) -> Any:
        """pandas' `str`, kept as pandas' own option says."""
        dtype, is_arrow = _text_dtype(_blocks.way.string_storage())
        if is_arrow:
            return _blocks.way.text(self.arrow_text(f), dtype)
        return pd.array(_objects(self.text(f)), dtype=dtype)


@lru_cache(8)
def _text_dtype(storage: str) -> tuple[pd.StringDtype, bool]:
    """With whether text of it lies where Arrow has it."""
    dtype = pd.StringDtype(None if storage == "auto" else storage, na_value=np.nan)
    return dtype, dtype.storage == "pyarrow" and pa is not None


def _split(text: bytes, offsets: list[int]) -> list[Any]:
    if text.isascii():
        whole = text.decode("ascii")
        return [whole[a:b] for a, b in pairwise(offsets)]
    return [text[a:b].decode() for a, b in pairwise(offsets)]


def _objects(values: list[Any]) -> Array:
    array = np.empty(len(values), object)
    array[:] = values
    return array


@lru_cache(64)
def _zoned_dtype(values: np.dtype[Any], timezone: str) -> pd.DatetimeTZDtype:
    try:
        return pd.DatetimeTZDtype(np.datetime_data(values)[0], _parse_zone(timezone))
    except (ValueError, KeyError, TypeError):
        raise FormatError(f"the time zone {timezone!r} is not known") from None


def _parse_zone(text: str) -> Any:
    # pandas' own parser makes the objects that read_csv's dtypes have for offsets.
    return pd.Timestamp(f"2000-01-01T00:00:00{text}").tz if text[:1] in "+-" else text


def categories(layout: Layout, f: Field, read: Read) -> pd.CategoricalDtype:
    """The dtype of a category; the one of the last snapshot when its values are the same.

    Made of a copy of the values, so that keeping it keeps no old segment.
    """
    batch = layout.dictionaries[f.dictionary]
    content = _content(batch, read)
    kept = layout.categories.get(f.dictionary)
    if kept is not None and kept[0] == content:
        return kept[1]
    values_field = Field(0, f.name, "", f.type, 0, -1, f.kind, -1, 0, 0)
    moved = batch._replace(body=batch.body - _extent(batch)[0])
    copied = Source(np.frombuffer(content[1], np.uint8), moved)
    if f.type.name == "text":
        # Once for each new dictionary: making its index reads all of it.
        copied.check_text(values_field)
        copied.check_whole_text(values_field)
    values = pandas_array(None, values_field, copied)
    # Without any value read_csv does not know a type either.
    index = pd.Index(values) if batch.rows else pd.Index([], dtype=object)
    try:
        dtype = pd.CategoricalDtype(_blocks.frozen_index(index))
    except ValueError:
        raise FormatError(f"categories of the column {f.name!r} are not unique") from None
    layout.categories[f.dictionary] = (content, dtype)
    return dtype


def _content(batch: Batch, read: Read) -> Any:
    """What of a dictionary may differ between two snapshots of one schema."""
    start, stop = _extent(batch)
    moved = start - batch.body
    places = batch.rows, [at - moved for at in batch.buffers[::2]], batch.buffers[1::2]
    return places, read(start, stop - start)


def _extent(batch: Batch) -> tuple[int, int]:
    """Where a dictionary's values begin and end."""
    numbers = range(len(batch.buffers) // 2)
    start = min([batch.offset(n) for n in numbers], default=0)
    stop = max([batch.offset(n) + batch.size(n) for n in numbers], default=0)
    return start, stop


def pandas_array(layout: Layout | None, f: Field, source: Source) -> Any:
    """The column as what pandas.read_csv would have made of it."""
    if f.dictionary >= 0 and layout is not None:
        dtype = categories(layout, f, source.read)
        codes = _blocks.frozen(source.codes(f))
        return _blocks.way.category(codes, dtype)
    if f.type.name == "text":
        return source.integers(f) if f.kind == "int" else source.pandas_text(f)
    if f.type.timezone is not None:
        return _zoned(source.numbers(f), f.type)
    return numpy_array(layout, f, source)


def block_values(layout: Layout, f: Field, source: Source) -> Any:
    """The same, in the shape of a block of one column."""
    if f.dictionary < 0:
        if f.type.name == "text" and not f.kind:
            return source.pandas_text(f)
        if f.type.timezone is not None:
            return _zoned(source.numbers(f).reshape(1, -1), f.type)
    values = pandas_array(layout, f, source)
    if isinstance(values, np.ndarray):
        return _blocks.frozen(values.reshape(1, -1))
    return values


def _zoned(values: Array, type_: Type) -> Any:
    assert type_.timezone is not None
    return _blocks.way.zoned(values, _zoned_dtype(values.dtype, type_.timezone))


def numpy_array(layout: Layout | None, f: Field, source: Source) -> Array:
    """The column as a NumPy array: a view where that can be; text and objects as objects."""
    if f.dictionary >= 0 and layout is not None:
        return np.asarray(pandas_array(layout, f, source))
    if f.type.is_numeric:
        return source.numbers(f)
    if f.type.name == "bool":
        return source.bools(f)
    if f.type.name == "text":
        return source.integers(f) if f.kind == "int" else source.text_objects(f)
    return _objects([None] * source.batch.rows)


__all__ = ["Source", "block_values", "numpy_array", "pandas_array"]
