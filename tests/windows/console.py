"""shmpubd.exe as a program of a console, under Wine."""

from __future__ import annotations

import re
import signal
import subprocess
import uuid
from pathlib import Path

from wine import BUILD, PATIENCE, Wine, until

FAST = "interval = 20ms"


class Daemon:
    """A shmpubd of a console, whose output goes into a file."""

    def __init__(self, wine: Wine, folder: Path) -> None:
        self.wine, self.folder = wine, folder
        self.instance = f"console-{uuid.uuid4().hex[:12]}"
        self.ini, self.log = folder / "shmpubd.ini", folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    def source(self, name: str, text: str) -> None:
        new = self.folder / f"{name}.new"
        new.write_bytes(text.encode())
        new.replace(self.folder / name)

    def configure(self, feeds: dict[str, str]) -> None:
        text = f"[daemon]\ninstance = {self.instance}\n"
        text += "".join(f"[feed {name}]\n{lines}\n{FAST}\n" for name, lines in feeds.items())
        self.ini.write_text(text)

    def start(self) -> Daemon:
        program = self.wine.command(str(BUILD / "daemon" / "shmpubd.exe"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*program, "-c", self.wine.windows_path(self.ini)],
                env=self.wine.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: self.cli("health").returncode != 2)
        return self

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.wine.run(str(BUILD / "cli" / "shmpub.exe"), "-i", self.instance, *arguments)

    def error(self, feed: str) -> str:
        """What stands in the feed's line of errors."""
        match = re.search(r'"error":"((?:[^"\\]|\\.)*)"', self.line(feed))
        assert match
        return match[1].replace("\\\\", "\\")

    def line(self, feed: str) -> str:
        lines = self.cli("ls", "--json").stdout.splitlines()
        return next(line for line in lines if f'"feed":"{feed}"' in line)

    @property
    def pid(self) -> int:
        match = re.search(r"^pid\s+(\d+)", self.cli("info", "a").stdout, re.MULTILINE)
        assert match
        return int(match[1])

    def stop(self, how: int = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        self.process = None
        return status
