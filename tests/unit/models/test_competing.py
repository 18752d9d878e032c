"""Separate outcomes: their risk is the chance that they come first."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.labels import competing_label, label
from models.competing import cif, fit_separate, separate_risk, separate_risks
from models.hazard import FittedHazards, HazardModel
from models.protocol import RISKS
from models.settings import HazardSettings
from tests.unit.models.contractions import contractions


def test_cumulative_incidence_is_what_a_simulation_counts() -> None:
    """Walk many accounts through the intervals; in each, one outcome or the other or neither."""
    main, kind = np.array([[0.10, 0.25, 0.05]]), np.array([[0.20, 0.02, 0.40]])
    rng = np.random.default_rng(1)
    accounts, here = 400_000, np.ones(400_000, dtype=bool)
    counted = []
    for h_main, h_kind in zip(main[0], kind[0], strict=True):
        luck = rng.random(accounts)
        counted.append((here & (luck < h_kind)).mean())
        here &= luck >= h_kind + h_main
    np.testing.assert_allclose(cif(main, kind)[0], np.cumsum(counted), atol=0.003)
    # The negative control: without the competition, an account that left could still contract.
    alone = 1 - np.cumprod(1 - kind[0])
    assert abs(alone[-1] - sum(counted)) > 0.03


def test_the_first_outcomes_and_neither_are_everything() -> None:
    rng = np.random.default_rng(2)
    main = rng.uniform(0, 0.6, (500, 3))
    kind = rng.uniform(0, 1, (500, 3)) * (1 - main)
    neither = np.cumprod(1 - main - kind, axis=1)
    np.testing.assert_allclose(cif(main, kind) + cif(kind, main) + neither, 1.0, atol=1e-12)


def test_hazards_that_exceed_one_together_are_cut() -> None:
    main, kind = np.array([[0.7, 0.9, 0.1]]), np.array([[0.6, 0.9, 0.1]])
    assert cif(main, kind)[0] == pytest.approx([0.3, 0.3, 0.3])


def test_risks_are_named_after_the_outcome_and_cannot_cross() -> None:
    rng = np.random.default_rng(3)
    table = separate_risks("contraction", rng.random((50, 3)) / 2, rng.random((50, 3)) / 2, pd.RangeIndex(50))
    assert list(table) == [separate_risk("contraction", risk) for risk in RISKS]
    assert (table["contraction_30"] <= table["contraction_60"]).all()
    np.testing.assert_allclose(table["contraction_60_90"], table["contraction_90"] - table["contraction_60"])


def test_a_separate_outcome_is_found_where_it_happens(book: Any, small: HazardSettings) -> None:
    kind, main, fitted = _fit(book, small)
    said = separate_risks(
        "contraction", _main(book, small).hazards(book.frame), fitted.hazards(book.frame), book.rows.index
    )
    happened = competing_label(kind, main, 0, 90)
    known = happened.notna()
    assert said["contraction_90"][known].mean() == pytest.approx(happened[known].mean(), rel=0.15)
    top = said["contraction_90"][known].rank(pct=True) > 0.8
    assert happened[known][top].mean() > 2 * happened[known].mean()


def test_rows_that_had_either_outcome_train_nothing_more(book: Any, small: HazardSettings) -> None:
    """Labels of later intervals of rows that were no longer at risk are not read."""
    kind, main, fitted = _fit(book, small)
    gone = (main["days"] < 30) & ~(kind["days"] < 30)
    assert gone.sum() > 20
    changed = kind.assign(days=kind["days"].where(~gone, 45.0))
    again = fit_separate(book.rows, changed, main, small)
    assert [b.model_to_string() for b in again.boosters] == [b.model_to_string() for b in fitted.boosters]


def _fit(book: Any, small: HazardSettings) -> tuple[pd.DataFrame, pd.DataFrame, FittedHazards]:
    kind, main = (
        label(each, book.rows.index, book.contract, book.last) for each in (contractions(book), book.outcomes)
    )
    return kind, main, fit_separate(book.rows, kind, main, small)


def _main(book: Any, small: HazardSettings) -> FittedHazards:
    return HazardModel(small).fit(book.rows, label(book.outcomes, book.rows.index, book.contract, book.last))
