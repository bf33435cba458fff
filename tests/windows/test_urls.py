"""http and https as sources on Windows, from real servers that misbehave.

tests/e2e/test_daemon_urls.py has more answers, and tests the same code. Wine trusts every
certificate where no ca_file says which authority counts; tests/windows-checklist.ps1 tries that.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import gzip
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import web
from conftest import Make
from daemons import Daemon, count_handles
from web import GOOD, Server, endless, give, trickle
from wine import outside, until

SECRET = "s3cret-Pa55"
TABLE = GOOD.decode().split()

Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with contextlib.ExitStack() as stack:

        def make(context: ssl.SSLContext | None = None) -> Server:
            server = Server(context)
            stack.callback(server.close)
            return server

        yield make


def feed_of(daemons: Make, url: str, options: str = "") -> Daemon:
    d = daemons()
    d.configure({"a": f"source = {url}\ninterval = 50ms\n{options}"})
    return d.start()


def test_served_changed_and_not_modified(daemons: Make, serve: Serve) -> None:
    server = serve()
    moment = email.utils.formatdate(1_700_000_000, usegmt=True)

    def answer(request: web.Request) -> None:
        known = request.headers.get("If-None-Match") == '"v1"'
        known &= request.headers.get("If-Modified-Since") == moment
        give(b"" if known else GOOD, 304 if known else 200, ETag='"v1"', Last_Modified=moment)(
            request
        )

    server.answers["/a.csv"] = answer
    d = feed_of(daemons, server.url("/a.csv?key=" + SECRET))
    assert until(d.table) == TABLE
    until(lambda: d.status()["unchanged"] > 3)
    assert d.status()["failures"] == 0 and d.status()["sequence"] == 1
    assert server.requests[-1][1]["If-None-Match"] == '"v1"'
    server.answers["/a.csv"] = give(b"a,b\n9,z\n")
    until(lambda: d.table() == ["a,b", "9,z"])
    assert SECRET not in d.well("info", "a") + d.log_text()
    assert d.end() == 0


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (give(b"gone", 404), "HTTP 404: not found"),
        (give(GOOD, 200, Content_Length="100"), " bytes "),
        (give(GOOD, 200, Content_Length="99999999"), "max_source"),
        (give(b"a,b\n1,x\n2,y,z\n"), "/a.csv:3: 3 fields"),
        (give(b"", 302, Location="/a.csv"), "more than 10 redirections"),
        (
            give(gzip.compress(b"a\n" + b"1\n" * 2_000_000), 200, Content_Encoding="gzip"),
            "more than 1000000 bytes, which is max_source",
        ),
        (endless, "more than 1000000 bytes, which is max_source"),
        (trickle, "not over after 2 s, which is its timeout"),
    ],
    ids=["404", "cut", "too large", "bad row", "redirections", "bomb", "endless", "slow"],
)
def test_answers_that_do_not_count(
    daemons: Make, serve: Serve, answer: web.Answer, line: str
) -> None:
    server = serve()
    server.answers["/a.csv"] = give(gzip.compress(GOOD), 200, Content_Encoding="gzip")
    d = feed_of(daemons, server.url("/a.csv"), "max_source = 1000000\ntimeout = 2s")
    assert until(d.table) == TABLE
    server.answers["/a.csv"] = answer
    assert d.wait_error(line)["error"].startswith(server.url("/a.csv"))
    assert d.table() == TABLE
    server.answers["/a.csv"] = give(b"a,b\n5,ok\n")
    until(lambda: d.table() == ["a,b", "5,ok"])
    assert d.end() == 0


def test_user_password_and_token(daemons: Make, serve: Serve) -> None:
    server, other = serve(), serve()
    basic = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()

    def guarded(request: web.Request) -> None:
        asked = request.headers.get("Authorization")
        if asked == basic:
            give(b"", 302, Location=other.url("/b.csv"))(request)
        else:
            give(b"x\ntoken\n" if asked == f"Bearer {SECRET}" else b"", 200 if asked else 401)(
                request
            )

    server.answers["/a.csv"] = guarded
    other.answers["/b.csv"] = give()
    d = daemons()
    secret = d.source("secret", SECRET + "\r\n")
    feed = f"source = {server.url('/a.csv')}\ninterval = 50ms\n"
    d.configure(
        {
            "a": feed + "username = me\npassword_file = secret",
            "token": feed + "token_file = secret",
            "nobody": feed,
        }
    )
    d.start()
    until(lambda: d.table() == TABLE)
    until(lambda: d.table("token") == ["x", "token"])
    assert "HTTP 401" in d.wait_error("HTTP 401", "nobody")["error"]
    assert "Authorization" not in other.requests[0][1]  # another host
    secret.write_bytes(b"")
    d.wait_error("the first line is empty")
    assert SECRET not in d.log_text() + d.well("ls", "--json") + d.well("metrics")


def test_tls_with_a_private_ca(daemons: Make, serve: Serve, tmp_path: Path) -> None:
    folders = [tmp_path / "ours", tmp_path / "another"]
    for folder in folders:
        folder.mkdir()
    (context, ca), (_, another) = map(web.certificate, folders)
    server, plain = serve(context), serve()
    server.answers["/a.csv"] = plain.answers["/a.csv"] = give()
    d = daemons()
    feed = f"source = {server.url('/a.csv')}\ninterval = 50ms\nca_file = "
    elsewhere = feed.replace("127.0.0.1", "localhost")
    d.configure(
        {
            "a": feed + outside(ca),
            "another": feed + outside(another),
            "elsewhere": elsewhere + outside(ca),
            "none": feed + "none.pem",
        }
    )
    d.start()
    until(lambda: d.table() == TABLE)
    assert "CERT_TRUST_IS" in d.wait_error("schannel", "another")["error"]
    d.wait_error("hostname", "elsewhere")  # the certificate is for another one
    d.wait_error("CA file", "none")
    assert d.table("another") == d.table("elsewhere") == d.table("none") == []
    server.answers["/a.csv"] = give(b"", 302, Location=plain.url("/a.csv"))
    d.wait_error("http")  # not from https to http
    assert not plain.requests


def test_a_proxy(daemons: Make, serve: Serve) -> None:
    proxy = serve()
    proxy.answers["http://table.example/a.csv"] = give()
    d = feed_of(daemons, "http://table.example/a.csv", f"proxy = {proxy.url('')}")
    assert until(d.table) == TABLE


def test_retry_after(daemons: Make, serve: Serve) -> None:
    server = serve()
    server.answers["/a.csv"] = give(b"", 429, Retry_After="3")
    d = feed_of(daemons, server.url("/a.csv"))
    d.wait_error("HTTP 429: too many requests")
    seen, start = len(server.requests), time.monotonic()
    until(lambda: len(server.requests) > seen)
    assert time.monotonic() - start > 1


def test_dead_servers_hold_nobody(daemons: Make) -> None:
    """Fifty that accept and say nothing, some that refuse, and one feed that stays fresh."""
    with socket.socket() as silent, socket.socket() as closed:
        silent.bind(("127.0.0.1", 0))
        silent.listen(128)
        closed.bind(("127.0.0.1", 0))
        dead = f"source = http://127.0.0.1:{silent.getsockname()[1]}/"
        refused = f"source = http://127.0.0.1:{closed.getsockname()[1]}/"
        d = daemons()
        d.source("good.csv", GOOD)
        feeds = {f"dead{i}": f"{dead}{i}\ninterval = 50ms\ntimeout = 1m" for i in range(50)}
        feeds |= {f"no{i}": f"{refused}{i}\ninterval = 50ms" for i in range(5)}
        feeds["a"] = "source = good.csv\ninterval = 50ms"
        feeds["nobody"] = "source = http://no-such-host.invalid/a.csv\ninterval = 50ms"
        d.configure(feeds)
        d.start()
        until(lambda: d.table() == TABLE)
        for i in range(3):
            d.source("good.csv", f"a,b\n{i},x\n")
            until(lambda i=i: d.table() == ["a,b", f"{i},x"], seconds=10)
        d.wait_error("onnect", "no1")
        d.wait_error("resolve", "nobody")
        assert d.end() == 0


def test_reload_while_it_waits_and_nothing_grows(daemons: Make, serve: Serve) -> None:
    server = serve()
    number = iter(range(10**9))
    server.answers["/a.csv"] = lambda request: give(b"a,b\n%d,x\n" % next(number))(request)
    d = feed_of(daemons, server.url("/a.csv"))
    until(lambda: len(server.requests) > 30)
    before = count_handles(d.wine, "shmpubd.exe")
    until(lambda: len(server.requests) > 150)
    assert count_handles(d.wine, "shmpubd.exe") <= before + 10
    server.answers["/a.csv"] = trickle
    seen = len(server.requests)
    until(lambda: len(server.requests) > seen)
    assert d.end() == 0


def test_checked(daemons: Make) -> None:
    d = daemons()
    d.configure({"a": "source = http://host:99999/a.csv"})
    run = d.run("--check")
    assert "ort number" in run.stdout + run.stderr
    d.configure({"a": "source = http://host/a.csv\ntoken_file = none"})
    run = d.run("--check")
    assert "none: " in run.stdout + run.stderr
