"""Health 0–100 from risk_90, by a mapping that is fixed with the model so that weeks compare."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

KNOTS = 41
EDGE = 2.0


@dataclass(frozen=True)
class HealthScale:
    """A strictly decreasing, piecewise-linear map from the logit of risk_90 to health.

    Between the knots health is the share of reference rows at higher risk, in percent; beyond the outer knots it
    runs towards 100 and 0 without reaching them.
    """

    logits: tuple[float, ...]
    health: tuple[float, ...]

    @classmethod
    def fit(cls, risk_90: np.ndarray) -> "HealthScale":
        """Place the knots at quantiles of reference risks; raises ValueError without any."""
        if len(risk_90) == 0:
            raise ValueError("a health scale needs at least one reference risk")
        shares = np.linspace(0.0, 1.0, KNOTS)
        quantiles = np.quantile(_logit(risk_90), shares)
        health = 100.0 - EDGE - (100.0 - 2 * EDGE) * shares
        places, inverse = np.unique(np.round(quantiles, 9), return_inverse=True)
        # Rows that share one risk share one health: the middle of the places they span.
        means = np.bincount(inverse, health) / np.bincount(inverse)
        return cls(tuple(places.tolist()), tuple(means.tolist()))

    def __call__(self, risk_90: ArrayLike) -> np.ndarray:
        """Return health per risk: 0–100, high is good."""
        z = _logit(np.asarray(risk_90, dtype=float))
        inside = np.interp(z, self.logits, self.health)
        above = np.exp(-np.maximum(z - self.logits[-1], 0.0))
        below = np.exp(np.minimum(z - self.logits[0], 0.0))
        return np.asarray(np.where(z > self.logits[-1], inside * above, 100.0 - (100.0 - inside) * below))

    def to_json(self) -> dict[str, list[float]]:
        """Return the knots."""
        return {"logits": list(self.logits), "health": list(self.health)}

    @classmethod
    def from_json(cls, stored: dict[str, list[float]]) -> "HealthScale":
        """Return the scale that `to_json` wrote."""
        return cls(tuple(stored["logits"]), tuple(stored["health"]))


def _logit(risk: np.ndarray) -> np.ndarray:
    tiny = 1e-15
    inside = np.clip(np.asarray(risk, dtype=float), tiny, 1.0 - tiny)
    return np.asarray(np.log(inside) - np.log1p(-inside))
