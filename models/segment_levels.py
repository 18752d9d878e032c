"""Segments that churn more or less than their risks say: an offset each, shrunk the more the fewer churns it has."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.recalibration import logistic, logit


@dataclass(frozen=True)
class SegmentLevels:
    """An offset in log-odds per segment, the same for every interval; other segments and unknown ones have none.

    Empirical Bayes: churns in segment s are Poisson with mean θ_s · expected, θ_s is Gamma with mean 1, and the
    spread between segments beyond chance says how strong that prior is (Clayton & Kaldor 1987).
    """

    offsets: dict[str, float]
    spread: float
    """Variance of θ between segments; 0 when chance explains all of it."""

    @classmethod
    def fit(cls, segment: pd.Series, churned: pd.Series, expected: pd.Series, account_id: pd.Series) -> "SegmentLevels":
        """Fit from past rows: what happened within the horizon (0/1) and the risk that had been said."""
        rows = pd.DataFrame({"observed": churned.to_numpy(), "expected": expected.to_numpy()}, segment.to_numpy())
        sums = rows[pd.notna(rows.index)].groupby(level=0).sum()
        sums = sums[sums["expected"] > 0] / _repeats(churned, account_id)
        observed, due = sums["observed"].to_numpy(), sums["expected"].to_numpy()
        if len(sums) == 0:
            return cls({}, 0.0)
        # A segment's ratio varies by the spread and, as a Poisson count would, by 1/expected.
        excess = due * (observed / due - 1.0) ** 2
        spread = max(0.0, float((excess.sum() - len(sums)) / due.sum()))
        level = (1.0 + spread * observed) / (1.0 + spread * due)
        return cls(dict(zip(sums.index.astype(str), np.log(level).tolist(), strict=True)), spread)

    def hazards(self, hazards: np.ndarray, segment: pd.Series) -> np.ndarray:
        """Return rows × intervals with each row's offset added to its log-odds."""
        offset = segment.astype(object).map(self.offsets).fillna(0.0).to_numpy(dtype=float)
        return logistic(logit(hazards) + offset[:, None])


def _repeats(churned: pd.Series, account_id: pd.Series) -> float:
    """Return churned rows per churned account: an account seen at four as-of dates churned once, not four times."""
    happened = account_id.to_numpy()[churned.to_numpy() == 1]
    return len(happened) / len(set(happened)) if len(happened) else 1.0
