"""A FUSE file system of one file, a.csv, whose times come from another clock.

skewed_fs.py FOLDER BACKING SECONDS: the file has the content of BACKING, and its times plus
SECONDS, like a file on a server whose clock is fast. This program speaks the kernel's protocol
itself.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

INIT, LOOKUP, GETATTR, OPEN, READ, OPENDIR = 26, 1, 3, 14, 15, 27
RELEASE, FLUSH, RELEASEDIR = 18, 25, 29
FORGET, BATCH_FORGET = 2, 42  # these requests get no answer
ENOENT, ENOSYS = -2, -38


def attributes(node: int, backing: str, ahead: int) -> bytes:
    status = os.stat(backing)
    s, n = divmod(status.st_mtime_ns + ahead * 10**9, 10**9)
    size, mode = (status.st_size, 0o100644) if node == 2 else (0, 0o40755)
    return struct.pack(
        "<QQQQQQIIIIIIIIII", node, size, 1, s, s, s, n, n, n, mode, 1, 0, 0, 0, 4096, 0
    )


def answer(operation: int, node: int, body: bytes, backing: str, ahead: int) -> tuple[int, bytes]:
    if operation == INIT:
        return 0, struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 1, 1, 4096, 1, 0, 0, 0, *[0] * 7)
    if operation == LOOKUP:
        if body[:-1] != b"a.csv":
            return ENOENT, b""
        return 0, struct.pack("<QQQQII", 2, 1, 0, 0, 0, 0) + attributes(2, backing, ahead)
    if operation == GETATTR:
        return 0, struct.pack("<QII", 0, 0, 0) + attributes(node, backing, ahead)
    if operation in (OPEN, OPENDIR):
        return 0, struct.pack("<QII", 1, 1, 0)  # FOPEN_DIRECT_IO: nothing is cached
    if operation == READ:
        _, at, size = struct.unpack_from("<QQI", body)
        with open(backing, "rb") as f:
            return 0, f.read()[at : at + size]
    return (0, b"") if operation in (RELEASE, FLUSH, RELEASEDIR) else (ENOSYS, b"")


def main() -> None:
    folder, backing, ahead = sys.argv[1], sys.argv[2], int(sys.argv[3])
    fd = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"skewed", folder.encode(), b"fuse", 0, options) != 0:
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    print("mounted", flush=True)
    while True:
        request = os.read(fd, 1 << 20)
        _, operation, unique, node = struct.unpack_from("<IIQQ", request)
        if operation not in (FORGET, BATCH_FORGET):
            error, reply = answer(operation, node, request[40:], backing, ahead)
            os.write(fd, struct.pack("<IiQ", 16 + len(reply), error, unique) + reply)


if __name__ == "__main__":
    main()
