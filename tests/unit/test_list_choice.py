"""The choice that an address of the list holds."""

from datetime import date
from urllib.parse import parse_qsl

import pytest

from features.errors import UsageError
from serving.list_choice import LONGEST_SEARCH, MANY, SORT_WORDS, ListChoice, parse_choice

WHOLE = ListChoice(
    as_of=date(2026, 8, 31),
    owner=("Owner 01", "Ö & Söhne"),
    segment=("Mid-market",),
    band=("High", "Medium"),
    driver=("Logins",),
    stage=("at risk", "none"),
    renewal=90,
    show="new",
    search="50 % + more?",
    sort="arr",
)


def parsed(query: str) -> ListChoice:
    """Return the choice of an address part."""
    return parse_choice(parse_qsl(query, keep_blank_values=True))


@pytest.mark.parametrize("choice", [ListChoice(), WHOLE, ListChoice(show="all"), ListChoice(search="a")])
def test_an_address_holds_the_whole_choice(choice: ListChoice) -> None:
    assert parsed(choice.query()) == choice


def test_the_same_choice_has_one_address() -> None:
    assert ListChoice().query() == ""
    assert parsed("sort=arr&owner=B&owner=A&owner=B&band=").query() == "owner=B&owner=A&sort=arr"


def test_what_belongs_to_paging_is_added_and_left_alone() -> None:
    query = ListChoice(sort="arr").query(after="A 1", before=None)
    assert query == "sort=arr&after=A+1"
    assert parsed(query) == ListChoice(sort="arr")


def test_a_form_sends_empty_fields_and_the_last_of_two_wins() -> None:
    assert parsed("search=+&renewal=&as_of=&sort=&show=&stage=&renewal=30&renewal=60") == ListChoice(renewal=60)


def test_a_search_is_cut_and_freed_of_what_no_text_holds() -> None:
    assert parsed("search=%00+a%00b+").search == "ab"
    assert len(parsed(f"search={'x' * 5_000}").search) == LONGEST_SEARCH


def test_only_what_leaves_out_more_than_snoozed_rows_narrows() -> None:
    wide = [ListChoice(), ListChoice(show="all"), ListChoice(sort="arr"), ListChoice(as_of=date(2026, 8, 31))]
    assert not any(choice.narrows for choice in wide)
    narrow = [ListChoice(show="new"), ListChoice(owner=("A",)), ListChoice(search="a"), ListChoice(renewal=30)]
    assert all(choice.narrows for choice in narrow)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sort=riskk_90", "did you mean risk_90"),
        ("show=opened", "did you mean open"),
        ("as_of=yesterday", "no date such as 2026-11-02"),
        ("as_of=2026-02-30", "no date"),
        ("renewal=0", "days from 1 to 3650"),
        ("renewal=-5", "days from 1 to 3650"),
        ("renewal=%D9%A3%D9%A0", "days from 1 to 3650"),
        ("renewal=99999999999999999999", "days from 1 to 3650"),
        ("&".join(f"owner={n}" for n in range(MANY + 1)), f"more than the {MANY}"),
    ],
)
def test_what_is_no_choice_is_refused_with_the_rule(query: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parsed(query)


def test_every_order_has_its_words() -> None:
    assert all(parsed(f"sort={sort}").sort == sort for sort in SORT_WORDS)
