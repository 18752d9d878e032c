"""Tries a property on the same thrown books again and again, once per planted fault."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from random import Random

import duckdb
import pytest

from features.book import Book
from tests.books import make_book
from tests.property.checks import Wanted, agree, day, same, taken, wanted, with_another_future
from tests.property.crowds import crowd
from tests.property.definitions import EXPECTED
from tests.property.definitions_peers import PEERS
from tests.property.mutants import Mutant
from tests.property.strategies import AS_OF_WEEKS, small_book
from tests.property.told import Tables

SMALL, CROWDS = 60, 8
"""Books that a fault has to get through; most fail in the first few."""
TELLING = (0, 50, 27, 26, 23, 20, 19, 16, 14, 13, 10)
"""The numbers of the books that notice what few others do: they come first, to save time."""

AS_OFS = (day(5), day(0))


@dataclass
class Trial:
    """A book, what the reference makes of it, and the same book with another future."""

    tables: Tables
    other: Tables
    as_of: date

    @classmethod
    def thrown(cls, seed: int, *, crowded: bool) -> "Trial":
        """Return the trial of that number."""
        dice = Random(seed)
        made = [crowd(dice) if crowded else small_book(dice) for _ in range(2)]
        return cls(made[0], made[1], day(dice.choice(AS_OF_WEEKS)))

    def __post_init__(self) -> None:
        self._wanted: Wanted | None = None
        self._books: list[Book] = []

    def equality(self, anew: bool = False) -> None:
        """Assert that the engine equals the reference."""
        if self._wanted is None:
            self._wanted = wanted(self.tables, AS_OFS, [*EXPECTED, *PEERS])
        agree(taken(self._both(anew)[0], AS_OFS), self._wanted)

    def blindness(self, anew: bool = False) -> None:
        """Assert that rows that were not yet available change nothing, with a later as-of date or without."""
        book, changed = self._both(anew)
        before = taken(book, [self.as_of])
        same(before, taken(changed, [self.as_of, day(-1)]), self.as_of)

    def _both(self, anew: bool) -> list[Book]:
        if anew or not self._books:
            future = with_another_future(self.tables, self.other, self.as_of)
            made = [make_book(tables, con=_connection()) for tables in (self.tables, future)]
            if anew:
                return made
            self._books = made
        return self._books


def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


@cache
def trials(*, crowded: bool) -> tuple[Trial, ...]:
    """Return the trials that every fault goes through."""
    if crowded:
        return tuple(Trial.thrown(seed, crowded=True) for seed in range(CROWDS))
    order = [*TELLING, *(seed for seed in range(SMALL) if seed not in TELLING)]
    return tuple(Trial.thrown(seed, crowded=False) for seed in order)


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Run with the fault in the engine."""
    with pytest.MonkeyPatch.context() as patch:
        mutant.plant(patch)
        yield


def caught(mutant: Mutant, prove: Callable[[Trial, bool], None]) -> int:
    """Return how many trials the fault took to be caught by a property; 0 where it got through all."""
    with planted(mutant):
        for number, trial in enumerate(trials(crowded=mutant.crowd), 1):
            try:
                prove(trial, mutant.makes_books)
            except AssertionError:
                return number
    return 0
