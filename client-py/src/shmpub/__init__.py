"""Live DataFrames over shared memory, published by shmpubd.

import shmpub

feed = shmpub.subscribe("quotes")
print(feed.df)          # the newest DataFrame, without a copy
while feed.wait():      # sleeps until there is something newer
    print(feed.df.tail())
"""

from ._diff import Diff
from ._errors import (
    AccessDenied,
    DaemonError,
    DaemonNotFound,
    Error,
    FeedNotFound,
    FormatError,
    Gap,
    InstanceNotFound,
    InstanceTaken,
    NotPublished,
    Stale,
    UntrustedOwner,
)
from ._feed import Feed, subscribe
from ._list import feeds
from ._serve import Served, serve
from ._several import Snapshots, snapshots, wait_any
from ._snapshot import Snapshot
from ._updates import NewRows, Subscription, Updates

__version__ = "0.2.0"

__all__ = [
    "AccessDenied",
    "DaemonError",
    "DaemonNotFound",
    "Diff",
    "Error",
    "Feed",
    "FeedNotFound",
    "FormatError",
    "Gap",
    "InstanceNotFound",
    "InstanceTaken",
    "NewRows",
    "NotPublished",
    "Served",
    "Snapshot",
    "Snapshots",
    "Stale",
    "Subscription",
    "UntrustedOwner",
    "Updates",
    "feeds",
    "serve",
    "snapshots",
    "subscribe",
    "wait_any",
]


def load_ipython_extension(shell: object) -> None:
    """`%load_ext shmpub`: the magic command `%shmpub`, see shmpub._magics."""
    from . import _magics

    _magics.load(shell)


def unload_ipython_extension(shell: object) -> None:
    """`%unload_ext shmpub`: takes the command away; names keep what they are bound to."""
    from . import _magics

    _magics.unload(shell)
