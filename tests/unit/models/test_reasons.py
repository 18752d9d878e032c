"""Reasons: only what raises the risk, by driver, in words that agree with the numbers."""

import numpy as np
import pandas as pd

from features.catalogue import Column, Feature, Riskier
from models.explain import Contributions
from models.reasons import reasons


def feature(name: str, driver: str, riskier: Riskier = "higher", says: str = "") -> Feature:
    return Feature(
        name=name,
        family=driver.lower(),
        driver=driver,
        title=name.title(),
        unit="share",
        riskier=riskier,
        reads=("usage",),
        says=says or f"{name} is {{value:.1f}}.",
        otherwise=f"{name} is low at {{value:.1f}}.",
        missing=f"{name} is not known.",
        definition="",
        compute=lambda _: Column(np.zeros((1, 1))),
        untracked=f"Not tracked: {name}.",
    )


FEATURES = (
    feature("drop", "Logins", says="Logins fell {value:.0%}: {recent:.0f} against {baseline:.0f}."),
    feature("recency", "Logins"),
    feature("breadth", "Adoption", riskier="lower"),
    feature("tickets", "Support"),
)
TYPICAL = {"drop": 0.0, "recency": 3.0, "breadth": 0.5, "tickets": 1.0}


def ask(values: list[float], shares: list[float], limit: int = 5, **facts: float) -> list[tuple[str, str, float]]:
    index = pd.MultiIndex.from_tuples([("A1", pd.Timestamp("2026-01-05"))], names=["account_id", "as_of"])
    names = [each.name for each in FEATURES]
    contributions = Contributions(0.1, pd.DataFrame([shares], index, names))
    table = pd.DataFrame([facts], ["A1"])
    found = reasons(contributions, pd.DataFrame([values], index, names), table, FEATURES, TYPICAL, limit=limit)[0]
    return [(reason.driver, reason.text, round(reason.contribution, 6)) for reason in found]


def test_a_driver_is_said_once_with_its_whole_contribution_and_its_numbers() -> None:
    said = ask([0.4, 9.0, 0.5, 1.0], [0.05, 0.02, 0.0, 0.0], **{"drop.recent": 12, "drop.baseline": 20})
    assert said == [("Logins", "Logins fell 40%: 12 against 20.", 0.07)]


def test_what_lowers_the_risk_is_never_a_reason() -> None:
    said = ask([0.4, 9.0, 0.1, 5.0], [0.05, -0.08, 0.01, -0.02])
    assert [driver for driver, _, _ in said] == ["Adoption"]


def test_the_strongest_come_first_and_the_rest_is_left_out() -> None:
    said = ask([0.0, 9.0, 0.1, 5.0], [0.0, 0.01, 0.03, 0.02], limit=2)
    assert [driver for driver, _, _ in said] == ["Adoption", "Support"]


def test_crumbs_are_no_reasons() -> None:
    assert ask([0.0, 9.0, 0.1, 5.0], [0.0, 0.0009, 0.0, 0.0]) == []


def test_a_feature_that_contradicts_its_claim_lets_another_speak() -> None:
    said = ask([-0.2, 9.0, 0.5, 1.0], [0.03, 0.02, 0.0, 0.0])
    assert said == [("Logins", "recency is 9.0.", 0.05)]


def test_but_a_crumb_does_not_speak_for_the_driver() -> None:
    said = ask([-0.2, 9.0, 0.5, 1.0], [0.03, 0.001, 0.0, 0.0])
    assert said[0][1].startswith("drop is low")


def test_a_missing_value_is_said_as_such() -> None:
    assert ask([0.0, 1.0, np.nan, 1.0], [0.0, 0.0, 0.02, 0.0]) == [("Adoption", "breadth is not known.", 0.02)]


def test_what_is_not_tracked_is_said_as_such() -> None:
    told = [
        ask([0.0, 1.0, np.nan, 1.0], [0.0, 0.0, 0.02, 0.0], **{"breadth.untracked": marked})[0][1] for marked in (0, 1)
    ]
    assert told == ["breadth is not known.", "Not tracked: breadth."]
