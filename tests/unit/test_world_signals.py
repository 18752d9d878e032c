"""Hidden causes show in the tables, through noise, and only where they should."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from features.sources.world import simulate

TABLES = (
    "truth",
    "contacts",
    "tickets",
    "surveys",
    "touchpoints",
    "trainings",
    "invoices",
    "outcomes",
    "subscriptions",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder: Path = tmp_path_factory.mktemp("worlds") / "signals"
    simulate(folder, accounts=400, weeks=130, seed=21, threads=2)
    con = duckdb.connect(config={"threads": 1})
    for name in TABLES:
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM '{folder}/{name}.parquet'")
    con.execute(f"CREATE VIEW usage AS SELECT * FROM '{folder}/usage/*.parquet'")
    # A row of `weeks` is a week of an account with the hidden state it was lived in.
    con.execute("CREATE VIEW weeks AS SELECT *, as_of - INTERVAL 7 DAY AS week_start, level >= 3 AS low FROM truth")
    yield con
    con.close()


def rates(con: duckdb.DuckDBPyConnection, what: str, at: str, where: str) -> tuple[float, float]:
    """Return `what` per account-week in good times and in low weeks that `where` selects."""
    per_week = f"account_id, time_bucket(INTERVAL 7 DAY, {at}, TIMESTAMP '2026-11-02') AS week_start, {what} AS n"
    query = f"""
        SELECT low, sum(coalesce(n, 0)) / count(*)
        FROM (SELECT account_id, week_start, low FROM weeks WHERE level = 0 OR (low AND {where}))
        LEFT JOIN (SELECT {per_week} FROM {at.split(".")[0]} GROUP BY ALL) USING (account_id, week_start)
        GROUP BY low ORDER BY low
    """
    rows = con.execute(query).fetchall()
    return rows[0][1], rows[1][1]


@pytest.mark.parametrize("what", ["count(*)", "count(DISTINCT user_id)", "count(DISTINCT feature)"])
def test_use_users_and_features_shrink_with_adoption(world: duckdb.DuckDBPyConnection, what: str) -> None:
    good, low = rates(world, what, "usage.occurred_at", "cause = 'adoption'")
    assert low < 0.75 * good


def test_a_tight_budget_hardly_shows_in_the_use(world: duckdb.DuckDBPyConnection) -> None:
    good, low = rates(world, "count(DISTINCT user_id)", "usage.occurred_at", "cause = 'budget'")
    assert low > 0.7 * good


def test_support_trouble_brings_more_and_worse_tickets(world: duckdb.DuckDBPyConnection) -> None:
    good, low = rates(world, "count(*)", "tickets.opened_at", "cause = 'support'")
    assert low > 2 * good
    good, low = rates(world, "count(reopened_at)", "tickets.opened_at", "cause = 'support'")
    assert low > 4 * good


def test_reviews_are_missed_when_things_go_badly(world: duckdb.DuckDBPyConnection) -> None:
    good, low = rates(world, "count(*) FILTER (kind = 'qbr' AND kept)", "touchpoints.occurred_at", "TRUE")
    assert low < 0.75 * good


def test_fewer_contacts_take_part_when_things_go_badly(world: duckdb.DuckDBPyConnection) -> None:
    good, low = rates(world, "count(*) FILTER (kept)", "touchpoints.occurred_at", "TRUE")
    rows = world.execute(
        """
        WITH met AS (SELECT account_id, low, count(DISTINCT contact_id) AS contacts, count(*) AS meetings
                     FROM (FROM weeks WHERE level = 0 OR low) w JOIN touchpoints t USING (account_id)
                     WHERE occurred_at >= week_start AND occurred_at < as_of AND t.kind <> 'survey' GROUP BY ALL)
        SELECT low, avg(contacts) FROM met WHERE meetings BETWEEN 5 AND 9 GROUP BY low ORDER BY low
        """
    ).fetchall()
    assert low < good
    assert rows[1][1] < 0.8 * rows[0][1]


def test_answers_to_surveys_are_lower(world: duckdb.DuckDBPyConnection) -> None:
    (good,), (low,) = world.execute(
        "SELECT avg(score) FROM surveys s JOIN weeks w ON s.account_id = w.account_id AND answered_at >= week_start "
        "AND answered_at < as_of WHERE kind = 'nps' AND (level = 0 OR low) GROUP BY low ORDER BY low"
    ).fetchall()
    assert low < good - 1.5


def test_tight_budgets_pay_late(world: duckdb.DuckDBPyConnection) -> None:
    rows = world.execute(
        "SELECT coalesce(cause, '') = 'budget' AS tight, avg(datediff('day', due_at, paid_at)) FROM invoices i "
        "JOIN weeks w ON i.account_id = w.account_id AND due_at >= week_start AND due_at < as_of "
        "GROUP BY tight ORDER BY tight"
    ).fetchall()
    assert rows[1][1] > rows[0][1] + 10


def test_the_sponsor_of_record_leaves_when_that_cause_begins(world: duckdb.DuckDBPyConnection) -> None:
    begins = (
        "SELECT DISTINCT account_id, cause_since FROM weeks WHERE cause = 'sponsor' AND cause_since > DATE '2024-07-01'"
    )
    ended = (
        "EXISTS (FROM contacts c WHERE c.account_id = b.account_id AND role = 'sponsor' AND ended_at >= cause_since "
    )
    share = world.execute(
        f"SELECT avg(({ended} AND ended_at < cause_since + INTERVAL 8 DAY))::INT), count(*) FROM ({begins}) b"
    ).fetchall()[0]
    assert share[1] > 50
    assert 0.55 < share[0] < 0.95  # the rest has no sponsor on record


def test_a_bad_fit_is_slow_to_take_up_features(world: duckdb.DuckDBPyConnection) -> None:
    rows = dict(
        world.execute(
            """
            WITH young AS (SELECT account_id, min(week_start) AS begun, arg_min(cause, as_of) AS cause FROM weeks
                           GROUP BY account_id HAVING begun > DATE '2024-06-01'),
            used AS (SELECT account_id, coalesce(cause, '') = 'fit' AS unfit, count(DISTINCT feature) AS features
                     FROM young JOIN usage USING (account_id) WHERE occurred_at < begun + INTERVAL 56 DAY GROUP BY ALL)
            SELECT unfit, avg(features) FROM used GROUP BY unfit
            """
        ).fetchall()
    )
    assert rows[True] < 0.8 * rows[False]


def test_nothing_visible_precedes_a_merger(world: duckdb.DuckDBPyConnection) -> None:
    """Accounts that leave suddenly were as healthy half a year before the end as all others."""
    query = """
        SELECT avg(low::INT), count(DISTINCT w.account_id) FROM weeks w JOIN outcomes o ON o.account_id = w.account_id
        AND reason {} 'merger or insolvency' AND kind = 'churn' AND as_of BETWEEN effective_at - INTERVAL 120 DAY
        AND effective_at - INTERVAL 60 DAY
    """
    sudden, accounts = world.execute(query.format("=")).fetchall()[0]
    others, _ = world.execute(query.format("<>")).fetchall()[0]
    assert accounts >= 10
    assert sudden < 0.3 < 0.4 < others


def test_many_declining_accounts_recover(world: duckdb.DuckDBPyConnection) -> None:
    fell = "SELECT DISTINCT account_id FROM weeks WHERE low AND as_of < DATE '2026-03-01'"
    stayed = "SELECT account_id FROM weeks WHERE as_of = DATE '2026-11-02' AND level <= 1"
    share = world.execute(f"SELECT avg((account_id IN ({stayed}))::INT) FROM ({fell})").fetchall()[0][0]
    assert share > 0.35
