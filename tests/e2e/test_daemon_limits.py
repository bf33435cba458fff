"""Few threads, little address space, little memory: a clear error or a daemon that serves."""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from conftest import BUILD, SHMPUBD, needs_root, until

SANITIZED = "asan" in BUILD.name or "tsan" in BUILD.name


def once(d, *limits, user=None):
    """Refresh every feed once under limits: the status, and what was told."""
    command = [*limits, str(SHMPUBD), "-c", str(d.ini), "--once"]
    run = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    return run.returncode, run.stderr


def make(daemon, n_feeds=4):
    d = daemon()
    for n in range(n_feeds):
        d.source(f"{n}.csv", "a,b\n" + "1,x\n" * 2000)
    d.configure({f"f{n}": f"source = {n}.csv" for n in range(n_feeds)}, "max_feeds = 16")
    return d


@needs_root
@pytest.mark.skipif(SANITIZED, reason="needs threads of its own")
def test_threads_that_cannot_be_made(daemon):
    """The limit counts a user's processes, so the test has a user without any other."""
    user = 23000 + os.getpid() % 10000
    d = make(daemon)
    d.shm.chmod(0o1777)
    served = 0
    for n in (1, 2, 3, 4, 5, 8, 100):
        status, told = once(d, "prlimit", f"--nproc={n}", user=user)
        assert status in (0, 1), (n, status, told)
        if status == 1:
            assert "thread" in told.splitlines()[-1], (n, told)
        served += status == 0
        assert (status == 1) == (n < 4), (n, told)  # itself, the log, two workers
    assert served == 4


@pytest.mark.skipif(SANITIZED, reason="needs all of the address space")
def test_address_space(daemon):
    d = make(daemon)
    statuses = []
    for mib in (8, 12, 16, 24, 32, 40, 48, 64, 96, 128, 256, 1024):
        status, told = once(d, "prlimit", f"--as={mib << 20}")
        assert status in (0, 1, 127), (mib, status, told)  # 127: not even the loader has room
        assert told, (mib, status)
        statuses.append(status)
    assert statuses[-1] == 0 and statuses[0] != 0


@pytest.mark.skipif(SANITIZED, reason="needs more descriptors")
def test_descriptors(daemon):
    d = make(daemon)
    statuses = []
    for n in (4, 6, 8, 10, 12, 14, 16, 20, 24, 32):
        status, told = once(d, "prlimit", f"--nofile={n}:{n}")
        assert status in (0, 1, 127), (n, status, told)
        assert told, (n, status)
        statuses.append(status)
    assert statuses[-1] == 0 and statuses[0] != 0


def test_size_of_files(daemon):
    """Writing more than ulimit -f is an error in the log; the signal does not kill the daemon."""
    d = make(daemon)
    for size in (0, 1000, 30_000, 10_000_000):
        status, told = once(d, "prlimit", f"--fsize={size}")
        assert status == (0 if size == 10_000_000 else 1), (size, status, told)
        assert ("File too large" in told) == (status == 1), (size, told)


def test_fewer_threads_than_workers(daemon):
    """If not all threads can be made, the others do the work."""
    d = make(daemon, 12)
    d.configure(
        {f"f{n}": f"source = {n}.csv\ninterval = 20ms" for n in range(12)},
        "workers = 64\nmax_feeds = 16",
    )
    d.start()
    pid = d.pid
    threads = len(os.listdir(f"/proc/{pid}/task"))
    assert threads <= 2 + 64
    until(lambda: all(d.status(f"f{n}").get("state") == "fresh" for n in range(12)), pause=0.1)
    assert d.stop() == 0


# --- the bound of memory


def max_bytes(d):
    """Return the memory bound in the catalog's header (docs/FORMAT.md)."""
    header = (d.shm / d.instance / "catalog").read_bytes()[:4096]
    return int.from_bytes(header[216:224], "little")


@pytest.fixture
def group():
    """A control group of our own that allows 512 MiB, or nothing."""
    own = Path("/proc/self/cgroup").read_text().splitlines()
    path = None
    for line in own:
        _, controllers, inner = line.split(":", 2)
        if controllers == "" and Path(f"/sys/fs/cgroup{inner}/memory.max").exists():
            path, name = Path(f"/sys/fs/cgroup{inner}"), "memory.max"
        if "memory" in controllers.split(","):
            path, name = Path(f"/sys/fs/cgroup/memory{inner}"), "memory.limit_in_bytes"
    if path is None:
        pytest.skip("no control group for memory")
    path /= f"shmpub-e2e-{os.getpid()}"
    try:
        path.mkdir()
        (path / name).write_text(str(512 << 20))
    except OSError:
        with contextlib.suppress(OSError):
            path.rmdir()
        pytest.skip("no control group can be made")
    yield path
    until(lambda: (path / "cgroup.procs").read_text() == "")
    path.rmdir()


def test_bound_of_memory_in_a_control_group(daemon, group):
    d = make(daemon)
    d.wrapper = ["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$0" "$@"']
    d.start()
    assert max_bytes(d) == 256 << 20
    assert d.stop() == 0


def test_bound_of_memory_by_the_address_space(daemon):
    if SANITIZED:
        pytest.skip("needs all of the address space")
    d = make(daemon)
    d.wrapper = ["prlimit", f"--as={1 << 30}"]
    d.start()
    assert max_bytes(d) == 1 << 29
    assert d.stop() == 0
