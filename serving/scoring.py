"""From a snapshot and a model to the risk list of one as-of date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

if TYPE_CHECKING:
    import pandas as pd

Ranking = Literal["risk_30", "risk_60", "risk_90", "risk_60_90"]
LOWEST_BAND = "Low"


class ListSettings(BaseModel):
    """How a risk list is ranked, banded and shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity: int = Field(40, ge=1)
    rank_by: Ranking = "risk_90"
    bands: dict[str, float] = {"High": 0.30, "Medium": 0.12}
    reasons: int = Field(5, ge=0, le=5)
    currency: str = Field("€", max_length=4)

    @field_validator("bands")
    @classmethod
    def _bands_are_falling_thresholds(cls, bands: dict[str, float]) -> dict[str, float]:
        if not bands or len(set(bands.values())) < len(bands) or not all(0 < floor < 1 for floor in bands.values()):
            raise ValueError("bands need different thresholds between 0 and 1, for example High = 0.30, Medium = 0.12")
        if LOWEST_BAND in bands or max(map(len, bands)) > 16:
            raise ValueError(f"band names have at most 16 letters, and {LOWEST_BAND!r} is what lies below all others")
        return dict(sorted(bands.items(), key=lambda band: -band[1]))

    @property
    def highest_band(self) -> str:
        """The band with the highest threshold."""
        return next(iter(self.bands))

    @property
    def band_names(self) -> tuple[str, ...]:
        """All bands, the highest first."""
        return (*self.bands, LOWEST_BAND)


@dataclass(frozen=True)
class ScoredFeature:
    """What a list keeps of a feature, so that its numbers are said alike when the catalogue has moved on."""

    name: str
    family: str
    driver: str
    title: str
    unit: str
    says: str
    otherwise: str
    missing: str


@dataclass(frozen=True)
class ScoredList:
    """A risk list before it is published; frames share the index account_id in rank order."""

    as_of: date
    outcome: str
    catalogue: str
    model: str
    settings: ListSettings
    rows: pd.DataFrame
    """rank, name, owner, segment, plan, seats, arr, arr_at_risk, the risks, health, band, previous_band, change,
    renewal_date, notice_deadline."""
    reasons: pd.DataFrame
    """account_id, position (from 1), driver, feature, text, contribution."""
    features: tuple[ScoredFeature, ...]
    values: pd.DataFrame
    facts: pd.DataFrame
    contributions_90: pd.DataFrame
    contributions_60_90: pd.DataFrame
    base_90: float
    base_60_90: float
    not_scored: pd.DataFrame
    """account_id, name, why."""
    left_out: Mapping[str, str]
    previous_as_of: date | None = None
    previous_model: str | None = None
