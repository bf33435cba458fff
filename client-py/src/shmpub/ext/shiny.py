"""Shiny: a reactive value that is the newest snapshot.

import shmpub
from shiny import App, render, ui
from shmpub.ext.shiny import live

feed = shmpub.subscribe("quotes")

def server(input, output, session):
    newest = live(feed, session)

    @render.data_frame
    def table():
        return newest().df.tail()

app = App(ui.page_fluid(ui.output_data_frame("table")), server)
"""

from __future__ import annotations

import asyncio
from typing import Any

from .._errors import Error
from .._feed import Feed

try:
    from shiny import reactive
except ImportError as error:
    raise ImportError("shmpub.ext.shiny needs Shiny: pip install shiny") from error

_PAUSE = 1.0  # seconds between two tries of a feed that can't be read


def live(feed: Feed, session: Any) -> Any:
    """A reactive value, the newest snapshot: what reads it runs anew for each.

    Call it in the server function, with its session. Before the first snapshot, what reads the
    value waits silently, as for an input that is not there. While the feed can't be read, the value
    stays, and the feed is tried again each second. It ends with the session, and leaves no thread.
    """
    newest: Any = reactive.Value()
    updates = feed.updates()

    async def follow() -> None:
        while True:
            try:
                async for snap in updates:
                    async with reactive.lock():
                        newest.set(snap)
                        await reactive.flush()
                return
            except (Error, OSError):
                await asyncio.sleep(_PAUSE)

    task = asyncio.get_running_loop().create_task(follow())

    def end() -> None:
        updates.close()
        task.cancel()

    session.on_ended(end)
    return newest
