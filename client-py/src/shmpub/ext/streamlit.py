"""Streamlit: a part of the page that is drawn anew for each new snapshot.

import shmpub
import streamlit as st
from shmpub.ext.streamlit import live

feed = shmpub.subscribe("quotes")
st.title("Quotes")
live(feed, lambda snap: st.dataframe(snap.df.tail()))
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .._errors import Error
from .._feed import Feed
from .._snapshot import Snapshot

try:
    import streamlit as st
except ImportError as error:
    raise ImportError("shmpub.ext.streamlit needs Streamlit: pip install streamlit") from error

_SLICE = 0.1  # seconds; how soon Streamlit can stop a script that waits


def live(feed: Feed, draw: Callable[[Snapshot], Any]) -> None:
    """Call `draw(snapshot)`, which makes elements of the page, now and for each new snapshot.

    Call it last: it does not return while the page is open, and the page says "running" meanwhile.
    Other widgets of the page work all the same: Streamlit ends the script at one, and runs it anew.
    `draw` is called in the script's thread, in a fragment, and may make any element but widgets,
    which would have the same key twice. Until the feed is there, or while it can't be read, the
    page shows the reason. It ends with the session, and leaves no thread.
    """

    @st.fragment  # type: ignore[untyped-decorator]
    def follow() -> None:
        box, beat = st.empty(), st.empty()
        with feed.updates(timeout=_SLICE) as updates:
            while True:
                try:
                    for snap in updates:
                        with box.container():
                            draw(snap)
                        beat.empty()
                    beat.empty()  # Streamlit can stop a script only where it calls st
                except (Error, OSError) as error:
                    beat.error(str(error))
                    time.sleep(10 * _SLICE)

    follow()
