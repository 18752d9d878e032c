"""The gate between a challenger and the list: is the stored model whole, the one that was judged, and good enough?"""

import time
from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd

from features.errors import ContractError
from models.bundle import Bundle
from models.case import Case
from models.evidence import EVIDENCE
from models.promotion import Check, Verdict, decide
from models.protocol import RISKS, Rows, require_columns

SAME = 1e-12
SAME_RISK = 1e-6
"""Risks closer together than this tell no account from another."""
TIMED_ROWS = 2_000
QUICK_SECONDS = 0.02
"""Scoring 1,000 accounts within this is never too slow, whatever the champion takes: it is too short to measure."""


def judge(case: Case) -> Verdict:
    """Run every check and return the verdict; a model that cannot be read or does not fit is not looked at further."""
    checks = list(_whole(case))
    if not any(check.outcome == "failed" for check in checks):
        checks += [check for each in (_agrees, *EVIDENCE, _speed) for check in each(case)]
    champion = None if case.champion is None else case.champion.id
    return decide(checks, challenger=case.model_id, champion=champion, as_of=case.as_of.isoformat())


def _whole(case: Case) -> Iterator[Check]:
    """Check that the stored model can be read, fits the data and says what the trained one said."""
    stored = case.stored
    if isinstance(stored, ContractError):
        yield Check("stored", "failed", f"the stored model cannot be used: {stored}")
        return
    try:
        stored.require(catalogue_digest=case.catalogue_digest, outcome_digest=case.outcome_digest)
        require_columns(case.rows.frame, stored.hazards.columns)
    except ContractError as error:
        yield Check("stored", "failed", f"the stored model does not fit this run: {error}")
        return
    yield Check("stored", "passed", f"model {stored.id} was read back whole and fits catalogue and outcome contract")
    yield _sound(stored, case)
    yield _reload(stored, case)
    yield _fresh(stored, case)
    if case.model_id in case.rolled_back:
        yield Check("rolled back", "failed", f"model {case.model_id} was rolled back by hand and is not taken again")


def _sound(stored: Bundle, case: Case) -> Check:
    found = stored.predict(case.newest)[list(RISKS)].to_numpy()
    bad = ~np.isfinite(found) | (found < 0) | (found > 1)
    if bad.any():
        count = int(bad.any(axis=1).sum())
        return Check("sound", "failed", f"{count:,} of {len(found):,} accounts get a risk that is no probability")
    tested = case.tested[list(RISKS)].to_numpy()
    bad = ~np.isfinite(tested) | (tested < 0) | (tested > 1)
    if bad.any():
        return Check("sound", "failed", f"{int(bad.any(axis=1).sum()):,} test rows got a risk that is no probability")
    if len(found) > 1 and np.ptp(found[:, RISKS.index("risk_90")]) < SAME_RISK:
        return Check("sound", "failed", f"all {len(found):,} accounts get the same risk")
    return Check("sound", "passed", f"all {len(found):,} accounts of the newest cohort get probabilities")


def _reload(stored: Bundle, case: Case) -> Check:
    then, now = (model.predict(case.newest)[list(RISKS)].to_numpy() for model in (case.fitted, stored))
    apart = float(np.abs(then - now).max(initial=0.0))
    if not apart <= SAME:
        return Check("reload", "failed", f"after a reload the model's risks differ by up to {apart:.2g}")
    return Check("reload", "passed", "after a reload the model says the same of every account")


def _fresh(stored: Bundle, case: Case) -> Check:
    known_by = date.fromisoformat(str(stored.about["known_by"]))
    least = max(case.as_of, case.champion.known_by if case.champion else case.as_of)
    if known_by < least:
        weeks = (least - known_by).days // 7
        return Check("fresh", "failed", f"it knows only what was known by {known_by}, {weeks} weeks before {least}")
    return Check("fresh", "passed", f"it learnt from what was known by {known_by}")


def _agrees(case: Case) -> Iterator[Check]:
    """The stored model must say about what the newest fold's model said of the same rows."""
    from scipy.stats import spearmanr

    last = case.tested[case.tested["as_of"] == case.tested["as_of"].max()]
    keys = pd.MultiIndex.from_frame(last[["account_id", "as_of"]])
    rows = Rows(case.rows.frame.loc[keys], case.rows.standing.loc[keys])
    stored, replayed = case.bundle.predict(rows)["risk_90"].to_numpy(), last["risk_90"].to_numpy()
    if min(np.ptp(stored), np.ptp(replayed)) == 0:
        yield Check("agrees", "failed", "the stored model or the newest fold's says the same of every account")
        return
    found = float(spearmanr(stored, replayed).statistic)
    level = float(stored.mean() / max(replayed.mean(), 1e-9))
    shown = f"rank correlation {found:.2f}, mean risk {level:.2f} times as high"
    if found < case.settings.agreement or not 1 / 4 < level < 4:
        yield Check(
            "agrees", "failed", f"the stored model is not the one that was judged: beside the newest fold's {shown}"
        )
    else:
        yield Check("agrees", "passed", f"the stored model agrees with the newest fold's: {shown}")


def _speed(case: Case) -> Iterator[Check]:
    factor, budget = case.settings.speed, case.settings.score_seconds
    mine = score_seconds(case.bundle, case.newest)
    if mine > budget:
        yield Check("speed", "failed", f"scoring 1,000 accounts takes {mine:.2f} s of CPU, the budget is {budget:g} s")
        return
    rival = case.champion.bundle if case.champion else None
    if rival is not None and tuple(rival.hazards.columns) == tuple(case.newest.frame.columns):
        theirs = score_seconds(rival, case.newest)
        if mine > max(factor * theirs, QUICK_SECONDS):
            times = mine / max(theirs, 1e-9)
            text = f"scoring takes {times:.1f} times the champion's CPU ({mine:.3f} s per 1,000); limit {factor:g}"
            yield Check("speed", "failed", text)
            return
    costs = case.backtest.costs
    peer = case.champion.peer if case.champion else None
    if peer in costs:
        spent, theirs = (costs[name]["fit_cpu_seconds"] for name in (case.backtest.models[0], peer))
        if spent > max(factor * theirs, 1.0):
            text = f"training takes {spent / max(theirs, 1e-9):.1f} times the champion's CPU, the limit is {factor:g}"
            yield Check("speed", "failed", text)
            return
    yield Check("speed", "passed", f"scoring 1,000 accounts takes {mine:.3f} s of CPU")


def score_seconds(bundle: Bundle, rows: Rows) -> float:
    """Return the CPU seconds of scoring 1,000 accounts, the best of three."""
    count = len(rows.frame)
    if not count:
        return 0.0
    chosen = rows.take(np.arange(count) < TIMED_ROWS)
    spent = []
    for _ in range(3):
        began = time.process_time()
        bundle.predict(chosen)
        spent.append(time.process_time() - began)
    return 1_000 * min(spent) / len(chosen.frame)
