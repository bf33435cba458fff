"""A notebook output that keeps itself fresh.

What a front end shows is a _View: a feed and the outputs that show it. One thread looks at all
the views of this process, four times a second, and sends an output anew when its text is another
one. The thread ends with the last view.

A view ends with .cancel(), when its cell is run again (its output is gone then), and when the Live
that `live()` gave is gone. A view whose Live nobody kept until the cell had ended belongs to the
output, and goes on. What has ended says so, for nobody could tell it from what is merely quiet.
"""

from __future__ import annotations

import html
import os
import sys
import threading
import time
import weakref
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ._errors import Error
from ._mark import NOTHING

if TYPE_CHECKING:
    from ._feed import Feed

_EVERY = 0.25  # seconds between two looks, so the shortest time between two updates

_lock = threading.RLock()  # of the views, and of what each of them has made
_views: list[_View] = []
_thread: threading.Thread | None = None


class Live:
    """The output of Feed.live(): the newest frame, with how old it is and what is wrong with it."""

    def __init__(self, feed: Feed, rows: int | None) -> None:
        try:
            from IPython.core.interactiveshell import InteractiveShell
        except ImportError:
            raise ImportError("live() needs IPython, which is not installed") from None
        self._view = _View(feed, rows)
        if not InteractiveShell.initialized():
            print(self)
            return
        self._shown_by = self._view.show(InteractiveShell.instance())
        if self._view.follows:
            self._view.live = weakref.ref(self)
            _follow(self._view)

    def cancel(self) -> None:
        """The table stays; its caption says that it is not followed any more."""
        self._view.is_cancelled = True

    def _ipython_display_(self) -> None:
        """Shown as soon as it was made, so not again as the value of the same cell."""
        from IPython.core.interactiveshell import InteractiveShell

        shell = InteractiveShell.instance()
        if shell.execution_count != self._shown_by:
            self._shown_by = self._view.show(shell)

    def __repr__(self) -> str:
        return self._view.now()["text/plain"]

    def _repr_html_(self) -> str | None:
        return self._view.now().get("text/html")


class _View:
    """A feed, and the outputs that show it."""

    def __init__(self, feed: Feed, rows: int | None) -> None:
        self.live: weakref.ref[Live] | None = None
        self.is_cancelled = False
        self.is_in_cell = False  # while the cell runs in which it was made
        self.is_of_output = False  # nobody kept it: the output alone tells how long it is followed
        self.cell_id: str | None = None
        self.follows = False
        self._feed = feed
        self._rows = rows
        self._handles: list[Any] = []
        self._mark = NOTHING
        self._frame: dict[str, str] = {}
        self._facts = ""
        self._sent: dict[str, str] = {}

    def show(self, shell: Any) -> int:
        """In one more output; the number of the cell that does."""
        from IPython.display import display

        with _lock:
            self._sent = self.now()
            show: Any = display  # untyped in some versions
            handle = show(self._sent, raw=True, display_id=True)
            # A terminal can't change what it has printed.
            self.follows = handle is not None and not _is_terminal(shell)
            if self.follows:
                self._handles.append(handle)
                self.cell_id = _cell_id(shell)
                self.is_in_cell = _is_run_by_cell()
                _listen(shell)
        number: int = shell.execution_count
        return number

    def is_over(self) -> bool:
        if self.is_cancelled:
            return True
        is_gone = self.live is not None and self.live() is None
        return is_gone and not (self.is_in_cell or self.is_of_output)

    def refresh(self) -> None:
        """Send what is another text by now."""
        made = self.now()
        if made != self._sent:
            self._sent = made
            for handle in self._handles:
                handle.update(made, raw=True)

    def now(self) -> dict[str, str]:
        """The present text, and the present page where pandas' options want one."""
        with _lock:
            caption, frame = self._caption(), self._frame
        made = {"text/plain": caption}
        if frame:
            made["text/plain"] += "\n" + frame["text/plain"]
        if "text/html" in frame or not frame:
            small = f"<p><small>{html.escape(caption)}</small></p>"
            made["text/html"] = small + frame.get("text/html", "")
        return made

    def _caption(self) -> str:
        name = self._feed.name
        if self.is_over():
            return f"{name}: {self._facts}no longer followed"
        try:
            self._take()
            state, why, age = self._feed.state, self._feed.last_error, self._feed.age
        except Error as error:
            return f"{name}: {self._facts}{error}"
        except Exception as error:  # of pandas, of the system: told, like the others
            return f"{name}: {self._facts}{type(error).__name__}: {error}"
        told = f"data {_rough(age)} old" if age is not None else "no data"
        if state == "gone":
            told += f", {why}"
        elif state != "fresh":
            told += f", {state}: {why}" if why else f", {state}"
        return f"{name}: {self._facts}{told}"

    def _take(self) -> None:
        """The newest table, made into text unless it is the one of before. Raises as df does."""
        snapshot, mark = self._feed._newest()
        if mark == self._mark:
            return
        frame = snapshot.df
        if self._rows is not None:
            frame = frame.head(self._rows)
        # As pandas shows it: its options decide on rows, columns, digits, and the form.
        made = {"text/plain": repr(frame)}
        page = frame._repr_html_()
        if page is not None:
            made["text/html"] = page
        at = snapshot.published_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        self._facts = f"sequence {snapshot.sequence}, {len(snapshot)} rows, published {at}, "
        self._frame, self._mark = made, mark


def _rough(age: timedelta) -> str:
    """In the largest unit of which there is one, so that it seldom changes."""
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size * (2 if unit == "days" else 1):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


# --- the thread -----------------------------------------------------------------------------------


def _follow(view: _View) -> None:
    global _thread
    with _lock:
        _views.append(view)
        if _thread is None:
            _thread = threading.Thread(target=_run, name="shmpub-live", daemon=True)
            _thread.start()


def _run() -> None:
    while True:
        time.sleep(_EVERY)
        if not _round():
            return


def _round() -> bool:
    """Look at every view once; False when there is none any more, and the thread is to end."""
    global _thread
    with _lock:
        for view in list(_views):
            is_over = view.is_over()
            try:
                view.refresh()
            except Exception:  # the front end is gone
                is_over = True
            if is_over:
                _views.remove(view)
        if not _views:
            _thread = None
        return bool(_views)


def _after_fork() -> None:
    global _lock, _thread
    _lock = threading.RLock()
    _thread = None
    _views.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# --- IPython's cells ------------------------------------------------------------------------------


def _is_terminal(shell: Any) -> bool:
    return any(kind.__name__ == "TerminalInteractiveShell" for kind in type(shell).__mro__)


def _is_run_by_cell() -> bool:
    """Whether this is called by a cell's code, not by a program that merely has a shell."""
    frame: Any = sys._getframe()
    while frame is not None:
        is_shell_s = frame.f_globals.get("__name__") == "IPython.core.interactiveshell"
        if is_shell_s and frame.f_code.co_name == "run_code":
            return True
        frame = frame.f_back
    return False


def _cell_id(shell: Any) -> str | None:
    """Of the cell that runs, where the front end tells it."""
    try:
        metadata = shell.kernel.get_parent().get("metadata") or {}
    except AttributeError:  # no kernel
        return None
    found: str | None = metadata.get("cellId")
    return found


def _listen(shell: Any) -> None:
    """Hear of cells that begin and end, once."""
    for event, call in (("pre_run_cell", _cell_begins), ("post_run_cell", _cell_has_ended)):
        if call not in shell.events.callbacks[event]:
            shell.events.register(event, call)


def _cell_begins(info: Any) -> None:
    """What the cell has shown before is gone now."""
    with _lock:
        for view in _views:
            if view.cell_id is not None and view.cell_id == info.cell_id:
                view.is_cancelled = True


def _cell_has_ended(result: Any) -> None:
    with _lock:
        for view in _views:
            if view.is_in_cell:
                view.is_in_cell = False
                view.is_of_output = view.live is not None and view.live() is None
