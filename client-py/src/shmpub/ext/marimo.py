"""marimo: a state that is the newest snapshot. Cells that read it run anew for each.

import marimo as mo
import shmpub
from shmpub.ext.marimo import live

newest = live(shmpub.subscribe("quotes"))

# in another cell
mo.plain(newest().df.tail()) if newest() else "no snapshot yet"
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .._errors import Error
from .._feed import Feed
from .._snapshot import Snapshot

try:
    import marimo as mo
except ImportError as error:
    raise ImportError("shmpub.ext.marimo needs marimo: pip install marimo") from error

_SLICE = 0.5  # seconds; how soon the thread ends with its cell


def live(feed: Feed) -> Callable[[], Snapshot | None]:
    """The getter of a state: the newest snapshot, and None before the first.

    Bind it to a name of its own in one cell, and call it in others: these run for each new
    snapshot, as far as they keep up. The thread that waits ends when the cell runs again, is
    deleted, or its session ends. While the feed can't be read, the state stays, and the feed is
    tried again each second.
    """
    get, put = mo.state(None)

    def follow() -> None:
        thread = mo.current_thread()
        with feed.updates(timeout=_SLICE) as updates:
            while not thread.should_exit:
                try:
                    for snap in updates:
                        if thread.should_exit:
                            return
                        put(snap)
                except (Error, OSError):
                    time.sleep(2 * _SLICE)

    mo.Thread(target=follow, name=f"shmpub-{feed.name}", daemon=True).start()
    return get  # type: ignore[no-any-return]
