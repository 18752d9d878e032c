"""The outcome contract: what is predicted, by which clock, for whom."""

import hashlib
import json
import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Clock = Literal["effective", "decision"]

INTERVALS: tuple[tuple[int, int], ...] = ((0, 30), (30, 60), (60, 90))
"""The hazard steps in days after the as-of date; step (a, b] holds the days a+1 … b, the instants [a, b) days."""

NOTICE = "notice"
"""The separate outcome that no row of the outcomes table is: the instant at which notice was received."""


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
    separate: tuple[str, ...] = ()
    """Outcomes with a risk of their own beside the main one: kinds of the outcomes table, or `notice`."""

    @model_validator(mode="after")
    def _window_is_made_of_intervals(self) -> "OutcomeContract":
        edges = {0, *(b for _, b in INTERVALS)}
        if self.lead_days not in edges or self.horizon_days not in edges or self.lead_days >= self.horizon_days:
            raise ValueError(
                f"lead_days ({self.lead_days}) and horizon_days ({self.horizon_days}) must be two of "
                f"{sorted(edges)} with lead_days the smaller"
            )
        return self

    @model_validator(mode="after")
    def _separate_outcomes_are_others(self) -> "OutcomeContract":
        for name in self.separate:
            if not re.fullmatch("[a-z_]{1,16}", name):
                raise ValueError(f"separate {name!r} must be 1 to 16 of the letters a-z and _")
            if name in self.kinds:
                raise ValueError(f"separate {name!r} stands in kinds too: an outcome is the main one or a separate one")
        if len(set(self.separate)) < len(self.separate):
            raise ValueError(f"separate {list(self.separate)} names an outcome twice")
        if NOTICE in self.separate and self.clock == "decision":
            raise ValueError(f"separate {NOTICE!r} is what clock = 'decision' already makes the main outcome")
        return self

    @property
    def digest(self) -> str:
        """The contract's identity: the first 12 hex digits of the sha256 of its canonical JSON.

        Without separate outcomes it is that of the contracts from before they existed: the label is the same.
        """
        said = self.model_dump(mode="json", exclude=set() if self.separate else {"separate"})
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]
