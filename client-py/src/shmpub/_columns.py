"""Makes NumPy's and pandas' arrays of single columns.

Views of the mapping, without a copy: numbers and timestamps, text where pyarrow is installed, and
the codes of a category without nulls. Copies: bools, which are bits in the file, and everything
that pandas stores as objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import _blocks
from ._arrow_schema import Field, values_schema
from ._batch import Batch
from ._blocks import ARRAY, CATEGORY, PLAIN, TEXT, TIMES
from ._errors import FormatError
from ._layout import Layout, Read

try:
    import pyarrow as pa
except ImportError:
    pa = None

Array = npt.NDArray[Any]

LARGE_UTF8 = pa.large_utf8() if pa is not None else None
_CODES = {1: np.dtype("i1"), 2: np.dtype("<i2"), 4: np.dtype("<i4")}
_UNSIGNED_CODES = {1: np.dtype("u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}
_OFFSETS = np.dtype("<i8")
_any = np.logical_or.reduce  # array.any() goes through a function in Python
_max = np.maximum.reduce
_MOST_COPIED = 256 << 10  # bytes; a mapping's pages cost less than larger copies


class Values:
    """A dictionary's values: a copy of their bytes that was checked, and the dtype made of it."""

    __slots__ = ("batch", "codes", "dtype", "raw", "size", "start")

    def __init__(self, batch: Batch) -> None:
        places = list(zip(batch.buffers[::2], batch.buffers[1::2], strict=True))
        # Where the first buffer starts in the batch's body, and how much to copy.
        self.start = min([offset for offset, _ in places], default=0)
        self.size = max([offset + size for offset, size in places], default=0) - self.start
        self.batch = batch._replace(body=-self.start)  # so that offsets count in the copy
        self.raw = b""
        self.dtype: pd.CategoricalDtype | None = None
        self.codes: np.dtype[Any] | None = None  # the type of codes that pandas has for `dtype`

    def fits(self, batch: Batch) -> bool:
        """Whether the values of `batch` lie at the same offsets in its body as these did."""
        return self.batch.rows == batch.rows and self.batch.buffers == batch.buffers

    def source(self) -> Source:
        """The copy, to be read like a batch's buffers."""
        return Source(np.frombuffer(self.raw, np.uint8), self.batch)


class Source:
    """The buffers of one batch: `content` is the mapping of the whole file."""

    __slots__ = ("_whole", "batch", "content", "data", "read", "values")

    def __init__(
        self, content: npt.NDArray[np.uint8], batch: Batch, read: Read | None = None
    ) -> None:
        """`read` copies bytes of the same file with a system call, while the file is open.

        For bytes that are looked at only once this costs less than reading them in the mapping:
        bringing in the pages of a new mapping costs some 0.3 us each, and as much when it ends.
        """
        self.content = content
        self.data = content.data
        self.batch = batch
        self.read = read
        self.values: Sequence[Values] = ()  # of each dictionary, by its number
        self._whole: Any = None

    def copy(self, at: int, size: int) -> bytes:
        """A copy of the bytes from `at` on. FormatError when the file ends before."""
        if self.read is None:
            return self.content[at : at + size].tobytes()
        found = self.read(at, size)
        if len(found) != size:
            raise FormatError("the file has become shorter")
        return found

    def glance(self, buffer: int, dtype: Any, count: int) -> Array:
        """Like view(), for values that are looked at only once: a copy where that is cheaper."""
        size = count * dtype.itemsize
        if self.read is None or size > _MOST_COPIED or not size:
            return self.view(buffer, dtype, count)
        return np.frombuffer(self.copy(self.batch.offset(buffer), size), dtype)

    def view(self, buffer: int, dtype: Any, count: int) -> Array:
        """The first `count` values of a buffer, in the mapping itself."""
        offset = self.batch.offset(buffer) if count else 0
        return np.ndarray((count,), dtype, self.data, offset)

    def valid(self, f: Field) -> npt.NDArray[np.bool_] | None:
        """For each row, whether it has a value; None when all rows have one."""
        if not self.batch.nulls(f.node):
            return None
        return self._bits(f.buffer)

    def _bits(self, buffer: int) -> npt.NDArray[np.bool_]:
        rows = self.batch.rows
        packed = self.view(buffer, np.uint8, (rows + 7) // 8)
        return np.unpackbits(packed, count=rows, bitorder="little").view(np.bool_)

    def numbers(self, f: Field) -> Array:
        """int64, uint64, float64 or datetime64 in UTC; integers with nulls become float64."""
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
        """Codes as pandas has them: -1 stands for no value."""
        codes = self.view(f.buffer + 1, _CODES[f.code_size], self.batch.rows)
        valid = self.valid(f)
        return codes if valid is None else np.where(valid, codes, codes.dtype.type(-1))

    def check_codes(self, f: Field, count: int) -> None:
        """Raises FormatError unless all codes lead into a dictionary of `count` values.

        What stands under a null is not looked at.
        """
        unsigned = self.glance(f.buffer + 1, _UNSIGNED_CODES[f.code_size], self.batch.rows)
        valid = self.valid(f)
        present = unsigned if valid is None else unsigned[valid]
        # As an unsigned number, a code below 0 is greater than all others.
        if len(present) and _max(present) >= min(count, 1 << (8 * f.code_size - 1)):
            raise FormatError(f"the column {f.name!r} has a code outside its dictionary")

    def check_text(self, f: Field) -> None:
        """Raises FormatError unless the offsets start at 0, never fall, and end inside the text."""
        offsets = self.glance(f.buffer + 1, _OFFSETS, self.batch.rows + 1)
        size = self.batch.size(f.buffer + 2)
        if offsets.item(0) != 0 or not 0 <= offsets.item(-1) <= size:
            raise FormatError(f"text of the column {f.name!r} lies outside its buffer")
        if _any(offsets[1:] < offsets[:-1]):
            raise FormatError(f"text offsets of the column {f.name!r} fall")

    def check_whole_text(self, f: Field) -> None:
        """The same, and every byte: the text must be UTF-8, and no offset inside a character.

        The check runs on copies, so that nobody can change them meanwhile.
        """
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
        """A str for each row, NaN for a null."""
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
                found[row] = np.nan
        return found

    def text_objects(self, f: Field) -> Array:
        """text() as an array of objects."""
        if pa is None:
            return _objects(self.text(f))
        self.check_whole_text(f)
        made: Array = self.arrow_text(f).to_numpy(zero_copy_only=False, writable=True)
        valid = self.valid(f)
        if valid is not None:
            made[~valid] = np.nan
        return made

    def integers(self, f: Field) -> Array:
        """Python ints, parsed from text: pandas has such for integers beyond 64 bits."""
        try:
            return _objects([t if t != t else int(t) for t in self.text(f)])
        except ValueError:
            raise FormatError(f"the column {f.name!r} has text that is no integer") from None

    def arrow_text(self, f: Field) -> Any:
        """A pyarrow array of type large_utf8 over the mapping."""
        if self._whole is None:
            self._whole = pa.py_buffer(self.content)
        part, batch, at = self._whole.slice, self.batch, 2 * f.buffer
        body, places, nulls = batch.body, batch.buffers, batch.nulls(f.node)
        buffers = [
            part(body + places[at], places[at + 1]) if nulls else None,
            part(body + places[at + 2], places[at + 3]),
            part(body + places[at + 4], places[at + 5]),
        ]
        return pa.Array.from_buffers(LARGE_UTF8, batch.rows, buffers, nulls)


@lru_cache(8)
def text_dtype(storage: str) -> tuple[pd.StringDtype, bool]:
    """pandas' dtype of text for its option mode.string_storage, and whether it uses pyarrow."""
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
def zoned_dtype(values: np.dtype[Any], timezone: str) -> pd.DatetimeTZDtype:
    try:
        return pd.DatetimeTZDtype(np.datetime_data(values)[0], _parse_zone(timezone))
    except (ValueError, KeyError, TypeError):
        raise FormatError(f"the time zone {timezone!r} is not known") from None


def _parse_zone(text: str) -> Any:
    # For an offset read_csv's dtype has an object that only pandas' own parser makes.
    return pd.Timestamp(f"2000-01-01T00:00:00{text}").tz if text[:1] in "+-" else text


def read_values(layout: Layout, f: Field, source: Source) -> Values:
    """The values of the field's dictionary, copied and checked. Raises FormatError.

    When the bytes are the same as in the last snapshot, its Values are returned, so that the dtype
    is made once only.
    """
    batch = layout.dictionaries[f.dictionary]
    kept = layout.values.get(f.dictionary)
    made = kept if kept is not None and kept.fits(batch) else Values(batch)
    raw = source.copy(batch.body + made.start, made.size)
    if made is kept:
        if kept.raw == raw:
            return kept
        made = Values(batch)
    made.raw = raw
    if f.type.name == "text":  # pyarrow would follow wrong offsets
        made.source().check_text(values_schema(f.type).fields[0])
    layout.values[f.dictionary] = made
    return made


def categories(f: Field, values: Values) -> pd.CategoricalDtype:
    """The dtype of a category. It is made of the copy, so keeping it keeps no old mapping."""
    if values.dtype is not None:
        return values.dtype
    source = values.source()
    values_field = Field(0, f.name, "", f.type, 0, -1, f.kind, -1, 0, 0)
    if f.type.name == "text":
        source.check_whole_text(values_field)
    array = pandas_array(values_field, source)
    # Without any category read_csv has an index of objects, too.
    index = pd.Index(array) if values.batch.rows else pd.Index([], dtype=object)
    try:
        dtype = pd.CategoricalDtype(_blocks.frozen_index(index))
    except ValueError:
        raise FormatError(f"categories of the column {f.name!r} are not unique") from None
    values.codes = pd.Categorical.from_codes(np.empty(0, np.int8), dtype=dtype).codes.dtype
    values.dtype = dtype
    return dtype


def parts(f: Field, source: Source) -> tuple[int, Any, Any]:
    """Kind, values and dtype of the column (see _blocks), as pandas.read_csv would make it.

    The values have one dimension.
    """
    if f.dictionary >= 0:
        return _category(f, source)
    if f.type.name == "text" and f.kind != "int":
        dtype, is_arrow = text_dtype(_blocks.way.string_storage())
        if is_arrow:
            return TEXT, pa.chunked_array((source.arrow_text(f),), LARGE_UTF8), dtype
        return ARRAY, pd.array(_objects(source.text(f)), dtype=dtype), dtype
    if f.type.timezone is not None:
        values = source.numbers(f)
        return TIMES, values, zoned_dtype(values.dtype, f.type.timezone)
    values = numpy_array(f, source)
    return TIMES if values.dtype.kind == "M" else PLAIN, values, values.dtype


def _category(f: Field, source: Source) -> tuple[int, Any, Any]:
    values = source.values[f.dictionary]
    dtype = categories(f, values)
    codes = source.codes(f)
    if codes.dtype != values.codes:
        codes = codes.astype(values.codes)
    if codes.flags.writeable:  # a copy, which frames share
        codes = _blocks.frozen(codes)
    return CATEGORY, codes, dtype


def pandas_array(f: Field, source: Source) -> Any:
    """The column as pandas' array, or NumPy's where pandas has no class of its own."""
    return _blocks.way.array(*parts(f, source))


def numpy_array(f: Field, source: Source) -> Array:
    """The column as a NumPy array of one dimension: see Snapshot.numpy()."""
    if f.dictionary >= 0:
        return np.asarray(pandas_array(f, source))
    if f.type.is_numeric:
        return source.numbers(f)
    if f.type.name == "bool":
        return source.bools(f)
    if f.type.name == "text":
        return source.integers(f) if f.kind == "int" else source.text_objects(f)
    return _objects([None] * source.batch.rows)


__all__ = ["Source", "Values", "numpy_array", "pandas_array", "parts", "read_values"]
