#!/usr/bin/env python3
"""lib/ingest against what pandas' own tests read: their texts, their options, a frame from each.

pandas_own.py [--build NAME] [--keep FILE] [--cross N] [--seed N] [--all] [--limit N]

Runs the parser tests of the pandas that is installed (nothing of them is copied), notes the text
and the options of every read_csv, and reads each text again, with those options that we have too, by
pandas.read_csv(..., low_memory=False) and by csv2frame. An option that we do not have is left out for
both. --cross: N further pairs of a text of one test and the options of another; --all: also the tests
of to_csv, which read back what they write; --keep: the texts and options in a file, made when it is
not there, so that a second run need not run pandas' tests.

Exit status 0: every frame is the same, or is told apart in docs/CSV.md.
"""

from __future__ import annotations

import argparse
import copy
import io
import os
import pickle
import random
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import frames
from same_frames import frame_difference

Call = tuple[bytes, dict[str, Any]]

# --- noting what the tests read: this file as a plugin of pytest ------------------------------------

NOTES = "SHMPUB_PANDAS_CALLS"  # the environment: where they go
PYTEST = ["-q", "-p", "pandas_own", "-p", "no:cacheprovider", "-W", "ignore"]
PYTEST += ["-m", "not network and not db"]


def text_of(source: Any, options: dict[str, Any]) -> bytes | None:
    """What a read_csv is about to read, as bytes; None: it cannot be known."""
    if isinstance(source, io.StringIO):
        options.pop("encoding", None)  # it is text already
        return source.getvalue()[source.tell() :].encode("utf-8", "surrogatepass")
    if isinstance(source, io.BytesIO):
        return source.getvalue()[source.tell() :]
    try:
        data = Path(source).read_bytes()
    except (TypeError, OSError, ValueError):
        return None
    is_plain = options.get("compression", "infer") in ("infer", None)
    return data if is_plain and str(source).endswith((".csv", ".txt", ".tsv")) else None


class Notes:
    def __init__(self, path: str) -> None:
        self.path, self.calls = path, []

    def listen(self, module: Any, name: str, separator: str) -> None:
        real = getattr(module, name)

        def read(source: Any, *arguments: Any, **options: Any) -> Any:
            noted = {"sep": separator, **options}
            data = text_of(source, noted)
            try:
                kept = pickle.dumps((data, plain_options(noted)))
            except Exception:  # an option that is a function of a test
                kept = None
            if data is not None and kept and not arguments:
                self.calls.append(kept)
            return real(source, *arguments, **options)

        setattr(module, name, read)

    def pytest_sessionfinish(self) -> None:
        Path(self.path).write_bytes(pickle.dumps(sorted(set(self.calls))))

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        skipped = re.compile(r"\[.*(pyarrow|python)")
        items[:] = [item for item in items if not skipped.search(item.nodeid)]


def pytest_configure(config: Any) -> None:
    if NOTES in os.environ:
        notes = Notes(os.environ[NOTES])
        for name, separator in (("read_csv", ","), ("read_table", "\t")):
            notes.listen(pd, name, separator)
        config.pluginmanager.register(notes)


def harvest(has_all: bool) -> list[Call]:
    tests = ["pandas.tests.io.parser"]
    if has_all:
        tests += [
            "pandas.tests.frame.methods.test_to_csv",
            "pandas.tests.series.methods.test_to_csv",
        ]
        tests += ["pandas.tests.io.formats.test_to_csv", "pandas.tests.io.test_common"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *PYTEST, "--rootdir", folder, "--pyargs", *tests],
            env=os.environ | {NOTES: str(path), "PYTHONPATH": str(Path(__file__).parent)},
            capture_output=True,
            text=True,
            cwd=folder,
        )
        if not path.exists():
            raise SystemExit("pandas' own tests could not be run (are pandas.tests installed?)\n"
                             + done.stdout[-2000:] + done.stderr[-2000:])  # fmt: skip
        print("pandas' tests:", done.stdout.strip().splitlines()[-1])
        return [pickle.loads(call) for call in pickle.loads(path.read_bytes())]


# --- their options as ours ----------------------------------------------------------------------------

DTYPES = {"int64": "int64", "int": "int64", "i8": "int64", "float64": "float64", "float": "float64",
          "f8": "float64", "bool": "bool", "str": "str", "string": None, "category": "category"}  # fmt: skip
ENCODINGS = ("utf-8", "ascii", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be")


def name_list(value: Any) -> list[str] | None:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return None
    items = [i.item() if isinstance(i, np.generic) else i for i in value]
    return items if all(type(i) in (str, int, float) for i in items) else None


def columns_of(value: Any) -> Any:
    """A column or columns by name or place; None: not of that kind."""
    items = name_list([value] if isinstance(value, (str, int)) else value)
    if not items or any(type(i) not in (str, int) or (type(i) is int and i < 0) for i in items):
        return None
    return items if len(items) > 1 or not isinstance(value, (str, int)) else items[0]


def dtype_of(value: Any) -> str | None:
    try:
        name = value if isinstance(value, str) else pd.api.types.pandas_dtype(value).name
    except TypeError:
        return None
    if isinstance(value, pd.CategoricalDtype) and value != pd.CategoricalDtype():
        return None
    return DTYPES.get("str" if value is str else name)


def dict_of(value: Any, one: Any) -> dict[Any, Any]:
    made = {k: one(v) for k, v in value.items() if type(k) in (str, int) and k != ""}
    return {k: v for k, v in made.items() if v is not None}


def words_of(value: Any) -> Any:
    if isinstance(value, dict):
        return dict_of(value, words_of) or None
    items = name_list([value] if isinstance(value, (str, int, float)) else value)
    return [str(i) for i in items] if items is not None else None


def byte_of(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) == 1 and "\0" < value < "\x80" else None


def separator_of(value: Any) -> str | None:
    return value if value == r"\s+" else byte_of(value)


def rows_of(value: Any) -> Any:
    items = name_list([value] if isinstance(value, int) else value)
    if items is None or any(type(i) is not int or i < 0 for i in items):
        return None
    return value if isinstance(value, int) else sorted(items)


def dates_of(value: Any) -> Any:
    return (
        value if isinstance(value, bool) else columns_of(value if isinstance(value, list) else None)
    )


def format_of(value: Any) -> Any:
    return (
        dict_of(value, format_of)
        if isinstance(value, dict)
        else value
        if type(value) is str
        else None
    )


def one_of(*words: Any) -> Any:
    return lambda value: next((w for w in words if w is value or w == value), None)


TAKEN = {
    "sep": separator_of,
    "quotechar": byte_of,
    "quoting": one_of(0, 1, 3),
    "header": lambda v: v if v in ("infer", None) or (type(v) is int and v >= 0) else "infer",
    "names": lambda v: [str(i) for i in items] if (items := name_list(v)) else None,
    "index_col": columns_of,
    "usecols": lambda v: None if isinstance(v, (str, int)) else columns_of(v),
    "dtype": lambda v: dict_of(v, dtype_of) if isinstance(v, dict) else dtype_of(v),
    "na_values": words_of,
    "keep_default_na": one_of(True, False),
    "true_values": words_of,
    "false_values": words_of,
    "thousands": byte_of,
    "decimal": byte_of,
    "comment": byte_of,
    "skiprows": rows_of,
    "encoding": lambda v: v if str(v).lower().replace("_", "-") in ENCODINGS else None,
    "parse_dates": dates_of,
    "date_format": format_of,
    "skipinitialspace": one_of(True, False),
    "on_bad_lines": lambda v: v if v == "error" else "skip" if v in ("skip", "warn") else None,
}


def plain_options(options: dict[str, Any]) -> dict[str, Any]:
    """Of a test's options those that we have too, in pandas' words."""
    options = dict(options)
    if options.get("delimiter") is not None:
        options["sep"] = options["delimiter"]
    if options.pop("na_filter", True) is False:
        options.pop("na_values", None)
        options["keep_default_na"] = False
    made = {}
    for key, value in options.items():
        if key not in TAKEN or (value is None and key != "header"):
            continue
        taken = TAKEN[key](value)
        if (taken is not None and taken != {}) or key == "header":
            made[key] = taken
    if made.get("header") == "infer":
        del made["header"]
    if made.get("sep") == ",":
        del made["sep"]
    return made


def quoted(item: Any) -> str:
    return str(item) if type(item) is int else '"' + item.replace('"', '""') + '"'


def listed(value: Any) -> str:
    return ", ".join(quoted(i) for i in (value if isinstance(value, list) else [value]))


def our_options(options: dict[str, Any]) -> list[str]:
    made = []
    for key, value in options.items():
        if key in ("sep", "comment", "thousands", "decimal"):
            key = "delimiter" if key == "sep" else key
            made.append(f"{key}={'whitespace' if value == chr(92) + 's+' else value}")
        elif key == "quoting":
            made += ["quotechar=none"] if value == 3 else []
        elif key == "quotechar" and options.get("quoting") == 3:
            continue
        elif key in ("keep_default_na", "skipinitialspace") or isinstance(value, bool):
            made.append(f"{key}={'yes' if value else 'no'}")
        elif isinstance(value, dict):
            for column, one in value.items():
                plain = isinstance(one, str)
                made.append(f"{key}.{column}={one if plain else listed(one)}")
        elif key == "skiprows":
            made.append(f"skiprows={value}")
        elif key == "header":
            made.append(f"header={'none' if value is None else value}")
        elif isinstance(value, list) or key == "index_col":
            made.append(f"{key}={listed(value)}")
        else:
            made.append(f"{key}={value}")
    return made


# --- the same again, by both -----------------------------------------------------------------------------


def pandas_frame(data: bytes, options: dict[str, Any]) -> pd.DataFrame | Exception:
    """With how many rows were left out, which pandas says in warnings, in its attributes."""
    options = copy.deepcopy(options)
    if options.get("on_bad_lines") == "skip":
        options["on_bad_lines"] = "warn"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            frame = pd.read_csv(io.BytesIO(data), low_memory=False, **options)
        except Exception as error:  # whatever it is, it is no frame
            return error
    frame.attrs["skipped_rows"] = sum(str(w.message).count("Skipping line") for w in said)
    return frame


def our_frames(
    calls: list[Call], build: str, arguments: tuple[str, ...] = ()
) -> list[pd.DataFrame | str]:
    """Calls that share their options go to one process."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, (_, options) in enumerate(calls):
        groups.setdefault(tuple(our_options(options)), []).append(i)
    made: list[pd.DataFrame | str] = [""] * len(calls)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for options, members in groups.items():
            for i in members:
                (folder / f"{i}.csv").write_bytes(calls[i][0])
            pairs = [(folder / f"{i}.csv", folder / f"{i}") for i in members]
            told = [part for option in options for part in ("-o", option)]
            try:
                frames.convert(pairs, [*arguments, *told], build)
            except (RuntimeError, ValueError) as error:
                for i in members:
                    made[i] = f"options: {error}"
                continue
            for i in members:
                failed = folder / f"{i}.error"
                made[i] = (
                    failed.read_text() if failed.exists() else frames.load(folder / f"{i}.arrow")
                )
    return made


def is_ambiguous(options: dict[str, Any], want: pd.DataFrame | Exception, data: bytes) -> bool:
    """A key that is a number is a position for pandas or a name: ours cannot say which."""
    keys = [str(k) for v in options.values() if isinstance(v, dict) for k in v]
    return any(
        k.isdigit() and (k.encode() in data or options.get("header", 0) is None) for k in keys
    )


def has_clock_time(want: pd.DataFrame | Exception) -> bool:
    """A time without a date, which is of the year 1 or of today to pandas (docs/CSV.md)."""
    if isinstance(want, Exception):
        return False
    levels = [want.index.get_level_values(i) for i in range(want.index.nlevels)]
    for values in [*levels, *(want.iloc[:, i] for i in range(want.shape[1]))]:
        if getattr(values.dtype, "kind", "") == "M":
            years = pd.DatetimeIndex(values).year
            if (years.isin([1, pd.Timestamp.now().year])).any():
                return True
    return False


def difference(data: bytes, options: dict[str, Any], got: pd.DataFrame | str) -> str | None:
    want = pandas_frame(data, options)
    if is_ambiguous(options, want, data) or has_clock_time(want):
        return None
    if isinstance(want, Exception):
        if isinstance(got, str):
            return None
        return f"pandas raises {type(want).__name__}: {str(want)[:150]!r}"
    if isinstance(got, str):
        return f"only here an error: {got}"
    if want.attrs != got.attrs:
        return f"{want.attrs}, not {got.attrs}"
    return frame_difference(want, got)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", default="release")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--cross", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--limit", type=int, default=20)
    given = parser.parse_args()

    if given.keep and given.keep.exists():
        calls = pickle.loads(given.keep.read_bytes())
    else:
        calls = harvest(given.all)
        if given.keep:
            given.keep.write_bytes(pickle.dumps(calls))
    calls = list({pickle.dumps(c): c for c in calls + [(d, {}) for d, _ in calls]}.values())
    rnd = random.Random(given.seed)
    texts = sorted({data for data, _ in calls if len(data) < 20000})
    settings = list({pickle.dumps(o): o for _, o in calls}.values())
    calls += [(rnd.choice(texts), rnd.choice(settings)) for _ in range(given.cross)]
    got = our_frames(calls, given.build)
    wrong = []
    for (data, options), frame in zip(calls, got):
        found = difference(data, options, frame)
        if found:
            wrong.append((data, options, found))
    print(
        f"{len(calls)} calls, {len(texts)} texts, {len(settings)} sets of options, {len(wrong)} differ"
    )
    for data, options, found in wrong[: given.limit]:
        print(f"  {data[:300]!r} {options}\n      {found[:400]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
