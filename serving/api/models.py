"""Shapes that all answers share, and those of lists and runs; every field is described once, here."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

Item = TypeVar("Item")
CURRENT: Literal["current"] = "current"


def _iso_day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
        return value
    raise ValueError("must be a date such as 2026-11-02")


def _finite(value: object) -> object:
    # JSON has no word for NaN and the infinities: what is not known is null.
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _zulu(at: datetime) -> str:
    return f"{at.isoformat(timespec='seconds')}Z"


Day = Annotated[date, BeforeValidator(_iso_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day, written 2026-11-02 and in no other way."""
Instant = Annotated[
    datetime,
    PlainSerializer(_zulu, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-02T06:30:00Z"]}),
]
"""An instant in UTC, from the database's naive one."""
Number = Annotated[
    float | None, BeforeValidator(_finite), WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]})
]
"""A number, null where it is not known."""
Risk = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Shape(BaseModel):
    """Exactly these fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Shape, Generic[Item]):
    """A part of a longer answer."""

    items: list[Item]
    next: str | None = Field(
        description="Cursor of the next page, null on the last one. The Link header has its address."
    )


class Fault(Shape):
    """One rule that a request broke."""

    where: list[str] = Field(description="Path to what broke it, from the part of the request down.")
    rule: str


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "There is no account 'A00042' in your book.",
                    "instance": "/api/v1/accounts/A00042",
                }
            ]
        },
    )
    type: str = Field(description="Always about:blank: the status says what kind of problem it is.")
    title: str = Field(description="The status in words.")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What went wrong with this request, and the way out.")
    instance: str = Field(description="Path that was asked for.", json_schema_extra={"format": "uri-reference"})
    errors: list[Fault] = Field(default=[], description="Every rule that was broken, where there are several.")


class ListHeader(Shape):
    """A published list without its rows."""

    as_of: Day = Field(description="The list knows only what happened before this day.", examples=["2026-11-02"])
    current: bool = Field(description="Whether this is the list that is shown.")
    published_at: Instant
    previous_as_of: Day | None = Field(description="The list that its changes are told against, null on a first one.")
    outcome: str = Field(description="Hash of the outcome contract: what counts as churn, and when.")
    model: str = Field(description="Id of the model that scored it.")
    run_id: str | None = Field(description="Id of the run that made it.")
    simulated: bool = Field(description="Whether the accounts are made up.")
    rank_by: str = Field(description="Field by which its ranks are given.", examples=["risk_90"])
    bands: dict[str, float] = Field(description="Least risk (0 to 1) of each band; the lowest band is below them all.")
    lowest_band: str
    currency: str = Field(description="Currency of every amount on the list.")
    accounts: int = Field(description="Accounts with a risk on the whole list, whoever owns them.")
    reach: dict[str, Day] | None = Field(description="Per table the day of its last row, null where it was not kept.")


class ListsPage(Page[ListHeader]):
    """Lists, the newest week first."""


class NotScoredAccount(Shape):
    """An account that has no risk this week."""

    account_id: str
    name: str | None
    owner: str | None
    segment: str | None
    why: str = Field(description="Why it has none, in words.")


class NotScoredPage(Page[NotScoredAccount]):
    """Accounts without a risk, in the order of their ids."""


class Run(Shape):
    """One publishing of a list."""

    id: int
    at: Instant = Field(description="When it was published.")
    by: str = Field(description="Who or what published it.")
    as_of: Day = Field(description="The week of the list.")
    model: str = Field(description="Id of the model that scored it.")
    run_id: str | None = Field(description="Id of the weekly run, where there was one.")
    rows: int = Field(description="Accounts with a risk.")


class RunsPage(Page[Run]):
    """Publishings, the newest first."""
