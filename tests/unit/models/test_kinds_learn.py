"""What every kind owes, whatever it is: risks that are probabilities, the same ones again, and patience with gaps."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import ContractError
from features.labels import interval_label, label, window_label
from models import kinds
from models.kinds.separate import SeparateModel
from models.protocol import RISKS, FittedModel, Model, Rows
from models.rules import RuleModel
from models.settings import HazardSettings, TrainSettings

CROSSING = {"separate"}
"""Kinds that do not promise ordered risks."""
ALIKE = {"cox", "logistic", "last_login", "health_score"}
"""Kinds that know no contract's end, or only as one more linear term."""


@pytest.fixture(scope="module")
def labels(book: Any) -> pd.DataFrame:
    return label(book.outcomes, book.rows.index, book.contract, book.last)


@pytest.fixture(scope="module")
def settings(small: HazardSettings) -> TrainSettings:
    return TrainSettings(**small.model_dump())


@pytest.fixture(scope="module", params=kinds.names())
def model(request: pytest.FixtureRequest, settings: TrainSettings) -> Model:
    return kinds.make(request.param, settings)


@pytest.fixture(scope="module")
def fitted(book: Any, labels: pd.DataFrame, model: Model) -> FittedModel:
    return model.fit(book.rows, labels)


@pytest.fixture(scope="module")
def predicted(book: Any, fitted: FittedModel) -> pd.DataFrame:
    return fitted.predict(book.rows)


def test_risks_are_probabilities_on_the_rows_asked_for(book: Any, predicted: pd.DataFrame) -> None:
    assert tuple(predicted.columns) == RISKS
    assert predicted.index.equals(book.rows.index)
    assert np.isfinite(predicted.to_numpy()).all()
    assert predicted.min().min() >= 0
    assert predicted.max().max() <= 1


def test_risks_are_ordered_where_the_kind_promises_it(model: Model, predicted: pd.DataFrame) -> None:
    ordered = (predicted["risk_30"] <= predicted["risk_60"]) & (predicted["risk_60"] <= predicted["risk_90"])
    window = np.abs(predicted["risk_60_90"] - (predicted["risk_90"] - predicted["risk_60"])) < 1e-12
    assert (ordered.all() and window.all()) == (model.name not in CROSSING)


def test_the_mean_risk_is_the_base_rate(labels: pd.DataFrame, predicted: pd.DataFrame) -> None:
    happened = window_label(labels, 0, 90)
    assert predicted.loc[happened.notna(), "risk_90"].mean() == pytest.approx(happened.mean(), rel=0.12)


def test_the_same_rows_give_the_same_bytes_whatever_the_threads(
    book: Any, labels: pd.DataFrame, settings: TrainSettings, model: Model, predicted: pd.DataFrame
) -> None:
    threaded = kinds.make(model.name, settings.model_copy(update={"threads": 2}))
    again = threaded.fit(book.rows, labels).predict(book.rows)
    assert again.to_numpy().tobytes() == predicted.to_numpy().tobytes()


@pytest.mark.parametrize("model", sorted({*kinds.names()} - ALIKE), indirect=True, scope="module")
@pytest.mark.parametrize("interval", [(0, 30), (60, 90)])
def test_a_kind_that_can_tell_the_intervals_apart_does(
    book: Any, predicted: pd.DataFrame, interval: tuple[int, int]
) -> None:
    """Contracts of the book end in churn or go on, so that the risk lies where the contract ends."""
    ends = book.frame["days_to_renewal"].between(interval[0] + 5, interval[1] - 5)
    early, late = predicted.loc[ends, ["risk_30", "risk_60_90"]].mean()
    assert (early > 1.3 * late) if interval == (0, 30) else (late > 1.3 * early)


@pytest.mark.parametrize("name", ["hazard", "separate", "pooled", "histogram"])
def test_another_seed_grows_other_trees(book: Any, labels: pd.DataFrame, settings: TrainSettings, name: str) -> None:
    few = settings.model_copy(update={"trees": 5})
    one, other = (
        kinds.make(name, few.model_copy(update={"seed": seed})).fit(book.rows, labels).predict(book.rows)
        for seed in (7, 8)
    )
    assert not np.allclose(one, other)


def test_labels_that_have_not_matured_teach_nothing(book: Any, labels: pd.DataFrame, model: Model) -> None:
    """The rows without any follow-up may as well not be there."""
    late = (book.rows.index.get_level_values("as_of") >= pd.Timestamp("2025-05-05")).tolist()
    known = labels.assign(followed=labels["followed"].where(~np.array(late), -1.0))
    early = ~np.array(late)
    some, all_rows = (model.fit(*each) for each in ((book.rows.take(early), known[early]), (book.rows, known)))
    tested = book.rows.take(np.array(late))
    np.testing.assert_allclose(some.predict(tested), all_rows.predict(tested), atol=1e-9)


def test_missing_values_and_columns_that_are_all_missing_break_nothing(
    book: Any, labels: pd.DataFrame, model: Model
) -> None:
    gaps = book.frame.assign(noise_0=np.nan, login_drop=book.frame["login_drop"].where(book.frame["noise_1"] > 0))
    standing = book.standing.assign(auto_renew=np.nan, last_seen_days=np.nan)
    rows = Rows(gaps, standing)
    fitted = model.fit(rows, labels)
    nothing = Rows(rows.frame.iloc[:4] * np.nan, standing.iloc[:4])
    # The last are the rows as they were: a column without a value while learning may have some later.
    for found in (fitted.predict(rows), fitted.predict(nothing), fitted.predict(book.rows)):
        assert np.isfinite(found.to_numpy()).all()
        assert found["risk_90"].between(0, 1).all()


def test_an_interval_with_one_class_is_refused(book: Any, labels: pd.DataFrame, model: Model) -> None:
    spared = labels.assign(days=labels["days"].where(~labels["days"].between(60, 90)))
    with pytest.raises(ContractError, match=r"days \(60, 90\] hold 0 churns"):
        model.fit(book.rows, spared)


def test_no_rows_give_no_risks(book: Any, fitted: FittedModel) -> None:
    none = book.rows.take(np.zeros(len(book.frame), dtype=bool))
    assert tuple(fitted.predict(none).columns) == RISKS


def test_features_in_another_order_are_refused_by_all_but_rules(book: Any, model: Model, fitted: FittedModel) -> None:
    turned = replace(book.rows, frame=book.frame[book.frame.columns[::-1]])
    if isinstance(model, RuleModel):
        pd.testing.assert_frame_equal(fitted.predict(turned), fitted.predict(book.rows))
        return
    with pytest.raises(ContractError, match="order differs from column 1"):
        fitted.predict(turned)


def test_separate_answers_may_cross(book: Any, labels: pd.DataFrame, small: HazardSettings) -> None:
    risks = SeparateModel(small).fit(book.rows, labels).predict(book.rows)
    assert (risks["risk_30"] > risks["risk_60"]).any() or (risks["risk_60"] > risks["risk_90"]).any()


def test_the_window_of_separate_is_seen_from_the_as_of_date(labels: pd.DataFrame) -> None:
    window, interval = window_label(labels, 60, 90), interval_label(labels, 60, 90)
    assert window.notna().sum() > interval.notna().sum()
