"""The choice of rows that an address of the list holds, and what it is in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from features.errors import UsageError

Sort = Literal[
    "place", "rank", "risk_90", "risk_60_90", "arr", "arr_at_risk", "saveable", "change", "weeks_listed",
    "notice_deadline", "renewal_date", "name", "owner", "segment", "health",
]  # fmt: skip
Show = Literal["open", "listed", "new", "left", "snoozed", "due", "all"]
NO_STAGE = "none"
LONGEST_SEARCH = 200
MANY = 100
SORT_WORDS: dict[Sort, str] = {
    "place": "what can still be saved",
    "rank": "rank",
    "risk_90": "risk within 90 days",
    "risk_60_90": "risk in days 61 to 90",
    "arr": "ARR",
    "arr_at_risk": "ARR at risk",
    "saveable": "ARR that can still be saved",
    "change": "change since last week",
    "weeks_listed": "weeks on the list",
    "notice_deadline": "notice deadline",
    "renewal_date": "renewal date",
    "name": "account",
    "owner": "owner",
    "segment": "segment",
    "health": "health",
}
SHOW_WORDS: dict[Show, str] = {
    "open": "not snoozed",
    "listed": "on the list",
    "new": "new on the list",
    "left": "left the list",
    "snoozed": "snoozed",
    "due": "next action due",
    "all": "all",
}
"""What each choice shows: `open` leaves out only what is snoozed; on the list is above the lowest band."""
LARGEST_FIRST = frozenset({"risk_90", "risk_60_90", "arr", "arr_at_risk", "saveable", "change", "weeks_listed"})


@dataclass(frozen=True)
class ListChoice:
    """Which rows of which list, in which order; an empty choice is the current list in its default order."""

    as_of: date | None = None
    owner: tuple[str, ...] = ()
    segment: tuple[str, ...] = ()
    band: tuple[str, ...] = ()
    driver: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    """Stages, or `none` for accounts without one."""
    renewal: int | None = None
    """Renewal date within so many days of the as-of date."""
    show: Show = "open"
    search: str = ""
    sort: Sort = "place"

    def query(self, **more: object) -> str:
        """Return the address part of this choice, with what is given added; keys stand in a fixed order."""
        given: list[tuple[str, str]] = []
        for each in fields(self):
            value = getattr(self, each.name)
            if value != each.default:
                given += [(each.name, str(one)) for one in (value if isinstance(value, tuple) else (value,))]
        return urlencode([*given, *((name, str(value)) for name, value in more.items() if value is not None)])

    @cached_property
    def address(self) -> str:
        """The address part of this choice, as `query` gives it."""
        return self.query()

    def but(self, **changes: Any) -> ListChoice:  # noqa: ANN401
        """Return the choice with other values."""
        return replace(self, **changes)

    @property
    def narrows(self) -> bool:
        """Whether it leaves out rows by more than being snoozed."""
        return self.but(as_of=None, sort="place", show="open" if self.show == "all" else self.show) != ListChoice()


def parse_choice(given: Iterable[tuple[str, str]]) -> ListChoice:
    """Return the choice of an address; parameters that belong to paging are left alone.

    Raises UsageError for an unknown order, a date or number that is none, and too many values.
    """
    texts: dict[str, list[str]] = {}
    for name, value in given:
        if value.strip():
            texts.setdefault(name, []).append(value)
    read: Mapping[str, Any] = {
        **{name: _several(name, texts.get(name, [])) for name in ("owner", "segment", "band", "driver", "stage")},
        "as_of": _day(_one(texts, "as_of")),
        "renewal": _days(_one(texts, "renewal")),
        "show": _known("show", _one(texts, "show") or "open", get_args(Show)),
        "sort": _known("sort", _one(texts, "sort") or "place", get_args(Sort)),
        "search": (_one(texts, "search") or "").replace("\x00", "").strip()[:LONGEST_SEARCH],
    }
    return ListChoice(**read)


def _several(name: str, values: list[str]) -> tuple[str, ...]:
    if len(values) > MANY:
        raise UsageError(f"{name}: {len(values)} values are more than the {MANY} that can be asked for at once")
    return tuple(dict.fromkeys(values))


def _one(texts: Mapping[str, list[str]], name: str) -> str | None:
    return texts[name][-1] if name in texts else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"as_of: {text!r} is no date such as 2026-11-02") from None


def _days(text: str | None) -> int | None:
    if text is None:
        return None
    if len(text) > 4 or not (text.isascii() and text.isdigit()) or not 0 < int(text) <= 3_650:
        raise UsageError(f"renewal: {text!r} is no number of days from 1 to 3650")
    return int(text)


def _known(name: str, value: str, known: tuple[str, ...]) -> Any:  # noqa: ANN401
    if value not in known:
        near = get_close_matches(value, known, 1, 0)[0]
        raise UsageError(f"{name}: there is no {value!r} (did you mean {near}?); known are {', '.join(known)}")
    return value
