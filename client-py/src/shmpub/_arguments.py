"""What callers may give, checked where they give it."""

from __future__ import annotations

import math
from datetime import timedelta
from numbers import Real
from operator import index

import numpy as np

_LARGEST_UID = 2**32 - 2  # the one above means "none" to the kernel

_uids: dict[str, int] = {}  # a look into the user database costs more than opening a snapshot


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


def owner(value: int | str | None) -> int | None:
    """The uid of a user who was named by uid or by name."""
    if value is None:
        return None
    if isinstance(value, bool) or not (hasattr(value, "__index__") or isinstance(value, str)):
        raise TypeError(f"owner is a uid, a user's name or None, not {type(value).__name__}")
    if not isinstance(value, str):
        uid = index(value)
    else:
        found = uid_of(value)
        if found is None and not (value.isascii() and value.isdecimal()):
            raise ValueError(f"owner={value!r}: this machine has no user of that name")
        uid = int(value) if found is None else found
    if not 0 <= uid <= _LARGEST_UID:
        raise ValueError(f"owner={value!r} is no uid")
    return uid


def uid_of(user: str) -> int | None:
    """From the machine's user database; None when it has no such user."""
    found = _uids.get(user)
    if found is None:
        try:
            import pwd

            found = _uids[user] = pwd.getpwnam(user).pw_uid
        except (ImportError, KeyError, ValueError):  # no such database, user; a NUL in the name
            return None
    return found
