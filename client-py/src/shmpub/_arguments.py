"""Checks arguments, so that a wrong one raises in the call that got it."""

from __future__ import annotations

import math
from datetime import timedelta
from numbers import Real

import numpy as np


def seconds(timeout: float | timedelta | None) -> float | None:
    """The timeout in seconds, at least 0; None when it never passes."""
    if isinstance(timeout, timedelta):
        timeout = timeout.total_seconds()
    elif isinstance(timeout, np.timedelta64):  # it would count as a number of its own unit below
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
    """Returns `value` if it is a str, else raises TypeError; `what` is the argument's name."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is a str, not {type(value).__name__}")
    return value
