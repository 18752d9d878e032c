"""What a model is here: rows in, four risks out."""

from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import pandas as pd

from features.errors import ContractError
from features.outcome import INTERVALS

RISKS = ("risk_30", "risk_60", "risk_90", "risk_60_90")
WINDOWS: dict[str, tuple[int, int]] = {
    "risk_30": (0, 30),
    "risk_60": (0, 60),
    "risk_90": (0, 90),
    "risk_60_90": (60, 90),
}
"""Days after the as-of date that each risk speaks of: instants [start, end)."""


@dataclass(frozen=True)
class Rows:
    """What a model may see: feature rows and the accounts' standing, on one (account_id, as_of) index."""

    frame: pd.DataFrame
    standing: pd.DataFrame

    @property
    def index(self) -> pd.MultiIndex:
        """The rows' (account_id, as_of)."""
        return cast(pd.MultiIndex, self.frame.index)

    def take(self, mask: np.ndarray) -> "Rows":
        """Return the rows where `mask` holds."""
        return Rows(self.frame[mask], self.standing[mask])


class FittedModel(Protocol):
    """A model that has seen its training rows."""

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return one row of RISKS per row."""
        ...


class Model(Protocol):
    """A way to learn risks from matured rows."""

    @property
    def name(self) -> str:
        """The model's name in reports and columns."""
        ...

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedModel:
        """Learn from `rows` and their `label(...)` frame; rows that have not matured are left out by the model."""
        ...


def survival(hazards: np.ndarray) -> np.ndarray:
    """Return rows × (intervals + 1): the chance of being still here at 0, 30, 60 and 90 days."""
    ones = np.ones((len(hazards), 1))
    return np.hstack([ones, np.cumprod(1.0 - hazards, axis=1)])


def window_risk(hazards: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    """Return P(outcome within the window) from rows × intervals of hazards."""
    alive = survival(hazards)
    start, end = (edge_index(day) for day in window)
    return np.asarray(alive[:, start] - alive[:, end])


def edge_index(day: int) -> int:
    """Return how many intervals end at or before `day`; raises KeyError if no interval begins or ends there."""
    edges = {0: 0} | {end: i + 1 for i, (_, end) in enumerate(INTERVALS)}
    return edges[day]


def risks(hazards: np.ndarray, index: pd.Index) -> pd.DataFrame:
    """Return RISKS from rows × intervals of hazards; cumulative risks cannot cross."""
    return pd.DataFrame({risk: window_risk(hazards, WINDOWS[risk]) for risk in RISKS}, index=index)


def require_columns(frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Raise ContractError unless the frame has exactly these columns in this order."""
    got = tuple(frame.columns)
    if got == columns:
        return
    missing = [name for name in columns if name not in set(got)]
    extra = [name for name in got if name not in set(columns)]
    if missing or extra:
        what = "; ".join(
            f"{kind} {len(names)} (for example {names[0]})"
            for kind, names in (("missing", missing), ("unknown", extra))
            if names
        )
    else:
        place = next(i for i, (a, b) in enumerate(zip(got, columns, strict=True)) if a != b)
        what = f"order differs from column {place + 1} on: {got[place]} stands where {columns[place]} belongs"
    raise ContractError(
        f"feature columns do not match the model's {len(columns)}: {what}; "
        "score with the features the model was trained on, or train again (forewarn train)"
    )
