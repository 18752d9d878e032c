"""No label that trains a model, and no score, depends on rows that were not yet available."""

from datetime import timedelta
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.labels import label, outcomes, separate_outcomes
from features.outcome import OutcomeContract
from features.snapshot import take_snapshot
from models.competing import fit_separate, separate_risks
from models.hazard import HazardModel
from models.protocol import Rows
from models.settings import HazardSettings
from tests.books import make_book
from tests.property.checks import day, instant, with_another_future
from tests.property.dealings import LAST
from tests.property.records import ACCOUNTS
from tests.property.strategies import small_book
from tests.property.told import DAY, WEEK, Tables

CONTRACT = OutcomeContract(
    minimum_tenure_days=28, recording_lag_days=7, exclude_noticed=False, separate=("contraction",)
)
SETTINGS = HazardSettings(trees=8, leaves=4, min_data_in_leaf=3, threads=1)
TRAINED_AT = 13
"""Weeks before LAST at which the model is trained and scores."""


def crowd(seed: int, books: int = 20) -> dict[str, list[dict[str, object]]]:
    """Return many small books as one, a third of the accounts with an outcome, some recorded late."""
    dice = Random(seed)
    tables: dict[str, list[dict[str, object]]] = {"outcomes": []}
    for number in range(books):
        for table, rows in small_book(dice).items():
            keyed = ("account_id", "event_id", "ticket_id", "subscription_id")
            named = [row | {k: f"{number} {row[k]}" for k in keyed if row.get(k) is not None} for row in rows]
            tables.setdefault(table, []).extend(named if table != "entitlements" or number == 0 else [])
        for account, kind in product(ACCOUNTS, ("churn", "contraction")):
            effective = LAST - dice.randint(-10, 60) * WEEK + DAY
            recorded = effective + dice.choice([0, 3, 250]) * DAY
            if dice.random() < 0.8:
                tables["outcomes"].append(
                    {
                        "account_id": f"{number} {account}",
                        "kind": kind,
                        "effective_at": effective,
                        "recorded_at": recorded,
                    }
                )
    return tables


def scores(tables: Tables) -> pd.DataFrame:
    """Return the risks at the day the models are trained, from everything that was known by then."""
    book, as_of = make_book(tables), day(TRAINED_AT)
    history = [as_of - timedelta(weeks=weeks) for weeks in range(0, 52, 4)]
    taken = take_snapshot(book, history, CONTRACT)
    happened = {"churn": outcomes(book, CONTRACT), **separate_outcomes(book, CONTRACT)}
    labels = {kind: label(each, taken.frame.index, CONTRACT, known_by=as_of) for kind, each in happened.items()}
    rows = Rows(taken.frame, taken.standing)
    main = HazardModel(SETTINGS).fit(rows, labels["churn"])
    kind = fit_separate(rows, labels["contraction"], labels["churn"], SETTINGS)
    now = rows.take(taken.frame.index.get_level_values("as_of") == pd.Timestamp(as_of))
    other = separate_risks("contraction", main.hazards(now.frame), kind.hazards(now.frame), now.index)
    return main.predict(now).join(other)


@pytest.fixture(scope="module")
def before_and_after() -> tuple[Tables, Tables]:
    tables, other = crowd(1), crowd(2)
    return tables, with_another_future(tables, other, day(TRAINED_AT))


def test_rows_not_yet_available_change_no_score(before_and_after: tuple[Tables, Tables]) -> None:
    before, after = (scores(tables) for tables in before_and_after)
    assert before["risk_90"].nunique() > 3
    assert before["contraction_90"].nunique() > 3
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_the_futures_are_really_different(before_and_after: tuple[Tables, Tables]) -> None:
    now = instant(day(TRAINED_AT))
    for table in ("usage", "subscriptions", "contacts", "tickets", "outcomes", "accounts"):
        one, other = ({repr(sorted(row.items(), key=str)) for row in each[table]} for each in before_and_after)
        assert len(one ^ other) > 5, table
    late = [row for row in before_and_after[0]["outcomes"] if row["effective_at"] < now <= row["recorded_at"]]
    assert late


def test_labels_read_late_would_change_the_scores(
    before_and_after: tuple[Tables, Tables], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, read_separate = outcomes, separate_outcomes

    def early(found: pd.DataFrame) -> pd.DataFrame:
        return found.assign(known_at=found["at"])

    monkeypatch.setitem(globals(), "outcomes", lambda *args: early(read(*args)))

    def separate(*args: Any) -> dict[str, pd.DataFrame]:
        return {kind: early(found) for kind, found in read_separate(*args).items()}

    monkeypatch.setitem(globals(), "separate_outcomes", separate)
    before, after = (scores(tables) for tables in before_and_after)
    for risk in ("risk_90", "contraction_90"):
        assert not np.allclose(before[risk], after[risk])
