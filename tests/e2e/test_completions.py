"""What bash and zsh offer when somebody presses TAB, in real shells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cli_tools import SHMPUB, Publisher
from test_cli_output import Terminal

COMPLETIONS = Path(__file__).resolve().parents[2] / "cli" / "completions"
COMMANDS = set("ls info cat watch top verify health refresh up down service metrics".split())

# bash's own way of calling a completion: the line is split as readline splits it, at "=" too.
BASH = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_shmpub "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def offered(*words: str) -> set[str]:
    done = subprocess.run(
        ["bash", "-c", BASH, "bash", COMPLETIONS / "shmpub.bash", SHMPUB, *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def place(publisher: Publisher) -> list[str]:
    return ["-i", publisher.instance, "-d", str(publisher.directory)]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([""], COMMANDS),
        (["w"], {"watch"}),
        (["-i", "x", "he"], {"health"}),
        (["--instance", "=", "x", "he"], {"health"}),
        (["--o"], {"--owner"}),
        (["cat", "--f"], {"--follow", "--format"}),
        (["cat", "--format", ""], {"csv", "json", "arrow"}),
        (["cat", "--format", "=", "j"], {"json"}),
        (["cat", "--format", "="], {"csv", "json", "arrow"}),
        (["ls", "-"], {"--json"}),
        (["ls", ""], set()),
        (["health", "-"], {"--max-age"}),
        (["refresh", "-"], {"--no-wait"}),
        (["up", "-"], {"--detach", "--interval", "--set", "--save"}),
        (["up", "--interval", ""], set()),
        (["health", "--max-age", ""], set()),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_bash(words: list[str], wanted: set[str]) -> None:
    assert offered(*words) == wanted


def test_every_command_and_option_is_known() -> None:
    """Both files follow the program."""
    help_text = subprocess.run([SHMPUB, "--help"], capture_output=True, text=True).stdout
    commands = set(re.findall(r"^  ([a-z]+) ", help_text, re.M))
    assert commands == COMMANDS
    for name in ("shmpub.bash", "_shmpub"):
        text = (COMPLETIONS / name).read_text()
        for word in commands | set(re.findall(r"--[a-z-]+", help_text)):
            assert re.search(rf"(?<![\w-]){word}\b", text), (name, word)


def test_bash_knows_feeds(publisher: Publisher) -> None:
    for feed in ("quotes", "quotas", "other.feed"):
        publisher.publish(feed, "a\n1\n")
    where = place(publisher)
    every = {"quotes", "quotas", "other.feed"}
    for command in ("info", "cat", "watch", "verify", "health"):
        assert offered(*where, command, "") == every
    assert offered(*where, "cat", "quo") == {"quotes", "quotas"}
    assert offered("--instance", "=", publisher.instance, *where[2:], "cat", "o") == {"other.feed"}
    assert offered(*where, "watch", "quotes", "o") == {"other.feed"}
    assert offered("-i", "nobody", *where[2:], "cat", "") == set()


def typed(shell: list[str], setup: str, keys: bytes, wanted: bytes, publisher: Publisher) -> bytes:
    """What stands on the screen after these keys, in an interactive shell."""
    terminal = Terminal(["/usr/bin/env", *shell], columns=200, lines=30)
    os.write(terminal.fd, setup.encode() + b"; echo re''ady\n")
    terminal.read_until(rb"ready\r")
    terminal.seen = b""
    os.write(terminal.fd, keys)
    try:
        return terminal.read_until(wanted)
    finally:
        os.write(terminal.fd, b"\x15exit\n")
        terminal.end()


def test_in_an_interactive_bash(publisher: Publisher) -> None:
    publisher.publish("quotes", "a\n1\n")
    setup = (
        f"PATH={SHMPUB.parent}:$PATH; export SHMPUB_INSTANCE={publisher.instance} "
        f"SHMPUB_DIRECTORY={publisher.directory}; source {COMPLETIONS / 'shmpub.bash'}"
    )
    shell = ["bash", "--norc", "--noprofile", "-i"]
    assert typed(shell, setup, b"shmpub cat qu\t", rb"cat quotes ", publisher)
    assert typed(shell, setup, b"shmpub he\t", rb"shmpub health ", publisher)


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh (scripts/setup --test)")
@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        (b"shmpub he\t", rb"health"),
        (b"shmpub cat qu\t", rb"cat quotes"),
        (b"shmpub cat --format ar\t", rb"arrow"),
        (b"shmpub -i cli verify qu\t", rb"verify quotes"),
    ],
    ids=["command", "feed", "value", "another instance"],
)
def test_in_an_interactive_zsh(publisher: Publisher, keys: bytes, wanted: bytes) -> None:
    publisher.publish("quotes", "a\n1\n")
    setup = (
        f"PATH={SHMPUB.parent}:$PATH; export SHMPUB_DIRECTORY={publisher.directory}; "
        f"export SHMPUB_INSTANCE={'nobody' if b'-i' in keys else publisher.instance}; "
        f"fpath=({COMPLETIONS} $fpath); autoload -U compinit; compinit -u -D"
    )
    assert typed(["zsh", "-f", "-i"], setup, keys, wanted, publisher)
