"""The widget of Feed.live(): a table that sorts, pages, pauses, and draws a chart.

Only what is shown travels. All work is done in the thread of _live; what the page asks for is kept
until that thread takes it, so a cell that computes does not hinder the table.

Who shows the widget is told by its pages ("here", "gone"); without a page nothing is done. A page
that is closed tells nothing, and Jupyter's server would then keep all messages for its return.
So pages confirm now and then ("seen"), and the longer none does, the fewer messages there are: ten
in a second at first, in the end one in a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ._cells import Order, Rows
from ._live import Followed
from ._mark import NOTHING

if TYPE_CHECKING:
    from ._feed import Feed

_HERE = Path(__file__).parent

# All times are seconds.
EVERY = 0.1  # between two updates
_BEAT = 5.0  # an update at least so often: by that a page knows that the kernel lives
_GRACE = 10.0  # without a page: notebooks take outputs away and put them back
_FORGET = 300.0  # a page that said nothing for so long counts no longer when another one comes
_SLOWER = ((5000, 60.0), (1000, 10.0), (100, 1.0))  # after so many unconfirmed messages

_MOST_ROWS = 1000  # of a page
_ROWS = 10


class LiveTable(anywidget.AnyWidget):  # type: ignore[misc]  # anywidget may be missing
    """What the page and the kernel share. `asked` is the page's, everything else the kernel's."""

    _esm = (_HERE / "_widget.js").read_text(encoding="utf-8")
    _css = (_HERE / "_widget.css").read_text(encoding="utf-8")
    facts = traitlets.Dict().tag(sync=True)
    table = traitlets.Dict().tag(sync=True)
    chart = traitlets.Bytes(b"").tag(sync=True)
    asked = traitlets.Dict().tag(sync=True)

    def __init__(self, **values: Any) -> None:
        self.gate = threading.RLock()  # traitlets are not made for two threads
        super().__init__(**values)

    def set_state(self, sync_data: Any) -> None:
        with self.gate:
            super().set_state(sync_data)

    def put(self, **values: Any) -> None:
        """Change several traits in one message."""
        with self.gate, self.hold_sync():
            for name, value in values.items():
                setattr(self, name, value)


class WidgetView(Followed):
    """A feed and the widget that shows it; _live's thread calls refresh()."""

    every = EVERY

    def __init__(
        self, feed: Feed, rows: int | None, columns: Sequence[Any] | None, plot: Any, wake: Any
    ) -> None:
        super().__init__()
        self.pages: dict[str, float] = {}  # by name: when it said something last
        self._left_at: float | None = None  # when the last page went
        self._feed = feed
        self._columns = list(columns) if columns is not None else None
        self._plot = plot
        self._wake = wake
        self._mark = NOTHING
        self._rows: Rows | None = None
        self._shown: dict[str, Any] = {}
        self._made_of: Any = None  # the snapshot and the wishes that the table was made of
        self._send_at = self._beat_at = 0.0
        self._unseen = self._beats = 0
        page = min(_ROWS if rows is None else rows, _MOST_ROWS)
        asked = {"offset": 0, "page": page, "order": None, "chart": None, "paused": False}
        self.widget = LiveTable(asked=asked)
        self.widget.observe(self._is_asked, ["asked"])
        self.widget.on_msg(self._hears)
        self.refresh()

    def display(self, shell: Any) -> None:
        from IPython.display import display

        show: Any = display  # has no types in some versions
        show(self.widget)
        self.follows = True

    def output_is_gone(self) -> None:
        """Its cell is run again: the registry of widgets would keep it for ever."""
        self.is_cancelled = True
        self.widget.close()

    # --- what pages say: in the kernel's thread, or in that of a subshell

    def _is_asked(self, _: Any) -> None:
        self._send_at = self._beat_at = 0.0
        self._wake(self)

    def _hears(self, _: Any, message: Any, buffers: Any) -> None:
        if not isinstance(message, dict):
            return
        kind, page, now = message.get("kind"), str(message.get("id"))[:40], time.monotonic()
        if kind == "gone":
            self.pages.pop(page, None)
            self._left_at = None if self.pages else now
            return
        if kind == "here":
            old = [name for name, at in list(self.pages.items()) if now - at > _FORGET]
            for name in old:
                self.pages.pop(name, None)
        self._unseen, self._left_at = 0, None
        self.pages[page] = now
        if kind == "here":
            self._is_asked(None)

    # --- what the thread does

    def is_closed(self) -> bool:
        return self.widget.comm is None

    def is_asleep(self) -> bool:
        """Whether no page has shown it for a while. It wakes up when a page comes."""
        left_at = self._left_at
        return left_at is not None and time.monotonic() - left_at > _GRACE

    def refresh(self) -> None:
        """Send what has changed."""
        now = time.monotonic()
        if now < self._send_at:
            return
        new = self._changes()
        if not new and now < self._beat_at:
            return
        pause = next((wait for n, wait in _SLOWER if self._unseen >= n), EVERY)
        self._send_at, self._beat_at = now + pause, now + max(pause, _BEAT)
        self._beats += 1
        self._unseen += 1
        new["facts"] = {**self._shown["facts"], **self._age(), "beat": self._beats}
        self.widget.put(**new)

    def let_go(self) -> None:
        """Give the snapshot back: its memory would be kept as long as the widget."""
        self._rows, self._mark, self._made_of = None, NOTHING, None

    def _changes(self) -> dict[str, Any]:
        """The traits whose content differs from what was sent."""
        asked = dict(self.widget.asked)
        facts = self._facts(bool(asked.get("paused")))
        made: dict[str, Any] = {"facts": facts}
        of = self._rows, asked
        if self._rows is not None and self._made_of != of:
            self._made_of = of
            try:
                made["table"], made["chart"] = self._content(self._rows, asked)
            except Exception as error:  # the page tells errors of pandas, too
                facts["note"] = f"the table can't be shown: {type(error).__name__}: {error}"
        new = {name: value for name, value in made.items() if self._shown.get(name) != value}
        self._shown.update(new)
        return new

    def _facts(self, is_paused: bool) -> dict[str, Any]:
        feed = self._feed
        facts: dict[str, Any] = {"name": feed.name, "state": "error", "why": "", "note": ""}
        try:
            newest = self._take(is_paused)
            facts |= {"state": feed.state, "why": feed.last_error, "newest": newest}
        except Exception as error:
            facts["why"] = f"{error}"
        if self.is_cancelled:
            facts["state"] = "ended"
        rows = self._rows
        if rows is not None:
            facts |= {"sequence": rows.snapshot.sequence, "rows": rows.total}
            facts["note"] = _note(rows)
        return facts

    def _take(self, is_paused: bool) -> int:
        """Take the newest snapshot, unless paused. Returns the newest sequence."""
        feed = self._feed
        if is_paused and self._rows is not None:
            return feed.sequence
        try:
            snapshot, mark = feed._newest()
        except Exception:
            if self._rows is not None or feed.state not in ("fresh", "stale"):
                return 0  # the state tells why
            raise
        if mark != self._mark:
            self._rows, self._mark = Rows(snapshot, self._columns), mark
        return snapshot.sequence

    def _content(self, rows: Rows, asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        page = _number(asked.get("page"), 1, _MOST_ROWS)
        offset = _number(asked.get("offset"), 0, max(0, rows.total - 1))
        order = _order(asked.get("order"), rows)
        table: dict[str, Any] = {
            "head": [[field.name, field.is_number] for field in rows.fields],
            "rows": rows.page(offset, page, order),
            "offset": offset,
            "order": list(order) if order else None,
        }
        chosen = asked.get("chart")
        at = rows.number_named(self._plot if chosen is None else chosen)
        if at < 0 or (chosen is None and self._plot is None):
            return table | {"charted": None, "range": []}, b""
        heights, bounds = rows.chart(at)
        return table | {"charted": rows.fields[at].name, "range": bounds}, heights

    def _age(self) -> dict[str, Any]:
        try:
            age = self._feed.age
        except Exception:
            age = None
        return {"age": None if age is None else age.total_seconds()}


def _note(rows: Rows) -> str:
    told = []
    if rows.missing:
        told.append("no column " + ", ".join(repr(str(c)[:50]) for c in rows.missing[:5]))
    if rows.hidden:
        told.append(f"{rows.hidden} more columns")
    return "; ".join(told)


def _number(value: Any, least: int, most: int) -> int:
    """What a page sent, made fit: a page can send anything."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return least
    return int(min(max(value, least), most))


def _order(value: Any, rows: Rows) -> Order | None:
    """The page names the column too, because a new snapshot may have other columns."""
    if not isinstance(value, list) or len(value) != 3 or not isinstance(value[0], int):
        return None
    at, is_descending, name = value
    if not 0 <= at < len(rows.fields) or rows.fields[at].name != name:
        return None
    return at, bool(is_descending)
