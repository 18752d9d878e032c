"""One fold replayed: training labels as known by its first tested date, every model fitted on the same rows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import catalogue
from features.labels import label, window_label
from features.outcome import OutcomeContract
from models.drivers import by_driver
from models.explain import contributions
from models.fold_cache import FoldCache, Replayed, day_digests, digest_of, labels_digest
from models.folds import Fold
from models.hazard import FittedHazards, HazardModel
from models.protocol import RISKS, WINDOWS, FittedModel, Model, Rows
from models.provenance import code_of
from models.train import matured_churns


@dataclass
class Replay:
    """The rows of a book, what happened, and what the folds replayed so far have cost."""

    rows: Rows
    outcomes: pd.DataFrame
    contract: OutcomeContract
    last: date
    """The date up to which outcomes count as known."""
    cache: FoldCache | None = None
    acted_on: np.ndarray | None = None
    """For each row whether CS acted on the account."""
    spent: dict[str, list[Replayed]] = field(default_factory=dict)
    drivers: pd.DataFrame | None = None
    """account_id, as_of and each driver's contribution to the first model's risk_90, for the last date tested so far;
    None where that model has no contributions."""

    def fold(self, fold: Fold, models: Sequence[Model]) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], dict[str, Any]]:
        """Return the fold's truth and standing, each model's risks in the order of these rows, and its facts."""
        began = time.perf_counter()
        before, tested = self._rows_of(fold)
        training, testing = self.rows.take(before), self.rows.take(tested)
        labels = label(self.outcomes, training.index, self.contract, fold.known_by)
        truth = self._truth(testing, tested, fold)
        content = self._content(before, tested, labels)
        done = {model.name: self._replayed(model, training, testing, labels, content) for model in models}
        for name, replayed in done.items():
            self.spent.setdefault(name, []).append(replayed)
        self.drivers = done[models[0].name].drivers
        facts = {
            "fold": fold.number,
            "as_of": fold.tested[0].isoformat(),
            "last_as_of": fold.tested[-1].isoformat(),
            "train_rows": int(window_label(labels, *WINDOWS["risk_90"]).notna().sum()),
            "train_churns": matured_churns(labels),
            "test_rows": len(truth),
            "accounts": int(truth["account_id"].nunique()),
            "positives": int(truth[churned("risk_90")].sum()),
            "positives_60_90": int(truth[churned("risk_60_90")].sum()),
            "cached": sum(replayed.cached for replayed in done.values()),
            "seconds": round(time.perf_counter() - began, 3),
        }
        return truth, {name: replayed.risks for name, replayed in done.items()}, facts

    def costs(self, names: Sequence[str], rows: int) -> dict[str, dict[str, float]]:
        """Return what each model has cost over all folds; a cached fold counts with what it cost when it was made."""
        return {
            name: {
                "fit_cpu_seconds": round(sum(each.fit_seconds for each in self.spent[name]), 3),
                "predict_cpu_seconds_per_1000": round(
                    1000 * sum(each.predict_seconds for each in self.spent[name]) / max(rows, 1), 5
                ),
                "cached_folds": sum(each.cached for each in self.spent[name]),
            }
            for name in names
        }

    def _rows_of(self, fold: Fold) -> tuple[np.ndarray, np.ndarray]:
        as_of = self.rows.index.get_level_values("as_of")
        before = np.asarray(as_of < pd.Timestamp(fold.known_by))
        return before, np.asarray(as_of.isin(pd.to_datetime(list(fold.tested))))

    def _replayed(
        self, model: Model, training: Rows, testing: Rows, labels: pd.DataFrame, content: tuple[str, ...]
    ) -> Replayed:
        key = self.cache.key(model, *content, *_told(model)) if self.cache else None
        if self.cache and key and (found := self.cache.get(key, len(testing.frame))) is not None:
            return found
        began = time.process_time()
        fitted = model.fit(training, labels)
        middle = time.process_time()
        risks = fitted.predict(testing)[list(RISKS)].reset_index(drop=True)
        made = Replayed(risks, middle - began, time.process_time() - middle, drivers_of(fitted, testing))
        if self.cache and key:
            self.cache.put(key, made)
        return made

    def _content(self, before: np.ndarray, tested: np.ndarray, labels: pd.DataFrame) -> tuple[str, ...]:
        """Return digests of the training rows, their labels and the test rows; nothing without a cache."""
        if self.cache is None:
            return ()
        days = self.rows.index.get_level_values("as_of").to_numpy(dtype="datetime64[s]")
        trained, seen = (digest_of(self._digests[day] for day in np.unique(days[which])) for which in (before, tested))
        return trained, labels_digest(labels), seen

    @cached_property
    def _digests(self) -> dict[np.datetime64, str]:
        return day_digests(self.rows)

    def _truth(self, testing: Rows, tested: np.ndarray, fold: Fold) -> pd.DataFrame:
        labels = label(self.outcomes, testing.index, self.contract, self.last)
        standing = testing.standing
        out = standing.index.to_frame(index=False)
        out["fold"] = fold.number
        for risk, window in WINDOWS.items():
            out[churned(risk)] = window_label(labels, *window).to_numpy()
        out["churns_in_days"] = labels["days"].to_numpy()
        out["arr"] = standing["arr"].to_numpy(dtype=float)
        out["segment"] = standing["segment"].to_numpy()
        days = standing["days_to_renewal"].to_numpy(dtype=float)
        for name in ("days_to_renewal", "term_days", "tenure_days"):
            out[name] = standing[name].to_numpy(dtype=float)
        out["ends_in_window"] = (days >= 0) & (days < WINDOWS["risk_90"][1])
        out["ends_in_60_90"] = (days >= WINDOWS["risk_60_90"][0]) & (days < WINDOWS["risk_60_90"][1])
        if self.acted_on is not None:
            out["acted_on"] = self.acted_on[tested]
        return out


def drivers_of(fitted: FittedModel, testing: Rows) -> pd.DataFrame | None:
    """Return each driver's contribution to risk_90 for the last as-of date; None for a model that has none."""
    if not isinstance(fitted, FittedHazards):
        return None
    as_of = testing.index.get_level_values("as_of")
    last = testing.frame[np.asarray(as_of == as_of.max())]
    shares = contributions(fitted, last, WINDOWS["risk_90"])
    return by_driver(shares.values, {each.name: each.driver for each in catalogue()}).reset_index()


def _told(model: Model) -> tuple[str, ...]:
    """Return digests of what a model's drivers depend on beside its risks; nothing for one that has none."""
    if not isinstance(model, HazardModel):
        return ()
    owners = (f"{each.name} {each.driver}" for each in catalogue())
    return code_of("models.explain"), code_of("models.drivers"), digest_of(owners)


def churned(risk: str) -> str:
    """Return the predictions column that says whether the risk's window came true."""
    return risk.replace("risk", "churned")
