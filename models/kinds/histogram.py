"""The interval hazards with scikit-learn's histogram gradient boosting in LightGBM's place."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.outcome import INTERVALS
from models.hazard import side_by_side
from models.protocol import Model, Rows, require_columns, risks
from models.settings import HazardSettings, TrainSettings
from models.targets import targets

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

TITLE = "Histogram boosting"


@dataclass(frozen=True)
class FittedHistogram:
    """A classifier per interval."""

    classifiers: tuple["HistGradientBoostingClassifier", ...]
    columns: tuple[str, ...]
    threads: int

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row."""
        require_columns(rows.frame, self.columns)
        if rows.frame.empty:
            return risks(np.empty((0, len(INTERVALS))), rows.index)
        values = rows.frame.to_numpy(dtype=float)
        hazards = side_by_side(partial(_ask, values), self.classifiers, self.threads)
        return risks(np.column_stack(hazards), rows.index)


@dataclass(frozen=True)
class HistogramModel:
    """Learns the hazards with the settings that both libraries share; features are drawn per split, not per tree."""

    settings: HazardSettings = field(default_factory=HazardSettings)
    name: str = "histogram"

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedHistogram:
        """Fit the three classifiers; raises ContractError when an interval holds only one class."""
        values = rows.frame.to_numpy(dtype=float)
        fitted = side_by_side(partial(self._fit, values), targets(labels), self.settings.threads)
        return FittedHistogram(tuple(fitted), tuple(rows.frame.columns), self.settings.threads)

    def _fit(self, values: np.ndarray, target: tuple[np.ndarray, np.ndarray]) -> "HistGradientBoostingClassifier":
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        used, happened = target
        learnt = values[used]
        # scikit-learn cannot bin a column without any value; a constant one is never split on.
        learnt[:, np.isnan(learnt).all(axis=0)] = 0.0
        classifier = HistGradientBoostingClassifier(
            learning_rate=self.settings.learning_rate,
            max_iter=self.settings.trees,
            max_leaf_nodes=self.settings.leaves,
            min_samples_leaf=self.settings.min_data_in_leaf,
            max_features=self.settings.feature_fraction,
            l2_regularization=self.settings.lambda_l2,
            early_stopping=False,
            random_state=self.settings.seed,
        )
        # One thread each, for the reason that models/settings.py gives for LightGBM.
        with threadpool_limits(1, user_api="openmp"):
            return classifier.fit(learnt, happened)


def _ask(values: np.ndarray, classifier: "HistGradientBoostingClassifier") -> np.ndarray:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="openmp"):
        return np.asarray(classifier.predict_proba(values)[:, 1])


def model(settings: TrainSettings) -> Model:
    """Return the three classifiers with the hazards' settings."""
    return HistogramModel(settings)
