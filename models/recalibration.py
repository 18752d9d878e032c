"""What past risks turned out to mean: the logistic regression of churned on the logit of the risk."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    # Only the type: models.metrics imports this file.
    from models.metrics import Estimate

TINY = 1e-15
STEPS = 60


@dataclass(frozen=True)
class Recalibration:
    """logit P(churned) = a + b·logit(risk), with a covariance that counts accounts, not rows (Cox 1958)."""

    slope: "Estimate"
    """b: 1 is right, below 1 the risks are too extreme, above 1 too timid."""
    intercept: "Estimate"
    """Calibration in the large: a with the slope fixed at 1; above 0 more churned than the risks said."""
    parameters: tuple[float, float]
    """a and b of the fit with both free; NaN where it does not exist."""
    covariance: np.ndarray
    """2 × 2, of the parameters: the sandwich of White (1980) summed by account (Liang & Zeger 1986)."""
    quantile: float
    """Student's t at 97.5 % with one degree less than the smaller of the churned and the other accounts."""

    def interval(self, risk: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return the 95 % interval of the churned share at each risk, by the delta method in log-odds."""
        z = logit(risk)
        design = np.stack([np.ones_like(z), z], axis=-1)
        middle = design @ np.array(self.parameters)
        variance = np.einsum("...i,ij,...j->...", design, self.covariance, design)
        half = self.quantile * np.sqrt(np.maximum(variance, 0.0))
        return logistic(middle - half), logistic(middle + half)


def recalibrate(churned: np.ndarray, risk: np.ndarray, account: np.ndarray) -> Recalibration:
    """Fit the churned rows (0/1) on their risks; NaN with a note where a class is missing or no fit exists."""
    happened = np.asarray(churned, dtype=float)
    z = logit(risk)
    code = pd.factorize(np.asarray(account))[0]
    quantile = _quantile(happened, code)
    ones = np.ones((len(z), 1))
    both, covariance, note = _fit(np.column_stack([ones, z]), happened, np.zeros_like(z), code)
    large, large_covariance, large_note = _fit(ones, happened, z, code)
    return Recalibration(
        slope=_estimate(both[1], covariance[1, 1], quantile, note),
        intercept=_estimate(large[0], large_covariance[0, 0], quantile, large_note),
        parameters=(float(both[0]), float(both[1])),
        covariance=covariance,
        quantile=quantile,
    )


def fit_logistic(design: np.ndarray, churned: np.ndarray, offset: np.ndarray | None = None) -> np.ndarray:
    """Return the coefficients of greatest likelihood by Newton's method with halved steps.

    `offset` is added to every row's log-odds. Raises LinAlgError when the columns are collinear or no finite
    coefficients are the best (the columns separate the churned rows from the others).
    """
    shift = np.zeros(len(design)) if offset is None else offset
    beta = np.zeros(design.shape[1])
    loss = log_loss_sum(design @ beta + shift, churned)
    for _ in range(STEPS):
        share = logistic(design @ beta + shift)
        curvature = (design * (share * (1 - share))[:, None]).T @ design
        if np.linalg.cond(curvature) > 1e14:
            break
        step = np.linalg.solve(curvature, design.T @ (churned - share))
        if np.abs(step).max() < 1e-9 * (1.0 + np.abs(beta).max()):
            return beta
        # Far from the best the curvature vanishes and Newton's step overshoots without end.
        step *= min(1.0, 5.0 / np.abs(step).max())
        scale = 1.0
        rounding = 1e-12 * abs(loss)
        while (after := log_loss_sum(design @ (beta + scale * step) + shift, churned)) > loss + rounding:
            scale /= 2
        beta, loss = beta + scale * step, after
    raise np.linalg.LinAlgError("no finite coefficients: the risks are constant or separate the classes")


def log_loss_sum(margin: np.ndarray, churned: np.ndarray) -> float:
    """Return Σ −log P(what happened) for log-odds `margin`."""
    return float((np.logaddexp(0.0, margin) - churned * margin).sum())


def logit(risk: ArrayLike) -> np.ndarray:
    """Return the log-odds of a risk; 0 and 1 count as 1e-15 away from them."""
    inside = np.clip(np.asarray(risk, dtype=float), TINY, 1.0 - TINY)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def logistic(margin: ArrayLike) -> np.ndarray:
    """Return the chance whose log-odds are `margin`, without overflow."""
    m = np.asarray(margin, dtype=float)
    small = np.exp(-np.abs(m))
    return np.asarray(np.where(m >= 0, 1.0, small) / (1.0 + small))


def sandwich(design: np.ndarray, churned: np.ndarray, share: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the coefficients' covariance when only the rows of different accounts are independent."""
    bread = np.linalg.inv((design * (share * (1 - share))[:, None]).T @ design)
    groups = int(code.max()) + 1
    scores = design * (churned - share)[:, None]
    by_account = np.column_stack([np.bincount(code, column, minlength=groups) for column in scores.T])
    return np.asarray(bread @ (by_account.T @ by_account) @ bread * groups / max(groups - 1, 1))


def _fit(
    design: np.ndarray, churned: np.ndarray, offset: np.ndarray, code: np.ndarray
) -> tuple[np.ndarray, np.ndarray, str]:
    """Return coefficients, covariance and a note; NaN where the fit does not exist."""
    size = design.shape[1]
    none = np.full(size, np.nan), np.full((size, size), np.nan)
    total = int(churned.sum())
    if total in (0, len(churned)):
        return *none, f"only one class: {total} of {len(churned)} rows churned"
    try:
        beta = fit_logistic(design, churned, offset)
        return beta, sandwich(design, churned, logistic(design @ beta + offset), code), ""
    except np.linalg.LinAlgError as error:
        return *none, str(error)


def _quantile(churned: np.ndarray, code: np.ndarray) -> float:
    from scipy.stats import t

    # The information lies in the rarer class: a thousand accounts of which six churned tell as much as six.
    accounts = min(len(np.unique(code[churned == value])) for value in (0.0, 1.0))
    return float(t.ppf(0.975, max(accounts - 1, 1)))


def _estimate(value: float, variance: float, quantile: float, note: str) -> "Estimate":
    from models.metrics import Estimate

    half = quantile * float(np.sqrt(variance))
    return Estimate(float(value), float(value - half), float(value + half), note)
