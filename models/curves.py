"""Points of the pictures: how risks match what happened, and how much of the churn a list would have caught."""

from typing import Any

import numpy as np
import pandas as pd

from models.metrics import BINS, RiskRows, equal_mass

GAIN_POINTS = 41


def calibration_curve(rows: RiskRows) -> list[dict[str, float]]:
    """Return per equal-mass bin the mean risk, the share that churned and the number of rows."""
    if len(rows.churned) == 0:
        return []
    frame = pd.DataFrame({"bin": equal_mass(rows.risk, BINS), "risk": rows.risk, "churned": rows.churned})
    binned = frame.groupby("bin").agg(risk=("risk", "mean"), churned=("churned", "mean"), rows=("risk", "size"))
    return [
        {"risk": float(risk), "churned": float(share), "rows": int(count)}
        for risk, share, count in binned.itertuples(index=False)
    ]


def gains_curve(rows: RiskRows) -> list[dict[str, Any]]:
    """Return the share of churned rows found in the riskiest share of each as-of date's accounts."""
    total = rows.churned.sum()
    if total == 0:
        return []
    place = pd.Series(rows.risk).groupby(rows.as_of).rank(method="average", ascending=False, pct=True).to_numpy()
    listed = np.linspace(0.0, 1.0, GAIN_POINTS)
    found = np.searchsorted(np.sort(place[rows.churned == 1]), listed, side="right") / total
    return [{"listed": float(a), "found": float(b)} for a, b in zip(listed, found, strict=True)]
