"""What the tests ask Windows about this process."""

from __future__ import annotations

import ctypes
import gc
import os
from pathlib import Path
from typing import Any

from handmade_windows import stem_of, views

from shmpub._platform import _windows, _windows_api

_MAPPED = 0x40000
_READ_ONLY = 2
_EXTENDED_HANDLES = 64


class _Handle(ctypes.Structure):
    _fields_ = (
        ("object", ctypes.c_void_p),
        ("process", ctypes.c_void_p),
        ("value", ctypes.c_void_p),
        ("rest", ctypes.c_uint32 * 4),
    )


def descriptors() -> list[int]:
    """The handles that this process has."""
    gc.collect()
    query = ctypes.WinDLL("ntdll").NtQuerySystemInformation
    size = 1 << 20
    while True:
        buffer = ctypes.create_string_buffer(size)
        status = query(_EXTENDED_HANDLES, buffer, size, None) & 0xFFFFFFFF
        if status != 0xC0000004:  # STATUS_INFO_LENGTH_MISMATCH
            break
        size *= 2
    assert status == 0, hex(status)
    count = ctypes.c_size_t.from_buffer(buffer).value
    start = 2 * ctypes.sizeof(ctypes.c_size_t)
    handles = (_Handle * count).from_buffer(buffer, start)
    return sorted(h.value or 0 for h in handles if h.process == os.getpid())


def _region(address: int) -> Any:
    region = _windows_api.MemoryRegion()
    assert _windows_api.virtual_query(address, ctypes.byref(region), ctypes.sizeof(region))
    return region


_names: dict[int, str] = {}  # names of snapshots, by the address of the view
_map = _windows._map


def _map_and_note(name: str, size: int, check_owner: Any) -> Any:
    content, owner = _map(name, size, check_owner)
    _names.pop(content.ctypes.data, None)
    if size and not name.endswith("/catalog"):
        _names[content.ctypes.data] = name
    return content, owner


_windows._map = _map_and_note


def snapshots_held(directory: Path) -> int:
    """How many snapshots of instances in the directory this process has mapped."""
    gc.collect()
    stem = stem_of(directory, "")[:-1]
    found = [at for at, name in _names.items() if name.startswith(stem) and at not in views]
    return sum(_region(at).allocation_base == at and _region(at).type == _MAPPED for at in found)


def is_read_only(address: int) -> bool:
    """Whether the kernel forbids this process to write at that address."""
    region = _region(address)
    assert region.type == _MAPPED
    return bool(region.protect == _READ_ONLY)
