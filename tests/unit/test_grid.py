"""The kernels, against sums that can be done in the head: four weeks, one or two accounts."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from features.grid import NEVER, AsOfs, Flow, Ints, running_latest, spread, week_of
from features.presence import ON_TIME, Presence

EVERY = AsOfs(np.arange(4), 4)
WEEK_US = 604_800_000_000


def ints(values: ArrayLike) -> Ints:
    return np.asarray(values, dtype=np.int64)


def flow(*rows: tuple[int, int, int, float]) -> Flow:
    """Return the flow of (account, week, known week, amount) rows: two accounts, four weeks."""
    account, week, known, amount = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Flow.of((2, 4), ints(account), ints(week), ints(known), np.asarray(amount, dtype=np.float64))


def presence(*rows: tuple[int, int, int], members: int = 2) -> Presence:
    """Return the presence of (member, week, known week) rows: each member has an account of its own, four weeks."""
    prompt = np.zeros((4, members), dtype=np.uint16)
    for member, week, known in rows:
        prompt[week, member] = ON_TIME - (known - week)
    return Presence(prompt, ints(range(members)), members)


@pytest.mark.parametrize(("shift", "week"), [(0, 0), (-1, -1), (WEEK_US - 1, 0), (WEEK_US, 1), (-WEEK_US, -1)])
def test_a_week_holds_its_first_instant_and_not_its_last(shift: int, week: int) -> None:
    start = 1_700_000_000_000_000
    assert week_of(ints([start + shift]), start)[0] == week


def test_a_window_ends_with_the_week_of_the_as_of_date() -> None:
    low, high = EVERY.edges(weeks=2, lag=0)
    assert (low.tolist(), high.tolist()) == ([0, 0, 1, 2], [1, 2, 3, 4])
    low, high = EVERY.edges(weeks=2, lag=1)
    assert (low.tolist(), high.tolist()) == ([0, 0, 0, 1], [0, 1, 2, 3])


def test_a_week_is_seen_from_the_first_as_of_date_at_or_after_it() -> None:
    at = AsOfs(ints([1, 3]), 4)
    assert at.place(ints([-1, 0, 1, 2, 3, 4])).tolist() == [0, 0, 0, 1, 1, 2]


def test_sums_of_rows_known_at_once() -> None:
    made = flow((0, 0, 0, 1), (0, 1, 1, 2), (0, 1, 1, 2), (0, 3, 3, 8), (1, 2, 2, 5))
    assert made.sum(EVERY, 2).tolist() == [[1, 5, 4, 8], [0, 0, 5, 5]]
    assert made.sum(EVERY, 2, lag=1).tolist() == [[0, 1, 5, 4], [0, 0, 0, 5]]


def test_a_late_row_is_in_its_own_week_once_it_is_known() -> None:
    made = flow((0, 0, 2, 1), (0, 1, 1, 10))
    assert made.sum(EVERY, 4).tolist()[0] == [0, 10, 11, 11]
    assert made.sum(EVERY, 1).tolist()[0] == [0, 10, 0, 0]
    assert made.sum(EVERY, 1, lag=2).tolist()[0] == [0, 0, 1, 10]
    assert made.sum(EVERY, 1, lag=1).tolist()[0] == [0, 0, 10, 0]


def test_rows_before_the_grid_or_known_after_it_do_not_count() -> None:
    made = flow((0, -1, 0, 1), (0, 2, 4, 1))
    assert not made.sum(EVERY, 4).any()


def test_weights_run_from_the_newest_week_back() -> None:
    made = flow((0, 0, 0, 1), (0, 2, 3, 10))
    assert made.weighted(EVERY, [1.0, 0.5, 0.25]).tolist()[0] == [1, 0.5, 0.25, 5]


def test_a_part_is_the_whole_for_its_accounts() -> None:
    made = flow((0, 0, 2, 1), (1, 1, 3, 4), (1, 2, 2, 2))
    assert made.part(1, 2).sum(EVERY, 3).tolist() == made.sum(EVERY, 3).tolist()[1:]


def test_active_weeks_count_weeks_not_rows() -> None:
    made = presence((0, 0, 0), (0, 1, 1), (0, 3, 3), (1, 2, 2))
    assert made.active_weeks(EVERY, 2).T.tolist() == [[1, 2, 1, 1], [0, 0, 1, 1]]
    assert made.active_weeks(EVERY, 2, lag=1).T.tolist() == [[0, 1, 2, 1], [0, 0, 0, 1]]


def test_a_late_member_is_seen_once_it_is_known() -> None:
    made = presence((0, 0, 2), (1, 1, 3))
    assert made.active_weeks(EVERY, 4).T.tolist() == [[0, 0, 1, 1], [0, 0, 0, 1]]
    assert made.active_weeks(EVERY, 2).T.tolist() == [[0, 0, 0, 0], [0, 0, 0, 0]]
    assert made.active_weeks(EVERY, 1, lag=2).T.tolist() == [[0, 0, 1, 0], [0, 0, 0, 1]]


def test_members_are_counted_per_account() -> None:
    made = Presence(np.zeros((1, 4), np.uint16), ints([0, 0, 2, 2]), accounts=3)
    assert made.count(np.array([[True, True, False, True]])).tolist() == [[2], [0], [1]]
    assert Presence(np.zeros((1, 0), np.uint16), ints([]), 3).count(np.zeros((1, 0), bool)).tolist() == [[0], [0], [0]]


def test_the_latest_value_holds_until_a_greater_one_is_known() -> None:
    found = running_latest((2, 4), ints([0, 0, 0]), ints([1, 3, 4]), ints([7, 5, 99]))
    assert found.tolist() == [[NEVER, 7, 7, 7], [NEVER] * 4]


def test_what_was_known_before_the_grid_counts_from_its_first_week() -> None:
    assert running_latest((1, 4), ints([0]), ints([-9]), ints([7])).tolist() == [[7] * 4]


def test_spread_gives_every_as_of_week_of_a_range() -> None:
    row, place = spread(AsOfs(ints([1, 3]), 4), ints([0, 2, 3, -5]), ints([2, 4, 3, 9]))
    assert list(zip(row.tolist(), place.tolist(), strict=True)) == [(0, 0), (1, 1), (3, 0), (3, 1)]
