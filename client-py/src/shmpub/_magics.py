"""`%shmpub` for IPython: lists feeds, and binds names that are kept newest.

    %load_ext shmpub
    %shmpub                     what feeds there are
    %shmpub quotes              the feed, as a cell shows it; also: feed = %shmpub quotes
    %shmpub quotes as df        df is its newest DataFrame, now and before each cell
    %shmpub off df              let go of df; without a name, of all
    %shmpub -i NAME -d PATH ... the instance, the directory

A name is let go when it is given to something else, or deleted. When the feed fails, the name keeps
its last table, and that is said once.
"""

from __future__ import annotations

import sys
from typing import Any

from ._errors import Error
from ._feed import Feed, subscribe
from ._list import feeds
from ._mark import NOTHING, Mark

_USAGE = "%shmpub [-i INSTANCE] [-d DIRECTORY] [FEED [as NAME]], or %shmpub off [NAME]"
_WELL = "fresh"


class _Bound:
    """A name in the user's namespace, and the feed whose newest table it is."""

    def __init__(self, name: str, feed: Feed) -> None:
        self.name = name
        self.feed = feed
        self.mark: Mark = NOTHING
        self.frame: Any = None
        self.told = _WELL  # the state that the user knows

    def is_let_go(self, names: dict[str, Any]) -> bool:
        return self.frame is not None and names.get(self.name) is not self.frame

    def renew(self, names: dict[str, Any]) -> str:
        """Bind the name to the newest table; returns what is to be told, or nothing."""
        try:
            snapshot, mark = self.feed._newest()
            if mark != self.mark:
                self.frame = names[self.name] = snapshot.df
                self.mark = mark
            state, why = self.feed.state, self.feed.last_error
        except Exception as error:
            if self.frame is None:
                raise
            state, why = "error", str(error)
        if state == self.told:
            return ""
        self.told = state
        return "" if state == _WELL else f"{self.name} keeps its last table, {state}: {why}"


class Magics:
    """The magic command of one IPython, and the names that it keeps newest."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._bound: dict[str, _Bound] = {}

    def shmpub(self, line: str) -> Any:
        """%shmpub [-i INSTANCE] [-d DIRECTORY] [FEED [as NAME]], or %shmpub off [NAME]"""
        try:
            words, where = _options(line.split())
            if not words:
                return feeds(**where)
            if words[0] == "off" and len(words) <= 2 and not where:
                return self._off(words[1:])
            if len(words) == 1:
                return subscribe(words[0], **where)
            if len(words) == 3 and words[1] == "as":
                return self._bind(words[2], subscribe(words[0], **where))
            raise ValueError(_USAGE)
        except (Error, ValueError) as error:
            _tell(error)  # a magic's traceback would show our code, not the user's
            return None

    def _bind(self, name: str, feed: Feed) -> None:
        if not name.isidentifier():
            raise ValueError(f"{name!r} is no name of a variable")
        bound = _Bound(name, feed)
        told = bound.renew(self._shell.user_ns)
        self._bound[name] = bound
        if told:
            _tell(told)

    def _off(self, names: list[str]) -> None:
        for name in names or list(self._bound):
            if self._bound.pop(name, None) is None:
                _tell(f"{name} follows no feed")

    def before_cell(self, info: Any = None) -> None:
        """Bind each name to its feed's newest table. Called by IPython; raises nothing."""
        names = self._shell.user_ns
        for name, bound in list(self._bound.items()):
            if bound.is_let_go(names):
                del self._bound[name]
                continue
            told = bound.renew(names)
            if told:
                _tell(told)

    def load(self) -> None:
        self._shell.register_magic_function(self.shmpub, "line", "shmpub")
        self._shell.events.register("pre_run_cell", self.before_cell)

    def unload(self) -> None:
        self._shell.events.unregister("pre_run_cell", self.before_cell)
        self._shell.magics_manager.magics["line"].pop("shmpub", None)
        self._bound.clear()


def _options(words: list[str]) -> tuple[list[str], dict[str, Any]]:
    """The words without the options, and the options as subscribe() names them."""
    where: dict[str, Any] = {}
    kinds = {"-i": "instance", "-d": "directory"}
    while words and words[0] in kinds:
        if len(words) < 2:
            raise ValueError(f"{words[0]} wants a value: {_USAGE}")
        where[kinds[words[0]]] = words[1]
        words = words[2:]
    if words and words[0].startswith("-"):
        raise ValueError(_USAGE)
    return words, where


def _tell(what: object) -> None:
    print(f"shmpub: {what}", file=sys.stderr)


_loaded: list[Magics] = []


def load(shell: Any) -> None:
    """`%load_ext shmpub`."""
    if not any(magics._shell is shell for magics in _loaded):
        _loaded.append(Magics(shell))
        _loaded[-1].load()


def unload(shell: Any) -> None:
    """`%unload_ext shmpub`."""
    for magics in [m for m in _loaded if m._shell is shell]:
        magics.unload()
        _loaded.remove(magics)
