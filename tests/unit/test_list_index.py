"""Rows of a list found in memory, beside the obvious way of finding them."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from features.errors import UsageError
from serving.acting.states import AccountState
from serving.list_choice import LARGEST_FIRST, ListChoice, Sort
from serving.list_index import ListIndex
from serving.list_indexes import KEPT, ListIndexes
from serving.list_states import States
from serving.publish import publish
from serving.store import open_database
from tests.made_lists import AS_OF, AT, make_list

WEEK = timedelta(days=7)
SORTS: tuple[Sort, ...] = get_args(Sort)
NO_STATES = States()


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Rows of a list with what it may lack: ties, missing numbers, owners, names and dates."""
    draw = np.random.default_rng(3)
    rows = make_list(200).rows
    rows["arr"] = rows["arr"].round(-4).where(draw.random(200) > 0.2)
    rows["saveable"] = rows["saveable"].where(rows["arr"].notna())
    rows["change"] = np.round(draw.normal(0, 0.02, 200), 2)
    rows["previous_band"] = draw.choice(["High", "Medium", "Low"], 200)
    rows.loc[draw.random(200) < 0.1, ["change", "previous_band"]] = None
    rows["owner"] = rows["owner"].where(draw.random(200) > 0.1, None)
    rows["name"] = rows["name"].where(draw.random(200) > 0.1, None)
    rows.loc[rows.index[5], "name"] = "STRASSE & Straße GmbH"
    return rows.drop(columns="place")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> Iterator[Engine]:
    """A database with that list after six others."""
    made = open_database(f"sqlite:///{tmp_path_factory.mktemp('index')}/forewarn.db")
    for age in range(6, 0, -1):
        publish(made, make_list(10, AS_OF - age * WEEK), at=AT - age * WEEK, by="tests")
    publish(made, replace(make_list(200), rows=frame, previous_as_of=AS_OF - WEEK), at=AT, by="tests")
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def index(engine: Engine) -> ListIndex:
    """The newest list."""
    with engine.connect() as connection:
        return ListIndexes().find(connection)


def found(index: ListIndex, choice: ListChoice, book: str | None = None, states: States = NO_STATES) -> list[str]:
    """Return the accounts that are chosen, in order."""
    return [index.accounts[row] for row in index.rows(choice, book, states, AS_OF)]


def test_every_order_is_the_obvious_one(index: ListIndex, frame: pd.DataFrame) -> None:
    for sort in SORTS:
        if sort == "place":
            continue
        keys = frame[sort].str.casefold() if sort in ("name", "owner", "segment") else frame[sort]
        wanted = keys.sort_values(ascending=sort not in LARGEST_FIRST, kind="stable", na_position="last")
        assert found(index, ListChoice(sort=sort)) == list(wanted.index), sort


def test_the_default_order_is_what_can_be_saved_then_the_nearer_deadline(index: ListIndex, frame: pd.DataFrame) -> None:
    wanted = frame.sort_values(["saveable", "notice_deadline"], ascending=[False, True], kind="stable")
    assert found(index, ListChoice()) == list(wanted.index)


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        (ListChoice(owner=("Owner 02", "Owner 05")), lambda rows: rows["owner"].isin(["Owner 02", "Owner 05"])),
        (ListChoice(owner=("nobody here",)), lambda rows: rows["owner"] == "nobody here"),
        (ListChoice(segment=("Small",)), lambda rows: rows["segment"] == "Small"),
        (ListChoice(band=("High", "Low")), lambda rows: rows["band"] != "Medium"),
        (ListChoice(driver=("Logins",)), lambda rows: rows["driver"] == "Logins"),
        (ListChoice(renewal=60), lambda rows: rows["renewal_date"] <= pd.Timestamp(AS_OF) + pd.Timedelta(days=60)),
        (ListChoice(show="listed"), lambda rows: rows["band"] != "Low"),
        (ListChoice(show="new"), lambda rows: (rows["band"] != "Low") & (rows["weeks_listed"] == 1)),
        (
            ListChoice(show="left"),
            lambda rows: (rows["band"] == "Low") & rows["previous_band"].isin(["High", "Medium"]),
        ),
        (ListChoice(search="oWNER 03"), lambda rows: rows["owner"] == "Owner 03"),
        (ListChoice(search="a0001"), lambda rows: rows.index.str.startswith("A0001")),
        (
            ListChoice(band=("High",), segment=("Small", "Enterprise"), renewal=200),
            lambda rows: (
                (rows["band"] == "High")
                & (rows["segment"] != "Mid-market")
                & (rows["renewal_date"] <= pd.Timestamp(AS_OF) + pd.Timedelta(days=200))
            ),
        ),
    ],
)
def test_a_filter_keeps_the_obvious_rows(
    index: ListIndex, frame: pd.DataFrame, choice: ListChoice, kept: Callable[[pd.DataFrame], Any]
) -> None:
    everything = frame[np.asarray(kept(frame))]
    assert sorted(found(index, choice)) == sorted(everything.index)
    own = everything[everything["owner"] == "Owner 02"]
    assert sorted(found(index, choice, "Owner 02")) == sorted(own.index)


def test_a_search_knows_letters_beyond_ascii_and_never_reaches_into_the_next_row(index: ListIndex) -> None:
    assert found(index, ListChoice(search="straße & STRASSE")) == [index.accounts[5]]
    joined = index._search._whole
    seam = joined.index("\x00")
    assert found(index, ListChoice(search=joined[seam - 2 : seam] + joined[seam + 1 : seam + 3])) == []
    assert found(index, ListChoice(search=".*")) == []


@pytest.mark.parametrize("size", [7, 25, 200, 500])
@pytest.mark.parametrize("choice", [ListChoice(), ListChoice(sort="change"), ListChoice(band=("High",), sort="name")])
def test_pages_lead_through_all_rows_once_and_back(index: ListIndex, choice: ListChoice, size: int) -> None:
    rows = index.rows(choice, None, NO_STATES, AS_OF)
    page = index.page(rows, choice.sort, size)
    there, firsts = list(page.accounts), [page.first]
    while page.after is not None:
        page = index.page(rows, choice.sort, size, after=page.after)
        there += page.accounts
        firsts.append(page.first)
    assert there == [index.accounts[row] for row in rows]
    assert page == index.page(rows, choice.sort, size, before="end")
    back = list(page.accounts)
    while page.before is not None:
        page = index.page(rows, choice.sort, size, before=page.before)
        back = [*page.accounts, *back]
    assert back == there
    assert firsts == list(range(1, len(rows) + 1, size))


def test_a_page_goes_on_where_an_account_stood_that_is_no_longer_chosen(index: ListIndex) -> None:
    everything = found(index, ListChoice())
    snoozed = States(1, {everything[9]: AccountState(snooze_until=AS_OF + WEEK)})
    rows = index.rows(ListChoice(), None, snoozed, AS_OF)
    assert index.page(rows, "place", 5, after=everything[9]).accounts == everything[10:15]
    assert index.page(rows, "place", 5, before=everything[9]).accounts == everything[4:9]


def test_a_page_after_an_unknown_account_is_refused(index: ListIndex) -> None:
    with pytest.raises(UsageError, match="'X9', which is not on the list"):
        index.page(index.rows(ListChoice(), None, NO_STATES, AS_OF), "place", 5, after="X9")


def test_nothing_chosen_is_one_empty_page(index: ListIndex) -> None:
    rows = index.rows(ListChoice(search="no such thing"), None, NO_STATES, AS_OF)
    for page in (index.page(rows, "place", 5), index.page(rows, "place", 5, before="end")):
        assert (page.accounts, page.total, page.before, page.after) == ([], 0, None, None)


def test_what_people_said_chooses(index: ListIndex) -> None:
    a, b, c, d = found(index, ListChoice(band=("Low",)))[:4]
    states = States(
        9,
        {
            a: AccountState(stage="at risk", snooze_until=AS_OF + WEEK),
            b: AccountState(stage="saving", next_action="Call", next_due=AS_OF + WEEK),
            c: AccountState(csm_band="High", csm_reason="already known", snooze_until=AS_OF),
            d: AccountState(next_action="Call", next_due=AS_OF + 2 * WEEK),
            "somebody else": AccountState(stage="at risk"),
        },
    )
    assert found(index, ListChoice(stage=("at risk",), show="all"), None, states) == [a]
    assert found(index, ListChoice(stage=("at risk",)), None, states) == []
    assert set(found(index, ListChoice(stage=("at risk", "saving"), show="all"), None, states)) == {a, b}
    assert len(found(index, ListChoice(stage=("none",), show="all"), None, states)) == 198
    assert len(found(index, ListChoice(stage=("none", "saving"), show="all"), None, states)) == 199
    assert found(index, ListChoice(show="snoozed"), None, states) == [a]
    assert found(index, ListChoice(show="due"), None, states) == [b]
    assert len(found(index, ListChoice(), None, states)) == 199
    assert c in found(index, ListChoice(band=("High",)), None, states)
    assert c not in found(index, ListChoice(band=("Low",)), None, states)


def test_an_owner_is_full_with_the_row_that_fills_their_capacity_snoozed_ones_not_counted(index: ListIndex) -> None:
    own = found(index, ListChoice(), "Owner 02")
    everything = np.ones(len(index.accounts), dtype=bool)
    assert index.filling(3, everything) & set(own) == {own[2]}
    assert index.filling(3, ~index.marked(own[:2])) & set(own) == {own[4]}
    assert index.filling(10_000, everything) == frozenset()


def test_values_are_those_of_the_book(index: ListIndex, frame: pd.DataFrame) -> None:
    assert index.values("owner") == sorted(frame["owner"].dropna().unique())
    own = frame[frame["owner"] == "Owner 02"]
    assert index.values("driver", "Owner 02") == sorted(own["driver"].dropna().unique())
    assert index.values("driver", "no such owner") == []


def test_nothing_is_new_on_a_first_list(engine: Engine) -> None:
    with engine.connect() as connection:
        first = ListIndexes().find(connection, AS_OF - 6 * WEEK)
    assert found(first, ListChoice(show="new")) == []
    assert len(found(first, ListChoice(show="listed"))) > 0


def test_lists_are_read_once_and_few_are_kept(engine: Engine) -> None:
    lists = ListIndexes()
    with engine.connect() as connection:
        newest = lists.find(connection)
        assert lists.find(connection, AS_OF) is newest
        for age in range(1, KEPT):
            lists.find(connection, AS_OF - age * WEEK)
        assert lists.find(connection) is newest
        for age in range(1, KEPT + 1):
            lists.find(connection, AS_OF - age * WEEK)
        assert lists.find(connection) is not newest
        with pytest.raises(UsageError):
            lists.find(connection, date(2020, 1, 6))


def test_threads_that_look_at_many_lists_each_see_their_own(engine: Engine) -> None:
    lists, wrong = ListIndexes(), []

    def look(start: int) -> None:
        with engine.connect() as connection:
            for step in range(20):
                week = AS_OF - ((start + step) % 7) * WEEK
                if lists.find(connection, week).header.as_of != week:
                    wrong.append(week)

    threads = [threading.Thread(target=look, args=(n,)) for n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_states_are_read_anew_after_an_action(engine: Engine) -> None:
    lists = ListIndexes()
    with engine.connect() as connection:
        before = lists.states(connection, 0)
        assert lists.states(connection, 0) is before
        assert lists.states(connection, 1).last_action == 1
