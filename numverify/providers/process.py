"""What belongs to one process: pools, breakers and keys must not cross a fork."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class PerProcess(Generic[Key, Value]):
    """A registry that makes each value once per process, and shares it between threads.

    It has no lock: one that another thread holds while the process forks would stay
    locked in the child for ever. Two threads may both make a value at first, and both
    then use the same one. A child leaves its parent's values alone: two processes that
    share a connection would read each other's answers.

    Beyond ``limit`` the oldest value goes: a key that is new each time (a resolver that
    returns a fresh function) must not fill the memory.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._values: dict[tuple[int, Key], Value] = {}
        self._limit = limit

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        mine = (os.getpid(), key)
        try:
            return self._values[mine]
        except KeyError:
            value = self._values.setdefault(mine, make())
        if len(self._values) > self._limit:
            with suppress(KeyError, RuntimeError):  # another thread was faster
                del self._values[next(iter(self._values))]
        return value

    def clear(self) -> None:
        """Forget everything, for tests that change what a value was made from."""
        self._values.clear()

    def values(self) -> list[Value]:
        """The values that are there now, of this process and its parents."""
        return list(self._values.values())
