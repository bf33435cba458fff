"""Mapped memory as bytes that keep their mapping alive.

A mapping belongs to an object whose end unmaps it. NumPy keeps that object as the base of every
view, so nothing has to be closed by anybody.

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

import numpy as np
import numpy.typing as npt

_untrack = ctypes.pythonapi.PyObject_GC_UnTrack
_untrack.restype = None
_untrack.argtypes = [ctypes.py_object]


class Mapped:
    """Owns [address, address + size); NumPy reads where that is from __array_interface__.

    Its subclasses give the memory back in their __del__.
    """

    __slots__ = ("__array_interface__", "_address", "_size")

    def __init__(self, address: int, size: int) -> None:
        self._address = address
        self._size = size
        self.__array_interface__ = {
            "data": (address, True),
            "shape": (size,),
            "typestr": "|u1",
            "version": 3,
        }
        _untrack(self)


def address_of(data: npt.NDArray[np.uint8]) -> int:
    """Where the first byte lies."""
    address: int = data.__array_interface__["data"][0]
    return address
