"""The logistic baseline: one scaled logistic regression per interval."""

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

TITLE = "Logistic regression"


@dataclass(frozen=True)
class FittedLogistic:
    """A scikit-learn pipeline per interval."""

    pipelines: tuple["Pipeline", ...]
    columns: tuple[str, ...]

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row."""
        require_columns(rows.frame, self.columns)
        if rows.frame.empty:
            return risks(np.empty((0, len(INTERVALS))), rows.index)
        values = rows.frame.to_numpy(dtype=float)
        return risks(np.column_stack([p.predict_proba(values)[:, 1] for p in self.pipelines]), rows.index)


@dataclass(frozen=True)
class LogisticModel:
    """Learns hazards linearly in the scaled features, with indicators where a value is missing."""

    penalty: float = 20.0
    """Inverse of scikit-learn's C."""
    name: str = "logistic"

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedLogistic:
        """Fit the three regressions; raises ContractError when an interval holds only one class."""
        from sklearn.linear_model import LogisticRegression

        values = rows.frame.to_numpy(dtype=float)
        pipelines = tuple(
            scaled(LogisticRegression(C=1.0 / self.penalty, max_iter=1000, tol=1e-3)).fit(values[used], happened)
            for used, happened in targets(labels)
        )
        return FittedLogistic(pipelines, tuple(rows.frame.columns))


def model(settings: TrainSettings) -> Model:
    """Return the regression; it draws no random numbers and none of the settings fits it."""
    return LogisticModel()
