"""How it turned out where a CSM saw an account's risk otherwise than the list."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, Row, select, tuple_

from serving.happened import CHURN
from serving.past_counts import HORIZON, wilson
from serving.past_reading import Header
from serving.schema import list_rows
from serving.schema_acting import actions
from serving.schema_history import list_outcomes

if TYPE_CHECKING:
    from typing import Any

ASKED_AT_ONCE = 400


@dataclass(frozen=True)
class Disagreed:
    """All disagreements of one kind: the list said one band, a CSM another, for one reason."""

    band: str
    csm_band: str
    reason: str | None
    how_many: int
    matured: int
    """Of them on mature lists, with a known outcome; the others are not counted."""
    churned: int
    expected: float
    """Sum of the list's risks of the mature ones."""

    @property
    def share(self) -> float | None:
        """Share of the mature ones that left within 90 days."""
        return self.churned / self.matured if self.matured else None

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """Edges of the share's 95 % interval."""
        return wilson(self.churned / self.matured, self.matured) if self.matured else (None, None)


class _Said(NamedTuple):
    list_id: int
    account_id: str


def disagreed(connection: Connection, found: Sequence[Header], sees: str | None) -> tuple[Disagreed, ...]:
    """Return how disagreements turned out, of all accounts or of those that `sees` owned on the list looked at.

    What was said last about an account on one list counts; what was taken back or undone does not.
    """
    said = _said(connection, found)
    rows = _rows(connection, list(said))
    mature = {header.list_id for header in found if header.mark.matured_days >= HORIZON}
    groups: defaultdict[tuple[str, str, str | None], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        detail = said[_Said(row.list_id, row.account_id)]
        otherwise = detail.get("band")
        if otherwise and otherwise != row.band and (sees is None or row.owner == sees):
            groups[row.band, otherwise, detail.get("reason")].append(row)
    made = [_group(key, of_kind, mature) for key, of_kind in groups.items()]
    return tuple(sorted(made, key=lambda each: (-each.how_many, each.band, each.csm_band, each.reason or "")))


def _group(key: tuple[str, str, str | None], rows: Sequence[Row[Any]], mature: set[int]) -> Disagreed:
    known = [row for row in rows if row.list_id in mature and row.kind in (None, CHURN)]
    churned = sum(row.kind == CHURN for row in known)
    return Disagreed(*key, len(rows), len(known), churned, sum(row.risk_90 for row in known))


def _said(connection: Connection, found: Sequence[Header]) -> dict[_Said, Mapping[str, Any]]:
    """Return per list and account what was said last; without a list, on the one that was the newest that day."""
    undone = select(actions.c.undoes).where(actions.c.undoes.is_not(None))
    query = (
        select(actions.c.account_id, actions.c.at, actions.c.list_id, actions.c.detail)
        .where(actions.c.kind == "risk", actions.c.id.not_in(undone))
        .order_by(actions.c.id)
    )
    weeks = sorted((header.as_of, header.list_id) for header in found)
    said = {}
    for row in connection.execute(query):
        list_id = row.list_id if row.list_id is not None else _newest(weeks, row.at.date())
        if list_id is not None:
            said[_Said(list_id, row.account_id)] = row.detail
    return said


def _newest(weeks: Sequence[tuple[date, int]], day: date) -> int | None:
    place = bisect_right([week for week, _ in weeks], day)
    return weeks[place - 1][1] if place else None


def _rows(connection: Connection, wanted: Sequence[_Said]) -> list[Row[Any]]:
    query = select(
        list_rows.c.list_id, list_rows.c.account_id, list_rows.c.band, list_rows.c.owner, list_rows.c.risk_90,
        list_outcomes.c.kind,
    ).outerjoin(
        list_outcomes,
        (list_outcomes.c.list_id == list_rows.c.list_id) & (list_outcomes.c.account_id == list_rows.c.account_id),
    )  # fmt: skip
    found: list[Row[Any]] = []
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        keys = tuple_(list_rows.c.list_id, list_rows.c.account_id).in_(wanted[start : start + ASKED_AT_ONCE])
        found += connection.execute(query.where(keys)).all()
    return found
