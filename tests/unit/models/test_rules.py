"""The two sheets of paper: what they learn and what they cannot know."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.labels import label
from models.protocol import Model, Rows
from models.rules import last_login, renewal_calendar


@pytest.fixture(scope="module")
def labels(book: Any) -> pd.DataFrame:
    return label(book.outcomes, book.rows.index, book.contract, book.last)


def ask(book: Any, labels: pd.DataFrame, model: Model, **standing: float) -> pd.Series:
    """Return the risks of one account with this standing."""
    one = book.standing.iloc[:1].assign(**standing)
    return model.fit(book.rows, labels).predict(Rows(book.frame.iloc[:1], one)).iloc[0]


def test_the_renewal_calendar_sees_the_contract_end(book: Any, labels: pd.DataFrame) -> None:
    near = ask(book, labels, renewal_calendar(), days_to_renewal=70.0)
    far = ask(book, labels, renewal_calendar(), days_to_renewal=300.0)
    assert near["risk_60_90"] > 5 * far["risk_60_90"]
    assert near["risk_60_90"] > 5 * near["risk_60"]


def test_the_last_login_rule_sees_absence(book: Any, labels: pd.DataFrame) -> None:
    rule = last_login()
    assert (
        ask(book, labels, rule, last_seen_days=9.0)["risk_90"]
        > 2 * ask(book, labels, rule, last_seen_days=0.0)["risk_90"]
    )


def test_rules_read_no_feature(book: Any, labels: pd.DataFrame) -> None:
    fitted = renewal_calendar().fit(book.rows, labels)
    shuffled = book.frame.sample(frac=1, random_state=1).set_axis(book.frame.index)
    pd.testing.assert_frame_equal(fitted.predict(book.rows), fitted.predict(Rows(shuffled, book.standing)))


@pytest.mark.parametrize("model", [renewal_calendar(), last_login()], ids=lambda m: m.name)
def test_mean_risk_is_the_base_rate(book: Any, labels: pd.DataFrame, model: Model) -> None:
    from features.labels import window_label

    risk = model.fit(book.rows, labels).predict(book.rows)["risk_90"]
    happened = window_label(labels, 0, 90)
    assert risk[happened.notna()].mean() == pytest.approx(happened.mean(), rel=0.1)


def test_what_was_never_seen_gets_a_rate_all_the_same(book: Any, labels: pd.DataFrame) -> None:
    nothing = {"days_to_renewal": np.nan, "auto_renew": np.nan, "term_days": np.nan, "last_seen_days": np.nan}
    for model in (renewal_calendar(), last_login()):
        assert 0 < ask(book, labels, model, **nothing)["risk_90"] < 0.5
