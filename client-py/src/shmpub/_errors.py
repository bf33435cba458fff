"""The exceptions of this package. Each can be pickled, and keeps its attributes.

Error
 ├── InstanceNotFound   nothing has published under that instance name
 ├── FeedNotFound       the instance has no feed of that name
 ├── NotPublished       the feed exists, but no snapshot of it yet
 ├── FormatError        bytes in shared memory contradict docs/FORMAT.md
 ├── UntrustedOwner     the instance belongs to an account that we do not trust
 ├── Gap                since(): the older rows are not the first ones of this table
 ├── Stale              the newest data is older than asked for; also a UserWarning
 ├── AccessDenied       this process may not read it; also a PermissionError
 ├── DaemonNotFound     serve(): there is no program shmpubd
 └── DaemonError        serve(): the daemon can't start
      └── InstanceTaken   another process serves that instance
"""

from __future__ import annotations

import errno
from datetime import timedelta
from typing import Any


class Error(Exception):
    """The base of all exceptions that this package raises about feeds and shared memory.

    Arguments that can't be right raise ValueError or TypeError instead.

    >>> try:
    ...     shmpub.subscribe("qoutes").df
    ... except shmpub.FeedNotFound as error:
    ...     print(error.nearest)
    quotes
    """


class InstanceNotFound(Error):
    """Nothing has published under that instance name in that directory.

    `instances` is a tuple of the names of instances that the directory has, or of some when there
    are many. Windows has no list of them; there it is those that this process knows.
    """

    def __init__(self, message: str, instances: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.instances = instances


class FeedNotFound(Error):
    """The instance has no feed of that name. `nearest` is the most similar name it has, or None."""

    def __init__(self, message: str, nearest: str | None = None) -> None:
        super().__init__(message)
        self.nearest = nearest


class NotPublished(Error):
    """The feed exists, but has no snapshot: it was not published yet, or its file is lost."""


class FormatError(Error):
    """Bytes in shared memory contradict docs/FORMAT.md: they are damaged, or not shmpub's."""


class UntrustedOwner(Error):
    """The instance or the snapshot belongs to an account that is not trusted.

    Trusted are root, this process's own user and the user `shmpub`; on Windows the system, its
    administrators, this process's own user and the accounts of services. `owner` is the value that
    subscribe() needs for its argument `owner` to trust this account: a uid, or on Windows the text
    of a SID. `uid` is that uid; -1 on Windows.
    """

    def __init__(self, message: str, owner: int | str = -1) -> None:
        super().__init__(message)
        self.owner = owner
        self.uid = owner if isinstance(owner, int) else -1


class Gap(Error):
    """The rows of the older snapshot are not the first ones of the newer: the table began anew.

    Its source was replaced, cut or edited, or it is no feed to which rows are added.
    """


class Stale(Error, UserWarning):
    """What there is, is older than what was asked for.

    subscribe(max_age=..., stale="raise") lets it be raised, stale="warn" lets it be a warning of
    this category. `feed` is the feed's name, `age` a timedelta: how old its data is, or None where
    that is not known; `last_error` is a str, why the feed is as it is, empty when all is well.
    """

    def __init__(
        self, message: str, feed: str = "", age: timedelta | None = None, last_error: str = ""
    ) -> None:
        super().__init__(message)
        self.feed = feed
        self.age = age
        self.last_error = last_error


class AccessDenied(Error, PermissionError):
    """This process may not read what is published there.

    `filename` is the path that it may not read, or on Windows the name of the section.
    """

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.errno = errno.EACCES
        self.filename = path

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> Any:  # OSError's own one would lose the path
        return type(self), (self.args[0], self.filename), self.__dict__


class DaemonNotFound(Error):
    """serve() found no program shmpubd. The message says how to get one."""


class DaemonError(Error):
    """The daemon that serve() started has ended at once; the message has its own words.

    `log` is all that it wrote, a str.
    """

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class InstanceTaken(DaemonError):
    """Another process serves the instance that serve() was asked for.

    The message says which, and who started it. `pid` is its process id, an int.
    """

    def __init__(self, message: str, pid: int = 0) -> None:
        super().__init__(message)
        self.pid = pid


for _kind in (Error, *Error.__subclasses__(), InstanceTaken):
    _kind.__module__ = "shmpub"  # the public name, for tracebacks and pickles
