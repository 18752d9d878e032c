"""Rules on a sheet of paper: what they learn and what they cannot know."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.labels import label, window_label
from models.kinds import make
from models.protocol import Model, Rows
from models.rules import PRIOR_ROWS, RateTable
from models.settings import TrainSettings

RULES = ("renewal_calendar", "last_login")


@pytest.fixture(scope="module")
def labels(book: Any) -> pd.DataFrame:
    return label(book.outcomes, book.rows.index, book.contract, book.last)


def rule(name: str) -> Model:
    """Return the kind of this name."""
    return make(name, TrainSettings())


def ask(book: Any, labels: pd.DataFrame, name: str, **standing: float) -> pd.Series:
    """Return the risks of one account with this standing."""
    one = book.standing.iloc[:1].assign(**standing)
    return rule(name).fit(book.rows, labels).predict(Rows(book.frame.iloc[:1], one)).iloc[0]


def test_the_renewal_calendar_sees_the_contract_end(book: Any, labels: pd.DataFrame) -> None:
    near = ask(book, labels, "renewal_calendar", days_to_renewal=70.0)
    far = ask(book, labels, "renewal_calendar", days_to_renewal=300.0)
    assert near["risk_60_90"] > 5 * far["risk_60_90"]
    assert near["risk_60_90"] > 5 * near["risk_60"]


def test_the_last_login_rule_sees_absence(book: Any, labels: pd.DataFrame) -> None:
    away, here = (ask(book, labels, "last_login", last_seen_days=days)["risk_90"] for days in (9.0, 0.0))
    assert away > 2 * here


@pytest.mark.parametrize("name", RULES)
def test_rules_of_the_standing_read_no_feature(book: Any, labels: pd.DataFrame, name: str) -> None:
    fitted = rule(name).fit(book.rows, labels)
    shuffled = book.frame.sample(frac=1, random_state=1).set_axis(book.frame.index)
    pd.testing.assert_frame_equal(fitted.predict(book.rows), fitted.predict(Rows(shuffled, book.standing)))


@pytest.mark.parametrize("name", [*RULES, "health_score"])
def test_mean_risk_is_the_base_rate(book: Any, labels: pd.DataFrame, name: str) -> None:
    risk = rule(name).fit(book.rows, labels).predict(book.rows)["risk_90"]
    happened = window_label(labels, 0, 90)
    assert risk[happened.notna()].mean() == pytest.approx(happened.mean(), rel=0.1)


@pytest.mark.parametrize("name", RULES)
def test_what_was_never_seen_gets_a_rate_all_the_same(book: Any, labels: pd.DataFrame, name: str) -> None:
    nothing = {"days_to_renewal": np.nan, "auto_renew": np.nan, "term_days": np.nan, "last_seen_days": np.nan}
    assert 0 < ask(book, labels, name, **nothing)["risk_90"] < 0.5


def test_a_small_cell_stays_near_the_coarser_rate() -> None:
    cells = np.array([0] * 990 + [1] * 10)
    happened = np.array(([1.0] + [0.0] * 9) * 99 + [1.0] * 10)
    table = RateTable.learn([cells], happened)
    small = table.rates([np.array([1])])[0]
    assert small == pytest.approx((10 + PRIOR_ROWS * table.overall) / (10 + PRIOR_ROWS))
    assert table.overall < small < 0.3
