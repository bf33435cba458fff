"""The log of shmpubd, read back: each line strictly, by the rules in docs/man/shmpubd.8."""

from __future__ import annotations

import json
import re

BARE = r"[^\s\"=\\\x00-\x1f\x7f]+"
QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\(?:["\\nrt]|u[0-9a-f]{4}))*"'
PAIR = re.compile(rf"([a-z_]+)=({BARE}|{QUOTED})(?: |$)")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NUMBERS = {"sequence", "rows", "bytes", "duration_us", "line", "times"}
KEYS = ["time", "level", "msg", "feed", *("sequence", "rows", "bytes", "duration_us", "code")]
KEYS += ["line", "times"]


def parse(line: str) -> dict[str, str | int]:
    """Return the fields of a line; an AssertionError when it is none."""
    fields: dict[str, str | int] = {}
    at = 0
    while at < len(line):
        pair = PAIR.match(line, at)
        assert pair, f"no logfmt from {line[at:]!r} on: {line!r}"
        key, value = pair.groups()
        text = json.loads(value) if value[0] == '"' else value
        assert key not in fields, line
        fields[key] = int(text) if key in NUMBERS else text
        at = pair.end()
    assert list(fields) == [key for key in KEYS if key in fields], line
    assert TIME.fullmatch(str(fields["time"])), line
    assert fields["level"] in ("error", "warning", "info", "debug"), line
    return fields


def as_text(line: str) -> str:
    """Return the line as `log_format = text` would tell it. What is no logfmt stays as it is."""
    if not line.startswith("time="):
        return line
    fields = parse(line)
    feed = f"feed {fields['feed']}: " if "feed" in fields else ""
    return f"{str(fields['time'])[:19]}Z {fields['level']}: {feed}{fields['msg']}"


def log_text(log: str) -> str:
    """Return a whole log as text; a last line without its end is still being written."""
    lines = log.split("\n")
    return "\n".join([*map(as_text, lines[:-1]), lines[-1]])
