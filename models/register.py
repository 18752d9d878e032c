"""The signal register: what each feature and each driver has been worth, from matured history only."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.outcome import OutcomeContract
from models.likeness import Ranks, nearest, said_before
from models.matured import matured
from models.metrics import Estimate
from models.signals import Judge, Judged
from models.verdicts import SAME, Evidence, Verdict, chance_of, holm, verdict

if TYPE_CHECKING:
    from features.snapshot import Snapshot


@dataclass(frozen=True)
class Signal:
    """One line of the register: shares are of matured rows, NaN where something is not defined."""

    name: str
    title: str
    driver: str
    riskier: str
    side: str
    """The side measured: for `either` the one that churned more in the first half of the accounts."""
    threshold: float
    """The tail's mildest value."""
    coverage: float
    zero: float
    missing: float
    not_tracked: float
    tail_share: float
    """Share of the rows with a value that stand in the tail."""
    lift: Estimate
    p: float
    """One-sided, adjusted for the number of signals (Holm)."""
    tail_accounts: int
    churned_accounts: int
    """Accounts with a churned row in the tail."""
    base_accounts: int
    """Accounts with a churned row and a value."""
    periods: list[float | None]
    """Lift per period; None where too few churns were due."""
    agree: float
    """Share of the judged periods with a lift above 1."""
    lead_weeks: float
    seen: int
    """Churns before which the account's last row stood in the tail, of `seen_of`."""
    seen_of: int
    auc: float
    nearest: str
    correlation: float
    cpu_seconds: float | None
    cpu_share: float
    verdict: Verdict
    why: str


@dataclass(frozen=True)
class Register:
    """All signals of one as-of date."""

    as_of: date
    outcome: str
    horizon_days: int
    rows: int
    accounts: int
    churned_accounts: int
    base_rate: float
    periods: list[tuple[date, date]]
    features: list[Signal]
    drivers: list[Signal]
    left_out: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the stable shape that programs read; null for what is not defined."""
        facts = {key: value for key, value in asdict(self).items() if key not in ("features", "drivers")}
        shown = {"as_of": self.as_of.isoformat(), "periods": [[a.isoformat(), b.isoformat()] for a, b in self.periods]}
        lines = {
            "drivers": [_plain(each) for each in self.drivers],
            "features": [_plain(each) for each in self.features],
        }
        return facts | shown | {"notes": self.notes()} | lines

    def table(self) -> pd.DataFrame:
        """Return one row per driver and feature, plain numbers and text, for files and MLflow."""
        lines = [("driver", each) for each in self.drivers] + [("feature", each) for each in self.features]
        flat = [{"kind": kind} | _plain(each) for kind, each in lines]
        for row in flat:
            lift = row.pop("lift")
            row |= {"lift": lift["value"], "lift_low": lift["low"], "lift_high": lift["high"]}
            row["periods"] = " ".join("–" if each is None else f"{each:.2f}" for each in row["periods"])
        return pd.DataFrame(flat)

    def notes(self) -> list[str]:
        """Return what must be known to read the register."""
        said = [
            f"{self.rows:,} rows of {self.accounts:,} accounts had matured by {self.as_of}; "
            f"{self.churned_accounts:,} accounts churned within {self.horizon_days} days of a row "
            f"({self.base_rate:.1%} of the rows)."
        ]
        if self.churned_accounts < 100:
            said.append(f"These are small numbers: with {self.churned_accounts} churned accounts most lifts are vague.")
        return said


def register(
    snapshot: "Snapshot",
    outcomes: pd.DataFrame,
    contract: OutcomeContract,
    as_of: date,
    *,
    seconds: Mapping[str, float] | None = None,
) -> Register:
    """Judge every feature and driver of the snapshot on rows whose label was known by `as_of`.

    `seconds`: CPU seconds per feature. Raises ContractError when nothing has matured, or nobody churned.
    """
    rows = matured(snapshot, outcomes, contract, as_of)
    judge = Judge(rows, getattr(snapshot, "untracked", None), dict(seconds or {}))
    features = _lines(judge.features(snapshot.features), rows.churned[judge.places])
    drivers = _lines(judge.drivers(), rows.churned[judge.places])
    return Register(
        as_of=as_of,
        outcome=contract.digest,
        horizon_days=contract.horizon_days,
        rows=len(rows.order),
        accounts=rows.accounts,
        churned_accounts=rows.churned_accounts(np.ones(len(rows.order), dtype=bool)),
        base_rate=float(rows.churned.mean()),
        periods=rows.periods,
        features=features,
        drivers=drivers,
        left_out=dict(snapshot.left_out),
    )


def _lines(found: list[Judged], churned: np.ndarray) -> list[Signal]:
    """Compare the judged columns with each other and give each its verdict."""
    ranks = Ranks.of([each.sampled for each in found])
    correlation, auc = ranks.correlation(), ranks.auc(churned)
    near = nearest(correlation)
    same = said_before([each.coverage for each in found], correlation, SAME)
    tested = np.array([each.tail is not None and twin < 0 for each, twin in zip(found, same, strict=True)], dtype=bool)
    chances = np.array([chance_of(each.lift.z, each.lift.base_accounts) for each in found])
    p = holm(np.where(tested, chances, np.nan))
    spent = sum(each.cpu_seconds or 0.0 for each in found)
    lines = []
    for i, each in enumerate(found):
        twin = found[same[i]].title if same[i] >= 0 else ""
        evidence = Evidence(each, float(p[i]), int(tested.sum()), float(auc[i]), twin, float(correlation[i, same[i]]))
        said, why = verdict(evidence)
        lines.append(
            Signal(
                **each.facts(),
                p=float(p[i]),
                auc=float(auc[i]),
                nearest=found[near[i]].name if near[i] >= 0 else "",
                correlation=float(correlation[i, near[i]]) if near[i] >= 0 else float("nan"),
                cpu_share=(each.cpu_seconds or 0.0) / spent if spent else float("nan"),
                verdict=said,
                why=why,
            )
        )
    return lines


def _plain(signal: Signal) -> dict[str, Any]:
    """Return the line as JSON: null for what is not defined."""
    facts = {name: getattr(signal, name) for name in Signal.__dataclass_fields__}
    facts["lift"] = signal.lift.to_json()
    return {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in facts.items()}
