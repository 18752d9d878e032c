"""The rule-based health score of customer-success suites, turned into risks by the churn rate of each band of it.

It is made as such suites publish theirs: a few signs of use, support, sentiment, relationship and payment, each scaled
to 0–100 between two thresholds, and their weighted mean. Weights and thresholds are set by hand, as a CS team would set
them, and are not fitted; the contract's dates are not among them.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from models.protocol import Model, Rows
from models.rules import RuleModel, bins
from models.settings import TrainSettings

TITLE = "Rule-based health score"


class Sign(NamedTuple):
    """One line of the table: a feature of the catalogue, its weight, and the values that count as 0 and as 100."""

    feature: str
    weight: float
    bad: float
    good: float


SIGNS = (
    #     feature             weight  0 at  100 at
    Sign("login_drop",            15,  0.5,    0.0),
    Sign("adoption_decline",      15,  0.5,    0.0),
    Sign("seat_use",              10,  0.2,    0.8),
    Sign("severe_tickets",        10,  3.0,    0.0),
    Sign("oldest_open_ticket",     5, 30.0,    3.0),
    Sign("ticket_csat",            5,  2.5,    4.5),
    Sign("nps_last",              15,  4.0,    9.0),
    Sign("sponsor_gap",           10, 60.0,    0.0),
    Sign("days_since_qbr",         5, 270.0, 90.0),
    Sign("overdue_days",          10, 60.0,    0.0),
)  # fmt: skip
"""The score. Weights add up to 100; signs that are missing drop out and the others' weights are scaled up."""

BANDS = (10, 20, 30, 40, 50, 60, 70, 80, 90)


def health_score(frame: pd.DataFrame) -> pd.Series:
    """Return the score, 0–100 and high is good; null where none of the signs is known."""
    points = np.zeros(len(frame))
    weights = np.zeros(len(frame))
    for sign in SIGNS:
        if sign.feature not in frame.columns:
            continue
        value = frame[sign.feature].to_numpy(dtype=float)
        share = np.clip((value - sign.bad) / (sign.good - sign.bad), 0.0, 1.0)
        known = ~np.isnan(share)
        points += np.where(known, 100.0 * sign.weight * share, 0.0)
        weights += sign.weight * known
    return pd.Series(np.divide(points, weights, out=np.full(len(frame), np.nan), where=weights > 0), frame.index)


def cells(rows: Rows) -> list[np.ndarray]:
    """Return the number of the score's band."""
    return [bins(health_score(rows.frame), BANDS)]


def model(settings: TrainSettings) -> Model:
    """Return the rule; it draws no random numbers and none of the settings fits it."""
    return RuleModel("health_score", cells)
