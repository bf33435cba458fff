"""A notebook output that keeps itself fresh."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from ._snapshot import Snapshot

if TYPE_CHECKING:
    from ._feed import Feed


class Live:
    """The output of Feed.live(): shows the newest frame until .cancel() is called."""

    def __init__(self, feed: Feed, rows: int) -> None:
        try:
            from IPython.display import display
        except ImportError:
            raise ImportError("live() needs IPython, which is not installed") from None
        self._name = feed.name
        self._rows = rows
        self._snapshot: Snapshot | None = None
        show: Any = display  # untyped in some versions
        self._handle = show(self, display_id=True)
        self._subscription = feed.on_update(self._show)

    def cancel(self) -> None:
        """Leave the output as it is."""
        self._subscription.cancel()

    def _show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        if self._handle is not None:
            self._handle.update(self)

    def _caption(self) -> str:
        snapshot = self._snapshot
        if snapshot is None:
            return f"{self._name}: nothing published yet"
        at = snapshot.published_at.astimezone().strftime("%H:%M:%S.%f")[:-3]
        return f"{self._name}: sequence {snapshot.sequence}, {len(snapshot)} rows, {at}"

    def __repr__(self) -> str:
        snapshot = self._snapshot
        if snapshot is None:
            return self._caption()
        return f"{self._caption()}\n{snapshot.df.head(self._rows)}"

    def _repr_html_(self) -> str:
        snapshot = self._snapshot
        caption = f"<p><small>{html.escape(self._caption())}</small></p>"
        return caption if snapshot is None else caption + snapshot.df.head(self._rows).to_html()
