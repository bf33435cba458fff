"""docs/monitoring: alerts that promtool accepts, a dashboard whose queries find something."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from conftest import ROOT, Daemon, until
from test_metrics import PROMTOOL, free_port, needs_prometheus, needs_promtool, prometheus

PLACE = ROOT / "docs" / "monitoring"


def promtool(*words: str | Path) -> None:
    done = subprocess.run([PROMTOOL, *words], capture_output=True, text=True, cwd=PLACE)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_rules() -> None:
    promtool("check", "rules", "shmpub.rules.yml")
    promtool("test", "rules", "shmpub.rules.test.yml")


def expressions() -> dict[str, str]:
    """Return every query of the dashboard: {panel and letter: query}."""
    dashboard = json.loads((PLACE / "shmpub.dashboard.json").read_text())
    found = {}
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            query = re.sub(r"\$(instance|feed)\b", ".*", target["expr"])
            assert "$" not in query
            found[f"{panel['title']} {target['refId']}"] = query
    assert len(found) >= len(dashboard["panels"]) > 8
    return found


@needs_prometheus
def test_every_query_of_dashboard_and_rules_finds_series(
    daemon: Callable[[], Daemon], tmp_path: Path
) -> None:
    d, port = daemon(), free_port()
    d.source("good.csv", "a\n1\n")
    d.source("bad.csv", "a,b\n1,2\n1,2,3\n")
    fast = "interval = 100ms"
    d.configure(
        {"good": f"source = good.csv\n{fast}", "bad": f"source = bad.csv\n{fast}"},
        f"metrics_listen = 127.0.0.1:{port}",
    )
    d.start()
    with prometheus(tmp_path, port) as ask:
        for name, query in expressions().items():
            until(lambda q=query: ask(q), seconds=60, pause=0.2)
            assert ask(query), name
        # What the rules compare is there, whether or not it is bad now.
        rules = (PLACE / "shmpub.rules.yml").read_text()
        for query in re.findall(r"expr: (.*)", rules):
            left = re.split(r" (?:==|>) ", query)[0]
            assert ask(left), query
        assert ask('shmpub_feed_state{state="failing"} == 1')
