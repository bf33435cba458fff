"""Where a handmade instance is kept on POSIX systems: a directory of files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shmpub._platform import _posix_futex


class Storage:
    def __init__(self, directory: Path, instance: str) -> None:
        self.path = directory / instance
        self.path.mkdir(exist_ok=True)

    def make_catalog(self, content: bytes) -> npt.NDArray[np.uint8]:
        """Replace the catalog. What is written into the returned array is written into the file."""
        hidden = self.path / ".catalog.new"
        hidden.write_bytes(content)
        hidden.rename(self.path / "catalog")
        return np.memmap(self.path / "catalog", np.uint8, "r+")

    def lose_catalog(self) -> None:
        (self.path / "catalog").unlink()

    def lose_all(self) -> None:
        shutil.rmtree(self.path)

    def name_of(self, feed: str) -> str:
        """The catalog's name in messages."""
        return str(self.path / f"{feed}.arrow")

    def place(self, feed: str, content: bytes) -> tuple[int, int]:
        """Make it the newest snapshot; returns number and size for the descriptor."""
        hidden = self.path / f".{feed}.1"
        hidden.write_bytes(content)
        hidden.rename(self.path / f"{feed}.arrow")
        return 1, len(content)

    def content(self, feed: str) -> bytes:
        return (self.path / f"{feed}.arrow").read_bytes()

    def lose(self, feed: str) -> None:
        (self.path / f"{feed}.arrow").unlink(missing_ok=True)

    def wake(self, words: npt.NDArray[np.uint8], at: int) -> None:
        """Wake those who sleep on the word at that offset."""
        if _posix_futex._number is not None:
            address = words.ctypes.data + at
            _posix_futex._syscall(_posix_futex._number, address, 1, 2**31 - 1, None, None, 0)


def namespace() -> int:
    return os.stat("/proc/self/ns/pid").st_ino
