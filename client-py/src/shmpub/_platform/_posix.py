"""The contract of __init__.py on POSIX systems: directories, files, futexes.

An instance is a directory of files. Whether a file is trusted depends on its owner, and its inode
tells whether a name still leads to the same file.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import stat
from collections.abc import Callable
from itertools import islice
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._errors import AccessDenied, FormatError, InstanceNotFound, UntrustedOwner
from .._mapped import Mapped
from . import _posix_futex
from ._posix_unmap import LARGE, faults_before, give_back, libc, munmap

if TYPE_CHECKING:
    from .._place import Place

DIRECTORY = "/dev/shm"
Owner = int  # a uid

_LARGEST_UID = 2**32 - 2  # to the kernel, the next number means "no user"
_LARGEST_PID = 2**31 - 1
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_HEAD = 4096  # bytes; where columns are few, all messages but the dictionaries' lie in them
_MOST_LOOKED_AT = 1000  # names in a directory, because anybody may write into /dev/shm

_uids: dict[str, int] = {}  # kept, because the user database is slower than opening a snapshot


# --- owners ---------------------------------------------------------------------------------------


def owner_of(value: int | str | None) -> Owner | None:
    """The uid of the user whom the argument `owner` names."""
    if value is None:
        return None
    if isinstance(value, bool) or not (hasattr(value, "__index__") or isinstance(value, str)):
        raise TypeError(f"owner is a uid, a user's name or None, not {type(value).__name__}")
    if not isinstance(value, str):
        uid = index(value)
    else:
        found = _uid_of(value)
        if found is None and not (value.isascii() and value.isdecimal()):
            raise ValueError(f"owner={value!r}: this machine has no user of that name")
        uid = int(value) if found is None else found
    if not 0 <= uid <= _LARGEST_UID:
        raise ValueError(f"owner={value!r} is no uid")
    return uid


def _uid_of(user: str) -> int | None:
    """The user's uid in this machine's user database; None when it has no such user."""
    found = _uids.get(user)
    if found is None:
        try:
            import pwd

            found = _uids[user] = pwd.getpwnam(user).pw_uid
        except (ImportError, KeyError, ValueError):  # no database; no such user; a NUL in the name
            return None
    return found


def _check_owner(place: Place, path: str, uid: int) -> None:
    """Raises UntrustedOwner for any user but root, this process's own, `shmpub`, place.owner."""
    if uid in (0, os.geteuid(), place.owner) or uid == _uid_of("shmpub"):
        return
    raise UntrustedOwner(f"{path} belongs to uid {uid}; owner={uid} would accept it", uid)


def _denied(path: str) -> AccessDenied:
    """The exception for a `path` that this process may not open."""
    message = f"{path}: this process (uid {os.geteuid()}) may not read it"
    try:
        status = os.stat(path, follow_symlinks=False)
    except OSError:  # it may not even look into the directory
        return AccessDenied(message, path)
    mode = stat.S_IMODE(status.st_mode)
    return AccessDenied(f"{message}; it belongs to uid {status.st_uid}, mode {mode:04o}", path)


# --- names ----------------------------------------------------------------------------------------


def check_names(directory: str, instance: str) -> None:
    """Does nothing: for names that can't be, the system raises when they are opened."""


def path_of(directory: str, instance: str) -> str:
    """The instance's own directory."""
    return os.path.join(directory, instance)


def find_instances(directory: str, is_instance: Callable[[str], bool]) -> tuple[list[str], str]:
    """The directories that have a catalog and a name that an instance can have."""

    def has_catalog(entry: os.DirEntry[str]) -> bool:
        try:
            return (
                is_instance(entry.name)
                and entry.is_dir(follow_symlinks=False)
                and os.path.exists(os.path.join(entry.path, "catalog"))
            )
        except OSError:
            return False

    try:
        with os.scandir(directory) as entries:
            names = sorted(e.name for e in islice(entries, _MOST_LOOKED_AT) if has_catalog(e))
    except OSError as error:
        return [], f"{directory}: {error.strerror}"
    return names, f"instances in {directory}: {'' if names else 'none'}"


# --- an instance ----------------------------------------------------------------------------------


class Instance:
    """See the contract. The catalog is opened in the very directory whose owner was checked."""

    __slots__ = ("_address", "_identity", "_place", "content", "path")

    def __init__(self, place: Place) -> None:
        self._place = place
        self.path = os.path.join(place.path, "catalog")
        fd = _open_catalog(place)
        try:
            status = os.fstat(fd)
            _check_owner(place, self.path, status.st_uid)
            if not stat.S_ISREG(status.st_mode) or not status.st_size:
                raise FormatError(f"{self.path}: shorter than a header")
            self._identity = status.st_dev, status.st_ino
            self.content = map_shared(fd, status.st_size)
        finally:
            os.close(fd)
        self._address: int = self.content.__array_interface__["data"][0]

    def stands(self, is_stopped: bool) -> bool:
        try:
            status = os.stat(self.path, follow_symlinks=False)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def sleep(self, index: int, seen: int, seconds: float) -> None:
        _posix_futex.sleep(self._address + 4 * index, seen, seconds)

    def address_of(self, index: int) -> int:
        return self._address + 4 * index

    def open_segment(self, feed: str, descriptor: Callable[[], Any]) -> Segment:
        """The file with the feed's name. `descriptor` is not needed: the file tells all itself."""
        return Segment(self._place, f"{feed}.arrow")

    def open_errors(self, number: int, size: int) -> Segment:
        """The file `errors`. Its number and size are not needed."""
        return Segment(self._place, "errors")


Bell = _posix_futex.Bell
MOST_POINTS = _posix_futex.MOST


def sleep_any(
    points: list[tuple[Instance, int, int]], seconds: float, bell: Bell | None = None, turn: int = 0
) -> None:
    """See the contract."""
    words = [(instance.address_of(index), seen) for instance, index, seen in points]
    _posix_futex.sleep_any(words, seconds, bell, turn)


def _open_catalog(place: Place) -> int:
    """A descriptor of the catalog.

    The directory is opened once and its owner checked. Then the catalog is opened in it, so it does
    not matter if the directory's name leads elsewhere by then.
    """
    path = place.path
    try:
        folder = os.open(path, _OPEN | os.O_DIRECTORY)
        try:
            _check_owner(place, path, os.fstat(folder).st_uid)
            path = os.path.join(path, "catalog")
            return os.open("catalog", _OPEN | os.O_NONBLOCK, dir_fd=folder)
        finally:
            os.close(folder)
    except (FileNotFoundError, NotADirectoryError):
        raise InstanceNotFound(f"nothing is published at {place.path}") from None
    except PermissionError:
        raise _denied(path) from None


class Segment:
    """See the contract: an open file."""

    __slots__ = ("_fd", "_head", "is_own", "path", "size")

    def __init__(self, place: Place, file: str) -> None:
        self.path = path = f"{place.directory}/{place.instance}/{file}"
        try:
            self._fd = os.open(path, _OPEN | os.O_NONBLOCK)
        except PermissionError:
            raise _denied(path) from None
        except BlockingIOError:  # the publisher fills it again: its name has another file by now
            raise FileNotFoundError(path) from None
        try:
            status = os.fstat(self._fd)
            uid = status.st_uid
            self.is_own = not uid or uid == os.geteuid()
            if not self.is_own:
                _check_owner(place, path, uid)
            self.size = status.st_size
            if not stat.S_ISREG(status.st_mode) or not self.size:
                raise FormatError(f"{path}: no file with anything in it")
            self._head = b""
        except BaseException:
            os.close(self._fd)
            raise

    def read(self, at: int, n: int) -> bytes:
        if at + n > _HEAD:
            return os.pread(self._fd, n, at)
        if not self._head:
            self._head = os.pread(self._fd, _HEAD, 0)
        return self._head[at : at + n]

    def map(self) -> npt.NDArray[np.uint8]:
        return map_shared(self._fd, self.size)

    def close(self) -> None:
        os.close(self._fd)


# --- memory ---------------------------------------------------------------------------------------

_mmap = libc.mmap
_mmap.restype = ctypes.c_void_p
_size_t, _NO_OFFSET = ctypes.c_size_t, ctypes.c_long(0)
_MAP_FAILED = ctypes.c_void_p(-1).value


class _Mapping(Mapped):
    """A mapping made by mmap(2). Python's own mmap keeps a descriptor (before 3.13 always)."""

    __slots__ = ("_faults",)

    def __init__(self, address: int, size: int) -> None:
        self._faults = -1 if size < LARGE else faults_before()
        super().__init__(address, size)

    # A default argument, because at the interpreter's end the module's globals may be gone.
    def __del__(self, unmap: Any = munmap, give: Any = give_back) -> None:
        if self._faults < 0:
            unmap(self._address, self._size)
        else:
            give(self._address, self._size, self._faults)


def map_shared(fd: int, size: int) -> npt.NDArray[np.uint8]:
    """The file as a read-only array. It stays good when `fd` is closed and the file's name gone."""
    return np.asarray(_Mapping(map_at(fd, size, mmap.PROT_READ, mmap.MAP_SHARED), size))


def map_at(fd: int, size: int, protection: int, flags: int) -> int:
    """The address of a new mapping, which the caller must unmap."""
    # ctypes takes longer where it converts arguments to declared types. An int goes as a C int, so
    # what is no int in C is given with its type.
    address: int = _mmap(None, _size_t(size), protection, flags, fd, _NO_OFFSET)
    if address == _MAP_FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return address


# --- processes ------------------------------------------------------------------------------------


def own_namespace() -> int:
    """The inode of this process's pid namespace; 0 on a system without such namespaces."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def why_no_process(pid: int, start: int) -> str | None:
    """See the contract. `start` counts the kernel's clock ticks since it started; 0: unknown."""
    try:
        if not 0 < pid <= _LARGEST_PID:
            raise ProcessLookupError
        os.kill(pid, 0)
    except PermissionError:
        pass  # another user's process: it exists
    except ProcessLookupError:
        return f"no process {pid}"
    state, started = _look_at(pid)
    is_another = start and started and start != started
    return f"no process {pid}" if is_another or state in ("Z", "X", "x") else None


def _look_at(pid: int) -> tuple[str, int]:
    """The process's state (a letter) and its start in clock ticks; ("", 0): unknown.

    They can't be known when /proc belongs to another pid namespace: there the number may be another
    process's.
    """
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            return "", 0
        with open(f"/proc/{pid}/stat", "rb") as file:
            line = file.read()
    except OSError:
        return "", 0
    fields = line[line.rfind(b")") + 1 :].split()  # before it stands a name, which may be anything
    if len(fields) < 20:
        return "", 0
    return fields[0].decode("ascii", "replace"), int(fields[19])
