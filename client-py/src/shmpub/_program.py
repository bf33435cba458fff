"""Finds the program shmpubd."""

from __future__ import annotations

import os
import shutil

from ._errors import DaemonNotFound

_VARIABLE = "SHMPUB_DAEMON"
_HOW = (
    'pip install "shmpub[daemon]" brings it for Linux and Windows; '
    f"or set {_VARIABLE} to the path of one"
)


def find_daemon() -> str:
    """The path of shmpubd: of $SHMPUB_DAEMON, of the package shmpub-daemon, or in $PATH.

    Raises DaemonNotFound.
    """
    said = os.environ.get(_VARIABLE)
    if said:
        return _checked(said)
    return _packaged() or shutil.which("shmpubd") or _missing()


def _checked(path: str) -> str:
    if os.path.isdir(path):
        raise DaemonNotFound(f"{_VARIABLE} is {path}, a folder: the path of shmpubd is wanted")
    if not os.path.exists(path):
        raise DaemonNotFound(f"{_VARIABLE} is {path}, and there is no such file")
    if not os.access(path, os.X_OK):
        raise DaemonNotFound(f"{_VARIABLE} is {path}, which this user may not run")
    return os.path.abspath(path)


def _packaged() -> str | None:
    """The program of the package shmpub-daemon; None when that is not installed."""
    try:
        import shmpub_daemon
    except ImportError:
        return None
    try:
        path: str = shmpub_daemon.path("shmpubd")
    except FileNotFoundError as error:
        raise DaemonNotFound(str(error)) from None
    return path


def _missing() -> str:
    raise DaemonNotFound(f"there is no program shmpubd: {_HOW}")
