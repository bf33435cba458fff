"""The soak's feeds of every kind: what stands in the ini file, and how their sources change."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import lzma
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import tables

SHARES = {  # of 500 feeds
    "file": 170,
    "watched": 80,
    "gzip": 25,
    "xz": 15,
    "inplace": 30,
    tables.GROWING: 20,
    "exec": 30,
    "shell": 10,
    "url": 40,
    "rejects": 20,
    tables.PATTERN: 20,
    "plain": 10,
    "failing": 30,
}
NONE: Mapping[str, str] = MappingProxyType({})
GROWING_MOST = 400_000  # bytes; then it begins anew

FAILING = [
    "source = none/no-such-file.csv",
    "source = bad.csv",
    "source = exec: sh -c 'echo broken; exit 3'\ninterval = 10s",
    "source = exec: sleep 600\ntimeout = 5s\ninterval = 10s",
    "source = http://127.0.0.1:9/nothing\ntimeout = 5s\ninterval = 5s",
    "source = good.csv\nrequire_columns = absent",
    "source = good.csv\nmin_rows = 100000",
    "source = unreadable",
]


def replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


class Source:
    """One feed. `version` is what a reader should see in the end."""

    def __init__(self, kind: str, number: int, folder: Path, url: str) -> None:
        self.kind, self.number = kind, number
        self.name = f"{kind}-{number}"
        self.path = folder / f"{self.name}.csv"
        self.url = f"{url}/{self.path.name}"
        self.version = 0
        self.size = self.next_row = 0

    def ini(self) -> str:
        lines = {
            "file": "source = {file}\ninterval = 1s",
            "watched": "source = {file}\ninterval = 5s\nwatch = yes",
            "gzip": "source = {file}\ninterval = 2s",
            "xz": "source = {file}\ninterval = 2s",
            "inplace": "source = {file}\ninterval = 1s\nsettle = 400ms\nrequire_newline = yes\n"
            "min_rows = 50",
            tables.GROWING: "source = {file}\ninterval = 1s\nrequire_newline = yes",
            "exec": "source = exec: cat {file}\ninterval = 10s",
            "shell": "source = shell: cat {file} | cat\ninterval = 10s",
            "url": "source = {url}\ninterval = 5s\ntimeout = 10s",
            "rejects": "source = {file}\ninterval = 2s\non_bad_lines = feed",
            tables.PATTERN: "source = {file}.*\ninterval = 2s",
            "plain": "source = {file}\ninterval = 2s\ncsv_segment = soak_{pid}_{number}",
            "failing": FAILING[self.number % len(FAILING)],
        }[self.kind]
        words = {"file": self.path, "url": self.url, "number": self.number, "pid": os.getpid()}
        return f"[feed {self.name}]\n{lines.format(**words)}\n\n"

    def change(self) -> None:
        if self.kind == tables.GROWING:
            self.grow()
            return
        if self.kind == "failing":
            return
        version = self.version + 1
        text = tables.text_of(self.number, version, self.kind == "rejects").encode()
        if self.kind == tables.PATTERN:
            for part in range(tables.PARTS) if version == 1 else [version % tables.PARTS]:
                replace(self.path.with_name(f"{self.path.name}.{part}"), text)
        elif self.kind == "inplace" and version > 1:
            with self.path.open("wb") as file:
                for at in range(0, len(text), 1 + len(text) // 3):
                    file.write(text[at : at + 1 + len(text) // 3])
                    file.flush()
                    time.sleep(0.02)
        else:
            pack: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "xz": lzma.compress}
            replace(self.path, pack.get(self.kind, bytes)(text))
        self.version = version

    def grow(self) -> None:
        """Add rows; half of one waits a moment for its rest."""
        if self.size > GROWING_MOST or self.version == 0:
            self.next_row, self.version = 0, self.version + 1
            replace(self.path, b"v,i,x,t\n")
        n = random.randint(1, 50)
        text = tables.growth(self.next_row, n).encode()
        self.next_row += n
        with self.path.open("ab") as file:
            file.write(text[: len(text) - 9])
            file.flush()
            time.sleep(random.random() * 0.03)
            file.write(text[len(text) - 9 :])
        self.size = self.path.stat().st_size


def make(n: int, folder: Path, url: str) -> list[Source]:
    """Return `n` feeds in the shares above, each with its first version in place."""
    replace(folder / "bad.csv", b"a,b\n1,2\n1,2,3\n")
    replace(folder / "good.csv", b"a,b\n1,2\n")
    (folder / "unreadable").mkdir()
    sources, number = [], 0
    for kind, share in SHARES.items():
        for _ in range(max(1, round(share * n / sum(SHARES.values())))):
            number += 1
            sources.append(Source(kind, number, folder, url))
    for source in sources:
        source.change()
    return sources


class Server:
    """The files of a folder by HTTP, with ETag. One answer in ten is an error, cut, or late."""

    def __init__(self, folder: Path) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                with contextlib.suppress(ConnectionError):  # whoever asked was killed meanwhile
                    self.serve()

            def serve(self) -> None:
                self.close_connection = True
                fate = random.random()
                try:
                    body = (folder / Path(self.path).name).read_bytes()
                except OSError:
                    return self.answer(404)
                tag = f'"{hash(body)}"'
                if fate < 0.03:
                    return self.answer(500)
                if fate < 0.06:
                    return self.answer(429, {"Retry-After": "1"})
                if fate < 0.08:
                    time.sleep(3)
                if self.headers.get("If-None-Match") == tag:
                    return self.answer(304, {"ETag": tag})
                cut = len(body) // 2 if 0.08 <= fate < 0.1 else len(body)
                self.answer(200, {"ETag": tag, "Content-Length": str(len(body))}, body[:cut])

            def answer(
                self, status: int, headers: Mapping[str, str] = NONE, body: bytes = b""
            ) -> None:
                self.send_response(status)
                self.send_header("Connection", "close")
                if status != 304 and "Content-Length" not in headers:
                    self.send_header("Content-Length", "0")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
