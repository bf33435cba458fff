"""Fixtures of the tests of the Python wheels: scripts/wheels made them in build/wheels/dist.

SHMPUB_WHEELS_ALL=1: the wheels for aarch64 and Windows as well, and a second build of everything
somewhere else, which must give the same bytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "windows"))

import wine
from wine import Wine, outside, until

ROOT = Path(__file__).resolve().parents[2]
WHEELS = ROOT / "build/wheels"
DIST = WHEELS / "dist"
IS_ALL = bool(os.environ.get("SHMPUB_WHEELS_ALL"))
__all__ = ["Wine", "until"]
OLDEST = (3, 11)  # that the client takes


def daemon_wheel(tag: str) -> Path:
    """The wheel with the programs of one platform; there must be just one."""
    found = sorted(DIST.glob(f"shmpub_daemon-*{tag}.whl"))
    assert len(found) == 1, f"scripts/wheels made {[p.name for p in found]} for {tag}"
    return found[0]


def version_of(python: str) -> tuple[int, int] | None:
    """None: it does not start, or is no CPython with venv and pip."""
    asked = subprocess.run(
        [
            python,
            "-c",
            "import sys, venv, ensurepip; assert sys.implementation.name == 'cpython'; "
            "print(*sys.version_info[:2])",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if asked.returncode != 0:
        return None
    major, minor = asked.stdout.split()
    return int(major), int(minor)


def pythons() -> dict[tuple[int, int], str]:
    """The Pythons of this machine, by version: those of pyenv, of the path, and this one."""
    names = [sys.executable, *(shutil.which(f"python3.{n}") or "" for n in range(8, 20))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names += [str(p) for p in sorted(pyenv.glob("*/bin/python"))]
    found = {}
    for name in filter(None, names):
        if (version := version_of(name)) is not None:
            found[version] = name
    return found


def oldest_and_newest() -> list[str]:
    fit = {v: p for v, p in pythons().items() if v >= OLDEST}
    return [fit[v] for v in sorted({min(fit), max(fit)})]


def label(python: str) -> str:
    version = version_of(python)
    assert version
    return f"{version[0]}.{version[1]}"


@pytest.fixture(scope="session")
def others() -> Path:
    """A folder for the wheels that the client needs and that are not ours."""
    return WHEELS / "others"


@pytest.fixture(scope="module", params=oldest_and_newest(), ids=label)
def environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, others: Path
) -> Iterator[Path]:
    """An environment in which `pip install "shmpub[daemon]"` was all that was done."""
    python, at = request.param, tmp_path_factory.mktemp("environment") / "venv"
    fetch_others(python, others)
    make_environment(python, at)
    pip(at, "install", "--no-compile", f"--find-links={others}", "shmpub[daemon]")
    yield at
    shutil.rmtree(at)


def fetch_others(python: str, into: Path) -> None:
    """Once for each Python: a registry may be slow, or away."""
    into.mkdir(exist_ok=True)
    if any(into.glob(f"pandas-*-cp{label(python).replace('.', '')}-*.whl")):
        return
    subprocess.run(
        [python, "-m", "pip", "download", "-q", "--only-binary=:all:", "-d", into, "pandas>=3.0"],
        check=True,
        timeout=300,
    )


def make_environment(python: str, at: Path) -> None:
    """Without a pip of its own, which takes half a minute on a busy machine: pip() brings one."""
    subprocess.run([python, "-m", "venv", "--without-pip", at], check=True)


def pip(environment: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run pip with no other source of packages than our folder. A failure has its output."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", environment / "bin/python", words[0]),
            *(("--no-index", f"--find-links={DIST}") if words[0] == "install" else ()),
            *words[1:],
        ],
        capture_output=True,
        text=True,
        env=env | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        timeout=300,
    )
    if run.returncode != 0:
        raise AssertionError(run.stdout + run.stderr)
    return run


@pytest.fixture(scope="session")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    """A Windows with a Python of its own, into which both wheels were installed."""
    made = Wine(tmp_path_factory.mktemp("wine") / "prefix")
    made.boot()
    python = made.drive / "Python"
    shutil.copytree(wine.PYTHON.parent, python)
    made.environment["PYTHONPATH"] = outside(wine.SITE)  # what the client needs, not ours
    (pip,) = python.glob("Lib/ensurepip/_bundled/pip-*.whl")
    done = made.run(
        *(python / "python.exe", f"{outside(pip)}\\pip", "install", "--no-index", "--no-deps"),
        *("--find-links", outside(DIST), "shmpub", "shmpub-daemon"),
        timeout=600,
    )
    assert "Successfully installed" in done.stdout, done
    yield made
    made.end()
