"""Workers of gunicorn and uvicorn: one daemon for all, and no copy of the table in any of them."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import shmpub
from conftest import ROOT, App, Served, free_port, until

PAGE = (ROOT / "docs/how-to/workers.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- test: ([\w-]+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = {
    "workers-gunicorn": "-m gunicorn --workers 4 --bind 127.0.0.1:{port} {more} app:app",
    "workers-uvicorn": "-m uvicorn --workers 4 --port {port} app:app",
}
WORKERS = 4
ROWS = 1_000_000


def ask(url: str) -> dict[str, float]:
    with urllib.request.urlopen(url, timeout=30) as got:
        return dict(json.load(got))


def all_workers(url: str, sequence: int) -> list[int]:
    """The process ids of the workers, when each has answered with that snapshot."""
    seen: set[int] = set()

    def are_there() -> bool:
        with ThreadPoolExecutor(2 * WORKERS) as pool:
            for answer in pool.map(ask, [url] * 2 * WORKERS):
                if answer["sequence"] == sequence:
                    seen.add(int(answer["worker"]))
        return len(seen) == WORKERS

    until(are_there)
    return sorted(seen)


def memory(pid: int) -> dict[str, int]:
    """/proc/PID/smaps_rollup in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(kb.split()[0]) << 10 for name, kb in (line.split(":") for line in lines)}


@pytest.mark.parametrize(
    ("name", "more"),
    [("workers-gunicorn", ""), ("workers-gunicorn", "--preload"), ("workers-uvicorn", "")],
)
def test_no_worker_has_a_copy(
    name: str, more: str, start: Callable[[list[str], str], App], served: Served
) -> None:
    pytest.importorskip(name.removeprefix("workers-"))
    (served.folder / "app.py").write_text(BLOCKS[name])
    port = free_port()
    command = COMMANDS[name].format(port=port, more=more).split()
    url = start(command, f"http://127.0.0.1:{port}/").url
    before = {pid: memory(pid) for pid in all_workers(url, 1)}

    served.write(ROWS)
    feed = shmpub.subscribe("quotes", served.instance, directory=served.shm)
    until(lambda: feed.sequence == 2)
    size = feed.snapshot().nbytes
    read = 3 * 8 * ROWS  # what the sum reads
    after = {pid: memory(pid) for pid in all_workers(url, 2)}
    assert after.keys() == before.keys()
    for pid in after:
        grown = {kind: after[pid][kind] - before[pid][kind] for kind in after[pid]}
        shared = after[pid]["Shared_Clean"] + after[pid]["Shared_Dirty"]
        print(
            f"{name} {more}: table {size >> 20} MiB; worker {pid}: shared {shared >> 20}, "
            f"Pss {grown['Pss'] >> 20}, of it shared memory {grown['Pss_Shmem'] >> 20} and "
            f"its own {grown['Pss_Anon'] >> 20}"
        )
        assert grown["Rss"] > read  # it sees the table...
        assert grown["Pss_Anon"] < size / 4  # ... and has none of its own
        assert grown["Pss_Shmem"] < size / 2
    assert sum(after[pid]["Pss_Shmem"] for pid in after) < 1.1 * size
