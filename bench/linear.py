#!/usr/bin/env python3
"""Time that grows as the source does: hostile families of CSV at n, 2n and 4n bytes.

scripts/bench --linear [FAMILY...]. Each text is one refresh of a real `shmpubd --once`; what is
counted is the processor time of that process in user mode, which others on the machine hardly
touch, less that of a process that publishes next to nothing. A ratio near 2 is linear, near 4
quadratic; the last column is the peak of resident memory beside the source's size at 4n.
Texts that must fail are told with their message: failing has to be linear too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import ROOT, table

Make = Callable[[int], bytes]
BUILD = Path(os.environ.get("SHMPUB_BUILD", ROOT / "build/release"))
MIB = 1 << 20
COLUMN = 80  # bytes that count for a column: max_columns bounds how many a text may have


def rows(header: str, line: str) -> Make:
    return lambda n: header.encode() + line.encode() * (n // len(line.encode()))


def ending(make: Make, end: bytes) -> Make:
    return lambda n: make(n) + end


def distinct(n: int) -> bytes:
    return b"a\n" + b"\n".join(b"%016x" % (i * 0x9E3779B97F4A7C15 % 2**64) for i in range(n // 17))


def counting(n: int) -> bytes:
    """Words that differ in few bits, in the order that simple hashes like least."""
    return b"a\n" + b"\n".join(
        b"%s" % (i * 1024).to_bytes(8, "big").hex().encode() for i in range(n // 17)
    )


def ragged(n: int) -> bytes:
    random.seed(1)
    width, out, size = 2000, [], 0
    while size < n:
        out.append(b",".join([b"7"] * random.choice((1, 2, 3, 50, width))))
        size += len(out[-1]) + 1
    return b",".join(b"c%d" % i for i in range(width)) + b"\n" + b"\n".join(out)


def dotted(n: int) -> bytes:
    """a,a,a.1,a.1,a.1.1,...: every number that could be given is taken."""
    out, name = [], b"a"
    while len(out) < n // COLUMN:
        out += [name, name]
        name = name + b".1" if len(name) < 60 else b"b%d" % len(out)
    return b",".join(out) + b"\n"


def numbered(n: int) -> bytes:
    """a, a.1, a.2, ... and as many a again: every number is taken by another."""
    k = n // COLUMN // 2
    return b",".join([b"a.%d" % i for i in range(1, k)] + [b"a"] * k) + b"\n"


def wide(n: int) -> bytes:
    k = n // COLUMN
    return (
        b"\n".join([b",".join(b"c%d" % i for i in range(k)), *[b",".join([b"1"] * k)] * 5]) + b"\n"
    )


def digits(n: int) -> bytes:
    return b"a,b\n" + (b"1." + b"234567890" * 1111 + b",9" + b"876543210" * 1111 + b".5\n") * (
        n // 20006
    )


def halfway(n: int) -> bytes:
    """2^53 + 1 as a decimal with a thousand zeros and a one behind: only exact arithmetic tells."""
    cell = b"9007199254740993." + b"0" * 1000 + b"1"
    return b"a\n" + (cell + b"\n") * (n // (len(cell) + 1))


def late(n: int) -> bytes:
    columns = 100
    return (
        b",".join(b"c%d" % i for i in range(columns))
        + b"\n"
        + (b",".join([b"12"] * columns) + b"\n") * (n // (3 * columns))
        + b",".join([b"x"] * columns)
        + b"\n"
    )


def long_rows(n: int) -> bytes:
    row = b",".join([b"1"] * 500 + [b"x" * 300_000]) + b"\n"
    return b",".join(b"c%d" % i for i in range(501)) + b"\n" + row * max(1, n // len(row))


FAMILIES: dict[str, tuple[Make, tuple[str, ...]]] = {
    # name: text of about n bytes, options
    "one byte a cell": (rows("a\n", "7\n"), ()),
    "one cell": (lambda n: b"a\n" + b"x" * n, ()),
    "one number": (lambda n: b"a\n" + b"7" * n, ()),
    "one quoted cell of quotes": (lambda n: b'a\n"' + b'""' * (n // 2) + b'"\n', ()),
    "only newlines": (lambda n: b"\n" * n, ()),
    "only newlines below a header": (lambda n: b"a\n" + b"\n" * n, ()),
    "only carriage returns": (lambda n: b"a\n" + b"\r" * n, ()),
    "lines of blanks": (rows("a\n", "   \t \n"), ()),
    "only blanks": (lambda n: b"a\n" + b" " * n, ()),
    "only delimiters": (lambda n: b"," * n, ()),
    "only delimiters below a header": (lambda n: b"a,b\n" + b"," * n, ()),
    "only delimiters, cut": (lambda n: b"a,b\n1,2\n" + b"," * n, ("usecols = a",)),
    "only quotes": (lambda n: b'"' * n, ()),
    "only quotes below a header": (lambda n: b"a\n" + b'"' * n, ()),
    "quote, newline": (rows("a\n", '"\n'), ()),
    "quotes inside fields": (rows("a,b\n", '5"x,6"\n'), ()),
    "one quote never closed": (ending(rows("a,b\n", "1,x\n"), b'1,"'), ()),
    "quotes never closed": (lambda n: b'a,b\n1,"' + b"x,y\n" * (n // 4), ()),
    "NUL bytes": (lambda n: b"a\n" + bytes(n), ()),
    "NUL cells": (rows("a,b\n", "\0,\0\n"), ()),
    "not UTF-8 at the end": (ending(rows("a\n", "äöü\n"), b"\xff\n"), ()),
    "ragged rows": (ragged, ()),
    "too long a last row": (ending(rows("a,b\n", "1,2\n"), b"1,2,3\n"), ()),
    "too long rows, skipped": (rows("a,b\n", "1,2,3\n"), ("on_bad_lines = skip",)),
    "long rows": (long_rows, ()),
    "type fails at the end": (late, ()),
    "dtype fails at the end": (ending(rows("a\n", "1\n"), b"x\n"), ("dtype.a = int64",)),
    "numbers of 10,000 digits": (digits, ()),
    "numbers between two floats": (halfway, ()),
    "exponents": (
        rows("a,b,c\n", "1e308,1e309,1e-400\n1e99999999999,-1e-99999999999,1e+1000000000\n"),
        (),
    ),
    "integers beyond 64 bits": (rows("a,b\n", "9" * 400 + ",18446744073709551615\n,-1\n"), ()),
    "distinct categories": (distinct, ("dtype.a = category",)),
    "counting categories": (counting, ("dtype.a = category",)),
    "dates that are none": (rows("a\n", "2020-01-02 " + "1 " * 50 + "\n"), ("parse_dates = a",)),
    "dates of digits": (rows("a\n", "1" * 200 + "\n"), ("parse_dates = a",)),
    "dates, the last is none": (
        ending(rows("a\n", "3 Jan 2020 10:11\n"), b"x\n"),
        ("parse_dates = a",),
    ),
    "names, all equal": (lambda n: b"a," * (n // COLUMN) + b"a\n", ()),
    "names, dotted": (dotted, ()),
    "names, all numbers taken": (numbered, ()),
    "names, empty": (lambda n: b"," * (n // COLUMN) + b"\n" + b"1," * (n // COLUMN), ()),
    "wide": (wide, ()),
    "blanks as delimiters": (rows("a b\n", "  1 \t  2   \n"), ("delimiter = whitespace",)),
    "only blanks as delimiters": (lambda n: b"a\n" + b" " * n, ("delimiter = whitespace",)),
    "comments": (rows("a,b\n", "#,,,\n1,2#x\n"), ("comment = hash",)),
    "latin-1": (lambda n: b"a\n" + b"\xe4\xf6\xfc\n" * (n // 4), ("encoding = latin-1",)),
}


def write(path: Path, make: Make, size: int) -> int:
    """In a process of its own: the peak of a child begins with what its parent had."""
    child = os.fork()
    if child == 0:
        path.write_bytes(make(size))
        os.utime(path, (1, 1))
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(f"{path}: no text could be made")
    return path.stat().st_size


def once(folder: Path, options: tuple[str, ...]) -> dict[str, Any]:
    """One `shmpubd --once` over x.csv: user time, peak memory, the message if it failed."""
    shm = Path(tempfile.mkdtemp(prefix="shmpub-linear-", dir="/dev/shm"))
    ini, log = folder / "x.ini", folder / "log"
    lines = "\n".join(("source = x.csv", *options))
    ini.write_text(f"[daemon]\ndirectory = {shm}\ninstance = linear\n[feed x]\n{lines}\n")
    try:
        with log.open("wb") as out:
            child = subprocess.Popen(
                [BUILD / "daemon/shmpubd", "-c", ini, "--once"], stdout=out, stderr=out
            )
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        size = sum(path.stat().st_size for path in shm.glob("*/*.arrow"))
    finally:
        shutil.rmtree(shm, ignore_errors=True)
    said = [x for x in log.read_text(errors="replace").splitlines() if "warning: " in x]
    return {
        "ms": usage.ru_utime * 1e3,
        "system_ms": usage.ru_stime * 1e3,
        "peak": usage.ru_maxrss * 1024,
        "segment": size,
        "status": child.returncode,
        "said": said[-1].split("/x.csv:")[-1] if said else "",
    }


def measure(names: list[str], size: int, rounds: int) -> list[dict[str, Any]]:
    results = []
    with tempfile.TemporaryDirectory(prefix="shmpub-linear-") as temporary:
        folder = Path(temporary)
        write(folder / "x.csv", lambda _: b"a\n1\n", 0)
        floor = min(once(folder, ())["ms"] for _ in range(rounds))
        for name in names:
            make, options = FAMILIES[name]
            runs = []
            for factor in (1, 2, 4):
                source = write(folder / "x.csv", make, size * factor)
                tries = [{"source": source} | once(folder, options) for _ in range(rounds)]
                best = min(tries, key=lambda t: t["ms"])
                best["ms"] = max(best["ms"] - floor, 0.01)
                runs.append(best)
            results.append({"family": name, "runs": runs})
            times = ", ".join(f"{run['ms']:.0f}" for run in runs)
            print(f"  {name}: {times} ms", flush=True)
    return results


def as_table(results: list[dict[str, Any]]) -> str:
    lines = []
    for result in results:
        one, two, four = result["runs"]
        what = "published" if four["status"] == 0 else four["said"][:50]
        lines.append(
            [
                result["family"],
                f"{four['source'] / 1e6:.1f}",
                *(f"{run['ms']:.0f}" for run in (one, two, four)),
                f"{two['ms'] / one['ms']:.2f}",
                f"{four['ms'] / two['ms']:.2f}",
                f"{four['segment'] / 1e6:.1f}",
                f"{four['peak'] / 1e6:.0f}",
                what,
            ]
        )
    header = ["text", "MB", "n, ms", "2n", "4n", "2n by n", "4n by 2n", "segment, MB", "peak, MB"]
    return table([*header, "end"], lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --linear", description=__doc__)
    parser.add_argument("--size", type=float, default=16, help="MiB of the smallest text")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("families", nargs="*", help="parts of names; all without")
    arguments = parser.parse_args()
    names = [
        name
        for name in FAMILIES
        if not arguments.families or any(part in name for part in arguments.families)
    ]
    results = measure(names, int(arguments.size * MIB), arguments.rounds)
    out = ROOT / "build/bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "linear.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(as_table(results))
    print(f"\nwritten: {out}/linear.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
