"""Where a handmade instance is kept on Windows: named sections and events.

Written after docs/FORMAT.md, "On Windows". It declares the functions of Windows itself, and uses
nothing of the client.
"""

from __future__ import annotations

import ctypes
import itertools
import struct
import time
from ctypes import wintypes
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shmpub._platform import _windows_accounts

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel32.CreateFileMappingW.restype = ctypes.c_void_p
_kernel32.CreateFileMappingW.argtypes = [
    ctypes.c_void_p,
    ctypes.c_void_p,
    *[wintypes.DWORD] * 3,
    wintypes.LPCWSTR,
]
_kernel32.MapViewOfFile.restype = ctypes.c_void_p
_kernel32.MapViewOfFile.argtypes = [ctypes.c_void_p, *[wintypes.DWORD] * 3, ctypes.c_size_t]
_kernel32.VirtualAlloc.restype = ctypes.c_void_p
_kernel32.VirtualAlloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[wintypes.DWORD] * 2]
_kernel32.UnmapViewOfFile.argtypes = [ctypes.c_void_p]
_kernel32.CreateEventW.restype = ctypes.c_void_p
_kernel32.CreateEventW.argtypes = [ctypes.c_void_p, *[wintypes.BOOL] * 2, wintypes.LPCWSTR]
for _name in ("SetEvent", "ResetEvent", "CloseHandle"):
    getattr(_kernel32, _name).argtypes = [ctypes.c_void_p]


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("size", wintypes.DWORD),
        ("descriptor", ctypes.c_void_p),
        ("inherit", wintypes.BOOL),
    )


def attributes(text: str) -> _Attributes:
    """The address of a security descriptor, given as SDDL text. It is never freed."""
    descriptor = ctypes.c_void_p()
    make = ctypes.WinDLL("advapi32").ConvertStringSecurityDescriptorToSecurityDescriptorW
    if not make(text, 1, ctypes.byref(descriptor), None):
        raise ctypes.WinError()
    return _Attributes(ctypes.sizeof(_Attributes), descriptor, False)


ME = _windows_accounts.text_of(_windows_accounts.my_sid())
MINE = f"O:{ME}D:P(A;;GA;;;WD)"
_READWRITE = 4
_RESERVE = 0x4000000
_COMMIT = 0x1000
_ALL = 0xF001F
_BELL_TURN = slice(256, 260)
views: set[int] = set()  # addresses of the views through which tests write
_numbers = itertools.count(time.time_ns() // 1000)


class Section:
    """A named section and a view of it that can be written."""

    def __init__(self, name: str, size: int, security: str = MINE, reserve: bool = False) -> None:
        self.name = name
        self.security = attributes(security)
        size = max(size, 1)
        parts = size >> 32, size & 0xFFFFFFFF
        kind = _READWRITE | (_RESERVE if reserve else 0)
        self.handle = _kernel32.CreateFileMappingW(
            ctypes.c_void_p(-1), ctypes.byref(self.security), kind, *parts, name
        )
        if not self.handle:
            raise ctypes.WinError(ctypes.get_last_error())
        self.address = _kernel32.MapViewOfFile(self.handle, _ALL, 0, 0, 0)
        if not self.address:
            raise ctypes.WinError(ctypes.get_last_error())
        views.add(self.address)
        self.bytes = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(self.address))

    def commit(self, size: int) -> None:
        """Commit the first bytes of a section that is only reserved."""
        assert _kernel32.VirtualAlloc(self.address, size, _COMMIT, _READWRITE)

    def close(self) -> None:
        """Free the name and the view. Views of readers stay; `bytes` must not be used any more."""
        if self.handle:
            _kernel32.UnmapViewOfFile(self.address)
            views.discard(self.address)
            self.close_handle()

    def close_handle(self) -> None:
        """Free the name, and keep the view."""
        _kernel32.CloseHandle(self.handle)
        self.handle = 0


def stem_of(directory: Path, instance: str) -> str:
    return f"Local\\{directory!s}/shmpub.{instance}/".replace("\\", "/").replace("/", "\\", 1)


def event(name: str, security: str = MINE) -> int:
    """The handle of an event that stays set until it is reset."""
    handle = _kernel32.CreateEventW(ctypes.byref(attributes(security)), True, False, name)
    if not handle:
        raise ctypes.WinError(ctypes.get_last_error())
    return handle


class Storage:
    """`security` are the descriptors of the sections that are not simply mine: of "root",
    "catalog" and "snapshot". `bells` is what is wrong with these."""

    def __init__(
        self,
        directory: Path,
        instance: str,
        security: dict[str, str] | None = None,
        bells: str = "",
    ) -> None:
        self.stem = stem_of(directory, instance)
        self.security = security or {}
        self.root = Section(self.stem + "catalog", 4096, self.security.get("root", MINE))
        self.feeds: dict[str, tuple[Section, int]] = {}
        self.bells: list[int] = []
        for n in range(4):
            name = f"{self.stem}bell.{n}"
            if bells == "of another kind":
                self.bells.append(Section(name, 1).handle)
            elif bells != "absent":
                self.bells.append(event(name, "O:SYD:P" if bells == "closed" else MINE))
                if bells == "never reset":
                    _kernel32.SetEvent(self.bells[-1])
        self.is_ringing = not bells

    def __del__(self) -> None:
        for handle in self.bells:
            _kernel32.CloseHandle(handle)

    def section(self, kind: str, content: bytes) -> tuple[Section, int]:
        number = next(_numbers)
        made = Section(f"{self.stem}{number}", len(content), self.security.get(kind, MINE))
        made.bytes[: len(content)] = np.frombuffer(content, np.uint8)
        return made, number

    def make_catalog(self, content: bytes) -> npt.NDArray[np.uint8]:
        self.catalog, number = self.section("catalog", content)
        self.root.bytes[:16] = np.frombuffer(struct.pack("<8sII", b"SHMPUBR\x01", 1, 0), np.uint8)
        self.tell(number)
        return self.catalog.bytes

    def tell(self, number: int) -> None:
        self.root.bytes[16:24].view("<u8")[0] = number

    def lose_catalog(self) -> None:
        """What happens when the publisher is killed: all names go. The test's own view stays."""
        for section in (self.root, self.catalog):
            section.close_handle()

    def lose_all(self) -> None:
        """What a publisher does that stops in order."""
        self.tell(0)
        self.lose_catalog()
        for feed in list(self.feeds):
            self.lose(feed)

    def name_of(self, feed: str) -> str:
        return f"{self.stem}{self.feeds[feed][1]} ({feed})"

    def place(self, feed: str, content: bytes) -> tuple[int, int]:
        before = self.feeds.get(feed)
        self.feeds[feed] = self.section("snapshot", content)
        if before is not None:
            before[0].close()
        return self.feeds[feed][1], len(content)

    def content(self, feed: str) -> bytes:
        return self.feeds[feed][0].bytes.tobytes()

    def lose(self, feed: str) -> None:
        if feed in self.feeds:
            self.feeds.pop(feed)[0].close()

    def wake(self, words: npt.NDArray[np.uint8], at: int) -> None:
        if not self.is_ringing:
            return
        turn: Any = words[_BELL_TURN].view("<u4")
        t = int(turn[0])
        _kernel32.ResetEvent(self.bells[(t + 1) % 4])
        turn[0] = (t + 1) & 0xFFFFFFFF
        _kernel32.SetEvent(self.bells[t % 4])


def namespace() -> int:
    return 1
