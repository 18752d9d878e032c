"""Stored rollups say what the sources say, however they came to be."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.book import Book
from features.ingest import Source, ingest
from features.sources.files import open_book
from features.store import RollupStore
from tests.property.checks import day, instant, same, snapshot, taken
from tests.property.dealings import LAST
from tests.property.profile import few, fewest
from tests.property.shipments import Parcel, Shipments, steps
from tests.property.strategies import small_book
from tests.property.test_edges import book
from tests.property.told import DAY, WEEK

AS_OFS = [day(13), day(1), day(0)]


def opened(source: Source) -> Book:
    """Return the book straight from the sources."""
    return open_book(source.mapping, source.data, source.limits, threads=1)


def stored_equals_straight(dice: Random, folder: Path) -> None:
    """Assert that snapshots from a store, filled at once or step by step, equal those from the sources."""
    shipments = Shipments(small_book(dice), folder / "data", dice)
    source, store = shipments.source(), RollupStore(folder / "steps")
    for as_of in steps(dice, day(0)):
        shipments.arrive(instant(as_of))
        stepwise = ingest(store, source, as_of)
    straight = taken(opened(source), AS_OFS)
    same(straight, taken(stepwise.book, AS_OFS))
    same(straight, taken(ingest(RollupStore(folder / "once"), source, day(0)).book, AS_OFS))
    assert not store.damaged()


def in_a_folder(dice: Random) -> None:
    with TemporaryDirectory() as folder:
        stored_equals_straight(dice, Path(folder))


@fewest
@given(st.randoms(use_true_random=True))
def test_stored_rollups_equal_the_sources(dice: Random) -> None:
    in_a_folder(dice)


@pytest.mark.slow
@few
@given(st.randoms(use_true_random=True), st.integers(0, 10_000))
def test_more_stored_rollups_equal_the_sources(dice: Random, more: int) -> None:
    in_a_folder(Random(more))


@fewest
@given(st.randoms(use_true_random=True))
def test_files_say_what_rows_in_memory_say(dice: Random) -> None:
    with TemporaryDirectory() as name:
        shipments = Shipments(small_book(dice), Path(name) / "data", dice)
        shipments.arrive(instant(day(-40)), whole=True)
        tables = {table: rows for table, rows in shipments.shown().items() if rows}
        same(snapshot(tables, AS_OFS), taken(opened(shipments.source()), AS_OFS))


def sent(week: int, comes: int, goes: int | None = None, feature: str = "export", event: str = "e") -> Parcel:
    """Return an event of A that became known in one week before LAST, and the weeks when its file comes and goes."""
    when = {"occurred_at": LAST - 30 * WEEK, "available_at": LAST - week * WEEK - DAY}
    row = {"account_id": "A", "feature": feature, "event_id": event, "user_id": "u"} | when
    return Parcel(row, LAST - comes * WEEK - DAY, f"{event}-{week}", None if goes is None else LAST - goes * WEEK)


FIRST = sent(60, 60, event="first")
STANDINGS = {
    "corrected after a repeat": [sent(20, 20), sent(18, 18), sent(2, 2, feature="chat")],
    "an earlier copy comes late": [sent(20, 20), sent(18, 18), sent(22, 2)],
    "the correction is taken away": [sent(20, 20), sent(10, 10, goes=2, feature="chat")],
    "the first copy is taken away": [sent(20, 20, goes=2), sent(10, 10)],
}


def settle(parcels: list[Parcel], folder: Path) -> None:
    shipments = Shipments.of(book([]), folder / "data", [FIRST, *parcels])
    source, store = shipments.source(), RollupStore(folder / "store")
    for weeks in (5, 0):
        shipments.arrive(instant(day(weeks)))
        made = ingest(store, source, day(weeks))
    same(taken(opened(source), [day(19), day(9), day(0)]), taken(made.book, [day(19), day(9), day(0)]))


@pytest.mark.parametrize("parcels", STANDINGS.values(), ids=STANDINGS)
def test_standing_changes_in_weeks_that_are_not_read(parcels: list[Parcel], tmp_path: Path) -> None:
    settle(parcels, tmp_path)


@pytest.mark.parametrize("parcels", STANDINGS.values(), ids=STANDINGS)
def test_a_week_that_is_not_read_again_would_be_noticed(
    parcels: list[Parcel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.ingest._older", lambda *_: set())
    with pytest.raises(AssertionError):
        settle(parcels, tmp_path)
