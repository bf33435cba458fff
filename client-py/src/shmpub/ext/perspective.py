"""Perspective: pivots and charts of feeds, which follow them, without a copy of the tables.

import shmpub
from perspective.widget import PerspectiveWidget
from shmpub.ext.perspective import table

PerspectiveWidget(table(shmpub.subscribe("quotes")), group_by=["symbol"])  # in JupyterLab

# or in a web server, for <perspective-viewer>
(r"/websocket", PerspectiveTornadoHandler, {"perspective_server": Server(feed)})
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from .._feed import Feed
from .._mark import NOTHING, Mark
from .._snapshot import Snapshot

try:
    import perspective
    import polars as pl
    from perspective.virtual_servers.polars import PolarsVirtualServerHandler, polars_type_to_psp
except ImportError as error:
    raise ImportError(
        "shmpub.ext.perspective needs Perspective: pip install perspective-python polars"
    ) from error

_EVERY = 0.1  # seconds between two updates of a page


class Server:
    """What Perspective's handlers for Tornado, Starlette and aiohttp take as `perspective_server`.

    Each feed is a table under its name. A page asks for what it shows, and is told when its feed
    has a newer snapshot, ten times a second at most. Pivots, sorts and filters are made by Polars
    from the shared memory; a sorted view is a copy of what it shows. Columns of types that
    Perspective lacks are shown as text. A page goes on with what it has while the feed can't be
    read, and when the columns' types have changed, until it is loaded anew.
    """

    def __init__(self, *feeds: Feed) -> None:
        self._feeds = feeds

    def new_session(self, callback: Callable[[bytes], Any]) -> Session:
        """Called by Perspective's handlers for each page."""
        return Session(self._feeds, callback)


class Session:
    """One page's. Where a loop of asyncio runs when it is made, `callback` is called there only."""

    def __init__(self, feeds: tuple[Feed, ...], callback: Callable[[bytes], Any]) -> None:
        self._handler = _Handler(feeds)
        self._server = perspective.VirtualServer(self._handler)
        self._callback: Callable[[bytes], Any] | None = callback
        self._watched: dict[str, list[bytes]] = {}  # by view: the answers that tell of an update
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        self._following = [feed.on_update(self._hear, _ignore) for feed in feeds]

    def handle_request(self, message: bytes) -> None:
        """Answer a page's request."""
        answer = self._server.handle_request(message)
        for view in self._handler.views:
            if bytes(message).endswith(view.encode() + _tail_of_on_update()):
                self._watched.setdefault(view, []).append(answer)
        if self._callback is not None:
            self._callback(answer)

    def close(self) -> None:
        """End it: the page is gone."""
        for following in self._following:
            following.cancel()
        self._callback = None
        self._watched.clear()
        self._server.close()

    def _hear(self, snap: Snapshot) -> None:
        """In the feed's thread. While it sleeps, newer snapshots take the place of older ones."""
        push = partial(self._push, snap.name)
        if self._loop is None:
            push()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(push)
        time.sleep(_EVERY)

    def _push(self, table: str) -> None:
        """Repeat the answers that tell the table's views of an update."""
        for view in list(self._watched):
            if view not in self._handler.views:
                self._watched.pop(view, None)
            elif self._handler.table_of(view) == table:
                for answer in self._watched[view]:
                    if self._callback is not None:
                        self._callback(answer)


def table(feed: Feed) -> Any:
    """A feed as a perspective.Table, for PerspectiveWidget and what else takes one.

    It follows the feed as pages of a Server do. It has no rows of its own: it can't be updated or
    replaced. It lasts, with its thread, as long as the process. Raises what Feed.snapshot() raises
    when there is no snapshot yet.
    """
    feed.snapshot()
    client: Any = None
    session = Server(feed).new_session(lambda answer: client.handle_response(answer))
    client = perspective.Client(session.handle_request)
    return client.open_table(feed.name)


def _ignore(_: Exception) -> None:
    """While a feed can't be read, pages stay as they are."""


class _Tables:
    """The newest snapshots as frames of Polars, for Perspective's own handler."""

    def __init__(self, feeds: tuple[Feed, ...]) -> None:
        self._feeds = {feed.name: feed for feed in feeds}
        self._held: dict[str, tuple[Mark, Any]] = {}

    def keys(self) -> Any:
        return self._feeds.keys()

    def __getitem__(self, name: str) -> Any:
        snap, mark = self._feeds[name]._newest()
        held = self._held.get(name)
        if held is None or held[0] != mark:
            self._held[name] = held = mark, _fit(snap.polars())
        return held[1]

    def mark(self, name: str) -> Mark:
        """Of the newest snapshot; of the one that is held while it can't be read."""
        try:
            self[name]
        except Exception:
            if name not in self._held:
                raise
        return self._held[name][0]


def _fit(frame: Any) -> Any:
    """The frame with columns of other types than Perspective's as text."""
    others = []
    for name, dtype in frame.schema.items():
        try:
            polars_type_to_psp(dtype)
        except ValueError:
            others.append(pl.col(name).cast(pl.String))
    return frame.with_columns(others) if others else frame


class _Handler(PolarsVirtualServerHandler):  # type: ignore[misc]  # has no types
    """Perspective's handler for Polars; a view is made anew when its table has a newer snapshot."""

    def __init__(self, feeds: tuple[Feed, ...]) -> None:
        super().__init__(_Tables(feeds))
        self._made: dict[str, tuple[str, Any, Mark]] = {}

    def get_features(self) -> Any:
        """Without "on_update" a viewer asks for no news."""
        return super().get_features() | {"on_update": True}

    def table_of(self, view: str) -> str | None:
        return self._made.get(view, (None,))[0]

    def table_make_view(self, table_name: str, view_name: str, config: Any, *more: Any) -> None:
        mark = self.tables.mark(table_name)
        super().table_make_view(table_name, view_name, config, *more)
        self._made[view_name] = table_name, config, mark

    def view_delete(self, view_name: str) -> None:
        self._made.pop(view_name, None)
        super().view_delete(view_name)

    def view_size(self, view_name: str) -> Any:
        self._renew(view_name)
        return super().view_size(view_name)

    def view_get_min_max(self, view_name: str, *more: Any) -> Any:
        self._renew(view_name)
        return super().view_get_min_max(view_name, *more)

    def view_get_data(self, view_name: str, *more: Any) -> None:
        self._renew(view_name)
        super().view_get_data(view_name, *more)

    def _renew(self, view: str) -> None:
        name, config, mark = self._made.get(view, ("", None, NOTHING))
        if not name or self.tables.mark(name) == mark:
            return
        before = self.views[view], self.view_schemas[view]
        try:
            self.table_make_view(name, view, config)
        except Exception:  # a column is gone, say
            self.view_schemas[view] = None
        if self.view_schemas[view] != before[1]:
            self.views[view], self.view_schemas[view] = before
            self._made[view] = name, config, self.tables.mark(name)


@cache
def _tail_of_on_update() -> bytes:
    """How a request of Perspective's protocol to hear of updates ends, after the view's name.

    Perspective's virtual servers answer it once, at once. A client takes a repeated answer as
    one more update. How the request looks is asked of Perspective's own client.
    """
    handler = PolarsVirtualServerHandler({"t": pl.DataFrame({"a": [1]})})
    server = perspective.VirtualServer(handler)
    messages: list[bytes] = []

    def request(message: bytes) -> None:
        messages.append(bytes(message))
        client.handle_response(server.handle_request(message))

    client = perspective.Client(request)
    client.open_table("t").view().on_update(lambda *_: None)
    name = next(iter(handler.views)).encode()
    _, found, tail = messages[-1].rpartition(name)
    if not found or not tail:
        raise RuntimeError("this version of Perspective has another protocol than those known")
    return tail
