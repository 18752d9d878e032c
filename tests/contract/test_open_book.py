"""A good book opens without a problem, typed, with both clocks."""

from datetime import datetime
from typing import Any

import pytest

from features.book import Book
from features.contract import TABLES, Limits
from features.sources.files import open_book

LIMITS = Limits()


@pytest.fixture
def good(write_book: Any) -> Book:
    return open_book(*write_book(), LIMITS)


def one(book: Book, sql: str) -> Any:
    return book.con.execute(sql).fetchall()[0][0]


def test_a_good_book_has_no_problem(good: Book) -> None:
    assert good.report["problems"] == []
    assert not any(table["quarantined"] for table in good.report["tables"].values())


def test_every_table_has_every_column_and_known_at(good: Book) -> None:
    for table in TABLES.values():
        described = good.con.execute(f"DESCRIBE {table.name}").fetchall()
        superseded = [] if table.name == "usage" else ["superseded_at"]
        assert [row[0] for row in described] == [*table.names, "known_at", *superseded]


def test_columns_tell_what_the_source_gives(good: Book) -> None:
    assert good.has("usage", "event_id")
    assert not good.has("usage", "user_id")
    assert not good.has("invoices")


def test_the_report_says_rows_span_and_what_a_missing_table_costs(good: Book) -> None:
    usage, invoices = good.report["tables"]["usage"], good.report["tables"]["invoices"]
    assert (usage["rows"], usage["kept"], usage["first"]) == (400, 400, "2024-01-02T00:00:00")
    assert invoices["missing"]
    assert invoices["cost"] == "payment: late and overdue invoices, days late and their change"


def test_events_are_known_when_both_clocks_have_passed(good: Book) -> None:
    assert one(good, "SELECT min(known_at) FROM usage") == datetime(2024, 1, 2, 1)  # noqa: DTZ001


def test_a_contract_may_be_known_before_it_starts(write_book: Any) -> None:
    signed = "SELECT *, TIMESTAMP '2023-12-01' AS recorded_at FROM good"
    book = open_book(*write_book({"subscriptions": signed}), LIMITS)
    assert one(book, "SELECT max(known_at) FROM subscriptions") == datetime(2023, 12, 1)  # noqa: DTZ001


def test_versions_of_an_account_are_kept_apart(write_book: Any) -> None:
    versions = "SELECT *, created_at + to_days(v::INT) AS valid_from FROM good, range(2) t(v)"
    book = open_book(*write_book({"accounts": versions}), LIMITS)
    assert book.report["tables"]["accounts"]["kept"] == 80
    assert book.report["problems"] == []


def test_surplus_copies_of_an_event_are_told_and_the_first_known_is_kept(write_book: Any) -> None:
    later = "SELECT * REPLACE (available_at + to_days(v::INT) AS available_at) FROM good, range(2) t(v)"
    twice = f"{later} WHERE event_id < 9 OR v = 0"
    book = open_book(*write_book({"usage": twice}), LIMITS)
    assert one(book, "SELECT count(*) FROM usage_repeats") == 9
    assert one(book, "SELECT bool_and(known_at > occurred_at + to_days(1)) FROM usage_repeats")
    assert [(p["rule"], p["severity"], p["count"]) for p in book.report["problems"]] == [("repeated", "note", 9)]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_csv_and_parquet_give_the_same_book(write_book: Any, kind: str) -> None:
    book = open_book(*write_book(csv=tuple(TABLES) if kind == "csv" else ()), LIMITS)
    assert one(book, "SELECT typeof(created_at) FROM accounts") == "TIMESTAMP"
    assert one(book, "SELECT sum(mrr) FROM subscriptions") == 4000
    assert one(book, "SELECT max(occurred_at) FROM usage") == datetime(2024, 1, 18, 15)  # noqa: DTZ001
    assert book.report["problems"] == []


def test_whole_numbers_stored_as_fractions_are_the_same_accounts(write_book: Any) -> None:
    ids = "SELECT * REPLACE (account_id[2:]::{} AS account_id) FROM good"
    others = ("accounts", "subscriptions", "outcomes", "contacts", "tickets", "surveys")
    book = open_book(*write_book({"usage": ids.format("DOUBLE")} | {t: ids.format("INT") for t in others}), LIMITS)
    assert book.report["problems"] == []


def test_leading_zeros_of_identifiers_survive_csv(write_book: Any) -> None:
    zeros = dict.fromkeys(("accounts", "usage"), "SELECT * REPLACE ('00' || account_id[2:] AS account_id) FROM good")
    others = dict.fromkeys(("subscriptions", "outcomes", "contacts", "tickets", "surveys"), zeros["usage"])
    book = open_book(*write_book({**zeros, **others}, csv=("accounts",)), LIMITS)
    assert one(book, "SELECT min(account_id) FROM accounts") == "000"
    assert book.report["problems"] == []


@pytest.mark.parametrize(
    ("expression", "instant"),
    [
        ("TIMESTAMP '2024-07-01 00:00'", datetime(2024, 6, 30, 22)),  # noqa: DTZ001
        ("DATE '2024-01-01'", datetime(2023, 12, 31, 23)),  # noqa: DTZ001
        ("'2024-07-01 00:00:00'", datetime(2024, 6, 30, 22)),  # noqa: DTZ001
        ("'2024-07-01T00:00:00+05:00'", datetime(2024, 6, 30, 19)),  # noqa: DTZ001
        ("TIMESTAMPTZ '2024-07-01 00:00:00+00'", datetime(2024, 7, 1)),  # noqa: DTZ001
    ],
)
def test_times_become_utc(write_book: Any, expression: str, instant: datetime) -> None:
    mapping, data = write_book(columns={"tickets": {"closed_at": expression, "opened_at": "TIMESTAMP '2023-12-31'"}})
    book = open_book(mapping.__class__(**{**vars(mapping), "timezone": "Europe/Berlin"}), data, LIMITS)
    assert one(book, "SELECT any_value(closed_at) FROM tickets") == instant


def test_a_zone_that_the_mapping_does_not_state_is_noted(write_book: Any) -> None:
    book = open_book(*write_book(timezone=None), LIMITS)
    notes = {problem["rule"]: problem["text"] for problem in book.report["problems"]}
    assert list(notes) == ["naive_times"]
    assert "read as UTC" in notes["naive_times"]
    assert 'say timezone = "UTC"' in notes["naive_times"]
