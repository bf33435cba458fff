"""Programs that are started with standard descriptors closed, as some service managers do.

What is opened next would get their numbers, and a line meant for standard error would be written
into it: into the catalog, for example.
"""

import itertools
import os
import subprocess

import pytest
from conftest import BUILD, SHMPUBD, replace, until

COMBINATIONS = [
    closed for n in range(4) for closed in itertools.combinations(("0<&-", "1>&-", "2>&-"), n)
]
NAMES = [" ".join(c) or "none" for c in COMBINATIONS]


def shell(closed, *command, **options):
    """Run a command with some of its descriptors closed; the others are pipes."""
    line = " ".join(["exec", '"$0"', '"$@"', *closed])
    return subprocess.run(
        ["sh", "-c", line, *map(str, command)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


@pytest.fixture(params=COMBINATIONS, ids=NAMES)
def closed(request):
    return request.param


def standard_files(pid):
    return [os.readlink(f"/proc/{pid}/fd/{n}") for n in range(3)]


def test_daemon(daemon, closed):
    """Log lines go to standard error or nowhere, and never into the catalog."""
    d = daemon()
    d.source("a.csv", "a\n1\n")
    d.configure(
        {
            "a": "source = a.csv\ninterval = 20ms",
            "b": "source = none.csv\ninterval = 20ms",
        },
        "log_level = debug",
    )
    d.wrapper = ["sh", "-c", " ".join(["exec", '"$0"', '"$@"', *closed])]
    d.start()
    for n in range(2, 6):
        d.source("a.csv", f"a\n{n}\n")
        until(lambda n=n: list(d.feed("a").df.a) == [n])
    until(lambda: "none.csv" in str(d.status("b").get("error")))
    d.reload()
    files = standard_files(d.pid)
    for n, redirection in enumerate(("0<&-", "1>&-", "2>&-")):
        assert (files[n] == "/dev/null") == (redirection in closed or n == 0)
    assert (d.shm / d.instance / "lock").read_text() == f"{d.pid}\n"
    assert ("feed b:" in d.log_text()) == ("2>&-" not in closed)
    assert d.stop() == 0
    assert d.files() == {"lock"}


def test_daemon_prints(closed):
    run = shell(closed, SHMPUBD, "--version")
    assert (run.returncode == 0) == ("1>&-" not in closed)
    assert run.stdout.startswith("shmpubd") == ("1>&-" not in closed)


def test_cli(publisher, closed):
    """Output that cannot be printed is an error, and never goes into a file of an instance."""
    publisher.publish("a", "a\n1\n")
    before = (publisher.directory / "cli" / "a.arrow").read_bytes()
    for command in (["ls"], ["cat", "a"], ["info", "a"], ["metrics"], ["verify"], ["--version"]):
        run = shell(closed, *publisher.command(*command))
        assert (run.returncode == 0) == ("1>&-" not in closed), command
        assert (run.stdout != "") == ("1>&-" not in closed), command
        wants_line = "1>&-" in closed and "2>&-" not in closed
        assert ("standard output: Bad file descriptor" in run.stderr) == wants_line
    run = shell(closed, *publisher.command("cat", "none"))
    assert run.returncode == 1
    assert (publisher.directory / "cli" / "a.arrow").read_bytes() == before


def test_program_of_somebody_else(publisher, tmp_path, closed):
    """In a program with libshmpub that opens no files, no file of ours becomes standard output."""
    text = tmp_path / "a.csv"
    replace(text, "a\n1\n")
    place = ["-d", publisher.directory, "-i", publisher.instance]
    program = subprocess.Popen(
        [
            *["sh", "-c", " ".join(["exec", '"$0"', '"$@"', *closed])],
            *[BUILD / "tests/publish_file", *place, f"a={text}"],
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        if "0<&-" not in closed:
            until(lambda: (publisher.directory / "cli" / "a.arrow").exists())
            ours = str(publisher.directory)
            numbers = [
                int(n)
                for n in os.listdir(f"/proc/{program.pid}/fd")
                if os.readlink(f"/proc/{program.pid}/fd/{n}").startswith(ours)
            ]
            assert numbers and min(numbers) > 2
            assert publisher.run("verify").startswith("a: good")
            assert publisher.run("cat", "a") == "a\n1\n"
            assert (publisher.directory / "cli/lock").read_text() == f"{program.pid}\n"
    finally:
        program.stdin.close()
        program.stdout.close()
        program.wait(30)
