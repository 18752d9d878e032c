"""What was once computed from a database and cannot change, kept for the next time it is asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

T = TypeVar("T")


class Kept(Generic[T]):
    """Values per database and key: whatever a value depends on must be part of its key. The newest `most` are kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: WeakKeyDictionary[Engine, OrderedDict[Hashable, T]] = WeakKeyDictionary()
        self._lock = RLock()

    def get(self, engine: Engine, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value for a key, made when it is not there; one at a time, so that nothing is made twice."""
        with self._lock:
            values = self._values.setdefault(engine, OrderedDict())
            if key not in values:
                values[key] = make()
            values.move_to_end(key)
            if len(values) > self._most:
                values.popitem(last=False)
            return values[key]
