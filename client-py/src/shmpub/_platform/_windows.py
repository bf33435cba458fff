"""The contract of __init__.py on Windows: named sections, events, owners by security descriptor.

docs/FORMAT.md describes this under "On Windows". An instance is a set of objects whose names have
the same beginning. Its root page gives the number of the catalog's section. The catalog's
descriptors give the numbers and sizes of the snapshots' sections. A number is never used twice. So
when there is no section of that number, the descriptor gives a newer one by now, or the publisher's
process has ended, and with it all its names.

A section's handle is closed as soon as its view is mapped. The view keeps the memory, but leaves
the name free for the next publisher.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from .._errors import AccessDenied, Error, FormatError, InstanceNotFound, UntrustedOwner
from .._mapped import Mapped
from . import _windows_accounts as accounts
from . import _windows_api as api

if TYPE_CHECKING:
    from .._place import Place

DIRECTORY = "auto"
Owner = str  # the text of a SID

_SPACES = ("Global", "Local")
_LONGEST_NAME = 250  # of an object, in UTF-16 units
_LONGEST_LEAF = 20  # the last part of a name is a number of 64 bits

_ROOT_SIZE = 4096
_ROOT_MAGIC = b"SHMPUBR\x01"
_ROOT_VERSION = 1
_NUMBER_AT = 2  # index of the catalog's number in the root page's 64-bit words
_BELL_TURN_AT = 64  # index of the number of rings in the catalog's 32-bit words
_N_BELLS = 4
_TRIES = 100

_READABLE = 0x02 | 0x04 | 0x08 | 0x20 | 0x40 | 0x80  # page protections; a guard page has a bit more
_LARGEST_PID = 2**32 - 1

# All times are seconds.
_SLICE = 0.1  # the main thread waits no longer at once: Ctrl-C works between two waits
_FIRST_SLICE = 0.02  # the first wait: four rings may have been missed since the turn was read
_LOOK_EVERY = 1.0  # the longest wait of other threads
_SHORTEST_NAP, _LONGEST_NAP = 0.001, 0.05  # between two looks where the bells can't be used

_known: set[tuple[str, str]] = set()  # (directory, instance) of all that this process has found


# --- owners ---------------------------------------------------------------------------------------


def owner_of(value: int | str | None) -> Owner | None:
    """The SID of the account that the argument `owner` names."""
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
    """Raises UntrustedOwner unless `sid` is trusted.

    Trusted are the system, its administrators, this process's user, services, and place.owner.
    """
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
    """The beginnings of objects' names for that directory, in the order in which they are tried."""
    if directory == DIRECTORY:
        return "Global\\", "Local\\"
    space, backslash, rest = directory.partition("\\")
    if space in _SPACES and not rest:
        return (space + "\\",)
    if space not in _SPACES or not backslash:
        space, rest = "Local", directory
    return (space + "\\" + rest.replace("\\", "/") + "/",)


def _stems(directory: str, instance: str) -> list[str]:
    """The names of an instance's objects without their last part, for each prefix."""
    return [f"{prefix}shmpub.{instance}/" for prefix in _prefixes(directory)]


def check_names(directory: str, instance: str) -> None:
    """See the contract. An object's name may not have a NUL, nor be too long."""
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
    """See the contract: the beginnings of its objects' names."""
    return " or ".join(stem[:-1] for stem in _stems(directory, instance))


def find_instances(directory: str, is_instance: Callable[[str], bool]) -> tuple[list[str], str]:
    """Those that this process has found, and "shmpub": Windows has no list of instances."""
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
    """A mapped view. __del__ uses a default argument, because globals may be gone by then."""

    __slots__ = ()

    def __del__(self, unmap: Any = api.unmap_view) -> None:
        unmap(self._address)


Check = Callable[[str, bytes | None], None]


def _map(name: str, size: int, check_owner: Check) -> tuple[npt.NDArray[np.uint8], bytes]:
    """The section's first `size` bytes as a read-only array (0: all of it), and its owner's SID.

    Raises FileNotFoundError when no object has that name, AccessDenied, and FormatError when the
    object is no section or a smaller one.
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
    """How many bytes of a view can be read. Reading others would end the process."""
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
    number: int = page.data.cast("Q")[_NUMBER_AT]  # one read, because the publisher may change it
    head = page[:12].tobytes()
    if not number and head[:8] == bytes(8):
        return 0  # the publisher is just starting
    if head[:8] != _ROOT_MAGIC:
        raise FormatError(f"{name}: no root page's magic")
    version = int.from_bytes(head[8:], "little")
    if version != _ROOT_VERSION:
        raise FormatError(f"{name}: format version {version}, not {_ROOT_VERSION}")
    return number


def _leads_somewhere(stem: str, number: int) -> bool:
    """Whether the catalog of that number exists.

    A root page may outlive its publisher, as long as somebody has a handle of it.
    """
    handle = api.open_file_mapping(api.READ_CONTROL, False, f"{stem}{number}")
    if not handle:  # an object that we may not open exists nevertheless
        return api.last_error() != api.ERROR_FILE_NOT_FOUND
    api.close_handle(handle)
    return True


# --- an instance ----------------------------------------------------------------------------------


class _Descriptor(Protocol):
    @property
    def segment(self) -> int: ...
    @property
    def size(self) -> int: ...


class _Errors(NamedTuple):
    segment: int
    size: int


class Instance:
    """See the contract. It keeps the catalog whose number the root page gave at the beginning."""

    __slots__ = ("_bells", "_found", "_place", "_words", "content", "path")

    def __init__(self, place: Place) -> None:
        self._place = place
        for _ in range(_TRIES):
            self._found = self._find()
            self.path = "".join(map(str, self._found))
            try:
                self.content, _ = _map(self.path, 0, self._check_owner)
                break
            except FileNotFoundError:  # there is a newer number by now, or the publisher has ended
                if self._find() == self._found:
                    raise self._nothing() from None
        else:
            raise self._nothing()
        self._words = self.content[: len(self.content) // 4 * 4].data.cast("I")
        self._bells = _Bells(self._found[0])
        _known.add((place.directory, place.instance))

    def _find(self) -> tuple[str, int]:
        """The beginning of its objects' names, and its catalog's number; or InstanceNotFound."""
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
        """See the contract. A killed publisher's catalog counts until there is another one."""
        try:
            return self._find() == self._found
        except InstanceNotFound:
            return not is_stopped
        except (Error, OSError):
            return False

    def sleep(self, index: int, seen: int, seconds: float) -> None:
        """See the contract. It waits for the instance's bell, which rings for all its feeds."""
        words, end = self._words, time.monotonic() + seconds
        is_main = threading.current_thread() is threading.main_thread()
        longest, nap = _FIRST_SLICE, _SHORTEST_NAP
        while True:
            # Read the turn before the word: then a later change rings the bell of this turn.
            turn = words[_BELL_TURN_AT]
            left = end - time.monotonic()
            if words[index] != seen or left <= 0:
                return
            has_rung = self._bells.wait(turn % _N_BELLS, min(left, longest))
            longest = _SLICE if is_main else _LOOK_EVERY
            if has_rung is None or (has_rung and words[_BELL_TURN_AT] == turn):
                # The bell can't be used, or an earlier publisher rang it and nobody has reset it.
                time.sleep(min(left, nap))
                nap = min(2 * nap, _LONGEST_NAP)

    def word(self, index: int) -> int:
        return self._words[index]

    def turn(self) -> int:
        """How often the instance's bells have been rung."""
        return self._words[_BELL_TURN_AT]

    def bell(self, turn: int) -> int:
        """The handle of the event that the next ring after this turn sets; 0: it can't be had."""
        return self._bells.handle(turn % _N_BELLS)

    def open_segment(self, feed: str, descriptor: Callable[[], _Descriptor | None]) -> Segment:
        """The section whose number the descriptor gives; tried again when it gives a newer one."""
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

    def open_errors(self, number: int, size: int) -> Segment:
        return Segment(self._found[0], "errors", _Errors(number, size), self._check_owner)


class Bell:
    """See the contract: an event that resets itself when a wait has seen it."""

    __slots__ = ("handle", "turn")

    def __init__(self) -> None:
        self.turn = 0
        self.handle: int = api.make_event(None, False, False, None) or 0

    def ring(self) -> None:
        self.turn += 1
        if self.handle:
            api.set_event(self.handle)

    def __del__(self, close: Any = api.close_handle) -> None:
        if self.handle:
            close(self.handle)


MOST_POINTS = 63  # Windows waits for 64 objects at once, and one is for a Bell


def sleep_any(
    points: list[tuple[Instance, int, int]], seconds: float, bell: Bell | None = None, turn: int = 0
) -> None:
    """See the contract. It waits for the bells of all instances at once."""
    end, nap, longest = time.monotonic() + seconds, _SHORTEST_NAP, _FIRST_SLICE
    is_main = threading.current_thread() is threading.main_thread()
    instances = [*{instance.path: instance for instance, _, _ in points}.values()]
    while True:
        # Read the turns before the words: then a later change rings the bells of these turns.
        turns = [instance.turn() for instance in instances]
        left = end - time.monotonic()
        if left <= 0 or any(instance.word(index) != seen for instance, index, seen in points):
            return
        if bell is not None and bell.turn != turn:
            return
        bells = [of.bell(its) for of, its in zip(instances, turns, strict=True)]
        handles = [handle for handle in [*bells, bell.handle if bell else 0] if handle]
        rung = _wait_for_one(handles, min(left, longest))
        longest = _SLICE if is_main else _LOOK_EVERY
        is_stuck = rung in bells and instances[at := bells.index(rung)].turn() == turns[at]
        if is_stuck or 0 in bells or not handles:
            # A bell can't be used, or an earlier publisher rang it and nobody has reset it.
            time.sleep(min(left, nap))
            nap = min(2 * nap, _LONGEST_NAP)


def _wait_for_one(handles: list[int], seconds: float) -> int:
    """The first of the handles that is signalled; 0 when the time has passed first."""
    if not handles:
        return 0
    array = (ctypes.c_void_p * len(handles))(*handles)
    limit = max(1, int(seconds * 1000))
    answer: int = api.wait_for_objects(len(handles), array, False, limit) - api.WAIT_OBJECT_0
    return handles[answer] if 0 <= answer < len(handles) else 0


class _Bells:
    """The events that tell of news, each opened for its first wait, and closed at the end."""

    __slots__ = ("_handles", "_stem")

    def __init__(self, stem: str) -> None:
        self._stem = stem
        self._handles: dict[int, int] = {}  # by number; 0: the event can't be opened

    def handle(self, number: int) -> int:
        """The event's handle; 0 when it can't be opened."""
        handle = self._handles.get(number)
        if handle is None:
            name = f"{self._stem}bell.{number}"
            made = api.open_event(api.SYNCHRONIZE, False, name) or 0
            handle = self._handles.setdefault(number, made)
            if handle != made and made:  # another thread has opened it meanwhile
                api.close_handle(made)
        return handle

    def wait(self, number: int, seconds: float) -> bool | None:
        """Whether it rang before the time had passed; None, at once, when it can't be opened."""
        handle = self.handle(number)
        if not handle:
            return None
        answer: int = api.wait_for_object(handle, max(1, int(seconds * 1000)))
        return answer == api.WAIT_OBJECT_0

    def __del__(self, close: Any = api.close_handle) -> None:
        for handle in self._handles.values():
            if handle:
                close(handle)


class Segment:
    """See the contract. It is mapped from the beginning, and has no handle."""

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
        """Does nothing: there is no handle to close."""


# --- processes ------------------------------------------------------------------------------------


def own_namespace() -> int:
    """1: pids mean the same in all processes of a machine."""
    return 1


def why_no_process(pid: int, start: int) -> str | None:
    """See the contract. `start` is the time of the process's creation (FILETIME); 0: unknown."""
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
