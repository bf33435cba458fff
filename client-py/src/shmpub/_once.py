"""A property that is computed once and kept.

functools.cached_property has a lock for each class until Python 3.12. A child that is forked while
another thread holds that lock would wait for it for ever. `once` has no lock: two threads may both
compute the value, and either value is right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class once(Generic[T]):
    """A decorator of a method. The value is kept in the object's dict, where Python looks first."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        value: T = self._compute(instance)
        instance.__dict__[self._name] = value
        return value
