"""The properties notice every planted fault: `pytest tests/property -k mutant -v` prints the list."""

from collections.abc import Callable, Sequence
from datetime import date
from random import Random

import pytest

from tests.property.checks import day, equals_the_reference, ignores_the_future
from tests.property.mutants import MUTANTS, Mutant
from tests.property.reference import Tables
from tests.property.strategies import AS_OF_WEEKS, small_book

Trial = tuple[Tables, Tables, date]
Property = Callable[[Trial], None]


@pytest.fixture(scope="module")
def trials() -> Sequence[Trial]:
    """Return the same small books for every mutant."""
    dice = Random(2)
    return [(small_book(dice), small_book(dice), day(dice.choice(AS_OF_WEEKS))) for _ in range(150)]


def _equality(trial: Trial) -> None:
    equals_the_reference(trial[0], [day(5), day(0)])


def _blindness(trial: Trial) -> None:
    tables, other, as_of = trial
    ignores_the_future(tables, other, as_of, day(-1))


def _fails(prove: Property, trials: Sequence[Trial]) -> bool:
    for trial in trials:
        try:
            prove(trial)
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_differs_from_the_reference(
    mutant: Mutant, trials: Sequence[Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant.plant(monkeypatch)
    assert _fails(_equality, trials)


@pytest.mark.parametrize("mutant", [each for each in MUTANTS if each.leaks], ids=lambda mutant: mutant.name)
def test_mutant_that_leaks_is_moved_by_the_future(
    mutant: Mutant, trials: Sequence[Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant.plant(monkeypatch)
    assert _fails(_blindness, trials)


def test_without_a_mutant_nothing_fails(trials: Sequence[Trial]) -> None:
    assert not _fails(_equality, trials[:10])
    assert not _fails(_blindness, trials[:10])


def test_a_mutant_whose_line_is_gone_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupError, match="0 times"):
        Mutant("gone", "features.grid:AsOfs.edges", "no such line", "pass").plant(monkeypatch)
