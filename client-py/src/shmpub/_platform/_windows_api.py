"""Declares the functions of Windows that the client calls; those with text in their wide form.

Handles are plain ints; 0 is no handle. Each thread has a last error of its own.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import wintypes
from typing import Any

# Typed as Any, because a type checker on another system does not know these names.
_ctypes: Any = ctypes
_kernel32 = _ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = _ctypes.WinDLL("advapi32", use_last_error=True)
last_error: Callable[[], int] = _ctypes.get_last_error
describe: Callable[[int], str] = _ctypes.FormatError

FILE_MAP_READ = 0x4
READ_CONTROL = 0x20000
SYNCHRONIZE = 0x100000
PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
TOKEN_QUERY = 0x8
TOKEN_USER = 1
SE_KERNEL_OBJECT = 6
OWNER_SECURITY_INFORMATION = 1
MEM_COMMIT = 0x1000
STILL_ACTIVE = 259
WAIT_OBJECT_0 = 0

ERROR_FILE_NOT_FOUND = 2
ERROR_PATH_NOT_FOUND = 3
ERROR_ACCESS_DENIED = 5
ERROR_INVALID_HANDLE = 6
ERROR_INVALID_PARAMETER = 87

_HANDLE = ctypes.c_void_p
_SIZE = ctypes.c_size_t


class MemoryRegion(ctypes.Structure):
    """MEMORY_BASIC_INFORMATION"""

    _fields_ = (
        ("base", ctypes.c_void_p),
        ("allocation_base", ctypes.c_void_p),
        ("allocation_protect", wintypes.DWORD),
        ("partition", wintypes.WORD),
        ("size", ctypes.c_size_t),
        ("state", wintypes.DWORD),
        ("protect", wintypes.DWORD),
        ("type", wintypes.DWORD),
    )


def _declare(library: Any, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


_BOOL, _DWORD, _TEXT = wintypes.BOOL, wintypes.DWORD, wintypes.LPCWSTR
_POINTER = ctypes.c_void_p

open_file_mapping = _declare(_kernel32, "OpenFileMappingW", _HANDLE, _DWORD, _BOOL, _TEXT)
map_view = _declare(_kernel32, "MapViewOfFile", _POINTER, _HANDLE, _DWORD, _DWORD, _DWORD, _SIZE)
unmap_view = _declare(_kernel32, "UnmapViewOfFile", _BOOL, _POINTER)
close_handle = _declare(_kernel32, "CloseHandle", _BOOL, _HANDLE)
virtual_query = _declare(_kernel32, "VirtualQuery", _SIZE, _POINTER, _POINTER, _SIZE)
open_event = _declare(_kernel32, "OpenEventW", _HANDLE, _DWORD, _BOOL, _TEXT)
make_event = _declare(_kernel32, "CreateEventW", _HANDLE, _POINTER, _BOOL, _BOOL, _TEXT)
set_event = _declare(_kernel32, "SetEvent", _BOOL, _HANDLE)
wait_for_objects = _declare(
    _kernel32, "WaitForMultipleObjects", _DWORD, _DWORD, _POINTER, _BOOL, _DWORD
)
wait_for_object = _declare(_kernel32, "WaitForSingleObject", _DWORD, _HANDLE, _DWORD)
open_process = _declare(_kernel32, "OpenProcess", _HANDLE, _DWORD, _BOOL, _DWORD)
process_times = _declare(_kernel32, "GetProcessTimes", _BOOL, _HANDLE, *[_POINTER] * 4)
exit_code = _declare(_kernel32, "GetExitCodeProcess", _BOOL, _HANDLE, _POINTER)
current_process = _declare(_kernel32, "GetCurrentProcess", _HANDLE)
local_free = _declare(_kernel32, "LocalFree", _POINTER, _POINTER)

open_token = _declare(_advapi32, "OpenProcessToken", _BOOL, _HANDLE, _DWORD, _POINTER)
token_information = _declare(
    _advapi32, "GetTokenInformation", _BOOL, _HANDLE, ctypes.c_int, _POINTER, _DWORD, _POINTER
)
security_info = _declare(
    _advapi32, "GetSecurityInfo", _DWORD, _HANDLE, ctypes.c_int, _DWORD, *[_POINTER] * 5
)
account_by_name = _declare(
    _advapi32, "LookupAccountNameW", _BOOL, _TEXT, _TEXT, *[_POINTER] * 2, _POINTER, *[_POINTER] * 2
)
account_by_sid = _declare(
    _advapi32, "LookupAccountSidW", _BOOL, _TEXT, _POINTER, *[_POINTER] * 4, _POINTER
)
