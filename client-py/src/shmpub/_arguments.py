"""What callers may give, checked where they give it."""

from __future__ import annotations

import math
from datetime import timedelta
from numbers import Real

import numpy as np


def seconds(timeout: float | timedelta | None) -> float | None:
    """A timeout in seconds, 0 at least; None for one that never passes."""
    if isinstance(timeout, timedelta):
        timeout = timeout.total_seconds()
    elif isinstance(timeout, np.timedelta64):  # which counts as a number, of whatever unit it has
        timeout = float(timeout / np.timedelta64(1, "s"))
    if timeout is None or timeout == math.inf:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, Real):
        kind = type(timeout).__name__
        raise TypeError(f"timeout is a number of seconds, a timedelta or None, not {kind}")
    if timeout != timeout:
        raise ValueError("timeout is nan")
    return max(0.0, float(timeout))


def text(what: str, value: object) -> str:
    """`value`, which must be a str."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is a str, not {type(value).__name__}")
    return value
