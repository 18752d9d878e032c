"""From contributions to the few sentences that a CSM reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalogue import Feature, say
from models.explain import Contributions

LEAST = 0.001
"""Reasons that raise the risk by less than a tenth of a percentage point are left out."""
SPEAKING_SHARE = 0.25
"""A feature may speak for its driver if it raises the risk by this share of the driver's strongest feature."""


@dataclass(frozen=True)
class Reason:
    """One driver that raises the risk, said with the numbers of the feature that speaks for it."""

    driver: str
    feature: str
    text: str
    contribution: float
    """What the whole driver adds to the risk, in probability."""


def reasons(
    shares: Contributions,
    frame: pd.DataFrame,
    facts: pd.DataFrame,
    features: Sequence[Feature],
    typical: Mapping[str, float],
    *,
    limit: int = 5,
) -> list[tuple[Reason, ...]]:
    """Return per row of `frame` up to `limit` reasons, the strongest first; only drivers that raise the risk.

    `facts` has one row per account, with columns `feature.fact`; `feature.untracked` says where a value is missing
    because nothing recorded it. Within a driver speaks the strongest feature whose
    value lies on the side that it claims to be riskier (against the `typical` value), so that words and risk agree.
    """
    known = {feature.name: feature for feature in features}
    columns = [known[name] for name in frame.columns]
    drivers = list(dict.fromkeys(feature.driver for feature in columns))
    member = np.array([[feature.driver == driver for driver in drivers] for feature in columns], dtype=float)
    values = shares.values.to_numpy()
    totals = values @ member
    speakers = _speakers(values, _agree(frame, columns, typical), member.astype(bool))
    words = _Words(columns, frame.to_numpy(dtype=float), _per_row(facts, frame))
    order = np.argsort(-totals, axis=1, kind="stable")[:, :limit]
    return [
        tuple(
            Reason(drivers[d], columns[f].name, words.say(row, f), float(totals[row, d]))
            for d, f in ((d, int(speakers[row, d])) for d in order[row].tolist())
            if totals[row, d] >= LEAST
        )
        for row in range(len(frame))
    ]


def _per_row(facts: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    return facts.reindex(frame.index.get_level_values("account_id"))


class _Words:
    """The sentence of each feature for each row."""

    def __init__(self, columns: Sequence[Feature], values: np.ndarray, facts: pd.DataFrame) -> None:
        self.columns, self.values = columns, values
        table = {str(name): facts[name].to_numpy(dtype=float) for name in facts.columns}
        self.facts: dict[str, dict[str, np.ndarray]] = {}
        for name, column in table.items():
            feature, _, fact = name.partition(".")
            self.facts.setdefault(feature, {})[fact] = column

    def say(self, row: int, column: int) -> str:
        feature = self.columns[column]
        facts = {fact: float(values[row]) for fact, values in self.facts.get(feature.name, {}).items()}
        untracked = facts.pop("untracked", 0.0) == 1
        return say(feature, float(self.values[row, column]), facts, untracked=untracked)


def _agree(frame: pd.DataFrame, columns: Sequence[Feature], typical: Mapping[str, float]) -> np.ndarray:
    """Say per row and feature whether the value lies on the side that is claimed to be riskier, or is unknown."""
    values = frame.to_numpy(dtype=float)
    side = np.array([{"higher": 1.0, "lower": -1.0, "either": 0.0}[feature.riskier] for feature in columns])
    middle = np.array([typical.get(feature.name, np.nan) for feature in columns])
    return np.asarray(np.isnan(values) | (side == 0) | np.isnan(middle) | ((values - middle) * side > 0))


def _speakers(values: np.ndarray, agree: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Return rows × drivers: the column of the feature that speaks for each driver."""
    out = np.empty((len(values), member.shape[1]), dtype=int)
    for driver in range(member.shape[1]):
        own = np.flatnonzero(member[:, driver])
        inside, fits = values[:, own], agree[:, own]
        strongest = inside.max(axis=1, keepdims=True)
        # Those that agree and are strong enough come first, by strength; then the strongest of all.
        preferred = fits & (inside >= SPEAKING_SHARE * strongest) & (inside > 0)
        out[:, driver] = own[np.argmax(np.where(preferred, inside + 1.0, inside), axis=1)]
    return out
