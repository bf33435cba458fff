"""What an instance has."""

from __future__ import annotations

import os
import time

import numpy as np
import pandas as pd

from . import _catalog
from ._catalog import Catalog


def feeds(
    instance: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    owner: int | str | None = None,
) -> pd.DataFrame:
    """Every feed of an instance: sequence, rows, age, state, last error; by name.

    Raises InstanceNotFound when nothing is published there.
    """
    path = None if directory is None else os.fspath(directory)
    catalog = Catalog(_catalog.place(instance, path, owner))
    now = time.time_ns()
    rows = [_row(catalog, slot, name, now) for slot, name in catalog.slots()]
    names = ["feed", "sequence", "rows", "columns", "bytes", "age", "state", "last_error"]
    frame = pd.DataFrame(rows, columns=names).set_index("feed").sort_index()
    integers = dict.fromkeys(["sequence", "rows", "columns", "bytes"], "int64")
    return frame.astype({**integers, "age": "timedelta64[ns]", "state": "str", "last_error": "str"})


def _row(catalog: Catalog, slot: int, name: str, now: int) -> tuple[object, ...]:
    sequence = catalog.words64[catalog.sequence_at(slot)]
    descriptor = catalog.descriptor(slot)
    state = _catalog.STATES.get(catalog.slot_state(slot), "removed")
    error = catalog.error(slot)
    if descriptor is None:
        return name, sequence, 0, 0, 0, np.timedelta64("NaT", "ns"), state, error
    age = np.timedelta64(now - descriptor.published_ns, "ns")
    return (
        name,
        sequence,
        descriptor.rows,
        descriptor.columns,
        descriptor.size,
        age,
        state,
        error,
    )
