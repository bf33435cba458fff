"""Finds out to whom an object belongs: accounts of Windows, which SIDs identify.

A SID is handled as its bytes: revision, number of parts, authority (48 bits, big-endian), parts
(32 bits each, little-endian). Its text is `S-1-5-21-...`, as `whoami /user` shows it.
"""

from __future__ import annotations

import ctypes
import re
import struct
from functools import lru_cache

from . import _windows_api as api

_TEXT = re.compile(r"S-1-(\d{1,15})((?:-\d{1,10}){0,15})", re.ASCII | re.IGNORECASE)
_LARGEST_SID = 68  # bytes
_MOST_CHARACTERS = 256
# The beginning of the SIDs of all accounts "NT SERVICE\\name": S-1-5-80, then five more parts.
_SERVICES = bytes.fromhex("0106000000000005") + struct.pack("<I", 80)
_NO_ACCOUNTS = (3, 7, 8)  # of SID_NAME_USE: a domain, an invalid SID, an unknown one


def _sid_of_text(text: str) -> bytes | None:
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    authority, parts = int(found[1]), [int(part) for part in found[2].split("-")[1:]]
    if authority >= 2**48 or any(part >= 2**32 for part in parts):
        return None
    head = bytes([1, len(parts)]) + authority.to_bytes(6, "big")
    return head + struct.pack(f"<{len(parts)}I", *parts)


def _known(text: str) -> bytes:
    sid = _sid_of_text(text)
    assert sid is not None
    return sid


# The system itself and its administrators. They may do anything to this process anyway.
_SYSTEM = frozenset(map(_known, ("S-1-5-18", "S-1-5-32-544")))
# LocalService and NetworkService: services run as these, and nobody can log in to them.
_FOR_SERVICES = frozenset(map(_known, ("S-1-5-19", "S-1-5-20")))


def text_of(sid: bytes) -> str:
    """The SID's text, as Windows writes it."""
    parts = struct.unpack(f"<{sid[1]}I", sid[8 : 8 + 4 * sid[1]])
    return "-".join(map(str, ["S", sid[0], int.from_bytes(sid[2:8], "big"), *parts]))


def _sid_at(address: int) -> bytes:
    n_parts: int = ctypes.string_at(address, 2)[1]
    return ctypes.string_at(address, 8 + 4 * n_parts)


def owner_of_handle(handle: int) -> bytes | None:
    """The SID of the object's owner; None: unknown. The handle must have READ_CONTROL."""
    owner, descriptor = ctypes.c_void_p(), ctypes.c_void_p()
    failed = api.security_info(
        handle,
        api.SE_KERNEL_OBJECT,
        api.OWNER_SECURITY_INFORMATION,
        ctypes.byref(owner),
        None,
        None,
        None,
        ctypes.byref(descriptor),
    )
    if failed:
        return None
    try:
        return _sid_at(owner.value) if owner.value else None
    finally:
        api.local_free(descriptor)


@lru_cache(1)
def my_sid() -> bytes:
    """The SID of this process's user."""
    token, size = ctypes.c_void_p(), ctypes.c_uint32()
    if not api.open_token(api.current_process(), api.TOKEN_QUERY, ctypes.byref(token)):
        raise OSError(api.describe(api.last_error()))
    try:
        buffer = ctypes.create_string_buffer(_LARGEST_SID + 2 * ctypes.sizeof(ctypes.c_void_p))
        if not api.token_information(
            token, api.TOKEN_USER, buffer, len(buffer), ctypes.byref(size)
        ):
            raise OSError(api.describe(api.last_error()))
        return _sid_at(ctypes.c_void_p.from_buffer(buffer).value or 0)
    finally:
        api.close_handle(token)


def is_own(sid: bytes) -> bool:
    """Whether the account is this process's user, the system or its administrators."""
    return sid in _SYSTEM or sid == my_sid()


def is_trusted(sid: bytes, also: str | None) -> bool:
    """Whether objects of that account are trusted. `also` is one more trusted SID, or None."""
    if is_own(sid) or sid in _FOR_SERVICES or sid.startswith(_SERVICES):
        return True
    return also is not None and sid == _sid_of_text(also)


@lru_cache(100)
def name_of(sid: bytes) -> str:
    """The account's name, `DOMAIN\\name`; the SID's text where the account has no name."""
    name = ctypes.create_unicode_buffer(_MOST_CHARACTERS)
    domain = ctypes.create_unicode_buffer(_MOST_CHARACTERS)
    sizes = (ctypes.c_uint32 * 2)(_MOST_CHARACTERS, _MOST_CHARACTERS)
    at, kind = ctypes.addressof(sizes), ctypes.c_int()
    if not api.account_by_sid(None, sid, name, at, domain, at + 4, ctypes.byref(kind)):
        return text_of(sid)
    return f"{domain.value}\\{name.value}" if domain.value else name.value


def sid_text_of_account(name: str) -> str | None:
    """The SID's text of the account of that name or SID; None when there is no such account."""
    if _sid_of_text(name) is not None:
        return name.upper()
    if not name or "\0" in name:
        return None
    sid = ctypes.create_string_buffer(_LARGEST_SID)
    domain = ctypes.create_unicode_buffer(_MOST_CHARACTERS)
    sizes = (ctypes.c_uint32 * 2)(_LARGEST_SID, _MOST_CHARACTERS)
    at, kind = ctypes.addressof(sizes), ctypes.c_int()
    if not api.account_by_name(None, name, sid, at, domain, at + 4, ctypes.byref(kind)):
        return None
    return text_of(sid.raw) if kind.value not in _NO_ACCOUNTS else None
