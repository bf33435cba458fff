"""A server that answers as a test says: slowly, without end, or by TLS with a CA of its own."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

GOOD = b"a,b\n1,x\n2,y\n"

Request = http.server.BaseHTTPRequestHandler
Answer = Callable[[Request], None]


class Server:
    """Answers each path by the function that a test has set, and notes the requests."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.requests.append((self.path, dict(self.headers)))
                outer.answers[self.path.partition("?")[0]](self)

            def log_message(self, *args: object) -> None:
                pass

        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if context else "http"
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def give(body: bytes = GOOD, status: int = 200, **headers: str) -> Answer:
    """Return an answer: status, headers (with _ for -), and the body."""

    def answer(request: Request) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers and "Transfer_Encoding" not in headers:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        with contextlib.suppress(OSError):
            request.wfile.write(body)
        if "Content_Length" in headers:
            request.close_connection = True

    return answer


def endless(request: Request) -> None:
    request.send_response(200)
    request.end_headers()
    with contextlib.suppress(OSError):
        request.wfile.write(b"a,b\n")
        while True:
            request.wfile.write(b"1,x\n" * 1000)


def trickle(request: Request) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(1000):
            request.wfile.write(b"1")
            request.wfile.flush()
            time.sleep(0.05)


def _openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, cwd=cwd, capture_output=True)


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a private CA, and the certificate of 127.0.0.1 that it has signed."""
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=our CA",
             "-keyout", "ca.key", "-out", "ca.pem", cwd=folder)  # fmt: skip
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=here",
             "-keyout", "server.key", "-out", "server.csr", cwd=folder)  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
             "-extfile", "names", "-out", "server.pem", cwd=folder)  # fmt: skip
    for path in folder.iterdir():
        path.chmod(0o644)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context, folder / "ca.pem"
