"""The wheels for aarch64, by qemu, and for Windows, under Wine: with SHMPUB_WHEELS_ALL=1."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import uuid
import zipfile
from pathlib import Path

import pytest
from conftest import DIST, IS_ALL, ROOT, WHEELS, Wine, daemon_wheel, until

pytestmark = [
    pytest.mark.skipif(not IS_ALL, reason="SHMPUB_WHEELS_ALL is not set"),
    pytest.mark.timeout(1500),
]

TEXT = "name,n,x\nä,1,0.5\nb,2,\n" + "".join(f'"q,{i}",{i},{i}.25\n' for i in range(2000))
KINDS = {"name": "str", "n": "int64", "x": "float64"}

# --- aarch64 ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aarch64(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """How to run its programs here: before the path of one."""
    into = tmp_path_factory.mktemp("aarch64")
    with zipfile.ZipFile(daemon_wheel("aarch64")) as wheel:
        wheel.extractall(into)
    for program in (into / "shmpub_daemon/bin").iterdir():
        program.chmod(0o755)
    emulator = [] if platform.machine() == "aarch64" else ["qemu-aarch64"]
    return [*emulator, str(into / "shmpub_daemon/bin")]


def run_there(aarch64: list[str], name: str, *words: str | Path, **more: str) -> str:
    command = [*aarch64[:-1], f"{aarch64[-1]}/{name}", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=os.environ | more
    )
    assert done.returncode == 0, done
    return done.stdout


def test_aarch64_publishes_what_we_read(aarch64: list[str], tmp_path: Path) -> None:
    import pandas as pd
    import shmpub

    instance, source = f"wheels-{uuid.uuid4().hex[:8]}", tmp_path / "t.csv"
    source.write_text(TEXT)
    ini = tmp_path / "shmpubd.ini"
    ini.write_text(
        f"[daemon]\ninstance = {instance}\ndirectory = {tmp_path}\n[feed t]\nsource = {source}\n"
    )
    assert run_there(aarch64, "shmpubd", "--version").startswith("shmpubd ")
    run_there(aarch64, "shmpubd", "-c", ini, "--once")
    df = shmpub.subscribe("t", instance=instance, directory=tmp_path).df
    pd.testing.assert_frame_equal(df, pd.read_csv(source))
    words = ("t", "--instance", instance, "--directory", tmp_path)
    assert run_there(aarch64, "shmpub", "cat", *words).splitlines()[1] == "ä,1,0.5"


def test_aarch64_serves_files(aarch64: list[str], tmp_path: Path) -> None:
    """Apart from the terminal. `down` cannot be tried here: the emulator tells a process another
    time of its start than others see, so it counts as gone.
    """
    (tmp_path / "t.csv").write_text(TEXT)
    place = ("-i", f"wheels-{uuid.uuid4().hex[:8]}", "-d", str(tmp_path))
    daemon = tmp_path / "shmpubd"  # what is executed must be a program of this machine
    command = " ".join([*aarch64[:-1], f"{aarch64[-1]}/shmpubd"])
    daemon.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    daemon.chmod(0o755)
    more = {"SHMPUB_DAEMON": str(daemon), "HOME": str(tmp_path)}
    said = run_there(aarch64, "shmpub", *place, "up", tmp_path / "t.csv", "--detach", **more)
    pid = int(said.split("process ")[1].split(",")[0])
    try:
        assert run_there(aarch64, "shmpub", *place, "cat", "t").splitlines()[1] == "ä,1,0.5"
    finally:
        os.kill(pid, signal.SIGTERM)
    until(lambda: not (tmp_path / place[1] / "catalog").exists())


# --- Windows ---------------------------------------------------------------------------------


def test_windows_installs_and_reads(windows: Wine, tmp_path: Path) -> None:
    scripts = windows.drive / "Python/Scripts"
    for name in ("shmpubd", "shmpub"):
        said = windows.run(scripts / f"{name}.exe", "--version")
        assert said.returncode == 0 and said.stdout.startswith(f"{name} "), said
    source = windows.drive / "t.csv"
    source.write_text(TEXT, encoding="utf-8")
    ini = windows.drive / "shmpubd.ini"
    ini.write_text("[daemon]\ninstance = wheels\ndirectory = Local\n[feed t]\nsource = C:\\t.csv\n")
    ask = (
        "import os, subprocess, sys, shmpub, shmpub_daemon\n"
        "path = shmpub_daemon.path('shmpubd')\n"
        "daemon = subprocess.Popen([path, '-c', 'C:\\\\shmpubd.ini'])\n"
        "feed = shmpub.subscribe('t', instance='wheels', directory='Local')\n"
        "feed.wait(timeout=60)\n"
        "df = feed.df\n"
        "kinds = {c: str(t) for c, t in df.dtypes.items()}\n"
        "print(path, shmpub.__file__, df.shape, kinds, df.x.sum())\n"
        "daemon.kill()\n"
    )
    script = windows.drive / "ask.py"
    script.write_text(ask)
    done = windows.run(windows.drive / "Python/python.exe", "C:\\ask.py", timeout=300)
    total = sum(i + 0.25 for i in range(2000)) + 0.5
    python = "C:\\Python"
    assert f"{python}\\Scripts\\shmpubd.exe {python}\\Lib\\site-packages\\shmpub" in done.stdout, (
        done
    )
    assert f"(2002, 3) {KINDS} {total}" in done.stdout, done


def test_windows_serves_files(windows: Wine) -> None:
    program = windows.drive / "Python/Scripts/shmpub.exe"
    (windows.drive / "u.csv").write_text(TEXT, encoding="utf-8")
    place = ("-i", f"wheels-{uuid.uuid4().hex[:8]}", "-d", "Local")
    up = windows.popen(program, *place, "up", "C:\\u.csv")
    try:
        until(lambda: windows.run(program, *place, "health").returncode == 0)
        said = windows.run(program, *place, "cat", "u", "--head", "2").stdout
        assert said == "name,n,x\nä,1,0.5\nb,2,\n"
        assert "stopped" in windows.run(program, *place, "down").stdout
        up.communicate(timeout=60)
        assert up.returncode == 0
    finally:
        up.kill()
        up.communicate()


def test_windows_programs_need_only_windows(tmp_path: Path) -> None:
    with zipfile.ZipFile(daemon_wheel("win_amd64")) as wheel:
        for name in ("shmpubd", "shmpub"):
            (entry,) = (n for n in wheel.namelist() if n.endswith(f"/scripts/{name}.exe"))
            program = wheel.extract(entry, tmp_path)
            said = subprocess.run(
                ["x86_64-w64-mingw32-objdump", "-p", program],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            names = {
                line.split(": ")[1].lower() for line in said.splitlines() if "DLL Name:" in line
            }
            assert names and not any(n.startswith(("lib", "shmpub")) for n in names), names


# --- reproducible ----------------------------------------------------------------------------


def test_built_again_elsewhere_all_bytes_are_the_same(tmp_path: Path) -> None:
    """Only the compiler and the libraries' sources are shared; all else is built once more."""
    again = tmp_path / "elsewhere"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        *(),
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        (again / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, again / name, follow_symlinks=False)
    (again / "build/wheels").mkdir(parents=True)
    for name in ("tools", "vendor", "cache", ".tools.stamp", ".vendor.stamp"):
        (again / "build/wheels" / name).symlink_to(WHEELS / name)
    os.symlink(ROOT / "build/windows", again / "build/windows")
    subprocess.run([again / "scripts/wheels"], check=True, timeout=1400)
    for wheel in sorted(DIST.glob("*.whl")):
        there = (again / "build/wheels/dist" / wheel.name).read_bytes()
        assert there == wheel.read_bytes(), wheel.name
