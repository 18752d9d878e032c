"""Every planted fault stops the run or is quarantined as listed; a clean book and wide limits are the controls."""

from pathlib import Path

import pytest

from features.trust.limits import TrustLimits
from tests.contract.faults import FAULTS
from tests.contract.planting import TRUST, Clean, Fault, clean_book, judged, run

pytestmark = pytest.mark.slow
WIDE = TrustLimits(deviations=1e4, change=1e6, shrink_share=1, warn=())


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    return clean_book(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_fault_is_stopped_or_quarantined_as_listed(fault: Fault, clean: Clean, tmp_path: Path) -> None:
    result = run(fault, clean, tmp_path / "book")
    assert result.as_it_must, (result.stopped, result.quarantined)
    assert fault.table in result.sentence or ":" in fault.rule
    if fault.by_history:
        assert f'[trust] accept in the settings: {{ table = "{fault.table}"' in result.sentence


def test_the_clean_book_passes(clean: Clean) -> None:
    result = judged(FAULTS[0], clean.mapping, clean.folder, clean.stored, TRUST)
    assert result.stopped == ()


@pytest.mark.parametrize("name", ["usage halved", "touchpoints doubled", "half of outcomes lost", "the login lost"])
def test_a_judge_with_wide_limits_misses_it(name: str, clean: Clean, tmp_path: Path) -> None:
    fault = next(fault for fault in FAULTS if fault.name == name)
    assert run(fault, clean, tmp_path / "book", WIDE).stopped == ()


def test_the_list_is_long_enough_and_its_names_are_different() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 40
