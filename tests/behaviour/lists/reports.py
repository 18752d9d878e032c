"""Made-up backtest and check reports in the shapes that those commands print."""

from typing import Any

METRICS = {
    "auc": 0.84,
    "average_precision": 0.31,
    "brier": 0.021,
    "log_loss": 0.094,
    "calibration_error": 0.006,
    "recall_at_capacity": 0.58,
    "precision_at_capacity": 0.19,
    "arr_recall_at_capacity": 0.61,
    "lift_at_capacity": 7.2,
    "calibration_slope": 0.97,
    "calibration_intercept": -0.06,
    "brier_skill": 0.18,
    "log_loss_skill": 0.24,
}
KINDS = ("hazard", "logistic", "renewal_calendar", "last_login")
BASELINES = {"logistic": 0.97, "renewal_calendar": 0.89, "last_login": 0.8}


def backtest_report(skill: float = 1.0, churns: int = 41) -> dict[str, Any]:
    """Return a report whose model is as good as `skill`, with so many churns in each of six folds."""
    risks = {"risk_90": skill, "risk_60_90": skill * 0.95}
    return {
        "outcome": "9b1e77c0aa10",
        "settings": {"capacity": 40},
        "rows": 9_240,
        "accounts": 1_320,
        "base_rates": {"risk_90": 0.026, "risk_60_90": 0.009},
        "folds": [_fold(number, skill, churns) for number in range(6)],
        "pooled": {risk: _metrics(worth) for risk, worth in risks.items()},
        "baselines": {name: {risk: _metrics(worth) for risk in risks} for name, worth in BASELINES.items()},
        "strata": {
            name: {
                risk: {
                    "rows": 1_450,
                    "positives": 130,
                    "baselines": {rival: _metrics(each) for rival, each in BASELINES.items()},
                }
                | _metrics(worth)
                for risk, worth in risks.items()
            }
            for name in ("contract ends inside the window", "contract does not end inside it", "segment Small")
        },
        "curves": {risk: _curves(place) for place, risk in enumerate(risks)},
        "lead_time": lead_time(skill),
    }


def lead_time(skill: float = 1.0) -> dict[str, Any]:
    """Return curves of four models, the judged one above the others by `skill`."""
    worth = dict(zip(KINDS, (0.86 * skill, 0.8, 0.55, 0.4), strict=True))
    lines = {name: {"accounts": _falling(height, 0), "arr": _falling(height, 9)} for name, height in worth.items()}
    return {
        "capacity": 40,
        "accounts": 118,
        "from": "2025-11-04",
        "to": "2026-06-27",
        "models": lines,
        "differences": {
            name: {"accounts": _falling(worth["hazard"] - height, 0)}
            for name, height in worth.items()
            if name != KINDS[0]
        },
    }


def compare_report(runs: int = 1) -> dict[str, Any]:
    """Return a comparison of so many runs with a base: one metric better, one worse, the rest unclear."""
    names = [f"run {number}" for number in range(1, runs + 1)]
    return {
        "base": "champion",
        "runs": [
            {
                "name": name,
                "run_id": f"{place:032x}",
                "model": kind,
                "as_of": "2026-06-29",
                "outcome": "9b1e77c0aa10",
                "cost": {"train_cpu_seconds": 41.2, "score_cpu_seconds_per_1000": 0.031},
            }
            for place, (name, kind) in enumerate(zip(["champion", *names], ["hazard", *["pooled"] * runs], strict=True))
        ],
        "rows": 24_308,
        "accounts": 1_288,
        "weeks": 24,
        "churned_accounts": 147,
        "variants": 3,
        "verdicts": [
            {
                "run": name,
                "against": "champion",
                "outcome": "not enough evidence",
                "text": f"not enough evidence that {name} and champion differ: you would need about 31 more weeks.",
            }
            for name in names
        ],
        "differences": [line | {"run": name, "against": "champion"} for name in names for line in _differences()],
        "lists": [
            {"run": name, "against": "champion", "capacity": 40, "overlap": 0.83, "low": 0.79, "high": 0.87}
            for name in names
        ],
        "moved": [
            {
                "run": name,
                "against": "champion",
                "account_id": "A00042",
                "as_of": "2026-06-29",
                "before": 0.21,
                "after": 0.34,
                "why": [{"driver": "Logins", "change": 0.08}, {"driver": "Contract", "change": -0.01}],
            }
            for name in names
        ],
    }


def _differences() -> list[dict[str, Any]]:
    """Return improvements of every metric, and of two metrics by group."""
    found = []
    for metric, value in METRICS.items():
        lower = metric in ("brier", "log_loss", "calibration_error")
        better = {"recall_at_capacity": 0.03, "brier": -0.0006}.get(metric, 0.001)
        half = 0.02 if better == 0.001 else abs(better) / 2
        line = {"metric": metric, "a": value, "b": value - better if lower else value + better, "value": better}
        found.append(line | {"low": better - half, "high": better + half, "higher_is_better": not lower})
    groups = [
        each | {"stratum": stratum}
        for stratum in ("all accounts", "contract ends inside the window", "segment Small")
        for each in found
        if stratum == "all accounts" or each["metric"] in ("auc", "log_loss")
    ]
    return [line | {"risk": risk} for risk in ("risk_90", "risk_60_90") for line in groups]


def verdict(outcome: str = "promote", champion: str | None = "77aa01b2c3d4") -> dict[str, Any]:
    """Return a promotion verdict with a check of each kind."""
    checks = [
        ("not_worse", "passed", "AUC 0.842 against 0.836, difference +0.006 (−0.004 to +0.016), margin −0.01."),
        ("calibrated", "unsure", "Slope 0.97 (0.84 to 1.10): the interval leaves the limits 0.9 to 1.1."),
        ("no_leak", "failed", "seats_ratio alone ranks 99.1% of the pairs right."),
    ]
    return {
        "outcome": outcome,
        "why": "Promoted: the challenger is not worse than the champion and beats every baseline.",
        "checks": [dict(zip(("name", "outcome", "text"), check, strict=True)) for check in checks],
        "challenger": "5f0c2d9e41ab",
        "champion": champion,
        "as_of": "2026-09-07",
    }


def _falling(height: float, later: int) -> list[dict[str, Any]]:
    values = {days: height * 0.994 ** (days + later) for days in range(0, 181, 5)}
    return [
        {"days": days, "value": value, "low": value - 0.08, "high": min(1.0, value + 0.07)}
        for days, value in values.items()
    ]


def check_report() -> dict[str, Any]:
    """Return a report of two tables that are there, one that is not, and three problems."""
    problem = {
        "table": "usage", "column": "occurred_at", "rule": "after_available", "count": 412, "total": 90_000,
        "sample": ["A00017"], "fix": "map a recorded time", "says": "lie after available_at + 1 day",
    }  # fmt: skip
    text = "usage.occurred_at: 412 of 90,000 lie after available_at + 1 day (for example A00017); map a recorded time"
    there = {"first": "2023-09-04T00:00:00", "last": "2026-09-06T23:12:00", "missing": False}
    aside = {"unknown_account": 31, "repeated_event": 15_820}
    none = {"rows": 0, "kept": 0, "first": None, "last": None, "quarantined": {}, "missing": True}
    return {
        "tables": {
            "accounts": {"rows": 1_500, "kept": 1_500, "quarantined": {}} | there,
            "usage": {"rows": 3_104_221, "kept": 3_088_009, "quarantined": aside} | there,
            "surveys": none | {"cost": "survey features"},
        },
        "problems": [problem | {"severity": severity, "text": text} for severity in ("error", "warning", "note")],
        "sufficiency": {},
    }


def _metrics(worth: float) -> dict[str, Any]:
    return {
        name: {"value": value * worth, "low": value * worth - 0.07 * value, "high": value * worth + 0.06 * value}
        for name, value in METRICS.items()
    }


def _fold(number: int, skill: float, churns: int) -> dict[str, Any]:
    auc = 0.84 * skill + 0.02 * (number % 3 - 1)
    metrics = {
        risk: {"auc": {"value": auc, "low": auc - 0.09, "high": auc + 0.08}} for risk in ("risk_90", "risk_60_90")
    }
    return {
        "fold": number + 1,
        "as_of": f"2026-0{number + 1}-05",
        "last_as_of": f"2026-0{number + 1}-26",
        "train_rows": 31_000 + 2_400 * number,
        "train_churns": 780 + 60 * number,
        "test_rows": 1_540,
        "positives": churns,
        "positives_60_90": churns // 3,
        "metrics": metrics,
    }


def _curves(place: int) -> dict[str, Any]:
    shares = [step / 40 for step in range(41)]
    powers = {"model": 0.28 + 0.04 * place, "logistic": 0.36, "renewal_calendar": 0.5, "last_login": 0.7}
    risks = [0.001, 0.003, 0.005, 0.008, 0.012, 0.018, 0.03, 0.055, 0.11, 0.31]
    return {
        "calibration": [
            {"risk": risk, "churned": risk * (1.1 - 0.02 * i), "rows": 924} for i, risk in enumerate(risks)
        ],
        "gains": {name: [{"listed": x, "found": x**power} for x in shares] for name, power in powers.items()},
    }
