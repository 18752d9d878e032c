"""What a challenger's backtest shows: against chance, the champion, baselines, in slices, in its calibration."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from features.catalogue import catalogue
from models.backtest import JUDGED, churned
from models.case import Case, Rival
from models.hazard import FittedHazards
from models.kinds import BASELINES, title
from models.likeness import Ranks
from models.metrics import calibration, evaluate, one_class
from models.promotion import Check, CheckOutcome
from models.strata import strata

PROBABILITY = frozenset({"log_loss", "brier"})
FEW_ROWS = 10
"""Rows of either kind with a value that a feature's own ranking needs."""


def _chance(case: Case) -> Iterator[Check]:
    how = case.backtest.settings
    rows = case.of(case.backtest.models[0], "risk_90")
    found = evaluate(rows, capacity=how.capacity, resamples=how.resamples, seed=how.seed)["auc"]
    shown = f"AUC for risk_90 {found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
    if found.note:
        # No churn in the newest folds speaks neither for nor against; without a champion nobody may serve on that.
        outcome: CheckOutcome = "unsure" if case.champion else "failed"
        yield Check("chance", outcome, f"nothing shows that it is better than chance: {found.note}")
    elif found.low <= 0.5:
        yield Check("chance", "failed", f"no better than chance: {shown}")
    elif found.value >= case.settings.leak_auc:
        yield Check("chance", "failed", f"too good to be true: {shown}; look for a feature that knows the outcome")
    else:
        yield Check("chance", "passed", f"better than chance: {shown}")


def _champion(case: Case) -> Iterator[Check]:
    """Non-inferiority: the whole interval of the difference must lie above minus the margin."""
    rival, margin = case.champion, case.settings.margin
    if rival is None:
        return
    if rival.id == case.model_id:
        yield Check("champion", "passed", "it is the champion itself, trained again")
        return
    if rival.note:
        yield _beside_note(case, rival)
        return
    if rival.peer is None:
        yield Check("champion", "passed", f"same recipe as champion {rival.id}, trained on newer data")
        return
    for risk in JUDGED:
        found = case.against(rival.peer, risk, "auc")
        low, high, value = found.estimate.low, found.estimate.high, found.estimate.value
        shown = f"AUC for {risk} {found.other:.3f} against {found.base:.3f}, {value:+.4f} [{low:+.4f}, {high:+.4f}]"
        if found.estimate.note:
            yield Check("champion", "unsure", f"the champion cannot be compared for {risk}: {found.estimate.note}")
        elif low > -margin:
            yield Check("champion", "passed", f"not worse than the champion: {shown}, margin {margin:g}")
        elif high < -margin or (high < 0 and value < -margin):
            yield Check("champion", "failed", f"worse than the champion: {shown}, margin {margin:g}")
        else:
            yield Check("champion", "unsure", f"not shown to be as good as the champion: {shown}, margin {margin:g}")


def _beside_note(case: Case, rival: Rival) -> Check:
    """Judge by the champion's own backtest where its recipe cannot be replayed: only a clear loss fails."""
    mine = case.backtest.pooled[case.backtest.models[0]]["risk_90"]["auc"]
    if rival.auc is not None and mine.high < rival.auc:
        found = f"this one's {mine.value:.3f} [{mine.low:.3f}, {mine.high:.3f}] lies wholly below it"
        return Check("champion", "failed", f"{rival.note}; its AUC for risk_90 was {rival.auc:.3f}, {found}")
    return Check("champion", "passed", rival.note)


def _claims(case: Case) -> Iterator[Check]:
    """What the challenger claims to do better must be shown, allowing for the number of claims."""
    claims, rival = case.settings.claims, case.champion
    if claims and (rival is None or rival.note):
        # Beside a champion that cannot be compared, unsure would keep one that may not be usable.
        outcome: CheckOutcome = "unsure" if rival is None else "passed"
        yield Check("claim", outcome, f"{', '.join(claims)} cannot be shown: there is no champion to compare with")
        return
    for claim in claims if rival is not None else ():
        risk, _, metric = claim.partition(".")
        if rival is None or rival.peer is None:
            yield Check("claim", "unsure", f"{claim} cannot be better: the recipe is the champion's own")
            continue
        if metric in PROBABILITY and rival.bundle is not None and rival.bundle.hazards.calibration is not None:
            yield Check("claim", "unsure", f"{claim}: the champion's recipe is replayed without its calibrator")
            continue
        found = case.against(rival.peer, risk, metric)
        low, high = found.bounds(len(claims))
        shown = f"{claim} is better by {found.estimate.value:+.4f} [{low:+.4f}, {high:+.4f}]"
        outcome = "passed" if low > 0 else "failed" if high < 0 else "unsure"
        yield Check("claim", outcome, f"claimed and {'shown' if outcome == 'passed' else 'not shown'}: {shown}")


def _baselines(case: Case) -> Iterator[Check]:
    """No baseline may be shown to be better; allowing for their number."""
    names = [name for name in case.backtest.models[1:] if name in BASELINES]
    found = {name: case.against(name, "risk_90", "auc") for name in names}
    worse = [name for name in names if found[name].bounds(len(names))[1] < 0]
    if worse:
        shown = ", ".join(f"{title(name)} {found[name].base:.3f}" for name in worse)
        yield Check("baselines", "failed", f"AUC for risk_90 {found[worse[0]].other:.3f} is worse than {shown}")
        return
    behind = [name for name in names if found[name].estimate.value < -case.settings.margin]
    if behind and case.champion is not None and case.champion.peer is not None:
        # The champion's own recipe would be no further ahead of them, so there another one must show more.
        shown = ", ".join(f"{title(name)} {found[name].base:.3f}" for name in behind)
        yield Check("baselines", "unsure", f"behind {shown} by more than the margin, within chance")
        return
    ahead = [name for name in names if found[name].estimate.value <= 0]
    clear = [name for name in names if found[name].estimate.low > 0]
    text = f"beats {len(clear)} of {len(names)} baselines beyond chance" if names else "no baseline was replayed"
    if ahead:
        text += f"; {', '.join(map(title, ahead))} did as well on these rows, within chance"
    yield Check("baselines", "passed", text)


def _calibrated(case: Case) -> Iterator[Check]:
    low, high = case.settings.slope
    limit = case.settings.intercept
    # An adopted calibrator is judged where it had a say: before the earliest folds too little had matured to fit one.
    through = case.backtest.calibrated_folds
    where = case.tested["fold"].isin(through).to_numpy() if len(through) else None
    judged = case.of(case.backtest.models[0], "risk_90", where)
    found = calibration(judged)
    slope, level = found["calibration_slope"], found["calibration_intercept"]
    shown = (
        f"slope {slope.value:.2f} [{slope.low:.2f}, {slope.high:.2f}], "
        f"intercept {level.value:+.2f} [{level.low:+.2f}, {level.high:+.2f}]"
    )
    if slope.note or level.note:
        outcome: CheckOutcome = "unsure" if one_class(judged) and case.champion else "failed"
        yield Check("calibrated", outcome, f"its calibration cannot be told: {slope.note or level.note}")
    elif slope.high < low or slope.low > high:
        yield Check(
            "calibrated", "failed", f"not calibrated: {shown}; the slope must be able to lie in {low:g}–{high:g}"
        )
    elif level.high < -limit or level.low > limit:
        yield Check(
            "calibrated", "failed", f"not calibrated: {shown}; the intercept must be able to lie within ±{limit:g}"
        )
    else:
        yield Check("calibrated", "passed", f"calibrated within limits: {shown}")


def _slices(case: Case) -> Iterator[Check]:
    """In no slice may the challenger lose more than the slice margin against the champion, or the best baseline."""
    rival = case.champion.peer if case.champion and case.champion.peer else "logistic"
    if rival not in case.backtest.models:
        yield Check("slices", "passed", "no rival was replayed to compare slices with")
        return
    judged = [(name, where) for name, where in _big_slices(case)]
    found = {name: case.against(rival, "risk_90", "auc", where) for name, where in judged}
    fallen = [name for name in found if found[name].bounds(len(found))[1] < -case.settings.slice_margin]
    if fallen:
        worst = min(fallen, key=lambda name: found[name].estimate.value)
        yield Check(
            "slices",
            "failed",
            f"falls apart in {worst}: AUC {found[worst].other:.3f}, {found[worst].base:.3f} by {rival} (risk_90)",
        )
    else:
        yield Check("slices", "passed", f"none of {len(found)} slices falls apart beside {rival}")


def _big_slices(case: Case) -> Iterator[tuple[str, np.ndarray]]:
    for name, rows in strata(case.tested):
        where = rows("risk_90")
        inside = case.tested[where]
        accounts = inside.loc[inside[churned("risk_90")] == 1, "account_id"].nunique()
        if accounts >= case.settings.slice_churns and accounts < inside["account_id"].nunique():
            yield name, where


def _leaks(case: Case) -> Iterator[Check]:
    """No feature may know the outcome: by its own ranking of the test rows, or by its share of a hazard's gain."""
    alone = feature_aucs(case.rows.frame, case.tested)
    if len(alone) and alone.iloc[0] >= case.settings.leak_auc:
        yield Check(
            "leak",
            "failed",
            f"{alone.index[0]} alone ranks {alone.iloc[0]:.1%} of the pairs right: it smells of a leak",
        )
        return
    name, gain = greatest_gain(case.fitted)
    if gain >= case.settings.leak_gain:
        yield Check("leak", "failed", f"{name} has {gain:.0%} of a hazard's gain: it smells of a leak")
        return
    best = (
        f"{alone.index[0]} ranks best alone ({alone.iloc[0]:.2f})" if len(alone) else "no feature ranks the test rows"
    )
    yield Check(
        "leak", "passed", f"no feature smells of a leak: {best}, {name} has most gain ({gain:.0%} of a hazard's)"
    )


def feature_aucs(frame: pd.DataFrame, tested: pd.DataFrame) -> "pd.Series[float]":
    """Return how well each feature alone ranks the test rows for risk_90, on its better side; the best first."""
    keys = pd.MultiIndex.from_frame(tested[["account_id", "as_of"]])
    values = frame.reindex(keys)
    happened = tested[churned("risk_90")].to_numpy(dtype=float)
    auc = Ranks.of([values[name].to_numpy(dtype=float) for name in values.columns]).auc(happened)
    known = values.notna().to_numpy()
    few = np.minimum((known & (happened[:, None] == 1)).sum(axis=0), (known & (happened[:, None] == 0)).sum(axis=0))
    better = np.where(few >= FEW_ROWS, np.maximum(auc, 1 - auc), np.nan)
    return pd.Series(better, values.columns).dropna().sort_values(ascending=False, kind="stable")


def greatest_gain(fitted: FittedHazards) -> tuple[str, float]:
    """Return the feature with the greatest share of one hazard's gain, and that share.

    What the contract itself says is left out: where contracts are long and use says little, its dates rightly have
    nearly all of it.
    """
    contract = {each.name for each in catalogue() if each.family == "contract"}
    shares = [(0.0, "no feature but the contract's")]
    for booster in fitted.boosters:
        gain = np.asarray(booster.feature_importance("gain"), dtype=float)
        total = max(float(gain.sum()), np.finfo(float).tiny)
        named = zip(gain.tolist(), fitted.columns, strict=True)
        shares += [(each / total, name) for each, name in named if name not in contract]
    share, name = max(shares)
    return name, share


EVIDENCE: tuple[Callable[[Case], Iterator[Check]], ...] = (
    _chance,
    _champion,
    _claims,
    _baselines,
    _calibrated,
    _slices,
    _leaks,
)
"""In the order in which they are told."""
