"""Hands a snapshot to whatever speaks Arrow, without pyarrow: the Arrow C data interface.

The interface is three structures of machine words: ArrowSchema (types and names), ArrowArray
(buffers) and ArrowArrayStream. They are written here as rows of NumPy arrays of 64-bit words, so a
table of a thousand columns costs few steps in Python. The buffers are those that were found and
checked when the snapshot was opened; nothing of the table is copied.

Each structure has a callback that whoever holds it calls when he is done with it, from any thread.
A consumer may take a child of a structure out of it and give it back later than the rest. So all
structures of one hand-over belong to a _Lot, which keeps the memory alive and counts those that
were not given back yet. A structure's private word is the number of its lot.

https://arrow.apache.org/docs/format/CDataInterface.html, CStreamInterface.html and
CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import struct
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from . import _arrow_schema
from ._arrow_schema import Field, Schema, Type
from ._mapped import address_of

if TYPE_CHECKING:
    from ._batch import Batch
    from ._layout import Layout

Words = npt.NDArray[np.int64]

# The words of an ArrowSchema, and of an ArrowArray.
_S_FORMAT, _S_NAME, _S_METADATA, _S_FLAGS, _S_N, _S_CHILDREN, _S_DICTIONARY, _S_RELEASE = range(8)
_S_PRIVATE, _S_WORDS = 8, 9
_A_LENGTH, _A_NULLS, _, _A_N_BUFFERS, _A_N, _A_BUFFERS, _A_CHILDREN, _A_DICTIONARY = range(8)
_A_RELEASE, _A_PRIVATE, _A_WORDS = 8, 9, 10
_T_SCHEMA, _T_NEXT, _T_ERROR, _T_RELEASE, _T_PRIVATE, _T_WORDS = range(6)  # of an ArrowArrayStream
_NULLABLE = 2
_WORD = 8  # bytes

_FORMATS = {
    "null": b"n",
    "bool": b"b",
    "int64": b"l",
    "uint64": b"L",
    "float64": b"g",
    "text": b"U",
}
_UNITS = {"s": "s", "ms": "m", "us": "u", "ns": "n"}
_CODES = {1: b"c", 2: b"s", 4: b"i"}


class _Lot:
    """The structures of one hand-over: what they need, and how many were not given back yet."""

    all: ClassVar[dict[int, _Lot]] = {}
    _numbers = itertools.count(1)
    # What ends while it is held may lead here again, in the same thread.
    _lock = threading.RLock()

    def __init__(self, count: int, keep: object) -> None:
        self._left = count
        self.keep: list[object] = [keep]
        self.number = next(self._numbers)
        self.all[self.number] = self

    @classmethod
    def give_back(cls, number: int, count: int) -> None:
        with cls._lock:
            lot = cls.all.get(number)
            if lot is not None:
                lot._left -= count
                if lot._left <= 0:
                    del cls.all[number]

    def text(self, value: bytes) -> int:
        """The address of a copy of the bytes, which ends with a NUL."""
        buffer = ctypes.create_string_buffer(value)
        self.keep.append(buffer)
        return ctypes.addressof(buffer)

    def words(self, rows: int, columns: int) -> Words:
        made = np.zeros((rows, columns), np.int64)
        self.keep.append(made)
        return made


def _address(words: Words) -> int:
    return int(words.__array_interface__["data"][0])


def _addresses(words: Words) -> Words:
    """The address of each row."""
    return _address(words) + words.strides[0] * np.arange(len(words), dtype=np.int64)


def _at(address: int, count: int) -> Any:
    return (ctypes.c_int64 * count).from_address(address)


# --- giving back ----------------------------------------------------------------------------------


def _release(address: int, release_at: int, children_at: int, dictionary_at: int) -> None:
    """Give a structure back, with its children and its dictionary where these are still in it."""
    words = _at(address, release_at + 2)
    its_own = words[release_at]
    if not its_own:
        return
    words[release_at] = 0
    number, count = words[release_at + 1], 1
    # In both structures the number of children stands before their address; it is word 4.
    inner = list(_at(words[children_at], words[4])) if words[4] else []
    if words[dictionary_at]:
        inner.append(words[dictionary_at])
    for each in inner:
        its = _at(each, release_at + 2)
        if its[release_at] == its_own and its[release_at + 1] == number and not its[dictionary_at]:
            its[release_at] = 0
            count += 1
        elif its[release_at]:
            _CALL(its[release_at])(each)
    _Lot.give_back(number, count)


def _surely(release: Callable[[int], None]) -> Callable[[int], None]:
    """The callback. A structure must be given back whatever happens.

    A consumer may call it while a Python exception of his own is set. Python then raises that in
    the middle of our code, at the first thing that looks for one: let that be here.
    """

    def call(address: int) -> None:
        try:
            _at(address, 1)
        except BaseException:
            pass
        release(address)

    return call


def _release_schema(address: int) -> None:
    _release(address, _S_RELEASE, _S_CHILDREN, _S_DICTIONARY)


def _release_array(address: int) -> None:
    _release(address, _A_RELEASE, _A_CHILDREN, _A_DICTIONARY)


def _release_stream(address: int) -> None:
    words = _at(address, _T_WORDS)
    if words[_T_RELEASE]:
        words[_T_RELEASE] = 0
        _Lot.give_back(words[_T_PRIVATE], 1)


# Callbacks of C, which live as long as the process: somebody may call them at any time.
_CALL = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_ASK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_TELL = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
_RELEASES = [_CALL(_surely(f)) for f in (_release_schema, _release_array, _release_stream)]
_SCHEMA_RELEASE, _ARRAY_RELEASE, _STREAM_RELEASE = (
    ctypes.cast(call, ctypes.c_void_p).value or 0 for call in _RELEASES
)


# --- schemas --------------------------------------------------------------------------------------


def _format(type_: Type) -> bytes:
    if type_.name == "timestamp" and type_.dtype is not None:
        unit = np.datetime_data(type_.dtype)[0]
        return f"ts{_UNITS[unit]}:{type_.timezone or ''}".encode()
    return _FORMATS[type_.name]


def _metadata(pairs: list[tuple[str, str]]) -> bytes:
    """Keys and values as the C interface has them."""
    parts = [struct.pack("=i", len(pairs))]
    for pair in pairs:
        for text in map(str.encode, pair):
            parts += [struct.pack("=i", len(text)), text]
    return b"".join(parts)


def write_schema(schema: Schema, into: int, zones: bool) -> None:
    """Write an ArrowSchema of a struct with the fields to the address `into`.

    With `zones`, time zones that are offsets become UTC, for those who do not know such zones.
    """
    header = _arrow_schema.message_tables(schema.message, 1)[1]
    tables = list(header.tables(1))
    coded = [f for f in schema.fields if f.code_size]
    n = len(schema.fields)
    lot = _Lot(1 + n + len(coded), schema)
    words = lot.words(n + len(coded), _S_WORDS)
    rows = _addresses(words)
    words[:, _S_FLAGS], words[:, _S_RELEASE], words[:, _S_PRIVATE] = (
        _NULLABLE,
        _SCHEMA_RELEASE,
        lot.number,
    )
    formats: dict[bytes, int] = {}
    inner = n
    for f, table, row in zip(schema.fields, tables, words[:n], strict=True):
        type_ = _arrow_schema.parse_type(table)
        if zones and type_.timezone and type_.timezone[0] in "+-":
            type_ = Type(type_.name, type_.dtype, "UTC")
        format_ = _format(type_)
        if f.code_size:
            words[inner, _S_FORMAT] = _kept(lot, formats, format_)
            words[inner, _S_NAME] = _kept(lot, formats, b"")
            row[_S_DICTIONARY] = rows[inner]
            format_, inner = _CODES[f.code_size], inner + 1
        row[_S_FORMAT] = _kept(lot, formats, format_)
        row[_S_NAME] = lot.text(f.name.encode())
        pairs = [*table.pairs(6)]
        row[_S_METADATA] = lot.text(_metadata(pairs)) if pairs else 0
    children = lot.words(1, max(1, n))
    children[0, :n] = rows[:n]
    top = _at(into, _S_WORDS)
    top[:] = [
        _kept(lot, formats, b"+s"),
        _kept(lot, formats, b""),
        lot.text(_metadata([*header.pairs(2)])),
        0,
        n,
        _address(children),
        0,
        _SCHEMA_RELEASE,
        lot.number,
    ]


def _kept(lot: _Lot, known: dict[bytes, int], text: bytes) -> int:
    if text not in known:
        known[text] = lot.text(text)
    return known[text]


# --- arrays ---------------------------------------------------------------------------------------


def write_array(layout: Layout, content: npt.NDArray[np.uint8], into: int) -> None:
    """Write an ArrowArray of a struct with the columns to the address `into`."""
    fields, coded = layout.schema.fields, layout.schema.dictionaries
    n, base = len(fields), address_of(content)
    lot = _Lot(1 + n + len(coded), content)
    words = lot.words(n + len(coded), _A_WORDS)
    words[:, _A_RELEASE], words[:, _A_PRIVATE] = _ARRAY_RELEASE, lot.number
    words[:n, _A_LENGTH] = layout.rows
    words[:n, _A_NULLS] = np.asarray(layout.batch.nodes, np.uint64)[1::2]
    _fill(lot, words[:n], fields, layout.batch, base)
    rows = _addresses(words)
    for number, f in enumerate(coded):
        batch = layout.dictionaries[f.dictionary]
        its = words[n + number : n + number + 1]
        its[0, _A_LENGTH], its[0, _A_NULLS] = batch.rows, batch.nulls(0)
        _fill(lot, its, _arrow_schema.values_schema(f.type).fields, batch, base)
        words[f.position, _A_DICTIONARY] = rows[n + number]
    children, buffers = lot.words(1, max(1, n)), lot.words(1, 1)
    children[0, :n] = rows[:n]
    top = _at(into, _A_WORDS)
    top[:] = [
        layout.rows,
        0,
        0,
        1,
        n,
        _address(buffers),
        _address(children),
        0,
        _ARRAY_RELEASE,
        lot.number,
    ]


def _fill(lot: _Lot, words: Words, fields: tuple[Field, ...], batch: Batch, base: int) -> None:
    """Write where the columns' buffers are: the validity is no buffer where nothing is null."""
    places = np.asarray(batch.buffers, np.uint64).astype(np.int64)
    addresses = lot.words(1, max(1, len(places) // 2))
    addresses[0, : len(places) // 2] = places[::2] + (base + batch.body)
    start = _address(addresses)
    firsts = np.array([f.buffer for f in fields], np.int64)
    counts = np.array([_n_buffers(f) for f in fields], np.int64)
    words[:, _A_N_BUFFERS] = counts
    words[:, _A_BUFFERS] = start + _WORD * firsts
    addresses[0, firsts[(words[:, _A_NULLS] == 0) & (counts > 0)]] = 0


def _n_buffers(f: Field) -> int:
    if f.code_size:
        return 2
    return {"null": 0, "text": 3}.get(f.type.name, 2)


# --- capsules -------------------------------------------------------------------------------------

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_SCHEMA, _STREAM = b"arrow_schema", b"arrow_array_stream"


class _Capsules:
    """The capsules that were handed out and may still be in use.

    A capsule has no function to be called at its end: that may come while an exception is on its
    way, where Python code must not run. It is kept here instead until nobody else refers to it,
    and looked at whenever another one is made.
    """

    def __init__(self) -> None:
        self._all: list[tuple[Any, Any, int]] = []  # capsule, its structure, where its release is
        self._alone = 0
        self._alone = self._references(self._add((ctypes.c_int64 * 1)(), _SCHEMA, 0))

    def _add(self, memory: Any, name: bytes, release_at: int) -> tuple[Any, Any, int]:
        capsule = _new_capsule(ctypes.addressof(memory), name, None)
        self._all.append((capsule, memory, release_at))
        return self._all[-1]

    @staticmethod
    def _references(entry: tuple[Any, Any, int]) -> int:
        return sys.getrefcount(entry[0])

    def make(self, memory: Any, name: bytes, release_at: int) -> Any:
        self.sweep()
        return self._add(memory, name, release_at)[0]

    def sweep(self) -> None:
        """Give back what was never taken out of a capsule that nobody has any more."""
        entries, self._all = self._all, []
        for entry in entries:
            if self._references(entry) > self._alone:
                self._all.append(entry)
            elif entry[1][entry[2]]:
                _CALL(entry[1][entry[2]])(ctypes.addressof(entry[1]))


_capsules = _Capsules()


def schema_capsule(schema: Schema) -> Any:
    """The capsule that `__arrow_c_schema__` returns."""
    memory = (ctypes.c_int64 * _S_WORDS)()
    write_schema(schema, ctypes.addressof(memory), False)
    return _capsules.make(memory, _SCHEMA, _S_RELEASE)


# --- streams --------------------------------------------------------------------------------------


class _Stream(_Lot):
    """A stream of one batch."""

    def __init__(self, layout: Layout, content: npt.NDArray[np.uint8], zones: bool) -> None:
        super().__init__(1, None)
        self.layout, self.content, self.zones = layout, content, zones
        self.is_read = False
        self.error = ctypes.create_string_buffer(b"")


def _stream_at(address: int) -> _Stream:
    found = _Lot.all[_at(address, _T_WORDS)[_T_PRIVATE]]
    assert isinstance(found, _Stream)
    return found


def _guarded(write: Callable[[_Stream, int], None]) -> Callable[[int, int], int]:
    """The callback: an exception becomes an error number of C, and the stream's last error."""

    def call(address: int, into: int) -> int:
        stream = _stream_at(address)
        try:
            write(stream, into)
        except Exception as error:
            stream.error = ctypes.create_string_buffer(str(error).encode())
            return errno.ENOMEM if isinstance(error, MemoryError) else errno.EINVAL
        return 0

    return call


def _write_schema(stream: _Stream, into: int) -> None:
    write_schema(stream.layout.schema, into, stream.zones)


def _write_next(stream: _Stream, into: int) -> None:
    if stream.is_read:
        _at(into, _A_WORDS)[_A_RELEASE] = 0  # the end
    else:
        write_array(stream.layout, stream.content, into)
        stream.is_read = True


def _last_error(address: int) -> int:
    return ctypes.addressof(_stream_at(address).error)


_STREAM_CALLS = [_ASK(_guarded(_write_schema)), _ASK(_guarded(_write_next)), _TELL(_last_error)]
_STREAM_WORDS = [ctypes.cast(call, ctypes.c_void_p).value or 0 for call in _STREAM_CALLS]


def stream_capsule(layout: Layout, content: npt.NDArray[np.uint8], zones: bool = False) -> Any:
    """The capsule that `__arrow_c_stream__` returns. Each is a stream of its own.

    With `zones`, time zones that are offsets become UTC, for those who do not know such zones.
    """
    stream = _Stream(layout, content, zones)
    memory = (ctypes.c_int64 * _T_WORDS)(*_STREAM_WORDS, _STREAM_RELEASE, stream.number)
    return _capsules.make(memory, _STREAM, _T_RELEASE)
