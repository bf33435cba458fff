"""Checks arguments, so that a wrong one raises in the call that got it."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from numbers import Real

import numpy as np

_DURATION = r"(\d+(?:\.\d+)?) ?(ms|s|m|h)"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def duration(what: str, value: str | float | timedelta | None) -> timedelta | None:
    """The argument named `what`, a length of time above 0, as a timedelta; None: no limit."""
    if isinstance(value, str):
        found = re.fullmatch(_DURATION, value.strip(), re.ASCII)
        if found is None:
            raise ValueError(f'{what}={value!r}: write "500ms", "10s", "5m" or "1h"')
        length: float | None = float(found[1]) * _UNITS[found[2]]
    else:
        length = _number(what, value)
    if length is None:
        return None
    if not length > 0:
        raise ValueError(f"{what}={value!r} is not above 0")
    try:
        return timedelta(seconds=length)
    except OverflowError:
        return None  # longer than any age


def seconds(timeout: float | timedelta | None) -> float | None:
    """The timeout in seconds, at least 0; None when it never passes."""
    number = _number("timeout", timeout)
    return None if number is None else max(0.0, number)


def _number(what: str, value: float | timedelta | None) -> float | None:
    """The length of time in seconds; None: it never passes."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    elif isinstance(value, np.timedelta64):  # it would count as a number of its own unit below
        value = float(value / np.timedelta64(1, "s"))
    if value is None or value == math.inf:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        kind = type(value).__name__
        raise TypeError(f"{what} is a number of seconds, a timedelta or None, not {kind}")
    if value != value:
        raise ValueError(f"{what} is nan")
    return float(value)


def text(what: str, value: object) -> str:
    """Returns `value` if it is a str, else raises TypeError; `what` is the argument's name."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is a str, not {type(value).__name__}")
    return value
