"""The weekly profile beside the rollup store: only weeks that are read anew are counted anew."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date

import pandas as pd

from features.book import Book
from features.calendar import WEEK, WeekGrid
from features.trust.profile import renewed_profile, weekly_profile

KEYS = ["table", "week", "measure", "key"]


def renewed(stored: pd.DataFrame, book: Book, weeks: WeekGrid, rolled: Collection[date]) -> pd.DataFrame:
    """Return the profile up to `weeks.last`; `book` holds of usage only the weeks `rolled` (by their ends) in full.

    Totals of usage in weeks that are not read again stay what they were when those weeks were new.
    """
    small = replace(book, columns={name: given for name, given in book.columns.items() if name != "usage"})
    told = stored["table"] == "usage"
    made = renewed_profile(stored[~told], small, weeks)
    return pd.concat([_usage(stored[told], book, weeks, rolled), made], ignore_index=True).sort_values(
        KEYS, ignore_index=True
    )


def _usage(stored: pd.DataFrame, book: Book, weeks: WeekGrid, rolled: Collection[date]) -> pd.DataFrame:
    if not rolled:
        return stored
    ends = pd.DatetimeIndex([pd.Timestamp(week) for week in rolled])
    only = replace(book, columns={"usage": book.columns["usage"]})
    first = min(rolled) - WEEK
    fresh = weekly_profile(only, WeekGrid(first, (weeks.last - first).days // 7))
    kept, fresh = stored[~stored["week"].isin(ends)], fresh[fresh["week"].isin(ends)]
    found = pd.concat([kept, fresh], ignore_index=True)
    rows = found[found["measure"] == "rows"].set_index("week")["value"].sort_index().cumsum()
    total = (found["measure"] == "total") & found["week"].isin(ends)
    known = rows.reindex(rows.index.union(ends)).ffill().fillna(0.0)
    found.loc[total, "value"] = known.reindex(found.loc[total, "week"]).to_numpy()
    return found
