"""Separate outcomes: what may happen to an account before, or instead of, the main outcome, with a risk of its own.

Competing risks by cause-specific hazards (Prentice et al. 1978; Tutz & Schmid 2016, *Modeling Discrete Time-to-Event
Data*, ch. 8): the separate outcome has its own hazard among the accounts that have had neither outcome, and its risk
is the chance that it comes before the main one. Together with the chance that the main outcome comes first it never
exceeds 1. RISKS do not ask what came before: an account that contracts and then churns counts in both.
"""

import numpy as np
import pandas as pd

from features.labels import competing_label
from features.outcome import INTERVALS
from models.hazard import FittedHazards, HazardModel
from models.protocol import RISKS, WINDOWS, Rows, edge_index
from models.settings import HazardSettings


def fit_separate(
    rows: Rows, labels_of_kind: pd.DataFrame, labels_of_main: pd.DataFrame, settings: HazardSettings
) -> FittedHazards:
    """Fit the hazards of a separate outcome among the rows that have had neither it nor the main outcome.

    Raises ContractError when an interval holds only one class.
    """
    targets = [competing_label(labels_of_kind, labels_of_main, *interval) for interval in INTERVALS]
    return HazardModel(settings).fit_targets(rows, targets)


def cif(main_hazards: np.ndarray, kind_hazards: np.ndarray) -> np.ndarray:
    """Return rows × intervals: the cumulative incidence, P(the separate outcome came first, by each interval's end).

    An interval's two hazards share at most all of its chance; what would exceed 1 is taken from the separate one.
    `cif(kind, main)` of hazards that do not exceed 1 together is the main outcome's.
    """
    kind = np.minimum(kind_hazards, 1.0 - main_hazards)
    alive = np.cumprod(1.0 - main_hazards - kind, axis=1)
    before = np.hstack([np.ones((len(alive), 1)), alive[:, :-1]])
    return np.asarray(np.cumsum(before * kind, axis=1))


def separate_risks(name: str, main_hazards: np.ndarray, kind_hazards: np.ndarray, index: pd.Index) -> pd.DataFrame:
    """Return `NAME_30`, `NAME_60`, `NAME_90` and `NAME_60_90` per row."""
    by_end = np.hstack([np.zeros((len(index), 1)), cif(main_hazards, kind_hazards)])
    edges = {risk: [edge_index(day) for day in WINDOWS[risk]] for risk in RISKS}
    return pd.DataFrame(
        {separate_risk(name, risk): by_end[:, end] - by_end[:, start] for risk, (start, end) in edges.items()}, index
    )


def separate_risk(name: str, risk: str) -> str:
    """Return the column of a separate outcome's risk, for example `contraction_90` for `risk_90`."""
    return risk.replace("risk", name)
