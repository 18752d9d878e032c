"""Reads what published lists said and what came of them: compact, and each list once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import Connection, Engine, func, select

from serving.happened import CHURN, ListOutcome, outcomes_of
from serving.past_counts import WINDOWS
from serving.schema import list_rows, lists
from serving.schema_history import list_maturity, list_outcomes
from serving.scoring import ListSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Mark(NamedTuple):
    """What is on record about a list; when none of it changed, neither did what came of the list."""

    known_by: date | None
    matured_days: int
    outcomes: int
    days: int


@dataclass(frozen=True)
class Header:
    """A published list and how far it is known what came of it."""

    list_id: int
    as_of: date
    simulated: bool
    bands: tuple[str, ...]
    """The highest first."""
    currency: str
    mark: Mark


@dataclass(frozen=True)
class Entries:
    """The entries of one list, by account code; days are 0 where the account did not leave."""

    accounts: NDArray[np.int32]
    bands: NDArray[np.int8]
    churn_day: NDArray[np.int16]
    gone_day: NDArray[np.int16]
    """Day in which the account left view, so that nobody can say what came of it."""
    expected: Mapping[tuple[int, str], float]
    """Per band and window the sum of the risks of the entries that are known."""

    def known(self, window: str) -> NDArray[np.bool_]:
        """Return of which entries it is known whether they left in the window, once the list is mature that far."""
        found: NDArray[np.bool_] = (self.gone_day == 0) | (self.gone_day > WINDOWS[window][1])
        return found

    def churned(self, window: str) -> NDArray[np.bool_]:
        """Return which entries left in the window."""
        start, end = WINDOWS[window]
        found: NDArray[np.bool_] = (self.churn_day > start) & (self.churn_day <= end)
        return found


@dataclass
class _Kept:
    codes: dict[str, int] = field(default_factory=dict)
    """A number per account, the same on every list."""
    entries: dict[int, tuple[Mark, Entries]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


_kept: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_making = Lock()


def headers(connection: Connection) -> list[Header]:
    """Return every published list, the newest first."""
    followed = {row.list_id: row for row in connection.execute(select(list_maturity))}
    counts = select(list_outcomes.c.list_id, func.count(), func.sum(list_outcomes.c.days)).group_by("list_id")
    counted = {list_id: (number, days) for list_id, number, days in connection.execute(counts)}
    query = select(lists.c.id, lists.c.as_of, lists.c.simulated, lists.c.settings).order_by(lists.c.as_of.desc())
    found = []
    for row in connection.execute(query):
        reached = followed.get(row.id)
        known_by, matured = (reached.known_by, reached.matured_days) if reached else (None, 0)
        mark = Mark(known_by, matured, *counted.get(row.id, (0, 0)))
        settings = ListSettings.model_validate(row.settings)
        found.append(Header(row.id, row.as_of, row.simulated, settings.band_names, settings.currency, mark))
    return found


def entries(engine: Engine, wanted: Sequence[Header], owner: str | None) -> dict[int, Entries]:
    """Return the entries per list, all of them or those of one owner.

    Whole lists are kept in memory (seven bytes per entry) until something new is on record about them.
    """
    with _making:
        kept = _kept.setdefault(engine, _Kept())
    with kept.lock, engine.connect() as connection:
        if owner is not None:
            return _of_owner(connection, wanted, owner)
        for header in wanted:
            before = kept.entries.get(header.list_id)
            if before is None or before[0] != header.mark:
                kept.entries[header.list_id] = (header.mark, _whole(connection, header, kept.codes))
        return {header.list_id: kept.entries[header.list_id][1] for header in wanted}


def _of_owner(connection: Connection, wanted: Sequence[Header], owner: str) -> dict[int, Entries]:
    here = (list_rows.c.list_id == list_outcomes.c.list_id) & (list_rows.c.account_id == list_outcomes.c.account_id)
    listed = [header.list_id for header in wanted]
    mine = (list_rows.c.owner == owner) & list_rows.c.list_id.in_(listed)
    rows: defaultdict[int, list[Sequence[object]]] = defaultdict(list)
    became: defaultdict[int, dict[str, ListOutcome]] = defaultdict(dict)
    query = select(list_rows.c.list_id, *_COLUMNS, list_outcomes.c.kind, list_outcomes.c.days)
    for list_id, *row, kind, days in connection.execute(query.outerjoin(list_outcomes, here).where(mine)):
        rows[list_id].append(row)
        if kind is not None:
            became[list_id][row[0]] = ListOutcome(kind, days)
    codes: dict[str, int] = {}
    return {each.list_id: _packed(each, rows[each.list_id], became[each.list_id], codes) for each in wanted}


def _whole(connection: Connection, header: Header, codes: dict[str, int]) -> Entries:
    rows = connection.execute(select(*_COLUMNS).where(list_rows.c.list_id == header.list_id)).all()
    return _packed(header, rows, outcomes_of(connection, [header.list_id])[header.list_id], codes)


_COLUMNS = (list_rows.c.account_id, list_rows.c.band, *(list_rows.c[risk] for risk in WINDOWS))


def _packed(
    header: Header, rows: Sequence[Sequence[object]], became: Mapping[str, ListOutcome], codes: dict[str, int]
) -> Entries:
    columns = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    accounts = [str(account) for account in columns[0]]
    place = {band: number for number, band in enumerate(header.bands)}
    bands = np.array([place[str(band)] for band in columns[1]], dtype=np.int8)
    churn_day, gone_day = np.zeros((2, len(accounts)), dtype=np.int16)
    for number, account in enumerate(accounts):
        if (outcome := became.get(account)) is not None:
            (churn_day if outcome.kind == CHURN else gone_day)[number] = outcome.days
    expected: dict[tuple[int, str], float] = {}
    found = Entries(
        np.array([codes.setdefault(account, len(codes)) for account in accounts], dtype=np.int32),
        bands,
        churn_day,
        gone_day,
        expected,
    )
    for window, risks in zip(WINDOWS, columns[2:], strict=True):
        known = found.known(window)
        sums = np.bincount(bands[known], np.array(risks, dtype=float)[known], minlength=len(header.bands))
        expected |= {(band, window): float(total) for band, total in enumerate(sums)}
    return found
