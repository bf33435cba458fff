"""The examples of docs/SOURCES.md run, against real programs and a real PostgreSQL.

Only outside CI a missing program skips its test.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Daemon, needs_root, run_shmpubd, until

BLOCKS = re.findall(
    r"```ini\n(\[feed (\w+)\]\n.*?)```", (ROOT / "docs/SOURCES.md").read_text(), re.S
)
EXAMPLES = {name: text.split("\n", 1)[1] for text, name in BLOCKS}


def need(*programs: str | Path) -> None:
    missing = [str(p) for p in programs if shutil.which(p) is None]
    if missing and "CI" not in os.environ:
        pytest.skip(f"not installed: {', '.join(missing)}")
    assert not missing, f"CI must have {', '.join(missing)}: scripts/setup installs them"


def example(daemon, name: str, put: tuple[str, str] = ("", "")) -> Daemon:
    """A daemon with the example `name`, in which put[0] is replaced by put[1]."""
    d = daemon()
    lines = EXAMPLES[name]
    assert put[0] in lines
    d.configure({name: lines.replace(*put) if put[0] else lines})
    return d


def test_each_example_is_a_good_configuration(daemon):
    d = daemon()
    d.configure(EXAMPLES)
    check = run_shmpubd("-c", d.ini, "--check")
    assert check.returncode == 0
    wrong = [line for line in check.stderr.splitlines() if "warning" not in line]
    assert not wrong and set(EXAMPLES) == {
        "orders",
        "stock",
        "sensors",
        "rates",
        "pods",
        "far",
        "prices",
        "trades",
    }


def test_sqlite3(daemon):
    need("sqlite3")
    d = example(daemon, "stock", ("interval = 5s", "interval = 100ms"))
    with sqlite3.connect(d.folder / "stock.db") as db:
        db.execute("create table stock (name text, count integer, price real)")
        db.execute("insert into stock values ('nut, M3', 200, 0.05), ('bolt \"x\"', null, 1.5)")
    db.close()
    d.start()
    df = d.feed("stock").df
    assert list(df.name) == ['bolt "x"', "nut, M3"] and list(df.price) == [1.5, 0.05]
    assert df["count"].isna().tolist() == [True, False]
    (d.folder / "stock.db").rename(d.folder / "away.db")
    d.wait_state("stock", "failing")
    assert "unable to open database" in d.log_text()
    (d.folder / "away.db").rename(d.folder / "stock.db")
    d.wait_state("stock", "fresh")


def test_jq(daemon):
    need("jq")
    d = example(daemon, "sensors", ("interval = 2s", "interval = 100ms"))
    sensors = [{"name": "a, b", "value": 1.5}, {"name": 'say "x"', "value": None}]
    d.source("sensors.json", json.dumps({"sensors": sensors}))
    d.start()
    df = d.feed("sensors").df
    assert list(df.name) == ["a, b", 'say "x"'] and df.value.isna().tolist() == [False, True]
    d.source("sensors.json", '{"sensors": [')  # cut
    assert d.wait_state("sensors", "failing")


def test_curl(daemon):
    need("curl")
    folder = Path(tempfile.mkdtemp(prefix="shmpub-rates-"))
    try:
        (folder / "rates.csv").write_text("name,rate\nEUR,1.0\nUSD,1.1\n")
        put = ("/srv/rates.csv", str(folder / "rates.csv"))
        d = example(daemon, "rates", put).start()
        assert list(d.feed("rates").df.rate) == [1.0, 1.1]
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres() -> Iterator[Path]:
    """A PostgreSQL of its own, that listens on a socket in the folder and nowhere else."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    need("psql", homes[-1] / "pg_ctl" if homes else "pg_ctl")
    folder = Path(tempfile.mkdtemp(prefix="shmpub-pg-"))
    user = pwd.getpwnam("postgres")  # it refuses to run as root
    os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o755)

    def run(*words: object) -> None:
        command = [str(homes[-1] / str(words[0])), *map(str, words[1:])]
        subprocess.run(
            command, user=user.pw_uid, group=user.pw_gid, cwd=folder, check=True, timeout=120,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    data, log = folder / "data", folder / "log"
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c shared_buffers=1MB"
    try:
        run("initdb", "-D", data, "-A", "trust", "-U", "reader", "--no-sync", "-E", "UTF8")
        run("pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start")
        yield folder
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@needs_root
def test_psql(daemon, postgres):
    def sql(text: str) -> None:
        where = ["-h", str(postgres), "-U", "reader", "-d", "postgres"]
        subprocess.run(["psql", *where, "-q", "-c", text], check=True, timeout=60)

    sql("create table orders (id int, symbol text, price numeric, note text)")
    sql("insert into orders values (2, 'B, \"x\"', null), (1, 'z\u00fcrich', 1.25)")
    where = f"environment = PGHOST={postgres} PGUSER=reader PGDATABASE=postgres"
    d = example(daemon, "orders", ("environment =", where))
    d.ini.write_text(d.ini.read_text().replace("interval = 10s", "interval = 200ms"))
    d.start()
    feed = d.feed("orders")
    df = feed.df
    assert list(df.id) == [1, 2] and list(df.symbol) == ["z\u00fcrich", 'B, "x"']
    assert df.price.isna().tolist() == [False, True]
    sql("insert into orders values (3, 'c', 3)")
    until(lambda: list(feed.df.id) == [1, 2, 3])
    sql("alter table orders rename to gone")
    d.wait_state("orders", "failing")
    assert "exited with 1: " in d.log_text() and 'relation "orders" does not exist' in d.log_text()
    assert list(feed.df.id) == [1, 2, 3]
    sql("alter table gone rename to orders")
    d.wait_state("orders", "fresh")
