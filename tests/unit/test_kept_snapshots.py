"""Snapshots that are kept are read as they were computed, and never change."""

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.book import Book
from features.outcome import OutcomeContract
from features.snapshot import Snapshot, take_snapshot
from features.snapshots import Room, SnapshotStore, snapshots
from tests.books import make_book

T = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
WEEK = timedelta(days=7)
CONTRACT = OutcomeContract(minimum_tenure_days=0)
DATES = [(T - back * WEEK).date() for back in (3, 1, 0)]


def book(logins: int = 1) -> Book:
    """Return a book of three accounts, of which one comes late and one has no name."""
    begins = {"one": 80, "two": 60, "three": 2}
    return make_book(
        {
            "accounts": [
                {
                    "account_id": name,
                    "created_at": T - weeks * WEEK,
                    "name": None if name == "two" else name,
                    "plan": "a",
                }
                for name, weeks in begins.items()
            ],
            "subscriptions": [
                {"account_id": name, "subscription_id": name, "started_at": T - weeks * WEEK, "mrr": 5.0}
                for name, weeks in begins.items()
            ],
            "usage": [
                {"account_id": name, "occurred_at": T - back * WEEK + WEEK / 2, "feature": "login", "user_id": f"u{k}"}
                for name, weeks in begins.items()
                for back in range(1, weeks + 1)
                for k in range(logins)
            ],
        }
    )


def same(one: Snapshot, other: Snapshot) -> None:
    for part in ("frame", "untracked", "standing", "facts", "not_scored", "shown"):
        pd.testing.assert_frame_equal(getattr(one, part), getattr(other, part), check_exact=True)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return SnapshotStore(tmp_path).room(book(), CONTRACT)


def test_what_is_kept_is_read_as_it_was_computed(room: Room) -> None:
    fresh, computed = snapshots(room, book(), DATES, CONTRACT)
    again, none = snapshots(room, book(), DATES, CONTRACT)
    assert (computed, none) == (3, 0)
    assert room.as_ofs() == DATES
    same(fresh, again)
    same(take_snapshot(book(), DATES, CONTRACT), again)


def test_only_what_is_missing_is_computed(room: Room) -> None:
    snapshots(room, book(), DATES[:2], CONTRACT)
    found, computed = snapshots(room, book(), DATES, CONTRACT)
    assert computed == 1
    same(take_snapshot(book(), DATES, CONTRACT), found)


def test_facts_of_an_older_week_are_added_when_asked_for(room: Room) -> None:
    snapshots(room, book(), DATES, CONTRACT)
    found, _ = snapshots(room, book(), DATES[:1], CONTRACT)
    same(take_snapshot(book(), DATES[:1], CONTRACT), found)


def test_a_kept_snapshot_never_changes(room: Room) -> None:
    before, _ = snapshots(room, book(), DATES, CONTRACT)
    content = {path: path.read_bytes() for path in room.folder.rglob("*.parquet")}
    after, _ = snapshots(room, book(logins=3), DATES, CONTRACT)
    assert {path: path.read_bytes() for path in room.folder.rglob("*.parquet")} == content
    same(before, after)
    other = take_snapshot(book(logins=3), DATES, CONTRACT)
    assert not np.array_equal(other.frame["logins_per_week"], after.frame["logins_per_week"])


@pytest.mark.parametrize("dates", [DATES, DATES[-1:]], ids=["among others", "alone"])
def test_a_week_kept_by_an_earlier_version_is_told_in_full_and_its_rows_stay(room: Room, dates: list[date]) -> None:
    fresh, _ = snapshots(room, book(), dates, CONTRACT)
    last = {part: room.path(DATES[-1], f"{part}.parquet") for part in ("shown", "not_scored", "facts", "rows")}
    last["shown"].unlink()
    last["not_scored"].write_bytes(last["facts"].read_bytes())
    content = {part: last[part].read_bytes() for part in ("facts", "rows")}
    again, computed = snapshots(room, book(logins=3), dates, CONTRACT)
    assert computed == 1
    same(fresh, again)
    assert {part: last[part].read_bytes() for part in content} == content
    assert snapshots(room, book(), dates, CONTRACT)[1] == 0


def test_another_contract_or_catalogue_has_a_room_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SnapshotStore(tmp_path)
    rooms = {store.room(book(), CONTRACT).folder, store.room(book(), OutcomeContract(minimum_tenure_days=9)).folder}
    monkeypatch.setattr("features.snapshots.catalogue_digest", lambda features: f"{len(features)} others")
    assert len({*rooms, store.room(book(), CONTRACT).folder}) == 3


def test_a_week_without_a_cohort_is_kept_too(tmp_path: Path) -> None:
    nobody = OutcomeContract(minimum_tenure_days=4000)
    room = SnapshotStore(tmp_path).room(book(), nobody)
    snapshots(room, book(), DATES, nobody)
    found, computed = snapshots(room, book(), DATES, nobody)
    assert (computed, len(found.frame)) == (0, 0)
    assert room.as_ofs() == DATES
