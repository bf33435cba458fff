"""What the tests ask a POSIX system about this process."""

from __future__ import annotations

import gc
import os
import traceback
from collections.abc import Callable
from pathlib import Path


def descriptors() -> list[str]:
    """The files that this process has open, without the descriptor that lists them."""
    gc.collect()
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{fd}"))
        except FileNotFoundError:
            pass
    return sorted(found)


def mappings(path: object) -> list[str]:
    """Lines of /proc/self/maps that are about files below `path`."""
    gc.collect()
    return [line for line in Path("/proc/self/maps").read_text().splitlines() if str(path) in line]


def snapshots_held(directory: Path) -> int:
    """How many snapshots of instances in the directory this process has mapped."""
    return len([line for line in mappings(directory) if not line.endswith("/catalog")])


def is_read_only(address: int) -> bool:
    """Whether the kernel forbids this process to write at that address."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, _, end = line.split()[0].partition("-")
        if int(start, 16) <= address < int(end, 16):
            return line.split()[1] == "r--s"
    raise AssertionError("in no mapping")


def as_nobody(call: Callable[[], object]) -> None:
    """Run the script in a child process of another user."""
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            call()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
