"""Notebook outputs that keep themselves up to date.

A view is a feed and the outputs that show it: a widget (_widget.py) where anywidget is installed,
else text and HTML that are sent anew. One thread looks at all views of this process ten times a
second, and sends what has changed, four times a second at most for HTML. The thread ends with the
last view, and sleeps through none: a view whose update took long waits four times as long.

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
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._errors import Error
from ._html import rough
from ._mark import NOTHING

if TYPE_CHECKING:
    from ._feed import Feed

_TICK = 0.1  # seconds between two looks
_EVERY = 0.25  # between two updates of HTML

_lock = threading.RLock()  # protects the list of views and the views' contents
_views: list[Any] = []
_thread: threading.Thread | None = None
_asked = threading.Event()  # a page has asked for something


class Live:
    """An output that shows a feed's newest table, its age, and what is wrong. See Feed.live().

    `widget` is the anywidget that is shown, for frameworks that show such ones; None where
    anywidget is missing, or where plain HTML was asked for.
    """

    def __init__(
        self,
        feed: Feed,
        rows: int | None,
        columns: Sequence[Any] | None = None,
        plot: Any = None,
        widget: bool | None = None,
    ) -> None:
        shell = _shell()
        self.widget: Any = None
        self._shown_by: int | None = None
        self._view: Any
        if _wants_widget(widget, shell):
            from ._widget import WidgetView

            self._view = WidgetView(feed, rows, columns, plot, _follow)
            self.widget = self._view.widget
        else:
            self._view = _View(feed, rows, columns)
        self._plain = self._view if self.widget is None else _View(feed, rows, columns)
        self._begin(shell)

    def _begin(self, shell: Any) -> None:
        view = self._view
        if shell is not None and (self.widget is None or _has_kernel(shell)):
            self._shown_by = _show(view, shell)
        elif self.widget is None:
            print(self)
            return
        if view.follows or self.widget is not None:
            # Where nothing tells that a cell has ended, the widget's pages tell how long it lasts.
            view.live = weakref.ref(self) if view.follows else None
            _follow(view)

    def cancel(self) -> None:
        """Stop updating. The table stays, and its caption says that it is no longer followed."""
        self._view.is_cancelled = self._plain.is_cancelled = True

    def _ipython_display_(self) -> None:
        """Called by IPython for the value of a cell.

        Does nothing in the cell that called live(), because the call has shown it there already.
        """
        shell = _shell()
        if shell is not None and shell.execution_count != self._shown_by:
            self._shown_by = _show(self._view, shell)

    def _display_(self) -> Any:
        """Called by marimo for the value of a cell."""
        import marimo

        return marimo.Html(self._repr_html_()) if self.widget is None else _of_marimo(self.widget)

    def __repr__(self) -> str:
        return str(self._plain.now()["text/plain"])

    def _repr_html_(self) -> str | None:
        found: str | None = self._plain.now().get("text/html")
        return found


def _shell() -> Any:
    """The IPython that runs; None if there is none. Raises ImportError without IPython."""
    try:
        from IPython.core.interactiveshell import InteractiveShell
    except ImportError:
        if _in_marimo():
            return None
        raise ImportError("live() needs IPython, which is not installed") from None
    return InteractiveShell.instance() if InteractiveShell.initialized() else None


def _has_kernel(shell: Any) -> bool:
    return getattr(shell, "kernel", None) is not None


def _in_marimo() -> bool:
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _of_marimo(widget: Any) -> Any:
    import marimo

    return marimo.ui.anywidget(widget)


def _wants_widget(widget: bool | None, shell: Any) -> bool:
    if widget is None and not (_has_kernel(shell) or _in_marimo()):
        return False
    if widget is False:
        return False
    try:
        import anywidget  # noqa: F401
    except ImportError:
        if widget:
            raise ImportError(
                'the widget needs anywidget: pip install "shmpub[notebook]"'
            ) from None
        return False
    return True


def _show(view: Any, shell: Any) -> int:
    """Show it in one more output; returns the number of the cell that runs."""
    with _lock:
        view.display(shell)
        if view.follows:
            view.cell_id = _cell_id(shell)
            view.is_in_cell = _is_run_by_cell()
            _listen(shell)
    number: int = shell.execution_count
    return number


class Followed:
    """How long a view lasts."""

    every = _EVERY

    def __init__(self) -> None:
        self.live: weakref.ref[Live] | None = None
        self.is_cancelled = False
        self.is_in_cell = False  # whether the cell that made it is still running
        self.is_of_output = False  # whether it lasts as long as its output: no variable kept it
        self.cell_id: str | None = None
        self.follows = False
        self.due = 0.0  # when the thread may look at it again, by the monotonic clock

    def is_over(self) -> bool:
        if self.is_cancelled or self.is_closed():
            return True
        is_gone = self.live is not None and self.live() is None
        return is_gone and not (self.is_in_cell or self.is_of_output)

    def is_closed(self) -> bool:
        return False

    def is_asleep(self) -> bool:
        return False

    def let_go(self) -> None:
        """Called when the thread no longer looks at it."""

    def output_is_gone(self) -> None:
        self.is_cancelled = True


class _View(Followed):
    """A feed, and the outputs that show it as text and HTML."""

    def __init__(self, feed: Feed, rows: int | None, columns: Sequence[Any] | None) -> None:
        super().__init__()
        self._feed = feed
        self._columns = columns
        self._rows = rows
        self._handles: list[Any] = []
        self._mark = NOTHING
        self._frame: dict[str, str] = {}
        self._facts = ""
        self._sent: dict[str, str] = {}

    def display(self, shell: Any) -> None:
        from IPython.display import display

        self._sent = self.now()
        show: Any = display  # has no types in some versions
        handle = show(self._sent, raw=True, display_id=True)
        # A terminal can't update what it has printed.
        self.follows = handle is not None and not _is_terminal(shell)
        if self.follows:
            self._handles.append(handle)

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
        if self._columns is not None:
            frame = frame[[c for c in self._columns if c in frame.columns]]
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


def _follow(view: Any) -> None:
    """Have the thread look at a view. Where it does already, its page has asked for something."""
    global _thread
    with _lock:
        if view.is_over():
            return
        view.due = 0.0
        if view not in _views:
            _views.append(view)
        else:
            _asked.set()
        if _thread is None:
            _thread = threading.Thread(target=_run, name="shmpub-live", daemon=True)
            _thread.start()


def _run() -> None:
    while True:
        if _asked.wait(_TICK):
            _asked.clear()
        if not _round():
            return


def _round() -> bool:
    """Look at every view once. Returns False when no view is left: the thread ends then."""
    global _thread
    with _lock:
        views = list(_views)
    done = [view for view in views if not _goes_on(view)]
    with _lock:
        for view in done:
            if view in _views and (view.is_over() or view.is_asleep()):
                _views.remove(view)
                view.let_go()
        if not _views:
            _thread = None
        return bool(_views)


def _goes_on(view: Any) -> bool:
    """Update a view if it is time. Returns whether it goes on. Runs without the lock: a cell that
    begins takes that, and must not wait for a table that is being sorted."""
    is_over = view.is_over() or view.is_asleep()
    before = time.monotonic()
    if before < view.due and not is_over:
        return True
    try:
        view.refresh()
    except Exception:  # the notebook's front end has gone
        view.is_cancelled = is_over = True
    now = time.monotonic()
    view.due = now + max(view.every - 0.01, 4 * (now - before))
    return not is_over


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
                view.output_is_gone()


def _cell_has_ended(result: Any) -> None:
    """Decide for the views of this cell whether they belong to their output or to a variable."""
    with _lock:
        for view in _views:
            if view.is_in_cell:
                view.is_in_cell = False
                view.is_of_output = view.live is not None and view.live() is None
