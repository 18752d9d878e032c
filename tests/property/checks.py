"""The properties as plain functions of a book's tables, so that the planted mutants can be run against them too."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from features.book import Book
from features.outcome import OutcomeContract
from features.snapshot import Snapshot, take_snapshot
from tests.books import make_book
from tests.property.dealings import LAST
from tests.property.definitions import EXPECTED
from tests.property.definitions_peers import PEERS, Cohort
from tests.property.reference import Past
from tests.property.told import DAY, WEEK, Row, Tables, Told, known_at

CONTRACT = OutcomeContract(minimum_tenure_days=28)

NEARLY: Any = {"rtol": 1e-12, "atol": 1e-12}
"""Taking a late row back out of a weighted sum leaves a rounding error."""

HAPPENS_LATER = {
    "subscriptions": ("noticed_at",),
    "contacts": ("ended_at",),
    "tickets": ("closed_at", "reopened_at"),
    "invoices": ("paid_at",),
}
"""Columns of a row already seen that speak of the future until they have passed."""


def day(weeks: int) -> date:
    """Return the as-of date `weeks` before LAST."""
    return (LAST - weeks * WEEK).date()


def instant(as_of: date) -> datetime:
    """Return the first instant not visible at an as-of date."""
    return datetime.combine(as_of, datetime.min.time())


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """Return one connection for all books: opening one takes longer than filling it."""
    return duckdb.connect(config={"threads": 1})


def taken(book: Book, as_ofs: Sequence[date]) -> Snapshot:
    """Return the engine's snapshot of a book."""
    return take_snapshot(book, as_ofs, CONTRACT)


def snapshot(
    tables: Tables,
    as_ofs: Sequence[date],
    con: duckdb.DuckDBPyConnection | None = None,
    without: Sequence[str] = (),
) -> Snapshot:
    """Return the engine's snapshot of the tables, some of whose columns may be absent."""
    return taken(make_book(tables, con=con or _connection(), without=without), as_ofs)


@dataclass(frozen=True)
class Wanted:
    """What the reference engine makes of the tables."""

    values: Mapping[tuple[str, date], Mapping[str, float]]
    untracked: Mapping[tuple[str, date], Mapping[str, bool]]
    owners: Mapping[tuple[str, date], str | None]


def wanted(tables: Tables, as_ofs: Sequence[date], features: Sequence[str], without: Sequence[str] = ()) -> Wanted:
    """Return what the features of everybody who is scored should be."""
    told, found = Told.without(tables, without), Wanted({}, {}, {})
    alone = [name for name in features if name in EXPECTED]
    compared = [name for name in features if name in PEERS]
    for as_of in as_ofs:
        everybody = [Past(told, account, instant(as_of)) for account in told.on_record(instant(as_of))]
        scored = [past for past in everybody if past.is_scored(CONTRACT.minimum_tenure_days)]
        values = {past.account: {name: EXPECTED[name].value(past) for name in alone} for past in scored}
        cohort = Cohort(told, instant(as_of), values)
        for past in scored:
            peers = {name: PEERS[name](cohort, past.account) for name in compared}
            key = past.account, as_of
            found.values[key] = values[past.account] | peers  # type: ignore[index]
            found.untracked[key] = {name: EXPECTED[name].untracked(past) for name in alone}  # type: ignore[index]
            found.owners[key] = past.attribute("owner")  # type: ignore[index]
    return found


def equals_the_reference(tables: Tables, as_ofs: Sequence[date], without: Sequence[str] = ()) -> None:
    """Assert that the engine and the slow reference agree, row by row and feature by feature."""
    found = snapshot(tables, as_ofs, without=without)
    agree(found, wanted(tables, as_ofs, list(found.frame.columns), without))


def agree(found: Snapshot, reference: Wanted) -> None:
    """Assert that a snapshot holds what the reference wants."""
    keys = [(account, moment.date()) for account, moment in found.frame.index]
    assert sorted(keys) == sorted(reference.values), "other accounts are scored"
    values, marks = found.frame.to_dict("list"), found.untracked.to_dict("list")
    for name in found.frame.columns:
        engine, untracked = np.array(values[name], dtype=float), np.array(marks[name], dtype=bool)
        expected = np.array([reference.values[key][name] for key in keys], dtype=float)
        for row in np.flatnonzero(~np.isclose(engine, expected, rtol=1e-9, atol=1e-9, equal_nan=True)):
            raise AssertionError(f"{keys[row]} {name}: the engine says {engine[row]}, the reference {expected[row]}")
        marked = np.array([reference.untracked[key].get(name, untracked[row]) for row, key in enumerate(keys)])
        for row in np.flatnonzero(marked != untracked):
            raise AssertionError(f"{keys[row]} {name}: not tracked {untracked[row]}, the reference {marked[row]}")
        assert not (untracked & ~np.isnan(engine)).any(), f"{name} has a value where it is not tracked"
    assert list(found.standing["owner"]) == [reference.owners[key] for key in keys]


def same(left: Snapshot, right: Snapshot, as_of: date | None = None, of: str = "", but: Collection[str] = ()) -> None:
    """Assert that two snapshots are equal, everything that is made from them included.

    With `as_of`, or `of` (how the accounts' names begin), only such rows are compared, without what is kept of the
    last as-of date alone; `but` names features that are left out.
    """
    for one, other in (
        (left.frame, right.frame),
        (left.standing, right.standing),
        (left.untracked, right.untracked),
    ):
        pd.testing.assert_frame_equal(
            _rows(one, as_of, of, but), _rows(other, as_of, of, but), check_dtype=False, **NEARLY
        )
    if as_of is None and not of:
        pd.testing.assert_frame_equal(left.facts, right.facts, check_index_type=False, **NEARLY)
        pd.testing.assert_frame_equal(left.not_scored, right.not_scored, check_dtype=False)


def _rows(frame: pd.DataFrame, as_of: date | None, of: str, but: Collection[str]) -> pd.DataFrame:
    rows = frame.drop(columns=[name for name in but if name in frame]).reset_index()
    if as_of is not None:
        rows = rows[rows["as_of"] == pd.Timestamp(as_of)]
    rows = rows[rows["account_id"].str.startswith(of)]
    texts = rows.select_dtypes(exclude=["number", "datetime", "bool"]).columns
    return rows.astype(dict.fromkeys(texts, object)).sort_values(["account_id", "as_of"], ignore_index=True)


def with_another_future(tables: Tables, other: Tables, as_of: date) -> dict[str, list[dict[str, Any]]]:
    """Return `tables` with every row that was not available before `as_of` replaced by such rows of `other`."""
    now = instant(as_of)
    spliced = {}
    for table, rows in tables.items():
        known = [row for row in rows if known_at(table, row) < now]
        past = [_with_another_end(table, row, now, never=place % 2 == 0) for place, row in enumerate(known)]
        future = [dict(row) for row in other[table] if known_at(table, row) >= now]
        spliced[table] = future + past
    return spliced


def _with_another_end(table: str, row: Row, now: datetime, never: bool) -> dict[str, Any]:
    changed = dict(row)
    for column in HAPPENS_LATER.get(table, ()):
        if row.get(column) is not None and row[column] >= now:
            changed[column] = None if never else row[column] + 3 * DAY
            if column == "closed_at":
                changed["csat"] = 1.0
    return changed


def ignores_the_future(tables: Tables, other: Tables, as_of: date, *later: date) -> None:
    """Assert that rows not available before the as-of date change nothing, also when later dates are asked for too."""
    changed = snapshot(with_another_future(tables, other, as_of), [as_of, *later])
    same(snapshot(tables, [as_of]), changed, as_of if later else None)
