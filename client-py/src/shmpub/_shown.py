"""What a notebook shows of a feed: Feed has these methods.

The modules that do it are loaded when a notebook asks for it.
"""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ._feed import Feed
    from ._live import Live


class Shown:
    """The methods of a Feed that show it."""

    def live(self, rows: int | None = None) -> Live:
        """Show the newest table in a notebook, and keep the output up to date.

        The call itself shows it, with pandas' display options; `rows` limits it to the first so
        many rows. The caption tells sequence, rows, time and age of the data, and the state unless
        it is "fresh". When there is no table, the caption tells why, in the words of `df`'s
        exception.

        The output is updated at most four times a second. This ends when the cell is run again,
        when .cancel() is called, or when the returned object is deleted; if it was never assigned
        to a variable, it lasts as long as its output. One thread serves all outputs of a process.

        In a terminal the table is shown once. Raises ImportError without IPython, and ValueError
        when `rows` is below 0.
        """
        if rows is not None and index(rows) < 0:
            raise ValueError(f"rows is None or at least 0, not {rows}")
        from ._live import Live

        return Live(cast("Feed", self), rows)

    def _repr_html_(self) -> str:
        from . import _html

        return _html.of_feed(cast("Feed", self))
