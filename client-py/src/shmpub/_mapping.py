"""Files mapped into memory, as bytes that keep their mapping alive.

Python's own mmap duplicates the descriptor and keeps the copy until the mapping goes (before
3.13 always). That must not be: a thousand frames would be a thousand descriptors, and the
daemon may fill a segment again only when nobody has it open. So on Linux the mapping is made
with mmap(2) itself, through ctypes, and belongs to an object whose end unmaps it. NumPy keeps
that object as the base of every view, so nothing has to be closed by anybody.

The object offers no buffer: NumPy asks by the array interface where the memory is, and that it is
read-only. So no array over it can be made writable, and whoever writes all the same, past NumPy,
is stopped by the kernel. Views are made of a memoryview of the array over all of it, in half of the
time that they take of the array itself.

Such an object must not take part in garbage collection. In a dead cycle the collector runs every
finalizer before it breaks the cycle, so an unmapping finalizer could run before another object's
`__del__` that still reads the frame. Taken off the collector's list, it ends when its last
reference goes, and never earlier; it refers to nothing, so it can't be part of a cycle.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from ._unmap import faults_before, give_back, libc

_IS_LINUX = sys.platform == "linux"

if _IS_LINUX:
    _mmap = libc.mmap
    _mmap.restype = ctypes.c_void_p
    _mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    _untrack = ctypes.pythonapi.PyObject_GC_UnTrack
    _untrack.restype = None
    _untrack.argtypes = [ctypes.py_object]
    _MAP_FAILED = ctypes.c_void_p(-1).value


class _Mapped:
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


def map_shared(fd: int, size: int) -> npt.NDArray[np.uint8]:
    """The file, read-only. Good after `fd` is closed and the name is gone."""
    if not _IS_LINUX:
        return _map_portable(fd, size)
    return np.asarray(_Mapped(_map(fd, size, mmap.PROT_READ, mmap.MAP_SHARED), size))


def _map(fd: int, size: int, protection: int, flags: int) -> int:
    address: int = _mmap(None, size, protection, flags, fd, 0)
    if address == _MAP_FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return address


def _map_portable(fd: int, size: int) -> npt.NDArray[np.uint8]:
    if sys.version_info >= (3, 13):
        mapped = mmap.mmap(fd, size, access=mmap.ACCESS_READ, trackfd=False)
    else:
        mapped = mmap.mmap(fd, size, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, np.uint8)


def address_of(data: npt.NDArray[np.uint8]) -> int:
    """Where the first byte lies."""
    address: int = data.__array_interface__["data"][0]
    return address
