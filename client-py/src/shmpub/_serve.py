"""Starts a daemon for this process."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from . import _arguments, _place, _platform
from ._feed import Feed, subscribe

if TYPE_CHECKING:
    from ._ini import Ini
    from ._server import Server

_Source = str | os.PathLike[str] | Mapping[str, Any]


def serve(
    feeds: Mapping[str, _Source],
    interval: str | float | timedelta = "1s",
    *,
    instance: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Served:
    """Start a daemon that keeps these tables fresh for this process, and return its feeds.

    >>> import shmpub
    >>> feeds = shmpub.serve({"quotes": "data/*.csv"}, interval="1s")
    >>> feeds.quotes.df.shape
    (2, 3)
    >>> feeds.close()

    `feeds` maps names to sources. A source is the path of a CSV file, a pattern of paths (one table
    of all files that match), a command such as "exec: psql -c ..." or a URL. Relative paths are
    those of the current folder. A mapping with a "source" gives a feed options of its own:
    {"source": "x.csv", "interval": "10s", "sep": ";"}.

    `interval` is how often each source is looked at: a text with its unit ("500ms", "1s", "5m"), a
    number of seconds or a timedelta. 0 means once.

    `options` are those of pandas.read_csv, with the same meaning and for all feeds: sep, decimal,
    thousands, quotechar, comment, encoding, header, names, usecols, skiprows, index_col,
    parse_dates, date_format, dtype, na_values, keep_default_na, true_values, false_values,
    on_bad_lines; and those of a feed in shmpubd.ini(5), such as watch=True or min_rows=100.

    The daemon is this process's own: shmpubd of the package shmpub-daemon (`pip install
    "shmpub[daemon]"`), of the environment variable SHMPUB_DAEMON, or of PATH. It ends when the
    interpreter ends, also when that is killed; at close(); and when nothing refers to the returned
    object or to one of its feeds any more. An interrupt (Ctrl-C) does not end it, nor does the end
    of a child of fork(). A table in your hand stays.

    Without `instance` nobody else knows its name. With one, other processes read the same feeds by
    shmpub.subscribe(name, instance=instance), as long as this one lives. A second call with the
    same name in the same process ends the first daemon and starts another in its place.
    `directory` is that of subscribe().

    The call returns when the daemon has tried to read each source, at the latest after ten seconds.
    A source that can't be read, because it is not there yet for example, is a RuntimeWarning, and
    its feed's last_error says why; the daemon tries it again and again.

    Raises TypeError and ValueError for arguments that can't be right, DaemonNotFound where there is
    no shmpubd, InstanceTaken when another process serves `instance`, and DaemonError, with the
    daemon's own words, when it can't start. May be called from any thread.
    """
    from . import _ini, _program, _server

    name = _private_name() if instance is None else _arguments.text("instance", instance)
    place = _place.place(name, directory, None)
    if not _place.is_instance_name(name):
        raise ValueError(f"no instance can have the name {name!r}: 1 to 40 of A-Z a-z 0-9 _ -")
    daemon = {"instance": name, "log_format": "text"}
    if place.directory != _platform.DIRECTORY:
        daemon["directory"] = place.directory
    ini = _ini.make_ini(daemon, feeds, {**options, "interval": interval})
    program = _program.find_daemon()
    earlier = _server.find(place)
    if earlier is not None:
        _server.check(program, ini)
        earlier.close()
    return _warned(Served(_server.start(program, ini, place), list(feeds), ini))


def _private_name() -> str:
    return f"py-{os.getpid()}-{os.urandom(4).hex()}"


def _warned(served: Served) -> Served:
    for name, feed in served.items():
        if feed.state == "failing":
            warnings.warn(f"feed {name!r}: {feed.last_error}", RuntimeWarning, stacklevel=3)
    return served


class Served(Mapping[str, Feed]):
    """The feeds of a daemon that serve() has started, by name: served["quotes"], served.quotes.

    It is a mapping of names to Feeds. A feed whose name this class needs itself, such as "log", is
    found by served["log"] only. `with` closes it at the end of the block. It may be used from
    several threads.
    """

    def __init__(self, server: Server, names: list[str], ini: Ini) -> None:
        self._server = server
        self._config = ini.text
        place = server.place
        self._feeds = {name: subscribe(name, place.instance, place.directory) for name in names}
        for feed in self._feeds.values():
            feed.__dict__["_server"] = server  # who has only the feed keeps the daemon as well

    def __getitem__(self, name: str) -> Feed:
        try:
            return self._feeds[name]
        except KeyError:
            raise KeyError(f"no feed {name!r}: there are {', '.join(self._feeds)}") from None

    def __getattr__(self, name: str) -> Feed:
        feeds = self.__dict__.get("_feeds", {})
        if name not in feeds:
            raise AttributeError(f"no feed {name!r}: there are {', '.join(feeds)}")
        feed: Feed = feeds[name]
        return feed

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self._feeds if name.isidentifier())]

    def __iter__(self) -> Iterator[str]:
        return iter(self._feeds)

    def __len__(self) -> int:
        return len(self._feeds)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __reduce__(self) -> Any:
        raise TypeError("a daemon is its process's own: hand on a feed, or the name `instance`")

    @property
    def instance(self) -> str:
        """The instance's name, a str, for subscribe() and for `shmpub -i NAME ls`."""
        return self._server.place.instance

    @property
    def pid(self) -> int | None:
        """The daemon's process id, an int; None when it has ended, and in a child of fork()."""
        server = self._server
        if not server.is_ours or server.process.poll() is not None:
            return None
        return server.process.pid

    @property
    def config(self) -> str:
        """The text of the ini file that the daemon was started with: shmpubd.ini(5) tells of it."""
        return self._config

    def log(self) -> str:
        """What the daemon has told in its log so far, a str of lines; "" after close()."""
        return self._server.log()

    def close(self) -> None:
        """End the daemon, and wait until it has ended. Tables that you have stay valid.

        Afterwards the feeds are "gone". A second call does nothing, nor does one in a child of
        fork(). Raises nothing.
        """
        self._server.close()

    def __repr__(self) -> str:
        pid = self.pid
        who = f"process {pid}" if pid is not None else "ended"
        feeds = ", ".join(f"{name} {feed.state}" for name, feed in self._feeds.items())
        return f"<Served {self.instance}, {who}: {feeds}>"
