"""Panel: a pane that is drawn anew for each new snapshot.

import panel as pn
import shmpub
from shmpub.ext.panel import live

feed = shmpub.subscribe("quotes")

def page():
    return pn.Column("# Quotes", live(feed, lambda snap: pn.pane.DataFrame(snap.df.tail())))

pn.serve(page)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._feed import Feed
from .._snapshot import Snapshot

try:
    import panel as pn
except ImportError as error:
    raise ImportError("shmpub.ext.panel needs Panel: pip install panel") from error


def live(feed: Feed, draw: Callable[[Snapshot], Any]) -> Any:
    """A pane that shows what `draw(snapshot)` returns, for the present and each new snapshot.

    Call it while a session's page is made: in the function that pn.serve() has, or in the script of
    `panel serve`; elsewhere it raises RuntimeError. `draw` is called by the session's own thread;
    snapshots that come faster than it draws are skipped. A table of the whole frame is a copy for
    each session: give it a slice. While the feed can't be read, the pane tells why. The thread that
    waits ends with the session.
    """
    doc = pn.state.curdoc
    if doc is None or not doc.session_context:
        raise RuntimeError("live() is for a session's page: call it in the page's function")
    pane = pn.Column(f"{feed.name}: waiting for the first snapshot")
    newest: list[Snapshot] = []  # at most one, which waits to be drawn

    def show() -> None:
        if newest:
            pane[:] = [draw(newest.pop())]

    def tell(snap: Snapshot) -> None:
        newest[:] = [snap]
        doc.add_next_tick_callback(show)  # the one call of a document that any thread may make

    def fail(error: Exception) -> None:
        doc.add_next_tick_callback(lambda: pane.__setitem__(slice(None), [str(error)]))

    following = feed.on_update(tell, fail)
    pn.state.on_session_destroyed(lambda _: following.cancel())
    return pane
