"""The Debian packages: installed, upgraded under readers, removed, purged, in a booted Debian."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import EPOCH, Machine
from readers import Reader, writing

# What dpkg, systemd and others write whenever a package comes or goes.
OTHERS = re.compile(
    r"/(proc|sys|dev|run|tmp|opt)(/|$)|/var/(lib/(dpkg|systemd|apt)|log|cache|tmp)(/|$)"
    r"|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|/etc/ld\.so\.cache$|/etc/\.pwd\.lock$"
    r"|/etc/(machine-id|.updated|mtab|resolv.conf)$"
)


UNITS = ["shmpubd", "shmpubd@other"]


@pytest.fixture(scope="module")
def fresh(boot) -> Machine:
    return boot()


def files(machine: Machine) -> dict[str, str]:
    """Every file of the system with its kind, mode and owner."""
    lines = machine.do("find / -xdev -printf '%p\\t%y %m %u %g\\n'").splitlines()
    found = dict(line.split("\t") for line in lines)
    return {path: what for path, what in found.items() if not OTHERS.match(path)}


def lintian(packages, *options):
    command = ["lintian", *options, *packages.glob("*.deb")]
    return subprocess.run(command, capture_output=True, text=True)


def test_lintian(packages):
    done = lintian(packages)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [line for line in done.stdout.splitlines() if line[:2] in ("E:", "W:")]
    # Its status then counts overridden errors too.
    shown = lintian(packages, "--show-overrides").stdout.splitlines()
    assert 0 < len([line for line in shown if line.startswith("O:")]) <= 16


def test_the_same_sources_give_the_same_bytes(packages):
    build = packages.parent
    again = build / "packages/again"
    subprocess.run(
        ["cpack", "-D", f"CPACK_OUTPUT_FILE_PREFIX={again}"],
        cwd=build,
        env={"PATH": "/usr/bin:/bin", "SOURCE_DATE_EPOCH": str(EPOCH)},
        check=True,
        capture_output=True,
    )
    made = sorted(again.glob("*.deb"))
    assert len(made) == 3
    for path in made:
        assert path.read_bytes() == (packages / path.name).read_bytes()


def test_install_upgrade_remove_purge(fresh, tmp_path: Path):
    before = files(fresh)
    fresh.do("dpkg -i /opt/packages/*.deb")
    fresh.configure({"a": "source = /srv/data/a.csv\ninterval = 50ms"})
    with writing(fresh, "/srv/data/a.csv"):
        fresh.do("systemctl reload shmpubd")
        fresh.configure({"b": "source = /srv/data/a.csv"}, "instance = other", instance="other")
        fresh.do("systemctl start shmpubd@other")
        readers = [Reader(fresh, "a", tmp_path / f"reader{n}") for n in range(3)]
        for reader in readers:
            reader.wait_more()
        was = [fresh.show("MainPID", unit) for unit in UNITS]
        sequence = fresh.rows()["a"]["sequence"]
        # For those that know only the path, the table is there all the time.
        look = "cmp -n 6 /dev/shm/shmpub/a.arrow <(printf ARROW1)"
        look = f"until [ -e /tmp/over ]; do {look} || exit; done"
        looking = subprocess.Popen(fresh.command(look, "reader"))
        fresh.do("dpkg -i /opt/packages/newer/*.deb")
        now = [fresh.show("MainPID", unit) for unit in UNITS]
        for old, new in zip(was, now, strict=True):
            assert new not in ("0", old)  # another daemon
        assert (
            fresh.rows()["a"]["sequence"] >= sequence > 1
        )  # which goes on where the old one ended
        fresh.do("touch /tmp/over")
        assert looking.wait(30) == 0
        for reader in readers:
            reader.wait_more()
        assert all(reader.end() > 6 for reader in readers)
    assert fresh.do("dpkg-query -W -f '${Version}' shmpubd") == "0.2.0-2"
    assert "source = /srv/data/a.csv" in fresh.do("cat /etc/shmpub/shmpubd.ini")
    fresh.do("dpkg -r shmpubd libshmpub-dev libshmpub1")
    assert fresh.say("ls /dev/shm") == ""
    assert fresh.run("systemctl is-active shmpubd shmpubd@other").returncode != 0
    assert fresh.run("test -e /etc/shmpub/shmpubd.ini").returncode == 0  # until it is purged
    fresh.do("dpkg -P shmpubd libshmpub-dev libshmpub1 && systemctl daemon-reload")
    after = files(fresh)
    left = {path for path in after if path not in before}
    # What the administrator made, and what the folder has besides, are not the package's.
    assert left == {"/etc/shmpub", "/etc/shmpub/other.ini", "/srv/data/a.csv"}
    assert {path: what for path, what in before.items() if after.get(path) != what} == {}
    assert fresh.say("systemctl list-unit-files 'shmpub*' --no-legend") == ""
    assert fresh.say("systemctl --failed --no-legend") == ""


def test_a_program_is_built_with_the_packages(fresh, packages, tmp_path):
    """By the files of the packages alone, unpacked somewhere."""
    for package in packages.glob("libshmpub*.deb"):
        subprocess.run(["dpkg", "-x", package, tmp_path], check=True)
    (tmp_path / "a.c").write_text(
        "#include <shmpub/shmpub.h>\n#include <stdio.h>\nint main(void) { puts(shmpub_version()); }"
    )
    (folder,) = tmp_path.rglob("pkgconfig")
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "shmpub"],
        env={"PATH": "/usr/bin:/bin", "PKG_CONFIG_PATH": str(folder)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    subprocess.run(["cc", tmp_path / "a.c", *flags, "-o", tmp_path / "a"], check=True)
    command = [tmp_path / "a"]
    environment = {"LD_LIBRARY_PATH": str(folder.parent)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == "0.2.0\n"
