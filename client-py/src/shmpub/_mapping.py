"""Files mapped into memory, as bytes that keep their mapping alive.

Python's own mmap duplicates the descriptor and keeps the copy until the mapping goes (before
3.13 always). That must not be: a thousand frames would be a thousand descriptors, and the
daemon may fill a segment again only when nobody has it open. So on Linux the mapping is made
with mmap(2) itself, through ctypes, and belongs to an object whose end unmaps it. NumPy keeps
that object as the base of every view, so nothing has to be closed by anybody.

There are two such objects. What is read-only belongs to one that offers no buffer, so that nobody
can make an array over it writable; NumPy asks it by its array interface where the memory is. What
is private and writable is a ctypes array, over which NumPy makes arrays in a third of the time.
Its type is larger than any file, because a type for each size would cost more than the mapping;
what is handed out is a memoryview of the file's own size, and that is what NumPy holds views
against.

Such an object must not take part in garbage collection. In a dead cycle the collector runs every
finalizer before it breaks the cycle, so an unmapping finalizer could run before another object's
`__del__` that still reads the frame. Taken off the collector's list, it ends when its last
reference goes, and never earlier; it refers to nothing, so it can't be part of a cycle.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from ._unmap import faults_before, give_back, libc

ReadOnlyBytes = npt.NDArray[np.uint8]
Bytes = ReadOnlyBytes | memoryview  # what NumPy makes views over; slices of both have .tobytes()

_IS_LINUX = sys.platform == "linux"
_MAP_NORESERVE = getattr(mmap, "MAP_NORESERVE", 0)
_LARGEST = sys.maxsize >> 1
_READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE if _IS_LINUX else 0
_PRIVATE = mmap.MAP_PRIVATE | _MAP_NORESERVE if _IS_LINUX else 0

if _IS_LINUX:
    _mmap = libc.mmap
    _mmap.restype = ctypes.c_void_p
    _mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    _untrack = ctypes.pythonapi.PyObject_GC_UnTrack
    _untrack.restype = None
    _untrack.argtypes = [ctypes.py_object]
    _MAP_FAILED = ctypes.c_void_p(-1).value


class _ReadOnly:
    """Owns [address, address + size); NumPy reads where that is from __array_interface__."""

    __slots__ = ("__array_interface__", "_address", "_faults", "_size")

    def __init__(self, address: int, size: int) -> None:
        self._address = address
        self._size = size
        self._faults = faults_before(size)
        self.__array_interface__ = {
            "data": (address, True),
            "shape": (size,),
            "typestr": "|u1",
            "version": 3,
        }
        _untrack(self)

    # The default argument outlives the module's globals at the interpreter's end.
    def __del__(self, unmap: Any = give_back) -> None:
        unmap(self._address, self._size, self._faults)


class _Writable(ctypes.c_ubyte * _LARGEST):  # type: ignore[misc]
    """Owns what it lies over, of which only the first `_size` bytes are there."""

    __slots__ = ("_faults", "_size")

    def __del__(self, unmap: Any = give_back, address_of: Any = ctypes.addressof) -> None:
        unmap(address_of(self), self._size, self._faults)


def map_shared(fd: int, size: int) -> ReadOnlyBytes:
    """The file, read-only. Good after `fd` is closed and the name is gone."""
    if not _IS_LINUX:
        return _map_portable(fd, size, mmap.ACCESS_READ)
    return np.asarray(_ReadOnly(_map(fd, size, mmap.PROT_READ, mmap.MAP_SHARED), size))


def map_private(fd: int, size: int) -> Bytes | None:
    """The file, writable; what is written stays in this process. None when the kernel refuses.

    It refuses under strict overcommit (vm.overcommit_memory = 2), because every page of it may
    have to be copied one day.
    """
    try:
        if not _IS_LINUX:
            return _map_portable(fd, size, mmap.ACCESS_COPY)
        address = _map(fd, size, _READ_WRITE, _PRIVATE)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return None
        raise
    owner = _Writable.from_address(address)
    owner._size, owner._faults = size, faults_before(size)
    _untrack(owner)
    return memoryview(owner)[:size]


def _map(fd: int, size: int, protection: int, flags: int) -> int:
    address: int = _mmap(None, size, protection, flags, fd, 0)
    if address == _MAP_FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return address


def _map_portable(fd: int, size: int, access: int) -> npt.NDArray[np.uint8]:
    if sys.version_info >= (3, 13):
        mapped = mmap.mmap(fd, size, access=access, trackfd=False)
    else:
        mapped = mmap.mmap(fd, size, access=access)
    return np.frombuffer(mapped, np.uint8)


def address_of(data: Bytes) -> int:
    """Where the first byte lies."""
    if isinstance(data, memoryview):
        return ctypes.addressof(data.obj)  # type: ignore[arg-type]
    address: int = data.__array_interface__["data"][0]
    return address
