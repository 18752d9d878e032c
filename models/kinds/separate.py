"""One LightGBM classifier per risk, each on its own: their answers may cross, as nothing holds them together."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.labels import window_label
from models.hazard import parse_booster, side_by_side
from models.protocol import RISKS, WINDOWS, Model, Rows, require_columns
from models.settings import HazardSettings, TrainSettings
from models.targets import targets

if TYPE_CHECKING:
    from lightgbm import Booster

TITLE = "Separate classifiers"


@dataclass(frozen=True)
class FittedSeparate:
    """A booster per risk, in the order of RISKS."""

    boosters: tuple["Booster", ...]
    columns: tuple[str, ...]
    threads: int

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row; `risk_60` may exceed `risk_90`."""
        require_columns(rows.frame, self.columns)
        if rows.frame.empty:
            return pd.DataFrame(columns=list(RISKS), index=rows.index, dtype=float)

        def answer(booster: "Booster") -> np.ndarray:
            return np.asarray(booster.predict(rows.frame, validate_features=True, num_threads=1))

        return pd.DataFrame(
            dict(zip(RISKS, side_by_side(answer, self.boosters, self.threads), strict=True)), rows.index
        )


@dataclass(frozen=True)
class SeparateModel:
    """Learns each risk from the rows whose window has matured, with the hazards' settings."""

    settings: HazardSettings = field(default_factory=HazardSettings)
    name: str = "separate"

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedSeparate:
        """Fit the four classifiers; raises ContractError when a window holds only one class."""
        learnt = targets(labels, [WINDOWS[risk] for risk in RISKS], window_label)
        boosters = side_by_side(partial(self._fit, rows.frame), learnt, self.settings.threads)
        return FittedSeparate(tuple(boosters), tuple(rows.frame.columns), self.settings.threads)

    def _fit(self, frame: pd.DataFrame, target: tuple[np.ndarray, np.ndarray]) -> "Booster":
        import lightgbm as lgb

        used, happened = target
        data = lgb.Dataset(frame[used], happened)
        booster = lgb.train(self.settings.lightgbm(), data, num_boost_round=self.settings.trees)
        return parse_booster(booster.model_to_string())


def model(settings: TrainSettings) -> Model:
    """Return the four classifiers with the hazards' settings."""
    return SeparateModel(settings)
