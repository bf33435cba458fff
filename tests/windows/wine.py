"""A Wine prefix of its own, and Windows programs run in it.

The programs are those of SHMPUB_BUILD (a build of the preset mingw-cross). scripts/setup-windows
leaves an empty prefix in build/windows/prefix, which is copied; without it one is made.

Two traps of Debian's Wine: its server ends with the last ordinary process and takes the services
along, so it is started with -p; and the first program whose output is a pipe hangs unless another
one ran before.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SHMPUB_BUILD", ROOT / "build" / "mingw-cross"))
TEMPLATE = ROOT / "build" / "windows" / "prefix"
PYTHON = ROOT / "build" / "windows" / "python" / "python.exe"  # Windows' CPython
SITE = ROOT / "build" / "windows" / "site"
WINE = "/usr/lib/wine/wine64"
PATIENCE = 150.0  # seconds; a bound against hanging, never a measurement


def until(what: Callable[[], object], seconds: float = PATIENCE, pause: float = 0.2) -> object:
    """What `what` returns, as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(pause)
    return found


def outside(path: Path) -> str:
    """A path outside of the prefix, as Windows programs see it."""
    return "Z:" + str(path).replace("/", "\\")


class Wine:
    """One prefix: a small Windows with a drive C: of its own."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.log = prefix.with_name("services.log")  # of services: Wine's trace of the event log
        self.drive = prefix / "drive_c"
        self.environment = {
            **os.environ,
            "WINEPREFIX": str(prefix),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            "LC_ALL": "C.UTF-8",  # so that arguments reach programs in UTF-8
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "",  # the cache, as in scripts/wine, saves half a minute
            "PYTHONPYCACHEPREFIX": outside(ROOT / "build" / "windows" / "pycache"),
            "PYTHONPATH": f"{outside(ROOT / 'client-py' / 'src')};{outside(SITE)}",
        }
        self.environment.pop("DISPLAY", None)

    def boot(self) -> None:
        if TEMPLATE.is_dir():
            shutil.copytree(TEMPLATE, self.prefix, symlinks=True)
        else:
            self._quietly(WINE, "wineboot", "-i")
            self._quietly(WINE, "winecfg", "/v", "win10")
            self._server("-k")
        self.start()

    def start(self) -> None:
        """As Windows starts: the services that start by themselves are started."""
        self._server("-p")
        self._quietly(WINE, "wineboot", debug="-all,+eventlog")

    def end(self) -> None:
        self._server("-k")
        self._server("-w")

    def _server(self, option: str) -> None:
        self._quietly("wineserver", option)

    def _quietly(self, *command: str, debug: str = "-all") -> None:
        with self.log.open("ab") as log:
            subprocess.run(
                command,
                env={**self.environment, "WINEDEBUG": debug},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                timeout=PATIENCE * 2,
                check=False,
            )

    def events(self) -> list[tuple[str, str]]:
        """(level, text) of each event that services reported since the prefix was made."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return re.findall(r':(\w+):eventlog:ReportEventW L"(.*)"$', text, re.MULTILINE)

    def windows_path(self, path: Path) -> str:
        """A path below the drive as Windows writes it."""
        return "C:\\" + str(path.relative_to(self.drive)).replace("/", "\\")

    def command(self, program: str | Path, *arguments: str) -> list[str]:
        name = self.windows_path(program) if isinstance(program, Path) else program
        return [WINE, name, *arguments]

    def run(
        self, program: str | Path, *arguments: str, timeout: float = PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end. A program of Windows itself has its name only ("sc")."""
        run = subprocess.run(
            self.command(program, *arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return subprocess.CompletedProcess(
            run.args, run.returncode, _text(run.stdout), _text(run.stderr)
        )

    def python(self, text: str, *arguments: str) -> str:
        """What a script prints in Windows' CPython, with our client, NumPy and pandas."""
        run = self.run(outside(PYTHON), "-c", text, *arguments)
        assert run.returncode == 0, run
        return run.stdout

    def popen(self, program: str | Path, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(program, *arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace").replace("\r\n", "\n")
