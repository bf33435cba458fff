"""What is in the wheels: names, bytes, metadata, and programs that need nothing of a system."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import DIST, IS_ALL, ROOT, WHEELS, daemon_wheel

MACHINES = ["x86_64", "aarch64"] if IS_ALL else ["x86_64"]
TAGS = MACHINES + (["win_amd64"] if IS_ALL else [])


def record(wheel: zipfile.ZipFile) -> list[list[str]]:
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/RECORD"))
    return list(csv.reader(io.StringIO(wheel.read(name).decode())))


@pytest.mark.parametrize("tag", TAGS)
def test_record_has_each_file_and_its_hash(tag: str) -> None:
    with zipfile.ZipFile(daemon_wheel(tag)) as wheel:
        lines = record(wheel)
        assert sorted(line[0] for line in lines) == sorted(wheel.namelist())
        for name, digest, size in lines:
            if name.endswith("/RECORD"):
                assert digest == size == ""
                continue
            data = wheel.read(name)
            have = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={have}", str(len(data))), name


@pytest.mark.parametrize("tag", TAGS)
def test_nothing_of_the_file_system_is_in_it(tag: str) -> None:
    with zipfile.ZipFile(daemon_wheel(tag)) as wheel:
        names = wheel.namelist()
        assert names[:-1] == sorted(names[:-1]) and names[-1].endswith("/RECORD")
        assert {i.date_time for i in wheel.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for info in wheel.infolist():
            is_program = "/bin/" in info.filename or "/scripts/" in info.filename
            assert info.external_attr >> 16 == (0o100755 if is_program else 0o100644)
            assert str(ROOT).encode() not in wheel.read(info), info.filename


@pytest.mark.parametrize("machine", MACHINES)
def test_programs_are_static(machine: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(daemon_wheel(machine)) as wheel:
        for name in ("shmpubd", "shmpub"):
            program = wheel.extract(f"shmpub_daemon/bin/{name}", tmp_path)
            said = subprocess.run(
                ["readelf", "-hlSdW", program], capture_output=True, text=True, check=True
            ).stdout
            assert "INTERP" not in said and "NEEDED" not in said and ".symtab" not in said
            assert re.search(r"Machine:.*(X86-64|AArch64)", said)
            assert ("AArch64" in said) == (machine == "aarch64")
            assert "GNU_STACK" in said and not re.search(r"GNU_STACK.* RWE ", said)


@pytest.mark.parametrize("tag", TAGS)
def test_what_stands_in_it(tag: str) -> None:
    with zipfile.ZipFile(daemon_wheel(tag)) as wheel:
        names = wheel.namelist()
        (metadata,) = (n for n in names if n.endswith("/METADATA"))
        text = wheel.read(metadata).decode()
        version = re.search(r"^Version: (.+)$", text, re.M)
        assert version and f"-{version[1]}-py3-none-" in daemon_wheel(tag).name
        told = re.findall(r"^License-File: (.+)$", text, re.M)
        assert sorted(told) == sorted(n.split("/licenses/")[1] for n in names if "/licenses/" in n)
        assert {"LICENSE", "libuv", "inih"} <= set(told)
        if tag != "win_amd64":
            assert {"zlib", "zstd", "xz", "musl"} <= set(told)
            assert any(n.endswith("data/share/man/man8/shmpubd.8") for n in names)
            assert "shmpub_daemon/systemd/shmpubd-user.service.in" in names
        (tags,) = (n for n in names if n.endswith("/WHEEL"))
        said = re.findall(r"^Tag: py3-none-(.+)$", wheel.read(tags).decode(), re.M)
        assert ".".join(said) == daemon_wheel(tag).stem.split("-py3-none-")[1]


def test_the_two_go_together() -> None:
    (client,) = DIST.glob("shmpub-*.whl")
    assert client.name.endswith("-py3-none-any.whl")
    version = client.name.split("-")[1]
    assert daemon_wheel("x86_64").name.startswith(f"shmpub_daemon-{version}-")
    with zipfile.ZipFile(client) as wheel:
        (name,) = (n for n in wheel.namelist() if n.endswith("/METADATA"))
        text = wheel.read(name).decode()
    needed = re.search(r'^Requires-Dist: shmpub-daemon==(.+); extra == "daemon"$', text, re.M)
    assert needed and needed[1] == version


def test_packed_again_it_is_the_same(tmp_path: Path) -> None:
    wheel = daemon_wheel("x86_64")
    licenses, words = tmp_path / "licenses", []
    with zipfile.ZipFile(wheel) as packed:
        for name in packed.namelist():
            if "/licenses/" in name and not name.endswith("/LICENSE"):
                packed.extract(name, licenses)
                words += ["--license", name.split("/")[-1], licenses / name]
        (metadata,) = (n for n in packed.namelist() if n.endswith("/METADATA"))
        text = packed.read(metadata).decode()
    expression = re.search(r"^License-Expression: (.+)$", text, re.M)
    assert expression
    subprocess.run(
        [
            *(sys.executable, ROOT / "packaging/wheels/pack.py", "--platform", "x86_64"),
            *("--programs", WHEELS / "x86_64/programs", "--out", tmp_path / "again"),
            *("--license-expression", expression[1], *reversed_pairs(words)),
        ],
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "again" / wheel.name).read_bytes() == wheel.read_bytes()


def reversed_pairs(words: list[str | Path]) -> list[str | Path]:
    """The same options in another order, which must not matter."""
    return [word for i in range(len(words) - 3, -1, -3) for word in words[i : i + 3]]


@pytest.mark.timeout(300)
def test_twine_has_no_complaint() -> None:
    at = WHEELS / "check"
    if not (at / "bin/twine").exists():
        venv.create(at, with_pip=True, clear=True)
        subprocess.run([at / "bin/pip", "install", "-q", "twine==6.2.0"], check=True)
    files = sorted(DIST.glob("*.whl"))
    said = subprocess.run(
        [at / "bin/twine", "check", "--strict", *files], capture_output=True, text=True
    )
    assert said.returncode == 0 and said.stdout.count("PASSED") == len(files), said.stdout
