"""The final fit refuses what it cannot learn from."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import ContractError
from models.calibration import Calibration, calibrate_risks
from models.health import HealthScale
from models.score_interval import ScoreIntervals
from models.settings import TrainSettings
from models.train import train
from tests.unit.models.contractions import contractions
from tests.unit.models.past_scores import past_scores

QUICK = TrainSettings(trees=10, leaves=7, min_data_in_leaf=20)


def test_few_churns_are_refused_with_the_way_out(book: Any) -> None:
    few = book.outcomes.iloc[:12]
    with pytest.raises(ContractError, match=r"1[0-2] matured churns .* needs 30: add history"):
        train(book, few, book.contract, QUICK, book.last)


def test_before_anything_matured_there_is_nothing_to_learn(book: Any) -> None:
    with pytest.raises(ContractError, match="no row has matured by 2024-02-05"):
        train(book, book.outcomes, book.contract, QUICK, date(2024, 2, 5))


def test_what_happens_after_the_cut_changes_nothing(book: Any) -> None:
    cut = date(2025, 3, 3)
    later = book.outcomes["known_at"] >= np.datetime64(cut)
    with_, without = (train(book, o, book.contract, QUICK, cut) for o in (book.outcomes, book.outcomes[~later]))
    assert with_.predict(book.rows).equals(without.predict(book.rows))
    earlier = train(book, book.outcomes[book.outcomes["known_at"] < "2025-01-01"], book.contract, QUICK, cut)
    assert not with_.predict(book.rows).equals(earlier.predict(book.rows))


def test_past_scores_give_intervals_and_the_health_scale(book: Any) -> None:
    past = past_scores(1)
    fitted = train(book, book.outcomes, book.contract, QUICK, book.last, predictions=past)
    assert fitted.intervals == ScoreIntervals.fit(past)
    assert fitted.scale == HealthScale.fit(past["risk_90"].to_numpy())
    assert train(book, book.outcomes, book.contract, QUICK, book.last).intervals is None


def test_a_calibration_changes_the_risks_and_what_is_fixed_with_them(book: Any) -> None:
    past, halve = past_scores(1, stretch=2.0), Calibration("platt", ((0.0, 0.5),) * 3)
    plain, mended = (
        train(book, book.outcomes, book.contract, QUICK, book.last, predictions=past, calibration=each)
        for each in (None, halve)
    )
    np.testing.assert_allclose(mended.hazards(book.frame), halve.hazards(plain.hazards(book.frame)), rtol=1e-12)
    assert mended.scale == HealthScale.fit(calibrate_risks(halve, past)["risk_90"].to_numpy())
    assert mended.intervals == ScoreIntervals.fit(calibrate_risks(halve, past))


def test_separate_outcomes_are_fitted_beside_the_main_one(book: Any) -> None:
    happened = contractions(book)
    rare = happened.iloc[:7]
    kinds = {"contraction": happened, "pause": rare}
    fitted = train(book, book.outcomes, book.contract, QUICK, book.last, separate=kinds)
    assert list(fitted.separate) == ["contraction"]
    assert fitted.about["separate_left_out"] == {"pause": "7 matured outcomes within 90 days, training needs 30"}
    alone = train(book, book.outcomes, book.contract, QUICK, book.last)
    assert alone.predict(book.rows).equals(fitted.predict(book.rows))


def test_an_interval_without_a_separate_outcome_leaves_it_out(book: Any) -> None:
    first = book.frame.index.get_level_values("as_of").min() + pd.Timedelta(days=20)
    early = contractions(book).assign(at=first, known_at=first)
    fitted = train(book, book.outcomes, book.contract, QUICK, book.last, separate={"contraction": early})
    assert fitted.separate == {}
    assert "days (30, 60] hold 0 churns" in fitted.about["separate_left_out"]["contraction"]
