"""The daemon itself: a whole `--once` beside the time in which the fastest peer reads the file, its
refreshes beside those of the benchmark's publisher, and what a thousand feeds cost that do not
change.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import data
import shmpub
from harness import BUILD, HERE, Child, Publisher, cpus_apart, spread, table

SHMPUBD = BUILD / "daemon/shmpubd"
SHMPUB = BUILD / "cli/shmpub"
IDLE_FEEDS, IDLE_S = 1000, 10
CHANGES = 200
DAEMON_INTERVAL = "1500ms"  # a replaced segment is filled again when it has rested for a second


def configuration(
    folder: Path,
    directory: Path,
    feeds: dict[str, Path],
    interval: str,
    workers: int,
    watch: str = "no",
) -> Path:
    ini = folder / "shmpubd.ini"
    lines = ["[daemon]", "instance = bench", f"directory = {directory}", f"workers = {workers}"]
    for feed, path in feeds.items():
        lines += [f"[feed {feed}]", f"source = {path}", f"interval = {interval}"]
        lines += [f"watch = {watch}"]
    ini.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ini


def once_ms(ini: Path, directory: Path, cpus: list[int]) -> float:
    """From the start of the process to its end: fresh pages, everything."""
    start = time.perf_counter_ns()
    subprocess.run(
        [SHMPUBD, "-c", ini, "--once"],
        check=True,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )
    elapsed = (time.perf_counter_ns() - start) / 1e6
    shutil.rmtree(directory / "bench")
    return elapsed


@contextmanager
def huge_tmpfs() -> Iterator[Path | None]:
    """A tmpfs of our own with huge pages, where we may mount one."""
    folder = tempfile.mkdtemp(prefix="shmpub-bench-huge-")
    command = ["mount", "-t", "tmpfs", "-o", "huge=within_size,size=2g", "tmpfs", folder]
    mounted = subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield Path(folder) if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)
        os.rmdir(folder)


def once(folder: Path, name: str, rounds: int) -> dict[str, Any]:
    """`shmpubd --once` on one CPU, and each peer's warm read on it, in turn.

    Ours is the whole process: its start, the file read, fresh pages for the segment, its end. A
    peer has been started before, and has read the file before.
    """
    path = data.make(folder, name)
    cpus, _ = cpus_apart()
    peers = {
        peer: Child([sys.executable, HERE / "peers.py", peer], cpus)
        for peer in ("pandas", "pyarrow", "polars")
    }
    ratios: dict[str, list[float]] = {"/dev/shm": [], "huge pages": []}
    ms: dict[str, list[float]] = {"/dev/shm": [], "huge pages": [], "best peer": []}
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory(dir="/dev/shm") as shm,
        huge_tmpfs() as huge,
    ):
        places = {"/dev/shm": Path(shm)} | ({"huge pages": huge} if huge else {})
        for round_number in range(rounds + 1):
            best = min(peer.ask(f"{path} auto")["ns"] / 1e6 for peer in peers.values())
            if round_number:
                ms["best peer"].append(best)
            for label, directory in places.items():
                ini = configuration(Path(scratch), directory, {name: path}, "1h", 1)
                elapsed = once_ms(ini, directory, cpus)
                if round_number:
                    ms[label].append(elapsed)
                    ratios[label].append(best / elapsed)
    for peer in peers.values():
        peer.close()
    return {
        "file": name,
        "ms": {label: spread(values) for label, values in ms.items() if values},
        "ratio": {label: spread(values) for label, values in ratios.items() if values},
    }


def ticks_of(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident(pid: int) -> dict[str, int]:
    """Bytes in memory: RssAnon, RssFile and RssShmem now, VmHWM the highest sum of them so far."""
    sizes = {}
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key in ("RssAnon", "RssFile", "RssShmem", "VmHWM"):
            sizes[key] = int(value.split()[0]) * 1024
    return sizes


def cpu_ns(pid: int) -> int:
    """Processor time of all threads of a process that live, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="utf-8").split()[0]) for task in tasks)


def change_last_digit(path: Path) -> None:
    """The smallest change that makes a refresh: as many bytes, another content."""
    with open(path, "r+b") as file:
        start = max(0, path.stat().st_size - 4096)
        file.seek(start)
        end = file.read()
        at = max(end.rfind(b"%d" % digit) for digit in range(10))
        file.seek(start + at)
        file.write(b"%d" % (int(end[at : at + 1]) % 9 + 1))


def one_file_in_daemon(
    folder: Path, scratch: Path, shm: Path, instance: str, name: str, rounds: int
) -> dict[str, Any]:
    path = folder / "changing.csv"
    shutil.copyfile(data.make(folder, name), path)
    cpus, others = cpus_apart()
    ini = configuration(scratch, shm, {name: path.resolve()}, DAEMON_INTERVAL, 1)
    daemon = subprocess.Popen(
        [SHMPUBD, "-c", ini],
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )
    while not Path(shm, "bench", f"{name}.arrow").exists():
        time.sleep(0.1)
    watch = Child([SHMPUB, "-i", "bench", "-d", shm, "watch", name, "--json"], others)
    watch.receive()  # what has been published already
    publisher = Publisher(instance, {name: (path, ())}, cpus=cpus)
    times: dict[str, list[float]] = {"daemon": [], "publisher": []}
    busy: dict[str, list[float]] = {"daemon": [], "publisher": []}
    for round_number in range(rounds + 2):
        before = cpu_ns(daemon.pid)
        change_last_digit(path)
        seen = watch.receive_within(60)
        time.sleep(0.05)  # for what the daemon does after it has told
        middle = cpu_ns(daemon.pid), cpu_ns(publisher.process.pid)
        own = publisher.ask(name)
        if round_number >= 2:
            times["daemon"].append((seen["read_ns"] + seen["parse_ns"]) / 1e6)
            times["publisher"].append((own["read_ns"] + own["parse_ns"]) / 1e6)
            busy["daemon"].append((middle[0] - before) / 1e6)
            busy["publisher"].append((cpu_ns(publisher.process.pid) - middle[1]) / 1e6)
    publisher.close()
    watch.process.terminate()
    watch.close()
    daemon.terminate()
    daemon.wait()
    size = path.stat().st_size
    path.unlink()
    return {
        "file": name,
        "bytes": size,
        "ms": {who: spread(values) for who, values in times.items()},
        "cpu_ms": {who: spread(values) for who, values in busy.items()},
        "ratio": spread([d / p for d, p in zip(times["daemon"], times["publisher"], strict=True)]),
    }


def in_daemon(folder: Path, instance: str, names: list[str], rounds: int) -> list[dict[str, Any]]:
    """Refreshes of a shmpubd with one worker, beside bench_publish on the same CPU, in turn.

    The file is changed by one digit for each round, so both read it anew; the daemon finds out by
    itself, at its next look. The times are what each says of itself, read and parse (the daemon's
    by way of the catalog and `shmpub watch --json`); what else a daemon does is in its processor
    time, from before the change of the file until it has published.
    """
    results = []
    for name in [name for name in names if name not in ("tiny", "quotes", "ten")]:
        with (
            tempfile.TemporaryDirectory() as scratch,
            tempfile.TemporaryDirectory(dir="/dev/shm") as shm,
        ):
            result = one_file_in_daemon(folder, Path(scratch), Path(shm), instance, name, rounds)
            results.append(result)
    return results


def daemon_table(results: list[dict[str, Any]]) -> str:
    rows = []
    for r in results:
        ms, cpu, ratio = r["ms"], r["cpu_ms"], r["ratio"]
        rows.append(
            [r["file"]]
            + [f"{ms[who]['median']:.3g}" for who in ("daemon", "publisher")]
            + [f"{ratio['median']:.2f}", f"{ratio['min']:.2f} to {ratio['max']:.2f}"]
            + [f"{cpu[who]['median']:.3g}" for who in ("daemon", "publisher")]
            + [f"{r['bytes'] / 1e3 / ms['daemon']['median']:,.0f}"]
        )
    header = ["file", "shmpubd, ms", "bench_publish, ms", "ratio", "spread"]
    return table([*header, "shmpubd, CPU ms", "bench_publish, CPU ms", "shmpubd, MB/s"], rows)


def unchanged(folder: Path) -> dict[str, Any]:
    """Feeds whose files stay as they are, with and without watch: processor time and memory."""
    return idle(folder, "no", 5) | {"watched": idle(folder, "yes", 22)["cpu"], **latency()}


def latency() -> dict[str, Any]:
    """ms from the end of a rename, or of a writer's close, until a reader sees the sequence."""
    result: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory(dir="/dev/shm") as shm,
    ):
        path = Path(scratch, "a.csv")
        path.write_text("a\n0\n", encoding="utf-8")
        ini = configuration(Path(scratch), Path(shm), {"a": path}, "1h", 0, "yes")
        with subprocess.Popen([SHMPUBD, "-c", ini], stderr=subprocess.DEVNULL) as process:
            time.sleep(1)
            feed = shmpub.subscribe("a", instance="bench", directory=shm)
            for how in ("rename", "close"):
                times = [change_and_wait(feed, path, n, how) for n in range(CHANGES)]
                times.sort()
                result[how] = {"p50": times[CHANGES // 2], "p99": times[CHANGES * 99 // 100]}
            process.terminate()
    return {"latency_ms": result}


def change_and_wait(feed: Any, path: Path, n: int, how: str) -> float:
    """ms until the change number `n` can be seen."""
    text = f"a\n{n}\n{how}\n"
    time.sleep(0.06)
    sequence = feed.sequence
    new = path.with_name("new") if how == "rename" else path
    new.write_text(text, encoding="utf-8")
    if how == "rename":
        new.replace(path)
    start = time.perf_counter()
    while feed.sequence == sequence:
        feed.wait(1)
    return (time.perf_counter() - start) * 1e3


def idle(folder: Path, watch: str, warm_s: float) -> dict[str, Any]:
    """`warm_s` until the feeds rest: a source that was just read is looked at more closely."""
    tiny = data.make(folder, "tiny").read_bytes()
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory(dir="/dev/shm") as shm,
    ):
        feeds = {f"feed{i:04d}": Path(scratch, f"{i:04d}.csv") for i in range(IDLE_FEEDS)}
        for path in feeds.values():
            path.write_bytes(tiny)
        ini = configuration(Path(scratch), Path(shm), feeds, "1s", 0, watch)
        with subprocess.Popen([SHMPUBD, "-c", ini], stderr=subprocess.DEVNULL) as process:
            time.sleep(warm_s)
            before, start = ticks_of(process.pid), time.monotonic()
            time.sleep(IDLE_S)
            ticks, elapsed = ticks_of(process.pid) - before, time.monotonic() - start
            sizes = resident(process.pid)
            process.terminate()
    cpu = ticks / os.sysconf("SC_CLK_TCK") / elapsed
    return {
        "feeds": IDLE_FEEDS,
        "cpu": cpu,
        "us_per_refresh": cpu * 1e6 / IDLE_FEEDS,
        "resident": sizes["RssAnon"] + sizes["RssFile"],
        "resident_shared": sizes["RssShmem"],
    }


def report(results: dict[str, Any]) -> list[str]:
    """Lines for people."""
    lines = []
    if "once" in results:
        for label, ratio in results["once"]["ratio"].items():
            lines.append(
                f"A whole --once of {results['once']['file']}, {label}: "
                f"{results['once']['ms'][label]['median']:.0f} ms; the best peer's warm read, "
                f"{results['once']['ms']['best peer']['median']:.0f} ms, "
                f"takes {ratio['median']:.2f} times as long "
                f"({ratio['min']:.2f} to {ratio['max']:.2f})"
            )
    if "unchanged" in results:
        u = results["unchanged"]
        lines.append(
            f"{u['feeds']} feeds that do not change, each looked at every second: "
            f"{100 * u['cpu']:.1f} % of one CPU, {u['us_per_refresh']:.1f} us a look, "
            f"{u['resident'] / 1e6:.1f} MB resident"
        )
        lines.append(f"The same with watch = yes: {100 * u['watched']:.1f} % of one CPU")
        for how, ms in u["latency_ms"].items():
            lines.append(
                f"watch = yes, from a {how} to the sequence that readers see: "
                f"p50 {ms['p50']:.0f} ms, p99 {ms['p99']:.0f} ms"
            )
    return lines
