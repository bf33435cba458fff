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
    from pandas._libs.arrays import NDArrayBacked
    from pandas._libs.internals import BlockPlacement, BlockValuesRefs
    from pandas.core.internals.blocks import DatetimeLikeBlock, ExtensionBlock, NumpyBlock
    from pandas.core.internals.managers import BlockManager

    _KEEPER: Any = NumpyBlock(np.empty((1, 0)), BlockPlacement(slice(0, 1)), 2)
    # They store values and dtype in a new array.
    _fast_zoned: Any = NDArrayBacked.__dict__["_simple_new"].__get__(None, pd.arrays.DatetimeArray)
    _fast_category: Any = NDArrayBacked.__dict__["_simple_new"].__get__(None, pd.Categorical)
except (ImportError, KeyError):  # another version of pandas, which is built otherwise
    BlockPlacement = NumpyBlock = DatetimeLikeBlock = ExtensionBlock = None
    _fast_zoned = _fast_category = None

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


# What a block holds, and what its values are:
PLAIN = 0  # an array of NumPy's own
TIMES = 1  # an array of datetime64; in UTC where the dtype is a DatetimeTZDtype
TEXT = 2  # a chunked array of pyarrow's
CATEGORY = 3  # an array of codes, of the smallest type that pandas has for so many categories
ARRAY = 4  # an array of pandas' own

# (kind, values, dtype, seat). Values of the first two kinds have two dimensions, a column a row.
Block = tuple[int, Any, Any, Seat]


class Way(NamedTuple):
    """How arrays and frames are made. No argument is copied, and none is looked at."""

    string_storage: Callable[[], str]
    rows: Callable[[int], pd.RangeIndex]
    # By kind, what makes pandas' array of values and a dtype.
    arrays: tuple[Callable[[Any, Any], Any], ...]
    frame: Callable[[list[Block], pd.Index, pd.Index], Maker]

    def array(self, kind: int, values: Any, dtype: Any) -> Any:
        """One column, of one dimension."""
        return self.arrays[kind](values, dtype)


def _same(values: Any, dtype: Any) -> Any:
    return values


# --- the public way -------------------------------------------------------------------------------


def _string_storage() -> str:
    storage: str = pd.get_option("mode.string_storage")
    return storage


def _times(values: npt.NDArray[Any], dtype: Any) -> Any:
    if isinstance(dtype, np.dtype):
        return values
    return pd.DatetimeIndex(values.ravel()).tz_localize("UTC").tz_convert(dtype.tz).array


def _text(values: Any, dtype: pd.StringDtype) -> Any:
    return pd.arrays.ArrowStringArray(values, dtype=dtype)


def _category(codes: npt.NDArray[Any], dtype: pd.CategoricalDtype) -> Any:
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


_ARRAYS = _same, _times, _text, _category, _same


def _frame(blocks: list[Block], index: pd.Index, columns: pd.Index) -> Maker:
    pairs = [(_ARRAYS[kind](values, dtype), seat.places) for kind, values, dtype, seat in blocks]
    frame = create_dataframe_from_blocks(pairs, index=index, columns=columns)
    return lambda: frame.copy()


PUBLIC = Way(_string_storage, pd.RangeIndex, _ARRAYS, _frame)


# --- the fast way ---------------------------------------------------------------------------------


def _fast_string_storage() -> str:
    storage: str = _global_config["mode"]["string_storage"]
    return storage


def _fast_rows(count: int) -> pd.RangeIndex:
    return pd.RangeIndex._simple_new(range(count))


def _fast_text(values: Any, dtype: pd.StringDtype) -> Any:
    made = object.__new__(pd.arrays.ArrowStringArray)
    made._pa_array = values
    made._dtype = dtype
    made._cache = {}
    return made


def _fast_times(values: npt.NDArray[Any], dtype: Any) -> Any:
    return values if isinstance(dtype, np.dtype) else _fast_zoned(values, dtype)


# By kind, the class of the block, and what makes its array (None: the values are the array). Such
# an array is made for each frame, because setting an item may give it other memory.
_KINDS: Any = (
    (NumpyBlock, None),
    (DatetimeLikeBlock, _fast_zoned),
    (ExtensionBlock, _fast_text),
    (ExtensionBlock, _fast_category),
    (ExtensionBlock, lambda values, dtype: values.view()),
)


def _fast_frame(blocks: list[Block], index: pd.Index, columns: pd.Index) -> Maker:
    masters = []
    for kind, values, dtype, seat in blocks:
        refs = BlockValuesRefs()
        refs.add_reference(_KEEPER)
        masters.append((*_KINDS[kind], values, dtype, seat.placement, refs))

    def hand_out() -> pd.DataFrame:
        axes = [_view(columns), _view(index)]  # their names can be set, in this frame alone
        made = [
            block(values if array is None else array(values, dtype), place, 2, refs)
            for block, array, values, dtype, place, refs in masters
        ]
        return pd.DataFrame._from_mgr(BlockManager(tuple(made), axes, False), axes)

    return hand_out


def _view(index: pd.Index) -> pd.Index:
    if type(index) is pd.RangeIndex:  # whose numbers are made when they are asked for, and kept
        view = pd.RangeIndex._simple_new(index._range, index._name)
    else:
        view = index._view()
    view._id = index._id
    return view


_FAST_ARRAYS = _same, _fast_times, _fast_text, _fast_category, _same
FAST = Way(_fast_string_storage, _fast_rows, _FAST_ARRAYS, _fast_frame)


# --- which ----------------------------------------------------------------------------------------


def _sample() -> tuple[list[Block], pd.Index]:
    """A block of every kind, and the columns' names."""
    times = np.array([["2024-01-01", "NaT", "2025-01-01"]], "<M8[us]")
    numbers, objects = np.arange(6.0).reshape(2, 3), np.array([[1, "x", None]], object)
    codes = np.array([0, -1, 1], np.int8)
    blocks: list[Block] = [
        (PLAIN, frozen(numbers), numbers.dtype, Seat([0, 2])),
        (TIMES, times, times.dtype, Seat([1])),
        (TIMES, times, pd.DatetimeTZDtype("us", "Europe/Berlin"), Seat([3])),
        (CATEGORY, codes, pd.CategoricalDtype(pd.Index(["p", "q"])), Seat([4])),
        (PLAIN, objects, objects.dtype, Seat([5])),
    ]
    if pa is not None:
        values = pa.chunked_array([pa.array(["a", None, "b"], pa.large_utf8())])
        blocks.append((TEXT, values, pd.StringDtype("pyarrow", na_value=np.nan), Seat([6])))
    return blocks, pd.Index(list("abcdefg"[: 6 + (pa is not None)]))


def _is_right(way: Way) -> bool:
    blocks, columns = _sample()
    for kind, values, dtype, _ in blocks:
        one = values[0] if kind in (PLAIN, TIMES) else values
        if not _is_alike(way.array(kind, one, dtype), PUBLIC.array(kind, one, dtype)):
            return False
    hand_out = way.frame(blocks, way.rows(3), columns)
    want = PUBLIC.frame(blocks, PUBLIC.rows(3), columns)()
    first, second = hand_out(), hand_out()
    for made, wanted in zip(first._mgr.blocks, want._mgr.blocks, strict=True):
        if type(made) is not type(wanted) or not _is_alike(made.values, wanted.values):
            return False
        if not np.array_equal(made.mgr_locs.as_array, wanted.mgr_locs.as_array):
            return False
    alone = way.frame(blocks, way.rows(3), columns)()
    for frame in (first, alone):
        frame.iloc[0, 0] = 9.0
        frame.iloc[0, 1] = frame.iloc[2, 1]
    first.columns.name = first.index.name = "changed"
    if not (second.equals(want) and blocks[0][1][0, 0] == 0 and second.columns.name is None):
        return False
    return second.index.name is None and way.string_storage() == PUBLIC.string_storage()


def _is_alike(made: Any, wanted: Any) -> bool:
    """Whether an array is as the other one, and has whatever a constructor would have set."""
    if type(made) is not type(wanted) or made.shape != wanted.shape or made.dtype != wanted.dtype:
        return False
    return all(hasattr(made, name) for name in getattr(wanted, "__dict__", ()))


def choose() -> Way:
    """The fast way, where it does with this pandas what the public one does."""
    try:
        if _is_right(FAST):
            return FAST
    except Exception:  # whatever another version of pandas may raise
        pass
    return PUBLIC


way = choose()
