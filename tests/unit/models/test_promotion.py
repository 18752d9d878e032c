"""The promotion rule, as a table."""

from typing import Any

import pytest

from models.promotion import promote


def evidence(value: float | None, low: float | None, high: float | None, outcome: str = "o1") -> dict[str, Any]:
    return {"outcome": outcome, "pooled": {"risk_90": {"auc": {"value": value, "low": low, "high": high}}}}


GOOD, CHANCE, UNKNOWN = evidence(0.80, 0.75, 0.85), evidence(0.52, 0.45, 0.59), evidence(None, None, None)


@pytest.mark.parametrize(
    ("challenger", "champion", "promoted", "why"),
    [
        (GOOD, None, True, "first model: AUC for risk_90 0.800 [0.750, 0.850]"),
        (CHANCE, None, True, "WARNING: that is not shown to be better than chance"),
        (UNKNOWN, None, True, "unknown (only one class was tested); WARNING"),
        (GOOD, GOOD, True, "not worse than the champion"),
        (evidence(0.78, 0.73, 0.81), GOOD, True, "not worse than the champion"),
        (evidence(0.70, 0.62, 0.79), GOOD, False, "wholly below the champion's 0.800"),
        (CHANCE, CHANCE, False, "no better than chance"),
        (UNKNOWN, GOOD, False, "no better than chance: AUC for risk_90 unknown"),
        (GOOD, UNKNOWN, True, "not worse than the champion"),
        (CHANCE, evidence(0.9, 0.8, 0.95, "o2"), True, "first model of outcome contract o1"),
    ],
)
def test_the_rule(challenger: dict[str, Any], champion: dict[str, Any] | None, promoted: bool, why: str) -> None:
    verdict = promote(challenger, champion)
    assert verdict.promote is promoted
    assert why in verdict.why
