"""A good book opens without a problem, typed, with both clocks."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from features.book import Book
from features.contract import TABLES, Limits
from features.sources.files import open_book
from features.sources.mapping import SourceMapping, TableMapping

GOOD = {
    "accounts": "SELECT 'A' || i AS account_id, DATE '2024-01-01' AS created_at FROM range(3) t(i)",
    "subscriptions": """SELECT 'A' || i AS account_id, 'S' || i AS subscription_id, DATE '2024-01-01' AS started_at,
        NULL::DATE AS ends_at, 100 AS mrr FROM range(3) t(i)""",
    "usage": """SELECT 'A' || (i % 3) AS account_id, TIMESTAMP '2024-01-02' + to_hours(i) AS occurred_at,
        'login' AS feature, i // 2 AS event_id, occurred_at + to_hours(2 - i % 2) AS available_at
        FROM range(30) t(i)""",
}


@pytest.fixture
def good(tmp_path: Path) -> Book:
    for table, sql in GOOD.items():
        duckdb.execute(f"COPY ({sql}) TO '{tmp_path / table}.parquet'")
    tables = {table: TableMapping(path=f"{table}.parquet") for table in GOOD}
    return open_book(SourceMapping("good.toml", tables, timezone="UTC"), tmp_path, Limits(quarantine_share=1))


def test_every_table_has_every_column_and_known_at(good: Book) -> None:
    for table in TABLES.values():
        described = good.con.execute(f"DESCRIBE {table.name}").fetchall()
        assert [row[0] for row in described] == [*table.names, "known_at"]


def test_columns_tell_what_the_source_gives(good: Book) -> None:
    assert good.has("usage", "event_id")
    assert not good.has("usage", "user_id")
    assert not good.has("contacts")


def test_events_are_known_when_both_clocks_have_passed(good: Book) -> None:
    known = good.con.execute("SELECT min(known_at) FROM usage").fetchall()[0][0]
    assert known == datetime(2024, 1, 2, 2)  # noqa: DTZ001


def test_surplus_copies_of_an_event_are_told_apart(good: Book) -> None:
    kept, surplus = good.con.execute(
        "SELECT count(DISTINCT event_id), (SELECT count(*) FROM usage_repeats) FROM usage"
    ).fetchall()[0]
    assert (kept, surplus) == (15, 15)
