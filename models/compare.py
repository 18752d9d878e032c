"""Which of several recorded models is better, by how much, for whom, and how sure that is."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.errors import UsageError
from models.backtest import JUDGED
from models.bootstrap import Accounts
from models.lead_time import at_lead, lead_time
from models.metrics import LOWER_IS_BETTER, RiskRows, on_list, share
from models.paired import Difference, paired
from models.recorded import Recorded, require_comparable
from models.strata import strata

DECIDES = ("risk_90", "auc")
"""The risk and metric that the verdict is made on; the others stand beside it."""
IN_STRATA = ("auc", "log_loss")
FEW_CHURNS = 10
"""A stratum with fewer churned accounts says nothing of a difference."""
LEAD_DAYS = 60
MOVED = 10
"""Accounts shown that moved most."""
TOO_FAR = 520
"""Weeks beyond which more history is no answer."""


def compare(runs: Sequence[Recorded], *, variants: int = 1) -> dict[str, Any]:
    """Compare every run with the first; returns what `forewarn compare --json` prints.

    `variants`: how many variants have been tried on these test rows; the verdict's interval is widened for them
    (Bonferroni). Raises UsageError when runs were not tested on the same rows for the same outcome contract.
    """
    base, others = runs[0], list(runs[1:])
    if not others:
        raise UsageError("a comparison needs two runs: forewarn compare RUN RUN")
    for other in others:
        require_comparable(base, other)
    left = base.predictions[base.predictions["churned_90"] == 1]
    tries = max(variants, len(others))
    found = [_against(base, other, tries) for other in others]
    return {
        "base": base.name,
        "runs": [_about(run) for run in runs],
        "rows": len(base.predictions),
        "accounts": int(base.predictions["account_id"].nunique()),
        "churned_accounts": int(left["account_id"].nunique()),
        "weeks": base.weeks,
        "variants": tries,
        "capacity": int(base.backtest["settings"]["capacity"]),
        **{
            key: [line for each in found for line in each[key]] for key in ("verdicts", "differences", "lists", "moved")
        },
    }


def _about(run: Recorded) -> dict[str, Any]:
    return {
        "name": run.name,
        "run_id": run.run_id,
        "model": run.kind,
        "as_of": str(run.predictions["as_of"].max().date()),
        "outcome": run.backtest["outcome"],
        "cost": run.cost,
    }


def _against(base: Recorded, other: Recorded, variants: int) -> dict[str, list[dict[str, Any]]]:
    pair = {"run": other.name, "against": base.name}
    how = _how(base)
    pooled = {risk: _paired(base.rows(risk), other.rows(risk), how) for risk in JUDGED}
    differences = [_line(risk, "all accounts", each) for risk in JUDGED for each in pooled[risk].values()]
    differences += _lead(base, other, how)
    differences += _in_strata(base, other, how)
    verdict = judge(base, other, pooled[DECIDES[0]][DECIDES[1]], variants)
    return {
        "verdicts": [pair | verdict],
        "differences": [pair | line for line in differences],
        "lists": [pair | _overlap(base, other, how)],
        "moved": [pair | line for line in _moved(base, other)],
    }


def judge(base: Recorded, other: Recorded, found: Difference, variants: int) -> dict[str, Any]:
    """Say what follows from the deciding difference: better, worse, or not enough evidence and what it would take."""
    low, high = found.bounds(variants)
    value = found.estimate.value
    numbers = (
        f"AUC for risk_90 {found.other:.3f} against {found.base:.3f}, {value:+.4f} [{low:+.4f}, {high:+.4f}] "
        f"({_corrected(variants)})"
    )
    if found.estimate.note or math.isnan(value):
        outcome, text = "not enough evidence", f"nothing can be said: {found.estimate.note or 'no churn was tested'}"
    elif low == high == 0:
        outcome, text = "not enough evidence", f"{other.name} and {base.name} say the same of every account"
    elif low > 0:
        outcome, text = "better", f"{other.name} is better than {base.name}: {numbers}"
    elif high < 0:
        outcome, text = "worse", f"{other.name} is worse than {base.name}: {numbers}"
    else:
        outcome = "not enough evidence"
        text = (
            f"not enough evidence that {other.name} and {base.name} differ: {numbers}; {_needed(base, found, variants)}"
        )
    return {"outcome": outcome, "text": f"{text}.", "low": low, "high": high, "value": value}


def weeks_needed(weeks: int, value: float, half: float) -> float:
    """Return how many more matured weeks would bring the half-width down to the difference, at the same churn rate."""
    return math.inf if value == 0 else weeks * ((half / abs(value)) ** 2 - 1)


def _needed(base: Recorded, found: Difference, variants: int) -> str:
    low, high = found.bounds(variants)
    more = weeks_needed(base.weeks, found.estimate.value, (high - low) / 2)
    if not more < TOO_FAR:
        return "a difference this small would not show in ten more years"
    return f"you would need about {max(math.ceil(more), 1)} more matured weeks"


def _corrected(variants: int) -> str:
    many = f", corrected for {variants} variants tried on these rows" if variants > 1 else ""
    return f"95 % interval, clustered by account{many}"


def _how(base: Recorded) -> dict[str, int]:
    settings = base.backtest["settings"]
    return {name: int(settings[name]) for name in ("capacity", "resamples", "seed")}


def _paired(
    base: RiskRows, other: RiskRows, how: dict[str, int], metrics: tuple[str, ...] = ()
) -> dict[str, Difference]:
    capacity, resamples, seed = (how[name] for name in ("capacity", "resamples", "seed"))
    return paired(base, other, capacity=capacity, resamples=resamples, seed=seed, metrics=metrics)


def _line(risk: str, stratum: str, found: Difference) -> dict[str, Any]:
    known = found.estimate
    return {
        "risk": risk,
        "stratum": stratum,
        "metric": found.metric,
        "a": found.base,
        "b": found.other,
        "value": known.value,
        "low": known.low,
        "high": known.high,
        "higher_is_better": found.metric not in LOWER_IS_BETTER,
    }


def _in_strata(base: Recorded, other: Recorded, how: dict[str, int]) -> Iterator[dict[str, Any]]:
    for title, rows in strata(base.predictions):
        for risk in JUDGED:
            where = rows(risk)
            mine = base.rows(risk, where)
            if len(np.unique(mine.account_id[mine.churned == 1])) >= FEW_CHURNS and not mine.churned.all():
                found = _paired(mine, other.rows(risk, where), how, IN_STRATA)
                yield from (_line(risk, title, each) for each in found.values())


def _lead(base: Recorded, other: Recorded, how: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield the difference in the share of churned accounts that were listed 60 days before, per ranking."""
    for risk in JUDGED:
        both = base.predictions.assign(other=other.predictions[risk])
        curves = lead_time(both, {"other": "other", "base": risk}, **how)
        if curves is None:
            return
        above = at_lead(curves, LEAD_DAYS, over="base")
        yield {
            "risk": risk,
            "stratum": "all accounts",
            "metric": f"lead_time_{LEAD_DAYS}",
            "a": at_lead(curves, LEAD_DAYS, model="base")["value"],
            "b": at_lead(curves, LEAD_DAYS, model="other")["value"],
            "value": above["value"],
            "low": above["low"],
            "high": above["high"],
            "higher_is_better": True,
        }


def _overlap(base: Recorded, other: Recorded, how: dict[str, int]) -> dict[str, Any]:
    """Return the share of the places on the lists that both give to the same accounts."""
    one, two = base.rows("risk_90"), other.rows("risk_90")
    listed = [on_list(rows.as_of, rows.risk, how["capacity"]) for rows in (one, two)]
    accounts = Accounts.draw(one.account_id, how["resamples"], how["seed"])
    found = share(accounts, np.minimum(*listed), listed[0]).estimate
    return {"capacity": how["capacity"], "overlap": found.value, "low": found.low, "high": found.high}


def _moved(base: Recorded, other: Recorded) -> Iterator[dict[str, Any]]:
    """Yield the accounts whose risk_90 differs most at the last tested as-of date, with the drivers that differ."""
    last = base.predictions["as_of"].max()
    here = (base.predictions["as_of"] == last).to_numpy()
    before, after = (
        run.predictions.loc[here].set_index("account_id")["risk_90"].astype(float) for run in (base, other)
    )
    gap: pd.Series = after - before
    moves = gap[gap != 0]
    for account in moves.abs().sort_values(ascending=False, kind="stable").index[:MOVED]:
        yield {
            "account_id": str(account),
            "as_of": str(last.date()),
            "before": float(before[account]),
            "after": float(after[account]),
            "why": _why(base.drivers, other.drivers, str(account)),
        }


def _why(one: pd.DataFrame | None, two: pd.DataFrame | None, account: str) -> list[dict[str, Any]]:
    """Return the three drivers whose contributions differ most; nothing where a model has no contributions."""
    if one is None or two is None:
        return []
    rows = [drivers.set_index("account_id").drop(columns="as_of") for drivers in (one, two)]
    if not all(account in row.index for row in rows):
        return []
    names = list(dict.fromkeys(map(str, [*rows[0].columns, *rows[1].columns])))
    then, now = (row.reindex(columns=names, fill_value=0.0).loc[account].to_numpy(dtype=float) for row in rows)
    gap = now - then
    strongest = [i for i in np.argsort(-np.abs(gap), kind="stable")[:3].tolist() if gap[i] != 0]
    return [{"driver": names[i], "change": float(gap[i])} for i in strongest]
