"""The gate at its edges: nothing to judge by, claims without a rival, features that changed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from models.case import Case, Rival
from models.evidence import EVIDENCE, greatest_gain
from models.promotion import Check

from .test_gate import Made, build, pretend


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return build(pretend(seed=2, accounts=300), tmp_path_factory.mktemp("edges"))


def found(case: Case, name: str) -> list[Check]:
    return [check for each in EVIDENCE for check in each(case) if check.name == name]


def beside(case: Case, **about: Any) -> Case:
    return replace(case, champion=Rival("other", case.as_of - timedelta(weeks=4), **about))


def without_churn(case: Case) -> Case:
    tested = case.backtest.predictions.assign(churned_90=0.0, churned_60_90=0.0)
    return replace(case, backtest=replace(case.backtest, predictions=tested))


def test_without_a_churn_in_the_newest_folds_the_champion_is_kept_and_no_first_model_serves(made: Made) -> None:
    quiet = without_churn(made.case)
    kept = beside(quiet, note="cannot be compared")
    assert [found(each, "chance")[0].outcome for each in (quiet, kept)] == ["failed", "unsure"]
    assert [found(each, "calibrated")[0].outcome for each in (quiet, kept)] == ["failed", "unsure"]


def test_a_claim_that_cannot_be_shown_is_not_dropped(made: Made) -> None:
    claims = replace(made.case, settings=made.case.settings.model_copy(update={"claims": ("risk_90.auc",)}))
    (alone,) = found(claims, "claim")
    (noted,) = found(beside(claims, note="its files are gone"), "claim")
    assert (alone.outcome, noted.outcome) == ("unsure", "passed")
    assert "cannot be shown" in alone.text
    assert "cannot be shown" in noted.text


@pytest.mark.parametrize(("auc", "outcome"), [(None, "passed"), (0.5, "passed"), (0.99, "failed")])
def test_where_the_recipe_cannot_be_replayed_the_champions_own_figure_counts(
    made: Made, auc: float | None, outcome: str
) -> None:
    (check,) = found(beside(made.case, note="its features are not what they were", auc=auc), "champion")
    assert check.outcome == outcome
    assert "its features are not what they were" in check.text


def test_the_contracts_own_dates_may_have_nearly_all_gain(made: Made) -> None:
    name, share = greatest_gain(made.fitted)
    assert name != "days_to_renewal"
    whole = made.fitted.boosters[0].feature_importance("gain")
    dates = made.fitted.columns.index("days_to_renewal")
    assert float(whole[dates] / whole.sum()) > share > 0
