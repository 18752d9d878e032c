"""Which signals say the same: rank correlations on a sample of rows, and how well each alone ranks the churns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.matured import Floats, Ints, Matured

SAMPLE = 20_000
"""Rows that ranks are taken over."""
PAIRS = 100
"""Rows with both values that a correlation needs."""
KNOTS = 100
SEED = 7


def sample(rows: Matured) -> Ints:
    """Return the places of the sampled rows; the same rows give the same sample."""
    size = len(rows.order)
    if size <= SAMPLE:
        return np.arange(size)
    return np.sort(np.random.default_rng(SEED).choice(size, SAMPLE, replace=False))


@dataclass(frozen=True)
class Ranks:
    """Ranks of the sampled rows per column (average for ties, NaN without a value), columns side by side."""

    ranks: Floats

    @classmethod
    def of(cls, columns: Sequence[Floats]) -> "Ranks":
        """Rank each column over its own rows with a value."""
        from scipy.stats import rankdata

        return cls(np.column_stack([rankdata(column, nan_policy="omit") for column in columns]))

    def correlation(self) -> Floats:
        """Return columns × columns: Spearman's rank correlation; NaN with few common rows or one value only.

        Ranks are those over each column's own rows, so where values are missing this is close to Spearman's.
        """
        known = ~np.isnan(self.ranks)
        mask = known.astype(np.float64)
        # Centred first, or sums of squared ranks would lose the digits that near-duplicates differ in.
        middle = np.nansum(self.ranks, axis=0) / np.maximum(known.sum(axis=0), 1)
        centred = np.where(known, self.ranks - middle, 0.0) / max(len(self.ranks), 1)
        both = mask.T @ mask
        with np.errstate(divide="ignore", invalid="ignore"):
            sums = centred.T @ mask
            product = centred.T @ centred - sums * sums.T / both
            square = (centred**2).T @ mask - sums**2 / both
            found = product / np.sqrt(square * square.T)
        usable = (both >= PAIRS) & (square > 1e-9) & (square.T > 1e-9)
        return np.where(usable, np.clip(found, -1, 1), np.nan)

    def auc(self, churned: Floats) -> Floats:
        """Return per column how often a churned row ranks above another; NaN without rows of both kinds."""
        known = ~np.isnan(self.ranks)
        hit = known & (churned == 1)[:, None]
        ones, others = hit.sum(axis=0), (known & (churned == 0)[:, None]).sum(axis=0)
        total = np.where(hit, self.ranks, 0.0).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((ones > 0) & (others > 0), (total - ones * (ones + 1) / 2) / (ones * others), np.nan)


def nearest(correlation: Floats) -> Ints:
    """Return for each column the other one that it is most correlated with; −1 where there is none."""
    strength = np.abs(correlation)
    np.fill_diagonal(strength, np.nan)
    strength = np.nan_to_num(strength, nan=-1.0)
    return np.where(strength.max(axis=1) < 0, -1, strength.argmax(axis=1))


def said_before(coverage: Sequence[float], correlation: Floats, least: float) -> Ints:
    """Return for each column the one before it that says the same (|correlation| ≥ `least`); −1 for those kept.

    Columns with more values come first (to a twentieth), then those declared first, so that names do not change
    from week to week.
    """
    order = sorted(range(len(coverage)), key=lambda i: (-round(coverage[i] * 20), i))
    same, kept = np.full(len(coverage), -1), list[int]()
    for i in order:
        twins = [j for j in kept if abs(correlation[i, j]) >= least]
        if twins:
            same[i] = max(twins, key=lambda j: abs(correlation[i, j]))
        else:
            kept.append(i)
    return same


def riskiness(values: Floats, side: str, places: Ints) -> Floats:
    """Return for each row the share of the sampled rows with a strictly less risky value (to a hundredth)."""
    directed = values if side == "higher" else -values
    known = directed[places]
    known = np.sort(known[~np.isnan(known)])
    if not len(known):
        return np.full(len(values), np.nan)
    knots = known[np.linspace(0, len(known) - 1, min(KNOTS, len(known))).astype(int)]
    return np.where(np.isnan(values), np.nan, np.searchsorted(knots, directed, side="left") / len(knots))
