"""The baseline that knows only when anybody of the account was last seen."""

import numpy as np

from models.protocol import Model, Rows
from models.rules import RuleModel, bins
from models.settings import TrainSettings

TITLE = "Days since the last login"
LAST_SEEN_EDGES = (0, 1, 3, 7, 14, 21, 28, 42, 56, 84, 182)
"""Days."""


def cells(rows: Rows) -> list[np.ndarray]:
    """Return the cell number of the days since anybody of the account was last seen."""
    return [bins(rows.standing["last_seen_days"], LAST_SEEN_EDGES)]


def model(settings: TrainSettings) -> Model:
    """Return the rule; it draws no random numbers and none of the settings fits it."""
    return RuleModel("last_login", cells)
