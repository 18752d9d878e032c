"""Cox's proportional hazards, the survival reference: one linear score, one baseline hazard for all.

The partial likelihood has Breslow's ties and baseline hazard (Breslow 1974, Biometrics 30, 89–99) and a ridge penalty.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.outcome import INTERVALS
from models.protocol import Model, Rows, require_columns, risks
from models.scaling import scaled
from models.settings import TrainSettings
from models.targets import targets

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

TITLE = "Cox proportional hazards"
HORIZON = INTERVALS[-1][1]


@dataclass(frozen=True)
class FollowUp:
    """Who was at risk when: the risk sets of every distinct churn time, without a list of their rows."""

    times: np.ndarray
    """Distinct days of churn, ascending."""
    churned: np.ndarray
    """Rows: whether the follow-up ended with the churn."""
    steps: np.ndarray
    """Rows: at how many of the times the row was at risk."""

    @classmethod
    def of(cls, labels: pd.DataFrame) -> "FollowUp":
        """Follow each row to its churn, the end of what is known of it, or the horizon, whichever comes first."""
        end = np.minimum(labels["followed"].to_numpy(dtype=float), float(HORIZON))
        days = labels["days"].to_numpy(dtype=float)
        churned = days < end
        times = np.unique(days[churned])
        # A churn is at risk on its own day; one whose follow-up ends that day is not, as the end is the first unknown.
        steps = np.where(churned, np.searchsorted(times, days, "right"), np.searchsorted(times, end, "left"))
        return cls(times, churned, steps)

    def baseline(self, relative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the sum of relative hazards at risk at each time, and the cumulative baseline hazard from 0 to it."""
        length = len(self.times) + 1
        at_risk = np.bincount(self.steps, relative, length)[::-1].cumsum()[::-1][1:]
        deaths = np.bincount(self.steps[self.churned], minlength=length)[1:]
        return at_risk, np.concatenate([[0.0], np.cumsum(deaths / at_risk)])


@dataclass(frozen=True)
class FittedCox:
    """The scaling, the coefficients and the baseline hazard of each interval."""

    scaling: "Pipeline"
    weights: np.ndarray
    baseline: np.ndarray
    columns: tuple[str, ...]

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row."""
        require_columns(rows.frame, self.columns)
        if rows.frame.empty:
            return risks(np.empty((0, len(INTERVALS))), rows.index)
        score = self.scaling.transform(rows.frame.to_numpy(dtype=float)) @ self.weights
        return risks(-np.expm1(-np.exp(score)[:, None] * self.baseline), rows.index)


@dataclass(frozen=True)
class CoxModel:
    """Learns from every day of follow-up up to the horizon; a row leaves the risk sets where its follow-up ends."""

    penalty: float = 20.0
    """Weight of half the squared coefficients, as in the logistic baseline."""
    name: str = "cox"

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedCox:
        """Fit the coefficients; raises ContractError when an interval holds only one class."""
        targets(labels)
        followed = (labels["followed"] > 0).to_numpy()
        follow_up = FollowUp.of(labels[followed])
        scaling = scaled()
        values = scaling.fit_transform(rows.frame.to_numpy(dtype=float)[followed])
        weights = maximise(values, follow_up, self.penalty)
        cumulative = follow_up.baseline(np.exp(values @ weights))[1]
        edges = np.searchsorted(follow_up.times, [0, *(end for _, end in INTERVALS)], "left")
        return FittedCox(scaling, weights, np.diff(cumulative[edges]), tuple(rows.frame.columns))


def maximise(values: np.ndarray, follow_up: FollowUp, penalty: float) -> np.ndarray:
    """Return the coefficients of the greatest penalised partial likelihood."""
    from scipy.optimize import minimize

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        score = values @ weights
        relative = np.exp(score)
        at_risk, cumulative = follow_up.baseline(relative)
        at_churn = np.log(at_risk)[follow_up.steps[follow_up.churned] - 1]
        likelihood = (score[follow_up.churned] - at_churn).sum()
        slope = (follow_up.churned - relative * cumulative[follow_up.steps]) @ values
        return penalty * weights @ weights / 2 - likelihood, penalty * weights - slope

    found = minimize(
        loss, np.zeros(values.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": 1e-2}
    )
    return np.asarray(found.x)


def model(settings: TrainSettings) -> Model:
    """Return the regression; it draws no random numbers and none of the settings fits it."""
    return CoxModel()
