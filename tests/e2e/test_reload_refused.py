"""A reload that fails is seen in ls, in metrics and in Python, until one takes effect."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable

import shmpub
from conftest import SHMPUB, Daemon
from test_metrics import parse


def cli(d: Daemon, *words: str) -> str:
    command = [str(SHMPUB), "-d", str(d.shm), "-i", d.instance, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def figure(d: Daemon, name: str) -> float:
    return parse(cli(d, "metrics"))[0][f'shmpub_{name}{{shmpub_instance="{d.instance}"}}']


def test_refused_until_one_takes_effect(daemon: Callable[[], Daemon]) -> None:
    d = daemon()
    d.source("a.csv", "a\n1\n")
    good = {"a": "source = a.csv", "b": "source = a.csv"}
    d.configure(good)
    began = time.time()
    d.start()

    def check(refused: bool) -> None:
        lines = cli(d, "ls").splitlines()
        assert lines[0].startswith("FEED ")
        told = [line for line in lines if "was refused" in line]
        assert len(told) == refused and (not refused or told == lines[-1:])
        for row in map(json.loads, cli(d, "ls", "--json").splitlines()):
            at = row["config_refused_ns"]
            assert (at is not None) == refused
            assert at is None or began - 60 < at / 1e9 <= time.time()
        assert figure(d, "config_last_reload_successful") == (not refused)
        at = shmpub.feeds(instance=d.instance, directory=str(d.shm)).attrs["config_refused"]
        assert (at is not None) == refused
        assert at is None or began - 60 < at.timestamp() <= time.time()

    check(False)
    loaded = figure(d, "config_last_reload_success_timestamp_seconds")
    assert began - 60 < loaded <= time.time()
    for _ in range(2):
        d.configure({"a": "source = a.csv\nintervall = 5s"})
        d.reload()
        check(True)
        assert figure(d, "config_last_reload_success_timestamp_seconds") == loaded
        assert figure(d, "config_last_reload_timestamp_seconds") > loaded
    assert len(cli(d, "ls", "--json").splitlines()) == 2  # the old configuration is in force
    d.configure(good)
    d.reload()
    check(False)
    assert figure(d, "config_last_reload_success_timestamp_seconds") > loaded


def test_a_program_has_no_configuration(publisher) -> None:
    publisher.publish("a", "a\n1\n")
    assert "refused" not in publisher.run("ls")
    assert json.loads(publisher.run("ls", "--json"))["config_refused_ns"] is None
