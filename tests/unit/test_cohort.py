"""Who is scored, and what is said of the others."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from features.outcome import OutcomeContract
from features.snapshot import Snapshot, take_snapshot
from tests.books import make_book

T = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
DAY = timedelta(days=1)


def cohort(contract: OutcomeContract | None = None, **terms: dict[str, Any]) -> Snapshot:
    """Return the snapshot of one account per name, each under one contract of that name (none where it is empty)."""
    rows = [{"account_id": name, "subscription_id": "s", "mrr": 10.0} | term for name, term in terms.items() if term]
    tables = {
        "accounts": [{"account_id": name, "created_at": T - 900 * DAY, "name": name.title()} for name in terms],
        "subscriptions": rows,
        "usage": [{"account_id": "elsewhere", "occurred_at": T - 900 * DAY, "feature": "login"}],
    }
    return take_snapshot(make_book(tables), [T.date()], contract or OutcomeContract(minimum_tenure_days=56))


def why(**term: Any) -> str:
    """Return why an account under that contract is not scored; empty when it is."""
    found = cohort(it=term)
    return str(found.not_scored["why"].iloc[0]) if len(found.not_scored) else ""


def test_a_customer_for_long_enough_is_scored() -> None:
    assert why(started_at=T - 56 * DAY) == ""


def test_a_new_customer_is_told_from_when_on() -> None:
    assert why(started_at=T - 56 * DAY + DAY / 2) == "A customer for 56 days; accounts are scored from day 56 on."
    assert why(started_at=T - 10 * DAY) == "A customer for 10 days; accounts are scored from day 56 on."


def test_a_contract_that_ended_is_named_with_its_date() -> None:
    ended = why(started_at=T - 400 * DAY, ends_at=T - DAY)
    assert ended == "No contract is in force; the last one ended on 2026-03-01."
    assert why(started_at=T - 400 * DAY, ends_at=T) == ""


@pytest.mark.parametrize("term", [{}, {"started_at": T}, {"started_at": T - 100 * DAY, "recorded_at": T}])
def test_without_a_contract_so_far_it_says_so(term: dict[str, Any]) -> None:
    assert why(**term) == "No contract has begun."


def test_a_received_notice_is_a_decision_already() -> None:
    noticed = {"started_at": T - 400 * DAY, "ends_at": T + 30 * DAY}
    assert why(**noticed, noticed_at=T - DAY) == "Notice was received on 2026-03-01; the decision is known."
    assert why(**noticed, noticed_at=T) == ""


def test_noticed_accounts_can_be_kept_in() -> None:
    term = {"started_at": T - 400 * DAY, "noticed_at": T - DAY}
    found = cohort(OutcomeContract(exclude_noticed=False), it=term)
    assert len(found.frame) == 1


def test_everybody_is_either_scored_or_told_why_not() -> None:
    found = cohort(old={"started_at": T - 400 * DAY}, new={"started_at": T - DAY}, none={})
    assert [account for account, _ in found.frame.index] == ["old"]
    assert found.not_scored["account_id"].tolist() == ["new", "none"]
    assert found.not_scored["name"].tolist() == ["New", "None"]


def test_a_contract_without_a_price_is_a_contract() -> None:
    assert why(started_at=T - 400 * DAY, mrr=None) == ""
