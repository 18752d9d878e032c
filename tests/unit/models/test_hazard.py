"""The three hazards: maturity, determinism, column order."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import ContractError
from features.labels import label
from features.outcome import INTERVALS
from models.hazard import HazardModel
from models.protocol import Rows
from models.settings import HazardSettings

CUT = date(2025, 3, 3)


@pytest.fixture(scope="module")
def labels(book: Any) -> pd.DataFrame:
    return label(book.outcomes, book.rows.index, book.contract, CUT)


@pytest.fixture(scope="module")
def fitted(book: Any, labels: pd.DataFrame, small: HazardSettings) -> Any:
    return HazardModel(small).fit(book.rows, labels)


def test_risks_never_cross(book: Any, fitted: Any) -> None:
    risks = fitted.predict(book.rows)
    assert (risks["risk_30"] <= risks["risk_60"]).all()
    assert (risks["risk_60"] <= risks["risk_90"]).all()
    np.testing.assert_allclose(risks["risk_60_90"], risks["risk_90"] - risks["risk_60"], atol=1e-12)


def test_an_interval_is_used_only_after_its_end_has_passed(book: Any, labels: pd.DataFrame) -> None:
    used = {end: _rows_trained(book, labels, end) for _, end in INTERVALS}
    lag = book.contract.recording_lag_days
    for end, rows in used.items():
        assert rows.get_level_values("as_of").max() + timedelta(days=end + lag) <= pd.Timestamp(CUT)


def test_using_unmatured_intervals_would_raise_the_risk(book: Any, labels: pd.DataFrame, small: HazardSettings) -> None:
    seen = (book.rows.index.get_level_values("as_of") < pd.Timestamp(CUT)).tolist()
    rows, known = Rows(book.frame[seen], book.standing[seen]), labels[seen]
    # The wrong protocol: a churn counts as soon as it has happened, a row without one only when it has matured.
    early = known.assign(followed=known["followed"].where(known["days"].isna(), 999.0))
    model = HazardModel(small)
    right, wrong = (model.fit(rows, each).predict(book.rows)["risk_90"].mean() for each in (known, early))
    assert wrong > 1.02 * right


def test_same_rows_give_the_same_bytes_whatever_the_threads(book: Any, labels: pd.DataFrame, fitted: Any) -> None:
    threaded = HazardModel(HazardSettings(trees=30, leaves=7, min_data_in_leaf=20, threads=2)).fit(book.rows, labels)
    assert [b.model_to_string() for b in threaded.boosters] == [b.model_to_string() for b in fitted.boosters]


def test_another_seed_gives_other_bytes(book: Any, labels: pd.DataFrame, fitted: Any, small: HazardSettings) -> None:
    other = HazardModel(small.model_copy(update={"seed": 8})).fit(book.rows, labels)
    assert other.boosters[0].model_to_string() != fitted.boosters[0].model_to_string()


def test_columns_in_another_order_are_refused(book: Any, fitted: Any) -> None:
    turned = replace(book.rows, frame=book.frame[book.frame.columns[::-1]])
    with pytest.raises(ContractError, match="order differs from column 1"):
        fitted.predict(turned)


def test_a_missing_column_is_named(book: Any, fitted: Any) -> None:
    with pytest.raises(ContractError, match=r"missing 1 .for example breadth."):
        fitted.predict(replace(book.rows, frame=book.frame.drop(columns="breadth")))


def test_an_interval_without_churn_is_refused(book: Any, labels: pd.DataFrame, small: HazardSettings) -> None:
    spared = labels.assign(days=labels["days"].where(~labels["days"].between(30, 60)))
    with pytest.raises(ContractError, match=r"days \(30, 60\] hold 0 churns"):
        HazardModel(small).fit(book.rows, spared)


def test_no_rows_give_no_risks(book: Any, fitted: Any) -> None:
    assert fitted.predict(Rows(book.frame.iloc[:0], book.standing.iloc[:0])).empty


def _rows_trained(book: Any, labels: pd.DataFrame, end: int) -> pd.MultiIndex:
    from features.labels import interval_label

    interval = next(each for each in INTERVALS if each[1] == end)
    return book.rows.index[interval_label(labels, *interval).notna()]
