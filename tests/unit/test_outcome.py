"""The outcome contract refuses what cannot be predicted, and its digest is its identity."""

from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from features.outcome import INTERVALS, OutcomeContract

OTHERS: dict[str, Any] = {
    "kinds": ("churn", "contraction"),
    "clock": "decision",
    "lead_days": 30,
    "horizon_days": 60,
    "recording_lag_days": 8,
    "renewal_gap_days": 31,
    "minimum_tenure_days": 57,
    "exclude_noticed": False,
    "separate": ("contraction",),
}


def test_the_digest_never_changes_by_itself() -> None:
    assert OutcomeContract().digest == "920ac22ac161"
    assert OutcomeContract.model_validate({"lead_days": 60}).digest == OutcomeContract().digest
    assert OutcomeContract(separate=()).digest == OutcomeContract().digest


def test_every_key_is_part_of_the_digest() -> None:
    assert set(OTHERS) == set(OutcomeContract.model_fields)
    lead = {"horizon_days": {"lead_days": 0}}
    found = {OutcomeContract(**{key: value} | lead.get(key, {})).digest for key, value in OTHERS.items()}
    assert len(found | {OutcomeContract().digest}) == len(OTHERS) + 1


@pytest.mark.parametrize("window", [(60, 60), (90, 60), (45, 90), (60, 120), (0, 0), (-30, 90), (90, 90)])
def test_windows_are_made_of_whole_intervals(window: tuple[int, int]) -> None:
    with pytest.raises(ValidationError):
        OutcomeContract(lead_days=window[0], horizon_days=window[1])


@pytest.mark.parametrize("window", [(0, 30), (0, 60), (0, 90), (30, 60), (30, 90), (60, 90)])
def test_every_run_of_intervals_is_a_window(window: tuple[int, int]) -> None:
    contract = OutcomeContract(lead_days=window[0], horizon_days=window[1])
    assert (contract.lead_days, contract.horizon_days) == window


def test_intervals_follow_each_other_without_a_gap() -> None:
    assert INTERVALS[0][0] == 0
    assert all(left[1] == right[0] for left, right in pairwise(INTERVALS))


@pytest.mark.parametrize(
    "key", [{"leed_days": 60}, {"clock": "wall"}, {"recording_lag_days": -1}, {"minimum_tenure_days": -1}]
)
def test_unknown_keys_and_impossible_values_are_refused(key: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OutcomeContract(**key)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"separate": ("churn",)}, "stands in kinds too"),
        ({"kinds": ("contraction",), "separate": ("churn", "contraction")}, "stands in kinds too"),
        ({"separate": ("contraction", "contraction")}, "names an outcome twice"),
        ({"separate": ("",)}, "must be 1 to 16 of the letters"),
        ({"separate": ("Contraction",)}, "must be 1 to 16 of the letters"),
        ({"separate": ("a" * 17,)}, "must be 1 to 16 of the letters"),
        ({"separate": ("risk-90",)}, "must be 1 to 16 of the letters"),
        ({"separate": ("notice",), "clock": "decision"}, "already makes the main outcome"),
    ],
)
def test_separate_outcomes_are_other_ones_with_plain_names(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        OutcomeContract(**given)


def test_another_outcome_may_be_the_main_one() -> None:
    contract = OutcomeContract(kinds=("contraction",), separate=("churn", "notice"))
    assert contract.separate == ("churn", "notice")
    assert contract.digest != OutcomeContract(kinds=("contraction",)).digest


def test_a_contract_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        OutcomeContract().lead_days = 30  # type: ignore[misc]
