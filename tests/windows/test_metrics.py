"""The page and the file for Prometheus on Windows."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

from conftest import Make
from wine import until


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_page_and_file(daemons: Make) -> None:
    d = daemons()
    port = free_port()
    d.source("a.csv", "x\n1\n")
    d.configure(
        {"a": "source = a.csv\ninterval = 100ms"},
        f"metrics_listen = 127.0.0.1:{port}\nmetrics_file = metrics.prom",
    )
    d.start()

    def page() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return answer.read().decode()

    assert "shmpub_feed_rows" in page()
    file = d.folder / "metrics.prom"
    until(lambda: file.exists() and 'feed="a"' in file.read_text())
    d.source("a.csv", "x,y\n1,2\n1,2,3\n")
    d.wait_error("a.csv:3")
    until(lambda: 'state="failing"} 1' in file.read_text())
    assert 'state="failing"} 1' in page()
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/other")
        raise AssertionError("answered")
    except urllib.error.HTTPError as error:
        assert error.code == 404
    assert d.end() == 0
