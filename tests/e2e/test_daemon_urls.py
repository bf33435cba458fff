"""http and https as sources, from a real server that misbehaves in every way."""

import base64
import contextlib
import email.utils
import gzip
import os
import re
import socket
import subprocess
import time

import pytest
import web
from conftest import SHMPUBD, run_shmpubd, until
from web import GOOD, Server, endless, give, trickle

SECRET = "s3cret-Pa55"


def is_built_with_curl():
    said = subprocess.run([SHMPUBD, "--version"], capture_output=True, text=True).stdout
    return "http and https" not in said


pytestmark = pytest.mark.skipif(not is_built_with_curl(), reason="built without libcurl")


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def make(context=None):
            server = Server(context)
            stack.callback(server.close)
            return server

        yield make


def feed_of(daemon, url, options="", interval="50ms"):
    d = daemon()
    d.environment.update({"no_proxy": "*"})
    d.configure({"a": f"source = {url}\ninterval = {interval}\n{options}"})
    return d.start()


def fails_with(d, text, feed="a"):
    line = until(lambda: (s := d.status(feed)) and s["state"] == "failing" and s["error"])
    assert text in line, line
    return line


def test_served_and_changed(daemon, serve):
    server = serve()
    server.answers["/a.csv"] = give()
    d = feed_of(daemon, server.url("/a.csv?key=" + SECRET))
    feed = d.feed("a")
    assert list(feed.df.b) == ["x", "y"]
    sequence = feed.sequence
    seen = len(server.requests)
    until(lambda: len(server.requests) > seen + 3)
    assert feed.sequence == sequence  # the same content
    server.answers["/a.csv"] = give(b"a,b\n3,z\n")
    until(lambda: list(feed.df.a) == [3])
    assert "shmpubd/" in server.requests[0][1]["User-Agent"]
    # the query is sent, and told nobody
    assert server.requests[0][0].endswith(SECRET)
    arrow = (d.shm / d.instance / "a.arrow").read_bytes()
    assert SECRET.encode() not in arrow and server.url("/a.csv").encode() in arrow


@pytest.mark.parametrize("kind", ["ETag", "Last_Modified"])
def test_not_modified(daemon, serve, kind):
    server = serve()
    moment = email.utils.formatdate(1_700_000_000, usegmt=True)
    value = '"v1"' if kind == "ETag" else moment
    asks = "If-None-Match" if kind == "ETag" else "If-Modified-Since"

    def answer(request):
        if request.headers.get(asks) == value:
            give(b"", 304)(request)
        else:
            give(**{kind: value})(request)

    server.answers["/a.csv"] = answer
    d = feed_of(daemon, server.url("/a.csv"))
    assert list(d.feed("a").df.b) == ["x", "y"]
    until(lambda: d.status("a")["unchanged"] > 3)
    assert d.status("a")["state"] == "fresh" and d.status("a")["failures"] == 0
    assert server.requests[-1][1][asks] == value
    if kind == "Last_Modified":
        assert d.status("a")["source_mtime_ns"] == 1_700_000_000 * 10**9
    server.answers["/a.csv"] = give(b"a,b\n9,z\n")
    until(lambda: list(d.feed("a").df.a) == [9])


def test_compressed(daemon, serve):
    """A file that is an archive, and not an encoding of the transfer that libcurl undoes."""
    server = serve()
    server.answers["/a.csv.gz"] = give(gzip.compress(GOOD))
    d = feed_of(daemon, server.url("/a.csv.gz"))
    assert list(d.feed("a").df.b) == ["x", "y"]
    server.answers["/a.csv.gz"] = give(gzip.compress(GOOD)[:-9])
    fails_with(d, "ends too early")


def test_304_that_nobody_asked_for(daemon, serve):
    server = serve()
    server.answers["/a.csv"] = give(b"", 304)
    fails_with(feed_of(daemon, server.url("/a.csv")), "HTTP 304 without having been asked")


@pytest.mark.parametrize(
    ("answer", "text"),
    {
        "404": (give(b"gone", 404), "HTTP 404"),
        "403": (give(b"no", 403), "HTTP 403"),
        "500 with a table": (give(GOOD, 500), "HTTP 500"),
        "206": (give(GOOD, 206), "HTTP 206"),
        "204": (give(b"", 204), "HTTP 204"),
        "cut": (give(GOOD, 200, Content_Length="100"), " bytes "),
        "cut chunks": (
            give(b"c\r\n" + GOOD + b"\r\n", 200, Transfer_Encoding="chunked", Connection="close"),
            "127.0.0.1",
        ),
        "no gzip": (give(GOOD, 200, Content_Encoding="gzip"), "127.0.0.1"),
        "too large by its own word": (give(GOOD, 200, Content_Length="99999999"), "max_source"),
        "a bad row": (give(b"a,b\n1,x\n2,y,z\n"), "/a.csv:3: 3 fields"),
        "nothing": (give(b""), "/a.csv"),
        "binary": (give(bytes(range(256)) * 10), "/a.csv"),
        "a bomb": (
            give(gzip.compress(b"a\n" + b"1\n" * 2_000_000), 200, Content_Encoding="gzip"),
            "more than 1000000 bytes, which is max_source",
        ),
    }.values(),
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_answers_that_do_not_count(daemon, serve, answer, text):
    server = serve()
    server.answers["/a.csv"] = give()
    d = feed_of(daemon, server.url("/a.csv"), "max_source = 1000000")
    assert list(d.feed("a").df.b) == ["x", "y"]
    server.answers["/a.csv"] = answer
    line = fails_with(d, text)
    assert line.startswith(server.url("/a.csv"))
    assert list(d.feed("a").df.b) == ["x", "y"]  # the last good one
    server.answers["/a.csv"] = give(b"a,b\n5,ok\n")
    until(lambda: d.status("a")["state"] == "fresh" and list(d.feed("a").df.b) == ["ok"])


def test_endless(daemon, serve):
    server = serve()
    server.answers["/a.csv"] = endless
    d = feed_of(daemon, server.url("/a.csv"), "max_source = 3M")
    fails_with(d, "more than 3145728 bytes, which is max_source")
    assert not [f for f in d.files() if f.endswith(".spool")]


def test_slow(daemon, serve):
    server = serve()
    server.answers["/a.csv"] = trickle
    d = feed_of(daemon, server.url("/a.csv"), "timeout = 300ms")
    fails_with(d, "not over after 0.3 s, which is its timeout")


def test_redirections(daemon, serve):
    server, other = serve(), serve()
    server.answers["/a.csv"] = give(b"", 302, Location=other.url("/b.csv"))
    other.answers["/b.csv"] = give()
    url = server.url("/a.csv").replace("//", f"//me:{SECRET}@")
    d = feed_of(daemon, url)
    assert list(d.feed("a").df.b) == ["x", "y"]
    asked = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert server.requests[0][1]["Authorization"] == asked
    assert "Authorization" not in other.requests[0][1]
    server.answers["/a.csv"] = give(b"", 302, Location="/a.csv")
    assert SECRET not in fails_with(d, "more than 10 redirections")
    server.answers["/a.csv"] = give(b"", 302, Location="file:///etc/passwd")
    refused = re.compile("file|bad/illegal", re.I)  # a libcurl that knows http alone
    until(lambda: refused.search(d.status("a")["error"]))


def test_retry_after(daemon, serve):
    server = serve()
    server.answers["/a.csv"] = give()
    d = feed_of(daemon, server.url("/a.csv"))
    server.answers["/a.csv"] = give(b"", 429, Retry_After="2")
    fails_with(d, "HTTP 429: too many requests")
    seen, start = len(server.requests), time.monotonic()
    server.answers["/a.csv"] = give(b"a,b\n7,z\n")
    until(lambda: len(server.requests) > seen)
    assert time.monotonic() - start > 1.5
    until(lambda: list(d.feed("a").df.a) == [7])


def test_user_password_and_token(daemon, serve, tmp_path):
    server = serve()

    def guarded(request):
        asked = request.headers.get("Authorization", "")
        basic = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
        give()(request) if asked in (basic, f"Bearer {SECRET}") else give(b"", 401)(request)

    server.answers["/a.csv"] = guarded
    d = feed_of(daemon, server.url("/a.csv"))
    fails_with(d, "HTTP 401")
    secret = d.folder / "secret"
    secret.write_text(SECRET + "\n")
    for options in ("username = me\npassword_file = secret", "token_file = secret"):
        d.configure({"a": f"source = {server.url('/a.csv')}\ninterval = 50ms\n{options}"})
        d.reload()
        until(lambda: d.status("a")["state"] == "fresh")
    secret.write_text("another\n")
    fails_with(d, "HTTP 401")
    secret.write_text("")
    until(lambda: "the first line is empty" in d.status("a")["error"])
    secret.write_text(SECRET)
    until(lambda: d.status("a")["state"] == "fresh")
    secret.unlink()
    line = fails_with(d, "no such file")
    assert str(secret) in line
    place = d.shm / d.instance
    everything = d.log_text().encode() + b"".join(
        p.read_bytes() for p in place.iterdir() if p.is_file()
    )
    assert SECRET.encode() not in everything


@pytest.fixture
def certificate(open_folder):
    return web.certificate(open_folder)


def test_tls_with_a_private_ca(daemon, serve, certificate):
    context, ca = certificate
    server, plain = serve(context), serve()
    server.answers["/a.csv"] = give()
    plain.answers["/a.csv"] = give()
    d = feed_of(daemon, server.url("/a.csv"))
    fails_with(d, "certificate")
    d.configure({"a": f"source = {server.url('/a.csv')}\ninterval = 50ms\nca_file = {ca}"})
    d.reload()
    until(lambda: d.status("a")["state"] == "fresh")
    server.answers["/a.csv"] = give(b"", 302, Location=plain.url("/a.csv"))
    fails_with(d, "http")  # not from https to http
    assert not plain.requests


def test_a_proxy(daemon, serve):
    proxy = serve()
    proxy.answers["http://table.example/a.csv"] = give()
    d = feed_of(daemon, "http://table.example/a.csv", f"proxy = {proxy.url('')}")
    assert list(d.feed("a").df.b) == ["x", "y"]


def test_dead_servers_hold_nobody(daemon, serve):
    """Fifty that accept and say nothing, some that refuse, and one feed that stays fresh."""
    with socket.socket() as silent, socket.socket() as closed:
        silent.bind(("127.0.0.1", 0))
        silent.listen(128)
        closed.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        refused = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        d = daemon()
        d.environment.update({"no_proxy": "*"})
        path = d.source("good.csv", GOOD)
        feeds = {
            f"dead{i}": f"source = {dead}{i}\ninterval = 50ms\ntimeout = 1m" for i in range(50)
        }
        feeds |= {f"no{i}": f"source = {refused}{i}\ninterval = 50ms" for i in range(5)}
        feeds["good"] = "source = good.csv\ninterval = 50ms"
        feeds["nobody"] = "source = http://no-such-host.invalid/a.csv\ninterval = 50ms"
        d.configure(feeds)
        d.start(wait=False)
        until(lambda: d.status("good").get("state") == "fresh")
        for i in range(3):
            path.write_bytes(b"a,b\n%d,x\n" % i)
            start = time.monotonic()
            until(lambda i=i: list(d.feed("good").df.a) == [i])
            assert time.monotonic() - start < 5
        fails_with(d, "onnect", "no1")
        fails_with(d, "resolve", "nobody")
        start = time.monotonic()
        assert d.stop() == 0
        assert time.monotonic() - start < 5


def test_reload_and_removal_while_it_waits(daemon, serve):
    server = serve()
    server.answers["/a.csv"] = trickle
    server.answers["/b.csv"] = give()
    d = daemon()
    d.configure({"a": f"source = {server.url('/a.csv')}\ninterval = 50ms"})
    d.start(wait=False)
    until(lambda: server.requests)
    d.configure({"a": f"source = {server.url('/b.csv')}\ninterval = 50ms"})
    d.reload()
    until(lambda: d.status("a").get("state") == "fresh")
    d.configure({"b": f"source = {server.url('/b.csv')}\ninterval = 50ms"})
    d.reload()
    until(lambda: d.status("b").get("state") == "fresh" and not d.status("a"))


def test_nothing_grows(daemon, serve):
    server = serve()
    n = iter(range(10**9))
    server.answers["/a.csv"] = lambda request: give(b"a,b\n%d,x\n" % next(n))(request)
    d = feed_of(daemon, server.url("/a.csv"), interval="5ms")
    fds = f"/proc/{d.pid}/fd"
    until(lambda: len(server.requests) > 50)
    before = len(os.listdir(fds))
    until(lambda: len(server.requests) > 400)
    assert len(os.listdir(fds)) <= before + 3


def test_checked(daemon, serve):
    server = serve()
    server.answers["/a.csv"] = give()
    d = daemon()
    d.configure({"a": "source = http://host:99999/a.csv\ntoken_file = none"})
    run = run_shmpubd("-c", d.ini, "--check")
    assert "ort number" in run.stdout + run.stderr
    d.configure({"a": f"source = {server.url('/a.csv')}\ntoken_file = none"})
    run = run_shmpubd("-c", d.ini, "--check")
    assert "none: no such file" in run.stdout + run.stderr
    d.configure({"a": f"source = {server.url('/a.csv')}"})
    run = run_shmpubd("-c", d.ini, "--test", "a")
    assert run.returncode == 0 and "2" in run.stdout, run.stdout + run.stderr
    d.configure({"a": "source = x.csv\ntoken_file = none"})
    run = run_shmpubd("-c", d.ini, "--check")
    assert "token_file: only a URL has one" in run.stdout + run.stderr
