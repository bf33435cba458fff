"""A property that is computed once and kept.

functools.cached_property holds a lock of its class until Python 3.12: a child forked while another
thread was inside would wait for that lock for ever. Here two threads may both compute the value;
either is right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class once(Generic[T]):
    """Kept in the object's own dict, where it is found before this is asked again."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        value: T = self._compute(instance)
        instance.__dict__[self._name] = value
        return value
