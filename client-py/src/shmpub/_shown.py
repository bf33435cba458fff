"""What a notebook shows of a feed: Feed has these methods.

The modules that do it are loaded when a notebook asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ._feed import Feed
    from ._live import Live


class Shown:
    """The methods of a Feed that show it."""

    def live(
        self,
        rows: int | None = None,
        columns: Sequence[Any] | None = None,
        plot: Any = None,
        *,
        widget: bool | None = None,
    ) -> Live:
        """Show the newest table in a notebook, and keep the output up to date.

        The call itself shows it. Where anywidget is installed (`pip install "shmpub[notebook]"`) it
        is a widget: it shows `rows` rows at a time (10 by default) of the whole table, sorts it by
        a click on a column's name, pauses, and draws the column of numbers named by `plot`, or
        another one that is chosen there. Only what is shown travels to the page. It goes on while
        the kernel computes; clicks wait for the end of the cell. `columns` is a list of the names
        of the columns to show; by default those that pandas' display options allow.

        Without anywidget, and with `widget=False`, it is text and HTML by pandas' display options,
        and `rows` limits it to the first so many rows. Such an output also stays in a saved
        notebook. With `widget=True` nothing is shown in a notebook's stead where there is none:
        `live().widget` is for frameworks that show an anywidget.

        The caption tells sequence, rows and age of the data, the state, and the reason of anything
        wrong. When there is no table, it tells why, in the words of `df`'s exception.

        The widget is updated at most ten times a second, HTML four times. This ends when the cell
        is run again, when .cancel() is called, or when the returned object is deleted; if it was
        never assigned to a variable, it lasts as long as its output. One thread serves all outputs
        of a process.

        In a terminal the table is shown once. Raises ImportError without IPython, and for
        `widget=True` without anywidget; ValueError when `rows` is below 0; TypeError when `columns`
        is one text instead of a list.
        """
        if rows is not None and index(rows) < 0:
            raise ValueError(f"rows is None or at least 0, not {rows}")
        if isinstance(columns, str | bytes):
            raise TypeError(f"columns is a list of names, not {columns!r}")
        from ._live import Live

        return Live(cast("Feed", self), rows, columns, plot, widget)

    def _repr_html_(self) -> str:
        from . import _html

        return _html.of_feed(cast("Feed", self))
