"""Archives as sources on Windows; tests/e2e/test_daemon_compressed.py has more of them."""

from __future__ import annotations

import gzip
import lzma
import subprocess
from collections.abc import Callable

import pytest
from conftest import Make
from wine import until


def zstd(data: bytes) -> bytes:
    command = ["zstd", "--quiet", "--stdout"]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("kind", PACK)
def test_expanded(daemons: Make, kind: str) -> None:
    d = daemons()
    rows = [f"{n},{n * n}" for n in range(100_000)]
    whole = PACK[kind]("\n".join(["x,y", *rows]).encode())
    path = d.source("a.dat", whole)
    d.configure({"a": "source = a.dat\ninterval = 50ms\nmax_source = 10M"})
    d.start()
    assert until(d.table) == ["x,y", *rows]
    d.source("a.dat", whole[:-20])
    error = d.wait_error(f"damaged {kind}")["error"]
    assert error.startswith(d.wine.windows_path(path)), error
    d.source("a.dat", PACK[kind](b"x\n" + b"1\n" * 10_000_000))
    d.wait_error("max_source")
    assert len(d.table()) == 1 + len(rows)
    d.source("a.dat", PACK[kind](b"x\n7\n") * 2)
    until(lambda: d.table() == ["x", "7", "x", "7"])
    assert d.end() == 0
