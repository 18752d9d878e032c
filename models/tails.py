"""The risky tail of one signal: where it begins, how much more its accounts churn, how early and how steadily."""

from dataclasses import dataclass

import numpy as np

from models.matured import Bools, Floats, Ints, Matured
from models.metrics import Estimate

TAIL = 0.1
"""Share of the rows with a value that the tail aims at."""
WIDEST = 0.5
"""A tail of more rows than this is none."""
PERIOD_EXPECTS = 1.0
"""Churned accounts that the base rate must put into a period's tail for its lift to be judged."""


@dataclass(frozen=True)
class Tail:
    """The rows on the riskier side of a threshold, the threshold itself included."""

    threshold: float
    rows: Bools


def risky_tail(values: Floats, side: str) -> Tail | None:
    """Return the tail whose share of the rows with a value is nearest to a tenth, equal values staying together.

    None where no threshold leaves at most half of them: most rows share the riskiest value, or none has one.
    """
    sign = 1.0 if side == "higher" else -1.0
    directed = sign * values
    known = directed[~np.isnan(directed)]
    if not len(known):
        return None
    place = min(int(np.ceil((1 - TAIL) * len(known))), len(known) - 1)
    edge = np.partition(known, place)[place]
    beyond = known[known > edge]
    cuts = [(int((known >= edge).sum()), edge), *([(len(beyond), beyond.min())] if len(beyond) else [])]
    narrow = [(abs(np.log(count / len(known) / TAIL)), cut) for count, cut in cuts if count <= WIDEST * len(known)]
    if not narrow:
        return None
    cut = min(narrow)[1]
    return Tail(float(sign * cut), directed >= cut)


@dataclass(frozen=True)
class Lift:
    """How often the tail churned against the base rate of the same periods among rows with a value."""

    estimate: Estimate
    z: float
    """Score statistic of "no more than the base rate", clustered by account."""
    periods: list[float | None]
    """Lift per period; None where the base rate puts less than one churned account into the tail."""
    tail_accounts: int
    churned_accounts: int
    """Accounts with a churned row in the tail."""
    base_accounts: int
    """Accounts with a churned row among all rows with a value."""


def measure(rows: Matured, tail: Bools, valued: Bools) -> Lift:
    """Return the lift of the tail with its 95 % interval, clustered by account.

    Churns are due at each period's base rate, so that a signal that merely drifts with time gains nothing.
    """
    within = np.flatnonzero(valued)
    inside, churned = tail[within].astype(np.float64), rows.churned[within]
    account, period = rows.account[within], rows.period[within]
    total, churns, held, hits = (
        _sums(period, weights, len(rows.periods))
        for weights in (np.ones(len(period)), churned, inside, inside * churned)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, share = np.nan_to_num(churns / total), np.nan_to_num(held / total)
    due, caught = held * rate, rows.churned_accounts(tail)
    base = rows.churned_accounts(valued)
    per_churn = float(churns.sum()) / max(base, 1)
    surprise = churned - rate[period]
    # By account, what moves the churns that were due and those that came; their difference is the score.
    moves_due = _sums(account, inside * rate[period] + share[period] * surprise, rows.accounts)
    moves_hits = _sums(account, inside * churned, rows.accounts)
    least = PERIOD_EXPECTS * per_churn
    return Lift(
        estimate=_estimate(moves_hits, moves_due, float(due.sum()), per_churn, caught),
        z=_score_z(_sums(account, (inside - share[period]) * surprise, rows.accounts)),
        periods=[float(hit / d) if d > 0 and d >= least else None for hit, d in zip(hits, due, strict=True)],
        tail_accounts=len(np.unique(account[inside > 0])),
        churned_accounts=caught,
        base_accounts=base,
    )


def _estimate(moves_hits: Floats, moves_due: Floats, due: float, per_churn: float, caught: int) -> Estimate:
    """Return hits / due; the interval is the delta method's on the logarithm, with Student's t for few churns."""
    hits = float(moves_hits.sum())
    if due <= 0:
        return Estimate(float("nan"), float("nan"), float("nan"), "no churn was due in the tail")
    if hits == 0:
        # 3 is the upper 95 % limit of a Poisson count of which none came.
        return Estimate(0.0, 0.0, 3 * per_churn / due)
    spread = _error(moves_hits / hits - moves_due / due) * _student(caught)
    return Estimate(hits / due, hits / due * float(np.exp(-spread)), hits / due * float(np.exp(spread)))


def riskier_side(rows: Matured, values: Floats) -> str:
    """Return the side whose tail churned more among the accounts of the first half."""
    rates = {"higher": -1.0, "lower": -1.0}
    for side in rates:
        tail = risky_tail(values, side)
        inside = None if tail is None else tail.rows & ~rows.second
        if inside is not None and inside.any():
            rates[side] = float(rows.churned[inside].mean())
    return max(rates, key=lambda side: rates[side])


@dataclass(frozen=True)
class Lead:
    """How early the tail told: the median weeks before the churns it saw, and how many of all it saw."""

    weeks: float
    seen: int
    of: int


def lead(rows: Matured, tail: Bools, measured: Bools) -> Lead:
    """Return the lead time: a churn is seen when the account's last row before it stood in the tail.

    Its weeks run from the first row of the unbroken stay in the tail that ends with that row to the churn.
    """
    before, starts = rows.before_churn
    if not len(before):
        return Lead(float("nan"), 0, 0)
    place, ends = np.arange(len(before)), np.append(starts[1:], len(before))
    last_outside = np.maximum.reduceat(np.where(tail[before], -1, place), starts)
    since = np.maximum(last_outside + 1, starts)
    counted = measured[before[starts]]
    seen = (since < ends) & counted
    weeks = rows.days[before[since[seen]]] / 7
    return Lead(float(np.median(weeks)) if len(weeks) else float("nan"), int(seen.sum()), int(counted.sum()))


def _sums(cell: Ints, amounts: Floats, cells: int) -> Floats:
    return np.bincount(cell, amounts, minlength=cells).astype(np.float64)


def _score_z(score: Floats) -> float:
    error = _error(score)
    return float(score.sum() / error) if error > 0 else 0.0


def _error(by_account: Floats) -> float:
    return float(np.sqrt(np.sum(by_account**2) * len(by_account) / max(len(by_account) - 1, 1)))


def _student(clusters: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, max(clusters - 1, 1)))
