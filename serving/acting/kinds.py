"""What can be said or done about an account, and what each such action holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from features.errors import UsageError

Kind = Literal["stage", "risk", "note", "snooze", "next", "done", "play", "undo"]
Stage = Literal["at risk", "plan in place", "saving", "recovered", "lost"]
Reason = Literal["already known", "seasonal", "wrong data", "right and acting", "right and cannot act"]
STAGES: tuple[Stage, ...] = get_args(Stage)
REASONS: tuple[Reason, ...] = get_args(Reason)
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


def _printable(text: object) -> object:
    # Surrogates cannot be stored as UTF-8, and PostgreSQL refuses the NUL character.
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8") if isinstance(text, str) else text


def _day(value: object) -> object:
    # Pydantic would take a number for seconds since 1970.
    if value is None or isinstance(value, date) or (isinstance(value, str) and len(value) == 10):
        return value
    raise ValueError("must be a date such as 2026-11-02")


def _in_reach(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must lie between {FIRST_DAY} and {LAST_DAY}")
    return day


# What stands last is applied first.
Short = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), BeforeValidator(_printable)
]
Long = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), BeforeValidator(_printable)
]
Day = Annotated[date, AfterValidator(_in_reach), BeforeValidator(_day)]


class Detail(BaseModel):
    """What an action of one kind holds; anything else is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StageDetail(Detail):
    """The stage that an account is in now; none takes it out of all stages."""

    stage: Stage | None


class RiskDetail(Detail):
    """The band that a CSM gives instead of the automated one, and why; none goes back to the automated one."""

    band: Annotated[str, StringConstraints(max_length=16)] | None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _a_band_has_a_reason(self) -> RiskDetail:
        if (self.band is None) != (self.reason is None):
            raise ValueError("a band needs a reason, and a reason a band")
        return self


class NoteDetail(Detail):
    """A note in words."""

    text: Long


class SnoozeDetail(Detail):
    """The day from which the account is shown again; none ends the snooze."""

    until: Day | None


class NextDetail(Detail):
    """What is done next, and by when."""

    what: Short
    due: Day | None = None


class DoneDetail(Detail):
    """The next action is done."""


class PlayDetail(Detail):
    """A suggested play that becomes the next action."""

    driver: Short
    text: Short
    due: Day | None = None


DETAILS: dict[str, type[Detail]] = {
    "stage": StageDetail,
    "risk": RiskDetail,
    "note": NoteDetail,
    "snooze": SnoozeDetail,
    "next": NextDetail,
    "done": DoneDetail,
    "play": PlayDetail,
}


def checked(kind: str, detail: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return the detail as it is kept; raises UsageError with the rule that it breaks."""
    kept = _validated(kind, detail)
    if kind == "snooze" and kept["until"] is not None and date.fromisoformat(kept["until"]) <= today:
        raise UsageError(f"snooze until: {kept['until']} does not lie ahead; choose a day after {today}")
    return kept


def _validated(kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    if kind not in DETAILS:
        raise UsageError(f"there is no action {kind!r}; known are {', '.join(DETAILS)}")
    try:
        return DETAILS[kind].model_validate(dict(detail)).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        rule = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{kind}{f' {place}' if place else ''}: {rule[:1].lower()}{rule[1:]}") from None
