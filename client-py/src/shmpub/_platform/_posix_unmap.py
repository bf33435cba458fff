"""Giving mapped memory back.

What that costs depends on how many pages were looked at: 3 us for none, 2.6 ms and more for 80 MB
of them, 0.13 us a page. Whoever takes the next frame lets the last one go, and should not wait for
that. So what is large is given back by a thread, which is started with the first such mapping.
It empties the mapping in pieces first, because unmapping keeps everybody in this process from
mapping anything: NumPy does for each larger array.

Waking a thread costs more than unmapping what nobody looked at. Each page was a page fault, or was
brought by one with fifteen others; so where the whole process had a few only since the mapping was
made, there is little to give back. They are counted when something is given back, so a mapping
starts with what was counted last, which is a few too many for it.
"""

from __future__ import annotations

import _thread
import ctypes
import os
from queue import SimpleQueue
from resource import getrusage
from typing import Any

LARGE = 16 << 20  # bytes
_FEW = 32  # page faults: about five hundred pages
_PIECE = 8 << 20
_DONTNEED = 4

libc: Any = ctypes.CDLL(None, use_errno=True)
_munmap = libc.munmap
_munmap.restype = ctypes.c_int
_munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_madvise = libc.madvise
_madvise.restype = ctypes.c_int
_madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

Waiting = SimpleQueue[tuple[int, int]]


def _reap(waiting: Waiting, unmap: Any = _munmap, advise: Any = _madvise) -> None:
    while True:
        address, size = waiting.get()
        for at in range(0, size, _PIECE):
            advise(address + at, min(_PIECE, size - at), _DONTNEED)
        unmap(address, size)


class _Reaper:
    """The thread, and what waits for it."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """As it is before there is a thread. A forked child has none."""
        self._waiting: Waiting = SimpleQueue()
        self._is_running = False
        self._faults = 0  # of the process, when they were counted last

    def faults_before(self, size: int) -> int:
        """What give_back() wants to know of a new mapping of this size; -1: nothing."""
        return self._faults if size >= LARGE else -1

    # Called by finalizers: between any two steps of this thread, and when the module's globals are
    # gone at the interpreter's end, which the default arguments outlive.
    def give_back(
        self,
        address: int,
        size: int,
        faults: int,
        unmap: Any = _munmap,
        usage: Any = getrusage,
        few: int = _FEW,
    ) -> None:
        """`faults` is what faults_before() said when the mapping was made."""
        if faults >= 0:
            self._faults = usage(0).ru_minflt  # of this process
            if self._faults - faults >= few and self._runs():
                self._waiting.put((address, size))
                return
        unmap(address, size)

    def _runs(self, start: Any = _thread.start_new_thread, reap: Any = _reap) -> bool:
        if not self._is_running:
            try:
                start(reap, (self._waiting,))
            except RuntimeError:  # no more threads, or the interpreter ends
                return False
            self._is_running = True
        return True


_reaper = _Reaper()
give_back = _reaper.give_back
faults_before = _reaper.faults_before

os.register_at_fork(after_in_child=_reaper.forget)
