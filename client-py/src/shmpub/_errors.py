"""The exceptions of this package.

Error
 ├── InstanceNotFound   nothing has published under that instance name
 ├── FeedNotFound       the instance has no feed of that name
 ├── NotPublished       the feed is there, a snapshot of it is not yet
 ├── FormatError        bytes in shared memory contradict docs/FORMAT.md
 └── UntrustedOwner     the instance belongs to a user whom we do not trust
"""

from __future__ import annotations


class Error(Exception):
    """Whatever this package raises about feeds and what stands in shared memory."""


class InstanceNotFound(Error):
    """Nothing has published under that instance name in that directory."""


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
    """What stands in shared memory belongs to `uid`, who is neither root, nor me, nor `shmpub`."""

    def __init__(self, message: str, uid: int) -> None:
        super().__init__(message)
        self.uid = uid
