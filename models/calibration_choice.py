"""Which calibrator a backtest supports: each is judged on folds whose outcomes it had not seen."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from models.bootstrap import Accounts
from models.calibration import FITS, Calibration, hazards_of, interval_churns
from models.folds import HORIZON_DAYS
from models.metrics import Estimate, RiskRows, missing, probability
from models.paired import Difference, difference
from models.protocol import risks
from models.segment_levels import SegmentLevels

JUDGED = ("risk_90", "risk_60_90")
MINIMUM_ACCOUNTS = 10
"""Fewest churned accounts in the earlier folds to fit a calibrator on."""

Calibrate = Callable[[pd.DataFrame], np.ndarray]
"""From prediction rows to calibrated hazards, rows × intervals."""


@dataclass(frozen=True)
class Candidate:
    """One calibrator against none: by how much it lowered the log loss of each judged risk, on the same rows."""

    kind: str
    improvement: dict[str, Estimate]
    """Log loss without minus with it. For `risk_90` the interval is widened for the number of candidates (Bonferroni);
    for `risk_60_90` it is the plain 95 % one."""
    adoptable: bool = True
    """False for `segments`, which is reported only: its offset has no place among the features' contributions."""

    @property
    def better(self) -> bool:
        """Whether the whole interval of risk_90 lies above 0 and that of risk_60_90 not below it."""
        return self.improvement["risk_90"].low > 0 and not self.improvement["risk_60_90"].high < 0


@dataclass(frozen=True)
class Choice:
    """The calibrator that the backtest supports (None: none of them) with what speaks for and against each."""

    adopted: Calibration | None
    candidates: tuple[Candidate, ...]
    folds: int
    """Folds that were judged."""
    rows: int
    says: str
    """What follows, in a sentence."""

    def to_json(self) -> dict[str, Any]:
        """Return all of it for programs to read."""
        return {
            "adopted": None if self.adopted is None else self.adopted.to_json(),
            "candidates": {
                each.kind: {risk: value.to_json() for risk, value in each.improvement.items()}
                for each in self.candidates
            },
            "folds": self.folds,
            "rows": self.rows,
            "says": self.says,
        }


def choose(predictions: pd.DataFrame, *, lag_days: int, resamples: int = 300, seed: int = 7) -> Choice:
    """Judge every calibrator on the folds of a backtest and adopt one that is better beyond chance.

    Rolling: a fold's calibrators are fitted on rows of earlier folds whose horizon and recording lag (`lag_days`) had
    passed by the fold's first as-of date. What is adopted is fitted on all rows. None is the rule.
    """
    pairs = [(earlier, fold) for earlier, fold in _rolling(predictions, lag_days) if _enough(earlier)]
    if not pairs:
        return Choice(None, (), 0, 0, f"no calibrator: {_too_few()}")
    judged = pd.concat([fold for _, fold in pairs])
    accounts = Accounts.draw(judged["account_id"], resamples, seed)
    kinds = (*FITS, "segments")
    candidates = tuple(_judge(kind, pairs, judged, accounts, len(kinds)) for kind in kinds)
    best = simplest(candidates)
    adopted = (
        None if best is None else Calibration.fit(best.kind, hazards_of(predictions), interval_churns(predictions))
    )
    return Choice(adopted, candidates, len(pairs), len(judged), _says(best, candidates))


def roll(predictions: pd.DataFrame, kind: str, *, lag_days: int) -> pd.DataFrame:
    """Return the predictions as a model with such a calibrator would have said them, each fold's fitted as in `choose`.

    Folds before which too little had matured stay as they are.
    """
    folds = _rolling(predictions, lag_days)
    return pd.concat([_with(kind, earlier, fold) if _enough(earlier) else fold for earlier, fold in folds]).loc[
        predictions.index
    ]


def simplest(candidates: tuple[Candidate, ...]) -> Candidate | None:
    """Return the simplest calibrator that is better and whose gain reaches the lower end of the greatest one's."""
    good = [each for each in candidates if each.better and each.adoptable]
    if not good:
        return None
    greatest = max((each.improvement["risk_90"] for each in good), key=lambda gain: gain.value)
    # In the order of FITS, fewest numbers first: the greatest of several gains is partly luck.
    return next(each for each in good if each.improvement["risk_90"].value >= greatest.low)


def _rolling(predictions: pd.DataFrame, lag_days: int) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Return per fold the earlier folds' rows that had matured by its first as-of date, and its own rows."""
    wait = timedelta(days=HORIZON_DAYS + lag_days)
    out = []
    for number, fold in predictions.groupby("fold", sort=True):
        matured = predictions["as_of"] + wait <= fold["as_of"].min()
        out.append((predictions[(predictions["fold"] < number) & matured], fold))
    return out


def _enough(earlier: pd.DataFrame) -> bool:
    churned = earlier["account_id"][earlier["churned_90"] == 1].nunique()
    both = all(len(np.unique(each[~np.isnan(each)])) == 2 for each in interval_churns(earlier).T)
    return churned >= MINIMUM_ACCOUNTS and both


def _too_few() -> str:
    return f"no fold has {MINIMUM_ACCOUNTS} churned accounts in earlier folds that had matured by then"


def _judge(
    kind: str,
    pairs: list[tuple[pd.DataFrame, pd.DataFrame]],
    judged: pd.DataFrame,
    accounts: Accounts,
    comparisons: int,
) -> Candidate:
    adoptable = kind != "segments"
    try:
        with_it = pd.concat([_with(kind, earlier, fold) for earlier, fold in pairs])
    except np.linalg.LinAlgError as error:
        return Candidate(kind, {risk: missing(str(error)) for risk in JUDGED}, adoptable)
    found = {risk: _difference(judged, with_it, risk, accounts) for risk in JUDGED}
    low, high = found["risk_90"].bounds(comparisons)
    corrected = Estimate(found["risk_90"].estimate.value, low, high)
    return Candidate(kind, {"risk_90": corrected, "risk_60_90": found["risk_60_90"].estimate}, adoptable)


def _with(kind: str, earlier: pd.DataFrame, fold: pd.DataFrame) -> pd.DataFrame:
    return fold.assign(**risks(_fit(kind, earlier)(fold), fold.index))


def _fit(kind: str, earlier: pd.DataFrame) -> Calibrate:
    if kind == "segments":
        levels = SegmentLevels.fit(earlier["segment"], earlier["churned_90"], earlier["risk_90"], earlier["account_id"])
        return lambda rows: levels.hazards(hazards_of(rows), rows["segment"])
    calibration = Calibration.fit(kind, hazards_of(earlier), interval_churns(earlier))
    return lambda rows: calibration.hazards(hazards_of(rows))


def _difference(without: pd.DataFrame, with_it: pd.DataFrame, risk: str, accounts: Accounts) -> Difference:
    before, after = (probability(_rows(frame, risk), accounts)["log_loss"] for frame in (without, with_it))
    return difference("log_loss", before, after)


def _rows(frame: pd.DataFrame, risk: str) -> RiskRows:
    return RiskRows(
        churned=frame[risk.replace("risk", "churned")].to_numpy(dtype=float),
        risk=frame[risk].to_numpy(dtype=float),
        account_id=frame["account_id"].to_numpy(),
        as_of=frame["as_of"].to_numpy(),
        arr=frame["arr"].to_numpy(dtype=float),
    )


def _says(best: Candidate | None, candidates: tuple[Candidate, ...]) -> str:
    if best is not None:
        gain = best.improvement["risk_90"]
        return (
            f"{best.kind} is adopted: it lowers the log loss of risk_90 by {_told(gain)}, "
            f"allowing for {len(candidates)} calibrators tried"
        )
    tried = "; ".join(_tried(each) for each in candidates)
    return f"no calibrator: none lowers the log loss of risk_90 beyond its interval: {tried}"


def _tried(candidate: Candidate) -> str:
    gain = candidate.improvement["risk_90"]
    if gain.note:
        return f"{candidate.kind} {gain.note}"
    reported = ", reported only" if candidate.better and not candidate.adoptable else ""
    return f"{candidate.kind} by {_told(gain)}{reported}"


def _told(gain: Estimate) -> str:
    # + 0.0 turns −0.0 into 0.0.
    value, low, high = (f"{round(number, 5) + 0.0:.5f}" for number in (gain.value, gain.low, gain.high))
    return f"{value} ({low} to {high})"
