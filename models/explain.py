"""Each feature's share of a risk: TreeSHAP per hazard, carried exactly to the probability of any window.

A hazard's margin (log-odds) is a base plus one TreeSHAP value per feature (Lundberg et al. 2020, *From local
explanations to global understanding with explainable AI for trees*). The risk of a window is a smooth function of
the three margins; Aumann–Shapley along the straight path from the base margins (integrated gradients, Sundararajan,
Taly & Yan 2017, *Axiomatic attribution for deep networks*) divides P(row) − P(base) among the margins, and each
margin passes its share on in proportion to its TreeSHAP values.

A calibrated model's margins run from the calibrated base to the calibrated row: its TreeSHAP values are stretched by
the mean slope of the calibration between the two, which keeps every sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.calibration import Calibration
from models.hazard import FittedHazards
from models.protocol import edge_index, require_columns, window_risk

BLOCK = 4096
"""Rows worked on at a time, so that memory stays flat."""
SMALL = 1e-6
SAME = 1e-11
"""Log-odds that count as one: nearer the quotient of two differences is rounding error."""


@dataclass(frozen=True)
class Contributions:
    """Additive shares of one window's risk: `base` + the row's sum over features = its risk, to 1e-9."""

    base: float
    values: pd.DataFrame
    """Rows × features, in probability."""


@dataclass(frozen=True)
class Margins:
    """TreeSHAP of every hazard, in log-odds."""

    base: np.ndarray
    """One per interval."""
    values: np.ndarray
    """Intervals × rows × features."""


def contributions(model: FittedHazards, frame: pd.DataFrame, window: tuple[int, int]) -> Contributions:
    """Return every feature's share of the risk of `window` for every row."""
    return all_contributions(model, frame, [window])[0]


def all_contributions(
    model: FittedHazards, frame: pd.DataFrame, windows: Sequence[tuple[int, int]]
) -> list[Contributions]:
    """Return the shares for several windows from one pass of TreeSHAP."""
    require_columns(frame, model.columns)
    out = [np.empty(frame.shape) for _ in windows]
    margins = Margins(np.zeros(len(model.boosters)), np.empty(0))
    for start in range(0, max(len(frame), 1), BLOCK):
        # An empty frame still gives the base: one row without any known value is enough for it.
        block = frame.iloc[start : start + BLOCK] if len(frame) else pd.DataFrame(np.nan, [0], frame.columns)
        margins = margins_of(model, block)
        for values, window in zip(out, windows, strict=True):
            values[start : start + BLOCK] = carry(margins, window)[: len(frame)]
    bases = [float(window_risk(_hazard(margins.base)[None, :], window)[0]) for window in windows]
    frames = [pd.DataFrame(values, frame.index, frame.columns) for values in out]
    return [Contributions(base, values) for base, values in zip(bases, frames, strict=True)]


def tree_shap(model: FittedHazards, frame: pd.DataFrame) -> Margins:
    """Return LightGBM's own TreeSHAP of each hazard's margin, of the trees alone and before calibration."""
    raw = model.ask(frame, pred_contrib=True)
    return Margins(np.array([shap[0, -1] for shap in raw]), np.stack([shap[:, :-1] for shap in raw]))


def margins_of(model: FittedHazards, frame: pd.DataFrame) -> Margins:
    """Return every feature's share of each hazard's log-odds: the trees', mixed with the line's, as calibrated."""
    trees = tree_shap(model, frame)
    if model.line is not None:
        trees = Margins(trees.base, model.line.mixed_shares(trees.base, trees.values, frame))
    return calibrated(trees, model.calibration)


def calibrated(margins: Margins, calibration: Calibration | None) -> Margins:
    """Return the margins as calibrated: the base mapped, each row's values stretched so that they reach its margin."""
    if calibration is None:
        return margins
    base = calibration.margins(margins.base[None, :])[0]
    delta = margins.values.sum(axis=2).T
    risen = calibration.margins(margins.base + delta) - base
    # The secant. Where row and base coincide it does not exist; the slope around the base is its limit.
    around = [calibration.margins(margins.base[None, :] + step)[0] for step in (-SMALL, SMALL)]
    limit = np.broadcast_to((around[1] - around[0]) / (2 * SMALL), delta.shape)
    stretch = np.divide(risen, delta, out=limit.copy(), where=np.abs(delta) > SAME)
    return Margins(base, margins.values * stretch.T[:, :, None])


def carry(margins: Margins, window: tuple[int, int]) -> np.ndarray:
    """Return rows × features: the margins' TreeSHAP values, each times the mean slope of the window's risk."""
    delta = margins.values.sum(axis=2).T
    slopes = mean_slopes(margins.base, delta, window)
    return np.asarray(np.einsum("jrf,rj->rf", margins.values, slopes))


def mean_slopes(base: np.ndarray, delta: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    """Return rows × intervals: ∫₀¹ ∂P(window)/∂margin along base + t·delta, by Gauss–Legendre."""
    points, weights = np.polynomial.legendre.leggauss(nodes(delta))
    total = np.zeros_like(delta)
    for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
        total += weight * slope(base + point * delta, window)
    return total


def slope(margin: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    """Return rows × intervals: ∂P(window)/∂margin, where P = S(start) − S(end) and S(k) = Π(1 − hazard)."""
    hazard = _hazard(margin)
    start, end = edge_index(window[0]), edge_index(window[1])
    before = np.prod(1.0 - hazard[:, :start], axis=1, keepdims=True)
    after = before * np.prod(1.0 - hazard[:, start:end], axis=1, keepdims=True)
    out = np.zeros_like(hazard)
    # d(1 − h)/dm = −h(1 − h), so dS(k)/dm is −h·S(k) for every interval that S(k) spans.
    out[:, :start] = -hazard[:, :start] * (before - after)
    out[:, start:end] = hazard[:, start:end] * after
    return out


def nodes(delta: np.ndarray, tolerance: float = 1e-13) -> int:
    """Return how many Gauss–Legendre points keep the error below `tolerance`.

    The logistic's nearest poles lie π away from the real line, so on a path of length L the error falls as
    ρ^(−2n) with ρ = 2π/L + √((2π/L)² + 1) (Trefethen 2008, *Is Gauss quadrature better than Clenshaw–Curtis?*).
    """
    length = max(float(np.abs(delta).max(initial=0.0)), 1e-3)
    ratio = 2 * np.pi / length
    rho = ratio + np.sqrt(ratio**2 + 1)
    return int(np.clip(np.ceil(-np.log(tolerance) / (2 * np.log(rho))), 4, 256))


def _hazard(margin: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-margin)))
