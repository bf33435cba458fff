"""Writes an ini file for shmpubd, from sources and options as pandas.read_csv has them.

`_FEED` is a table of all keys that a feed can have: for each the function that makes text of a
value. Where pandas has a word for what the daemon can't do, the argument is refused here; whether a
text means something is for the daemon to judge.
"""

from __future__ import annotations

import difflib
import glob
import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from numbers import Integral, Real
from typing import Any

import pandas as pd

from ._place import is_feed_name

_LINE = 199  # bytes
_NAME = 49
_ROOM = 140  # bytes of a value in one line
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # of two letters: "C:" is a drive
_COMMAND = re.compile(r"(exec|shell):")

# A text; texts for columns; or None: as if the option were not given.
_Text = str | dict[str, str] | None


@dataclass(frozen=True)
class Ini:
    """The text of an ini file, and what each of its lines is about."""

    text: str
    subjects: list[str]

    def subject(self, line: int) -> str:
        """What that line, counted from 1, is about: "feed 'quotes', dtype"; or ""."""
        return self.subjects[line - 1] if 1 <= line <= len(self.subjects) else ""


def make_ini(
    daemon: Mapping[str, str], feeds: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Ini:
    """The ini for these keys of [daemon], these feeds, and options for all feeds.

    A feed is a source, or a mapping with a source and options of its own. Raises TypeError and
    ValueError for what can't be right.
    """
    if not isinstance(feeds, Mapping):
        raise TypeError(f"feeds is a mapping of names to sources, not {type(feeds).__name__}")
    if not feeds:
        raise ValueError("there are no feeds to serve")
    out = _Writer()
    out.section("daemon", "")
    for key, value in daemon.items():
        out.entry(key, value, key)
    folder = os.getcwd()
    for name, feed in feeds.items():
        _check_name(name)
        out.section(f"feed {name}", f"feed {name!r}")
        for key, value in _keys_of(name, feed, defaults, folder).items():
            out.entry(key, value, f"feed {name!r}, {key.partition('.')[0]}")
    return Ini("\n".join(out.lines) + "\n", out.subjects)


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the name of a feed is a str, not {type(name).__name__}")
    if not is_feed_name(name):
        raise ValueError(
            f"no feed can have the name {name!r}: 1 to 40 of A-Z a-z 0-9 _ . -, "
            "beginning with a letter, a digit or _"
        )


def _keys_of(name: str, feed: Any, defaults: Mapping[str, Any], folder: str) -> dict[str, str]:
    own = dict(feed) if isinstance(feed, Mapping) else {"source": feed}
    if "source" not in own:
        raise TypeError(f"feed {name!r} has no source")
    options = {**_named(defaults), **_named(own)}
    keys: dict[str, str] = {}
    for option, value in options.items():
        try:
            text = _FEED[option](value, folder)
        except (TypeError, ValueError) as error:
            raise type(error)(f"feed {name!r}, {option}: {error}") from None
        if isinstance(text, str):
            keys[option] = text
        elif text is not None:
            keys |= {f"{option}.{column}": one for column, one in text.items()}
    if _COMMAND.match(keys["source"]) and "working_directory" not in keys:
        keys["working_directory"] = folder
    return keys


def _named(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options under the names of the table, without those that say nothing."""
    named: dict[str, Any] = {}
    for option, value in options.items():
        key = "delimiter" if option == "sep" else option
        if key in named:
            raise TypeError("sep and delimiter are two names of one option")
        if key in _FEED:
            named[key] = value
        elif option not in _WITHOUT_MEANING and not _is_default(option, value):
            raise TypeError(_unknown(option))
    return named


def _read_csv_parameters() -> Mapping[str, inspect.Parameter]:
    return inspect.signature(pd.read_csv).parameters


def _is_default(option: str, value: object) -> bool:
    parameter = _read_csv_parameters().get(option)
    return (
        parameter is not None
        and type(parameter.default) is type(value)
        and bool(parameter.default == value)
    )


def _unknown(option: object) -> str:
    name = str(option)
    if name in _read_csv_parameters():
        return f"shmpubd has nothing like the option {name!r} of pandas.read_csv"
    nearest = difflib.get_close_matches(name, [*_FEED, "sep"], 1)
    hint = f"; the nearest is {nearest[0]!r}" if nearest else ""
    return f"there is no option {name!r}{hint}"


# --- values ---------------------------------------------------------------------------------


def _text(value: Any, folder: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a str is wanted, not {type(value).__name__}")
    return value


def _boolean(value: Any, folder: str) -> str:
    if not isinstance(value, bool):
        raise TypeError(f"True or False is wanted, not {value!r}")
    return "yes" if value else "no"


def _number(value: Any, folder: str) -> str:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"an int is wanted, not {type(value).__name__}")
    return str(int(value))


def _number_or_text(value: Any, folder: str) -> str:
    """Sizes such as "1G", and shares such as "0.5%"."""
    return value if isinstance(value, str) else _number(value, folder)


def _mode(value: Any, folder: str) -> str:
    return f"{value:04o}" if isinstance(value, int) else _text(value, folder)


def duration(value: Any, folder: str = "") -> str:
    """A text as it is; a number of seconds or a timedelta in milliseconds."""
    if isinstance(value, str):
        return value
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(
            f'a text such as "1s", a number of seconds or a timedelta, not {type(value).__name__}'
        )
    if not 0 <= float(value) < 2**53:
        raise ValueError(f"{value} is no duration")
    return f"{round(float(value) * 1000)}ms"


def _path(value: Any, folder: str) -> str:
    path: str = os.path.expanduser(os.fsdecode(value))
    return path if os.path.isabs(path) else os.path.join(folder, path)


def _source(value: Any, folder: str) -> str:
    """A relative path, or pattern of paths, is one from this process's own folder."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"a path, a pattern, a command or a URL, not {type(value).__name__}")
    if isinstance(value, str) and _SCHEME.match(value):
        return value
    # A character of the folder's own name stands for itself, whatever it means in a pattern.
    return _path(value, glob.escape(folder))


def _environment(value: Any, folder: str) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"a dict of variables is wanted, not {type(value).__name__}")
    words = []
    for name, text in value.items():
        text = str(text).replace("\\", "\\\\").replace('"', '\\"')
        words.append(f'{name}="{text}"')
    return " ".join(words)


_BYTES = {
    ",": "comma", "\t": "tab", " ": "space", ";": "semicolon", "|": "pipe", ":": "colon",
    "#": "hash", '"': "quote", "'": "apostrophe", ".": "point",
}  # fmt: skip


def _byte(value: Any, folder: str) -> str:
    if value is None:
        return "none"
    if _text(value, folder) == "\\t":
        return "tab"
    if value in _BYTES.values() or value == "none":
        return str(value)
    if len(value) != 1 or not value.isascii() or value in "\r\n":
        raise ValueError(f"{value!r} is not one character of ASCII")
    return _BYTES.get(value, str(value))


def _delimiter(value: Any, folder: str) -> str:
    if value is None:
        raise ValueError("a delimiter is not guessed: say which it is")
    return "whitespace" if value in (r"\s+", "whitespace") else _byte(value, folder)


def _item(value: Any) -> str:
    """A position as a number, a name in quotes: only so a name of digits is no position."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return str(int(value))
    return _quoted(value)


def _quoted(value: Any) -> str:
    if value is None or isinstance(value, bytes | list | tuple | dict | set):
        raise TypeError(f"a str or a number is wanted, not {type(value).__name__}")
    text = str(value).replace('"', '""')
    return f'"{text}"'


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [value]
    return sorted(value) if isinstance(value, set | frozenset) else list(value)


def _items(value: Any, folder: str) -> str:
    if callable(value):
        raise TypeError("a function can't be handed to the daemon: give a list")
    items = _listed(value)
    if not items:
        raise ValueError("an empty list")
    return ", ".join(map(_item, items))


def _words(value: Any, folder: str) -> str:
    """Words of cells. A number stands for its text."""
    words = _listed(value)
    if not words:
        raise ValueError("an empty list")
    return ", ".join(map(_quoted, words))


def _optional(value: Any, folder: str) -> _Text:
    """None or False: as if the option were not given."""
    return None if value is None or value is False else _items(value, folder)


def _na_values(value: Any, folder: str) -> _Text:
    if isinstance(value, Mapping):
        return {_column(name): _words(words, folder) for name, words in value.items()}
    return None if value is None else _words(value, folder)


def _parse_dates(value: Any, folder: str) -> _Text:
    if value is True:
        return "yes"
    if isinstance(value, Mapping) or (
        not isinstance(value, str)
        and isinstance(value, Iterable)
        and any(isinstance(item, list | tuple) for item in value)
    ):
        raise TypeError("several columns can't be joined to one date: name the columns")
    return _optional(value, folder)


def _date_format(value: Any, folder: str) -> _Text:
    if isinstance(value, Mapping):
        return {_column(name): _text(one, folder) for name, one in value.items()}
    return None if value is None else _text(value, folder)


_DTYPES = {"object": "str", "string": "str", "int": "int64", "float": "float64"}
_SERVED = ("int64", "float64", "bool", "str", "category", "timestamp")


def _one_dtype(value: Any) -> str:
    if isinstance(value, str) and value in _SERVED:
        return value
    try:
        name = str(pd.api.types.pandas_dtype(value).name)
    except TypeError:
        name = str(value)
    if name.startswith("datetime64["):
        return "timestamp"
    name = _DTYPES.get(name, name)
    if name not in _SERVED:
        raise ValueError(f"{name} is none of {', '.join(_SERVED)}")
    return name


def _dtype(value: Any, folder: str) -> _Text:
    if isinstance(value, Mapping):
        return {_column(name): _one_dtype(one) for name, one in value.items()}
    return None if value is None else _one_dtype(value)


def _column(name: Any) -> str:
    text = _text(name, "")
    if text != text.strip(" \t") or not text or re.search(r"[=:;\x00-\x1f\x7f]", text):
        raise ValueError(f"an option of the column {name!r} can't be written in an ini file")
    return text


def _header(value: Any, folder: str) -> _Text:
    if value == "infer":
        return None
    return "none" if value is None else _number(value, folder)


def _skiprows(value: Any, folder: str) -> _Text:
    if value is None:
        return None
    if callable(value):
        raise TypeError("a function can't be handed to the daemon: give a number or a list")
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "[" + ", ".join(_number(line, folder) for line in _listed(value)) + "]"
    return _number(value, folder)


_ENCODINGS = {"utf8": "utf-8", "utf-8-sig": "utf-8", "latin1": "latin-1", "iso-8859-1": "latin-1",
              "windows-1252": "cp1252", "utf16": "utf-16", "utf-16le": "utf-16-le",
              "utf-16be": "utf-16-be", "us-ascii": "ascii"}  # fmt: skip


def _encoding(value: Any, folder: str) -> _Text:
    if value is None:
        return None
    name = _text(value, folder).lower().replace("_", "-")
    return _ENCODINGS.get(name, name)


def _bad_lines(value: Any, folder: str) -> str:
    if value == "warn":
        raise ValueError('"warn" is not served: "skip" counts such rows, "feed" publishes them')
    return _text(value, folder)


_FEED: dict[str, Callable[[Any, str], _Text]] = {
    "source": _source,
    "interval": duration,
    "filename_column": _text,
    "timeout": duration,
    "max_source": _number_or_text,
    "environment": _environment,
    "user": _text,
    "working_directory": _path,
    "watch": _boolean,
    "max_bytes": _number_or_text,
    "max_row_bytes": _number_or_text,
    "username": _text,
    "password_file": _path,
    "token_file": _path,
    "ca_file": _path,
    "proxy": _text,
    "mode": _text,
    "append_room": _number_or_text,
    "settle": duration,
    "require_newline": _boolean,
    "min_rows": _number,
    "require_columns": _words,
    "frozen_schema": _boolean,
    "expect_every": duration,
    "csv_segment": _text,
    "array_segment": _text,
    "array_dtype": _text,
    "array_columns": _words,
    "segment_mode": _mode,
    "segment_room": _number_or_text,
    "max_rejects": _number_or_text,
    "file_mode": _mode,
    "group": _text,
    "delimiter": _delimiter,
    "quotechar": _byte,
    "comment": _byte,
    "thousands": _byte,
    "decimal": _byte,
    "skipinitialspace": _boolean,
    "on_bad_lines": _bad_lines,
    "header": _header,
    "names": _optional,
    "usecols": _optional,
    "index_col": _optional,
    "parse_dates": _parse_dates,
    "date_format": _date_format,
    "na_values": _na_values,
    "keep_default_na": _boolean,
    "true_values": lambda value, folder: None if value is None else _words(value, folder),
    "false_values": lambda value, folder: None if value is None else _words(value, folder),
    "skiprows": _skiprows,
    "encoding": _encoding,
    "max_columns": _number,
    "dtype": _dtype,
}
# They change how pandas reads a file, and not what comes of it.
_WITHOUT_MEANING = {"engine", "low_memory", "memory_map", "cache_dates", "compression"}


# --- lines ----------------------------------------------------------------------------------


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.subjects: list[str] = []

    def _line(self, text: str, subject: str) -> None:
        self.lines.append(text)
        self.subjects.append(subject)

    def section(self, title: str, subject: str) -> None:
        self._line(f"[{title}]", subject)

    def entry(self, key: str, value: str, subject: str) -> None:
        """Write `key = value`, in several lines where one would be too long."""
        if len(key.encode()) > _NAME:
            raise ValueError(f"{subject}: {key!r} is longer than {_NAME} bytes")
        if re.search(r"[\x00-\x1f\x7f]", value.replace("\t", " ")) or re.search(r"[ \t];", value):
            raise ValueError(
                f"{subject}: {value!r} has a control character, or a ';' after a blank, "
                "which an ini file can't hold"
            )
        if value != value.strip(" \t") or value.endswith("\\"):
            raise ValueError(f"{subject}: {value!r} ends in a blank or a backslash")
        parts = list(_parts(value))
        for i, part in enumerate(parts):
            start = f"{key} = " if i == 0 else "  "
            self._line(start + part + ("\\" if i + 1 < len(parts) else ""), subject)


def _parts(value: str) -> Iterable[str]:
    """Parts that fit into lines. None begins or ends as a line with a meaning of its own would."""
    while len(value.encode()) > _ROOM:
        at = len(value.encode()[:_ROOM].decode("utf-8", "ignore"))
        while at > 1 and (value[at] in " \t;#[" or value[at - 1] in " \t\\"):
            at -= 1
        yield value[:at]
        value = value[at:]
    yield value
