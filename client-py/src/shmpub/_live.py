"""A notebook output that keeps itself up to date.

A _View is a feed and the outputs that show it. One thread looks at all views of this process four
times a second, and updates an output when its text has changed. The thread ends with the last view.

A view ends with .cancel(), when its cell is run again, because its output is gone then, and when
the Live object that Feed.live() returned is deleted. Where no variable kept the Live object until
the end of its cell, the view belongs to the output and goes on. The caption of a view that has
ended says so: otherwise it would look like a feed with nothing new.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from ._errors import Error
from ._html import rough
from ._mark import NOTHING

if TYPE_CHECKING:
    from ._feed import Feed

_EVERY = 0.25  # seconds between two looks, and so between two updates

_lock = threading.RLock()  # protects the list of views and the views' contents
_views: list[_View] = []
_thread: threading.Thread | None = None


class Live:
    """An output that shows a feed's newest table, its age, and what is wrong. See Feed.live()."""

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
        """Stop updating. The table stays, and its caption says that it is no longer followed."""
        self._view.is_cancelled = True

    def _ipython_display_(self) -> None:
        """Called by IPython for the value of a cell.

        Does nothing in the cell that called live(), because the call has shown it there already.
        """
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
        self.is_in_cell = False  # whether the cell that made it is still running
        self.is_of_output = False  # whether it lasts as long as its output: no variable kept it
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
        """Show it in one more output; returns the number of the cell that runs."""
        from IPython.display import display

        with _lock:
            self._sent = self.now()
            show: Any = display  # has no types in some versions
            handle = show(self._sent, raw=True, display_id=True)
            # A terminal can't update what it has printed.
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
        """Update the outputs, if the text has changed."""
        made = self.now()
        if made != self._sent:
            self._sent = made
            for handle in self._handles:
                handle.update(made, raw=True)

    def now(self) -> dict[str, str]:
        """The present contents by MIME type: text, and HTML unless pandas' options forbid it."""
        with _lock:
            caption, frame = self._caption(), self._frame
        made = {"text/plain": caption}
        if frame:
            made["text/plain"] += "\n" + frame["text/plain"]
        if "text/html" in frame or not frame:
            import html

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
        except Exception as error:  # the caption tells errors of pandas and of the system, too
            return f"{name}: {self._facts}{type(error).__name__}: {error}"
        told = f"data {rough(age)} old" if age is not None else "no data"
        if state == "gone":
            told += f", {why}"
        elif state != "fresh":
            told += f", {state}: {why}" if why else f", {state}"
        return f"{name}: {self._facts}{told}"

    def _take(self) -> None:
        """Make the newest table into text, unless it is the last one. Raises as Feed.df does."""
        snapshot, mark = self._feed._newest()
        if mark == self._mark:
            return
        frame = snapshot.df
        if self._rows is not None:
            frame = frame.head(self._rows)
        # pandas' options decide how many rows, columns and digits it shows, and whether as HTML.
        made = {"text/plain": repr(frame)}
        page = frame._repr_html_()
        if page is not None:
            made["text/html"] = page
        at = snapshot.published_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        self._facts = f"sequence {snapshot.sequence}, {len(snapshot)} rows, published {at}, "
        self._frame, self._mark = made, mark


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
    """Look at every view once. Returns False when no view is left: the thread ends then."""
    global _thread
    with _lock:
        for view in list(_views):
            is_over = view.is_over()
            try:
                view.refresh()
            except Exception:  # the notebook's front end has gone
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
    """Whether code of a cell has called this, not a program that merely has made a shell."""
    frame: Any = sys._getframe()
    while frame is not None:
        is_shell_s = frame.f_globals.get("__name__") == "IPython.core.interactiveshell"
        if is_shell_s and frame.f_code.co_name == "run_code":
            return True
        frame = frame.f_back
    return False


def _cell_id(shell: Any) -> str | None:
    """The id of the cell that runs; None where the front end does not tell it."""
    try:
        metadata = shell.kernel.get_parent().get("metadata") or {}
    except AttributeError:  # a shell without a kernel
        return None
    found: str | None = metadata.get("cellId")
    return found


def _listen(shell: Any) -> None:
    """Have IPython call the two functions below, unless it does so already."""
    for event, call in (("pre_run_cell", _cell_begins), ("post_run_cell", _cell_has_ended)):
        if call not in shell.events.callbacks[event]:
            shell.events.register(event, call)


def _cell_begins(info: Any) -> None:
    """End the views that this cell has shown before: their outputs are gone now."""
    with _lock:
        for view in _views:
            if view.cell_id is not None and view.cell_id == info.cell_id:
                view.is_cancelled = True


def _cell_has_ended(result: Any) -> None:
    """Decide for the views of this cell whether they belong to their output or to a variable."""
    with _lock:
        for view in _views:
            if view.is_in_cell:
                view.is_in_cell = False
                view.is_of_output = view.live is not None and view.live() is None
