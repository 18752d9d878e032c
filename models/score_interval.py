"""An interval beside every risk: of past rows scored like this, between so many and so many left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.protocol import RISKS
from models.recalibration import logistic, logit, recalibrate

KNOTS: tuple[float, ...] = tuple(np.linspace(-12.0, 4.0, 25).tolist())
"""Log-odds at which the bands are stored: risks of 0.0006 % to 98 %."""
LEAST_ROWS = 50
"""Fewest past rows near a knot whose churned share is told beside the line's."""
NOTHING = 1e-9

Band = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class ScoreIntervals:
    """Per risk a 95 % band over its log-odds: the churned share of out-of-sample rows with such a risk.

    It holds the delta-method band of the recalibration line (models.recalibration) and, since a line need not fit
    everywhere, the interval of the share among the rows scored about the same; both clustered by account. It says how
    well the backtest knows what a risk means on average, not what will happen to one account.
    """

    bands: Mapping[str, Band]
    """Per risk the lower and the upper log-odds at KNOTS; a risk without band has no interval."""

    @classmethod
    def fit(cls, predictions: pd.DataFrame) -> "ScoreIntervals":
        """Fit from a backtest's predictions; a risk that never or always came true there gets no band."""
        found = {risk: _band(predictions, risk) for risk in RISKS}
        return cls({risk: band for risk, band in found.items() if band is not None})

    def apply(self, risk_rows: pd.DataFrame) -> pd.DataFrame:
        """Return `RISK_low` and `RISK_high` per row, widened to hold the risk itself; NaN for a risk without band."""
        out = {}
        for risk in RISKS:
            value = risk_rows[risk].to_numpy(dtype=float)
            out[f"{risk}_low"], out[f"{risk}_high"] = self._edges(risk, value)
        return pd.DataFrame(out, index=risk_rows.index)

    def _edges(self, risk: str, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if risk not in self.bands:
            return np.full(len(value), np.nan), np.full(len(value), np.nan)
        low, high = (logistic(np.interp(logit(value), KNOTS, edge)) for edge in self.bands[risk])
        # Where none of the past rows churned the lower edge is stored as log-odds of 1e-15; say 0.
        return np.where(low < NOTHING, 0.0, np.minimum(low, value)), np.maximum(high, value)

    def to_json(self) -> dict[str, Any]:
        """Return the knots and each risk's band."""
        bands = {risk: {"low": list(low), "high": list(high)} for risk, (low, high) in self.bands.items()}
        return {"knots": list(KNOTS), "bands": bands}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "ScoreIntervals":
        """Return the bands that `to_json` wrote; raises ValueError when they stand at other knots."""
        if tuple(stored["knots"]) != KNOTS:
            raise ValueError("the stored bands stand at other knots")
        return cls({risk: (tuple(band["low"]), tuple(band["high"])) for risk, band in stored["bands"].items()})


def _band(predictions: pd.DataFrame, risk: str) -> Band | None:
    churned = predictions[risk.replace("risk", "churned")].to_numpy(dtype=float)
    account = pd.factorize(predictions["account_id"])[0]
    value = predictions[risk].to_numpy(dtype=float)
    found = recalibrate(churned, value, account)
    if np.isnan(found.parameters).any():
        return None
    low, high = found.interval(logistic(np.array(KNOTS)))
    near_low, near_high = _nearby(churned, logit(value), account)
    low, high = logit(np.fmin(low, near_low)), logit(np.fmax(high, near_high))
    return tuple(low.tolist()), tuple(high.tolist())


def _nearby(churned: np.ndarray, z: np.ndarray, account: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return per knot the 95 % interval of the churned share within one spacing of it; NaN with too few rows.

    Jeffreys' interval, with rows divided by the rows per churned account, as an account churns once.
    """
    from scipy.stats import beta

    edges = np.full((2, len(KNOTS)), np.nan)
    usual = churned.sum() / len(np.unique(account[churned == 1]))
    for number, knot in enumerate(KNOTS):
        near = np.abs(z - knot) <= KNOTS[1] - KNOTS[0]
        rows, hits = int(near.sum()), float(churned[near].sum())
        if rows >= LEAST_ROWS:
            repeats = hits / len(np.unique(account[near & (churned == 1)])) if hits else usual
            shape = (hits / repeats + 0.5, (rows - hits) / repeats + 0.5)
            edges[0, number] = beta.ppf(0.025, *shape) if hits else 0.0
            edges[1, number] = beta.ppf(0.975, *shape) if hits < rows else 1.0
    return edges[0], edges[1]
