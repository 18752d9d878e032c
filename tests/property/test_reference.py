"""The engine computes what the definitions say, and knows nothing that was not yet known."""

import random
from datetime import date

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import catalogue
from tests.property.checks import day, equals_the_reference, ignores_the_future, same, snapshot
from tests.property.definitions import EXPECTED
from tests.property.profile import few, many
from tests.property.reference import Tables
from tests.property.strategies import ANCHOR, AS_OF_WEEKS, as_of_weeks, books

STAY = ("A1", ANCHOR)


def test_every_feature_has_a_definition_in_the_reference() -> None:
    assert set(EXPECTED) == {each.name for each in catalogue()}


@many
@given(books(), as_of_weeks())
def test_engine_equals_the_reference(tables: Tables, weeks: list[int]) -> None:
    equals_the_reference(tables, [day(each) for each in weeks])


@many
@given(books(), books(), st.sampled_from(AS_OF_WEEKS), st.sampled_from([[], [day(-1)]]))
def test_rows_not_yet_available_change_no_feature(tables: Tables, other: Tables, weeks: int, later: list[date]) -> None:
    ignores_the_future(tables, other, day(weeks), *later)


@few
@given(books(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(tables: Tables, dice: random.Random) -> None:
    shuffled = {table: dice.sample(list(rows), len(rows)) for table, rows in tables.items()}
    same(snapshot(tables, [day(5), day(0)]), snapshot(shuffled, [day(5), day(0)]))


@few
@given(books(), books())
def test_other_accounts_do_not_matter(tables: Tables, other: Tables) -> None:
    swapped = {
        table: [row for row in rows if row.get("account_id") in STAY]
        + [row for row in other[table] if row.get("account_id") not in STAY]
        for table, rows in tables.items()
    }
    same(snapshot(tables, [day(1), day(0)]), snapshot(swapped, [day(1), day(0)]), account="A1")


@few
@given(books(), as_of_weeks())
def test_other_as_of_dates_do_not_matter(tables: Tables, weeks: list[int]) -> None:
    together = snapshot(tables, [day(each) for each in weeks])
    for each in weeks:
        same(snapshot(tables, [day(each)]), together, day(each))


@few
@given(books())
def test_shards_do_not_matter(tables: Tables) -> None:
    whole = snapshot(tables, [day(13), day(0)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("features.snapshot.SHARD", 1)
        same(whole, snapshot(tables, [day(13), day(0)]))


@few
@given(books())
def test_threads_and_session_time_zone_do_not_matter(tables: Tables) -> None:
    plain = snapshot(tables, [day(13), day(0)])
    con = duckdb.connect(config={"threads": 4})
    con.execute("SET TimeZone = 'Pacific/Auckland'")
    same(plain, snapshot(tables, [day(13), day(0)], con))
