"""cmake --install of the release build, into an empty folder: each thing where Linux wants it."""

from __future__ import annotations

import os
import re
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
        "usr/local/include/shmpub/feed_errors.h",
        "usr/local/include/shmpub/new_rows.h",
        "usr/local/include/shmpub/shmpub.h",
        "usr/local/share/bash-completion/completions/shmpub",
        "usr/local/share/man/man1/shmpub.1",
        "usr/local/share/man/man5/shmpubd.ini.5",
        "usr/local/share/man/man8/shmpubd.8",
        "usr/local/share/zsh/site-functions/_shmpub",
        "usr/local/lib/systemd/system/shmpubd.service",
        "usr/local/lib/systemd/system/shmpubd@.service",
        "usr/local/lib/sysusers.d/shmpub.conf",
        "usr/local/lib/tmpfiles.d/shmpub.conf",
        "etc/shmpub/shmpubd.ini",
        "etc/shmpub/conf.d/README",
        "usr/local/share/doc/shmpub/ARCHITECTURE.md",
        "usr/local/share/doc/shmpub/CHANGELOG.md",
        "usr/local/share/doc/shmpub/CSV.md",
        "usr/local/share/doc/shmpub/FORMAT.md",
        "usr/local/share/doc/shmpub/LICENSE",
        "usr/local/share/doc/shmpub/decisions/README.md",
    ],
)
def test_it_is_there(installed: Path, name: str) -> None:
    assert (installed / name).is_file()


def test_the_unit_starts_what_was_installed(installed: Path) -> None:
    unit = (installed / "usr/local/lib/systemd/system/shmpubd.service").read_text()
    assert "ExecStart=/usr/local/bin/shmpubd -c /etc/shmpub/shmpubd.ini\n" in unit
    assert not re.search("@[A-Z_]+@", unit)


def test_the_unit_for_instances_has_an_ini_for_each(installed: Path) -> None:
    unit = (installed / "usr/local/lib/systemd/system/shmpubd@.service").read_text()
    assert "ExecStart=/usr/local/bin/shmpubd -c /etc/shmpub/%i.ini\n" in unit


@pytest.mark.parametrize("version", [252, 253])
def test_the_reload_is_as_systemd_knows_it(tmp_path: Path, version: int) -> None:
    """The version is told to the build; the install script of a copy of it is run."""
    script = (BUILD / "service/install_service.cmake").read_text()
    own = tmp_path / "install.cmake"
    own.write_text(
        script.replace('set(systemd "")', f'set(systemd "{version}")').replace(
            str(BUILD / "service"), str(tmp_path)
        )
    )
    command = ["cmake", f"-DCMAKE_INSTALL_PREFIX={tmp_path}/to", "-P", own]
    subprocess.run(command, check=True, capture_output=True)
    unit = (tmp_path / "to/lib/systemd/system/shmpubd.service").read_text()
    is_new = version >= 253
    assert f"\nType={'notify-reload' if is_new else 'notify'}\n" in unit
    assert ("kill -HUP" in unit) != is_new
    assert "\nWatchdogSec=30\n" in unit


def test_uninstall_leaves_nothing(tmp_path: Path) -> None:
    into = tmp_path / "into"
    other = into / "usr/local/share/man/man1/other.1"
    other.parent.mkdir(parents=True)
    other.write_text("another program's\n")
    install(into)
    assert len(files_below(into)) > 40
    run_uninstall(into)
    assert files_below(into) == [other]
    assert not list(into.rglob("*shmpub*"))


def test_uninstall_keeps_a_configuration_that_was_changed(tmp_path: Path) -> None:
    install(tmp_path)
    ini = tmp_path / "etc/shmpub/shmpubd.ini"
    ini.chmod(0o644)
    ini.write_text(ini.read_text() + "; mine\n")
    assert f"Kept, because it was changed: {ini}" in run_uninstall(tmp_path)
    assert files_below(tmp_path) == [ini]


def test_uninstall_without_an_install_says_so(tmp_path: Path) -> None:
    script = tmp_path / "uninstall.cmake"
    text = (BUILD / "packaging/uninstall.cmake").read_text()
    script.write_text(text.replace(str(BUILD), str(tmp_path)))
    done = subprocess.run(["cmake", "-P", script], capture_output=True, text=True)
    assert done.returncode != 0 and "nothing was installed from this build" in done.stderr


def run_uninstall(into: Path) -> str:
    done = subprocess.run(
        ["cmake", "--build", BUILD, "--target", "uninstall"],
        env=os.environ | {"DESTDIR": str(into)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def files_below(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() or p.is_symlink()]


def test_the_dockerfile_installs_what_is_needed(tmp_path: Path) -> None:
    setup = (ROOT / "scripts/setup").read_text()
    wanted = set(re.search(r"^packages=\((.*?)\)", setup, re.S | re.M)[1].split())
    image = (ROOT / "packaging/docker/Dockerfile").read_text()
    build, run = image.split("\nFROM ")[1:]
    assert wanted - {"python3", "python3-venv"} <= set(build.split())
    (tmp_path / "debian").mkdir()
    (tmp_path / "debian/control").touch()
    linked = subprocess.run(
        ["dpkg-shlibdeps", "-O", BUILD / "daemon/shmpubd"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = set(re.findall(r"\b(lib[a-z0-9.+-]+) ", linked)) - {"libc6"}
    assert names and names <= set(run.split())


def test_the_sample_configuration_is_good(installed: Path) -> None:
    daemon = installed / "usr/local/bin/shmpubd"
    ini = installed / "etc/shmpub/shmpubd.ini"
    subprocess.run([daemon, "-c", ini, "--check"], check=True)


def test_the_manual_names_pages_that_are_there(installed: Path) -> None:
    pages = [p.read_text() for p in installed.glob("usr/local/share/man/man*/*")]
    named = {name for page in pages for name in re.findall(r"\b[A-Z]+\.md\b", page)}
    assert "CSV.md" in named
    there = {p.name for p in (installed / "usr/local/share/doc/shmpub").iterdir()}
    assert named <= there
    assert not any("docs/" in page for page in pages)


def test_a_configuration_that_is_there_is_kept(tmp_path: Path) -> None:
    ini = tmp_path / "etc/shmpub/shmpubd.ini"
    ini.parent.mkdir(parents=True)
    ini.write_text("mine\n")
    install(tmp_path)
    assert ini.read_text() == "mine\n"


PROGRAM = """\
#include <shmpub/shmpub.h>
#include <stdio.h>

/* The name of a function of zlib's, which libshmpub has inside as well. */
unsigned long crc32(unsigned long crc) { return crc + 1; }

int main(void)
{
	return crc32(1) != 2 || puts(shmpub_version()) < 0;
}
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.25)
project(uses_shmpub LANGUAGES C)
find_package(shmpub 0.2 REQUIRED)
add_executable(with_shared program.c)
target_link_libraries(with_shared PRIVATE shmpub::shmpub)
add_executable(with_static program.c)
target_link_libraries(with_static PRIVATE shmpub::static)
"""


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installed under a prefix of its own, and then moved somewhere else."""
    folder = tmp_path_factory.mktemp("moved")
    command = ["cmake", "--install", BUILD, "--prefix", folder / "before"]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "before").rename(folder / "after")


def test_everything_stays_below_the_prefix(moved: Path) -> None:
    assert (moved / "etc/shmpub/shmpubd.ini").is_file()
    unit = (moved / "lib/systemd/system/shmpubd.service").read_text()
    before = moved.parent / "before"
    assert f"ExecStart={before}/bin/shmpubd -c {before}/etc/shmpub/shmpubd.ini\n" in unit


def run_with(library: Path, program: Path) -> str:
    found = os.environ | {"LD_LIBRARY_PATH": str(library)}
    done = subprocess.run([program], env=found, check=True, capture_output=True, text=True)
    return done.stdout


def test_a_program_is_compiled_with_pkg_config(moved: Path, tmp_path: Path) -> None:
    (tmp_path / "program.c").write_text(PROGRAM)
    (folder,) = moved.rglob("pkgconfig")
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "shmpub"],
        env=os.environ | {"PKG_CONFIG_PATH": str(folder)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    program = tmp_path / "program"
    subprocess.run(["cc", tmp_path / "program.c", *flags, "-o", program], check=True)
    assert run_with(folder.parent, program) == f"{version_of_the_project()}\n"


def test_programs_are_built_with_the_cmake_package(moved: Path, tmp_path: Path) -> None:
    (tmp_path / "program.c").write_text(PROGRAM)
    (tmp_path / "CMakeLists.txt").write_text(CMAKE)
    build = tmp_path / "build"
    for command in (
        ["cmake", "-S", tmp_path, "-B", build, f"-DCMAKE_PREFIX_PATH={moved}"],
        ["cmake", "--build", build],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    (library,) = moved.rglob("libshmpub.so")
    assert run_with(library.parent, build / "with_shared") == f"{version_of_the_project()}\n"
    assert run_with(tmp_path, build / "with_static") == f"{version_of_the_project()}\n"


def test_the_static_library_shows_its_public_names_only(moved: Path) -> None:
    (archive,) = moved.rglob("libshmpub.a")
    command = ["nm", "--defined-only", "--extern-only", "-P", archive]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    names = {line.split()[0] for line in lines if " " in line}
    assert "shmpub_acquire" in names
    assert {name for name in names if not name.startswith("shmpub_")} == set()


def version_of_the_project() -> str:
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    return text.split("VERSION ")[2].split()[0]
