"""A snapshot says what it holds, what it leaves out, and refuses dates that it cannot serve."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features import snapshot
from features.catalogue import catalogue
from features.errors import ContractError, UsageError
from features.outcome import OutcomeContract
from features.snapshot import take_snapshot
from tests.books import make_book

T = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
WEEK = timedelta(days=7)
CONTRACT = OutcomeContract(minimum_tenure_days=0)


@pytest.fixture
def tables() -> dict[str, list[dict[str, Any]]]:
    """Two accounts that use the product; the second changes owner and has seats."""
    return {
        "accounts": [
            {"account_id": "one", "created_at": T - 90 * WEEK, "name": "One"},
            {"account_id": "two", "created_at": T - 90 * WEEK, "name": "Two", "owner": "CSM 1"},
            {"account_id": "two", "created_at": T - 90 * WEEK, "name": "Two", "owner": "CSM 2", "valid_from": T - WEEK},
        ],
        "subscriptions": [
            {"account_id": "one", "subscription_id": "s1", "started_at": T - 80 * WEEK, "mrr": 50.0},
            {
                "account_id": "two",
                "subscription_id": "s2",
                "started_at": T - 20 * WEEK,
                "ends_at": T + 5 * WEEK,
                "mrr": 100.0,
                "seats": 10.0,
                "notice_days": 14.0,
                "auto_renew": True,
            },
        ],
        "usage": [
            {"account_id": name, "occurred_at": T - weeks * WEEK + WEEK / 2, "feature": "login", "user_id": "u1"}
            for weeks in range(1, 61)
            for name in ("one", "two")
        ],
    }


def dates(*weeks: int) -> list[date]:
    return [(T - each * WEEK).date() for each in weeks]


def test_rows_are_accounts_and_as_of_dates(tables: dict[str, Any]) -> None:
    found = take_snapshot(make_book(tables), dates(0, 30, 0), CONTRACT)
    rows = [(account, as_of.date()) for account, as_of in found.frame.index]
    assert rows == [("one", dates(30)[0]), ("one", T.date()), ("two", T.date())]
    assert found.frame.index.names == ["account_id", "as_of"]
    assert found.frame.index.dtypes["as_of"] == np.dtype("datetime64[s]")
    assert set(found.frame.dtypes) == {np.dtype(np.float64)}
    assert found.standing.index.equals(found.frame.index)


def test_columns_are_the_catalogue_in_order(tables: dict[str, Any]) -> None:
    found = take_snapshot(make_book(tables), dates(0), CONTRACT)
    names = [each.name for each in catalogue() if each.name not in found.left_out]
    assert list(found.frame.columns) == names == [each.name for each in found.features]


def test_facts_and_those_not_scored_are_of_the_last_date(tables: dict[str, Any]) -> None:
    found = take_snapshot(make_book(tables), dates(30, 0), CONTRACT)
    assert found.facts.index.tolist() == ["one", "two"]
    assert found.facts["login_drop.recent"].tolist() == [4, 4]
    assert found.not_scored.empty
    earlier = take_snapshot(make_book(tables), dates(30), CONTRACT)
    assert earlier.not_scored["account_id"].tolist() == ["two"]


def test_those_not_scored_have_the_owner_and_segment_of_then(tables: dict[str, Any]) -> None:
    tables["accounts"][1]["segment"] = "Small"
    then = take_snapshot(make_book(tables), dates(30), CONTRACT).not_scored
    assert then.to_dict("records") == [
        {
            "account_id": "two",
            "name": "Two",
            "owner": "CSM 1",
            "segment": "Small",
            "why": "No contract has begun.",
        }
    ]


def test_what_is_not_mapped_is_left_out_and_said(tables: dict[str, Any]) -> None:
    found = take_snapshot(make_book(tables, without=["usage.user_id", "subscriptions.seats"]), dates(0), CONTRACT)
    assert found.left_out["tickets_opened"] == "tickets is not mapped"
    assert found.left_out["active_users"] == "usage.user_id is not mapped"
    assert found.left_out["seat_use"] == "subscriptions.seats, usage.user_id is not mapped"
    assert not {"login_drop", "arr", "tenure_days"} & set(found.left_out)


def test_a_table_that_has_not_begun_is_not_tracked_rather_than_absent_or_zero(tables: dict[str, Any]) -> None:
    tickets = [{"account_id": "one", "ticket_id": "t1", "opened_at": T - 20 * WEEK}]
    nothing, begun = (
        take_snapshot(make_book(tables | {"tickets": rows}), dates(20, 0), CONTRACT) for rows in ([], tickets)
    )
    assert "tickets_opened" not in nothing.left_out
    assert nothing.frame["tickets_opened"].isna().all()
    assert nothing.untracked["tickets_opened"].all()
    assert begun.untracked["tickets_opened"].tolist() == [True, False, False]
    assert begun.frame["tickets_opened"].fillna(-1).tolist() == [-1, 0, 0]


def test_rows_of_an_account_that_is_not_on_record_begin_nothing(tables: dict[str, Any]) -> None:
    later = [*tables["accounts"], {"account_id": "new", "created_at": T - WEEK, "name": "New"}]
    tickets = [{"account_id": "new", "ticket_id": "t1", "opened_at": T - 20 * WEEK}]
    found = take_snapshot(make_book(tables | {"accounts": later, "tickets": tickets}), dates(5, 0), CONTRACT)
    assert found.untracked["tickets_opened"].loc["one"].tolist() == [True, False]


def test_too_little_recorded_use_is_not_tracked(tables: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    tenure, login = (next(each for each in catalogue() if each.name == name) for name in ("tenure_days", "login_drop"))
    asked = (tenure, replace(login, history=12), replace(login, name="later", history=13))
    monkeypatch.setattr(snapshot, "catalogue", lambda: asked)
    young = {**tables, "usage": [row for row in tables["usage"] if row["occurred_at"] > T - 12 * WEEK]}
    found = take_snapshot(make_book(young), dates(1, 0), CONTRACT)
    assert found.untracked.loc["one"].to_numpy().tolist() == [[False, True, True], [False, False, True]]
    assert found.frame.loc["one"].isna().to_numpy().tolist() == [[False, True, True], [False, False, True]]
    assert found.facts[["login_drop.untracked", "later.untracked"]].loc["one"].tolist() == [0, 1]
    assert found.untracked.index.equals(found.frame.index)
    assert set(found.untracked.dtypes) == {np.dtype(bool)}


def test_digests_tell_which_contract_and_catalogue(tables: dict[str, Any]) -> None:
    found = take_snapshot(make_book(tables), dates(0), CONTRACT)
    fewer = take_snapshot(make_book(tables, without=["usage.user_id"]), dates(0), CONTRACT)
    assert found.outcome_digest == CONTRACT.digest
    assert found.catalogue_digest != fewer.catalogue_digest


def test_standing_is_what_was_known_then(tables: dict[str, Any]) -> None:
    found = take_snapshot(make_book(tables), dates(1, 0), CONTRACT).standing.loc["two"]
    assert found["owner"].tolist() == ["CSM 1", "CSM 2"]
    now = found.iloc[-1]
    assert (now["arr"], now["seats"], now["auto_renew"]) == (1200, 10, 1)
    assert now["renewal_date"] == pd.Timestamp(T + 5 * WEEK)
    assert now["notice_deadline"] == pd.Timestamp(T + 3 * WEEK)
    assert (now["days_to_renewal"], now["term_days"], now["tenure_days"]) == (35, 175, 140)
    assert now["last_seen_days"] == 3.5


def test_an_open_contract_has_no_dates(tables: dict[str, Any]) -> None:
    one = take_snapshot(make_book(tables), dates(0), CONTRACT).standing.loc["one"].iloc[0]
    assert one[["renewal_date", "notice_deadline", "days_to_renewal", "term_days", "auto_renew"]].isna().all()


@pytest.mark.parametrize(
    ("as_ofs", "says"),
    [
        ([], "no as-of date was asked for"),
        ([date(2024, 1, 1)], "2024-01-01 lies before all data: the first use is of 2025-01-09; choose a later"),
        (
            [date(2025, 1, 6), date(2026, 3, 2)],
            "2025-01-06 lies before all data: the first use is of 2025-01-09; choose a later",
        ),
        ([date(2026, 3, 1), date(2026, 3, 2)], "2026-03-01 does not end a week"),
    ],
)
def test_dates_that_cannot_be_served_are_refused(tables: dict[str, Any], as_ofs: list[date], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        take_snapshot(make_book(tables), as_ofs, CONTRACT)


def test_a_book_without_use_is_refused(tables: dict[str, Any]) -> None:
    with pytest.raises(ContractError, match="usage: no row is left"):
        take_snapshot(make_book(tables | {"usage": []}), dates(0), CONTRACT)


def test_events_of_unknown_accounts_change_nothing(tables: dict[str, Any]) -> None:
    stranger = {"account_id": "stranger", "occurred_at": T - WEEK, "feature": "export", "user_id": "u1"}
    before = take_snapshot(make_book(tables), dates(0), CONTRACT)
    after = take_snapshot(make_book(tables | {"usage": [*tables["usage"], stranger]}), dates(0), CONTRACT)
    pd.testing.assert_frame_equal(before.frame, after.frame)
    assert len(after.not_scored) == 0


def test_the_same_book_gives_the_same_snapshot_twice(tables: dict[str, Any]) -> None:
    book = make_book(tables)
    first, second = (take_snapshot(book, dates(3, 0), CONTRACT) for _ in range(2))
    pd.testing.assert_frame_equal(first.frame, second.frame, check_exact=True)
    pd.testing.assert_frame_equal(first.standing, second.standing)


def test_an_attribute_that_is_not_given_is_none(tables: dict[str, Any]) -> None:
    standing = take_snapshot(make_book(tables), dates(0), CONTRACT).standing
    assert standing["owner"].tolist() == [None, "CSM 2"]
    assert standing["plan"].tolist() == [None, None]


def test_a_book_without_any_account_yet_is_refused_or_empty(tables: dict[str, Any]) -> None:
    later = [{"account_id": "one", "created_at": T + WEEK}]
    assert take_snapshot(make_book(tables | {"accounts": later}), dates(0), CONTRACT).frame.empty
