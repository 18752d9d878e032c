"""Baselines a CSM could keep on a sheet of paper: churn rates by renewal calendar and by last login."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.labels import interval_label
from features.outcome import INTERVALS
from models.protocol import Rows, risks

RENEWAL_EDGES = (0, 15, 30, 45, 60, 75, 90, 120, 180, 270, 365)
LAST_SEEN_EDGES = (0, 1, 3, 7, 14, 21, 28, 42, 56, 84, 182)
TERM_EDGES = (0, 45, 200, 400)
PRIOR_ROWS = 50.0
"""Rows of the coarser cell's rate that each finer cell starts with."""


def bins(values: pd.Series, edges: tuple[int, ...]) -> np.ndarray:
    """Return the bin of each value; -1 where it is missing."""
    place = np.searchsorted(edges, values.to_numpy(dtype=float), side="right")
    return np.asarray(np.where(values.isna(), -1, place))


def renewal_cells(standing: pd.DataFrame) -> list[np.ndarray]:
    """Return cell numbers from coarse to fine: days to renewal, then also auto-renewal and term."""
    days = bins(standing["days_to_renewal"], RENEWAL_EDGES)
    auto = np.nan_to_num(standing["auto_renew"].to_numpy(dtype=float), nan=2.0).astype(int)
    term = bins(standing["term_days"], TERM_EDGES)
    return [days, days * 100 + auto * 10 + term]


def last_login_cells(standing: pd.DataFrame) -> list[np.ndarray]:
    """Return the cell number of the days since anybody of the account was last seen."""
    return [bins(standing["last_seen_days"], LAST_SEEN_EDGES)]


@dataclass(frozen=True)
class RateTable:
    """Hazard per cell and interval, each level shrunk towards the coarser one."""

    overall: float
    levels: tuple[dict[int, float], ...]

    @classmethod
    def learn(cls, cells: list[np.ndarray], happened: np.ndarray) -> "RateTable":
        """Learn smoothed churn rates from cell numbers (coarse to fine) and 0/1 labels."""
        overall = (happened.sum() + 0.5) / (len(happened) + 1.0)
        table = cls(float(overall), ())
        for level in range(len(cells)):
            before = table.rates(cells[: level + 1])
            sums = pd.DataFrame({"cell": cells[level], "hit": happened, "prior": before}).groupby("cell")
            rows = sums["hit"].count()
            rates = (sums["hit"].sum() + PRIOR_ROWS * sums["prior"].mean()) / (rows + PRIOR_ROWS)
            table = cls(table.overall, (*table.levels, {int(str(k)): float(v) for k, v in rates.items()}))
        return table

    def rates(self, cells: list[np.ndarray]) -> np.ndarray:
        """Return the rate of the finest known cell per row."""
        out = np.full(len(cells[0]), self.overall)
        for level, rates in zip(cells, self.levels, strict=False):
            known = pd.Series(level).map(rates).to_numpy(dtype=float)
            out = np.where(np.isnan(known), out, known)
        return out


@dataclass(frozen=True)
class FittedRule:
    """Rate tables per interval over the cells of one rule."""

    cells: Callable[[pd.DataFrame], list[np.ndarray]]
    tables: tuple[RateTable, ...]

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row."""
        cells = self.cells(rows.standing)
        return risks(np.column_stack([table.rates(cells) for table in self.tables]), rows.standing.index)


@dataclass(frozen=True)
class RuleModel:
    """Learns churn rates over the cells of a rule, per interval, from matured rows."""

    name: str
    cells: Callable[[pd.DataFrame], list[np.ndarray]]

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedRule:
        """Learn the rates; rows whose interval has not matured are left out."""
        cells = self.cells(rows.standing)
        tables = []
        for interval in INTERVALS:
            happened = interval_label(labels, *interval).to_numpy()
            used = ~np.isnan(happened)
            tables.append(RateTable.learn([level[used] for level in cells], happened[used]))
        return FittedRule(self.cells, tuple(tables))


def renewal_calendar() -> RuleModel:
    """Return the baseline that knows only the contract's dates and terms."""
    return RuleModel("renewal_calendar", renewal_cells)


def last_login() -> RuleModel:
    """Return the baseline that knows only when the account was last seen."""
    return RuleModel("last_login", last_login_cells)
