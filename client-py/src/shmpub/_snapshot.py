"""A snapshot: one version of a feed's table, which never changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import _export, _frame, _layout, _verify
from ._blocks import Maker
from ._columns import Source, Values, numpy_array, read_values
from ._errors import Error, FormatError, Gap, Stale
from ._layout import Layout, Stamp
from ._mark import Mark
from ._plan import Plan

if TYPE_CHECKING:
    from ._attached import Attached
    from ._diff import Diff
    from ._follower import Verify
    from ._place import Place

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

    >>> snap = shmpub.subscribe("quotes").snapshot()
    >>> snap
    <Snapshot of quotes: sequence 3, 1 rows, 3 columns>
    """

    def __init__(
        self,
        feed: str,
        layout: Layout,
        stamp: Stamp,
        content: npt.NDArray[np.uint8],
        values: list[Values],
        plan: Plan | None = None,
        of: tuple[Place, Verify] | None = None,
    ) -> None:
        self._feed = feed
        self._of = of
        self._layout = layout  # with it the next snapshot is opened faster
        self._mark = Mark(stamp.epoch, stamp.sequence)
        self._first = stamp.first
        self._published_ns = stamp.published_ns
        self._source_ns = stamp.source_mtime_ns
        self._content = content
        self._values = values
        self._plan = plan
        self._new_frame: Maker | None = None
        self._facts: dict[str, Any] | None = None

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
        """(rows, columns), as `df` has it: levels of the index are not counted.

        >>> snap.shape, len(snap)
        ((1, 3), 1)
        """
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

        It is what pandas.read_csv makes of the source, the index included: see Feed.df. Its
        `attrs["shmpub"]` is a dict of `feed`, `sequence`, `published_at` and `source_time`, the
        times as texts in UTC ("2026-03-01T09:30:00.123456+00:00"; None: unknown); pandas hands it
        on to what is made of the frame. Raises FormatError when categories are not unique or the
        time zone is not known.

        >>> snap.df.attrs["shmpub"]["sequence"]
        3
        """
        new_frame = self._new_frame
        if new_frame is None:  # two threads may both make one, and both are right
            make = _frame.frame_maker if self._plan is None else self._plan.maker
            new_frame = self._new_frame = make(self._layout, self._source())
        frame = new_frame()
        frame.attrs["shmpub"] = (self._facts or self._find_facts()).copy()
        return frame

    def _find_facts(self) -> dict[str, Any]:
        source_ns = self._source_ns
        self._facts = facts = {
            "feed": self._feed,
            "sequence": self._mark.sequence,
            "published_at": _text_of(self._published_ns),
            "source_time": _text_of(source_ns) if source_ns else None,
        }
        return facts

    def diff(self, older: Snapshot, key: Any = None) -> Diff:
        """The rows that were added, changed and gone since an older snapshot, as DataFrames.

        Rows are told apart by `key`: a column's name or a list of them, names of levels of the
        index included; without it by the index. A row is changed when its key is in both and some
        other column's value differs; two missing values do not differ. When a column has come or
        gone, all rows that are in both are changed. The result has `.added`, `.changed`, `.before`
        (the old rows of the changed ones) and `.gone`, and is false when there is no difference.

        Raises ValueError when the key is not unique in one of the two, KeyError when there is no
        such column, and TypeError when `older` is no Snapshot. Costs time and memory in proportion
        to both tables.

        >>> snap.diff(snap, key="symbol").added.shape
        (0, 3)
        """
        if not isinstance(older, Snapshot):
            raise TypeError(f"older is a Snapshot, not {type(older).__name__}")
        from ._diff import diff

        return diff(self, older, key)

    def since(self, older: Snapshot) -> pd.DataFrame:
        """The rows that were added since an older snapshot: a DataFrame over shared memory.

        For feeds to which rows are added (`mode = append`). It has the columns, the index and the
        `attrs` of `df`, and no row is copied. Raises Gap when the older rows are not the first ones
        of this table, because it began anew in between or rows were not only added; and TypeError
        when `older` is no Snapshot.

        >>> snap.since(snap).shape
        Traceback (most recent call last):
        shmpub.Gap: quotes: rows were not only added between sequences 3 and 3
        """
        if not isinstance(older, Snapshot):
            raise TypeError(f"older is a Snapshot, not {type(older).__name__}")
        start = self._new_from(older._mark, len(older)) if older._feed == self._feed else None
        if start is None:
            raise Gap(
                f"{self._feed}: rows were not only added between sequences "
                f"{older.sequence} and {self.sequence}"
            )
        return self.df.iloc[start:]

    def _new_from(self, mark: Mark, rows: int) -> int | None:
        """Where the rows after those of the snapshot `mark` begin; None when that is not known."""
        is_known = 0 < self._first <= mark.sequence <= self.sequence and mark.epoch == self.epoch
        return rows if is_known and rows <= len(self) else None

    def _source(self) -> Source:
        source = Source(self._content, self._layout.batch)
        source.values = self._values
        return source

    def arrow(self) -> Any:
        """A pyarrow.Table over shared memory, of one chunk.

        Its types are int64, uint64, double, bool, timestamp, large_string, null, and dictionaries
        of these. Levels of the index are columns; the schema's `pandas` metadata names them. Raises
        ImportError without pyarrow.

        >>> snap.arrow().column_names
        ['time', 'bid', 'ask', 'symbol']
        """
        return _export.arrow(self._layout, self._content)

    def polars(self) -> Any:
        """A polars.DataFrame; numbers and timestamps are not copied.

        A time zone that is an offset, such as +05:30, which Polars does not know, becomes UTC.
        Raises ImportError without polars.

        >>> snap.polars().columns
        ['time', 'bid', 'ask', 'symbol']
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

        >>> snap.numpy()["ask"]
        array([180.27])
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

        >>> snap.column("time")
        array(['2024-03-01T09:30:00.000000'], dtype='datetime64[us]')
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
        """A stream of one batch, for whatever speaks Arrow; pyarrow is not needed."""
        return _export.stream(self._layout, self._content, requested_schema)

    def __arrow_c_schema__(self) -> Any:
        return _export.schema(self._layout)

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
        if self._of is None:
            raise TypeError("this Snapshot is of no feed and can't be pickled; pickle its df")
        return _reopen, (self._feed, *self._of, self._mark)


def _reopen(feed: str, place: Place, verify: Verify, mark: Mark) -> Snapshot:
    """Unpickle a Snapshot: the same segment, if the feed still has it."""
    from ._feed import Feed

    newest: Snapshot = Feed(feed, place, verify)._newest()[0]
    if newest._mark == mark:
        return newest
    raise Stale(
        f"{feed}: snapshot {mark.sequence} was replaced by {newest.sequence} before it was "
        "unpickled. A Snapshot is pickled as a reference to the feed's newest table: unpickle it "
        "before the next one is published, take feed.snapshot() there, or pickle snap.df",
        feed,
        newest.age,
    )


@lru_cache(32)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19] + "."


def _text_of(ns: int) -> str:
    """The time, in ns since 1970, as text in UTC, to the microsecond."""
    seconds, rest = divmod(ns, 10**9)
    return _second(seconds) + str(10**6 + rest // 1000)[1:] + "+00:00"


def _no_column(name: str, frame: pd.DataFrame) -> str:
    if name in frame.index.names:
        return f"{name!r} is a level of the index: snap.df.index, or snap.column({name!r})"
    import difflib

    nearest = difflib.get_close_matches(name, map(str, frame.columns), 1)
    return f"no column {name!r}" + (f"; the nearest is {nearest[0]!r}" if nearest else "")


def open_snapshot(
    attached: Attached, feed: str, of: tuple[Place, Verify], kept: Layout | None
) -> Snapshot:
    """Map and check the feed's newest snapshot. `kept` is the layout of an earlier one, if any.

    `of` are the place where it is, and how to check it.

    Raises FileNotFoundError when there is no snapshot at present, and FormatError, UntrustedOwner
    or AccessDenied when it can't be read.
    """
    segment = attached.catalog.instance.open_segment(feed, attached.descriptor)
    try:
        # Another user's snapshot is checked in full: to trust is not to rely on being right.
        how = of[1] if segment.is_own else "full"
        plan: Plan | None = kept.plan if kept is not None else None
        if plan is not None and kept is not None and how != "full":
            opened = plan.open(segment, kept)
            if opened is not None:
                return Snapshot(feed, *opened, plan.values, plan, of)
        layout, stamp = _layout.load(segment.read, segment.size, kept)
        content = segment.map()
        values = check(layout, Source(content, layout.batch, segment.read), how)
        layout.plan = Plan(layout, values)
        return Snapshot(feed, layout, stamp, content, values, layout.plan, of)
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
