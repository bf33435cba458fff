"""Dash: properties of a page's components that are set for each new snapshot, by WebSocket.

import shmpub
from dash import Dash, dash_table
from shmpub.ext.dash import live

feed = shmpub.subscribe("quotes")
app = Dash(__name__, backend="fastapi", websocket_callbacks=True)
app.layout = dash_table.DataTable(id="table")

@live(feed)
def show(snap):
    return {"table": {"data": snap.df.tail().astype(str).to_dict("records")}}

app.run()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from .._errors import Error
from .._feed import Feed
from .._snapshot import Snapshot

try:
    from dash import callback, ctx, set_props
except ImportError as error:
    raise ImportError('shmpub.ext.dash needs Dash: pip install "dash[fastapi]>=4.4"') from error

_SLICE = 1.0  # seconds; how soon the end of a page is noticed

Show = TypeVar("Show", bound=Callable[[Snapshot], dict[str, dict[str, Any]]])


def live(feed: Feed) -> Callable[[Show], Show]:
    """Makes of `show(snapshot)` what each open page calls for the present and each new snapshot.

    It returns the properties to set, by component: {"table": {"data": [...]}}. It is called in the
    server's event loop: keep it short. The app must be Dash(backend="fastapi",
    websocket_callbacks=True), of Dash 4.4 or newer. While the feed can't be read, the page stays as
    it is, and is tried again each second. It ends when the page is closed, and has no thread.
    """

    def register(show: Show) -> Show:
        async def follow() -> None:
            page = ctx.websocket
            async with feed.updates(timeout=_SLICE) as updates:
                while page is not None and not page.is_shutdown:
                    try:
                        async for snap in updates:
                            if page.is_shutdown:
                                return
                            for component, properties in show(snap).items():
                                set_props(component, properties)
                    except (Error, OSError):
                        await asyncio.sleep(_SLICE)

        # Dash tells callbacks without an output apart by their names.
        follow.__name__ = follow.__qualname__ = f"shmpub_{feed.name}_{show.__name__}"
        callback(persistent=True, websocket=True)(follow)
        return show

    return register
