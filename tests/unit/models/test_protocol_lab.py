"""Protocol lab: what ways to evaluate claim, and what comes true."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import ContractError, UsageError
from models.folds import BacktestSettings
from models.protocol_lab import PROTOCOLS, History, lab, sentences
from models.settings import TrainSettings
from tests.unit.models.conftest import pretend

QUICK = BacktestSettings(capacity=10, resamples=100)
DEEP = TrainSettings(trees=60, leaves=31, min_data_in_leaf=2, lambda_l2=0.0, learning_rate=0.2)
"""Trees that can learn accounts by heart."""


@pytest.fixture(scope="module")
def long() -> Any:
    """Return a longer book with a feature that tells accounts apart, as seats and prices do."""
    made = pretend(seed=4, weeks=150)
    account = pd.factorize(made.frame.index.get_level_values("account_id"))[0]
    size = np.random.default_rng(4).normal(size=account.max() + 1)
    return replace(made, frame=made.frame.assign(size=size[account]))


@pytest.fixture(scope="module")
def found(long: Any) -> dict[str, Any]:
    return lab(long, long.outcomes, long.contract, DEEP, QUICK, last=long.last)


def test_our_claim_comes_true(found: dict[str, Any]) -> None:
    for risk, over in found["matured"]["overclaimed"].items():
        assert over["low"] < 0 < over["high"], risk
        assert found["matured"]["claimed"][risk]["auc"]["low"] > 0.5


def test_features_of_the_churn_date_claim_more_than_is_true(found: dict[str, Any]) -> None:
    assert found["churn-date-features"]["overclaimed"]["risk_90"]["low"] > 0.05


def test_a_random_split_claims_to_predict_what_nothing_predicts(long: Any) -> None:
    accounts = long.frame.index.get_level_values("account_id").unique().to_numpy()
    drawn = np.random.default_rng(3).permutation(accounts)[: len(long.outcomes)]
    asked = (long, long.outcomes.assign(account_id=drawn), long.contract, DEEP, QUICK)
    found = lab(*asked, last=long.last, protocols=["matured", "random-split"])
    assert found["random-split"]["overclaimed"]["risk_90"]["low"] > 0
    assert found["matured"]["overclaimed"]["risk_90"]["low"] < 0


def test_a_split_leaves_the_truth_as_it_is(found: dict[str, Any]) -> None:
    assert found["random-split"]["true"] == found["naive"]["true"] == found["matured"]["true"]
    assert found["random-split"]["claimed"] != found["matured"]["claimed"]


def test_one_row_per_account_is_judged_where_features_are_of_the_churn_date(found: dict[str, Any], long: Any) -> None:
    facts = found["churn-date-features"]
    accounts = long.frame.index.get_level_values("account_id").nunique()
    assert facts["rows"] == facts["accounts"]
    assert 0.2 * accounts < facts["rows"] < 0.4 * accounts


def test_nothing_after_the_cut_moves_a_claim(long: Any, found: dict[str, Any]) -> None:
    cut = pd.Timestamp(found["matured"]["known_by"])
    other = replace(long, outcomes=long.outcomes[long.outcomes["known_at"] < cut])
    again = lab(
        other, other.outcomes, other.contract, DEEP, QUICK, last=other.last, protocols=["naive", "random-split"]
    )
    for name, facts in again.items():
        assert facts["claimed"] == found[name]["claimed"]
        assert facts["true"]["risk_90"]["churned"]["value"] < found[name]["true"]["risk_90"]["churned"]["value"]


def test_the_words_say_by_how_much(found: dict[str, Any]) -> None:
    said = sentences(found)
    assert len(said) == 2 * len(PROTOCOLS)
    assert said[0].startswith("matured: risk_90 would have claimed an AUC of 0.")
    assert said[0].endswith("claim and truth agree within their intervals.")
    assert any("too much" in words for words in said if words.startswith("churn-date-features"))
    json.dumps(found, allow_nan=False)


def test_an_unknown_protocol_is_refused_with_the_known_ones(book: Any) -> None:
    with pytest.raises(UsageError, match=r"protocol kfold is not known: use matured, random-split, naive, churn-date"):
        lab(book, book.outcomes, book.contract, DEEP, QUICK, last=book.last, protocols=["kfold"])


def test_short_history_is_refused_with_the_weeks_that_are_missing(book: Any) -> None:
    with pytest.raises(ContractError, match=r"history is 26 weeks too short"):
        lab(book, book.outcomes, book.contract, DEEP, QUICK, last=book.last)
    enough = pretend(weeks=88 + 26)
    for weeks, refused in ((0, False), (2, True)):
        last = enough.last - timedelta(weeks=weeks)
        asked = (enough, enough.outcomes, enough.contract, DEEP, QUICK)
        if refused:
            with pytest.raises(ContractError, match=r"history is 2 weeks too short"):
                lab(*asked, last=last, protocols=["random-split"])
        else:
            assert lab(*asked, last=last, protocols=["random-split"])


def test_the_truth_is_of_the_half_year_after_the_cut(long: Any) -> None:
    at = long.last - timedelta(weeks=60)
    history = History(long, long.outcomes, long.contract, DEEP, QUICK, at, long.last)
    tested = pd.to_datetime(history.truth(history.final)["risk_90"].as_of)
    assert (tested.min() - pd.Timestamp(at)).days in range(14)
    assert tested.max() <= pd.Timestamp(at + timedelta(weeks=26))
    assert history.past.index.get_level_values("as_of").max() < pd.Timestamp(at)
