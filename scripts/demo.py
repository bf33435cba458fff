#!/usr/bin/env python3
"""What scripts/demo shows, once everything is built.

Serves the CSV files of the PyPI package vega_datasets and two tables of what this machine is doing,
under an instance of its own, lists them, and prints a DataFrame while it changes.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import proc_feed
import shmpub

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("SHMPUB_BUILD", ROOT / "build/release"))
DAEMON, CLI = BUILD / "daemon/shmpubd", BUILD / "cli/shmpub"

# The options of each feed besides its source, as pandas.read_csv would get them.
OPTIONS = {
    "airports": "index_col = iata\ndtype.state = category",
    "iowa-electricity": "parse_dates = year\ndtype.source = category",
    "la-riots": "parse_dates = death_date",
    "seattle-temps": "parse_dates = date\ndate_format = %Y/%m/%d %H:%M\nindex_col = date",
    "seattle-weather": "parse_dates = date\ndate_format = %Y/%m/%d\nindex_col = date",
    "sf-temps": "parse_dates = date\ndate_format = %Y/%m/%d %H:%M:%S\nindex_col = date",
    "stocks": "parse_dates = date\ndate_format = %b %d %Y\ndtype.symbol = category",
    "us-employment": "parse_dates = month\nindex_col = month",
}
LIVE = {
    "machine": "interval = 250ms\nparse_dates = time\nindex_col = time\ndtype.busiest = category",
    "processes": "interval = 250ms\nindex_col = pid",
}
UPDATES = 5


def vega_files() -> list[Path]:
    spec = importlib.util.find_spec("vega_datasets")
    if spec is None or spec.origin is None:
        sys.exit("demo: the package vega_datasets is missing; scripts/demo installs it")
    return sorted(Path(spec.origin).parent.glob("_data/*.csv"))


def write_ini(path: Path, instance: str, folder: Path) -> None:
    lines = ["[daemon]", f"instance = {instance}", ""]
    for file in vega_files():
        lines += [f"[feed {file.stem}]", f"source = {file}", "interval = 1m"]
        lines += [OPTIONS.get(file.stem, ""), ""]
    for name, options in LIVE.items():
        lines += [f"[feed {name}]", f"source = {folder / name}.csv", options, ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def headline(text: str) -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}", flush=True)


def run_cli(instance: str, *arguments: str) -> None:
    subprocess.run([CLI, "-i", instance, *arguments], check=True)


def wait_until_ready(daemon: subprocess.Popen[bytes], instance: str, log: Path) -> None:
    """Wait until every feed is published; else exit with the daemon's log."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and daemon.poll() is None:
        try:
            feeds = shmpub.feeds(instance=instance)
            if len(feeds) == len(OPTIONS) + len(LIVE) and (feeds["sequence"] > 0).all():
                return
        except shmpub.Error:
            pass
        time.sleep(0.02)
    sys.exit(f"demo: the daemon did not publish every feed:\n{log.read_text()}")


def show_updates(instance: str) -> None:
    feed = shmpub.subscribe("machine", instance=instance)
    for _ in range(UPDATES):
        if not feed.wait(timeout=10):
            sys.exit("demo: no update came within ten seconds")
        df = feed.df
        headline(f"feed.wait(); feed.df    sequence {feed.sequence}, {len(df)} rows")
        with pd.option_context("display.width", 120, "display.max_columns", 12):
            print(df.tail(4), flush=True)


def show_join(instance: str) -> None:
    """Show something that needs a real DataFrame: prices grouped by a category."""
    stocks = shmpub.subscribe("stocks", instance=instance).df
    headline('stocks.groupby("symbol").price.agg(["first", "last", "max"])')
    prices = stocks.groupby("symbol", observed=True)["price"]
    print(prices.agg(["first", "last", "max"]))


def show_next(instance: str, ini: Path, pid: int, keep: bool) -> None:
    here = Path.cwd()
    cli = os.path.relpath(CLI, here)
    if keep:
        headline(f"The daemon goes on as process {pid}. Try next, from {here}:")
    else:
        headline("That was all. With --keep the daemon goes on; then try:")
    name = instance if keep else "INSTANCE"
    print(f"  {cli} -i {name} watch machine")
    print(f"  {cli} -i {name} cat seattle-weather --head 5")
    print(f"  {cli} -i {name} info airports")
    print(f"  {os.path.relpath(sys.executable, here)}")
    print(f'  >>> import shmpub; shmpub.subscribe("processes", instance="{name}").df.head()')
    if keep:
        print(f"  edit {ini}, then: kill -HUP {pid}")
        print(f"Stop it with: kill {pid}")


def stop(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None and process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def detached(command: list[str | Path], log: Path) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own.

    Ctrl-C then reaches this program alone, which stops the others in order.
    """
    with open(log, "ab") as out:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )


def demo(folder: Path, instance: str, keep: bool) -> None:
    daemon = writer = None
    ini, log = folder / "shmpubd.ini", folder / "shmpubd.log"
    shared = Path("/dev/shm", instance)
    kept = False
    try:
        write_ini(ini, instance, folder)
        proc_feed.Sampler(folder).sample()
        daemon = detached([DAEMON, "-c", ini], log)
        writer = detached(
            [sys.executable, ROOT / "scripts/proc_feed.py", str(daemon.pid), folder, shared], log
        )
        wait_until_ready(daemon, instance, log)
        headline(f"shmpub -i {instance} ls")
        run_cli(instance, "ls")
        show_updates(instance)
        show_join(instance)
        show_next(instance, ini, daemon.pid, keep)
        kept = keep
    finally:
        if not kept:
            stop(daemon)
            stop(writer)
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(shared, ignore_errors=True)  # the daemon has left its lock there


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the daemon running")
    parser.add_argument("--instance", default=f"demo-{os.getpid()}", help="its name")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        folder = Path(tempfile.mkdtemp(prefix="shmpub-demo-"))
        demo(folder, arguments.instance, arguments.keep)
    except KeyboardInterrupt:
        print("\nstopped, and cleaned up")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
