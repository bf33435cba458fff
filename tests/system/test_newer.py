"""The packages under a newer systemd, which ends a reload when the daemon says that it is over.

SHMPUB_SUITE=trixie in the environment asks for these tests; the Debian is made when it is not there
(scripts/system-root), which takes some minutes once.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from conftest import CSV, ROOT, Machine, exposure, until

NOTIFY_RELOAD = """\
[Service]
Type=notify-reload
ExecReload=
ExecReload=/usr/bin/shmpubd --check --quiet -c /etc/shmpub/shmpubd.ini
"""


@pytest.fixture(scope="module")
def newer(boot) -> Machine:
    suite = os.environ.get("SHMPUB_SUITE")
    if not suite:
        pytest.skip("SHMPUB_SUITE=trixie runs it")
    made = subprocess.run(
        [ROOT / "scripts/system-root", suite], capture_output=True, text=True, check=True
    )
    machine = boot(Path(made.stdout.strip()))
    machine.do("dpkg -i /opt/packages/*.deb")
    machine.write("/srv/data/a.csv", CSV)
    machine.configure({"a": "source = /srv/data/a.csv"})
    machine.drop_in(NOTIFY_RELOAD)
    return machine


def test_it_runs_and_is_as_tight(newer):
    until(lambda: newer.status() == "1 of 1 fresh")
    assert newer.show("Type") == "notify-reload"
    assert newer.do("systemd-analyze --man=no verify shmpubd.service 2>&1") == ""
    assert exposure(newer) <= 1.2


def test_a_reload_is_over_when_the_command_is(newer):
    pid = newer.show("MainPID")
    for n in range(5):
        feeds = {f"f{k}": "source = /srv/data/a.csv" for k in range(n + 2)}
        newer.configure(feeds)
        newer.do("systemctl reload shmpubd")
        assert set(newer.rows()) == set(feeds)  # without waiting
    assert newer.show("MainPID") == pid


def test_a_refused_reload_fails(newer):
    newer.configure({"a": "source = /srv/data/a.csv\nnonsense = 1"})
    assert newer.run("systemctl reload shmpubd").returncode != 0
    assert newer.say("systemctl is-active shmpubd") == "active"
    assert "f0" in newer.rows()
