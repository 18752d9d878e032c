"""How long each account has been on the list, and how its risk moved: carried on from the list before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from serving.list_row import ListRow

SPARK_LISTS = 12
"""Lists whose risk a spark shows, this one among them."""


def weeks_listed(bands: pd.Series[str], before: Mapping[str, ListRow], lowest: str) -> pd.Series[int]:
    """Return on how many lists in a row, this one among them, each account was above the lowest band; 0 where not."""
    import pandas as pd

    rows = zip(map(before.get, bands.index), bands, strict=True)
    weeks = [_weeks(row, lowest) + 1 if band != lowest else 0 for row, band in rows]
    return pd.Series(weeks, bands.index, dtype="int64")


def sparks(risk_90: pd.Series[float], before: Mapping[str, ListRow]) -> pd.Series[Any]:
    """Return risk_90 of each account on up to twelve lists in a row, this one last, to four decimals."""
    import pandas as pd

    rows = zip(map(before.get, risk_90.index), risk_90, strict=True)
    drawn = [[*_spark(row)[1 - SPARK_LISTS :], _short(risk)] for row, risk in rows]
    return pd.Series(drawn, risk_90.index, dtype=object)


def _weeks(row: ListRow | None, lowest: str) -> int:
    if row is None:
        return 0
    # A list that was published before weeks were counted says at least whether the account was on it.
    return int(row.band != lowest) if row.weeks_listed is None else row.weeks_listed


def _spark(row: ListRow | None) -> list[float]:
    if row is None:
        return []
    return [_short(row.risk_90)] if row.spark is None else list(row.spark)


def _short(risk: float) -> float:
    return round(float(risk), 4)
