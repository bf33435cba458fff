"""A snapshot: one version of a feed's table, which never changes."""

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
from ._plan import Plan

if TYPE_CHECKING:
    from ._attached import Attached

# pandas.DataFrame(snapshot) and numpy.asarray(snapshot) would lose the types and the labels.
_NO_ARRAY = (
    "a Snapshot is no array and no sequence of rows: snap.df is its DataFrame, snap.numpy() has "
    "arrays by name, snap.column(name) is one of them"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Snapshot:
    """One version of a feed's table. Feed.snapshot() and Feed.updates() give it.

    It never changes, and may be used from several threads. Its memory stays valid as long as the
    Snapshot, or a frame, an array or a table made of it, exists, whatever becomes of the publisher.
    Frames and arrays lie in that memory, read-only. pandas copies a block before it writes into it,
    so what is written into a frame changes that frame only.
    """

    def __init__(
        self,
        feed: str,
        layout: Layout,
        stamp: Stamp,
        content: npt.NDArray[np.uint8],
        values: list[Values],
        plan: Plan | None = None,
    ) -> None:
        self._feed = feed
        self._layout = layout  # with it the next snapshot is opened faster
        self._mark = Mark(stamp.epoch, stamp.sequence)
        self._published_ns = stamp.published_ns
        self._content = content
        self._values = values
        self._plan = plan
        self._new_frame: Maker | None = None

    @property
    def name(self) -> str:
        """The feed's name, a str."""
        return self._feed

    @property
    def source(self) -> str:
        """Where the table comes from, a str; empty when that is not known. See Feed.source."""
        return self._layout.schema.source

    @property
    def columns(self) -> pd.Index:
        """The columns' labels: the pandas.Index that `df` has. Levels of the index are not in it.

        >>> list(snap.columns)
        ['bid', 'ask', 'symbol']
        """
        return self._layout.schema.labels.view()

    @property
    def schema(self) -> Any:
        """The pyarrow.Schema that arrow() has, levels of the index included.

        Raises ImportError without pyarrow; `df.dtypes` has pandas' types then.
        """
        return self._layout.schema.as_arrow

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns), as `df` has it: levels of the index are not counted."""
        return self._layout.rows, len(self._layout.schema.columns)

    @property
    def nbytes(self) -> int:
        """The size in bytes of the shared memory that it lies in, metadata included: an int."""
        return len(self._content)

    @property
    def sequence(self) -> int:
        """An int that grows with every snapshot of the feed, within one epoch."""
        return self._mark.sequence

    @property
    def epoch(self) -> int:
        """An int: the random number of the catalog in whose time this was published.

        Sequences of two epochs do not compare.
        """
        return self._mark.epoch

    @property
    def published_at(self) -> datetime:
        """When it was published: an aware datetime in UTC, to the microsecond."""
        return _EPOCH + timedelta(microseconds=self._published_ns // 1000)

    @property
    def age(self) -> timedelta:
        """How long ago it was published, by the wall clock: a timedelta."""
        return datetime.now(UTC) - self.published_at

    @property
    def df(self) -> pd.DataFrame:
        """A new DataFrame over shared memory. Writing into it changes this DataFrame only.

        It is what pandas.read_csv makes of the source, the index included: see Feed.df. Raises
        FormatError when categories are not unique or the time zone is not known.
        """
        new_frame = self._new_frame
        if new_frame is None:  # two threads may both make one, and both are right
            make = _frame.frame_maker if self._plan is None else self._plan.maker
            new_frame = self._new_frame = make(self._layout, self._source())
        return new_frame()

    def _source(self) -> Source:
        source = Source(self._content, self._layout.batch)
        source.values = self._values
        return source

    def arrow(self) -> Any:
        """A pyarrow.Table over shared memory, of one chunk.

        Its types are int64, uint64, double, bool, timestamp, large_string, null, and dictionaries
        of these. Levels of the index are columns; the schema's `pandas` metadata names them. Raises
        ImportError without pyarrow.
        """
        return _export.arrow(self._layout, self._content)

    def polars(self) -> Any:
        """A polars.DataFrame; numbers and timestamps are not copied.

        A time zone that is an offset, such as +05:30, which Polars does not know, becomes UTC.
        Raises ImportError without polars or pyarrow.
        """
        return _export.polars(self._layout, self._content)

    def numpy(self) -> dict[Any, npt.NDArray[Any]]:
        """A dict of arrays of shape (rows,) by name, levels of the index included.

        Over shared memory and read-only are numbers, as int64, uint64 or float64, and timestamps,
        as datetime64 (in UTC where the column has a time zone). Copies are: bool columns; text, as
        objects of type str, or float NaN where there is no value; bools with NA and integers beyond
        64 bits, as objects; integers with NA, as float64; and categories, as their values.

        A level of the index without a name, or with the name of a column, has the key
        `__index_level_N__`, where N is the level's number. Raises FormatError for text that is not
        UTF-8.
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
        """One array of numpy(), of shape (rows,), by the name of a column or of an index level.

        Raises KeyError when there is no such name.
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

    def __getitem__(self, key: Any) -> Any:
        """`df[key]`: a Series for a column's label, a DataFrame for a list of labels or a mask.

        It lies in shared memory as `df` does. Raises KeyError when there is no such column, with
        the nearest label; levels of the index are not columns.

        >>> snap["bid"].mean()
        np.float64(180.25)
        """
        frame = self.df
        try:
            return frame[key]
        except KeyError:
            if not isinstance(key, str) or key in frame.columns:
                raise
            raise KeyError(_no_column(key, frame)) from None

    def __iter__(self) -> Any:
        raise TypeError(_NO_ARRAY)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(_NO_ARRAY)

    def __len__(self) -> int:
        return self._layout.rows

    def __repr__(self) -> str:
        columns = len(self._layout.schema.columns)
        return (
            f"<Snapshot of {self._feed}: sequence {self.sequence}, "
            f"{len(self)} rows, {columns} columns>"
        )

    def _repr_html_(self) -> str:
        from . import _html

        return _html.of_snapshot(self)

    def __reduce__(self) -> Any:
        raise TypeError("a Snapshot is bound to this process; pickle its df instead")


def _no_column(name: str, frame: pd.DataFrame) -> str:
    if name in frame.index.names:
        return f"{name!r} is a level of the index: snap.df.index, or snap.column({name!r})"
    import difflib

    nearest = difflib.get_close_matches(name, map(str, frame.columns), 1)
    return f"no column {name!r}" + (f"; the nearest is {nearest[0]!r}" if nearest else "")


def open_snapshot(attached: Attached, feed: str, verify: str, kept: Layout | None) -> Snapshot:
    """Map and check the feed's newest snapshot. `kept` is the layout of an earlier one, if any.

    Raises FileNotFoundError when there is no snapshot at present, and FormatError, UntrustedOwner
    or AccessDenied when it can't be read.
    """
    segment = attached.catalog.instance.open_segment(feed, attached.descriptor)
    try:
        # Another user's snapshot is checked in full: to trust is not to rely on being right.
        how = verify if segment.is_own else "full"
        plan: Plan | None = kept.plan if kept is not None else None
        if plan is not None and kept is not None and how != "full":
            opened = plan.open(segment, kept)
            if opened is not None:
                return Snapshot(feed, *opened, plan.values, plan)
        layout, stamp = _layout.load(segment.read, segment.size, kept)
        content = segment.map()
        values = check(layout, Source(content, layout.batch, segment.read), how)
        layout.plan = Plan(layout, values)
        return Snapshot(feed, layout, stamp, content, values, layout.plan)
    except FormatError as error:
        raise FormatError(f"{segment.path}: {error}") from None
    finally:
        segment.close()


def check(layout: Layout, source: Source, verify: str) -> list[Values]:
    """Check the contents, and return the dictionaries' values. Raises FormatError.

    pandas, pyarrow and Polars follow text offsets and dictionary codes without checking them: one
    that leads out of the buffer can end the process. So all of these are checked in each snapshot.
    verify="full" checks everything else as well.
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
