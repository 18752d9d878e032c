"""What moved each risk of a published list: the stored values, facts and contributions, unpacked."""

from __future__ import annotations

import math
import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, Row, select

from serving.schema import explanations
from serving.scoring import ScoredFeature

if TYPE_CHECKING:
    import pandas as pd

    from features.catalogue import Feature

ASKED_AT_ONCE = 500
"""Accounts per query: databases limit the number of parameters."""


@dataclass(frozen=True)
class Explanation:
    """One account's numbers, one per feature in the order of `features`; NaN is missing."""

    features: tuple[ScoredFeature, ...]
    values: tuple[float, ...]
    facts: Mapping[str, Mapping[str, float]]
    """By feature the numbers that its sentence names; `untracked` is 1 where nothing recorded the value."""
    contributions_90: tuple[float, ...]
    contributions_60_90: tuple[float, ...]

    def by_driver(self) -> list[tuple[str, float, float]]:
        """Return driver, share of risk_90 and of risk_60_90, the largest share of risk_90 in either direction first."""
        sums: dict[str, list[float]] = {}
        for feature, near, window in zip(self.features, self.contributions_90, self.contributions_60_90, strict=True):
            total = sums.setdefault(feature.driver, [0.0, 0.0])
            total[0] += near
            total[1] += window
        found = [(driver, near, window) for driver, (near, window) in sums.items()]
        return sorted(found, key=lambda each: (-abs(each[1]), each[0]))

    def lines(self) -> list[dict[str, Any]]:
        """Return one JSON entry per feature, the largest contribution to risk_90 in either direction first."""
        columns = zip(self.features, self.values, self.contributions_90, self.contributions_60_90, strict=True)
        lines = []
        for feature, value, near, window in columns:
            facts = dict(self.facts.get(feature.name, {}))
            untracked = facts.pop("untracked", 0.0) == 1
            line = {
                "feature": feature.name,
                "driver": feature.driver,
                "title": feature.title,
                "unit": feature.unit,
                "value": known(value),
                "contribution_90": near,
                "contribution_60_90": window,
                "text": sentence(feature, value, facts, untracked=untracked),
                "tracked": not untracked,
                "facts": {name: known(fact) for name, fact in facts.items()},
            }
            lines.append(line)
        return sorted(lines, key=lambda line: -abs(line["contribution_90"]))


def read_explanations(connection: Connection, header: Row[Any], accounts: Collection[str]) -> dict[str, Explanation]:
    """Return the explanations of these accounts on the list whose row of `lists` is `header`."""
    features = tuple(ScoredFeature(**stored) for stored in header.features)
    wanted = list(accounts)
    found: dict[str, Explanation] = {}
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        query = select(explanations).where(
            explanations.c.list_id == header.id,
            explanations.c.account_id.in_(wanted[start : start + ASKED_AT_ONCE]),
        )
        for row in connection.execute(query).mappings():
            found[row["account_id"]] = Explanation(
                features,
                _unpacked(row["values"]),
                _by_feature(header.facts, _unpacked(row["facts"])),
                _unpacked(row["contributions_90"]),
                _unpacked(row["contributions_60_90"]),
            )
    return found


def read_values(connection: Connection, header: Row[Any]) -> pd.DataFrame:
    """Return accounts × features of a whole list as they were scored; NaN is missing."""
    import numpy as np
    import pandas as pd

    query = select(explanations.c.account_id, explanations.c["values"]).where(explanations.c.list_id == header.id)
    found = connection.execute(query.order_by(explanations.c.account_id)).all()
    names = [feature["name"] for feature in header.features]
    numbers = np.frombuffer(b"".join(row[1] for row in found), "<f8").reshape(len(found), len(names))
    return pd.DataFrame(numbers, pd.Index([row[0] for row in found], name="account_id"), names)


def sentence(feature: ScoredFeature, value: float, facts: Mapping[str, float], *, untracked: bool = False) -> str:
    """Return the feature's sentence, in the words that were published with the list."""
    from features.catalogue import say

    return say(cast("Feature", feature), value, facts, untracked=untracked)


def known(value: float) -> float | None:
    """Return the number, or None for NaN and the infinities, which JSON has no word for."""
    return value if math.isfinite(value) else None


def _unpacked(blob: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(blob) // 8}d", blob)


def _by_feature(names: Iterable[str], numbers: Iterable[float]) -> dict[str, dict[str, float]]:
    facts: dict[str, dict[str, float]] = {}
    for name, number in zip(names, numbers, strict=True):
        feature, _, fact = name.partition(".")
        facts.setdefault(feature, {})[fact] = number
    return facts
