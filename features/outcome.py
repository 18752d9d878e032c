"""The outcome contract: what is predicted, by which clock, for whom."""

import hashlib
import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Clock = Literal["effective", "decision"]

INTERVALS: tuple[tuple[int, int], ...] = ((0, 30), (30, 60), (60, 90))
"""The hazard steps in days after the as-of date; step (a, b] holds the days a+1 … b, the instants [a, b) days."""


class OutcomeContract(BaseModel):
    """What counts as the outcome, and when a row's label is known; hashed into everything made from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: tuple[str, ...] = ("churn",)
    clock: Clock = "effective"
    lead_days: int = Field(60, ge=0)
    horizon_days: int = Field(90, ge=1)
    recording_lag_days: int = Field(7, ge=0)
    renewal_gap_days: int = Field(30, ge=0)
    minimum_tenure_days: int = Field(56, ge=0)
    exclude_noticed: bool = True

    @model_validator(mode="after")
    def _window_is_made_of_intervals(self) -> "OutcomeContract":
        edges = {0, *(b for _, b in INTERVALS)}
        if self.lead_days not in edges or self.horizon_days not in edges or self.lead_days >= self.horizon_days:
            raise ValueError(
                f"lead_days ({self.lead_days}) and horizon_days ({self.horizon_days}) must be two of "
                f"{sorted(edges)} with lead_days the smaller"
            )
        return self

    @property
    def digest(self) -> str:
        """The contract's identity: the first 12 hex digits of the sha256 of its canonical JSON."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]
