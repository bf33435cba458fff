"""Makes pandas' arrays and frames over memory that exists already: a fast way and a public way.

A *block* is how pandas stores columns of one type: a two-dimensional array, or an extension array
of a single column.

The memory is read-only. pandas copies a block before it writes into it when another block has the
same memory. So one more block, the keeper, is registered as a holder of each block's memory for as
long as the process lives: pandas always copies first. Each frame has blocks, arrays and axes of its
own, so what is written into one frame shows in no other.

Most of the time of pandas' public constructors goes into looking at values: whether timestamps are
timestamps, for example. This is known here. The fast way uses internals of pandas that do not look,
and that pandas does not promise to keep; it stands in this module only. It is tried once, before
the first snapshot is opened, with a block of every kind. If it fails or gives something else than
the public way, the public way is taken, which copies each frame as a whole. See
docs/decisions/09-pandas-blocks.md.
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
    # Constructors that store values and dtype in a new array, and check nothing.
    _fast_zoned: Any = NDArrayBacked.__dict__["_simple_new"].__get__(None, pd.arrays.DatetimeArray)
    _fast_category: Any = NDArrayBacked.__dict__["_simple_new"].__get__(None, pd.Categorical)
except (ImportError, KeyError):  # a version of pandas with other internals
    BlockPlacement = NumpyBlock = DatetimeLikeBlock = ExtensionBlock = None
    _fast_zoned = _fast_category = None

Maker = Callable[[], pd.DataFrame]


class Seat:
    """Which of the DataFrame's columns a block has.

    `places` is their positions as the public constructor takes them, `placement` the same as blocks
    store it.
    """

    __slots__ = ("placement", "places")

    def __init__(self, places: list[int]) -> None:
        self.places = np.array(places, np.intp)
        self.placement = BlockPlacement(self.places) if BlockPlacement is not None else None


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view of the array. Nobody can make it, or a view of it, writable again."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner.flags.writeable = False
        owner = owner.base
    return array.view()


def frozen_index(index: pd.Index) -> pd.Index:
    """The same index, made read-only, so that several frames may have it."""
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


# The kinds of columns, and what their values are given as:
PLAIN = 0  # a NumPy array
TIMES = 1  # a NumPy array of datetime64; in UTC where the dtype is a DatetimeTZDtype
TEXT = 2  # a chunked array of pyarrow
CATEGORY = 3  # a NumPy array of codes, of the type that pandas has for so many categories
ARRAY = 4  # an extension array of pandas

# (kind, values, dtype, seat). For a block of kind PLAIN or TIMES the values have two dimensions:
# each row of the array is a column of the frame.
Block = tuple[int, Any, Any, Seat]


class Way(NamedTuple):
    """A way of making arrays and frames. No argument is copied, and no values are looked at."""

    string_storage: Callable[[], str]
    rows: Callable[[int], pd.RangeIndex]
    # For each kind, the function that makes pandas' array of values and a dtype.
    arrays: tuple[Callable[[Any, Any], Any], ...]
    frame: Callable[[list[Block], pd.Index, pd.Index], Maker]

    def array(self, kind: int, values: Any, dtype: Any) -> Any:
        """pandas' array of one column. Values have one dimension."""
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


# For each kind, the class of the block, and the function that makes the block's array; None where
# the values are the array already. The array is made anew for each frame, because setting an item
# may give such an array other memory.
_KINDS: Any = (
    (NumpyBlock, None),
    (DatetimeLikeBlock, _fast_zoned),
    (ExtensionBlock, _fast_text),
    (ExtensionBlock, _fast_category),
    (ExtensionBlock, lambda values, dtype: values.view()),
)


# A block without its memory: class, the function that makes its array or None, dtype, placement.
Mold = tuple[Any, Any, Any, Any]


def mold(kind: int, dtype: Any, seat: Seat) -> Mold:
    return (*_KINDS[kind], dtype, seat.placement)


def _fast_frame(blocks: list[Block], index: pd.Index, columns: pd.Index) -> Maker:
    molds = [mold(kind, dtype, seat) for kind, _, dtype, seat in blocks]
    return fast_maker(molds, [values for _, values, _, _ in blocks], index, columns)


def fast_maker(molds: list[Mold], values: list[Any], index: pd.Index, columns: pd.Index) -> Maker:
    """What makes frames of blocks that are given as their molds and each one's values."""
    refs = BlockValuesRefs()
    refs.add_reference(_KEEPER)

    def new_frame() -> pd.DataFrame:
        axes = [_view(columns), _view(index)]  # so that setting their names changes this frame only
        made = [
            block(its if array is None else array(its, dtype), place, 2, refs)
            for (block, array, dtype, place), its in zip(molds, values, strict=True)
        ]
        return pd.DataFrame._from_mgr(BlockManager(tuple(made), axes, False), axes)

    return new_frame


def _view(index: pd.Index) -> pd.Index:
    if type(index) is pd.RangeIndex:  # it has no array that could be shared
        view = object.__new__(pd.RangeIndex)
        view._range, view._name, view._cache = index._range, index._name, {}
    else:
        view = index._view()
    view._id = index._id
    return view


_FAST_ARRAYS = _same, _fast_times, _fast_text, _fast_category, _same
FAST = Way(_fast_string_storage, _fast_rows, _FAST_ARRAYS, _fast_frame)


# --- which way ------------------------------------------------------------------------------------


def _sample() -> tuple[list[Block], pd.Index]:
    """A block of every kind, and the names of the columns."""
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
    new_frame = way.frame(blocks, way.rows(3), columns)
    want = PUBLIC.frame(blocks, PUBLIC.rows(3), columns)()
    first, second = new_frame(), new_frame()
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
    """Whether an array is like the public way's, and has every attribute that that one has."""
    if type(made) is not type(wanted) or made.shape != wanted.shape or made.dtype != wanted.dtype:
        return False
    return all(hasattr(made, name) for name in getattr(wanted, "__dict__", ()))


def choose() -> Way:
    """The fast way, if it gives with this version of pandas what the public way gives."""
    try:
        if _is_right(FAST):
            return FAST
    except Exception:  # another version of pandas may raise anything
        pass
    return PUBLIC


way: Way  # chosen when somebody asks for it first, because trying takes some 10 ms


def __getattr__(name: str) -> Way:
    if name != "way":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    chosen = globals()["way"] = choose()
    return chosen
