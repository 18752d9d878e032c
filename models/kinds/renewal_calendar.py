"""The baseline that knows only the contract's dates and terms."""

import numpy as np

from models.protocol import Model, Rows
from models.rules import RuleModel, bins
from models.settings import TrainSettings

TITLE = "Renewal calendar alone"
RENEWAL_EDGES = (0, 15, 30, 45, 60, 75, 90, 120, 180, 270, 365)
TERM_EDGES = (0, 45, 200, 400)
"""Days."""


def cells(rows: Rows) -> list[np.ndarray]:
    """Return cell numbers from coarse to fine: days to renewal, then also auto-renewal and term."""
    days = bins(rows.standing["days_to_renewal"], RENEWAL_EDGES)
    auto = np.nan_to_num(rows.standing["auto_renew"].to_numpy(dtype=float), nan=2.0).astype(int)
    term = bins(rows.standing["term_days"], TERM_EDGES)
    return [days, days * 100 + auto * 10 + term]


def model(settings: TrainSettings) -> Model:
    """Return the rule; it draws no random numbers and none of the settings fits it."""
    return RuleModel("renewal_calendar", cells)
