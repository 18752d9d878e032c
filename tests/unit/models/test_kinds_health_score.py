"""The rule-based health score: its table, what it does where signs are missing, and that it is no calendar."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.catalogue import catalogue
from features.labels import label
from models.kinds import make
from models.kinds.health_score import SIGNS, Sign, health_score
from models.protocol import Rows
from models.settings import TrainSettings


def one(**values: float) -> float:
    """Return the score of one account."""
    return float(health_score(pd.DataFrame([values])).iloc[0])


def test_weights_add_up_to_a_hundred() -> None:
    assert sum(sign.weight for sign in SIGNS) == 100


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.feature)
def test_a_sign_is_a_feature_that_gets_better_the_way_it_claims(sign: Sign) -> None:
    claims = {feature.name: feature.riskier for feature in catalogue()}
    assert claims[sign.feature] == ("higher" if sign.bad > sign.good else "lower")


def test_all_good_is_a_hundred_and_all_bad_nothing() -> None:
    assert one(**{sign.feature: sign.good for sign in SIGNS}) == 100
    assert one(**{sign.feature: sign.bad for sign in SIGNS}) == 0


def test_beyond_the_thresholds_nothing_is_gained_or_lost() -> None:
    assert one(nps_last=10) == one(nps_last=9) == 100
    assert one(overdue_days=900) == one(overdue_days=60) == 0


def test_halfway_between_the_thresholds_is_half() -> None:
    assert one(login_drop=0.25) == pytest.approx(50)


@pytest.mark.parametrize("missing", [{}, {"nps_last": np.nan}])
def test_a_missing_sign_drops_out_and_the_other_weights_grow(missing: dict[str, float]) -> None:
    assert one(login_drop=0.0, seat_use=0.2, **missing) == pytest.approx(100 * 15 / (15 + 10))


def test_nothing_known_is_no_score() -> None:
    assert np.isnan(one(login_drop=np.nan))
    assert np.isnan(one(days_to_renewal=3.0))


def test_fewer_logins_are_more_risk(book: Any) -> None:
    labels = label(book.outcomes, book.rows.index, book.contract, book.last)
    fitted = make("health_score", TrainSettings()).fit(book.rows, labels)
    well, ill = (book.frame.iloc[:1].assign(login_drop=drop) for drop in (-1.0, 1.0))
    less, more = (fitted.predict(Rows(f, book.standing.iloc[:1]))["risk_90"].iloc[0] for f in (well, ill))
    assert more > 1.5 * less
