"""The properties as plain functions of a book's tables, so that the planted mutants can be run against them too."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from features.outcome import OutcomeContract
from features.snapshot import Snapshot, take_snapshot
from tests.books import make_book
from tests.property.definitions import EXPECTED
from tests.property.reference import DAY, Past, Row, Tables, known_at
from tests.property.strategies import LAST, WEEK

CONTRACT = OutcomeContract(minimum_tenure_days=28)

NEARLY: Any = {"rtol": 1e-12, "atol": 1e-12}
"""Taking a late row back out of a weighted sum leaves a rounding error."""

HAPPENS_LATER = {
    "subscriptions": ("noticed_at",),
    "contacts": ("ended_at",),
    "tickets": ("closed_at", "reopened_at"),
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


def snapshot(tables: Tables, as_ofs: Sequence[date], con: duckdb.DuckDBPyConnection | None = None) -> Snapshot:
    """Return the engine's snapshot of the tables."""
    return take_snapshot(make_book(tables, con=con or _connection()), as_ofs, CONTRACT)


def expected_frame(tables: Tables, as_ofs: Sequence[date], features: Sequence[str]) -> pd.DataFrame:
    """Return what the reference engine makes of the tables."""
    found: dict[tuple[str, pd.Timestamp], dict[str, float]] = {}
    for account in sorted({row["account_id"] for row in tables["accounts"]}):
        for as_of in sorted(as_ofs):
            past = Past(tables, account, instant(as_of))
            if past.is_scored(CONTRACT.minimum_tenure_days):
                values = {name: EXPECTED[name](past) for name in features}
                found[account, pd.Timestamp(as_of)] = values | {"owner": past.attribute("owner")}  # type: ignore[dict-item]
    index = pd.MultiIndex.from_tuples(found, names=["account_id", "as_of"]) if found else None
    return pd.DataFrame(list(found.values()), index=index, columns=[*features, "owner"])


def equals_the_reference(tables: Tables, as_ofs: Sequence[date]) -> None:
    """Assert that the engine and the slow reference agree, row by row and feature by feature."""
    found = snapshot(tables, as_ofs)
    names = list(found.frame.columns)
    wanted = expected_frame(tables, as_ofs, names)
    assert sorted(found.frame.index) == sorted(wanted.index), "other accounts are scored"
    for key in found.frame.index:
        engine, reference = found.frame.loc[key].to_numpy(float), wanted.loc[key, names].to_numpy(float)
        close = np.isclose(engine, reference, rtol=1e-9, atol=1e-9, equal_nan=True)
        wrong = {names[i]: (engine[i], reference[i]) for i in np.flatnonzero(~close)}
        assert not wrong, f"{key}: engine and reference differ: {wrong}"
        assert found.standing.loc[key, "owner"] == wanted.loc[key, "owner"]


def same(left: Snapshot, right: Snapshot, as_of: date | None = None, account: str | None = None) -> None:
    """Assert that two snapshots are equal, everything that is made from them included.

    With `as_of` or `account` only such rows are compared, without what is kept of the last as-of date alone.
    """
    for one, other in ((left.frame, right.frame), (left.standing, right.standing)):
        pd.testing.assert_frame_equal(
            _rows(one, as_of, account), _rows(other, as_of, account), check_dtype=False, **NEARLY
        )
    if as_of is None and account is None:
        pd.testing.assert_frame_equal(left.facts, right.facts, check_index_type=False, **NEARLY)
        pd.testing.assert_frame_equal(left.not_scored, right.not_scored, check_dtype=False)


def _rows(frame: pd.DataFrame, as_of: date | None, account: str | None) -> pd.DataFrame:
    rows = frame.reset_index()
    if as_of is not None:
        rows = rows[rows["as_of"] == pd.Timestamp(as_of)]
    if account is not None:
        rows = rows[rows["account_id"] == account]
    texts = rows.select_dtypes(exclude=["number", "datetime"]).columns
    return rows.astype(dict.fromkeys(texts, object)).sort_values(["account_id", "as_of"], ignore_index=True)


def with_another_future(tables: Tables, other: Tables, as_of: date) -> dict[str, list[dict[str, Any]]]:
    """Return `tables` with every row that was not available before `as_of` replaced by such rows of `other`."""
    now = instant(as_of)
    spliced = {}
    for table, rows in tables.items():
        if table == "entitlements":
            spliced[table] = [dict(row) for row in rows]
            continue
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
