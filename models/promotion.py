"""The rule by which a challenger becomes champion, from recorded backtests alone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger serves from now on, and why, in words."""

    promote: bool
    why: str


def promote(challenger: Mapping[str, Any], champion: Mapping[str, Any] | None) -> Verdict:
    """Judge a challenger's backtest beside the champion's, both as `Backtest.to_json` writes them.

    The first model, or the first of a new outcome contract, serves; a later one serves unless its AUC for risk_90 is
    not above chance or its whole interval lies below the champion's AUC.
    """
    new = _Auc.of(challenger)
    if champion is None:
        return Verdict(True, f"first model: {new}{new.warning}")
    if champion["outcome"] != challenger["outcome"]:
        return Verdict(
            True,
            f"first model of outcome contract {challenger['outcome']} (the champion's is {champion['outcome']}, so the "
            f"two cannot be compared): {new}{new.warning}",
        )
    old = _Auc.of(champion)
    if not new.beats_chance:
        return Verdict(False, f"no better than chance: {new}; the champion has {old}")
    if new.high < old.value:
        return Verdict(False, f"worse than the champion: {new}, wholly below the champion's {old.value:.3f}")
    return Verdict(True, f"not worse than the champion: {new}; the champion has {old}")


@dataclass(frozen=True)
class _Auc:
    """The pooled AUC for risk_90 with its interval; NaN when the backtest had none."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, backtest: Mapping[str, Any]) -> "_Auc":
        stored = backtest["pooled"]["risk_90"]["auc"]
        return cls(*(math.nan if stored[key] is None else float(stored[key]) for key in ("value", "low", "high")))

    @property
    def beats_chance(self) -> bool:
        return self.low > 0.5

    @property
    def warning(self) -> str:
        if self.beats_chance:
            return ""
        return "; WARNING: that is not shown to be better than chance, so its ranking means little"

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "AUC for risk_90 unknown (only one class was tested)"
        return f"AUC for risk_90 {self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
