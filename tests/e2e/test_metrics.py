"""shmpub metrics, judged by Prometheus' own promtool and by one scrape of the real server."""

from __future__ import annotations

import contextlib
import http.server
import json
import math
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_tools import SHMPUB, Publisher
from conftest import Daemon, until

PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="no promtool (scripts/setup --test)")
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus")


def parse(text: str) -> tuple[dict[str, float], dict[str, str]]:
    """Return samples and types, and check the form of each line."""
    values: dict[str, float] = {}
    kinds: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in kinds
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            match = re.fullmatch(r'([a-z_]+)\{((?:[a-z_]+="[^"\\]*",?)+)\} (-?[0-9.]+)', line)
            assert match, line
            assert match[1] in kinds
            assert f"{match[1]}{{{match[2]}}}" not in values
            values[f"{match[1]}{{{match[2]}}}"] = float(match[3])
    return values, kinds


def publish_some(publisher: Publisher) -> None:
    publisher.start("-m", "100000000")
    publisher.announce("late")
    publisher.publish("quotes", "a\n1\n2\n")
    publisher.publish("quotes", "a\n1\n2\n3\n")
    with pytest.raises(ValueError):
        publisher.publish("bad", "x,y\n1,2\n1,2,3\n")


def test_values(publisher: Publisher) -> None:
    publish_some(publisher)
    values, kinds = parse(publisher.run("metrics"))
    of = 'shmpub_instance="cli"'
    quotes, bad, late = (f'{{{of},feed="{feed}"' for feed in ("quotes", "bad", "late"))
    assert values[f"shmpub_up{{{of}}}"] == 1
    assert values[f"shmpub_feeds{{{of}}}"] == 3
    assert values[f"shmpub_feeds_limit{{{of}}}"] == 4096
    assert values[f"shmpub_segment_limit_bytes{{{of}}}"] == 100_000_000
    assert values[f"shmpub_feed_rows{quotes}}}"] == 3
    assert values[f"shmpub_feed_sequence{quotes}}}"] == 2
    assert values[f"shmpub_feed_refreshes_total{quotes}}}"] == 2
    assert values[f"shmpub_feed_failures_total{bad}}}"] == 1
    assert f"shmpub_feed_rows{bad}}}" not in values
    assert values[f'shmpub_feed_state{bad},state="failing"}}'] == 1
    assert values[f'shmpub_feed_state{late},state="never"}}'] == 1
    assert sum(values[f'shmpub_feed_state{quotes},state="{s}"}}'] for s in ("fresh", "gone")) == 1
    published = values[f"shmpub_feed_published_timestamp_seconds{quotes}}}"]
    assert abs(published - time.time()) < 60
    assert 0 < values[f"shmpub_feed_data_age_seconds{quotes}}}"] < 60
    assert kinds["shmpub_feed_sequence"] == "gauge"
    assert all((kind == "counter") == name.endswith("_total") for name, kind in kinds.items())
    assert not any('{instance="' in name or ',instance="' in name for name in values)
    assert not any(math.isnan(value) for value in values.values())


def test_when_nothing_runs(publisher: Publisher) -> None:
    assert parse(publisher.run("metrics"))[0] == {'shmpub_up{shmpub_instance="cli"}': 0}
    done = subprocess.run(
        [SHMPUB, "-d", "/nowhere/at/all", "metrics"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert parse(done.stdout)[0] == {'shmpub_up{shmpub_instance="shmpub"}': 0}


@needs_promtool
@pytest.mark.parametrize("state", ["running", "gone", "absent", "daemon"])
def test_promtool(publisher: Publisher, daemon: Callable[[], Daemon], state: str) -> None:
    """Names, units, types and help texts as Prometheus wants them."""
    command = publisher.command("metrics")
    if state == "daemon":
        d = daemon()
        source = d.source("t.csv", "a\n1\n")
        d.configure({"t": f"source = {source}"})
        d.start()
        command = [SHMPUB, "-i", d.instance, "-d", d.shm, "metrics"]
        until(lambda: b"resident_memory" in subprocess.run(command, capture_output=True).stdout)
    elif state != "absent":
        publish_some(publisher)
    if state == "gone":
        publisher.kill()
    text = subprocess.run(command, capture_output=True, check=True).stdout
    assert PROMTOOL
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@contextlib.contextmanager
def served(command: list[str | Path]) -> Iterator[int]:
    """A page that runs the command for each request, as a small exporter does."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = subprocess.run(command, capture_output=True, check=True).stdout
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextlib.contextmanager
def prometheus(folder: Path, target: int) -> Iterator[Callable[[str], list[dict]]]:
    """Run the real server, which scrapes the target; yield a function that asks it a query."""
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "- job_name: shmpub\n"
        f"  static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n"
    )
    port = free_port()
    assert PROMETHEUS
    process = subprocess.Popen(
        [
            PROMETHEUS,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ask(query: str) -> list[dict]:
        assert process.poll() is None, "prometheus ended"
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]["result"]
        except (urllib.error.URLError, ConnectionError):
            return []  # not listening yet

    try:
        yield ask
    finally:
        process.terminate()
        process.wait(30)


@needs_prometheus
def test_the_real_server(publisher: Publisher, tmp_path: Path) -> None:
    """A scrape is accepted, and none of our labels is renamed (as `exported_instance` would be)."""
    publish_some(publisher)
    with served(publisher.command("metrics")) as port, prometheus(tmp_path, port) as ask:
        found = until(lambda: ask('shmpub_feed_rows{feed="quotes"}'), seconds=60, pause=0.2)
        assert [sample["value"][1] for sample in found] == ["3"]
        labels = found[0]["metric"]
        assert labels["shmpub_instance"] == "cli"
        assert labels["instance"] == f"127.0.0.1:{port}"
        assert not any(name.startswith("exported_") for name in labels)
        assert [s["value"][1] for s in ask('up{job="shmpub"}')] == ["1"]
        scraped = ask('scrape_samples_scraped{job="shmpub"}')[0]["value"][1]
        kept = ask('scrape_samples_post_metric_relabeling{job="shmpub"}')[0]["value"][1]
        assert scraped == kept
        assert int(scraped) > 40
        publisher.kill()
        until(lambda: ask("shmpub_up == 0"), pause=0.2)
