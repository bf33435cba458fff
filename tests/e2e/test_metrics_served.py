"""metrics_listen and metrics_file: the daemon's own page and file, and clients that misbehave."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import SHMPUB, Daemon, needs_root, run_shmpubd, until
from test_metrics import PROMTOOL, free_port, needs_prometheus, needs_promtool, parse, prometheus

Make = Callable[[], Daemon]


def serve(daemon: Make, keys: str, feeds: dict[str, str] | None = None) -> Daemon:
    d = daemon()
    d.source("a.csv", "a\n1\n2\n")
    d.configure(feeds or {"a": "source = a.csv\ninterval = 50ms"}, keys)
    return d.start()


def listen(daemon: Make) -> tuple[Daemon, int]:
    port = free_port()
    return serve(daemon, f"metrics_listen = 127.0.0.1:{port}"), port


def get(port: int, path: str = "/metrics", method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def send(port: int, request: bytes, end: bool = False) -> bytes:
    """Send bytes, and return all that comes until the daemon closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
        got = b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            s.sendall(request)
            if end:
                s.shutdown(socket.SHUT_WR)
            while part := s.recv(65536):
                got += part
        return got


def figures(text: str) -> dict[str, float]:
    """Return the samples that do not change from one moment to the next."""
    return {
        name: value
        for name, value in parse(text)[0].items()
        if "_age_" not in name and "heartbeat" not in name and "resident" not in name
    }


# --- the page


def test_the_page_is_what_the_command_prints(daemon: Make) -> None:
    port = free_port()
    d = serve(
        daemon,
        f"metrics_listen = 127.0.0.1:{port}",
        {"a": "source = a.csv\ninterval = 1h", "b": "source = none.csv\ninterval = 1h"},
    )
    time.sleep(1.5)  # two seconds' looks at memory
    command = [str(SHMPUB), "-d", str(d.shm), "-i", d.instance, "metrics"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    status, text = get(port)
    assert status == 200
    assert figures(text) == figures(told)
    assert parse(text)[1] == parse(told)[1]
    of = f'shmpub_instance="{d.instance}"'
    assert figures(text)[f'shmpub_feed_rows{{{of},feed="a"}}'] == 2
    assert figures(text)[f'shmpub_feed_state{{{of},feed="b",state="failing"}}'] == 1


def test_methods_and_paths(daemon: Make) -> None:
    _, port = listen(daemon)
    status, text = get(port, method="HEAD")
    assert (status, text) == (200, "")
    assert get(port, "/metrics?x=1")[0] == 200
    assert get(port, "/")[0] == 404
    assert get(port, "/metrics/../../etc/passwd")[0] == 404
    assert get(port, method="POST")[0] == 405
    assert send(port, b"GET /metrics HTTP/1.0\n\n").startswith(b"HTTP/1.1 200 OK\r\n")
    assert send(port, b"GET /metrics HTTP/1.1\r\n\r\n", end=True).startswith(b"HTTP/1.1 200 OK\r\n")
    assert send(port, b"GET /metrics HTTP/2\r\n\r\n").startswith(b"HTTP/1.1 505 ")
    assert send(port, b"\x16\x03\x01\x00\xff").startswith(b"HTTP/1.1 400 ")
    assert send(port, b"GET /" + b"x" * 100_000).startswith((b"HTTP/1.1 431 ", b""))
    assert send(port, b"GET /metrics HTTP/1.1\r\n\r\n" + b"x" * 1_000_000)[:12] in (
        b"HTTP/1.1 200",
        b"",
    )
    assert send(port, b"", end=True) == b""
    assert get(port)[0] == 200


def test_two_requests_at_once_have_one_answer(daemon: Make) -> None:
    _, port = listen(daemon)
    got = send(port, b"GET /metrics HTTP/1.1\r\n\r\n" * 2)
    assert got.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in got


def test_slow_and_silent_clients_keep_nobody_out(daemon: Make) -> None:
    d, port = listen(daemon)
    with contextlib.ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(200)
        ]
        for s in silent:
            with contextlib.suppress(OSError):
                s.sendall(b"GET /metrics HTTP/1.1\r\n")
        began = time.monotonic()
        assert get(port)[0] == 200
        assert time.monotonic() - began < 5
        d.source("a.csv", "a\n7\n")
        until(lambda: list(d.feed("a").df.a) == [7])
        # Those that were not pushed out are ended after ten seconds, even if they go on writing.
        slow = silent[-1]
        slow.settimeout(0.5)
        ended = False
        while not ended and time.monotonic() - began < 20:
            try:
                slow.sendall(b"X: y\r\n")
                ended = slow.recv(1) == b""
            except TimeoutError:
                pass
            except OSError:
                ended = True
        assert ended and time.monotonic() - began < 15


def test_client_that_does_not_read(daemon: Make) -> None:
    port = free_port()
    feeds = {f"f{n}": "source = a.csv\ninterval = 1h" for n in range(2000)}
    d = serve(daemon, f"metrics_listen = 127.0.0.1:{port}", feeds)
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            s = stack.enter_context(socket.socket())
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            s.connect(("127.0.0.1", port))
            s.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        status, text = get(port)
        assert status == 200 and text.count("\n") > 40_000
        rss = int(Path(f"/proc/{d.pid}/statm").read_text().split()[1]) * 4096
        assert rss < 600 << 20, rss
    assert get(port)[0] == 200
    assert d.stop() == 0


def test_reset_in_the_middle(daemon: Make) -> None:
    d, port = listen(daemon)
    for n in range(200):
        s = socket.create_connection(("127.0.0.1", port))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close resets
        s.sendall(b"GET /metrics HTTP/1.1\r\n\r\n"[: n % 26])
        s.close()
    assert get(port)[0] == 200
    assert d.stop() == 0


def test_socket_of_a_path(daemon: Make, tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    d = serve(daemon, f"metrics_listen = unix:{path}")

    def ask() -> bytes:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(path))
            s.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            got = b""
            while part := s.recv(65536):
                got += part
            return got

    assert b"shmpub_up" in ask()
    d.kill()
    assert path.is_socket()
    d.start()  # what the killed one left is replaced
    assert b"shmpub_up" in ask()
    assert d.stop() == 0
    assert not path.exists()


def test_a_file_is_not_replaced_by_a_socket(daemon: Make, tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure({"a": "source = a.csv"}, f"metrics_listen = unix:{path}")
    d.start(wait=False)
    assert d.wait() == 1
    assert path.read_text() == "data"
    assert "metrics_listen: " in d.log_text()
    assert d.files() == {"lock"}


def test_address_in_use_ends_the_start(daemon: Make) -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        d = daemon()
        d.source("a.csv", "a\n1\n")
        d.configure({"a": "source = a.csv"}, f"metrics_listen = 127.0.0.1:{s.getsockname()[1]}")
        d.start(wait=False)
        assert d.wait() == 1
    assert "address already in use" in d.log_text()
    assert d.files() == {"lock"}


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("metrics_listen = 9464", "metrics_listen: '9464': ADDRESS:PORT, as "),
        ("metrics_listen = example.org:80", "metrics_listen: 'example.org:80': ADDRESS:PORT, as "),
        ("metrics_file = /x/y.txt", "metrics_file: a path that ends in .prom wanted"),
        ("metrics_file = ", "metrics_file: "),
    ],
)
def test_bad_keys(tmp_path: Path, key: str, told: str) -> None:
    ini = tmp_path / "c.ini"
    ini.write_text(f"[daemon]\n{key}\n[feed a]\nsource = a.csv\n")
    done = run_shmpubd("-c", ini, "--check")
    assert done.returncode == 1 and f"{ini}:2: {told}" in done.stderr


# --- the file


def test_the_file_follows(daemon: Make, tmp_path: Path) -> None:
    path = tmp_path / "shmpub.prom"
    d = serve(daemon, f"metrics_file = {path}")
    until(path.exists)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    of = f'shmpub_instance="{d.instance}",feed="a"'

    def state(name: str) -> bool:
        return figures(path.read_text())[f'shmpub_feed_state{{{of},state="{name}"}}'] == 1

    until(lambda: state("fresh"))
    d.source("a.csv", "a,b\n1\n1,2,3\n")
    began = time.monotonic()
    until(lambda: state("failing"))
    assert time.monotonic() - began < 8  # and not after fifteen seconds
    assert d.stop() == 0
    assert parse(path.read_text())[0] == {f'shmpub_up{{shmpub_instance="{d.instance}"}}': 0}
    assert [p.name for p in tmp_path.iterdir()] == ["shmpub.prom"]


def test_the_file_is_always_whole(daemon: Make, tmp_path: Path) -> None:
    path = tmp_path / "shmpub.prom"
    feeds = {f"f{n}": "source = a.csv\ninterval = 100ms" for n in range(100)}
    d = serve(daemon, f"metrics_file = {path}", feeds)
    until(path.exists)
    seen = set()
    start = time.monotonic()
    while (seconds := time.monotonic() - start) < 6 or (len(seen) < 2 and seconds < 60):
        text = path.read_text()
        assert text.endswith("\n") and len(parse(text)[0]) > 2000
        seen.add(path.stat().st_ino)
        d.source("a.csv", "a\n1\n" if len(seen) % 2 else "a,b\n1,2,3\n1,2,3,4\n")
        time.sleep(0.02)
    assert len(seen) > 1


def test_the_page_and_the_file_stay_at_a_reload(daemon: Make, tmp_path: Path) -> None:
    path, port = tmp_path / "shmpub.prom", free_port()
    keys = f"metrics_file = {path}\nmetrics_listen = 127.0.0.1:{port}"
    d = serve(daemon, keys)
    d.configure({"a": "source = a.csv", "b": "source = a.csv"})
    d.reload()
    assert "metrics_file: a change takes effect with the next start" in d.log_text()
    assert "metrics_listen: a change takes effect with the next start" in d.log_text()
    until(lambda: 'feed="b"' in get(port)[1])
    until(lambda: path.exists() and 'feed="b"' in path.read_text())
    assert d.stop() == 0


def test_directory_that_is_missing_is_told_once(daemon: Make, tmp_path: Path) -> None:
    place = tmp_path / "later"
    d = serve(daemon, f"metrics_file = {place}/shmpub.prom")
    until(lambda: "metrics_file: open " in d.log_text())
    place.mkdir()
    d.configure(
        {"a": "source = a.csv", "b": "source = a.csv"}, f"metrics_file = {place}/shmpub.prom"
    )
    d.reload()  # this is news, so the file is written at once
    until((place / "shmpub.prom").exists)
    until(lambda: "written again" in d.log_text())
    assert d.log_text().count("metrics_file: open ") == 1
    assert d.stop() == 0


@needs_root
def test_a_link_is_not_followed(daemon: Make, tmp_path: Path) -> None:
    """Who may write in the directory cannot make the daemon write elsewhere."""
    precious = tmp_path / "precious"
    precious.write_text("data")
    place = tmp_path / "textfile"
    place.mkdir()
    (place / "shmpub.prom").symlink_to(precious)
    (place / "shmpub.prom.new").symlink_to(precious)
    d = serve(daemon, f"metrics_file = {place}/shmpub.prom")
    until(lambda: not (place / "shmpub.prom").is_symlink())
    assert d.stop() == 0
    assert precious.read_text() == "data"


def test_once_writes_and_serves_nothing(daemon: Make, tmp_path: Path) -> None:
    d = daemon()
    d.source("a.csv", "a\n1\n")
    keys = f"metrics_file = {tmp_path}/x.prom\nmetrics_listen = 127.0.0.1:{free_port()}"
    d.configure({"a": "source = a.csv"}, keys)
    d.start("--once", wait=False)
    assert d.wait() == 0
    assert not list(tmp_path.iterdir())


# --- Prometheus


@needs_promtool
def test_promtool(daemon: Make) -> None:
    _, port = listen(daemon)
    assert PROMTOOL
    text = get(port)[1].encode()
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@needs_prometheus
def test_the_real_server_scrapes_the_daemon(daemon: Make, tmp_path: Path) -> None:
    d, port = listen(daemon)
    with prometheus(tmp_path, port) as ask:
        found = until(lambda: ask('shmpub_feed_rows{feed="a"}'), seconds=60, pause=0.2)
        assert [sample["value"][1] for sample in found] == ["2"]
        assert found[0]["metric"]["shmpub_instance"] == d.instance
        d.source("a.csv", "a\n1\n2\n3\n")
        until(lambda: ask('shmpub_feed_rows{feed="a"} == 3'), seconds=60, pause=0.2)
        d.source("a.csv", "a,b\n1\n1,2,3\n")
        until(lambda: ask('shmpub_feed_state{feed="a",state="failing"} == 1'), pause=0.2)
        assert [s["value"][1] for s in ask('up{job="shmpub"}')] == ["1"]
        os.kill(d.pid, 9)
        until(lambda: ask('up{job="shmpub"} == 0'), pause=0.2)
    d.process.wait()
    d.process = None
