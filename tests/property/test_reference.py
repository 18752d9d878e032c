"""The engine computes what the definitions say, and knows nothing that was not yet known."""

import random
from collections.abc import Iterable
from datetime import date

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import catalogue
from tests.property.checks import day, equals_the_reference, ignores_the_future, same, snapshot
from tests.property.crowds import crowd, crowds
from tests.property.definitions import EXPECTED
from tests.property.definitions_peers import PEERS
from tests.property.profile import few, fewer, lots, many
from tests.property.strategies import ANCHOR, AS_OF_WEEKS, as_of_weeks, books, small_book
from tests.property.told import Row, Tables

STAY = ("A1", ANCHOR)
CLOCKS = ["usage.available_at", "surveys.recorded_at", "tickets.recorded_at", "subscriptions.recorded_at"]
TWO = [day(5), day(0)]
CUTS = [("snapshot.SHARD", 1), ("stream.BATCH", 7), ("beginnings.STRETCH", 1)]


def test_every_feature_has_a_definition_in_the_reference() -> None:
    assert set(EXPECTED) | set(PEERS) == {each.name for each in catalogue()}
    assert set(PEERS) == {each.name for each in catalogue() if each.of_peers}


@many
@given(books(), as_of_weeks())
def test_engine_equals_the_reference(tables: Tables, weeks: list[int]) -> None:
    equals_the_reference(tables, [day(each) for each in weeks])


@fewer
@given(crowds(), as_of_weeks())
def test_peers_equal_the_reference(tables: Tables, weeks: list[int]) -> None:
    equals_the_reference(tables, [day(each) for each in weeks])


@few
@given(books(), st.sets(st.sampled_from([*CLOCKS, "usage.user_id", "entitlements.valid_from", "touchpoints.kept"])))
def test_columns_that_are_not_mapped_say_nothing(tables: Tables, without: set[str]) -> None:
    equals_the_reference(tables, TWO, sorted(without))


@many
@given(books(), books(), st.sampled_from(AS_OF_WEEKS), st.sampled_from([[], [day(-1)]]))
def test_rows_not_yet_available_change_no_feature(tables: Tables, other: Tables, weeks: int, later: list[date]) -> None:
    ignores_the_future(tables, other, day(weeks), *later)


@fewer
@given(crowds(), crowds(), st.sampled_from(AS_OF_WEEKS), st.sampled_from([[], [day(-1)]]))
def test_rows_not_yet_available_change_no_peer(tables: Tables, other: Tables, weeks: int, later: list[date]) -> None:
    ignores_the_future(tables, other, day(weeks), *later)


@few
@given(books(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(tables: Tables, dice: random.Random) -> None:
    shuffled = {table: dice.sample(list(rows), len(rows)) for table, rows in tables.items()}
    same(snapshot(tables, TWO), snapshot(shuffled, TWO))


@few
@given(books(anchored=True), books(anchored=True))
def test_other_accounts_do_not_matter(tables: Tables, other: Tables) -> None:
    swapped = {table: of(STAY, tables[table]) + but(STAY, other[table]) for table in tables}
    same(snapshot(tables, TWO), snapshot(swapped, TWO), of="A1", but=PEERS)


@fewer
@given(st.randoms(use_true_random=True))
def test_accounts_of_other_groups_do_not_matter(dice: random.Random) -> None:
    tables, other = crowd(dice, marks=("ours", "theirs")), crowd(dice, marks=("theirs",), size=15)
    swapped = {table: but(("ours", ANCHOR), other[table]) + of(("ours", ANCHOR), tables[table]) for table in tables}
    same(snapshot(tables, TWO), snapshot(swapped, TWO), of="ours")


def of(names: tuple[str, ...], rows: Iterable[Row]) -> list[Row]:
    """Return the rows of the accounts whose names begin so, and those of no account."""
    return [row for row in rows if row.get("account_id", ANCHOR).startswith(names)]


def but(names: tuple[str, ...], rows: Iterable[Row]) -> list[Row]:
    """Return the rows of the other accounts."""
    return [row for row in rows if not row.get("account_id", ANCHOR).startswith(names)]


@few
@given(st.one_of(books(), crowds()), as_of_weeks())
def test_other_as_of_dates_do_not_matter(tables: Tables, weeks: list[int]) -> None:
    together = snapshot(tables, [day(each) for each in weeks])
    for each in weeks:
        same(snapshot(tables, [day(each)]), together, day(each))


@few
@given(
    st.one_of(books(), crowds()),
    st.sampled_from([("snapshot.SHARD", 1), ("stream.BATCH", 7), ("beginnings.STRETCH", 1)]),
)
def test_how_the_work_is_cut_does_not_matter(tables: Tables, cut: tuple[str, int]) -> None:
    whole, (name, size) = snapshot(tables, TWO), cut
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"features.{name}", size)
        same(whole, snapshot(tables, TWO))


@few
@given(st.one_of(books(), crowds()))
def test_threads_and_session_time_zone_do_not_matter(tables: Tables) -> None:
    plain = snapshot(tables, [day(13), day(0)])
    con = duckdb.connect(config={"threads": 4})
    con.execute("SET TimeZone = 'Pacific/Auckland'")
    same(plain, snapshot(tables, [day(13), day(0)], con))


@pytest.mark.slow
@lots
@given(st.integers(0, 100_000))
def test_more_books_equal_the_reference(number: int) -> None:
    equals_the_reference(small_book(random.Random(number)), TWO)


@pytest.mark.slow
@lots
@given(st.integers(0, 100_000), st.sampled_from(AS_OF_WEEKS))
def test_rows_not_yet_available_change_no_feature_of_more_books(number: int, weeks: int) -> None:
    dice = random.Random(number)
    ignores_the_future(small_book(dice), small_book(dice), day(weeks), day(-1))
