"""A made-up book's risk list, large enough to look real."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from serving.saveable import places, saveable
from serving.scoring import ListSettings, ScoredFeature, ScoredList

AS_OF = date(2026, 9, 7)
AT = datetime.fromisoformat("2026-09-07T06:30:00")
SEGMENTS = ("Small", "Mid-market", "Enterprise")
WORDS = {
    "login_drop": (
        "Logins",
        "Login drop",
        "share",
        "Logins fell {value:.0%}: {recent:.0f} in the last 4 weeks against {baseline:.0f} in a usual 4 before.",
    ),
    "login_recency": (
        "Logins",
        "Days since the last login",
        "days",
        "Nobody has logged in for {value:.0f} days; the usual gap was 2 days.",
    ),
    "breadth_drop": (
        "Adoption",
        "Product features no longer used",
        "share",
        "{value:.0%} of the product features in use before are no longer used.",
    ),
    "sponsor_gap": (
        "Sponsor",
        "Days without a sponsor",
        "days",
        "The executive sponsor left and nobody has taken over for {value:.0f} days.",
    ),
    "ticket_rise": (
        "Support",
        "Severe tickets",
        "tickets",
        "{value:.0f} severe tickets in the last 8 weeks against 1 in a usual 8.",
    ),
    "days_to_renewal": (
        "Contract",
        "Days to renewal",
        "days",
        "The contract ends in {value:.0f} days and does not renew by itself.",
    ),
    "seat_use": (
        "Seats",
        "Seats in use",
        "share",
        "Only {value:.0%} of the paid seats were used in the last 4 weeks.",
    ),
}
FEATURES = tuple(
    ScoredFeature(name, driver.lower(), driver, title, unit, says, says, f"{title}: not known.")
    for name, (driver, title, unit, says) in WORDS.items()
)
WhatMakesAList = Callable[..., ScoredList]


def make_list(accounts: int = 60, as_of: date = AS_OF, seed: int = 7, model: str = "5f0c2d9e41ab") -> ScoredList:
    """Return a made-up list: the same seed gives the same accounts, another week other risks."""
    book = np.random.default_rng(seed)
    names = [f"A{i:05d}" for i in range(1, accounts + 1)]
    arr = np.round(np.exp(book.normal(10.2, 1.0, accounts)), -2)
    owners = [f"Owner {1 + i // 30:02d}" for i in range(accounts)]
    week = np.random.default_rng([seed, as_of.toordinal()])
    base_logit = -2.9 + 1.5 * book.standard_normal(accounts) + 0.25 * week.standard_normal(accounts)
    risk_90 = 1 / (1 + np.exp(-base_logit))
    frame = pd.DataFrame(
        {
            "name": [f"Account {i:04d}" for i in range(1, accounts + 1)],
            "owner": owners,
            "segment": [SEGMENTS[int(i)] for i in book.integers(0, 3, accounts)],
            "plan": "Standard",
            "seats": np.round(arr / 600),
            "arr": arr,
            "arr_at_risk": arr * risk_90,
            "risk_30": risk_90 * 0.25,
            "risk_60": risk_90 * 0.55,
            "risk_90": risk_90,
            "risk_60_90": risk_90 * 0.45,
            "health": 100 * (1 - np.minimum(1, np.sqrt(risk_90))),
            "change": np.nan,
            "previous_band": None,
            "renewal_date": pd.Timestamp(as_of) + pd.to_timedelta(book.integers(5, 400, accounts), "D"),
        },
        index=pd.Index(names, name="account_id"),
    )
    frame["notice_deadline"] = (frame["renewal_date"] - pd.Timedelta(days=30)).where(book.random(accounts) > 0.1)
    frame["band"] = np.where(risk_90 >= 0.3, "High", np.where(risk_90 >= 0.12, "Medium", "Low"))
    frame = frame.sort_values(["risk_90", "arr_at_risk"], ascending=False, kind="stable")
    frame.insert(0, "rank", range(1, accounts + 1))
    frame["saveable"] = saveable(frame, as_of)
    frame["place"] = places(frame)
    return _explained(frame.join(_told(frame, as_of, np.random.default_rng([seed, 2]))), as_of, week, model)


def _told(frame: pd.DataFrame, as_of: date, draw: np.random.Generator) -> pd.DataFrame:
    """Return how long each account is listed and what stands beside its risk; drawn apart, so that risks stay."""
    count, today = len(frame), pd.Timestamp(as_of)
    told = pd.DataFrame(index=frame.index.sort_values())
    told["weeks_listed"] = np.maximum(1, draw.geometric(0.25, count) + (as_of - AS_OF).days // 7)
    told["sponsor"] = draw.choice(["in place", "left", "none"], count, p=[0.7, 0.2, 0.1])
    for name, most in (("sponsor_since", 400), ("customer_contact", 120), ("last_use", 40)):
        told[name] = today - pd.to_timedelta(draw.integers(1, most, count), "D")
    told["sponsor_since"] = told["sponsor_since"].where(told["sponsor"] != "none")
    told["customer_contact"] = told["customer_contact"].where(draw.random(count) > 0.1)
    drift = pd.DataFrame(0.15 * draw.standard_normal((count, 11)).cumsum(axis=1), told.index)
    told = told.reindex(frame.index)
    told["weeks_listed"] = told["weeks_listed"].where(frame["band"] != "Low", 0)
    told["spark"] = [
        [round(float(min(1, risk * np.exp(step))), 4) for step in steps[::-1]] + [round(risk, 4)]
        for risk, steps in zip(frame["risk_90"], drift.reindex(frame.index).to_numpy(), strict=True)
    ]
    return told


def _explained(frame: pd.DataFrame, as_of: date, week: np.random.Generator, model: str) -> ScoredList:
    columns = [feature.name for feature in FEATURES]
    shares = pd.DataFrame(week.dirichlet(np.ones(len(columns)), len(frame)), frame.index, columns) - 0.03
    shares = shares.div(shares.sum(axis=1), axis=0)
    values = pd.DataFrame(week.random((len(frame), len(columns))), frame.index, columns)
    values[["login_recency", "sponsor_gap", "days_to_renewal"]] *= 90
    values["ticket_rise"] *= 9
    base = 0.031
    reasons = _said(shares.mul(frame["risk_90"] - base, axis=0), values)
    first = reasons[reasons["position"] == 1].set_index("account_id")["driver"]
    return ScoredList(
        as_of=as_of,
        outcome="9b1e77c0aa10",
        catalogue="c47a61e2f0d3",
        model=model,
        settings=ListSettings(),
        rows=frame.assign(driver=first.reindex(frame.index)),
        reasons=reasons,
        features=FEATURES,
        values=values,
        facts=pd.DataFrame({"login_drop.recent": 14.0, "login_drop.baseline": 61.0}, frame.index),
        contributions_90=shares.mul(frame["risk_90"] - base, axis=0),
        contributions_60_90=shares.mul(frame["risk_60_90"] - base / 2, axis=0),
        base_90=base,
        base_60_90=base / 2,
        not_scored=pd.DataFrame(
            {
                "account_id": ["N1", "N2"],
                "name": ["Account 9001", None],
                "why": ["notice was given", "joined last week"],
                "owner": ["Owner 01", "Owner 01"],
                "segment": ["Small", "Mid-market"],
            }
        ),
        left_out={"nps_fall": "no table surveys"},
    )


def _said(contributions: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    drivers = {feature.name: feature.driver for feature in FEATURES}
    rows: list[dict[str, Any]] = []
    for account, shares in contributions.iterrows():
        for position, (name, share) in enumerate(shares[shares > 0].nlargest(3).items(), 1):
            text = WORDS[str(name)][3].format(value=values.at[account, name], recent=14, baseline=61)
            row = {"account_id": account, "position": position, "driver": drivers[str(name)], "feature": name}
            rows.append(row | {"text": text, "contribution": share})
    return pd.DataFrame(rows, columns=["account_id", "position", "driver", "feature", "text", "contribution"])
