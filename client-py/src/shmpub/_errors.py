"""The exceptions of this package. Each can be pickled, and keeps its attributes.

Error
 ├── InstanceNotFound   nothing has published under that instance name
 ├── FeedNotFound       the instance has no feed of that name
 ├── NotPublished       the feed is there, a snapshot of it is not yet
 ├── FormatError        bytes in shared memory contradict docs/FORMAT.md
 ├── UntrustedOwner     the instance belongs to an account that we do not trust
 └── AccessDenied       what is published there is closed to me; also a PermissionError
"""

from __future__ import annotations

import errno
from typing import Any


class Error(Exception):
    """Whatever this package raises about feeds and what stands in shared memory.

    Arguments that can't be right raise ValueError and TypeError instead.
    """


class InstanceNotFound(Error):
    """Nothing has published under that instance name in that directory.

    `instances` are the names of those that there are in the directory, some of them when they are
    many; on Windows, which has no list of them, those that this process knows.
    """

    def __init__(self, message: str, instances: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.instances = instances


class FeedNotFound(Error):
    """The instance has no feed of that name; `nearest` is the most alike one, or None."""

    def __init__(self, message: str, nearest: str | None = None) -> None:
        super().__init__(message)
        self.nearest = nearest


class NotPublished(Error):
    """The feed exists, but there is no snapshot of it (yet)."""


class FormatError(Error):
    """Bytes in shared memory contradict the format."""


class UntrustedOwner(Error):
    """What stands in shared memory belongs to an account that is not trusted.

    Trusted are root, me and the user `shmpub`; on Windows the system, its administrators, me and
    the accounts of services. `owner` is what the argument of that name has to be to accept this
    one: a uid, or the text of a SID. `uid` is the same number; -1 on Windows.
    """

    def __init__(self, message: str, owner: int | str = -1) -> None:
        super().__init__(message)
        self.owner = owner
        self.uid = owner if isinstance(owner, int) else -1


class AccessDenied(Error, PermissionError):
    """I may not read what is published there; `filename` is the path that is closed to me, or on
    Windows the name of the section."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.errno = errno.EACCES
        self.filename = path

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> Any:  # OSError's own forgets the path
        return type(self), (self.args[0], self.filename), self.__dict__


for _kind in (Error, *Error.__subclasses__()):
    _kind.__module__ = "shmpub"  # as users know them, in tracebacks and in pickles
