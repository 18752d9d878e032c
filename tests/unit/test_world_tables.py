"""The tables of a simulated world keep the contract and their own promises."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from features.contract import TABLES
from features.sources.world import simulate

WRITTEN = {name: table for name, table in TABLES.items() if name != "interventions"}
"""The tables that a world has; nobody acts in it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worlds") / "book"
    simulate(folder, accounts=400, weeks=104, seed=11, threads=2)
    return folder


@pytest.fixture(scope="module")
def world(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(config={"threads": 1})
    for name in WRITTEN:
        files = folder / ("usage/*.parquet" if name == "usage" else f"{name}.parquet")
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM '{files}'")
    con.execute(
        "CREATE VIEW terms AS FROM subscriptions "
        "QUALIFY row_number() OVER (PARTITION BY subscription_id ORDER BY recorded_at DESC) = 1"
    )
    con.execute("CREATE VIEW leavers AS SELECT account_id, effective_at FROM outcomes WHERE kind = 'churn'")
    yield con
    con.close()


def one(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    """Return the query's only value."""
    return con.execute(query).fetchall()[0][0]


@pytest.mark.parametrize("table", WRITTEN.values(), ids=lambda table: table.name)
def test_every_canonical_column_is_there(folder: Path, table: Any) -> None:
    path = folder / "usage" / "part-0000.parquet" if table.name == "usage" else folder / f"{table.name}.parquet"
    missing = set(table.names) - set(pq.read_schema(path).names)
    assert missing == set()


def test_contract_kinds_have_their_shares(world: duckdb.DuckDBPyConnection) -> None:
    rows = world.execute(
        "SELECT datediff('month', started_at, ends_at) AS months, count(*) / 400 FROM terms "
        "WHERE subscription_id LIKE '%-01' GROUP BY months"
    ).fetchall()
    shares = dict(rows)
    assert shares.keys() == {1, 12, 24, 36}
    assert 0.13 < shares[1] < 0.27
    assert 0.57 < shares[12] < 0.73
    assert 0.08 < shares[24] + shares[36] < 0.22


def test_terms_follow_each_other_without_gap(world: duckdb.DuckDBPyConnection) -> None:
    gaps = (
        "SELECT count(*) FROM (SELECT ends_at, lead(started_at) OVER (PARTITION BY account_id ORDER BY started_at) AS "
        "after FROM terms) WHERE after <> ends_at"
    )
    assert one(world, gaps) == 0


def test_a_renewal_is_not_on_record_before_its_term_begins(world: duckdb.DuckDBPyConnection) -> None:
    renewals = "FROM subscriptions WHERE subscription_id NOT LIKE '%-01'"
    assert one(world, f"SELECT count(*) {renewals}") > 1000
    assert one(world, f"SELECT count(*) {renewals} AND recorded_at < started_at") == 0


def test_the_end_of_a_churned_contract_is_the_day_of_the_churn(world: duckdb.DuckDBPyConnection) -> None:
    ends = "SELECT account_id, max(ends_at) AS ends_at FROM subscriptions GROUP BY account_id"
    assert (
        one(world, f"SELECT count(*) FROM leavers JOIN ({ends}) USING (account_id) WHERE ends_at <> effective_at") == 0
    )
    assert one(world, "SELECT count(*) FROM leavers") > 30


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("usage", "occurred_at"),
        ("tickets", "opened_at"),
        ("surveys", "answered_at"),
        ("trainings", "completed_at"),
        ("touchpoints", "occurred_at"),
        ("invoices", "due_at"),
        ("subscriptions", "started_at"),
        ("contacts", "started_at"),
    ],
)
def test_nothing_begins_after_an_account_has_left(world: duckdb.DuckDBPyConnection, table: str, column: str) -> None:
    query = f"SELECT count(*) FROM {table} JOIN leavers USING (account_id) WHERE {column} >= effective_at"
    assert one(world, query) == 0
    assert one(world, query.replace(">=", "<")) > 0


def test_nothing_is_known_before_the_data_end(world: duckdb.DuckDBPyConnection) -> None:
    late = {
        "usage": "available_at", "outcomes": "recorded_at", "contacts": "recorded_at", "subscriptions": "recorded_at",
        "tickets": "closed_at", "invoices": "paid_at", "accounts": "valid_from",
    }  # fmt: skip
    latest = {table: str(one(world, f"SELECT max({column}) FROM {table}")) for table, column in late.items()}
    assert {table: time for table, time in latest.items() if time >= "2026-11-02"} == {}


def test_shares_of_late_and_repeated_events(world: duckdb.DuckDBPyConnection) -> None:
    late = one(world, "SELECT avg((available_at - occurred_at > INTERVAL 1 HOUR)::INT) FROM usage")
    said = "SELECT DISTINCT * EXCLUDE (available_at) FROM usage"
    repeated = one(world, f"SELECT 1 - (SELECT count(*) FROM ({said})) / count(*) FROM usage")
    corrected = one(world, f"SELECT 1 - count(DISTINCT event_id) / count(*) FROM ({said})")
    assert 0.025 < late < 0.04
    assert 0.004 < repeated < 0.006
    assert 0.0007 < corrected < 0.0013
    first = "SELECT min(available_at - occurred_at) AS wait FROM usage GROUP BY event_id"
    assert one(world, f"SELECT max(wait) < INTERVAL 241 HOUR FROM ({first})")


def test_a_correction_comes_later_and_changes_one_thing(world: duckdb.DuckDBPyConnection) -> None:
    pairs = world.execute(
        """
        SELECT count(*) AS rows, count(DISTINCT account_id) * count(DISTINCT occurred_at) AS places,
               count(DISTINCT user_id) + count(DISTINCT feature) + count(DISTINCT quantity) AS things,
               max(available_at) - min(available_at) > INTERVAL 1 DAY AS later, count(DISTINCT feature) > 1 AS renamed
        FROM usage WHERE event_id IN (
            SELECT event_id FROM (SELECT DISTINCT event_id, user_id, feature, quantity FROM usage)
            GROUP BY event_id HAVING count(*) > 1)
        GROUP BY event_id
        """
    ).fetchall()
    assert {pair[:4] for pair in pairs} == {(2, 1, 4, True)}
    assert 0.1 < sum(renamed for *_, renamed in pairs) / len(pairs) < 0.4


def test_the_youngest_feature_is_used_from_its_launch_on(world: duckdb.DuckDBPyConnection) -> None:
    launch = one(world, "SELECT max(valid_from) FROM entitlements")
    young = world.execute("SELECT DISTINCT feature FROM entitlements WHERE valid_from IS NOT NULL").fetchall()
    assert young == [("mobile",)]
    assert one(world, "SELECT count(*) FROM entitlements WHERE valid_from IS NOT NULL") == 2
    used = world.execute("SELECT min(occurred_at), count(*) FROM usage WHERE feature = 'mobile'").fetchall()[0]
    assert launch <= used[0] < launch + timedelta(days=2)
    assert used[1] > 1000
    first = one(
        world,
        "SELECT max(began) FROM (SELECT min(occurred_at) AS began FROM usage GROUP BY feature) "
        f"WHERE began < TIMESTAMP '{launch}'",
    )
    assert (first - one(world, "SELECT min(occurred_at) FROM usage")).days < 120


def test_one_account_in_seven_has_no_sponsor_on_record(world: duckdb.DuckDBPyConnection) -> None:
    with_sponsor = one(world, "SELECT count(DISTINCT account_id) FROM contacts WHERE role = 'sponsor'")
    assert 0.10 < 1 - with_sponsor / 400 < 0.20


def test_owners_have_twenty_to_sixty_accounts(world: duckdb.DuckDBPyConnection) -> None:
    counts = world.execute("SELECT count(*) FROM accounts WHERE valid_from = created_at GROUP BY owner").fetchall()
    assert all(20 <= count <= 60 for (count,) in counts)


def test_some_accounts_are_tracked_late(world: duckdb.DuckDBPyConnection) -> None:
    first = "SELECT account_id, min(occurred_at) AS seen FROM usage GROUP BY account_id"
    begin = "SELECT account_id, min(started_at) AS begun FROM subscriptions GROUP BY account_id"
    wait = "seen - greatest(begun, TIMESTAMP '2024-11-04') > INTERVAL 55 DAY"
    late = one(world, f"SELECT avg(({wait})::INT) FROM ({first}) JOIN ({begin}) USING (account_id)")
    assert 0.01 < late < 0.12


def test_events_keep_to_the_plan(world: duckdb.DuckDBPyConnection) -> None:
    used = "SELECT DISTINCT plan, feature FROM usage JOIN accounts USING (account_id) WHERE feature <> 'login'"
    assert one(world, f"SELECT count(*) FROM ({used}) ANTI JOIN entitlements USING (plan, feature)") == 0


def test_weekends_august_and_the_end_of_december_are_quiet(world: duckdb.DuckDBPyConnection) -> None:
    assert one(world, "SELECT avg((isodow(occurred_at) > 5)::INT) FROM usage") < 0.06
    daily = "SELECT count(*) / count(DISTINCT occurred_at::DATE) FROM usage WHERE "
    usual = one(world, daily + "month(occurred_at) IN (6, 9)")
    assert one(world, daily + "month(occurred_at) = 8") < 0.95 * usual
    assert one(world, daily + "month(occurred_at) = 12 AND day(occurred_at) > 22") < 0.75 * usual
