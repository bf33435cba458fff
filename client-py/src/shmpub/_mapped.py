"""Owns mapped memory, so that it is unmapped when no array over it exists any more.

A Mapped object owns a mapping, and unmaps it in its finalizer. NumPy keeps the object as the base
of every array over the mapping. So nobody has to close anything.

The object does not have Python's buffer interface. It has NumPy's array interface, which says where
the memory is and that it is read-only, so no array over it can be made writable. Whoever writes
nevertheless, past NumPy, is stopped by the kernel. Views are made of a memoryview of the array over
the whole mapping, which takes half the time of making them of the array.

The object must not take part in garbage collection. When the collector finds a dead cycle, it runs
all finalizers of the cycle before it breaks it. So the memory could be unmapped before the
`__del__` of another object in the cycle reads a frame. The object is taken off the collector's
list; then it ends when its last reference goes, and never earlier. It refers to nothing, so it
can't be part of a cycle itself.
"""

from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt

_untrack = ctypes.pythonapi.PyObject_GC_UnTrack
_untrack.restype = None
_untrack.argtypes = [ctypes.py_object]


class Mapped:
    """Owns the memory [address, address + size). A subclass gives it back in __del__."""

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
    """The address of the array's first byte."""
    address: int = data.__array_interface__["data"][0]
    return address
