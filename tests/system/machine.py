"""A booted Debian: systemd-nspawn runs the one of scripts/system-root. What it writes goes to
memory and is gone with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds; a bound against hanging, never a measurement
UNIT = "shmpubd"


def until(what: Callable[[], object], seconds: float = PATIENCE, pause: float = 0.1) -> object:
    """Call `what` until it returns something true, and return that."""
    end = time.monotonic() + seconds
    while True:
        if found := what():
            return found
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(pause)


def own_cgroups() -> Iterator[Path]:
    """Yield the folders of this process's control groups that systemd makes use of."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, kind, path = line.split(":", 2)
        for mount in ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
            folder = Path(mount + path)
            of_kind = mount.endswith("systemd") == (kind == "name=systemd")
            if kind in ("", "name=systemd") and of_kind and (folder / "cgroup.procs").exists():
                yield folder
                break


class Machine:
    """A booted Debian."""

    def __init__(self, root: Path, binds: dict[Path, str]) -> None:
        self.name = f"shmpub-{uuid.uuid4().hex[:8]}"
        # Two machines in one control group would meet in it.
        self.groups = [folder / self.name for folder in own_cgroups()]
        for group in self.groups:
            group.mkdir()
        command = [
            *("systemd-nspawn", f"--directory={root}", "--volatile=overlay", "--boot"),
            *(f"--machine={self.name}", "--register=no", "--keep-unit", "--private-network"),
            *("--console=pipe", "--quiet"),
            *(f"--bind-ro={path}:{place}" for path, place in binds.items()),
        ]
        self.process = subprocess.Popen(
            ["sh", "-c", self._enter() + shlex.join(command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.leader = 0

    def _enter(self) -> str:
        procs = [shlex.quote(str(group / "cgroup.procs")) for group in self.groups]
        return "".join(f"echo $$ >{path} && " for path in procs) + "exec "

    def wait_booted(self) -> str:
        """Return an empty text when the machine runs, and else what it said."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")

        def found() -> bool:
            if self.process.poll() is not None:
                return True
            numbers = children.read_text().split()
            self.leader = int(numbers[0]) if numbers else 0
            state = self.say("systemctl is-system-running") if self.leader else ""
            return state in ("running", "degraded")

        with contextlib.suppress(AssertionError):
            until(found)
        if self.process.poll() is None and self.leader:
            state = self.say("systemctl is-system-running")
            return "" if state in ("running", "degraded") else f"the booted Debian is {state}"
        return self.process.stdout.read() if self.process.poll() is not None else "it did not boot"

    def command(self, line: str, user: str | None = None) -> list[str]:
        become = ["runuser", "-u", user, "--"] if user else []
        environment = [
            *("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root"),
            "PYTHONPATH=/opt/site:/opt/shmpub/client-py/src",
            *("PYTHONDONTWRITEBYTECODE=1", "DEBIAN_FRONTEND=noninteractive"),
        ]
        inside = ["env", "-i", *environment, *become, "bash", "-c", line]
        return ["nsenter", f"--target={self.leader}", "--all", *inside]

    def run(self, line: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(line, user), capture_output=True, text=True, timeout=PATIENCE * 2
        )

    def do(self, line: str, user: str | None = None) -> str:
        """Run a command that must succeed; return what it printed."""
        done = self.run(line, user)
        assert done.returncode == 0, f"{line}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def say(self, line: str, user: str | None = None) -> str:
        return self.run(line, user).stdout.strip()

    def write(self, path: str, text: str) -> None:
        """Put a file in place as a new one, renamed."""
        command = f"mkdir -p $(dirname {path}) && cat >{path}.new && mv {path}.new {path}"
        subprocess.run(self.command(command), input=text, text=True, check=True)

    # --- the service

    def show(self, what: str, unit: str = UNIT) -> str:
        return self.do(f"systemctl show --value -p {what} {unit}")

    def status(self, unit: str = UNIT) -> str:
        """Return the line that `systemctl status` shows of the service."""
        return self.show("StatusText", unit)

    def configure(self, feeds: dict[str, str], daemon: str = "", instance: str = "shmpubd") -> None:
        text = f"[daemon]\n{daemon}\n"
        text += "".join(f"[feed {name}]\n{lines}\n" for name, lines in feeds.items())
        self.write(f"/etc/shmpub/{instance}.ini", text)

    def drop_in(self, lines: str, name: str = "test") -> None:
        """Give the unit a drop-in, and start it again; no lines: take the drop-in away."""
        path = f"/run/systemd/system/{UNIT}.service.d/{name}.conf"
        if lines:
            self.write(path, lines)
        else:
            self.do(f"rm -f {path}")
        self.do(f"systemctl daemon-reload && systemctl restart {UNIT}")

    def rows(self, *options: str) -> dict[str, dict[str, object]]:
        lines = self.say(f"shmpub {' '.join(options)} ls --json", user="reader").splitlines()
        return {row["feed"]: row for row in map(json.loads, lines)}

    def journal(self, unit: str = UNIT) -> str:
        return self.do(f"journalctl -q --no-pager -o cat -u {unit}")

    def end(self) -> None:
        if self.process.poll() is None and self.leader:
            self.run("systemctl poweroff --force --force")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        for group in self.groups:
            for folder in sorted(group.rglob("*/"), reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            with contextlib.suppress(OSError):
                group.rmdir()


def why_not() -> str:
    """Return what this machine lacks to boot another; empty when there is nothing."""
    if os.geteuid() != 0:
        return "only root can boot a Debian"
    for program in ("systemd-nspawn", "debootstrap", "nsenter", "lintian"):
        if subprocess.run(["which", program], capture_output=True).returncode:
            return f"{program} is not installed"
    return ""


def find_debian() -> tuple[Path, str]:
    """Return the folder of the Debian that is booted, and why there is none."""
    if reason := why_not():
        return Path(), reason
    done = subprocess.run([ROOT / "scripts/system-root"], capture_output=True, text=True)
    return Path(done.stdout.strip()), done.stderr.strip() if done.returncode else ""
