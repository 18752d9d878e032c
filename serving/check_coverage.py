"""The check page's coverage: for how many accounts each feature has a value, by driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from features.trust.coverage import Coverage, Covered

THIN = 0.5
"""A driver whose features have a value for fewer accounts is named first."""


def coverage_section(covered: Covered) -> dict[str, Any]:
    """Return the drivers with their features, and what is left out by the reason."""
    drivers: dict[str, list[Coverage]] = {}
    for each in covered.features:
        drivers.setdefault(each.driver, []).append(each)
    return {
        "weeks": len(covered.weeks),
        "first": covered.weeks[0] if covered.weeks else None,
        "last": covered.weeks[-1] if covered.weeks else None,
        "rows": covered.rows,
        "accounts": covered.accounts,
        "features": len(covered.features),
        "full": sum(each.value >= 0.95 for each in covered.features),
        "thin": sum(each.value < THIN for each in covered.features),
        "drivers": [_driver(name, found) for name, found in drivers.items()],
        "left_out": _left_out(covered),
    }


def _driver(name: str, found: list[Coverage]) -> dict[str, Any]:
    return {
        "name": name,
        "value": _mean([each.value for each in found]),
        "untracked": _mean([each.untracked for each in found]),
        "missing": _mean([each.missing for each in found]),
        "features": [
            {
                "title": each.title,
                "name": each.name,
                "value": each.value,
                "latest": each.latest,
                "untracked": each.untracked,
                "missing": each.missing,
            }
            for each in sorted(found, key=lambda each: each.value)
        ],
    }


def _mean(shares: list[float]) -> float:
    return sum(shares) / len(shares)


def _left_out(covered: Covered) -> list[dict[str, Any]]:
    from features.catalogue import catalogue

    titles = {feature.name: feature.title for feature in catalogue()}
    reasons: dict[str, list[str]] = {}
    for name, why in covered.left_out.items():
        reasons.setdefault(why, []).append(titles.get(name, name))
    return [{"why": why, "features": names} for why, names in reasons.items()]
