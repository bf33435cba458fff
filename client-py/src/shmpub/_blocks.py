"""Arrays and frames of pandas, made of memory that is there: the public way and a fast one.

The memory is read-only, and so are the blocks over it. pandas copies a block before it writes into
it when others have the same memory; so one more block, the keeper, is registered as a holder of
each, and is there for as long as the process. Nothing that has pandas write, then, meets memory
that it can't write, and nothing that is written shows in another frame: each has its own blocks,
arrays of pandas' own kinds and axes, over memory that nobody can make writable.

Neither the keeper nor the constructors that look at nothing are public in pandas. Looking takes
most of the time of a whole refresh, and what is looked for is known here. So there are two ways:
a fast one by pandas' own insides, and a public one, which hands out whole copies. pandas does not
promise its insides: they are used in this module alone, tried once, at import, and the public way
is taken if anything fails or is not the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.internals import create_dataframe_from_blocks

try:
    import pyarrow as pa
except ImportError:
    pa = None

try:
    from pandas._config.config import _global_config
    from pandas._libs.internals import BlockPlacement, BlockValuesRefs
    from pandas.core.internals.blocks import DatetimeLikeBlock, ExtensionBlock, NumpyBlock
    from pandas.core.internals.managers import BlockManager

    _KEEPER: Any = NumpyBlock(np.empty((1, 0)), BlockPlacement(slice(0, 1)), 2)
except ImportError:  # other insides
    BlockPlacement = None

Maker = Callable[[], pd.DataFrame]


class Seat:
    """Which of the DataFrame's columns a block has: as pandas takes it, and as it keeps it."""

    __slots__ = ("placement", "places")

    def __init__(self, places: list[int]) -> None:
        self.places = np.array(places, np.intp)
        self.placement = BlockPlacement(self.places) if BlockPlacement is not None else None


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view of the same memory, which neither it nor a view of it can make writable."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner.flags.writeable = False
        owner = owner.base
    return array.view()


def frozen_index(index: pd.Index) -> pd.Index:
    """The same index, for several frames: neither its memory nor its items can be set."""
    if isinstance(index, pd.MultiIndex):
        for level, codes in zip(index.levels, index.codes, strict=True):
            frozen_index(level)
            frozen(codes)
    elif not isinstance(index, pd.RangeIndex):
        array: Any = index.array
        array._readonly = True
        if hasattr(array, "_ndarray"):
            frozen(array._ndarray)
    return index


# Values of a block, two-dimensional ones a column a row, and where they go.
Blocks = list[tuple[Any, Seat]]


class Way(NamedTuple):
    """How arrays and frames are made. No argument is copied, and none is looked at."""

    string_storage: Callable[[], str]
    rows: Callable[[int], pd.RangeIndex]
    text: Callable[[Any, pd.StringDtype], Any]
    category: Callable[[npt.NDArray[Any], pd.CategoricalDtype], Any]
    zoned: Callable[[npt.NDArray[Any], pd.DatetimeTZDtype], Any]
    frame: Callable[[Blocks, pd.Index, pd.Index], Maker]


# --- the public way -------------------------------------------------------------------------------


def _string_storage() -> str:
    storage: str = pd.get_option("mode.string_storage")
    return storage


def _text(values: Any, dtype: pd.StringDtype) -> Any:
    return pd.arrays.ArrowStringArray(pa.chunked_array([values]), dtype=dtype)


def _category(codes: npt.NDArray[Any], dtype: pd.CategoricalDtype) -> Any:
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


def _zoned(values: npt.NDArray[Any], dtype: pd.DatetimeTZDtype) -> Any:
    return pd.DatetimeIndex(values.ravel()).tz_localize("UTC").tz_convert(dtype.tz).array


def _frame(blocks: Blocks, index: pd.Index, columns: pd.Index) -> Maker:
    pairs = [(values, seat.places) for values, seat in blocks]
    frame = create_dataframe_from_blocks(pairs, index=index, columns=columns)
    return lambda: frame.copy()


PUBLIC = Way(_string_storage, pd.RangeIndex, _text, _category, _zoned, _frame)


# --- the fast way ---------------------------------------------------------------------------------


def _fast_string_storage() -> str:
    storage: str = _global_config["mode"]["string_storage"]
    return storage


def _fast_rows(count: int) -> pd.RangeIndex:
    return pd.RangeIndex._simple_new(range(count))


def _fast_text(values: Any, dtype: pd.StringDtype) -> Any:
    made = pd.arrays.ArrowStringArray.__new__(pd.arrays.ArrowStringArray)
    made._pa_array = pa.chunked_array((values,), values.type)
    made._dtype = dtype
    made._cache = {}
    return made


def _fast_category(codes: npt.NDArray[Any], dtype: pd.CategoricalDtype) -> Any:
    return pd.Categorical._simple_new(codes, dtype)


def _fast_zoned(values: npt.NDArray[Any], dtype: Any) -> Any:
    return pd.arrays.DatetimeArray._simple_new(values, dtype=dtype)


def _fast_frame(blocks: Blocks, index: pd.Index, columns: pd.Index) -> Maker:
    masters = [_master(values, seat) for values, seat in blocks]

    def hand_out() -> pd.DataFrame:
        # Views of the axes: their names can be set, in this frame alone. Views of arrays of pandas'
        # own kinds, too: setting an item may give such an array other memory.
        axes = [_view(columns), _view(index)]
        made = tuple(
            [
                kind(values if view is None else view(), place, 2, refs)
                for kind, values, view, place, refs in masters
            ]
        )
        return pd.DataFrame._from_mgr(BlockManager(made, axes, False), axes)

    return hand_out


def _master(values: Any, seat: Seat) -> tuple[Any, Any, Any, Any, Any]:
    kind = ExtensionBlock
    if type(values) is np.ndarray:
        kind = NumpyBlock
        if values.dtype.kind == "M":
            kind, values = DatetimeLikeBlock, _fast_zoned(values, values.dtype)
    elif type(values) is pd.arrays.DatetimeArray:
        kind = DatetimeLikeBlock
    refs = BlockValuesRefs()
    refs.add_reference(_KEEPER)
    return kind, values, None if kind is NumpyBlock else values.view, seat.placement, refs


def _view(index: pd.Index) -> pd.Index:
    if type(index) is pd.RangeIndex:  # whose numbers are made when they are asked for, and kept
        view = pd.RangeIndex._simple_new(index._range, index._name)
    else:
        view = index._view()
    view._id = index._id
    return view


FAST = Way(_fast_string_storage, _fast_rows, _fast_text, _fast_category, _fast_zoned, _fast_frame)


# --- which ----------------------------------------------------------------------------------------


def _sample(way: Way, numbers: npt.NDArray[Any]) -> Maker:
    """A small frame with a block of every kind."""
    times = np.array([["2024-01-01", "NaT", "2025-01-01"]], "<M8[us]")
    zoned = pd.DatetimeTZDtype("us", "Europe/Berlin")
    codes = np.array([0, -1, 1], np.int8)
    blocks: Blocks = [
        (numbers, Seat([0, 2])),
        (times, Seat([1])),
        (way.zoned(times, zoned), Seat([3])),
        (way.category(codes, pd.CategoricalDtype(pd.Index(["p", "q"]))), Seat([4])),
        (np.array([[1, "x", None]], object), Seat([5])),
    ]
    if pa is not None:
        dtype = pd.StringDtype("pyarrow", na_value=np.nan)
        values = pa.array(["a", None, "b"], pa.large_utf8())
        blocks.append((way.text(values, dtype), Seat([6])))
    columns = pd.Index(list("abcdefg"[: 6 + (pa is not None)]))
    return way.frame(blocks, way.rows(3), columns)


def _is_right(way: Way) -> bool:
    numbers = frozen(np.arange(6.0).reshape(2, 3))
    hand_out, want = _sample(way, numbers), _sample(PUBLIC, numbers)()
    first, second = hand_out(), hand_out()
    for made, wanted in zip(first._mgr.blocks, want._mgr.blocks, strict=True):
        if not _is_alike(made, wanted):
            return False
    for frame in (first, _sample(way, numbers)()):  # with others, and alone
        frame.iloc[0, 0] = 9.0
        frame.iloc[0, 1] = frame.iloc[2, 1]
    first.columns.name = first.index.name = "changed"
    if not (second.equals(want) and numbers[0, 0] == 0 and second.columns.name is None):
        return False
    return second.index.name is None and way.string_storage() == PUBLIC.string_storage()


def _is_alike(made: Any, wanted: Any) -> bool:
    """Whether a block is as the other one, and has whatever a constructor would have set."""
    if type(made) is not type(wanted) or type(made.values) is not type(wanted.values):
        return False
    if any(not hasattr(made.values, name) for name in getattr(wanted.values, "__dict__", ())):
        return False
    if made.values.shape != wanted.values.shape or made.dtype != wanted.dtype:
        return False
    return np.array_equal(made.mgr_locs.as_array, wanted.mgr_locs.as_array)


def choose() -> Way:
    try:
        if _is_right(FAST):
            return FAST
    except Exception:  # whatever other insides may raise
        pass
    return PUBLIC


way = choose()
