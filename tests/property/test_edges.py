"""Directed cases that the thrown books rarely meet; the engine once got each of them wrong."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.grid import AsOfs, Flow
from features.snapshot import Snapshot
from tests.property.checks import day, same, snapshot
from tests.property.dealings import LAST
from tests.property.told import DAY, TICK, WEEK

Rows = list[dict[str, Any]]


def events(account: str, feature: str, weeks: range, **more: Any) -> Rows:
    """Return one event in the middle of each of the weeks before LAST."""
    return [
        {"account_id": account, "occurred_at": LAST - week * WEEK + WEEK / 2, "feature": feature} | more
        for week in weeks
    ]


def event(account: str, feature: str, when: datetime, **more: Any) -> dict[str, Any]:
    return {"account_id": account, "occurred_at": when, "feature": feature} | more


def book(usage: Rows, **tables: Rows) -> dict[str, Rows]:
    """Return a book of accounts A and B, both under an open contract for years."""
    return {
        "accounts": [{"account_id": name, "created_at": LAST - 200 * WEEK} for name in "AB"],
        "subscriptions": [
            {"account_id": name, "subscription_id": name, "started_at": LAST - 150 * WEEK, "mrr": 10.0} for name in "AB"
        ],
        "usage": usage,
        "contacts": [],
        "tickets": [],
    } | tables


def value(found: Snapshot, feature: str, account: str = "A") -> float:
    """Return a feature of an account at the last as-of date."""
    return float(found.frame.loc[(account, pd.Timestamp(LAST)), feature])


HALF_YEAR = events("A", "export", range(26, 0, -1))


def test_an_early_event_known_too_late_changes_nothing() -> None:
    surprise = event("B", "export", LAST - 100 * WEEK, available_at=LAST + WEEK)
    same(snapshot(book(HALF_YEAR), [day(0)]), snapshot(book([*HALF_YEAR, surprise]), [day(0)]))


def test_another_accounts_first_use_changes_nothing() -> None:
    other = event("B", "export", LAST - 100 * WEEK)
    same(snapshot(book(HALF_YEAR), [day(0)]), snapshot(book([*HALF_YEAR, other]), [day(0)]), of="A")


def test_what_happened_before_the_first_use_counts() -> None:
    left = {"account_id": "A", "contact_id": "c", "role": "sponsor", "started_at": LAST - 60 * WEEK}
    found = snapshot(
        book(
            events("A", "export", range(4, 0, -1)),
            contacts=[left | {"ended_at": LAST - 30 * WEEK}],
            tickets=[{"account_id": "A", "ticket_id": "t", "opened_at": LAST - 9 * WEEK}],
        ),
        [day(0)],
    )
    assert [value(found, name) for name in ("sponsor_changes", "tickets_opened", "arr_change")] == [1, 1, 0]


def test_a_first_login_in_the_future_changes_nothing() -> None:
    login = event("B", "login", LAST + DAY)
    same(snapshot(book(HALF_YEAR), [day(0)]), snapshot(book([*HALF_YEAR, login]), [day(0)]))


def test_an_account_that_is_known_later_is_not_listed_yet() -> None:
    tables = book(HALF_YEAR)
    later = {"account_id": "C", "created_at": LAST - 200 * WEEK, "valid_from": LAST + WEEK}
    more = book(HALF_YEAR, accounts=[*tables["accounts"], later])
    same(snapshot(tables, [day(0)]), snapshot(more, [day(0)]))


def test_an_account_created_later_is_not_scored_because_a_later_date_is_asked_for() -> None:
    accounts = [
        {"account_id": "A", "created_at": LAST - 2 * WEEK},
        {"account_id": "B", "created_at": LAST - 200 * WEEK},
    ]
    tables = book(HALF_YEAR, accounts=accounts)
    same(snapshot(tables, [day(5)]), snapshot(tables, [day(5), day(0)]), day(5))


@pytest.mark.parametrize(("without", "users", "features"), [((), 1, 2), (("usage.available_at",), 1, 1)])
def test_other_words_correct_where_it_is_told_when_they_came(without: Sequence[str], users: int, features: int) -> None:
    kept = event("A", "export", LAST - 9 * DAY, user_id="u1", event_id="e")
    other = event("A", "chat", LAST - 2 * DAY, user_id="u2", event_id="e")
    found = snapshot(book([*HALF_YEAR, kept, other]), [day(0)], without=without)
    assert [value(found, name) for name in ("active_users", "breadth")] == [users, features]


def test_a_correction_from_before_the_first_week_is_read() -> None:
    answer = {"account_id": "A", "kind": "nps", "answered_at": LAST - 100 * WEEK, "event_id": "e", "score": 3.0}
    surveys = [answer, answer | {"score": 9.0, "recorded_at": LAST - 99 * WEEK}]
    assert value(snapshot(book(HALF_YEAR, surveys=surveys), [day(0)]), "nps_last") == 9


def test_a_login_of_an_account_that_comes_on_record_later_is_none_yet() -> None:
    tables = book([*HALF_YEAR, event("C", "login", LAST - 9 * WEEK)])
    tables["accounts"].append({"account_id": "C", "created_at": LAST - 99 * WEEK, "valid_from": LAST + DAY})
    same(snapshot(tables, [day(0)]), snapshot(tables, [day(0), day(-1)]), day(0))


def test_a_ticket_counts_as_closed_when_it_was_closed() -> None:
    ticket = {"account_id": "A", "ticket_id": "t", "opened_at": LAST - 30 * WEEK, "closed_at": LAST - 27 * WEEK}
    tickets = [ticket | {"csat": 1.0, "recorded_at": LAST - 20 * WEEK}]
    assert np.isnan(value(snapshot(book(HALF_YEAR, tickets=tickets), [day(0)]), "ticket_csat"))


def test_a_late_fraction_leaves_nothing_behind_before_it_is_known() -> None:
    weeks = np.array([0, 1], dtype=np.int64)
    flow = Flow.of((1, 3), np.zeros(2, np.int64), weeks, np.array([0, 2]), np.array([0.3, 0.1]))
    assert flow.sum(AsOfs(np.array([1]), 3), 1).tolist() == [[0.0]]


def test_without_seats_a_year_ago_there_is_no_price_change() -> None:
    term = {"account_id": "A", "mrr": 10.0}
    terms = [
        term | {"subscription_id": "1", "started_at": LAST - 90 * WEEK, "ends_at": LAST - 9 * WEEK, "seats": 0.0},
        term | {"subscription_id": "2", "started_at": LAST - 9 * WEEK, "seats": 5.0},
    ]
    first = event("B", "export", LAST - 120 * WEEK)
    assert np.isnan(value(snapshot(book([*HALF_YEAR, first], subscriptions=terms), [day(0)]), "seat_price_change"))


def test_the_newest_sponsor_is_one_in_office() -> None:
    sponsor = {"account_id": "A", "role": "sponsor"}
    contacts = [
        sponsor | {"contact_id": "old", "started_at": LAST - 300 * DAY},
        sponsor | {"contact_id": "brief", "started_at": LAST - 50 * DAY, "ended_at": LAST - 10 * DAY},
    ]
    assert value(snapshot(book(HALF_YEAR, contacts=contacts), [day(0)]), "newest_sponsor_days") == 300


def test_a_book_of_plain_edges_is_computed() -> None:
    usage = [*HALF_YEAR, event("A", "login", LAST - TICK), event("A", "login", LAST), event("A", "login", LAST + TICK)]
    found = snapshot(book(usage), [day(0)])
    assert value(found, "days_since_login") == pytest.approx(timedelta(microseconds=1) / DAY)
