"""A Debian that boots (machine.py), with the packages of scripts/package-debian installed.

Where nothing can be booted, the tests are skipped and say why.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from machine import ROOT, UNIT, Machine, find_debian, until

sys.path.insert(0, str(ROOT / "tests"))  # web.py
SITE = next(Path(p) for p in sys.path if p.endswith("site-packages"))
EPOCH = 1_700_000_000
CSV = "name,value\na,1\nb,2\n"
DROP_INS = sorted(path.stem for path in (ROOT / "docs/systemd").glob("*.conf"))

__all__ = ["CSV", "DROP_INS", "EPOCH", "ROOT", "Machine", "drop_in", "exposure", "until"]


@pytest.fixture(scope="session")
def debian() -> Path:
    """The folder of the Debian that is booted."""
    folder, reason = find_debian()
    if reason:
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder of our packages: those of this version, and in newer/ those of the next one."""
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH)}
    command = [ROOT / "scripts/package-debian"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    build = ROOT / "build/debian"
    newer = build / "packages/newer"
    subprocess.run(
        [
            "cpack",
            *("-D", f"CPACK_OUTPUT_FILE_PREFIX={newer}"),
            *("-D", "CPACK_DEBIAN_PACKAGE_RELEASE=2"),
            *("-D", "CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS=libshmpub1 (= 0.2.0-2)"),
        ],
        cwd=build,
        env=environment,
        check=True,
        capture_output=True,
    )
    return build / "packages"


@pytest.fixture(scope="session")
def boot(debian: Path, packages: Path) -> Iterator[Callable[..., Machine]]:
    machines: list[Machine] = []

    def boot(root: Path = debian) -> Machine:
        binds = {ROOT: "/opt/shmpub", SITE: "/opt/site", packages: "/opt/packages"}
        machines.append(Machine(root, binds))
        if said := machines[-1].wait_booted():
            pytest.skip(f"no Debian can be booted here: {said[-300:]}")
        machines[-1].do("useradd reader && mkdir -p /srv/data")
        return machines[-1]

    yield boot
    for machine in machines:
        machine.end()


@pytest.fixture(scope="session")
def machine(boot: Callable[[], Machine]) -> Machine:
    """A machine on which our packages were installed."""
    machine = boot()
    machine.do("dpkg -i /opt/packages/*.deb")
    return machine


@pytest.fixture
def served(machine: Machine) -> Iterator[Machine]:
    """The machine with a configuration of two feeds that are well, served."""
    machine.write("/srv/data/a.csv", CSV)
    machine.write("/srv/data/b.csv", CSV)
    machine.configure(
        {name: f"source = /srv/data/{name}.csv\ninterval = 100ms" for name in ("a", "b")}
    )
    machine.do("systemctl reset-failed shmpubd; systemctl restart shmpubd")
    yield machine
    machine.configure({"a": "source = /srv/data/a.csv"})
    machine.drop_in("")


def drop_in(name: str) -> str:
    """Return the text of a drop-in that docs/SYSTEMD.md offers."""
    return (ROOT / f"docs/systemd/{name}.conf").read_text()


def exposure(machine: Machine) -> float:
    text = machine.do(f"systemd-analyze security --no-pager {UNIT}")
    return float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)[1])
