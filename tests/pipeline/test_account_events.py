"""The events of the time line: in words, once, and only when they could be known."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from features.book import Book
from features.outcome import OutcomeContract
from pipelines.account_events import account_events

from .dealings_book import book_of, churn, on

AS_OF, WEEK = date(2026, 9, 7), timedelta(days=7)
CONTRACT = OutcomeContract()


def told(book: Book, as_of: date = AS_OF, since: date = date(2025, 1, 1)) -> list[tuple[str, str, str]]:
    """Return happened, known and text of every event known by then."""
    found = account_events(book, as_of, since=since, oldest=date(2025, 1, 1), contract=CONTRACT, currency="€")
    return [(f"{row.on:%m-%d}", f"{row.known_on:%m-%d}", row.text) for row in found.itertuples()]


WORDS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "a severe ticket": (
        "tickets",
        {"ticket_id": "T1", "opened_at": on("05-04"), "severity": "Urgent", "reopened_at": on("05-20")},
        ["A severe ticket was opened (severity: urgent).", "A severe ticket was opened again (severity: urgent)."],
    ),
    "any other ticket": ("tickets", {"ticket_id": "T1", "opened_at": on("05-04"), "severity": "low"}, []),
    "a sponsor": (
        "contacts",
        {"contact_id": "C1", "role": "Sponsor", "started_at": on("03-01"), "ended_at": on("05-01")},
        ["An executive sponsor joined.", "An executive sponsor left."],
    ),
    "another contact": ("contacts", {"contact_id": "C1", "role": "admin", "started_at": on("03-01")}, []),
    "a detractor": (
        "surveys",
        {"answered_at": on("05-01"), "kind": "NPS", "score": 3.0},
        ["NPS answer: 3 of 10 (detractor)."],
    ),
    "satisfaction": (
        "surveys",
        {"answered_at": on("05-01"), "kind": "csat", "score": 82.5},
        ["Satisfaction answer: 82.5 of 100."],
    ),
    "a call of theirs": (
        "touchpoints",
        {"occurred_at": on("05-01"), "kind": "call", "initiated_by": "Customer"},
        ["The account called."],
    ),
    "a call of ours": ("touchpoints", {"occurred_at": on("05-01"), "kind": "call", "initiated_by": "us"}, []),
    "a review": ("touchpoints", {"occurred_at": on("05-01"), "kind": "qbr"}, ["A business review was held."]),
    "a review missed": (
        "touchpoints",
        {"occurred_at": on("05-01"), "kind": "qbr", "kept": False},
        ["A business review did not take place."],
    ),
    "a contraction": (
        "outcomes",
        {"kind": "contraction", "effective_at": on("05-01"), "amount": 1234.4},
        ["Contraction: monthly revenue down by €1,234."],
    ),
    "a churn with notice": (
        "outcomes",
        churn("A00001", "05-01", "05-03", noticed_at=on("03-01"), reason="too\tdear"),
        ["Notice to end the contract was received.", "The account churned; reason given: too dear."],
    ),
}


@pytest.mark.parametrize(("table", "row", "texts"), WORDS.values(), ids=WORDS)
def test_events_are_told_in_words(table: str, row: dict[str, Any], texts: list[str]) -> None:
    assert [said for _, _, said in told(book_of(**{table: [row]}))] == texts


def term(number: int, start: str, end: str | None, **more: Any) -> dict[str, Any]:
    """Return a row of subscriptions."""
    ends = None if end is None else datetime.fromisoformat(end)
    named = {"subscription_id": f"S{number}", "started_at": datetime.fromisoformat(start), "ends_at": ends}
    return {"mrr": 100.0, "seats": 10.0, **named, **more}


def test_contracts_begin_are_renewed_and_end() -> None:
    terms = [
        term(1, "2025-05-01", "2026-05-01"),
        term(2, "2026-05-01", "2026-07-01", mrr=120.0),
        term(3, "2026-07-01", "2026-08-01", mrr=120.0),
    ]
    assert told(book_of(subscriptions=terms)) == [
        ("05-01", "05-01", "The contract began; it runs until 1 May 2026."),
        ("05-01", "05-01", "The contract was renewed with monthly revenue up 20%; it runs until 1 Jul 2026."),
        ("08-01", "08-31", "The contract ended and was not renewed."),
    ]


def test_a_term_is_told_beside_those_before_it_that_were_known_then() -> None:
    late, new = term(1, "2025-05-01", "2026-05-01", recorded_at=on("08-01")), term(2, "2026-05-01", "2027-05-01")
    began = ("05-01", "05-01", "The contract began; it runs until 1 May 2027.")
    assert told(book_of(subscriptions=[late, new]), date(2026, 7, 6)) == [began]
    assert began in told(book_of(subscriptions=[late, new]))
    renewed = "The contract was renewed; it runs until 1 May 2027."
    assert renewed in [said for _, _, said in told(book_of(subscriptions=[late | {"recorded_at": None}, new]))]


def test_an_end_is_not_told_before_the_gap_has_passed() -> None:
    book = book_of(subscriptions=[term(1, "2025-05-01", "2026-08-15")])
    assert len(told(book, AS_OF)) == 1
    assert len(told(book, AS_OF + 2 * WEEK)) == 2


def test_what_is_recorded_later_is_not_known_yet() -> None:
    rows: dict[str, dict[str, Any]] = {
        "tickets": {"ticket_id": "T1", "opened_at": on("08-01"), "severity": "high"},
        "contacts": {"contact_id": "C1", "role": "sponsor", "started_at": on("08-01"), "ended_at": on("08-05")},
        "subscriptions": term(1, "2026-08-01", None, noticed_at=on("08-05")),
        "surveys": {"answered_at": on("08-01"), "kind": "nps", "score": 9.0},
        "touchpoints": {"occurred_at": on("08-01"), "kind": "qbr"},
        "outcomes": {"kind": "churn", "effective_at": on("08-01"), "noticed_at": on("08-01")},
    }
    late = book_of(**{table: [row | {"recorded_at": on("09-07")}] for table, row in rows.items()})
    assert told(late, AS_OF) == []
    assert len(told(late, AS_OF + WEEK)) == 9
    assert {known for _, known, _ in told(late, AS_OF + WEEK)} == {"09-07"}
    assert len(told(book_of(**{table: [row] for table, row in rows.items()}), AS_OF)) == 9


def test_what_has_not_happened_yet_is_not_told_though_it_is_known() -> None:
    book = book_of(outcomes=[churn("A00001", "09-20", "08-01")])
    assert told(book) == []
    assert len(told(book, AS_OF + 2 * WEEK)) == 1


def test_a_correction_is_told_once_and_only_where_it_changes_what_was_said() -> None:
    first = {"event_id": "E1", "answered_at": on("05-01"), "kind": "nps", "score": 3.0, "recorded_at": on("05-01")}
    again = first | {"contact_id": "C9", "recorded_at": on("05-10")}
    other = first | {"score": 8.0, "recorded_at": on("06-10")}
    book = book_of(surveys=[first, again, other])
    corrected = ("05-01", "06-10", "Corrected: NPS answer: 8 of 10 (passive).")
    assert told(book) == [("05-01", "05-01", "NPS answer: 3 of 10 (detractor)."), corrected]
    assert told(book, since=date(2026, 5, 5)) == [corrected]


def test_a_book_without_optional_tables_has_no_events() -> None:
    assert told(book_of()) == []
