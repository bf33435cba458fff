"""A snapshot in hand: one immutable version of a feed's table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import _export, _frame, _layout, _verify
from ._blocks import Maker
from ._columns import Source, Values, numpy_array, read_values
from ._errors import Error, FormatError
from ._layout import Layout, Stamp
from ._mark import Mark

if TYPE_CHECKING:
    from ._attached import Attached

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Snapshot:
    """A table that never changes, and stays valid as long as it or anything made of it is held.

    Frames and arrays lie where the snapshot does, read-only. pandas copies a block before it writes
    into one, so what is written into a frame shows in that frame alone.
    """

    def __init__(
        self,
        feed: str,
        layout: Layout,
        stamp: Stamp,
        content: npt.NDArray[np.uint8],
        values: list[Values],
    ) -> None:
        self._feed = feed
        self._layout = layout  # kept for opening the next one faster
        self._mark = Mark(stamp.epoch, stamp.sequence)
        self._published_ns = stamp.published_ns
        self._content = content
        self._values = values
        self._hand_out: Maker | None = None

    @property
    def sequence(self) -> int:
        """An int that grows with every snapshot; compares only within one epoch."""
        return self._mark.sequence

    @property
    def epoch(self) -> int:
        """An int: another one when the catalog was made anew."""
        return self._mark.epoch

    @property
    def published_at(self) -> datetime:
        """When it was sealed: an aware datetime in UTC."""
        return _EPOCH + timedelta(microseconds=self._published_ns // 1000)

    @property
    def age(self) -> timedelta:
        """A timedelta: how long ago it was published, by the wall clock."""
        return datetime.now(UTC) - self.published_at

    @property
    def df(self) -> pd.DataFrame:
        """A DataFrame over shared memory, of its own; writing into it changes only this one.

        What pandas.read_csv makes of the source, its index included: see Feed.df.
        """
        hand_out = self._hand_out
        if hand_out is None:  # two threads may both make it; either is right
            hand_out = self._hand_out = _frame.master(self._layout, self._source())
        return hand_out()

    def _source(self) -> Source:
        source = Source(self._content, self._layout.batch)
        source.values = self._values
        return source

    def arrow(self) -> Any:
        """A pyarrow.Table; the index's levels are columns of it, as pandas' metadata tells.

        int64, uint64, double, bool, timestamp, large_string, null, and dictionaries of these, over
        shared memory. Raises ImportError without pyarrow.
        """
        return _export.arrow(self._layout, self._content)

    def polars(self) -> Any:
        """A polars.DataFrame."""
        return _export.polars(self._layout, self._content)

    def numpy(self) -> dict[Any, npt.NDArray[Any]]:
        """A dict of name to array of shape (rows,), levels of the index included.

        Numbers are int64, uint64 or float64 arrays and timestamps datetime64 ones (UTC, where the
        column has a time zone), over shared memory and read-only. bool columns are unpacked; text,
        and what has a mixture of kinds in pandas (bools with NA, integers beyond 64 bits), are
        object arrays; of categories, the values.
        A level without a name, or with one that a column has too, goes by its field's name,
        `__index_level_N__`.
        """
        schema = self._layout.schema
        found = _frame.views(self._layout, self._content.data)
        if len(found) < len(schema.fields):
            for f in schema.fields:
                if f.position not in found:
                    found[f.position] = self._column(f)
        arrays = map(found.__getitem__, range(len(found)))
        return dict(zip(schema.export_names, arrays, strict=True))

    def column(self, name: Any) -> npt.NDArray[Any]:
        """The array of one column or named level of the index, of shape (rows,): see numpy().

        Raises KeyError when there is none of that name.
        """
        fields = self._layout.schema.columns + self._layout.schema.levels
        for f in fields:
            if f.label == name and f.label is not None:
                return self._column(f)
        for f in fields:
            if f.name == name:
                return self._column(f)
        raise KeyError(name)

    def _column(self, f: Any) -> npt.NDArray[Any]:
        return numpy_array(f, self._source())

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.arrow().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return self._layout.rows

    def __repr__(self) -> str:
        columns = len(self._layout.schema.columns)
        return (
            f"<Snapshot of {self._feed}: sequence {self.sequence}, "
            f"{len(self)} rows, {columns} columns>"
        )

    def __reduce__(self) -> Any:
        raise TypeError("a Snapshot is bound to this process; pickle its df instead")


def open_snapshot(attached: Attached, feed: str, verify: str, kept: Layout | None) -> Snapshot:
    """Map and check the feed's newest snapshot; `kept` is the layout of an earlier one.

    Raises FileNotFoundError when there is none at present, FormatError, UntrustedOwner and
    AccessDenied.
    """
    segment = attached.catalog.instance.open_segment(feed, attached.descriptor)
    try:
        layout, stamp = _layout.load(segment.read, segment.size, kept)
        content = segment.map()
        # Whoever else is trusted to publish may still be wrong.
        how = verify if segment.is_own else "full"
        values = check(layout, Source(content, layout.batch, segment.read), how)
        return Snapshot(feed, layout, stamp, content, values)
    except FormatError as error:
        raise FormatError(f"{segment.path}: {error}") from None
    finally:
        segment.close()


def check(layout: Layout, source: Source, verify: str) -> list[Values]:
    """What of the contents must hold before they are used; all of it with verify="full".

    pandas, pyarrow and Polars follow offsets and codes without a look: one that leads elsewhere
    ends the process. So these are looked at in each snapshot. Returns the dictionaries' values.
    """
    for f in layout.schema.texts:
        source.check_text(f)
    values = []
    for f, batch in zip(layout.schema.dictionaries, layout.dictionaries, strict=True):
        source.check_codes(f, batch.rows)
        values.append(read_values(layout, f, source))
    if verify == "full":
        _verify.contents(layout, source.content)
    return values


def from_bytes(data: bytes, verify: str = "bounds") -> Snapshot:
    """A snapshot that lies in ordinary memory: for tests and for tools."""
    layout, stamp = _layout.load(lambda at, n: data[at : at + n], len(data))
    content = np.frombuffer(data, np.uint8)
    values = check(layout, Source(content, layout.batch), verify)
    return Snapshot("bytes", layout, stamp, content, values)


__all__ = ["Error", "Snapshot", "from_bytes", "open_snapshot"]
