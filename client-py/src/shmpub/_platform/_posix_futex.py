"""Sleeps until a word in shared memory changes, or one of several: with futexes on Linux.

Elsewhere, and where the kernel can't wait for several futexes (before 5.16, or forbidden in a
container), short naps stand in for it.

A mapping that is read-only is enough for waiting on a futex. Other threads run meanwhile, because
ctypes releases the interpreter's lock. A signal ends the system call, so Ctrl-C works.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import time

_SYSCALLS = {
    "x86_64": 202,
    "aarch64": 98,
    "riscv64": 98,
    "loongarch64": 98,
    "ppc64le": 221,
}
_FUTEX_WAIT = 0  # without FUTEX_PRIVATE_FLAG: the word is shared between processes
_FUTEX_WAKE, _PRIVATE = 1, 128
_WAITV, _MONOTONIC, _U32 = 449, 1, 2  # the system call has this number on every architecture
_NAP = 0.002
_NAP_OF_MANY = 0.005
MOST = 127  # words that the kernel waits for at once, and one more for a bell


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_int64), ("nanoseconds", ctypes.c_int64))


class _Waiter(ctypes.Structure):
    _fields_ = (
        ("value", ctypes.c_uint64),
        ("address", ctypes.c_uint64),
        ("flags", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    )


_system = os.uname()
_number = _SYSCALLS.get(_system.machine) if _system.sysname == "Linux" else None
if sys.maxsize < 2**32:
    _number = None
if _number is not None:
    _libc = ctypes.CDLL(None, use_errno=True)
    _plain_syscall = _libc["syscall"]  # an object of its own, without declared arguments
    _plain_syscall.restype = ctypes.c_long
    _syscall = _libc.syscall
    _syscall.restype = ctypes.c_long
    _syscall.argtypes = [
        ctypes.c_long,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_uint32,
        ctypes.POINTER(_Timespec),
        ctypes.c_void_p,
        ctypes.c_uint32,
    ]


def sleep(address: int, seen: int, seconds: float) -> None:
    """Sleep until the word differs from `seen`, a wake, a signal, or the time has passed.

    It may return early.
    """
    if _number is None:
        time.sleep(min(seconds, _NAP))
        return
    whole = int(seconds)
    limit = _Timespec(whole, int((seconds - whole) * 1e9))
    _syscall(_number, address, _FUTEX_WAIT, seen, ctypes.byref(limit), None, 0)


class Bell:
    """See the contract: a word of this process, which is a futex on Linux."""

    __slots__ = ("_word", "address")

    def __init__(self) -> None:
        self._word = ctypes.c_uint32(0)
        self.address = ctypes.addressof(self._word)

    @property
    def turn(self) -> int:
        return self._word.value

    def ring(self) -> None:
        self._word.value += 1  # it wraps; two rings at once may count as one
        if _number is not None:
            _syscall(_number, self.address, _FUTEX_WAKE | _PRIVATE, 2**31 - 1, None, None, 0)


def sleep_any(
    words: list[tuple[int, int]], seconds: float, bell: Bell | None = None, turn: int = 0
) -> None:
    """Sleep until one of the words, given as address and value, has another value.

    Also until the bell has another turn, a signal, or the time has passed. It may return early.
    """
    count = len(words) + (bell is not None)
    waiters = (_Waiter * count)()
    for n, (address, value) in enumerate(words):
        waiters[n] = _Waiter(value, address, _U32, 0)
    if bell is not None:
        waiters[-1] = _Waiter(turn, bell.address, _U32 | _PRIVATE, 0)
    if not _wait_many(waiters, seconds):
        time.sleep(min(seconds, _NAP_OF_MANY))


def _wait_many(waiters: ctypes.Array[_Waiter], seconds: float) -> bool:
    """Whether the kernel has waited, or found that a word has changed."""
    if _number is None or not len(waiters):
        return False
    end = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + int(seconds * 1e9)
    limit = _Timespec(end // 10**9, end % 10**9)
    n, none = ctypes.c_uint(len(waiters)), ctypes.c_uint(0)
    found = _plain_syscall(
        ctypes.c_long(_WAITV), waiters, n, none, ctypes.byref(limit), ctypes.c_int(_MONOTONIC)
    )
    # EAGAIN: a word had changed before. Any other error says that this can't be had.
    return found >= 0 or ctypes.get_errno() in (errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT)
