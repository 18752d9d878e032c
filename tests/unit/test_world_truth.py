"""The oracle is exact where it can be computed by hand, and honest where it can only be counted."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from features.sources.world import simulate
from features.sources.world.health import STATES, beginnings, decision_rates, kernels, mature
from features.sources.world.truth import AHEAD, SCHEMES, will_decide

Floats = NDArray[np.float64]
LONG = len(SCHEMES) - 1


def test_kernels_and_beginnings_are_probabilities() -> None:
    for table in (kernels(), beginnings(), mature()):
        assert table.min() >= 0
        np.testing.assert_allclose(table.sum(axis=-1), 1.0, rtol=1e-12)


def test_one_week_before_the_deadline_is_one_step_and_one_draw() -> None:
    expected = kernels()[2] @ decision_rates()[0]
    np.testing.assert_allclose(will_decide()[LONG, 1, 2], expected, rtol=1e-12)


def test_deciding_or_not_adds_up_to_one() -> None:
    """P(decides) by the table = 1 − the chance to pass every week undecided, computed forwards."""
    passing = np.ones(STATES)
    for _ in range(9):
        passing = kernels()[1] @ ((1 - decision_rates()[0]) * passing)
    np.testing.assert_allclose(will_decide()[LONG, 9, 1], 1 - passing, rtol=1e-12)


def test_a_longer_wait_never_lowers_the_chance_of_a_long_contract() -> None:
    table = will_decide()[LONG]
    assert np.all(np.diff(table[: AHEAD - 1], axis=0)[:12] >= -1e-12)


@dataclass(frozen=True)
class Judged:
    """Matured rows of accounts that nobody knew to be leaving."""

    predicted: Floats
    happened: Floats
    ends_inside: NDArray[np.bool_]
    calendar: Floats
    account: NDArray[np.int64]


def judge(folder: Path) -> Judged:
    """Return what the oracle said beside what happened in the 90 days after."""
    rows = (
        duckdb.connect(config={"threads": 1})
        .execute(
            f"""
        SELECT p_0_90, coalesce(datediff('day', as_of, effective_at) BETWEEN 0 AND 89, FALSE),
               ends_at < as_of + INTERVAL 90 DAY, datediff('day', started_at, ends_at) < 32,
               substr(t.account_id, 2)::BIGINT
        FROM '{folder}/truth.parquet' AS t
        JOIN (SELECT DISTINCT account_id, started_at, ends_at FROM '{folder}/subscriptions.parquet') AS s
          ON s.account_id = t.account_id AND started_at < as_of AND as_of <= ends_at
        LEFT JOIN '{folder}/outcomes.parquet' AS o ON o.account_id = t.account_id AND o.kind = 'churn'
        WHERE NOT told AND as_of <= DATE '2026-11-02' - 97
        """
        )
        .fetchnumpy()
    )
    predicted, happened, inside, monthly, account = (np.asarray(column) for column in rows.values())
    calendar = np.where(monthly, 0.045, np.where(inside, 0.10, 0.0))
    return Judged(predicted.astype(float), happened.astype(float), inside.astype(bool), calendar, account)


def test_what_was_told_is_certain_and_the_rest_is_not(tmp_path: Path) -> None:
    simulate(tmp_path, accounts=200, weeks=60, seed=2)
    con = duckdb.connect(config={"threads": 1})
    query = f"SELECT told, min(p_0_90), max(p_0_90) FROM '{tmp_path}/truth.parquet' GROUP BY told"
    bounds = {told: (low, high) for told, low, high in con.execute(query).fetchall()}
    assert bounds[True][1] == 1.0
    assert 0.0 <= bounds[False][0] < bounds[False][1] < 1.0
    parts = con.execute(f"SELECT max(abs(p_0_30 + p_30_60 + p_60_90 - p_0_90)) FROM '{tmp_path}/truth.parquet'")
    assert parts.fetchall()[0][0] < 1e-12


def test_help_lowers_the_risk_only_of_those_with_a_cause(tmp_path: Path) -> None:
    simulate(tmp_path, accounts=200, weeks=60, seed=2)
    ((worst, best, idle),) = (
        duckdb.connect(config={"threads": 1})
        .execute(
            f"""SELECT max(p_0_90_if_helped - p_0_90), max(p_0_90 - p_0_90_if_helped),
                   max(abs(p_0_90 - p_0_90_if_helped)) FILTER (cause IS NULL) FROM '{tmp_path}/truth.parquet'"""
        )
        .fetchall()
    )
    assert worst < 1e-9
    assert best > 0.02
    assert idle < 1e-12


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    folder = tmp_path_factory.mktemp("worlds") / "judged"
    simulate(folder, accounts=4000, weeks=130, seed=5, threads=2, activity=0.02)
    return judge(folder)


def gap(judged: Judged, rows: NDArray[np.bool_], scale: float = 1.0) -> float:
    """Return mean predicted − mean happened in standard errors, accounts being independent of each other."""
    error = (judged.predicted * scale - judged.happened) * rows
    per_account = np.bincount(judged.account, weights=error)
    return float(per_account.sum() / np.sqrt((per_account**2).sum()))


@pytest.mark.slow
def test_the_oracle_says_what_happens(judged: Judged) -> None:
    everyone = np.ones(len(judged.predicted), dtype=bool)
    assert abs(gap(judged, everyone)) < 3.5
    assert abs(gap(judged, everyone, scale=1.5)) > 3.5, "an oracle that says half as much again must be found out"


@pytest.mark.slow
def test_the_oracle_says_what_happens_at_every_level_of_risk(judged: Judged) -> None:
    edges = [0.0, *np.quantile(judged.predicted[judged.predicted > 0], np.arange(0.1, 1.0, 0.1)), 1.0]
    groups = np.digitize(judged.predicted, edges[1:-1])
    assert max(abs(gap(judged, groups == group)) for group in range(10)) < 4.0
    assert judged.happened[judged.predicted == 0].sum() == 0


@pytest.mark.slow
def test_the_oracle_ranks_well_but_not_perfectly(judged: Judged) -> None:
    overall = roc_auc_score(judged.happened, judged.predicted)
    inside = judged.ends_inside
    assert roc_auc_score(judged.happened, judged.calendar) + 0.04 < overall < 0.97
    assert 0.77 < roc_auc_score(judged.happened[inside], judged.predicted[inside]) < 0.90


@pytest.mark.slow
def test_yearly_churn_is_that_of_a_b2b_book(tmp_path: Path) -> None:
    simulate(tmp_path, accounts=1500, weeks=156, seed=7, threads=2, activity=0.02)
    ((churned, years, sudden, told),) = (
        duckdb.connect(config={"threads": 1})
        .execute(
            f"""
        WITH churns AS (SELECT * FROM '{tmp_path}/outcomes.parquet' WHERE kind = 'churn')
        SELECT (SELECT count(*) FROM churns), (SELECT count(*) / 52.18 FROM '{tmp_path}/truth.parquet'),
               (SELECT avg((reason = 'merger or insolvency')::INT) FROM churns),
               (SELECT avg((noticed_at IS NOT NULL)::INT) FROM churns)
        """
        )
        .fetchall()
    )
    assert 0.10 < churned / years < 0.16
    assert 0.18 < sudden < 0.33
    assert 0.25 < told < 0.50
