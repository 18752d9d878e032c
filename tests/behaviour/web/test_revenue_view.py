"""Managers see health, revenue, drivers and load of the whole book, counted as by hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine

from serving.acting.ledger import Action, Actor, act
from serving.happened import CHURN, FollowUp, ListOutcome, keep
from serving.publish import publish
from serving.revenue import revenue
from serving.store import open_database
from tests.made_lists import AS_OF, AT, make_list

DAY, WEEK = timedelta(days=1), timedelta(days=7)
NONE = pd.DataFrame({name: [] for name in ("digest", "account_id", "kind", "on", "known_on", "text")})
BOOK: Mapping[str, Sequence[object]] = {
    "account_id": ["A00001", "A00002", "A00003", "A00004"],
    "segment": ["Small", "Small", "Enterprise", None],
    "owner": ["Ana", "Ana", "Ben", None],
    "arr": [100.0, 300.0, 600.0, None],
    "risk_90": [0.5, 0.2, 0.02, 0.01],
    "health": [20.0, 40.0, 90.0, 95.0],
    "band": ["High", "Medium", "Low", "Low"],
    "renewal_date": [AS_OF + 40 * DAY, AS_OF + 80 * DAY, AS_OF + 500 * DAY, None],
    "notice_deadline": [AS_OF + 10 * DAY, AS_OF + 50 * DAY, None, None],
}


def planted(engine: Engine, as_of: date = AS_OF, **changed: Sequence[object]) -> None:
    """Publish the book above for a week, with other columns where they are given."""
    scored = make_list(4, as_of)
    rows = pd.DataFrame({**BOOK, **changed}).set_index("account_id").reindex(scored.rows.index)
    for name in ("renewal_date", "notice_deadline"):
        rows[name] = pd.to_datetime(rows[name])
    new = scored.rows.assign(**{str(name): rows[name] for name in rows}, arr_at_risk=rows["arr"] * rows["risk_90"])
    if "driver" in new:
        new["driver"] = None
    reasons = pd.DataFrame(
        [
            (account, place, driver, "login_drop", "Logins fell.", 0.1)
            for account in new.index
            for place, driver in enumerate(("Logins" if account == "A00001" else "Sponsor", "Support"), 1)
        ],
        columns=["account_id", "position", "driver", "feature", "text", "contribution"],
    )
    before = as_of - WEEK if as_of == AS_OF else None
    publish(engine, replace(scored, rows=new, reasons=reasons, previous_as_of=before), at=AT, by="tests")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Engine]:
    """Two weeks of a book of four accounts; a week ago the second was in the lowest band."""
    engine = open_database(f"sqlite:///{tmp_path}/forewarn.db")
    planted(engine, AS_OF - WEEK, band=["High", "Low", "Low", "Low"])
    planted(engine)
    yield engine
    engine.dispose()


def test_health_is_meant_plainly_and_by_arr(book: Engine) -> None:
    view = revenue(book, today=AS_OF)
    assert (view.whole.accounts, view.whole.arr, round(view.whole.arr_at_risk, 6)) == (4, 1000.0, 122.0)
    assert view.whole.health == pytest.approx(61.25)
    assert view.whole.health_by_arr == pytest.approx((100 * 20 + 300 * 40 + 600 * 90) / 1000)
    assert [group.name for group in view.segments] == ["Small", "Enterprise", None]
    small, _, nobody = view.segments
    assert (small.health, small.health_by_arr, dict(small.bands)) == (30.0, 35.0, {"High": 1, "Medium": 1, "Low": 0})
    assert (nobody.arr, nobody.health_by_arr) == (0.0, None)
    assert [(group.name, group.accounts) for group in view.owners] == [("Ana", 2), ("Ben", 1), (None, 1)]


def test_arr_at_risk_stands_in_the_month_of_the_renewal(book: Engine) -> None:
    renewals = revenue(book, today=AS_OF).renewals
    assert [each.month for each in renewals[:3]] == [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]
    assert renewals[11].month == date(2027, 8, 1)
    found = {
        each.month or each.title: (each.accounts, round(each.arr_at_risk, 6)) for each in renewals if each.accounts
    }
    assert found == {
        date(2026, 10, 1): (1, 50.0),
        date(2026, 11, 1): (1, 60.0),
        "later": (1, 12.0),
        "no date": (1, 0.0),
    }


def test_drivers_are_counted_on_the_list_and_against_the_week_before(book: Engine) -> None:
    found = {each.driver: each for each in revenue(book, today=AS_OF).drivers}
    assert {driver: (each.accounts, each.named) for driver, each in found.items()} == {
        "Logins": (1, 1),
        "Sponsor": (1, 1),
        "Support": (0, 2),
    }
    assert {driver: (each.change, each.change_named) for driver, each in found.items()} == {
        "Logins": (0, 0),
        "Sponsor": (1, 1),
        "Support": (0, 1),
    }
    assert found["Logins"].arr_at_risk == pytest.approx(50.0)
    first = revenue(book, AS_OF - WEEK, today=AS_OF).drivers
    assert [(each.driver, each.change) for each in first] == [("Logins", None), ("Support", None)]


def test_load_is_counted_against_each_owners_capacity(book: Engine) -> None:
    ana, ben, nobody = revenue(book, today=AS_OF, capacity_per_owner=1).load
    assert (ana.owner, ana.listed, ana.due, ana.untouched, ana.snoozed, ana.over) == ("Ana", 2, 1, 2, 0, 1)
    assert (ben.owner, ben.listed, ben.capacity, nobody.owner, nobody.capacity) == ("Ben", 0, 1, None, 0)
    until = {"until": (AS_OF + 9 * DAY).isoformat()}
    act(book, Action("A00002", "snooze", until, 2), Actor(None, "ana"), AT)
    ana = revenue(book, today=AS_OF, capacity_per_owner=1).load[0]
    assert (ana.listed, ana.untouched, ana.snoozed, ana.over) == (2, 1, 1, 0)
    assert revenue(book, today=AS_OF + 9 * DAY).load[0].snoozed == 0
    # Forty for the list, shared by two.
    assert ana.capacity == 1
    assert revenue(book, today=AS_OF).load[0].capacity == 20


def test_the_first_quarter_is_known_from_the_list_alone(book: Engine) -> None:
    outlook = revenue(book, today=AS_OF).outlook
    assert outlook.retention is not None
    assert outlook.retention.first.value == pytest.approx(1 - 122 / 1000)
    assert (outlook.retention.second, outlook.past, outlook.without_arr) == (None, (), 1)


def test_past_quarters_speak_once_their_list_is_mature(book: Engine) -> None:
    ago = 14 * WEEK
    for weeks in range(3):
        planted(book, AS_OF - ago - weeks * WEEK)
    gone = {"A00001": ListOutcome(CHURN, 71)}

    def past(matured: int) -> list[tuple[date, float]]:
        keep(book, NONE, [FollowUp(number, AS_OF, matured, gone) for number in (3, 4, 5)])
        return [(each.as_of, round(each.actual, 6)) for each in revenue(book, today=AS_OF).outlook.past]

    assert past(60) == []
    # Of three weekly lists the newest speaks.
    assert past(90) == [(AS_OF - ago, 0.9)]
    earlier = revenue(book, AS_OF - WEEK, today=AS_OF).outlook
    assert [each.as_of for each in earlier.past] == [AS_OF - ago]


def test_a_renewal_counts_once_and_by_who_is_scored_after_it(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/forewarn.db")
    ago = 22 * WEEK
    # The third lies too far ahead, and the fourth has no ARR.
    ends = [AS_OF - ago + days * DAY for days in (90, 117, 118, 100)]
    for weeks in range(3):
        planted(engine, AS_OF - ago - weeks * WEEK, renewal_date=ends)
        keep(engine, NONE, [FollowUp(weeks + 1, AS_OF, 90, {})])

    def seen() -> tuple[int, int]:
        found = revenue(engine, today=AS_OF).outlook.retention
        assert found is not None
        return found.longer.renewals, found.longer.churned

    for as_of, renewals in ((AS_OF - WEEK, (0, 0)), (AS_OF, (2, 1))):
        planted(engine, as_of)
        with engine.begin() as connection:
            for table in ("reasons", "explanations", "list_rows"):
                connection.exec_driver_sql(
                    f"DELETE FROM {table} WHERE account_id = 'A00001' AND list_id = (SELECT max(id) FROM lists)"
                )
        # The first list comes 147 days after; who renews late may not be on it again yet.
        assert seen() == renewals
    engine.dispose()


def test_accounts_that_are_scored_no_more_are_named_beside_the_revenue(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/forewarn.db")
    planted(engine, AS_OF - WEEK)
    scored = make_list(1)
    left = pd.DataFrame({"account_id": ["A00002", "A00099"], "name": None, "why": "notice was given"})
    publish(engine, replace(scored, not_scored=left), at=AT, by="tests")
    unscored = revenue(engine, today=AS_OF).unscored
    engine.dispose()
    assert (unscored.accounts, unscored.arr) == (1, 300.0)
