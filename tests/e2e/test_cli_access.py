"""Who may not read is told so, by every command: the path, why, and what decides it."""

from __future__ import annotations

import os
import subprocess

import pytest
from cli_tools import Publisher
from conftest import needs_root

STRANGER = 54321

pytestmark = needs_root


def as_stranger(publisher: Publisher, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        publisher.command(*arguments),
        capture_output=True,
        text=True,
        timeout=60,
        user=STRANGER,
        group=STRANGER,
        extra_groups=[],
    )


@pytest.mark.parametrize("closed", ["cli/t.arrow", "cli/catalog", "cli", ""])
@pytest.mark.parametrize("command", ["cat", "info", "verify", "watch"])
def test_a_closed_feed(publisher: Publisher, command: str, closed: str) -> None:
    publisher.directory.chmod(0o755)
    publisher.publish("t", "a\n1\n")
    path = publisher.directory / closed
    path.chmod(0o700 if path.is_dir() else 0o600)
    done = as_stranger(publisher, command, "t")
    assert done.returncode == 1
    assert str(path) in done.stderr
    assert "permission denied for uid 54321" in done.stderr
    if closed:
        mode = "0700" if path.is_dir() else "0600"
        assert f"its mode is {mode}, its owner uid 0, its group gid 0" in done.stderr
    publisher.directory.chmod(0o755)


def test_the_others_are_read(publisher: Publisher) -> None:
    """A closed feed does not close its neighbours."""
    publisher.directory.chmod(0o755)
    publisher.publish("closed", "a\n1\n")
    publisher.publish("open", "a\n2\n")
    (publisher.directory / "cli" / "closed.arrow").chmod(0o600)
    assert as_stranger(publisher, "cat", "open").stdout == "a\n2\n"
    done = as_stranger(publisher, "verify")
    assert done.returncode == 1
    closed, good = done.stdout.splitlines()
    assert closed == "closed: not verified: permission denied"
    assert good.startswith("open: good")


def test_an_owner_who_is_not_trusted(publisher: Publisher) -> None:
    """The message has the option that accepts the owner, as it is to be typed."""
    publisher.directory.chmod(0o755)
    publisher.publish("t", "a\n1\n")
    place = publisher.directory / "cli"
    for path in [*place.iterdir(), place]:
        os.chown(path, STRANGER, STRANGER)
    told = subprocess.run(publisher.command("cat", "t"), capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    assert f"belongs to uid {STRANGER}, who is not trusted" in told.stderr
    assert f"--owner {STRANGER}" in told.stderr
    command = publisher.command("--owner", str(STRANGER), "cat", "t")
    assert subprocess.run(command, capture_output=True, text=True, timeout=60).stdout == "a\n1\n"
