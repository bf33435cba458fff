"""Lists the feeds of an instance."""

from __future__ import annotations

import os
import time
from typing import Any, cast

import numpy as np
import pandas as pd

from . import _catalog, _place
from ._catalog import Catalog, Status
from ._errors import InstanceNotFound

_DTYPES = {
    "feed": "str",
    "sequence": "int64",
    "rows": "int64",
    "columns": "int64",
    "bytes": "int64",
    "age": "timedelta64[ns]",
    "looked": "timedelta64[ns]",
    "state": "str",
    "last_error": "str",
}


class Feeds(pd.DataFrame):  # type: ignore[misc]  # pandas has no types
    """A list of feeds: a DataFrame that notebooks show with a badge for each state.

    Only the list itself: what is made of it, such as a selection, is an ordinary DataFrame.
    """

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def _repr_html_(self) -> str | None:
        if not pd.get_option("display.notebook_repr_html"):
            return None
        from . import _html

        try:
            return _html.of_list(self)
        except Exception:  # whoever has the list may have changed its columns
            return cast("str | None", pd.DataFrame(self)._repr_html_())


def feeds(
    instance: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    owner: int | str | None = None,
) -> pd.DataFrame:
    """A DataFrame with a row for each feed of an instance.

    The index, `feed` (str), has the feeds' names, sorted. The columns:

    sequence    int64: of the newest snapshot; 0 until there is one
    rows        int64: of the newest snapshot
    columns     int64: of the newest snapshot, levels of the index not counted
    bytes       int64: size of the newest snapshot
    age         timedelta64[ns]: age of the data, since the source was modified, or since the
                publication where the former is not known; NaT until there is data
    looked      timedelta64[ns]: since the publisher looked at the source last; NaT: never
    state       str: "never", "fresh", "stale", "failing" or "gone", as in Feed.state
    last_error  str: why the state is so; empty when all is well

    `attrs["config_refused"]` is None, or the time (an aware UTC pandas.Timestamp) at which the
    publisher refused to load its changed configuration, so that an older one is in force.

    In a notebook the list shows a badge for each state.

    `instance`, `directory` and `owner` mean what they mean for subscribe(). Raises InstanceNotFound
    when nothing is published there, and AccessDenied, UntrustedOwner or FormatError when the
    catalog can't be read.

    >>> shmpub.feeds()[["sequence", "rows", "state"]].to_dict("index")
    {'quotes': {'sequence': 3, 'rows': 1, 'state': 'fresh'}}
    """
    place = _place.place(instance, directory, owner)
    try:
        catalog = Catalog(place)
    except InstanceNotFound:
        raise _catalog.nothing_at(place) from None
    why = catalog.why_gone()
    now = time.time_ns()
    found = (catalog.status(slot, generation) for slot, generation, _ in catalog.slots())
    rows = [_row(status, why, now) for status in found if status is not None]
    frame = pd.DataFrame(rows, columns=list(_DTYPES)).astype(_DTYPES)
    frame = frame.set_index("feed").sort_index()
    refused = catalog.config_refused_ns()
    frame.attrs["config_refused"] = pd.Timestamp(refused, unit="ns", tz="UTC") if refused else None
    listed = Feeds(frame)
    listed.attrs = frame.attrs
    return listed


def _row(status: Status, why_gone: str | None, now_ns: int) -> tuple[object, ...]:
    of = status.descriptor
    return (
        status.name,
        status.sequence,
        of.rows if of else 0,
        of.columns if of else 0,
        of.size if of else 0,
        _since(of.data_ns if of else 0, now_ns),
        _since(status.attempted_ns, now_ns),
        "gone" if why_gone is not None else _catalog.STATES.get(status.state, "removed"),
        _catalog.reason(status.error, why_gone),
    )


def _since(then_ns: int, now_ns: int) -> np.timedelta64:
    if not then_ns:
        return np.timedelta64("NaT", "ns")
    return np.timedelta64(min(now_ns - then_ns, 2**63 - 1), "ns")
