"""The weekly profile: what became known of each table in each week, counted in one scan per table."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from features.book import Book
from features.calendar import WEEK, WeekGrid
from features.contract import TABLES, Table
from features.trust.measures import PARTS, SCHEDULED, UNWATCHED, number_columns, optional_columns

COLUMNS = ["table", "week", "measure", "key", "value"]
PARTS_COUNTED = 1000
"""Values of a part (product features) that are counted, the most frequent first."""
HOUR_ROWS = 200
"""Rows that a week needs for its usual hour to mean something."""
_DAY, _WEEK = 86_400_000_000, 604_800_000_000
_REPEATED = ("rows", "weekend", "late", "empty", "sine", "cosine")
"""What is a sum over rows, so that surplus copies of repeated events can be taken out of it."""


def weekly_profile(book: Book, weeks: WeekGrid, since: date | None = None) -> pd.DataFrame:
    """Return table, week (the date that ends it), measure, key and value of what became known in each week.

    Only weeks that end after `since` are counted; a week without a row of a table has none here but its `total`.
    """
    start = weeks.start if since is None else max(weeks.start, min(since, weeks.last))
    grid = WeekGrid(start, (weeks.last - start).days // 7)
    tables = [TABLES[name] for name in book.columns if TABLES[name].event and name not in UNWATCHED]
    parts = [_table_profile(book, table, grid) for table in tables] if grid.weeks else []
    made = pd.concat([pd.DataFrame(columns=COLUMNS).astype({"value": float}), *parts], ignore_index=True)
    return made.astype({"week": "datetime64[us]"}).sort_values(COLUMNS[:4], ignore_index=True)


def renewed_profile(stored: pd.DataFrame, book: Book, weeks: WeekGrid, again: int = 4) -> pd.DataFrame:
    """Return a stored profile with its last `again` weeks, and those that it does not have, counted anew.

    Rows that were known in older weeks and are gone show in `total`, because the older weeks stay as they were.
    """
    since = weeks.last - again * WEEK
    if len(stored):
        since = min(since, stored["week"].max().date())
    old = stored[stored["week"] <= pd.Timestamp(since)]
    return pd.concat([old, weekly_profile(book, weeks, since if len(old) else None)], ignore_index=True)


def _table_profile(book: Book, table: Table, weeks: WeekGrid) -> pd.DataFrame:
    """Return the profile of one table."""
    found = _scan(book, table, table.name, weeks)
    if table.name == "usage" and book.con.execute("SELECT 1 FROM usage_repeats LIMIT 1").fetchall():
        found = _less(found, _scan(book, table, "usage_repeats", weeks))
    whole = found[found["whole"] == 1].drop(columns=["part", "whole"])
    whole = whole.rename(columns={"last|": "last_known"}).set_index("week")
    whole["last|"] = 7 * (whole.index + 1) - (whole.pop("last_known") - _micros(weeks.start)) / _DAY
    if "sine|" in whole:
        whole = _with_hour(whole)
    if table.name == "usage":
        whole = _with_unknown(book, weeks, whole)
    whole = whole.reindex(range(weeks.weeks))
    whole["total|"] = _known_before(book, table, weeks) + whole["rows|"].fillna(0.0).cumsum()
    long = whole.reset_index().melt("week", var_name="name")
    long[["measure", "key"]] = long.pop("name").str.split("|", n=1, expand=True)
    long = pd.concat([long.dropna(subset=["value"]), _parts(found)])
    ends = np.datetime64(weeks.start, "D") + 7 * (long["week"].to_numpy(dtype=np.int64) + 1)
    return long.assign(table=table.name, week=ends, value=long["value"].astype(float))[COLUMNS]


def _scan(book: Book, table: Table, source: str, weeks: WeekGrid) -> pd.DataFrame:
    """Return a row per week (whole = 1) and per week and part, with a column `measure|key` per count."""
    given, start = book.columns[table.name], _micros(weeks.start)
    part = PARTS.get(table.name, "")
    text = f"CAST({part} AS VARCHAR)" if part in given else "CAST(NULL AS VARCHAR)"
    counted = ", ".join(f'{sql} AS "{name}"' for name, sql in _counts(table, given))
    found: pd.DataFrame = book.con.execute(f"""
        SELECT (epoch_us(known_at) - {start}) // {_WEEK} AS week, part, grouping(part) AS whole, {counted}
        FROM (SELECT *, {text} AS part FROM {source})
        WHERE known_at >= make_timestamp({start}) AND known_at < make_timestamp({_micros(weeks.last)})
        GROUP BY GROUPING SETS ((week), (week, part)) ORDER BY 1, 2, 3""").df()
    return found


def _counts(table: Table, given: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield `measure|key` and the SQL that counts it."""
    moment = f"epoch_us({table.event})"
    yield "rows|", "count(*)::DOUBLE"
    yield "last|", "max(epoch_us(known_at))::DOUBLE"
    if table.name == "usage" and "user_id" in given:
        yield "users|", "approx_count_distinct(user_id)::DOUBLE"
    if not table.state and table.available in given:
        yield "late|", f"count_if(epoch_us(known_at) - {moment} > {_DAY})::DOUBLE"
    if not table.state and table.name not in SCHEDULED:
        turn = f"{moment} * {2 * np.pi / _DAY!r}"
        yield "weekend|", f"count_if(({moment} // {_DAY} + 3) % 7 > 4)::DOUBLE"
        yield "sine|", f"sum(sin({turn}))"
        yield "cosine|", f"sum(cos({turn}))"
    for column in optional_columns(table, given):
        yield f"empty|{column.name}", f"(count(*) - count({column.name}))::DOUBLE"
    for number in number_columns(table, given):
        only = " FILTER (lower(kind) = 'nps')" if (table.name, number) == ("surveys", "score") else ""
        # The median of twenty million numbers would cost more than everything else here.
        yield f"middle|{number}", f"avg({number})" if table.name == "usage" else f"median({number}){only}"


def _less(found: pd.DataFrame, surplus: pd.DataFrame) -> pd.DataFrame:
    """Take the surplus copies of repeated events out of the sums."""
    keys = ["week", "part", "whole"]
    sums = [name for name in found.columns if name.split("|")[0] in _REPEATED]
    other = found[keys].merge(surplus[keys + sums], on=keys, how="left")[sums].fillna(0.0)
    return found.assign(**{name: found[name] - other[name] for name in sums})


def _with_hour(whole: pd.DataFrame) -> pd.DataFrame:
    """Replace the sums on the circle of the day by the usual hour, where there is one."""
    sine, cosine, rows = whole.pop("sine|"), whole.pop("cosine|"), whole["rows|"]
    hour = pd.Series(np.arctan2(sine, cosine), whole.index) * 12 / np.pi % 24
    telling = (rows >= HOUR_ROWS) & (np.hypot(sine, cosine) >= 0.1 * rows)
    return whole.assign(**{"hour|": hour.where(telling)})


def _parts(found: pd.DataFrame) -> pd.DataFrame:
    """Return the rows per part of the most frequent parts."""
    rows = found[(found["whole"] == 0) & found["part"].notna()]
    often = rows.groupby("part")["rows|"].sum().nlargest(PARTS_COUNTED).index
    rows = rows[rows["part"].isin(often)]
    return pd.DataFrame({"week": rows["week"], "measure": "part", "key": rows["part"], "value": rows["rows|"]})


def _with_unknown(book: Book, weeks: WeekGrid, whole: pd.DataFrame) -> pd.DataFrame:
    """Add how many rows name an unknown account; only usage still holds such rows."""
    start = _micros(weeks.start)
    found = book.con.execute(f"""
        SELECT (epoch_us(known_at) - {start}) // {_WEEK} AS week, count(*)::DOUBLE AS n FROM usage
        WHERE known_at >= make_timestamp({start}) AND known_at < make_timestamp({_micros(weeks.last)})
          AND account_id IN (SELECT account_id FROM usage_accounts ANTI JOIN accounts USING (account_id))
        GROUP BY 1""").df()
    return whole.assign(**{"unknown|": found.set_index("week")["n"].reindex(whole.index).fillna(0.0)})


def _known_before(book: Book, table: Table, weeks: WeekGrid) -> float:
    """Return how many rows were known before the first week."""
    before = f"WHERE known_at < make_timestamp({_micros(weeks.start)})"
    count = book.con.execute(f"SELECT count(*) FROM {table.name} {before}").fetchall()[0][0]
    if table.name == "usage":
        count -= book.con.execute(f"SELECT count(*) FROM usage_repeats {before}").fetchall()[0][0]
    return float(count)


def _micros(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
