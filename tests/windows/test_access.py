"""Who may read what a daemon on Windows publishes: the access lists of its sections."""

from __future__ import annotations

import pytest
from conftest import Make
from daemons import FAST
from interpreter import PYTHON, Interpreter
from wine import Wine, until

LISTS = """
import ctypes, mmap
advapi32, kernel32 = ctypes.WinDLL("advapi32"), ctypes.WinDLL("kernel32")
for call in (kernel32.OpenFileMappingW, kernel32.MapViewOfFile):
    call.restype = ctypes.c_void_p

def access_list(name):
    h = kernel32.OpenFileMappingW(0x20000, False, name)
    if not h:
        return None
    descriptor, text = ctypes.c_void_p(), ctypes.c_wchar_p()
    advapi32.GetSecurityInfo(
        ctypes.c_void_p(h), 6, 4, None, None, None, None, ctypes.byref(descriptor))
    to_text = advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW
    to_text(descriptor, 1, 4, ctypes.byref(text), None)
    kernel32.CloseHandle(ctypes.c_void_p(h))
    return text.value

def catalog_number(name):
    h = ctypes.c_void_p(kernel32.OpenFileMappingW(4, False, name))
    view = ctypes.c_void_p(kernel32.MapViewOfFile(h, 4, 0, 0, ctypes.c_size_t(4096)))
    number = ctypes.c_uint64.from_address(view.value + 16).value
    kernel32.UnmapViewOfFile(view)
    kernel32.CloseHandle(h)
    return number
"""


@pytest.mark.skipif(not PYTHON.exists(), reason="needs scripts/setup-windows")
def test_who_may_read(daemons: Make, wine: Wine) -> None:
    """Everybody where everybody may read the source, else nobody else; it follows the source."""
    d = daemons()
    for name, mode in (("open.csv", 0o644), ("closed.csv", 0o600)):
        d.source(name, f"x\n{mode}\n").chmod(mode)
    feeds = {name: f"source = {name}.csv\n{FAST}" for name in ("open", "closed")}
    feeds["users"] = "source = open.csv\nfile_mode = 0640\ngroup = S-1-5-32-545"
    d.configure(feeds)
    d.start()
    reader = Interpreter(wine)
    reader.do(LISTS)
    first = reader.value(f"catalog_number({d.name('catalog')!r})") + 1

    def readers() -> list[str]:
        """Of the tables' lists, in the order of the tables: the entry after owner and system."""
        lists = [reader.value(f"access_list({d.name(str(n))!r})") for n in range(first, first + 40)]
        return sorted(list.split(";;;SY)")[1] for list in lists if list)

    everybody, users = "(A;;CCLCRC;;;WD)", "(A;;CCLCRC;;;BU)"
    assert readers() == ["", users, everybody]
    (d.folder / "open.csv").chmod(0o600)
    until(lambda: readers() == ["", "", users])
    (d.folder / "closed.csv").chmod(0o644)
    until(lambda: readers() == ["", users, everybody])
    reader.end()
