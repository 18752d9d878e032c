"""What can still be saved, and the order that it puts a list in."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from serving.saveable import placed, places, saveable

AS_OF = date(2026, 9, 7)
DAY = timedelta(days=1)


def rows(**columns: list[Any]) -> pd.DataFrame:
    """Return rows of equal risk and money, except where `columns` say otherwise."""
    count = len(next(iter(columns.values())))
    usual = {"rank": range(1, count + 1), "arr": 1000.0, "risk_90": 0.5, "risk_60_90": 0.2, "notice_deadline": None}
    return pd.DataFrame(usual | columns, index=[f"A{i}" for i in range(count)])


@pytest.mark.parametrize(
    ("deadline", "saved"),
    [(AS_OF + DAY, 500.0), (AS_OF, 500.0), (AS_OF - DAY, 0.0), (None, 200.0)],
    ids=["tomorrow", "today", "yesterday", "not known"],
)
def test_money_can_be_saved_until_the_deadline(deadline: date | None, saved: float) -> None:
    assert saveable(rows(notice_deadline=[deadline]), AS_OF).tolist() == [saved]
    moment = pd.to_datetime(rows(notice_deadline=[deadline])["notice_deadline"])
    assert saveable(rows(notice_deadline=moment.tolist()), AS_OF).tolist() == [saved]


@pytest.mark.parametrize("deadline", [AS_OF, AS_OF - DAY, None])
def test_without_arr_nobody_knows_what_can_be_saved(deadline: date | None) -> None:
    assert saveable(rows(arr=[None], notice_deadline=[deadline]), AS_OF).isna().all()


def test_most_money_first_then_the_nearer_deadline_then_the_rank() -> None:
    given = rows(
        saveable=[5.0, 5.0, 9.0, None, 5.0, 5.0, None],
        notice_deadline=[None, AS_OF + 9 * DAY, None, None, AS_OF + DAY, AS_OF + DAY, AS_OF + DAY],
        rank=[2, 1, 7, 3, 5, 4, 6],
    )
    order = ["A2", "A5", "A4", "A1", "A0", "A6", "A3"]
    assert places(given).sort_values().index.tolist() == order
    assert sorted(places(given)) == [1, 2, 3, 4, 5, 6, 7]
    assert places(given.iloc[::-1]).sort_values().index.tolist() == order


def test_deadlines_of_one_day_leave_it_to_the_rank() -> None:
    hours = [pd.Timestamp(AS_OF) + pd.Timedelta(hours=hour) for hour in (17, 9)]
    assert places(rows(saveable=[5.0, 5.0], notice_deadline=hours)).tolist() == [1, 2]
    assert places(rows(saveable=[5.0, 5.0], notice_deadline=hours, rank=[2, 1])).tolist() == [2, 1]


def test_what_is_said_already_stays() -> None:
    given = rows(arr=[1.0, 2.0])
    assert placed(given, AS_OF)[["saveable", "place"]].to_numpy().tolist() == [[0.2, 2], [0.4, 1]]
    assert placed(given.assign(saveable=[9.0, 8.0]), AS_OF)["place"].tolist() == [1, 2]
    assert placed(given.assign(place=[1, 2]), AS_OF)["place"].tolist() == [1, 2]
    assert placed(given.iloc[:0], AS_OF)["place"].tolist() == []
