"""Finds the current state of a snapshot that grows: docs/FORMAT.md, "A snapshot that grows"."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

from ._errors import FormatError

_TAIL = 10  # bytes of the file from the word on: the footer's size and the magic
_MAGIC_END = b"ARROW1"
_GROWTH_MAGIC = b"SHMPUBG\1"


class State(NamedTuple):
    """Where the state that was current lies, of a snapshot that grows. docs/FORMAT.md has it."""

    footer: int  # offset of its footer
    own_size: int  # of the footer, without the older ones behind it
    messages: int  # no batch message begins before it
    body: int  # offset of the body
    message: int  # offset of the batch's message; -1: not known yet


def is_growing(tail: bytes, size: int) -> bool:
    """Whether a file of `size` bytes, of which `tail` are the last, is a snapshot that grows."""
    is_whole = tail[-18:-_TAIL] == _GROWTH_MAGIC and tail[-6:] == _MAGIC_END
    return is_whole and (size - _TAIL) % 64 == 0


def find(read: Callable[[int, int], bytes], size: int, tail: bytes) -> State:
    word_at = size - _TAIL
    about = tail[-_TAIL - 64 : -_TAIL]
    if len(about) != 64 or zlib.crc32(about[:48]) != int.from_bytes(about[48:52], "little"):
        raise FormatError("the checksum of the growing snapshot's tail is wrong")
    if about[:8] != b"\1\0\0\0\0\0\0\0":
        raise FormatError("the growing snapshot is of a version or has a feature that is new")
    numbers = (int.from_bytes(about[at : at + 8], "little") for at in (16, 24, 32))
    messages, body, first = numbers
    length = int.from_bytes(tail[-_TAIL:-6], "little")
    end = word_at - 64
    if length % 8 or not 16 <= first <= end or not 80 <= length <= word_at - first:
        raise FormatError("a footer lies outside the growing snapshot")
    footer = word_at - length
    own_size = int.from_bytes(read(footer + 4, 4), "little")
    if own_size % 8 or not 16 <= own_size <= end - footer:
        raise FormatError("a footer's own size does not fit into the growing snapshot")
    return State(footer, own_size, messages, body, -1)


def own_message(message: bytes, offset: int, state: State) -> tuple[bytes, int, State]:
    """A state's batch message as one that ends with its own bytes, and where its body begins."""
    reach = int.from_bytes(message[4:8], "little") + 8
    if offset < state.messages:
        raise FormatError("a batch message lies before the area of such messages")
    if offset + reach != state.body or len(message) > reach:
        raise FormatError("the batch message does not reach up to the body")
    message = message[:4] + (len(message) - 8).to_bytes(4, "little") + message[8:]
    return message, state.body, state._replace(message=offset)
