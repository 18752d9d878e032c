"""Strata: every row once per division, and a model that only knows the calendar is visible as such."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.backtest import Backtest, BacktestSettings, backtest
from models.kinds import make
from models.settings import TrainSettings
from models.strata import strata


def predictions(**more: Any) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "days_to_renewal": [5.0, 45, 75, 100, 400, np.nan],
            "term_days": [30.0, 365, 365, 730, 730, np.nan],
            "tenure_days": [60.0, 200, 400, 900, 2000, 3000],
            "arr": [1.0, 2, 3, 4, 5, np.nan],
            "segment": ["a", "a", "b", "b", None, "a"],
        }
    )
    return table.assign(**more)


@pytest.mark.parametrize(
    "words", [("renewal", "no renewal"), ("monthly", "contracts of", "contracts without"), ("customers",)]
)
def test_each_division_holds_every_row_once(words: tuple[str, ...]) -> None:
    divided = [rows("risk_90") for title, rows in strata(predictions()) if title.startswith(words)]
    assert (np.sum(divided, axis=0) == 1).all()


def test_the_window_is_the_risks_own() -> None:
    inside = dict(strata(predictions()))["contract ends inside the window"]
    assert inside("risk_90").tolist() == [True, True, True, False, False, False]
    assert inside("risk_60_90").tolist() == [False, False, True, False, False, False]


def test_accounts_that_were_acted_on_are_told_apart_only_where_known() -> None:
    assert not [title for title, _ in strata(predictions()) if "acted" in title]
    found = dict(strata(predictions(acted_on=[True, False, False, False, False, True])))
    assert found["accounts that were acted on"]("risk_90").sum() == 2
    assert found["accounts that were not acted on"]("risk_90").sum() == 4


@pytest.fixture(scope="module")
def calendar(book: Any) -> Backtest:
    settings = BacktestSettings(capacity=10, resamples=100)
    return backtest(
        book, book.outcomes, book.contract, [make("renewal_calendar", TrainSettings())], settings, last=book.last
    )


def test_a_model_that_only_knows_the_calendar_is_visible_as_such(calendar: Backtest) -> None:
    assert calendar.pooled["renewal_calendar"]["risk_90"]["auc"].low > 0.7
    near = calendar.strata["renewal in 0 to 30 days"]["risk_90"]["auc"]
    assert near.low < 0.6
