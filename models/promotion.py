"""Promotion by evidence: what a challenger must show before it serves, and the verdict that says so in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

CheckOutcome = Literal["passed", "failed", "unsure"]
VerdictOutcome = Literal["promote", "keep", "refuse"]


CLAIMABLE = tuple(
    f"{risk}.{metric}"
    for risk in ("risk_90", "risk_60_90")
    for metric in ("auc", "average_precision", "brier", "log_loss", "recall_at_capacity", "arr_recall_at_capacity")
)
"""What a challenger may claim to do better."""


class PromotionSettings(BaseModel):
    """The limits that a challenger is held to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    margin: float = Field(
        default=0.01, ge=0, le=0.5, description="loss of AUC against the champion that still counts as not worse"
    )
    windows: int = Field(
        default=6, ge=1, le=60, description="the newest folds of the backtest that evidence is taken from"
    )
    claims: tuple[str, ...] = Field(
        default=(), description="metrics that must be shown to be better than the champion's"
    )
    slope: tuple[float, float] = Field(default=(0.8, 1.25), description="limits of the calibration slope")
    intercept: float = Field(default=0.4, gt=0, description="limit of the calibration intercept, in log-odds")
    slice_margin: float = Field(
        default=0.10, gt=0, le=0.5, description="loss of AUC in one slice that is falling apart"
    )
    slice_churns: int = Field(default=15, ge=2, description="fewest churned accounts for a slice to be judged")
    leak_auc: float = Field(
        default=0.97, gt=0.5, le=1, description="a feature, or the model, that ranks this well knows the outcome"
    )
    leak_gain: float = Field(default=0.8, gt=0, le=1, description="share of one hazard's gain that no feature may have")
    agreement: float = Field(
        default=0.5, gt=0, le=1, description="rank correlation of the stored model with the newest fold's"
    )
    speed: float = Field(default=3.0, gt=1, description="times the champion's CPU that training and scoring may take")
    score_seconds: float = Field(default=1.0, gt=0, description="CPU seconds that scoring 1,000 accounts may take")

    @field_validator("claims")
    @classmethod
    def _known_metrics(cls, claims: tuple[str, ...]) -> tuple[str, ...]:
        for claim in claims:
            if claim not in CLAIMABLE:
                raise ValueError(f"{claim!r} cannot be claimed; what can be is {', '.join(CLAIMABLE)}")
        return claims

    @field_validator("slope")
    @classmethod
    def _low_before_high(cls, slope: tuple[float, float]) -> tuple[float, float]:
        if not 0 < slope[0] < 1 < slope[1]:
            raise ValueError("must be two limits around 1, such as [0.8, 1.25]")
        return slope


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what was found, in words with numbers."""

    name: str
    outcome: CheckOutcome
    text: str

    def to_json(self) -> dict[str, str]:
        """Return the three as JSON."""
        return {"name": self.name, "outcome": self.outcome, "text": self.text}


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger serves from now on, and why, in words."""

    outcome: VerdictOutcome
    why: str
    checks: tuple[Check, ...] = ()
    challenger: str = ""
    champion: str | None = None
    as_of: str = ""

    @property
    def promote(self) -> bool:
        """Whether the challenger serves."""
        return self.outcome == "promote"

    def to_json(self) -> dict[str, Any]:
        """Return what stands in `verdict.json` and on the weekly report."""
        return {
            "outcome": self.outcome,
            "why": self.why,
            "challenger": self.challenger,
            "champion": self.champion,
            "as_of": self.as_of,
            "checks": [check.to_json() for check in self.checks],
        }

    def markdown(self) -> str:
        """Return the verdict as a page to read."""
        marks = {"passed": "passed", "failed": "FAILED", "unsure": "not sure"}
        lines = [f"| {check.name} | {marks[check.outcome]} | {_cell(check.text)} |" for check in self.checks]
        head = f"# {HEADS[self.outcome]}\n\n{self.why}\n\n"
        about = f"Challenger {self.challenger}, champion {self.champion or 'none'}, as-of {self.as_of}.\n\n"
        return "\n".join([f"{head}{about}| check | outcome | what was found |", "|---|---|---|", *lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


HEADS: Mapping[VerdictOutcome, str] = {
    "promote": "Promoted",
    "keep": "Champion kept: not enough evidence",
    "refuse": "Refused",
}


def decide(checks: Sequence[Check], *, challenger: str, champion: str | None, as_of: str) -> Verdict:
    """Return the verdict that the checks allow.

    One failed check refuses. Without any, an unsure one keeps the champion; where there is none to keep, the challenger
    serves and the verdict says what is not known.
    """
    failed, unsure = (tuple(c for c in checks if c.outcome == outcome) for outcome in ("failed", "unsure"))
    outcome: VerdictOutcome = "refuse" if failed else "keep" if unsure and champion else "promote"
    why = {
        "refuse": "; ".join(check.text for check in failed),
        "keep": "not enough evidence: " + "; ".join(check.text for check in unsure),
        "promote": _welcome(checks, unsure, champion),
    }[outcome]
    said = f"Kept the champion, {why}." if outcome == "keep" else f"{HEADS[outcome]}: {why}."
    return Verdict(outcome, said, tuple(checks), challenger, champion, as_of)


def _welcome(checks: Sequence[Check], unsure: Sequence[Check], champion: str | None) -> str:
    said = [check.text for check in checks if check.name in ("chance", "champion", "claim", "baselines")]
    first = "" if champion else "first model; "
    doubts = f"; not shown: {'; '.join(check.text for check in unsure)}" if unsure else ""
    return f"{first}{'; '.join(said)}{doubts}"
