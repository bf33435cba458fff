"""The release as a user of Windows gets it: the zip, and the installer with its uninstaller.

scripts/package-windows has made both, in build/windows/packages. Wine asks nobody for an
administrator's leave; what that looks like is in tests/windows-checklist.ps1.
"""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest
from wine import ROOT, Wine, until

PACKAGES = ROOT / "build" / "windows" / "packages"
ENVIRONMENT = r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment"
UNINSTALL = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall\shmpub"

pytestmark = pytest.mark.skipif(
    not PACKAGES.is_dir(), reason="no packages: scripts/package-windows makes them"
)


def package(pattern: str) -> Path:
    (path,) = PACKAGES.glob(pattern)
    return path


def version() -> str:
    return package("shmpub-*-setup.exe").name.split("-")[1]


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def says_its_version(wine: Wine, folder: Path) -> None:
    for name in ("shmpub", "shmpubd"):
        said = wine.run(folder / "bin" / f"{name}.exe", "--version")
        assert (said.returncode, version() in said.stdout) == (0, True), said


def registry(wine: Wine, key: str, value: str) -> str | None:
    """A value's text, or None."""
    asked = wine.run("reg", "query", key, "/v", value)
    if asked.returncode != 0:
        return None
    (line,) = (line for line in asked.stdout.splitlines() if line.split()[:1] == [value])
    return line.split(None, 2)[2].strip()


def is_a_service(wine: Wine) -> bool:
    return wine.run("sc", "query", "shmpubd").returncode == 0


class Installed:
    """C:\\Program Files\\shmpub, by the installer, and what it makes elsewhere."""

    def __init__(self, wine: Wine) -> None:
        self.wine = wine
        self.folder = wine.drive / "Program Files" / "shmpub"
        self.data = wine.drive / "ProgramData" / "shmpub"
        self.ini = self.data / "shmpubd.ini"

    def install(self, *options: str) -> None:
        setup = self.wine.drive / "setup.exe"
        setup.write_bytes(package("shmpub-*-setup.exe").read_bytes())
        done = self.wine.run(setup, "/S", *options, timeout=120)
        assert done.returncode == 0, done
        setup.unlink()

    def uninstall(self) -> None:
        """It goes on in a copy of itself, since it removes itself as well."""
        done = self.wine.run(self.folder / "uninstall.exe", "/S")
        assert done.returncode == 0, done
        until(lambda: not self.folder.exists())
        until(lambda: registry(self.wine, UNINSTALL, "DisplayName") is None)


@pytest.fixture
def installed(wine: Wine) -> Installed:
    return Installed(wine)


def test_zip(wine: Wine) -> None:
    folder = wine.drive / "unpacked"
    with zipfile.ZipFile(package("*.zip")) as archive:
        archive.extractall(folder)
        names = archive.namelist()
    (top,) = {name.split("/")[0] for name in names}
    says_its_version(wine, folder / top)
    for text in ("LICENSE.txt", "config/shmpubd.ini"):
        lines = (folder / top / text).read_bytes().split(b"\n")
        assert all(line.endswith(b"\r") for line in lines[:-1]), text
    for wanted in ("include/shmpub/shmpub.h", "lib/libshmpub.dll.a", "lib/libshmpub.a"):
        assert f"{top}/{wanted}" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_a_program_is_built_from_the_zip(wine: Wine) -> None:
    """The header and the import library are all that a program needs."""
    folder = wine.drive / "developer"
    with zipfile.ZipFile(package("*.zip")) as archive:
        archive.extractall(folder)
    (top,) = folder.iterdir()
    program = top / "bin" / "reader.exe"
    for library in ("libshmpub.dll.a", "libshmpub.a"):
        compiler = ["x86_64-w64-mingw32-gcc-win32", "-static", "-I", top / "include"]
        link = [top / "lib" / library, "-ladvapi32", "-o", program]
        subprocess.run([*compiler, top / "examples" / "reader.c", *link], check=True)
        said = wine.run(program)  # to run at all, it has found the library
        assert "usage: " in said.stdout + said.stderr, said


def test_installer(wine: Wine, installed: Installed) -> None:
    path = registry(wine, ENVIRONMENT, "PATH")
    installed.install("/PATH", "/SERVICE")
    there = files(installed.folder)
    assert there.pop("uninstall.exe")
    with zipfile.ZipFile(package("*.zip")) as archive:
        in_zip = {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}
    assert there == in_zip
    says_its_version(wine, installed.folder)
    assert installed.ini.read_bytes() == in_zip["config/shmpubd.ini"]
    assert registry(wine, UNINSTALL, "DisplayVersion") == version()
    assert registry(wine, ENVIRONMENT, "PATH") == f"{path};C:\\Program Files\\shmpub\\bin"
    assert is_a_service(wine)

    installed.uninstall()
    assert not installed.data.exists()
    assert registry(wine, ENVIRONMENT, "PATH") == path
    assert not is_a_service(wine)


def test_only_what_was_asked_for(wine: Wine, installed: Installed) -> None:
    path = registry(wine, ENVIRONMENT, "PATH")
    installed.install()
    assert not is_a_service(wine)
    assert registry(wine, ENVIRONMENT, "PATH") == path
    installed.uninstall()


def test_what_was_changed_stays(wine: Wine, installed: Installed) -> None:
    """An upgrade leaves the configuration and restarts the service; so does the uninstaller."""
    installed.data.mkdir(parents=True)
    (installed.data / "a.csv").write_text("x\n1\n")
    ini = b"[feed a]\r\nsource = a.csv\r\ninterval = 1s\r\n"
    installed.ini.write_bytes(ini)
    installed.install("/SERVICE")
    program = installed.folder / "bin" / "shmpubd.exe"
    started = wine.run(program, "service", "start")
    assert started.returncode == 0, started
    before = wine.run(program, "service", "status")
    assert before.returncode == 0, before

    installed.install()
    after = wine.run(program, "service", "status")
    assert (after.returncode, after.stdout != before.stdout) == (0, True), after

    (installed.folder / "mine.txt").write_text("not the installer's")
    done = wine.run(installed.folder / "uninstall.exe", "/S")
    assert done.returncode == 0, done
    until(lambda: [p.name for p in installed.folder.iterdir()] == ["mine.txt"])
    assert installed.ini.read_bytes() == ini
    assert not is_a_service(wine)
