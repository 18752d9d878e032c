"""Reading the list: filters, order and the JSON that programs rely on."""

from datetime import date

import pytest
from sqlalchemy import Engine

from features.errors import UsageError
from serving.risk_list import Choice, PublishedList, read_list

ROW_KEYS = [
    "account_id",
    "name",
    "owner",
    "segment",
    "arr",
    "arr_at_risk",
    "risk_30",
    "risk_60",
    "risk_90",
    "risk_60_90",
    "health",
    "band",
    "change",
    "renewal_date",
    "notice_deadline",
    "reasons",
]


def ids(read: PublishedList) -> list[str]:
    return [row.account_id for row in read.rows]


def test_owner_segment_band_and_risk_cut_the_list_down(published: Engine) -> None:
    everything = read_list(published).rows
    choice = Choice(owner=("Owner 01",), segment=("Small", "Enterprise"), band=("High", "Medium"), minimum_risk=0.2)
    expected = [
        row.account_id
        for row in everything
        if row.owner == "Owner 01" and row.segment != "Mid-market" and row.band != "Low" and row.risk_90 >= 0.2
    ]
    assert expected
    assert ids(read_list(published, choice=choice)) == expected


def test_top_keeps_the_first_rows_of_the_chosen_order(published: Engine) -> None:
    rows = sorted(read_list(published).rows, key=lambda row: (-(row.arr_at_risk or 0), row.rank))
    top = read_list(published, choice=Choice(sort="arr_at_risk", top=5))
    assert ids(top) == [row.account_id for row in rows[:5]]
    assert top.accounts == 60
    assert all(row.reasons for row in top.rows)


def test_missing_values_sort_last(published: Engine) -> None:
    deadlines = [row.notice_deadline for row in read_list(published, choice=Choice(sort="notice_deadline")).rows]
    known = [day for day in deadlines if day is not None]
    assert 0 < len(known) < len(deadlines)
    assert deadlines == sorted(known) + [None] * (len(deadlines) - len(known))


@pytest.mark.parametrize(("term", "found"), [("ACCOUNT 0042", 1), ("a00007", 1), ("%", 0), ("_", 0), ("owner 02", 30)])
def test_search_finds_part_of_a_name_id_or_owner_as_it_is_written(published: Engine, term: str, found: int) -> None:
    assert len(read_list(published, choice=Choice(search=term)).rows) == found


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(owner=("Owner 1",)), "'Owner 1'; there are 2, nearest: Owner 0"),
        (Choice(band=("high",)), "'high'; there are 3, nearest: High"),
        (Choice(sort="risk"), "did you mean"),  # type: ignore[arg-type]
        (Choice(top=0), "at least 1"),
    ],
)
def test_a_choice_that_cannot_be_met_says_what_there_is(published: Engine, choice: Choice, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_list(published, choice=choice)


def test_a_week_that_was_never_published_names_the_nearest(published: Engine) -> None:
    with pytest.raises(UsageError, match="2026-08-31; the nearest weeks are 2026-09-07"):
        read_list(published, date(2026, 8, 31))


def test_the_json_has_the_agreed_keys(published: Engine) -> None:
    shown = read_list(published).to_json()
    assert {"as_of", "outcome", "model", "rows", "not_scored"} <= shown.keys()
    assert all(set(ROW_KEYS) <= row.keys() for row in shown["rows"])
    assert {*shown["rows"][0]["reasons"][0]} == {"driver", "feature", "text", "contribution"}
    assert shown["not_scored"][0] == {
        "account_id": "N1",
        "name": "Account 9001",
        "why": "notice was given",
        "owner": "Owner 01",
        "segment": "Small",
    }
    assert (shown["as_of"], shown["rows"][0]["change"]) == ("2026-09-07", None)
