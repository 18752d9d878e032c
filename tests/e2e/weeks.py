"""Fourteen made-up weekly lists with what changed between them, what happened and what came of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from serving.happened import FollowUp, ListOutcome, keep, open_lists
from serving.publish import publish
from serving.scoring import ScoredList
from tests.made_lists import AS_OF, AT, make_list

WEEK = timedelta(days=7)
WEEKS = 14
ACCOUNTS = 300
EVENTS = (
    ("ticket", 3, "A severe ticket was opened: exports fail."),
    ("sponsor", 24, "The executive sponsor left."),
    ("touchpoint", 17, "The customer called."),
    ("contract", 200, "The contract was renewed for a year."),
)
REACH = {"accounts": str(AS_OF), "usage": str(AS_OF - timedelta(days=1)), "tickets": str(AS_OF - timedelta(days=20))}


def publish_weeks(engine: Engine) -> None:
    """Publish the lists, the oldest first, and keep what happened as known on the newest as-of date."""
    risks = {}
    for scored in _lists():
        risks[scored.as_of] = scored.rows["risk_90"]
        publish(engine, scored, at=AT - (AS_OF - scored.as_of), by="tests", simulated=True, reach=REACH)
    with engine.connect() as connection:
        published = open_lists(connection, AS_OF + WEEK, horizon_days=90)
    keep(engine, _events(), [_follow_up(each.list_id, each.as_of, risks[each.as_of]) for each in published])


def _lists() -> Iterator[ScoredList]:
    before: ScoredList | None = None
    for age in range(WEEKS - 1, -1, -1):
        scored = make_list(ACCOUNTS, AS_OF - age * WEEK)
        before = scored = scored if before is None else _since(scored, before)
        yield scored


def _since(scored: ScoredList, before: ScoredList) -> ScoredList:
    old = before.rows.reindex(scored.rows.index)
    change = scored.rows["risk_90"] - old["risk_90"]
    said = [f"{100 * each:+.1f} points since last week, from new data." for each in change]
    rows = scored.rows.assign(change=change, previous_band=old["band"], change_text=said, change_data=change)
    rows = rows.assign(change_clock=0.0, change_model=0.0, **_intervals(rows))
    return replace(scored, rows=rows, previous_as_of=before.as_of, previous_model=before.model)


def _intervals(rows: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        f"{risk}_{edge}": (rows[risk] * share).clip(upper=1)
        for risk in ("risk_30", "risk_60", "risk_90", "risk_60_90")
        for edge, share in (("low", 0.8), ("high", 1.25))
    }


def _events() -> pd.DataFrame:
    accounts = [f"A{number:05d}" for number in range(1, ACCOUNTS + 1)]
    rows = [
        (f"{account}-{kind}", account, kind, AS_OF - timedelta(days=days), AS_OF - timedelta(days=days), text)
        for account in accounts
        for kind, days, text in EVENTS
    ]
    return pd.DataFrame(rows, columns=["digest", "account_id", "kind", "on", "known_on", "text"])


def _follow_up(list_id: int, as_of: date, risk: pd.Series) -> FollowUp:
    """Let some accounts of the older weeks leave, the riskier the sooner."""
    age = (AS_OF - as_of).days
    draw = np.random.default_rng(as_of.toordinal())
    days = draw.integers(1, 91, len(risk))
    left = (draw.random(len(risk)) < risk) & (days <= age)
    gone = {
        str(account): ListOutcome("churn", int(day)) for account, day in zip(risk.index[left], days[left], strict=True)
    }
    return FollowUp(list_id, AS_OF, min(age, 90), gone)
