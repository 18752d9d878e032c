"""The risk model: three conditional interval hazards, each a LightGBM with a line beside it, multiplied."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from features.errors import ContractError
from features.labels import interval_label
from features.outcome import INTERVALS
from models.calibration import Calibration
from models.health import HealthScale
from models.protocol import Rows, require_columns, risks
from models.renewal_line import RenewalLine
from models.score_interval import ScoreIntervals
from models.settings import HazardSettings

if TYPE_CHECKING:
    from lightgbm import Booster

Item = TypeVar("Item")
Result = TypeVar("Result")


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
    line: RenewalLine | None = None
    """Shares the log-odds with the boosters where a contract ends inside the interval; None: trees only."""
    calibration: Calibration | None = None
    """Applied to what boosters and line say; None leaves it as it is."""
    intervals: ScoreIntervals | None = None
    separate: Mapping[str, "FittedHazards"] = field(default_factory=dict)
    """Cause-specific hazards of the outcome contract's separate outcomes, by name."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the model was made from: digests, dates, counts. Stored with it, never read to predict."""

    def hazards(self, frame: pd.DataFrame) -> np.ndarray:
        """Return rows × intervals: the chance of the outcome in each interval, given still here at its start."""
        require_columns(frame, self.columns)
        if frame.empty:
            return np.empty((0, len(INTERVALS)))
        raw = np.column_stack(self.ask(frame, pred_contrib=False))
        if self.line is not None:
            raw = self.line.mixed(raw, frame)
        return raw if self.calibration is None else self.calibration.hazards(raw)

    def ask(self, frame: pd.DataFrame, *, pred_contrib: bool) -> list[np.ndarray]:
        """Return each booster's answer: hazards before calibration, or their TreeSHAP values with the base last."""

        def answer(booster: "Booster") -> np.ndarray:
            return np.asarray(booster.predict(frame, pred_contrib=pred_contrib, validate_features=True, num_threads=1))

        return side_by_side(answer, self.boosters, self.threads)

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
        targets = [interval_label(labels, *interval) for interval in INTERVALS]
        fitted = self.fit_targets(rows, targets)
        return replace(fitted, line=RenewalLine.fit(rows.frame, targets, self.settings.line_share))

    def fit_targets(self, rows: Rows, targets: Sequence[pd.Series]) -> FittedHazards:
        """Fit one hazard per interval, of trees alone, on its target: 1.0, 0.0, or NaN where a row does not count.

        Raises ContractError when an interval holds only one class.
        """
        fit = partial(self._fit_interval, rows.frame)
        boosters = tuple(side_by_side(fit, list(zip(targets, INTERVALS, strict=True)), self.settings.threads))
        typical = {str(name): float(value) for name, value in rows.frame.median().items()}
        return FittedHazards(boosters, tuple(rows.frame.columns), self.settings.threads, typical)

    def _fit_interval(self, frame: pd.DataFrame, aim: tuple[pd.Series, tuple[int, int]]) -> "Booster":
        import lightgbm as lgb

        happened, interval = aim
        used = happened.notna().to_numpy()
        target = happened.to_numpy()[used]
        require_both_classes(target, interval)
        data = lgb.Dataset(frame[used], target, free_raw_data=True)
        booster = lgb.train(self.settings.lightgbm(), data, num_boost_round=self.settings.trees)
        # As read back from its text, so that what is stored predicts exactly what was judged.
        return parse_booster(booster.model_to_string())


def side_by_side(work: Callable[[Item], Result], items: Sequence[Item], threads: int) -> list[Result]:
    """Return the work's result per item, several items at once; 0 threads means one per core."""
    workers = min(len(items), threads or os.cpu_count() or 1)
    if workers == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, items))


def require_both_classes(target: np.ndarray, interval: tuple[int, int]) -> None:
    """Raise ContractError unless the interval saw both accounts that left and accounts that stayed."""
    churns = int(target.sum())
    if 0 < churns < len(target):
        return
    raise ContractError(
        f"days ({interval[0]}, {interval[1]}] hold {churns} churns in {len(target):,} matured rows: a model needs "
        "accounts that left and accounts that stayed; add history, or widen [outcome] kinds"
    )


def parse_booster(text: str) -> "Booster":
    """Return the booster that `text` describes; only for text that we wrote or whose digest was checked."""
    import lightgbm as lgb

    return lgb.Booster(model_str=text)
