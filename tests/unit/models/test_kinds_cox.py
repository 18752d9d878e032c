"""Cox's proportional hazards beside another implementation, and its risk sets by hand."""

from typing import Any

import numpy as np
import pandas as pd

from features.labels import label
from models.kinds.cox import CoxModel, FollowUp, maximise


def followed(days: list[float], until: list[float]) -> FollowUp:
    """Return the follow-up of rows that churned on these days, known up to those."""
    return FollowUp.of(pd.DataFrame({"days": days, "followed": until}))


def test_a_row_is_at_risk_up_to_its_churn_or_the_end_of_what_is_known() -> None:
    #            churns on 5   on 20   unknown from 20 on   never    on 95: too late   on 40, not yet known
    rows = followed([5, 20, np.nan, np.nan, 95, 40], [99, 99, 20, 99, 99, 30])
    assert rows.times.tolist() == [5, 20]
    assert rows.churned.tolist() == [True, True, False, False, False, False]
    assert rows.steps.tolist() == [1, 2, 1, 2, 2, 2]


def test_the_baseline_hazard_is_churns_over_those_at_risk() -> None:
    at_risk, cumulative = followed([5, 5, 20, np.nan], [99, 99, 99, 99]).baseline(np.array([1.0, 2.0, 3.0, 4.0]))
    assert at_risk.tolist() == [10, 7]
    np.testing.assert_allclose(cumulative, [0, 2 / 10, 2 / 10 + 1 / 7])


def test_coefficients_and_baseline_equal_another_implementation() -> None:
    """CoxPHSurvivalAnalysis(alpha=2, ties="breslow") of scikit-survival 0.28.0 on the same 200 rows."""
    rng = np.random.default_rng(5)
    values = rng.normal(size=(200, 3))
    days = np.ceil(rng.exponential(60 * np.exp(-values @ [0.8, -0.4, 0.0])))
    rows = followed(list(days), list(rng.integers(20, 120, 200)))
    weights = maximise(values, rows, penalty=2.0)
    np.testing.assert_allclose(weights, [0.69195811, -0.25088501, -0.0143438], atol=2e-4)
    cumulative = rows.baseline(np.exp(values @ weights))[1]
    edges = np.searchsorted(rows.times, [30, 60, 90])
    np.testing.assert_allclose(cumulative[edges], [0.55755204, 1.01368142, 1.49213414], rtol=2e-4)


def test_a_greater_penalty_gives_smaller_coefficients() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=(300, 2))
    rows = followed(list(rng.exponential(50 * np.exp(-values[:, 0]))), [99.0] * 300)
    free, held = (np.abs(maximise(values, rows, penalty)[0]) for penalty in (1.0, 200.0))
    assert 0 < held < free / 1.5


def test_hazards_are_proportional(book: Any) -> None:
    """The ratio of two accounts' cumulative hazards is the same after 30 and after 90 days."""
    labels = label(book.outcomes, book.rows.index, book.contract, book.last)
    risks = CoxModel().fit(book.rows, labels).predict(book.rows)
    hazards = -np.log1p(-risks[["risk_30", "risk_90"]].to_numpy())
    ratio = hazards[:, 1] / hazards[:, 0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
