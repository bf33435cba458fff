"""Tables that prove themselves, as tests/tools/tables.h has them."""

from __future__ import annotations

HEADER = "number,row,text"


def height(number: int) -> int:
    return 1 + number * 7919 % 2000


def rows(number: int) -> list[str]:
    return [f"{number},{row},t{number}-{row}" for row in range(height(number))]


def text(number: int) -> str:
    return "\r\n".join([HEADER, *rows(number), ""])


def check(lines: list[str]) -> int:
    """The number of the table that `shmpub cat` has told, whole."""
    assert len(lines) > 1 and lines[0] == HEADER, lines[:2]
    number = int(lines[1].split(",")[0])
    assert lines[1:] == rows(number), f"table {number}: {len(lines) - 1} rows"
    return number
