"""Measures signals one by one: each feature, and each driver as the mean riskiness of its features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.likeness import riskiness, sample
from models.matured import Bools, Floats, Ints, Matured
from models.tails import Lead, Lift, Tail, lead, measure, riskier_side, risky_tail

if TYPE_CHECKING:
    from features.catalogue import Feature


@dataclass(frozen=True)
class Judged:
    """What was measured of one signal by itself."""

    name: str
    title: str
    driver: str
    riskier: str
    cpu_seconds: float | None
    coverage: float
    zero: float
    not_tracked: float
    side: str
    tail: Tail | None
    tail_share: float
    lift: Lift
    lead: Lead
    sampled: Floats
    """Its values in the sampled rows."""

    def facts(self) -> dict[str, Any]:
        """Return what stands in the register."""
        lift, lead, periods = self.lift, self.lead, [each for each in self.lift.periods if each is not None]
        named = ("name", "title", "driver", "riskier", "side", "coverage", "zero", "not_tracked", "tail_share")
        return {name: getattr(self, name) for name in (*named, "cpu_seconds")} | {
            "threshold": float("nan") if self.tail is None else self.tail.threshold,
            "missing": 1.0 - self.coverage - self.not_tracked,
            "lift": lift.estimate,
            "tail_accounts": lift.tail_accounts,
            "churned_accounts": lift.churned_accounts,
            "base_accounts": lift.base_accounts,
            "periods": lift.periods,
            "agree": sum(each > 1 for each in periods) / len(periods) if periods else float("nan"),
            "lead_weeks": lead.weeks,
            "seen": lead.seen,
            "seen_of": lead.of,
        }


@dataclass
class Judge:
    """Goes through the snapshot column by column, so that no second copy of it is made."""

    rows: Matured
    untracked: pd.DataFrame | None
    seconds: Mapping[str, float]
    _drivers: "dict[str, _Driver]" = field(default_factory=dict)

    @cached_property
    def places(self) -> Ints:
        """The rows that ranks are taken over."""
        return sample(self.rows)

    def features(self, features: "Sequence[Feature]") -> list[Judged]:
        """Measure the features and gather what their drivers say."""
        return [self._feature(each) for each in features]

    def drivers(self) -> list[Judged]:
        """Measure the drivers gathered: the mean riskiness of their features."""
        return [
            self._judged((name, name, name, "higher", gathered.seconds), gathered.mean, "higher", gathered.measured)
            for name, gathered in self._drivers.items()
        ]

    def _feature(self, feature: "Feature") -> Judged:
        values = self.rows.values(feature.name)
        either, measured = feature.riskier == "either", np.ones(len(values), dtype=bool)
        side = riskier_side(self.rows, values) if either else feature.riskier
        if either:
            measured = self.rows.second
        seconds = self.seconds.get(feature.name)
        gathered = self._drivers.setdefault(feature.driver, _Driver.empty(len(values)))
        gathered.add(riskiness(values, side, self.places), measured, seconds)
        about = (feature.name, feature.title, feature.driver, str(feature.riskier), seconds)
        return self._judged(about, values, side, measured)

    def _judged(
        self, about: tuple[str, str, str, str, float | None], values: Floats, side: str, measured: Bools
    ) -> Judged:
        name, title, driver, riskier, seconds = about
        valued = ~np.isnan(values)
        tail = risky_tail(values, side)
        inside = np.zeros(len(values), dtype=bool) if tail is None else tail.rows
        return Judged(
            name=name,
            title=title,
            driver=driver,
            riskier=riskier,
            cpu_seconds=seconds,
            coverage=float(valued.mean()),
            zero=float((values == 0).mean()),
            not_tracked=self._not_tracked(name),
            side=side,
            tail=tail,
            tail_share=float(inside.sum() / max(int(valued.sum()), 1)),
            lift=measure(self.rows, inside & measured, valued & measured),
            lead=lead(self.rows, inside, measured),
            sampled=values[self.places],
        )

    def _not_tracked(self, name: str) -> float:
        if self.untracked is None or name not in self.untracked:
            return 0.0
        return float(self.untracked[name].to_numpy()[self.rows.order].mean())


@dataclass
class _Driver:
    """What the features of one driver add up to."""

    total: Floats
    any_known: Bools
    measured: Bools
    """Rows that its lift may be measured on: the second half once a feature's side was chosen on the first."""
    features: int = 0
    seconds: float | None = None

    @classmethod
    def empty(cls, size: int) -> "_Driver":
        return cls(np.zeros(size), np.zeros(size, dtype=bool), np.ones(size, dtype=bool))

    def add(self, risk: Floats, measured: Bools, seconds: float | None) -> None:
        """Add one feature."""
        known = ~np.isnan(risk)
        # A missing value counts as a usual one, or rows with one feature only would fill the tail.
        self.total += np.where(known, risk, risk[known].mean() if known.any() else 0.0)
        self.features += 1
        self.any_known |= known
        self.measured &= measured
        self.seconds = self.seconds if seconds is None else (self.seconds or 0.0) + seconds

    @property
    def mean(self) -> Floats:
        """The mean riskiness; NaN where no feature has a value."""
        return np.where(self.any_known, self.total / max(self.features, 1), np.nan)
