"""What a list shows beside a risk is told as it was known then, and no model is given it."""

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from features.outcome import OutcomeContract
from features.snapshot import Snapshot, take_snapshot
from models.protocol import Rows
from tests.books import make_book

T = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
DAY = timedelta(days=1)
WEEK = 7 * DAY
CONTRACT = OutcomeContract(minimum_tenure_days=0)
SHOWN = ["sponsor", "sponsor_since", "customer_contact", "last_use"]


def snapshot(used: datetime = T - DAY, **tables: list[dict[str, Any]]) -> Snapshot:
    """Return the snapshot at T of one account that two tables more may speak of."""
    account = {"account_id": "it"}
    given = {name: [account | row for row in rows] for name, rows in tables.items()}
    return take_snapshot(
        make_book(
            {
                "accounts": [account | {"created_at": T - 80 * WEEK}],
                "subscriptions": [account | {"subscription_id": "s", "started_at": T - 80 * WEEK, "mrr": 5.0}],
                "usage": [account | {"occurred_at": when, "feature": "login"} for when in (T - 9 * WEEK, used)],
                **given,
            }
        ),
        [(T - WEEK).date(), T.date()],
        CONTRACT,
    )


def sponsor(*contacts: dict[str, Any]) -> tuple[Any, Any]:
    """Return the sponsor in a word, and since when, of an account with these contacts (sponsors of the id `c`)."""
    usual = {"contact_id": "c", "role": "sponsor", "started_at": T - 50 * WEEK}
    told = snapshot(contacts=[usual | each for each in contacts]).shown.loc["it"]
    return told["sponsor"], told["sponsor_since"]


def test_a_sponsor_in_office_is_in_place_since_the_newest_came() -> None:
    assert sponsor({}, {"contact_id": "d", "started_at": T - 3 * DAY}) == ("in place", T - 3 * DAY)
    assert sponsor({"ended_at": T - WEEK}, {"contact_id": "d"}) == ("in place", T - 50 * WEEK)


def test_when_the_last_one_leaves_it_is_said_since_when() -> None:
    assert sponsor({"ended_at": T - 2 * DAY}, {"contact_id": "d", "ended_at": T - 9 * DAY}) == ("left", T - 2 * DAY)
    assert sponsor({"ended_at": T})[0] == "in place"


def test_a_departure_that_was_recorded_late_is_not_seen_before() -> None:
    gone = {"ended_at": T - 30 * DAY}
    entered = {"recorded_at": T - 50 * WEEK}
    assert sponsor(entered, gone | {"recorded_at": T}) == ("in place", T - 50 * WEEK)
    assert sponsor(entered, gone | {"recorded_at": T - DAY}) == ("left", T - 30 * DAY)


def test_never_one_on_record_is_told_from_no_record_of_anybody() -> None:
    word, since = sponsor({"role": "admin"})
    assert (word, since is pd.NaT) == ("none", True)
    for told in (snapshot(), snapshot(contacts=[])):
        assert told.shown["sponsor"].isna().all()
        assert told.shown["sponsor_since"].isna().all()


def test_the_last_contact_is_the_last_that_the_account_began() -> None:
    theirs = {"occurred_at": T - 20 * DAY, "kind": "call", "initiated_by": "customer"}
    ours = {"occurred_at": T - 2 * DAY, "kind": "call", "initiated_by": "us"}
    late = theirs | {"occurred_at": T - 3 * DAY, "recorded_at": T}
    assert snapshot(touchpoints=[theirs, ours, late]).shown.at["it", "customer_contact"] == T - 20 * DAY
    for nothing in (snapshot(), snapshot(touchpoints=[ours])):
        assert nothing.shown["customer_contact"].isna().all()


def test_a_meeting_that_was_missed_and_an_invitation_to_a_survey_are_no_contact() -> None:
    theirs = {"occurred_at": T - 20 * DAY, "kind": "call", "initiated_by": "customer"}
    missed, survey = (
        theirs | {"occurred_at": T - DAY, "kept": False},
        theirs | {"occurred_at": T - DAY, "kind": "survey"},
    )
    assert snapshot(touchpoints=[theirs, missed, survey]).shown.at["it", "customer_contact"] == T - 20 * DAY
    held = missed | {"kept": True}
    assert snapshot(touchpoints=[theirs, held]).shown.at["it", "customer_contact"] == T - DAY


@pytest.mark.parametrize("ago", [timedelta(microseconds=1), DAY, DAY - timedelta(microseconds=1), 33.3 * DAY])
def test_the_last_use_is_the_moment_itself(ago: timedelta) -> None:
    assert snapshot(T - ago).shown.at["it", "last_use"] == T - ago
    assert snapshot(T).shown.at["it", "last_use"] == T - 9 * WEEK


def test_use_that_became_known_late_is_not_seen_before() -> None:
    for known, last in ((T, T - 9 * WEEK), (T - timedelta(microseconds=1), T - DAY)):
        usage = [{"occurred_at": T - 9 * WEEK, "feature": "login"}, {"occurred_at": T - DAY, "feature": "login"}]
        usage[1]["available_at"] = known
        assert snapshot(usage=usage).shown.at["it", "last_use"] == last


def test_models_are_not_given_what_is_only_shown() -> None:
    told = snapshot(contacts=[{"contact_id": "c", "role": "sponsor", "started_at": T - WEEK}])
    assert list(told.shown) == SHOWN
    assert told.shown.index.tolist() == ["it"]
    assert {each.name for each in fields(Rows)} == {"frame", "standing"}
    assert not set(SHOWN) & {*told.frame, *told.standing}
