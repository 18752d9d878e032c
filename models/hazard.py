"""The risk model: three conditional interval hazards, each a LightGBM, multiplied."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from features.errors import ContractError
from features.labels import interval_label
from features.outcome import INTERVALS
from models.health import HealthScale
from models.protocol import Rows, require_columns, risks

if TYPE_CHECKING:
    from lightgbm import Booster


class HazardSettings(BaseModel):
    """How each interval's trees are grown; no class weights, so that probabilities stay probabilities."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trees: int = Field(default=150, ge=1, le=2000, description="trees per interval; explanations cost in proportion")
    leaves: int = Field(default=15, ge=2, le=255, description="leaves per tree")
    learning_rate: float = Field(default=0.05, gt=0, le=1, description="shrinkage per tree")
    min_data_in_leaf: int = Field(default=60, ge=1, description="fewest rows in a leaf")
    feature_fraction: float = Field(default=0.5, gt=0, le=1, description="share of features each tree may use")
    lambda_l2: float = Field(default=10.0, ge=0, description="L2 penalty on leaf values")
    seed: int = Field(default=7, ge=0, description="seed of everything random in training")
    threads: int = Field(default=0, ge=0, description="threads for LightGBM; 0 means one per core")

    def lightgbm(self) -> dict[str, Any]:
        """Return LightGBM's parameters; the same rows give byte-identical model text."""
        return {
            "objective": "binary",
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.min_data_in_leaf,
            "feature_fraction": self.feature_fraction,
            "lambda_l2": self.lambda_l2,
            "seed": self.seed,
            "num_threads": self.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


@dataclass(frozen=True)
class FittedHazards:
    """Three boosters in interval order, the columns they read and what is fixed with them."""

    boosters: tuple["Booster", ...]
    """One per interval."""
    columns: tuple[str, ...]
    threads: int = 0
    typical: Mapping[str, float] = field(default_factory=dict)
    """Median of each feature over the training rows; NaN where it was never known."""
    scale: HealthScale | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the model was made from: digests, dates, counts. Stored with it, never read to predict."""

    def hazards(self, frame: pd.DataFrame) -> np.ndarray:
        """Return rows × intervals: the chance of the outcome in each interval, given still here at its start."""
        require_columns(frame, self.columns)
        if frame.empty:
            return np.empty((0, len(INTERVALS)))
        out = [b.predict(frame, validate_features=True, num_threads=self.threads) for b in self.boosters]
        return np.column_stack(out)

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row."""
        return risks(self.hazards(rows.frame), rows.frame.index)


@dataclass(frozen=True)
class HazardModel:
    """Learns one hazard per interval; an interval of a row is used only if its end has matured."""

    settings: HazardSettings = field(default_factory=HazardSettings)
    name: str = "hazard"

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedHazards:
        """Fit the three hazards.

        Raises ContractError when an interval holds only one class.
        """
        boosters = tuple(self._fit_interval(rows.frame, labels, interval) for interval in INTERVALS)
        typical = {str(name): float(value) for name, value in rows.frame.median().items()}
        return FittedHazards(boosters, tuple(rows.frame.columns), self.settings.threads, typical)

    def _fit_interval(self, frame: pd.DataFrame, labels: pd.DataFrame, interval: tuple[int, int]) -> "Booster":
        import lightgbm as lgb

        happened = interval_label(labels, *interval)
        used = happened.notna().to_numpy()
        target = happened.to_numpy()[used]
        require_both_classes(target, interval)
        data = lgb.Dataset(frame[used], target, free_raw_data=True)
        booster = lgb.train(self.settings.lightgbm(), data, num_boost_round=self.settings.trees)
        return parse_booster(model_text(booster))


def require_both_classes(target: np.ndarray, interval: tuple[int, int]) -> None:
    """Raise ContractError unless the interval saw both accounts that left and accounts that stayed."""
    churns = int(target.sum())
    if 0 < churns < len(target):
        return
    raise ContractError(
        f"days ({interval[0]}, {interval[1]}] hold {churns} churns in {len(target):,} matured rows: a model needs "
        "accounts that left and accounts that stayed; add history, or widen [outcome] kinds"
    )


def model_text(booster: "Booster") -> str:
    """Return the booster as text that does not depend on the machine's thread setting."""
    return re.sub(r"\[num_threads: \d+\]", "[num_threads: 0]", booster.model_to_string())


def parse_booster(text: str) -> "Booster":
    """Return the booster that `text` describes; only for text that we wrote or whose digest was checked."""
    import lightgbm as lgb

    return lgb.Booster(model_str=text)
