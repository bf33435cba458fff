"""Live DataFrames over shared memory, published by shmpubd.

import shmpub

feed = shmpub.subscribe("quotes")
print(feed.df)          # the newest DataFrame, without a copy
while feed.wait():      # sleeps until there is something newer
    print(feed.df.tail())
"""

from ._errors import (
    AccessDenied,
    Error,
    FeedNotFound,
    FormatError,
    InstanceNotFound,
    NotPublished,
    UntrustedOwner,
)
from ._feed import Feed, subscribe
from ._list import feeds
from ._snapshot import Snapshot
from ._updates import Subscription, Updates

__version__ = "0.2.0"

__all__ = [
    "AccessDenied",
    "Error",
    "Feed",
    "FeedNotFound",
    "FormatError",
    "InstanceNotFound",
    "NotPublished",
    "Snapshot",
    "Subscription",
    "UntrustedOwner",
    "Updates",
    "feeds",
    "subscribe",
]
