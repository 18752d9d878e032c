"""One account as a published list has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

DATES = ("renewal_date", "notice_deadline", "sponsor_since", "customer_contact", "last_use")


@dataclass(frozen=True, slots=True)
class PublishedReason:
    """Why an account is on the list, in words, with its additive share of the risk."""

    driver: str
    feature: str
    text: str
    contribution: float

    def to_json(self) -> dict[str, Any]:
        """Return the reason as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class ListRow:
    """One account of a published list; money is per year, risks are probabilities, health is 0 to 100.

    Edges of 95 % intervals, the parts of the change, `separate` (risks of separate outcomes by name) and whatever
    follows it (as in `list_rows`) are None where they are not known.
    """

    rank: int
    account_id: str
    name: str | None
    owner: str | None
    segment: str | None
    plan: str | None
    seats: float | None
    arr: float | None
    arr_at_risk: float | None
    risk_30: float
    risk_60: float
    risk_90: float
    risk_60_90: float
    health: float
    band: str
    previous_band: str | None
    change: float | None
    renewal_date: date | None
    notice_deadline: date | None
    risk_30_low: float | None = None
    risk_30_high: float | None = None
    risk_60_low: float | None = None
    risk_60_high: float | None = None
    risk_90_low: float | None = None
    risk_90_high: float | None = None
    risk_60_90_low: float | None = None
    risk_60_90_high: float | None = None
    change_data: float | None = None
    change_clock: float | None = None
    change_model: float | None = None
    change_text: str | None = None
    separate: Mapping[str, float] | None = None
    saveable: float | None = None
    place: int | None = None
    driver: str | None = None
    weeks_listed: int | None = None
    spark: Sequence[float] | None = None
    sponsor: str | None = None
    sponsor_since: date | None = None
    customer_contact: date | None = None
    last_use: date | None = None
    reasons: tuple[PublishedReason, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        # By hand: dataclasses.asdict copies deeply and takes ten times as long on a long list.
        row = {name: getattr(self, name) for name in self.__slots__}
        row["reasons"] = [reason.to_json() for reason in self.reasons]
        for name in DATES:
            row[name] = row[name] and row[name].isoformat()
        return row


@dataclass(frozen=True, slots=True)
class NotScored:
    """An account that has no risk this week, and why."""

    account_id: str
    name: str | None
    why: str
    owner: str | None = None
    segment: str | None = None
