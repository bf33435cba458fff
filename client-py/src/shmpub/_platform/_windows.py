"""The contract of __init__.py on Windows: named sections, events, owners by security descriptor.

docs/FORMAT.md, "On Windows". An instance is a set of objects whose names begin alike. Its root page
tells the number of the catalog's section, and the catalog's descriptors tell the numbers and sizes
of the snapshots' sections. A number is never used twice, so a name that is absent means that a
newer one is told of by now, or that the publisher's process has ended: all its names go with it.

A section's handle is closed as soon as its view is mapped. The view keeps the memory, and leaves
the name free for the next publisher.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from .._errors import AccessDenied, Error, FormatError, InstanceNotFound, UntrustedOwner
from .._mapped import Mapped
from . import _windows_accounts as accounts
from . import _windows_api as api

if TYPE_CHECKING:
    from .._place import Place

DIRECTORY = "auto"
Owner = str  # a SID's text

_SPACES = ("Global", "Local")
_LONGEST_NAME = 250  # in UTF-16 units
_LONGEST_LEAF = 20  # the digits of a number of 64 bits

_ROOT_SIZE = 4096
_ROOT_MAGIC = b"SHMPUBR\x01"
_ROOT_VERSION = 1
_NUMBER_AT = 2  # of the root page's 64-bit words
_BELL_TURN_AT = 64  # of the catalog's 32-bit words
_N_BELLS = 4
_TRIES = 100

_READABLE = 0x02 | 0x04 | 0x08 | 0x20 | 0x40 | 0x80  # page protections; a guard page has more
_LARGEST_PID = 2**32 - 1

_SLICE = 0.1  # seconds: the main thread hears Ctrl-C between two waits
_FIRST_SLICE = 0.02  # who was kept busy between look and wait may have missed four rings
_LOOK_EVERY = 1.0
_SHORTEST_NAP, _LONGEST_NAP = 0.001, 0.05  # where the bells can't be heard

_known: set[tuple[str, str]] = set()  # directories and instances that this process has found


# --- owners ---------------------------------------------------------------------------------------


def owner_of(value: int | str | None) -> Owner | None:
    """The SID of an account that was named by its name or by its SID."""
    if value is None:
        return None
    if isinstance(value, bool) or not (hasattr(value, "__index__") or isinstance(value, str)):
        kind = type(value).__name__
        raise TypeError(f"owner is an account's name, its SID or None, not {kind}")
    if not isinstance(value, str):
        raise ValueError(f"owner={value!r}: Windows has no uids; name an account or its SID")
    sid = accounts.sid_text_of_account(value)
    if sid is None:
        raise ValueError(f"owner={value!r}: this machine has no account of that name")
    return sid


def _check_owner(place: Place, name: str, sid: bytes | None) -> None:
    """UntrustedOwner unless it is the system, me, a service's account, or whom the caller named."""
    if sid is None:
        raise _denied(name)
    if accounts.is_trusted(sid, place.owner if isinstance(place.owner, str) else None):
        return
    text = accounts.text_of(sid)
    raise UntrustedOwner(
        f"{name} belongs to {accounts.name_of(sid)} ({text}); owner={text!r} would accept it", text
    )


def _denied(name: str) -> AccessDenied:
    me = accounts.name_of(accounts.my_sid())
    why = "file_mode and group in the publisher's configuration say who may"
    return AccessDenied(f"{name}: this process ({me}) may not read it; {why}", name)


# --- names ----------------------------------------------------------------------------------------


def _prefixes(directory: str) -> tuple[str, ...]:
    """What the names of its objects begin with; the first that has an instance is meant."""
    if directory == DIRECTORY:
        return "Global\\", "Local\\"
    space, backslash, rest = directory.partition("\\")
    if space in _SPACES and not rest:
        return (space + "\\",)
    if space not in _SPACES or not backslash:
        space, rest = "Local", directory
    return (space + "\\" + rest.replace("\\", "/") + "/",)


def _stems(directory: str, instance: str) -> list[str]:
    """The names of its objects without their last part."""
    return [f"{prefix}shmpub.{instance}/" for prefix in _prefixes(directory)]


def check_names(directory: str, instance: str) -> None:
    """The names of objects are limited."""
    if "\0" in directory:
        raise ValueError("directory has a NUL in it")
    longest = max(map(len, _stems(directory, instance))) + _LONGEST_LEAF
    units = longest + sum(ord(character) > 0xFFFF for character in directory)
    if units > _LONGEST_NAME:
        excess = units - _LONGEST_NAME
        raise ValueError(
            f"directory={directory!r} is too long by {excess} characters: on Windows it is part of "
            f"the names of objects, which have at most {_LONGEST_NAME}"
        )


def path_of(directory: str, instance: str) -> str:
    """The names that its objects' names begin with."""
    return " or ".join(stem[:-1] for stem in _stems(directory, instance))


def find_instances(directory: str, is_instance: Callable[[str], bool]) -> tuple[list[str], str]:
    """There is no list of them: those that are known here, and the one of the usual name."""
    candidates = {name for folder, name in _known if folder == directory} | {"shmpub"}
    names = sorted(name for name in candidates if is_instance(name) and _is_there(directory, name))
    where = " and ".join(_prefixes(directory))
    return names, f"instances in {where} that are known here: {'' if names else 'none'}"


def _is_there(directory: str, instance: str) -> bool:
    try:
        return any(_read_root(stem, lambda *_: None) for stem in _stems(directory, instance))
    except (Error, OSError):
        return False


# --- sections -------------------------------------------------------------------------------------


class _View(Mapped):
    """The default argument outlives the module's globals at the interpreter's end."""

    __slots__ = ()

    def __del__(self, unmap: Any = api.unmap_view) -> None:
        unmap(self._address)


Check = Callable[[str, bytes | None], None]


def _map(name: str, size: int, check_owner: Check) -> tuple[npt.NDArray[np.uint8], bytes]:
    """The section's first `size` bytes, or all with 0, read-only; and whose it is.

    Raises FileNotFoundError when there is none of that name, AccessDenied, and FormatError when it
    is another kind of object or smaller.
    """
    handle = _open(name)
    try:
        owner = accounts.owner_of_handle(handle)
        check_owner(name, owner)
        address = api.map_view(handle, api.FILE_MAP_READ, 0, 0, size)
        code = api.last_error()
    finally:
        api.close_handle(handle)
    if not address and code in (api.ERROR_ACCESS_DENIED, api.ERROR_INVALID_PARAMETER):
        raise FormatError(f"{name}: smaller than {size} bytes")
    if not address:
        raise OSError(None, api.describe(code), name, code)
    there = _readable_size(address)
    if not there or there < size:
        api.unmap_view(address)
        raise FormatError(f"{name}: {there} bytes can be read, not {size}")
    return np.asarray(_View(address, size or there)), owner or b""


def _open(name: str) -> int:
    handle: int | None = api.open_file_mapping(api.FILE_MAP_READ | api.READ_CONTROL, False, name)
    if handle:
        return handle
    code = api.last_error()
    if code in (api.ERROR_FILE_NOT_FOUND, api.ERROR_PATH_NOT_FOUND):
        raise FileNotFoundError(name)
    if code == api.ERROR_ACCESS_DENIED:
        raise _denied(name)
    if code == api.ERROR_INVALID_HANDLE:
        raise FormatError(f"{name}: another kind of object has this name")
    raise OSError(None, api.describe(code), name, code)


def _readable_size(address: int) -> int:
    """How much of a view has memory behind it: reading the rest would end the process."""
    region = api.MemoryRegion()
    if not api.virtual_query(address, ctypes.byref(region), ctypes.sizeof(region)):
        return 0
    is_there = region.state == api.MEM_COMMIT
    return region.size if is_there and region.protect & ~_READABLE == 0 else 0


def _read_root(stem: str, check_owner: Check) -> int:
    """The number of the catalog's section; 0 when nothing is published there."""
    name = stem + "catalog"
    try:
        page, _ = _map(name, _ROOT_SIZE, check_owner)
    except FileNotFoundError:
        return 0
    number: int = page.data.cast("Q")[_NUMBER_AT]  # one load
    head = page[:12].tobytes()
    if not number and head[:8] == bytes(8):
        return 0  # its publisher is just beginning
    if head[:8] != _ROOT_MAGIC:
        raise FormatError(f"{name}: no root page's magic")
    version = int.from_bytes(head[8:], "little")
    if version != _ROOT_VERSION:
        raise FormatError(f"{name}: format version {version}, not {_ROOT_VERSION}")
    return number


def _leads_somewhere(stem: str, number: int) -> bool:
    """A root page may outlive its publisher, killed or stopped, by somebody's handle."""
    handle = api.open_file_mapping(api.READ_CONTROL, False, f"{stem}{number}")
    if not handle:  # closed to us is there all the same
        return api.last_error() != api.ERROR_FILE_NOT_FOUND
    api.close_handle(handle)
    return True


# --- an instance ----------------------------------------------------------------------------------


class _Descriptor(Protocol):
    @property
    def segment(self) -> int: ...
    @property
    def size(self) -> int: ...


class Instance:
    """See the contract. It belongs to the catalog's number, which the root page tells."""

    __slots__ = ("_bells", "_found", "_place", "_words", "content", "path")

    def __init__(self, place: Place) -> None:
        self._place = place
        for _ in range(_TRIES):
            self._found = self._find()
            self.path = "".join(map(str, self._found))
            try:
                self.content, _ = _map(self.path, 0, self._check_owner)
                break
            except FileNotFoundError:  # another one is told of by now, or the publisher has ended
                if self._find() == self._found:
                    raise self._nothing() from None
        else:
            raise self._nothing()
        self._words = self.content[: len(self.content) // 4 * 4].data.cast("I")
        self._bells = _Bells(self._found[0])
        _known.add((place.directory, place.instance))

    def _find(self) -> tuple[str, int]:
        """What its names begin with, and the catalog's number; InstanceNotFound: there is none."""
        for stem in _stems(self._place.directory, self._place.instance):
            number = _read_root(stem, self._check_owner)
            if number and _leads_somewhere(stem, number):
                return stem, number
        raise self._nothing()

    def _check_owner(self, name: str, sid: bytes | None) -> None:
        _check_owner(self._place, name, sid)

    def _nothing(self) -> InstanceNotFound:
        return InstanceNotFound(f"nothing is published at {self._place.path}")

    def stands(self, is_stopped: bool) -> bool:
        """The catalog of a publisher that was killed stays until there is another one."""
        try:
            return self._find() == self._found
        except InstanceNotFound:
            return not is_stopped
        except (Error, OSError):
            return False

    def sleep(self, index: int, seen: int, seconds: float) -> None:
        """On the instance's bell, which rings for every change of any feed."""
        words, end = self._words, time.monotonic() + seconds
        is_main = threading.current_thread() is threading.main_thread()
        longest, nap = _FIRST_SLICE, _SHORTEST_NAP
        while True:
            turn = words[_BELL_TURN_AT]  # before the word: a change after it rings this turn's bell
            left = end - time.monotonic()
            if words[index] != seen or left <= 0:
                return
            has_rung = self._bells.wait(turn % _N_BELLS, min(left, longest))
            longest = _SLICE if is_main else _LOOK_EVERY
            if has_rung is None or (has_rung and words[_BELL_TURN_AT] == turn):
                # Nobody can hear it, or it was rung in a publisher's time before and never reset.
                time.sleep(min(left, nap))
                nap = min(2 * nap, _LONGEST_NAP)

    def open_segment(self, feed: str, descriptor: Callable[[], _Descriptor | None]) -> Segment:
        """The section of the number that the descriptor tells, or of a newer one."""
        absent = None
        for _ in range(_TRIES):
            found = descriptor()
            if found is None or found.segment == absent:
                break
            try:
                return Segment(self._found[0], feed, found, self._check_owner)
            except FileNotFoundError:
                absent = found.segment
        raise FileNotFoundError(f"{self._found[0]}{absent or feed}")


class _Bells:
    """Events that tell of news: opened when they are first waited for, closed at the end."""

    __slots__ = ("_handles", "_stem")

    def __init__(self, stem: str) -> None:
        self._stem = stem
        self._handles: dict[int, int] = {}  # 0: it can't be heard

    def wait(self, number: int, seconds: float) -> bool | None:
        """Whether it rang before the time had passed; None at once when it can't be heard."""
        handle = self._handles.get(number)
        if handle is None:
            name = f"{self._stem}bell.{number}"
            made = api.open_event(api.SYNCHRONIZE, False, name) or 0
            handle = self._handles.setdefault(number, made)
            if handle != made and made:  # another thread was faster
                api.close_handle(made)
        if not handle:
            return None
        answer: int = api.wait_for_object(handle, max(1, int(seconds * 1000)))
        return answer == api.WAIT_OBJECT_0

    def __del__(self, close: Any = api.close_handle) -> None:
        for handle in self._handles.values():
            if handle:
                close(handle)


class Segment:
    """See the contract: a view, which is all that there is of it."""

    __slots__ = ("_content", "is_own", "path", "size")

    def __init__(self, stem: str, feed: str, found: _Descriptor, check_owner: Check) -> None:
        name = f"{stem}{found.segment}"
        self.path = f"{name} ({feed})"
        self.size = found.size
        if not self.size:
            raise FormatError(f"{self.path}: no section with anything in it")
        self._content, owner = _map(name, self.size, check_owner)
        self.is_own = accounts.is_own(owner)

    def read(self, at: int, n: int) -> bytes:
        return self._content[at : at + n].tobytes()

    def map(self) -> npt.NDArray[np.uint8]:
        return self._content

    def close(self) -> None:
        """Its handle is closed already."""


# --- processes ------------------------------------------------------------------------------------


def own_namespace() -> int:
    """All processes of a machine have one."""
    return 1


def why_no_process(pid: int, start: int) -> str | None:
    """`start` is the process's creation as a FILETIME; 0: unknown."""
    gone = f"no process {pid}"
    if not 0 < pid <= _LARGEST_PID:
        return gone
    process = api.open_process(api.PROCESS_QUERY_LIMITED_INFORMATION, False, pid)
    if not process:
        return gone if api.last_error() == api.ERROR_INVALID_PARAMETER else None
    try:
        code, times = ctypes.c_uint32(), (ctypes.c_uint64 * 4)()
        has_ended = api.exit_code(process, ctypes.byref(code)) and code.value != api.STILL_ACTIVE
        at = ctypes.addressof(times)
        has_times = api.process_times(process, at, at + 8, at + 16, at + 24)
    finally:
        api.close_handle(process)
    is_another = start and has_times and times[0] != start
    return gone if has_ended or is_another else None
