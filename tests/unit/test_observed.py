"""What may be seen at an as-of date: since when things are recorded, and how often who was there."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from math import nan
from typing import Any

import numpy as np
import pytest

from features.beginnings import beginnings
from features.calendar import WeekGrid
from features.history import read_history
from features.observed import Observed
from tests.books import make_book

T = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
WEEK, WEEKS = timedelta(days=7), 80
OLD = T - 200 * WEEK
Row = dict[str, Any]


def week(ago: int) -> datetime:
    """Return the middle of the week that ended `ago` weeks before T."""
    return T - ago * WEEK - WEEK / 2


def used(account: str, feature: str, ago: int, user: str = "u", late: int = 0, **more: Any) -> Row:
    """Return an event that was known `late` weeks after it happened."""
    known = week(ago) + late * WEEK
    return {"account_id": account, "feature": feature, "occurred_at": week(ago), "user_id": user} | {
        "available_at": known,
        **more,
    }


def observed(tables: Mapping[str, Sequence[Row]], *ago: int, first: int = 0, stop: int | None = None) -> Observed:
    """Return what was known `ago` weeks before T, of the accounts `first` to `stop`."""
    accounts = [{"account_id": name, "created_at": OLD} for name in "AB"]
    history = read_history(make_book({"accounts": accounts, **tables}), WeekGrid((T - WEEKS * WEEK).date(), WEEKS))
    weeks = np.array([WEEKS - 1 - each for each in ago])
    return Observed(history.part(first, stop or len(history.accounts)), weeks, beginnings(history))


def test_a_table_begins_with_its_first_known_row_about_anybody() -> None:
    surveys = [
        {"account_id": "A", "answered_at": week(10), "kind": "nps", "score": 3, "recorded_at": week(5)},
        {"account_id": "B", "answered_at": week(4), "kind": "CSAT", "score": 3},
    ]
    for first, stop in ((0, 2), (0, 1), (1, 2)):
        seen = observed({"surveys": surveys}, 6, 5, 4, first=first, stop=stop)
        assert seen.begun("surveys").tolist() == [False, True, True]
        assert seen.begun("surveys", kind="csat").tolist() == [False, False, True]
        assert not seen.begun("surveys", kind="ces").any()
        assert not seen.begun("tickets").any()


def test_what_a_correction_takes_back_has_not_begun() -> None:
    same = {"account_id": "A", "event_id": "1", "occurred_at": week(9)}
    touchpoints = [same | {"kind": "survey"}, same | {"kind": "call", "recorded_at": week(6)}]
    seen = observed({"touchpoints": touchpoints}, 9, 7, 6)
    assert seen.begun("touchpoints").tolist() == [True, True, True]
    assert seen.begun("touchpoints", kind="survey").tolist() == [True, True, False]


def test_rows_count_from_the_week_in_which_their_account_came_on_record() -> None:
    accounts = [{"account_id": "A", "created_at": OLD}, {"account_id": "B", "created_at": week(3)}]
    usage = [used("B", "export", 30)]
    tickets = [{"account_id": "B", "ticket_id": "1", "opened_at": week(30)}]
    seen = observed({"accounts": accounts, "usage": usage, "tickets": tickets}, 4, 3)
    assert seen.begun("tickets").tolist() == [False, True]
    assert seen.book_tracked_since.tolist() == [WEEKS, WEEKS - 31]
    usage += [used("A", "setup", 20), used("A", "export", 2)]
    tracked = observed({"accounts": accounts, "usage": usage}, 4, 3, stop=1).features.tracked(17)
    assert tracked.tolist() == [[False, True], [True, True]]


def test_the_book_is_tracked_since_anybodys_first_use_as_it_was_known() -> None:
    usage = [used("A", "login", 12), used("B", "export", 40, late=30)]
    seen = observed({"usage": usage}, 20, 12, 10, 0, stop=1)
    assert seen.book_tracked_since.tolist() == [WEEKS, WEEKS - 13, WEEKS - 41, WEEKS - 41]


@pytest.mark.parametrize(
    ("feature", "ago", "weeks", "tracked"),
    [
        ("export", 0, 31, True),
        ("export", 0, 32, False),
        ("report", 0, 9, True),
        ("report", 0, 10, False),
        ("report", 9, 1, False),
        ("share", 0, 11, True),
        ("share", 0, 12, False),
    ],
)
def test_a_feature_is_tracked_from_the_later_of_two_firsts(feature: str, ago: int, weeks: int, tracked: bool) -> None:
    """A's first use is 30 weeks old, B's 50; `report` began 8 weeks ago with B, `share` 10 weeks ago with A."""
    usage = [
        *(used("A", name, 0) for name in ("export", "report", "share")),
        used("A", "export", 30),
        used("B", "export", 50),
        used("B", "report", 8),
        used("A", "share", 10),
        used("A", "share", 40, event_id="1"),
        used("A", "share", 7, event_id="1") | {"available_at": week(7)},
    ]
    seen = observed({"usage": usage}, ago, stop=1)
    names = sorted({row["feature"] for row in usage})
    assert bool(seen.features.tracked(weeks)[0, names.index(feature)]) == tracked


def test_members_are_counted_when_each_week_ended() -> None:
    usage = [used("A", "export", 9), used("A", "export", 3), used("A", "report", 5, late=3), used("A", "login", 1)]
    ever = observed({"usage": usage}, 0).features.ever_by_week
    assert ever.shape == (2, WEEKS)
    assert ever[0, -11:].tolist() == [0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2]
    assert not ever[1].any()


def test_active_weeks_of_an_account_are_compared_and_summed() -> None:
    usage = [used("A", "export", ago, "u1") for ago in range(8)] + [used("A", "export", ago, "u2") for ago in (1, 5)]
    seen = observed({"usage": usage}, 0, 5)
    assert seen.users.greatest(4).tolist() == [[4, 3], [0, 0]]
    assert seen.users.total(4).tolist() == [[5, 4], [0, 0]]
    assert seen.users.total(4, lag=5).tolist() == [[4, 0], [0, 0]]


@pytest.mark.parametrize(
    ("week", "found"), [(3.0, 3.0), (WEEKS - 6.0, WEEKS - 6.0), (WEEKS - 5.0, nan), (-1.0, nan), (nan, nan)]
)
def test_nothing_is_read_of_a_week_that_has_not_ended(week: float, found: float) -> None:
    seen = observed({}, 5)
    by_week = np.tile(np.arange(WEEKS, dtype=float), (2, 1))
    np.testing.assert_equal(seen.when_ended(by_week, np.full((2, 1), week)), np.full((2, 1), found))


def test_times_lie_in_weeks_of_the_grid() -> None:
    terms = [{"account_id": "A", "subscription_id": "1", "started_at": T - 3 * WEEK, "mrr": 1.0}]
    seen = observed({"subscriptions": terms}, 3, 0)
    np.testing.assert_equal(seen.weeks_of(seen.contract.first_started), [[nan, WEEKS - 3], [nan, nan]])


def test_attributes_are_those_of_the_version_in_force() -> None:
    accounts = [
        {"account_id": "A", "created_at": OLD, "segment": "small"},
        {"account_id": "A", "created_at": OLD, "segment": "large", "valid_from": week(3)},
        {"account_id": "B", "created_at": week(1)},
    ]
    seen = observed({"accounts": accounts}, 4, 3, 0)
    codes: dict[str, int] = {"large": 0}
    assert seen.numbered("segment", codes).tolist() == [[1, 0, 0], [-1, -1, -1]]
    assert codes == {"large": 0, "small": 1}
    np.testing.assert_equal(seen.days_since(seen.created)[1], [nan, nan, 10.5])


@pytest.mark.parametrize(
    "ask",
    [
        lambda seen: seen.logins.sum(60, lag=7),
        lambda seen: seen.users.active_weeks(67),
        lambda seen: seen.users.greatest(60, 7),
    ],
)
def test_windows_that_reach_too_far_are_refused(ask: Callable[[Observed], object]) -> None:
    with pytest.raises(ValueError, match="a window reaches 67 weeks back"):
        ask(observed({"usage": [used("A", "login", 1)]}, 0))
