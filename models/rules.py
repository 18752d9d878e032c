"""Rules that a CSM could keep on a sheet of paper: churn rates over a few cells, learnt from matured rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.protocol import Rows, risks
from models.targets import targets

PRIOR_ROWS = 50.0
"""Rows of the coarser cell's rate that each finer cell starts with."""

Cells = Callable[[Rows], list[np.ndarray]]
"""Gives each row its cell number, once per level from coarse to fine."""


def bins(values: pd.Series, edges: tuple[float, ...]) -> np.ndarray:
    """Return the bin of each value; -1 where it is missing."""
    place = np.searchsorted(edges, values.to_numpy(dtype=float), side="right")
    return np.asarray(np.where(values.isna(), -1, place))


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

    cells: Cells
    tables: tuple[RateTable, ...]

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row."""
        cells = self.cells(rows)
        return risks(np.column_stack([table.rates(cells) for table in self.tables]), rows.index)


@dataclass(frozen=True)
class RuleModel:
    """Learns churn rates over the cells of a rule, per interval, from matured rows."""

    name: str
    cells: Cells

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedRule:
        """Learn the rates; raises ContractError when an interval holds only one class."""
        cells = self.cells(rows)
        tables = [RateTable.learn([level[used] for level in cells], happened) for used, happened in targets(labels)]
        return FittedRule(self.cells, tuple(tables))
