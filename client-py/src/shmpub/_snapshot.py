"""A snapshot in hand: one immutable version of a feed's table."""

from __future__ import annotations

import os
import stat
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import _export, _frame, _layout, _verify
from ._blocks import Maker
from ._catalog import Place
from ._columns import Source, numpy_array
from ._errors import Error, FormatError
from ._layout import Layout, Read, Stamp
from ._mapping import Bytes, ReadOnlyBytes, map_private, map_shared
from ._mark import Mark

_OPEN = os.O_RDONLY
for _flag in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
    _OPEN |= getattr(os, _flag, 0)
_HEAD = 4096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Snapshot:
    """A table that never changes, and stays valid as long as it or anything made of it is held.

    Frames lie in a private mapping, so writing into one touches nothing else. What `arrow()`,
    `polars()`, `numpy()` and `column()` give lies in a second mapping, which is read-only.
    """

    def __init__(
        self, feed: str, layout: Layout, stamp: Stamp, shared: ReadOnlyBytes | None, private: Bytes
    ) -> None:
        self._feed = feed
        self._layout = layout
        self._mark = Mark(stamp.epoch, stamp.sequence)
        self._published_ns = stamp.published_ns
        self._exported = shared
        self._private = private
        self._hand_out: Maker | None = None

    @property
    def has_exports(self) -> bool:
        """Whether it can give more than frames; what users get can."""
        return self._exported is not None

    @property
    def _shared(self) -> ReadOnlyBytes:
        assert self._exported is not None
        return self._exported

    @property
    def layout(self) -> Layout:
        """Where everything in it lies; for opening the next one faster."""
        return self._layout

    @property
    def mark(self) -> Mark:
        """Its place in time, as its own record has it."""
        return self._mark

    @property
    def sequence(self) -> int:
        """Grows with every snapshot; compares only within one epoch."""
        return self._mark.sequence

    @property
    def epoch(self) -> int:
        """Another one when the catalog was made anew."""
        return self._mark.epoch

    @property
    def published_at(self) -> datetime:
        """When it was sealed, in UTC."""
        return _EPOCH + timedelta(microseconds=self._published_ns // 1000)

    @property
    def age(self) -> timedelta:
        """How long ago it was published, by the wall clock."""
        return datetime.now(UTC) - self.published_at

    @property
    def df(self) -> pd.DataFrame:
        """A DataFrame over shared memory; assigning into it changes only this one."""
        hand_out = self._hand_out
        if hand_out is None:  # two threads may both make it; either is right
            self.prepare_frames(None)
            hand_out = self._hand_out
            assert hand_out is not None
        return hand_out()

    def prepare_frames(self, read: Read | None) -> None:
        """What `df` does the first time; `read` reads the file while it is still open."""
        source = Source(self._private, self._layout.batch, read)
        self._hand_out = _frame.master(self._layout, source)

    def arrow(self) -> Any:
        """A pyarrow.Table; the index's levels are columns of it, as pandas' metadata tells."""
        return _export.arrow(self._shared)

    def polars(self) -> Any:
        """A polars.DataFrame."""
        return _export.polars(self._shared)

    def numpy(self) -> dict[Any, npt.NDArray[Any]]:
        """Name to array, levels of the index included.

        A level without a name, or with one that a column has too, goes by its field's name,
        `__index_level_N__`.
        """
        schema = self._layout.schema
        found = _frame.views(self._layout, self._shared)
        if len(found) < len(schema.fields):
            for f in schema.fields:
                if f.position not in found:
                    found[f.position] = self._column(f)
        arrays = map(found.__getitem__, range(len(found)))
        return dict(zip(schema.export_names, arrays, strict=True))

    def column(self, name: Any) -> npt.NDArray[Any]:
        """One column or named level of the index; KeyError when there is none of that name."""
        fields = self._layout.schema.columns + self._layout.schema.levels
        for f in fields:
            if f.label == name and f.label is not None:
                return self._column(f)
        for f in fields:
            if f.name == name:
                return self._column(f)
        raise KeyError(name)

    def _column(self, f: Any) -> npt.NDArray[Any]:
        return numpy_array(self._layout, f, Source(self._shared, self._layout.batch))

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return _export.arrow_c_stream(self._shared, requested_schema)

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


def open_snapshot(
    where: Place, feed: str, verify: str, kept: Layout | None, is_for_frames: bool = False
) -> Snapshot:
    """Map and check what stands under the feed's name.

    When only frames are wanted, the mapping for exports is left out, and the first frame is
    prepared as long as the file is open.
    Raises FileNotFoundError when nothing does, BlockingIOError when it is being filled anew (and
    another has its name), FormatError, UntrustedOwner.
    """
    path = f"{where.directory}/{where.instance}/{feed}.arrow"
    fd = os.open(path, _OPEN)
    try:
        status = os.fstat(fd)
        where.check_owner(path, status)
        size = status.st_size
        if not stat.S_ISREG(status.st_mode) or size == 0:
            raise FormatError("no file with anything in it")

        head = os.pread(fd, _HEAD, 0)  # with the messages in it, where columns are few

        def read(at: int, n: int) -> bytes:
            return head[at : at + n] if at + n <= len(head) else os.pread(fd, n, at)

        layout, stamp = _layout.load(read, size, kept)
        private = map_private(fd, size)
        shared = None if is_for_frames and private is not None else map_shared(fd, size)
        if private is None:
            assert shared is not None
            private = shared
            _warn(path)
        check(layout, private, verify)
        snapshot = Snapshot(feed, layout, stamp, shared, private)
        if is_for_frames:
            try:
                snapshot.prepare_frames(read)
            except FormatError:
                pass  # whoever asks for the frame is told
        return snapshot
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    finally:
        os.close(fd)


def _warn(path: str) -> None:
    warnings.warn(
        f"{path}: the kernel refuses a private mapping; frames are read-only",
        RuntimeWarning,
        stacklevel=3,
    )


def check(layout: Layout, data: Bytes, verify: str) -> None:
    """What of the contents must hold before they are used; all of it with verify="full"."""
    source = Source(data, layout.batch)
    for f in layout.schema.texts:
        source.check_text(f)
    if verify == "full":
        _verify.contents(layout, data)


def from_bytes(data: bytes, verify: str = "bounds") -> Snapshot:
    """A snapshot that lies in ordinary memory: for tests and for tools."""
    layout, stamp = _layout.load(lambda at, n: data[at : at + n], len(data))
    shared = np.frombuffer(data, np.uint8)
    check(layout, shared, verify)
    return Snapshot("bytes", layout, stamp, shared, shared.copy())


__all__ = ["Error", "Snapshot", "from_bytes", "open_snapshot"]
