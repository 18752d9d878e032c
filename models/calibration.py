"""Calibration: a monotone curve per interval hazard, so that cumulative risks still cannot cross."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.outcome import INTERVALS
from models.protocol import RISKS, risks
from models.recalibration import fit_logistic, logistic, logit

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Calibration:
    """Curves that map each hazard's log-odds to what past rows with such log-odds turned out to mean."""

    kind: str
    """platt, beta or isotonic."""
    numbers: tuple[Numbers, ...]
    """The curve's numbers, one tuple per interval."""

    @classmethod
    def fit(cls, kind: str, hazards: np.ndarray, churned: np.ndarray) -> "Calibration":
        """Fit one curve per interval; both are rows × intervals, `churned` NaN where a row is not at risk.

        Raises LinAlgError when the hazards of an interval separate its churned rows from the others, ValueError when
        an interval holds one class only.
        """
        return cls(kind, tuple(_fit_interval(kind, h, y) for h, y in zip(hazards.T, churned.T, strict=True)))

    def margins(self, margins: np.ndarray) -> np.ndarray:
        """Return the calibrated log-odds, rows × intervals."""
        curve = CURVES[self.kind]
        return np.column_stack([curve(m, n) for m, n in zip(margins.T, self.numbers, strict=True)])

    def hazards(self, hazards: np.ndarray) -> np.ndarray:
        """Return the calibrated hazards, rows × intervals."""
        return logistic(self.margins(logit(hazards)))

    def to_json(self) -> dict[str, Any]:
        """Return the kind and the numbers."""
        return {"kind": self.kind, "intervals": [list(numbers) for numbers in self.numbers]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Calibration":
        """Return the calibration that `to_json` wrote; raises ValueError for a kind that is not known."""
        if stored["kind"] not in CURVES or len(stored["intervals"]) != len(INTERVALS):
            raise ValueError(f"unknown calibration {stored['kind']}")
        return cls(stored["kind"], tuple(tuple(float(n) for n in numbers) for numbers in stored["intervals"]))


def platt_curve(margin: np.ndarray, numbers: Numbers) -> np.ndarray:
    """Return shift + slope·margin (Platt 1999, on log-odds)."""
    shift, slope = numbers
    return shift + slope * margin


def beta_curve(margin: np.ndarray, numbers: Numbers) -> np.ndarray:
    """Return c + a·ln p − b·ln(1 − p) for p of these log-odds (Kull, Silva Filho & Flach 2017)."""
    c, a, b = numbers
    return np.asarray(c - a * np.logaddexp(0.0, -margin) + b * np.logaddexp(0.0, margin))


def isotonic_curve(margin: np.ndarray, numbers: Numbers) -> np.ndarray:
    """Return the line through the centres of the blocks, flat beyond the outer ones; no jump, so slopes are bounded."""
    half = len(numbers) // 2
    return np.asarray(np.interp(margin, numbers[:half], numbers[half:]))


def fit_platt(margin: np.ndarray, churned: np.ndarray) -> Numbers:
    """Return shift and slope."""
    return _not_falling(margin[:, None], churned)


def fit_beta(margin: np.ndarray, churned: np.ndarray) -> Numbers:
    """Return c, a and b."""
    return _not_falling(np.column_stack([-np.logaddexp(0.0, -margin), np.logaddexp(0.0, margin)]), churned)


def fit_isotonic(margin: np.ndarray, churned: np.ndarray) -> Numbers:
    """Return the mean log-odds of each block of scikit-learn's isotonic regression, then its churned share's."""
    from sklearn.isotonic import IsotonicRegression

    level = IsotonicRegression(out_of_bounds="clip").fit(margin, churned).predict(margin)
    _, block = np.unique(np.round(level, 12), return_inverse=True)
    rows = np.bincount(block)
    # One more row at the base rate: a block without any churn does not mean that churn is impossible.
    share = (np.bincount(block, churned) + churned.mean()) / (rows + 1)
    heights = np.maximum.accumulate(logit(share))
    return tuple(np.concatenate([np.bincount(block, margin) / rows, heights]).tolist())


CURVES: dict[str, Callable[[np.ndarray, Numbers], np.ndarray]] = {
    "platt": platt_curve,
    "beta": beta_curve,
    "isotonic": isotonic_curve,
}
"""From log-odds to log-odds, none of them falling anywhere."""
FITS: dict[str, Callable[[np.ndarray, np.ndarray], Numbers]] = {
    "platt": fit_platt,
    "beta": fit_beta,
    "isotonic": fit_isotonic,
}


def hazards_of(risk_rows: pd.DataFrame) -> np.ndarray:
    """Return rows × intervals: the hazards that cumulative risks were multiplied from."""
    alive = 1.0 - risk_rows[["risk_30", "risk_60", "risk_90"]].to_numpy(dtype=float)
    before = np.column_stack([np.ones(len(alive)), alive[:, :-1]])
    return np.asarray(1.0 - np.divide(alive, before, out=np.zeros_like(alive), where=before > 0))


def interval_churns(predictions: pd.DataFrame) -> np.ndarray:
    """Return rows × intervals from the churned columns: 1 or 0, NaN where the row was gone before the interval."""
    sofar = predictions[["churned_30", "churned_60", "churned_90"]].to_numpy(dtype=float)
    before = np.column_stack([np.zeros(len(sofar)), sofar[:, :-1]])
    return np.where(before == 0, sofar, np.nan)


def calibrate_risks(calibration: Calibration | None, risk_rows: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its RISKS as the calibration makes them; unchanged without one."""
    if calibration is None:
        return risk_rows
    return risk_rows.assign(**risks(calibration.hazards(hazards_of(risk_rows[list(RISKS)])), risk_rows.index))


def _fit_interval(kind: str, hazard: np.ndarray, churned: np.ndarray) -> Numbers:
    at_risk = ~np.isnan(churned)
    happened = churned[at_risk]
    if len(np.unique(happened)) < 2:
        raise ValueError(f"one class only: {int(happened.sum())} of {len(happened)} rows churned")
    return FITS[kind](logit(hazard[at_risk]), happened)


def _not_falling(columns: np.ndarray, churned: np.ndarray) -> Numbers:
    """Return a constant and one coefficient per column; a column that would get a negative one gets none."""
    kept = [number for number, column in enumerate(columns.T) if np.ptp(column) > 0]
    while True:
        found = fit_logistic(np.column_stack([np.ones(len(churned)), columns[:, kept]]), churned)
        if (found[1:] >= 0).all():
            break
        kept.pop(int(np.argmin(found[1:])))
    out = np.zeros(1 + columns.shape[1])
    out[[0, *(1 + np.array(kept, dtype=int))]] = found
    return tuple(out.tolist())
