"""The properties notice every planted fault; `python -m tests.property.mutants_report` prints the list."""

import pytest

from tests.property.faults import FAULTS
from tests.property.mutants import Mutant
from tests.property.trials import Trial, caught, trials

LEAKS = [each for each in FAULTS if each.leaks]


@pytest.mark.parametrize("mutant", FAULTS, ids=lambda mutant: mutant.name)
def test_mutant_differs_from_the_reference(mutant: Mutant) -> None:
    assert caught(mutant, Trial.equality)


@pytest.mark.parametrize("mutant", LEAKS, ids=lambda mutant: mutant.name)
def test_mutant_that_leaks_is_moved_by_the_future(mutant: Mutant) -> None:
    assert caught(mutant, Trial.blindness)


@pytest.mark.parametrize("crowded", [False, True])
def test_without_a_mutant_nothing_fails(crowded: bool) -> None:
    for trial in trials(crowded=crowded)[:10]:
        trial.equality()
        trial.blindness()


def test_faults_have_names_of_their_own() -> None:
    assert len({each.name for each in FAULTS}) == len(FAULTS) >= 44


def test_a_mutant_whose_line_is_gone_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupError, match="0 times"):
        Mutant("gone", "features.grid:AsOfs.edges", "no such line", "pass").plant(monkeypatch)
