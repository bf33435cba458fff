"""Unmaps memory.

The cost depends on how many pages of the mapping were read: 3 us for none, 0.13 us for each page,
so 2.6 ms and more for 80 MB. A program that takes the next frame mostly drops the last one in the
same statement, and should not wait so long. So a large mapping is unmapped by a thread, which is
started for the first one. The thread empties the mapping in pieces first, because unmapping stops
every other thread of the process that wants to map memory, as NumPy does for each larger array.

Waking the thread costs more than unmapping a mapping that nobody has read. Each page that was read
took a page fault, or came with the page fault of a neighbour (the kernel brings in sixteen pages at
once). So the page faults of the process are counted: where there were only a few since the mapping
was made, it is unmapped at once. They are counted whenever a large mapping is unmapped, and a new
mapping starts from the last count. That is too low for it, which errs towards the thread.
"""

from __future__ import annotations

import _thread
import ctypes
import os
from queue import SimpleQueue
from resource import getrusage
from typing import Any

LARGE = 16 << 20  # bytes; smaller mappings are unmapped at once
_FEW = 32  # page faults, which bring about five hundred pages
_PIECE = 8 << 20  # bytes that the thread empties at once
_DONTNEED = 4

libc: Any = ctypes.CDLL(None, use_errno=True)
munmap = libc.munmap
munmap.restype = ctypes.c_int
munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_madvise = libc.madvise
_madvise.restype = ctypes.c_int
_madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

Waiting = SimpleQueue[tuple[int, int]]


def _reap(waiting: Waiting, unmap: Any = munmap, advise: Any = _madvise) -> None:
    while True:
        address, size = waiting.get()
        for at in range(0, size, _PIECE):
            advise(address + at, min(_PIECE, size - at), _DONTNEED)
        unmap(address, size)


class _Reaper:
    """The thread that unmaps, and the mappings that wait for it."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start without a thread; also in a forked child, which has none."""
        self._waiting: Waiting = SimpleQueue()
        self._is_running = False
        self._faults = 0  # page faults of the process, when they were counted last

    def faults_before(self) -> int:
        """The last count of page faults, for give_back()."""
        return self._faults

    # Finalizers call this. So it may run between any two steps of any thread, and at the
    # interpreter's end, when the module's globals are gone and only default arguments are left.
    def give_back(
        self,
        address: int,
        size: int,
        faults: int,
        unmap: Any = munmap,
        usage: Any = getrusage,
        few: int = _FEW,
    ) -> None:
        """Unmap. `faults` is what faults_before() returned when the mapping was made."""
        self._faults = usage(0).ru_minflt  # 0: RUSAGE_SELF, this process
        if self._faults - faults >= few and self._runs():
            self._waiting.put((address, size))
        else:
            unmap(address, size)

    def _runs(self, start: Any = _thread.start_new_thread, reap: Any = _reap) -> bool:
        if not self._is_running:
            try:
                start(reap, (self._waiting,))
            except RuntimeError:  # too many threads, or the interpreter is ending
                return False
            self._is_running = True
        return True


_reaper = _Reaper()
give_back = _reaper.give_back
faults_before = _reaper.faults_before

os.register_at_fork(after_in_child=_reaper.forget)
