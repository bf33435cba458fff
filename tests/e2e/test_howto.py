"""What the start page and the how-tos show, run as it stands there; the messages in errors.md."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest
from programs import BUILD
from test_pages import (  # noqa: F401
    BLOCKS,
    HOW_TO,
    QUOTES,
    ROOT,
    Instance,
    five_minutes,
    instance,
    quotes,
)

FENCE = re.compile(r"(?:^<!-- (test|not run): (.*) -->\n)?^```(\w+)\n", re.M)


def test_every_block_is_run_or_says_why_not() -> None:
    seen: list[str] = []
    for page in HOW_TO:
        for how, name, language in FENCE.findall(page.read_text(encoding="utf-8")):
            assert how, f"{page.name}: a block of {language} that no test runs"
            if how == "test":
                seen.append(name)
    assert len(seen) == len(set(seen)) > 20
    tests = "".join(path.read_text() for path in [*Path(__file__).parent.glob("test_*.py")])
    tests += "".join(path.read_text() for path in (ROOT / "tests/apps").glob("*.py"))
    assert not [name for name in seen if f'"{name}"' not in tests]


def test_the_start(five_minutes: Instance) -> None:
    five_minutes.shell(BLOCKS["start-data"])
    out = five_minutes.python(
        BLOCKS["start-serve"],
        "import subprocess",
        f"subprocess.run(['sh', '-c', {BLOCKS['start-change']!r}], check=True)",
        "while len(feeds.quotes.df) < 4: feeds.quotes.wait(20)",
        BLOCKS["start-df"].replace("df.groupby", "print(df.groupby").rstrip() + ")",
        "feeds.close()",
    )
    assert "ORCL    0.03" in out
    out = five_minutes.shell(BLOCKS["start-up"] + BLOCKS["start-down"])
    assert re.search(r"^quotes +fresh +1 +4 +4 ", out, re.M)
    assert "2024-03-01 09:30:03" in out
    assert out.endswith(": stopped\n")


def test_a_feed(five_minutes: Instance) -> None:
    folder = five_minutes.folder
    (folder / "data/quotes.csv").write_text(QUOTES, encoding="utf-8")
    (folder / "data/2026-01.csv").write_text("day;rate\n1;2,5\n", encoding="utf-8")
    out = five_minutes.shell(BLOCKS["feed-up"])
    assert re.search(r"^quotes +fresh ", out, re.M)
    five_minutes.shell("shmpub down")
    ini = f"[daemon]\ninstance = {five_minutes.name}\n\n"
    (folder / "shmpubd.ini").write_text(ini + BLOCKS["feed-ini"], encoding="utf-8")
    out = five_minutes.shell(BLOCKS["feed-serve"] + "shmpub cat daily; shmpub ls")
    assert "\nday,rate\n1,2.5\n" in out
    assert re.search(r"^processes +fresh +\d+ +\d+ +2 ", out, re.M)
    five_minutes.python(BLOCKS["feed-write"])
    out = five_minutes.python(
        "import shmpub; feed = shmpub.subscribe('prices')",
        "while len(feed.df) != 1: assert feed.wait(20)",
        "print(feed.df.to_csv())",
    )
    assert "2024-03-01 09:31:00,AAPL,1.5" in out
    out = five_minutes.shell(BLOCKS["feed-look"] + "shmpub down")
    assert re.search(r"^prices.*unchanged", out, re.M)
    assert "2024-03-01" in out


def test_a_notebook(quotes: Instance) -> None:
    """The cells in IPython, which has no page: live() prints the table there."""
    cells = [BLOCKS[name] for name in ("notebook-live", "notebook-magic", "notebook-snapshot")]
    out = quotes.python(
        "from IPython.core.interactiveshell import InteractiveShell",
        "shell = InteractiveShell.instance()",
        f"for cell in {cells!r}: shell.run_cell(cell).raise_error()",
        "print(shell.user_ns['df'].shape, round(shell.user_ns['second'], 2))",
    )
    assert "FRESH" in out or "quotes: sequence 1, 3 rows" in out
    assert "(3, 3) 415.5" in out


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_closed_feed(instance: Instance) -> None:
    (instance.folder / "data").mkdir()
    (instance.folder / "data/quotes.csv").write_text(QUOTES, encoding="utf-8")
    instance.serve(BLOCKS["users-ini"].replace("= team\n", f"= {instance.name}\n"))
    out = instance.python(
        "import os, pandas, shmpub",
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)",
        BLOCKS["users-denied"].replace('"team"', repr(instance.name)),
    )
    path = f"/dev/shm/{instance.name}/closed.arrow"
    assert f"{path}: this process (uid 65534) may not read it; it belongs to uid 0, mode" in out
    assert out.endswith(f" {path}\n")


# --- messages ------------------------------------------------------------------------------------


def messages() -> list[str]:
    """What stands in the first columns of the tables of errors, but for what other programs say."""
    text = (
        (ROOT / "docs/how-to/errors.md").read_text(encoding="utf-8").split("## Of the machine")[0]
    )
    found = re.findall(r"^\| ((?:`[^`]*`(?:, )?)+) \|", text, re.M)
    return [message for cell in found for message in re.findall(r"`([^`]*)`", cell)]


def test_each_message_is_one_of_ours() -> None:
    files = [p for room in ("lib", "daemon", "cli") for p in (ROOT / room).rglob("*.c")]
    files += (ROOT / "client-py/src").rglob("*.py")
    texts = [path.read_text(encoding="utf-8") for path in files]
    strings = "\n".join(re.sub(r'"\s*\n\s*f?"', "", text) for text in texts)
    assert len(messages()) > 15
    assert not [m for m in messages() if m not in strings]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n1,2,3\n", ":3: 3 fields, expected 2"),
        ("", "no columns, the text holds no record"),
        ("a,b\n1,\xe9\n", "at offset"),
    ],
)
def test_what_a_source_gets(instance: Instance, text: str, message: str) -> None:
    source, ini = instance.folder / "a.csv", instance.folder / "shmpubd.ini"
    source.write_text(text, encoding="latin-1")
    ini.write_text(
        dedent(f"""\
        [daemon]
        instance = {instance.name}
        [feed a]
        source = {source}
        """)
    )
    command = [BUILD / "daemon/shmpubd", "-c", ini, "--test", "a"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert message in done.stdout + done.stderr
