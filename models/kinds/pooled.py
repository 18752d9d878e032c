"""One LightGBM for all hazards: every row once per matured interval, with the interval as a feature."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.outcome import INTERVALS
from models.hazard import parse_booster
from models.protocol import Model, Rows, require_columns, risks
from models.settings import HazardSettings, TrainSettings
from models.targets import targets

if TYPE_CHECKING:
    from lightgbm import Booster

TITLE = "Pooled hazard"


@dataclass(frozen=True)
class FittedPooled:
    """The booster, which reads the columns and then the interval's number."""

    booster: "Booster"
    columns: tuple[str, ...]

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row."""
        require_columns(rows.frame, self.columns)
        values = rows.frame.to_numpy(dtype=float)
        asked = (_with_interval(values, interval) for interval in range(len(INTERVALS)))
        hazards = [np.asarray(self.booster.predict(each, num_threads=1)) for each in asked]
        return risks(np.column_stack(hazards), rows.index)


@dataclass(frozen=True)
class PooledModel:
    """Learns one function of the features and the interval, with the hazards' settings."""

    settings: HazardSettings = field(default_factory=HazardSettings)
    name: str = "pooled"

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedPooled:
        """Fit the booster; raises ContractError when an interval holds only one class."""
        import lightgbm as lgb

        values = rows.frame.to_numpy(dtype=float)
        learnt = targets(labels)
        stacked = np.vstack([_with_interval(values[used], number) for number, (used, _) in enumerate(learnt)])
        data = lgb.Dataset(stacked, np.concatenate([happened for _, happened in learnt]))
        # As many trees as one interval has: three times as many took three times as long, and risk_90 got worse.
        booster = lgb.train(self.settings.lightgbm(), data, num_boost_round=self.settings.trees)
        return FittedPooled(parse_booster(booster.model_to_string()), tuple(rows.frame.columns))


def _with_interval(values: np.ndarray, number: int) -> np.ndarray:
    return np.column_stack([values, np.full(len(values), float(number))])


def model(settings: TrainSettings) -> Model:
    """Return the pooled hazard with the hazards' settings."""
    return PooledModel(settings)
