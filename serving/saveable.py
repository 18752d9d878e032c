"""What can still be saved of each account's revenue, and the order that it puts a list in."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def placed(rows: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return the rows with `saveable` and `place`, as they say or else worked out."""
    if "saveable" not in rows:
        rows = rows.assign(saveable=saveable(rows, as_of))
    return rows if "place" in rows else rows.assign(place=places(rows))


def saveable(rows: pd.DataFrame, as_of: date) -> pd.Series[float]:
    """Return the ARR that can still be saved, per year; NaN without ARR.

    ARR × risk_90 while notice can be given, nothing once the notice deadline has passed. Where no deadline is known,
    ARR × risk_60_90: whoever leaves later than that leaves time to act.
    """
    import pandas as pd

    deadline = _deadline(rows)
    open_risk = rows["risk_90"].where(deadline >= pd.Timestamp(as_of), 0.0)
    return rows["arr"].astype(float) * open_risk.where(deadline.notna(), rows["risk_60_90"])


def places(rows: pd.DataFrame) -> pd.Series[int]:
    """Return each row's place from 1: most `saveable` first, then the nearest deadline, then the rank; nulls last."""
    keys = rows[["saveable", "rank"]].assign(deadline=_deadline(rows), place=0)
    order = keys.sort_values(["saveable", "deadline", "rank"], ascending=[False, True, True], na_position="last")
    order["place"] = range(1, len(order) + 1)
    return order["place"].reindex(rows.index)


def _deadline(rows: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    import pandas as pd

    # By the day, as lists store it: whoever reads a list can tell its order.
    return pd.to_datetime(rows["notice_deadline"]).dt.normalize()
