"""The wheels as people meet them: an empty environment, pip, a live table."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from conftest import DIST, ROOT, make_environment, pip, pythons

sys.path.append(str(ROOT / "tests"))

from web import GOOD, Server, certificate, give

pytestmark = pytest.mark.timeout(400)

READ = """
import sys, shmpub
feed = shmpub.subscribe(sys.argv[2], instance=sys.argv[1], directory=sys.argv[3])
feed.wait(timeout=20)
print(feed.df.to_csv(index=False), end="")
"""


# As somebody's shell has it: Python keeps what it compiled, and knows no folder of ours.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
ENVIRONMENT["no_proxy"] = "*"


def run(*words: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*words], capture_output=True, text=True, timeout=200, env=ENVIRONMENT)
    assert done.returncode == status, done
    return done


def write_ini(folder: Path, text: str) -> tuple[Path, str, Path]:
    """Returns the file, the instance and its directory."""
    instance, shared = f"wheels-{uuid.uuid4().hex[:8]}", folder / "shared"
    shared.mkdir(exist_ok=True)
    ini = folder / "shmpubd.ini"
    ini.write_text(f"[daemon]\ninstance = {instance}\ndirectory = {shared}\n{text}")
    return ini, instance, shared


def test_they_say_their_version(environment: Path) -> None:
    asked = [environment / "bin/python", "-c", "import shmpub; print(shmpub.__version__)"]
    version = run(*asked).stdout.strip()
    said = run(environment / "bin/shmpubd", "--version").stdout.splitlines()
    assert said[0] == f"shmpubd {version}"
    assert run(environment / "bin/shmpub", "--version").stdout == f"shmpub {version}\n"
    # What the static program cannot do, on one line.
    assert len(said) == 2 and said[1].startswith("without ")
    assert "users and groups that are not in /etc/passwd and /etc/group" in said[1]
    assert not {"gzip", "zstd", "xz", "http"} & set(said[1].replace(",", "").split())


def test_a_table_is_published_and_changes(environment: Path, tmp_path: Path) -> None:
    source = tmp_path / "quotes.csv"
    source.write_text("name,bid\nx,1.5\ny,2.5\n")
    ini, instance, shared = write_ini(
        tmp_path, f"[feed quotes]\nsource = {source}\ninterval = 100ms\n"
    )
    daemon = subprocess.Popen(
        [environment / "bin/shmpubd", "-c", ini], stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    read = (environment / "bin/python", "-c", READ, instance, "quotes", shared)
    try:
        assert run(*read).stdout == source.read_text()
        # It is the program itself, and no Python that waits for it.
        assert os.readlink(f"/proc/{daemon.pid}/exe").endswith("shmpub_daemon/bin/shmpubd")
        aside = tmp_path / "aside"
        aside.write_text("name,bid\nz,3.5\n")
        aside.rename(source)
        until = time.monotonic() + 20
        while run(*read).stdout != "name,bid\nz,3.5\n":
            assert time.monotonic() < until
        words = ("--instance", instance, "--directory", shared)
        assert "quotes" in run(environment / "bin/shmpub", "ls", *words).stdout
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=20) == 0
        assert not (shared / instance / "catalog").exists()
    finally:
        daemon.kill()
        daemon.communicate()


def test_archives_are_expanded(environment: Path, tmp_path: Path) -> None:
    text = b"a,b\n1,2\n3,4\n"
    (tmp_path / "gz.csv").write_bytes(gzip.compress(text))
    (tmp_path / "xz.csv").write_bytes(lzma.compress(text))
    subprocess.run(["zstd", "-q", "-o", tmp_path / "zst.csv"], input=text, check=True)
    feeds = "".join(f"[feed {n}]\nsource = {tmp_path}/{n}.csv\n" for n in ("gz", "xz", "zst"))
    ini, instance, shared = write_ini(tmp_path, feeds)
    run(environment / "bin/shmpubd", "-c", ini, "--once")
    for name in ("gz", "xz", "zst"):
        words = (name, "--instance", instance, "--directory", shared)
        assert run(environment / "bin/shmpub", "cat", *words).stdout == text.decode()


def test_its_limits_are_told(environment: Path, tmp_path: Path) -> None:
    ini, *_ = write_ini(tmp_path, "group = nobodys-group\n")
    said = run(environment / "bin/shmpubd", "-c", ini, "--check", status=1).stderr
    assert f"{ini}:4: " in said and "no group is named 'nobodys-group': this static shmpubd" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="puts a file in the place of the system's")
def test_https_trusts_whom_the_system_trusts(environment: Path, tmp_path: Path) -> None:
    """The static program finds the system's list by itself; `ca_file` is another one."""
    context, ca = certificate(tmp_path)
    with contextlib.closing(Server(context)) as server:
        server.answers["/a.csv"] = give()
        url = server.url("/a.csv")
        ini, instance, shared = write_ini(tmp_path, f"[feed a]\nsource = {url}\n")
        once = (environment / "bin/shmpubd", "-c", ini, "--once")
        assert "certificate" in run(*once, status=1).stderr  # nobody trusts that server
        place = "/etc/ssl/certs/ca-certificates.crt"
        line = f'mount --bind {ca} {place} && exec "$@"'
        run("unshare", "-m", "sh", "-c", line, "sh", *once)
    words = ("cat", "a", "--instance", instance, "--directory", shared)
    assert run(environment / "bin/shmpub", *words).stdout.encode() == GOOD


def test_where_the_programs_lie(environment: Path) -> None:
    ask = "import shmpub_daemon, sys; print(shmpub_daemon.path(*sys.argv[1:]))"
    python = environment / "bin/python"
    for name in ("shmpubd", "shmpub"):
        assert run(run(python, "-c", ask, name).stdout.strip(), "--version").stdout
    assert "none of the programs shmpubd, shmpub" in run(python, "-c", ask, "x", status=1).stderr
    program = Path(run(python, "-c", ask).stdout.strip())
    program.rename(program.with_name("away"))
    try:
        said = run(environment / "bin/shmpubd", "--version", status=1).stderr
        assert f"FileNotFoundError: shmpubd is in none of {program}: install shmpub-daemon" in said
        program.write_bytes(b"not a program")
        said = run(environment / "bin/shmpubd", "--version", status=1).stderr
        assert said == f"shmpubd: {program}: Permission denied\n"
    finally:
        program.with_name("away").rename(program)


def test_a_failure_keeps_its_status(environment: Path) -> None:
    assert "what is '--chekc'?" in run(environment / "bin/shmpubd", "--chekc", status=2).stderr


def test_uninstalled_nothing_is_left(environment: Path) -> None:
    pip(environment, "uninstall", "-y", "-q", "shmpub-daemon")
    left = [p for p in environment.rglob("*shmpub*") if "/site-packages/shmpub" not in str(p)]
    left += list(environment.rglob("shmpub_daemon*"))
    assert left == []
    pip(environment, "install", "shmpub-daemon")


@pytest.mark.parametrize("version", [(3, 8), (3, 9)], ids=str)
def test_the_programs_alone_in_an_older_python(version: tuple[int, int], tmp_path: Path) -> None:
    """The client asks for Python 3.11, the programs for 3.8."""
    python = pythons().get(version)
    if python is None:
        pytest.skip(f"no Python {version[0]}.{version[1]} here")
    make_environment(python, tmp_path / "venv")
    pip(tmp_path / "venv", "install", "shmpub-daemon")
    assert run(tmp_path / "venv/bin/shmpubd", "--version").stdout.startswith("shmpubd ")
    # What needs Python itself.
    assert "install" in run(tmp_path / "venv/bin/shmpub", "service", "--help").stdout
    words = ("service", "install", "x.ini", "--set", "a=b")
    assert "go with CSV" in run(tmp_path / "venv/bin/shmpub", *words, status=1).stderr


def test_another_system_is_refused_in_words(tmp_path: Path) -> None:
    said = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--no-index", f"--find-links={DIST}"),
            *("--only-binary=:all:", "--platform", "macosx_14_0_arm64", "--target", tmp_path),
            "shmpub-daemon",
        ],
        capture_output=True,
        text=True,
    )
    assert (
        said.returncode != 0 and "No matching distribution found for shmpub-daemon" in said.stderr
    )
