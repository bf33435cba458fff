"""What tests of the CLI share: a publisher for each test, and ways to run the program under test.

Every publisher has a private directory below /dev/shm, so that tests that run at the same time do
not meet. It is stopped at the end of its test, and must leave nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import BUILD

SHMPUB = BUILD / "cli" / "shmpub"
PUBLISH_FILE = BUILD / "tests" / "publish_file"


class Publisher:
    """tests/tools/publish_file, started on demand."""

    def __init__(self, instance: str = "cli") -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="shmpub-cli-", dir="/dev/shm"))
        self.files = Path(tempfile.mkdtemp(prefix="shmpub-cli-"))
        self.files.chmod(0o755)
        self.instance = instance
        self.process: subprocess.Popen[str] | None = None
        self.n_files = 0
        self.user: int | None = None  # who publishes; None: who runs the tests

    def start(self, *arguments: str) -> None:
        assert self.process is None
        self.process = subprocess.Popen(
            [PUBLISH_FILE, "-d", self.directory, "-i", self.instance, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            user=self.user,
        )

    def tell(self, line: str) -> str:
        assert self.process and self.process.stdin and self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the publisher ended"
        return answer.rstrip("\n")

    def publish(self, feed: str, text: str | bytes) -> int:
        """Publish a text and return its sequence. A failure raises ValueError with the reason."""
        if self.process is None:
            self.start()
        self.n_files += 1
        path = self.files / str(self.n_files)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        answer = self.tell(f"{feed}={path}")
        if " failed: " in answer:
            raise ValueError(answer.split(" failed: ", 1)[1])
        return int(answer.split()[1])

    def remove(self, feed: str) -> None:
        assert self.tell(f"-{feed}") == f"{feed} removed"

    def announce(self, feed: str) -> None:
        assert self.tell(f"+{feed}") == f"{feed} announced"

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.communicate()
        assert self.process.returncode == 0
        self.process = None

    def kill(self) -> int:
        """Kill the publisher as kill -9 does, and return its pid."""
        assert self.process is not None
        pid = self.process.pid
        self.process.kill()
        self.process.communicate()
        self.process = None
        return pid

    def close(self) -> None:
        try:
            self.stop()
        finally:
            if self.process is not None:
                self.process.kill()
                self.process.wait()
            shutil.rmtree(self.directory)
            shutil.rmtree(self.files)

    def command(self, *arguments: str | Path) -> list[str | Path]:
        return [SHMPUB, "-i", self.instance, "-d", self.directory, *arguments]

    def run(self, *arguments: str | Path, status: int = 0) -> str:
        """Run the program and return its output. The status must be the one given."""
        done = subprocess.run(self.command(*arguments), capture_output=True, timeout=60)
        assert done.returncode == status, (arguments, done.returncode, done.stderr.decode())
        assert (done.stderr == b"") == (status == 0), done.stderr.decode()
        return done.stdout.decode()

    def fail(self, *arguments: str | Path, status: int = 1) -> str:
        """Run the program and return its standard error. The status must be the one given."""
        done = subprocess.run(self.command(*arguments), capture_output=True, timeout=60)
        assert done.returncode == status, (arguments, done.returncode, done.stderr.decode())
        return done.stderr.decode()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    p = Publisher()
    yield p
    p.close()
