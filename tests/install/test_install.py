"""cmake --install of the release build, into an empty folder: each thing where Linux wants it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SHMPUB_BUILD", ROOT / "build/release"))


def install(into: Path) -> None:
    subprocess.run(
        ["cmake", "--install", BUILD],
        env=os.environ | {"DESTDIR": str(into)},
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("installed")
    install(into)
    return into


@pytest.mark.parametrize(
    "name",
    [
        "usr/local/bin/shmpubd",
        "usr/local/bin/shmpub",
        "usr/local/include/shmpub/shmpub.h",
        "usr/local/share/man/man1/shmpub.1",
        "usr/local/share/man/man5/shmpubd.ini.5",
        "usr/local/share/man/man8/shmpubd.8",
        "usr/local/lib/systemd/system/shmpubd.service",
        "usr/local/lib/sysusers.d/shmpub.conf",
        "usr/local/lib/tmpfiles.d/shmpub.conf",
        "etc/shmpub/shmpubd.ini",
    ],
)
def test_it_is_there(installed: Path, name: str) -> None:
    assert (installed / name).is_file()


def test_the_unit_starts_what_was_installed(installed: Path) -> None:
    unit = (installed / "usr/local/lib/systemd/system/shmpubd.service").read_text()
    assert "ExecStart=/usr/local/bin/shmpubd -c /etc/shmpub/shmpubd.ini\n" in unit
    assert "@" not in unit


def test_the_sample_configuration_is_good(installed: Path) -> None:
    daemon = installed / "usr/local/bin/shmpubd"
    ini = installed / "etc/shmpub/shmpubd.ini"
    subprocess.run([daemon, "-c", ini, "--check"], check=True)


def test_a_configuration_that_is_there_is_kept(tmp_path: Path) -> None:
    ini = tmp_path / "etc/shmpub/shmpubd.ini"
    ini.parent.mkdir(parents=True)
    ini.write_text("mine\n")
    install(tmp_path)
    assert ini.read_text() == "mine\n"


def test_a_program_is_compiled_with_pkg_config(installed: Path, tmp_path: Path) -> None:
    source = tmp_path / "version.c"
    source.write_text(
        "#include <shmpub/shmpub.h>\n#include <stdio.h>\n"
        "int main(void)\n{\n\treturn puts(shmpub_version()) < 0;\n}\n"
    )
    (folder,) = installed.rglob("pkgconfig")
    found = os.environ | {"PKG_CONFIG_PATH": str(folder), "PKG_CONFIG_SYSROOT_DIR": str(installed)}
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "shmpub"],
        env=found,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    program = tmp_path / "version"
    subprocess.run(["cc", source, *flags, "-o", program], check=True)
    out = subprocess.run(
        [program],
        env=os.environ | {"LD_LIBRARY_PATH": str(folder.parent)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert out == f"{version_of_the_project()}\n"


def version_of_the_project() -> str:
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    return text.split("VERSION ")[2].split()[0]
