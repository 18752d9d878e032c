"""The logistic baseline: one scaled logistic regression per interval."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.labels import interval_label
from features.outcome import INTERVALS
from models.hazard import require_both_classes
from models.protocol import Rows, require_columns, risks

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

CLIP = 4.0
"""Scaled values are held within this many standard deviations: usage is heavy-tailed."""


@dataclass(frozen=True)
class FittedLogistic:
    """A scikit-learn pipeline per interval."""

    pipelines: tuple["Pipeline", ...]
    columns: tuple[str, ...]

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row."""
        require_columns(rows.frame, self.columns)
        values = rows.frame.to_numpy(dtype=float)
        return risks(np.column_stack([p.predict_proba(values)[:, 1] for p in self.pipelines]), rows.frame.index)


@dataclass(frozen=True)
class LogisticModel:
    """Learns hazards linearly in the scaled features, with indicators where a value is missing."""

    penalty: float = 20.0
    """Inverse of scikit-learn's C."""
    name: str = "logistic"

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedLogistic:
        """Fit the three regressions; raises ContractError when an interval holds only one class."""
        values = rows.frame.to_numpy(dtype=float)
        pipelines = []
        for interval in INTERVALS:
            happened = interval_label(labels, *interval).to_numpy()
            used = ~np.isnan(happened)
            require_both_classes(happened[used], interval)
            pipelines.append(self._pipeline().fit(values[used], happened[used]))
        return FittedLogistic(tuple(pipelines), tuple(rows.frame.columns))

    def _pipeline(self) -> "Pipeline":
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer, StandardScaler

        return make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            StandardScaler(),
            FunctionTransformer(np.clip, kw_args={"a_min": -CLIP, "a_max": CLIP}),
            LogisticRegression(C=1.0 / self.penalty, max_iter=1000, tol=1e-3),
        )
