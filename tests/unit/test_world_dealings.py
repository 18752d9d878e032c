"""What passes between an account and us: invitations, missed meetings, contacts, courses, late and corrected rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.sources.world import simulate

DEALINGS = ("tickets", "surveys", "trainings", "touchpoints", "invoices")
EVENT = {"tickets": "opened_at", "surveys": "answered_at", "trainings": "completed_at", "invoices": "due_at"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder: Path = tmp_path_factory.mktemp("worlds") / "dealings"
    simulate(folder, accounts=600, weeks=104, seed=19, threads=2, activity=0.05)
    con = duckdb.connect(config={"threads": 1})
    for name in (*DEALINGS, "contacts", "subscriptions", "truth"):
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM '{folder}/{name}.parquet'")
    yield con
    con.close()


def one(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    """Return the query's only value."""
    return con.execute(query).fetchall()[0][0]


def test_every_answer_follows_an_invitation_of_the_same_week(world: duckdb.DuckDBPyConnection) -> None:
    invited = "EXISTS (FROM touchpoints t WHERE kind = 'survey' AND t.account_id = s.account_id AND {})"
    week = "occurred_at < answered_at AND occurred_at > answered_at - INTERVAL 7 DAY"
    # A few invitations were not yet on record when the data ended, and so are their answers.
    settled = "FROM surveys s WHERE answered_at < TIMESTAMP '2026-10-26'"
    assert one(world, f"SELECT avg(({invited.format(week)})::INT) {settled}") == 1.0
    day_before = "occurred_at < answered_at - INTERVAL 7 DAY AND occurred_at > answered_at - INTERVAL 12 DAY"
    assert one(world, f"SELECT avg(({invited.format(day_before)})::INT) {settled}") < 0.2


def test_a_third_to_half_of_the_invitations_is_answered(world: duckdb.DuckDBPyConnection) -> None:
    asked = one(world, "SELECT count(*) FROM touchpoints WHERE kind = 'survey'")
    assert 0.32 < one(world, "SELECT count(*) FROM surveys") / asked < 0.48


def test_some_accounts_are_asked_how_content_they_are(world: duckdb.DuckDBPyConnection) -> None:
    low, high, steps, accounts = world.execute(
        "SELECT min(score), max(score), max(score % 5), count(DISTINCT account_id) FROM surveys WHERE kind = 'csat'"
    ).fetchall()[0]
    assert 0 <= low < 50 < 95 <= high <= 100
    assert steps == 0
    assert 0.2 < accounts / 600 < 0.42
    assert one(world, "SELECT max(score) FROM surveys WHERE kind = 'nps'") == 10


def test_meetings_that_did_not_take_place_are_there(world: duckdb.DuckDBPyConnection) -> None:
    rows = world.execute(
        "SELECT kind, avg(kept::INT), count(kept) = count(*) FROM touchpoints GROUP BY kind ORDER BY kind"
    ).fetchall()
    shares = {kind: share for kind, share, _ in rows}
    assert {kind for kind, _, whole in rows if whole} == {"call", "qbr"}
    assert 0.72 < shares["qbr"] < 0.88
    assert 0.84 < shares["call"] < 0.96
    assert shares["email"] is shares["survey"] is None


@pytest.mark.parametrize(("level", "held"), [(0, 0.90), (1, 0.88), (3, 0.52), (4, 0.40)])
def test_reviews_are_held_as_often_as_the_hidden_health_says(
    world: duckdb.DuckDBPyConnection, level: int, held: float
) -> None:
    share, count = world.execute(
        f"""
        SELECT avg(kept::INT), count(*) FROM touchpoints m JOIN truth t ON t.account_id = m.account_id
        AND occurred_at < as_of AND occurred_at >= as_of - INTERVAL 7 DAY
        WHERE kind = 'qbr' AND level = {level} AND coalesce(cause, '') <> 'sponsor'
        """
    ).fetchall()[0]
    assert abs(share - held) < 4 * (held * (1 - held) / count) ** 0.5
    assert count > 40


@pytest.mark.parametrize("table", ["surveys", "trainings", "touchpoints"])
def test_contacts_are_those_of_the_account_and_in_office(world: duckdb.DuckDBPyConnection, table: str) -> None:
    at = EVENT.get(table, "occurred_at")
    known = f"""EXISTS (FROM contacts c WHERE c.account_id = t.account_id AND c.contact_id = t.contact_id
                        AND started_at <= {at} AND coalesce({at} < ended_at, TRUE))"""
    assert one(world, f"SELECT avg(({known})::INT) FROM {table} t WHERE contact_id IS NOT NULL") == 1.0
    assert one(world, f"SELECT avg((contact_id IS NOT NULL)::INT) FROM {table}") > 0.99
    assert one(world, f"SELECT count(DISTINCT contact_id) / count(DISTINCT account_id) FROM {table}") > 1.2


def test_key_users_leave_sooner_when_things_go_badly(world: duckdb.DuckDBPyConnection) -> None:
    rows = world.execute(
        """
        SELECT level >= 3 AS low, count(*) FILTER (ended_at >= as_of - INTERVAL 7 DAY AND ended_at < as_of) / count(*)
        FROM contacts c JOIN truth t ON t.account_id = c.account_id AND started_at < as_of - INTERVAL 7 DAY
        AND coalesce(ended_at >= as_of - INTERVAL 7 DAY, TRUE)
        WHERE role = 'key user' AND (level = 0 OR level >= 3) GROUP BY low ORDER BY low
        """
    ).fetchall()
    assert rows[1][1] > 3 * rows[0][1]


def test_some_trainings_end_in_a_certificate(world: duckdb.DuckDBPyConnection) -> None:
    assert 0.12 < one(world, "SELECT avg((course = 'certified administrator')::INT) FROM trainings") < 0.20


@pytest.mark.parametrize("table", DEALINGS)
def test_few_rows_are_recorded_late_and_none_after_five_days(world: duckdb.DuckDBPyConnection, table: str) -> None:
    at = EVENT.get(table, "occurred_at")
    key = "ticket_id" if table == "tickets" else "event_id"
    first = f"SELECT min(recorded_at - {at}) AS wait FROM {table} GROUP BY {key}"
    none, late, longest = world.execute(
        f"SELECT min(wait) >= INTERVAL 0 DAY, avg((wait > INTERVAL 0 DAY)::INT), max(wait) < INTERVAL 5 DAY "
        f"FROM ({first})"
    ).fetchall()[0]
    assert none
    assert longest
    assert 0.015 < late < 0.045


@pytest.mark.parametrize(
    ("table", "key", "said", "low", "high"),
    [
        ("tickets", "ticket_id", "severity", 0.006, 0.014),
        ("invoices", "event_id", "amount", 0.004, 0.012),
        ("subscriptions", "subscription_id", "(mrr, seats)", 0.003, 0.009),
        ("trainings", "event_id", "course", -1, 0),
    ],
)
def test_some_rows_are_put_right_later(
    world: duckdb.DuckDBPyConnection, table: str, key: str, said: str, low: float, high: float
) -> None:
    versions = f"""SELECT count(*) AS rows, count(DISTINCT {said}) = count(*) AS changed,
                   max(recorded_at) - min(recorded_at) <= INTERVAL 12 DAY AS soon FROM {table} GROUP BY {key}"""
    rows, changed, soon, share = world.execute(
        f"SELECT max(rows), bool_and(changed), bool_and(soon), avg((rows > 1)::INT) FROM ({versions})"
    ).fetchall()[0]
    assert rows <= 2
    assert changed
    assert soon
    assert low < share <= high


def test_discounts_end_inside_or_at_the_end_of_a_year(world: duckdb.DuckDBPyConnection) -> None:
    months = world.execute(
        "SELECT DISTINCT datediff('month', started_at, discount_ends_at) FROM subscriptions "
        "WHERE discount_ends_at IS NOT NULL ORDER BY ALL"
    ).fetchall()
    assert months == [(3,), (6,), (12,)]
    long = "FROM subscriptions WHERE ends_at - started_at > INTERVAL 300 DAY AND subscription_id LIKE '%-01'"
    assert 0.28 < one(world, f"SELECT avg((discount_ends_at IS NOT NULL)::INT) {long}") < 0.42
    assert one(world, f"SELECT count(discount_ends_at) {long.replace('>', '<', 1)}") == 0
