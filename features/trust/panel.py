"""The weekly profile as arrays: one row per counted series, one column per week."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.trust.measures import MEASURES, Measure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


PARTS_JUDGED = 100
"""Values of a part that are judged, the most frequent first."""


@dataclass(frozen=True)
class Panel:
    """Counts of every series by week; NaN before its table begins."""

    weeks: pd.DatetimeIndex
    """The dates that end the weeks."""
    names: tuple[tuple[str, str, str], ...]
    """Table, measure and key of each series."""
    found: Floats
    base: Floats
    """What a series is a share of: the table's rows, or 1."""

    def measures(self) -> list[Measure]:
        """Return the measure of each series."""
        return [MEASURES[measure] for _, measure, _ in self.names]

    def flag(self, which: str) -> Bools:
        """Return one yes-or-no property of the series' measures as a column."""
        return np.array([[bool(getattr(measure, which))] for measure in self.measures()], dtype=np.bool_).reshape(-1, 1)


def counted(profile: pd.DataFrame, weeks: pd.DatetimeIndex) -> Panel:
    """Return the series that are counts; a week without rows counts zero from the table's first row on."""
    names: list[tuple[str, str, str]] = []
    found: list[Floats] = []
    base: list[Floats] = []
    for table, of_table in profile.groupby("table", sort=False):
        rows = by_week(of_table, "rows", "", weeks)
        begun = np.maximum.accumulate(~np.isnan(rows))
        rows = np.where(begun, np.nan_to_num(rows), np.nan)
        for measure, key, values in _series(of_table, weeks):
            share = MEASURES[measure].share
            names.append((str(table), measure, key))
            # A part counts from its own first row on: a new product feature is no loss of the years before it.
            since = np.maximum.accumulate(values > 0) if measure == "part" else begun
            found.append(np.where(since, values, np.nan))
            base.append(np.where(since, rows + (values if measure == "unknown" else 0.0) if share else 1.0, np.nan))
    shape = (len(names), len(weeks))
    return Panel(weeks, tuple(names), np.array(found).reshape(shape), np.array(base).reshape(shape))


def _series(of_table: pd.DataFrame, weeks: pd.DatetimeIndex) -> Iterator[tuple[str, str, Floats]]:
    """Yield measure, key and counts of one table, with `filled` beside `empty`."""
    rows = np.nan_to_num(by_week(of_table, "rows", "", weeks))
    parts = of_table[of_table["measure"] == "part"].groupby("key")["value"].sum().nlargest(PARTS_JUDGED).index
    for names, part in of_table.groupby(["measure", "key"], sort=False):
        measure, key = (str(name) for name in names)
        if measure in ("hour", "middle", "last", "total") or (measure == "part" and key not in parts):
            continue
        given = part.set_index("week")["value"].reindex(weeks).to_numpy(dtype=np.float64)
        # A week that has rows but no count of a column's gaps had no such column at all.
        values: Floats = np.where(np.isnan(given), rows if measure == "empty" else 0.0, given)
        yield measure, key, values
        if measure == "empty":
            yield "filled", key, np.maximum(rows - values, 0.0)


def by_week(of_table: pd.DataFrame, measure: str, key: str, weeks: pd.DatetimeIndex) -> Floats:
    """Return one measure of one table by week, NaN where the profile has none."""
    part = of_table[(of_table["measure"] == measure) & (of_table["key"] == key)]
    values: Floats = part.set_index("week")["value"].reindex(weeks).to_numpy(dtype=np.float64)
    return values


def weeks_until(profile: pd.DataFrame, as_of: date) -> pd.DatetimeIndex:
    """Return every week end from the first of a profile to an as-of date."""
    first = profile["week"].min() if len(profile) else as_of
    return pd.date_range(first, as_of, freq="7D", unit="us")
