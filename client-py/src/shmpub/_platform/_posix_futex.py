"""Sleeps until a word in shared memory changes: with a futex on Linux, else with short naps.

A mapping that is read-only is enough for waiting on a futex. Other threads run meanwhile, because
ctypes releases the interpreter's lock. A signal ends the system call, so Ctrl-C works.
"""

from __future__ import annotations

import ctypes
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
_NAP = 0.002


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_int64), ("nanoseconds", ctypes.c_int64))


_system = os.uname()
_number = _SYSCALLS.get(_system.machine) if _system.sysname == "Linux" else None
if sys.maxsize < 2**32:
    _number = None
if _number is not None:
    _syscall = ctypes.CDLL(None).syscall
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
