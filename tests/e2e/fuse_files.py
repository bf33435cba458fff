"""A file system whose files hang or change while they are read: `fuse_files.py FOLDER`, as root.

Any name that begins with one of these words is a file of two megabytes, "n,n" in each row for a
version n:

    hang    a read beyond the first megabyte is never answered
    torn    a read beyond the first megabyte finds the next version, for the first three times
    cut     the same, and the file has half of its size from then on
    bad     as torn, and the versions before the last have one row that is no row, at the end

It tells "mounted", and ends with its standard input.
"""

import ctypes
import errno
import os
import select
import struct
import sys

SIZE = 2 << 20
HALF = 1 << 20
TURNS = 3
LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, INTERRUPT = (
    1,
    2,
    3,
    14,
    15,
    18,
    25,
    26,
    36,
)
BATCH_FORGET = 42
DIRECT = 1  # each read of a reader comes to us
ROOT = 1


class File:
    def __init__(self, name: str) -> None:
        self.word = name.rstrip("0123456789").partition(".")[0].rstrip("0123456789")
        self.version = 1
        self.size = SIZE

    def text(self) -> bytes:
        row = b"%d,%d\n" % (self.version, self.version)
        text = b"n,m\n" + row * ((SIZE - 4) // len(row))
        text += b"\n" * (SIZE - len(text))
        if self.word == "bad" and self.version <= TURNS:
            text = text[:-6] + b"1,2,3\n"
        return text[: self.size]

    def read(self, offset: int, size: int) -> bytes | None:
        if offset + size > HALF and self.word == "hang":
            return None
        if offset + size > HALF and self.version <= TURNS:
            self.version += 1
            if self.word == "cut":
                self.size = HALF
        return self.text()[offset : offset + size]


def attributes(node: int, f: File | None) -> bytes:
    mode, size = (0o040755, 0) if f is None else (0o100644, f.size)
    seconds = 1_600_000_000 + (f.version if f else 0)
    times = [seconds] * 3
    return struct.pack(
        "<6Q10I", node, size, size // 512, *times, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0
    )


class Server:
    def __init__(self) -> None:
        self.nodes: dict[int, File] = {}
        self.names: dict[bytes, int] = {}

    def lookup(self, name: bytes) -> bytes | int:
        word = File(name.decode()).word
        if word not in ("hang", "torn", "cut", "bad"):
            return errno.ENOENT
        node = self.names.setdefault(name, len(self.names) + 2)
        f = self.nodes.setdefault(node, File(name.decode()))
        return struct.pack("<4Q2I", node, 1, 0, 0, 0, 0) + attributes(node, f)

    def answer(self, opcode: int, node: int, body: bytes) -> bytes | int | None:
        """Bytes; a number of errno; None: no answer."""
        if opcode == INIT:
            return struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 1, 1, 4096, 1, 0, 0, 0, *[0] * 7)
        if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
            return None
        if opcode == LOOKUP:
            return self.lookup(body.rstrip(b"\0"))
        if opcode == GETATTR:
            return struct.pack("<Q2I", 0, 0, 0) + attributes(node, self.nodes.get(node))
        if opcode == OPEN:
            return struct.pack("<Q2I", 0, DIRECT, 0)
        if opcode == READ:
            return self.nodes[node].read(*struct.unpack_from("<QI", body, 8))
        if opcode in (RELEASE, FLUSH):
            return b""
        return errno.ENOSYS


def main() -> None:
    fd = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"files", sys.argv[1].encode(), b"fuse", 0, options) != 0:
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    print("mounted", flush=True)
    server = Server()
    while True:
        ready, _, _ = select.select([fd, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        request = os.read(fd, 1 << 20)
        _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
        reply = server.answer(opcode, node, request[40:])
        if opcode == INTERRUPT:  # of a read that hangs: whoever waits for it is killed
            unique, reply = *struct.unpack_from("<Q", request, 40), errno.EINTR
        if reply is None:
            continue
        error, data = (-reply, b"") if isinstance(reply, int) else (0, reply)
        os.write(fd, struct.pack("<IiQ", 16 + len(data), error, unique) + data)


if __name__ == "__main__":
    main()
