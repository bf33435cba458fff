"""Where an instance is, and what instances and feeds may be called."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from . import _arguments, _platform
from ._errors import FeedNotFound, InstanceNotFound

INSTANCE = "shmpub"

# Patterns as text: re compiles each when it is used first, and keeps it.
_FEED_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}"
_INSTANCE_NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,39}"


class Place(NamedTuple):
    """Where an instance is, and which account besides the usual ones may own it."""

    instance: str
    directory: str
    owner: _platform.Owner | None

    @property
    def path(self) -> str:
        """The instance's name in messages."""
        return _platform.path_of(self.directory, self.instance)


def place(
    instance: str | None, directory: str | os.PathLike[str] | None, owner: int | str | None
) -> Place:
    """The Place for subscribe()'s arguments; the environment and defaults fill in for None."""
    name = _arguments.text("instance", instance or os.environ.get("SHMPUB_INSTANCE") or INSTANCE)
    text = os.fsdecode(directory or os.environ.get("SHMPUB_DIRECTORY") or _platform.DIRECTORY)
    _platform.check_names(text, name)
    return Place(name, text, _platform.owner_of(owner))


def is_feed_name(name: str) -> bool:
    return re.fullmatch(_FEED_NAME, name, re.ASCII) is not None


def is_instance_name(name: str) -> bool:
    return re.fullmatch(_INSTANCE_NAME, name, re.ASCII) is not None


def check_instance_name(name: str) -> None:
    """Raises InstanceNotFound when no instance can have that name."""
    if not is_instance_name(name):
        raise InstanceNotFound(
            f"no instance can have the name {name!r}: 1 to 40 of A-Z a-z 0-9 _ -, "
            "beginning with a letter, a digit or _"
        )


def check_feed_name(name: str) -> None:
    """Raises FeedNotFound when no feed can have that name."""
    if not is_feed_name(name):
        raise FeedNotFound(
            f"no feed can have the name {name!r}: 1 to 40 of A-Z a-z 0-9 _ . -, "
            "beginning with a letter, a digit or _"
        )
