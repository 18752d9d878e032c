"""Reads what published lists said and what came of them: compact, and each list once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, func, select

from serving.happened import CHURN
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
    churns: int


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


@dataclass(frozen=True)
class _Said:
    """What one list said, which never changes."""

    accounts: NDArray[np.int32]
    bands: NDArray[np.int8]
    expected: Mapping[tuple[int, str], float]
    """As in Entries, of all entries."""


@dataclass
class _Kept:
    codes: dict[str, int] = field(default_factory=dict)
    """A number per account, the same on every list."""
    said: dict[int, _Said] = field(default_factory=dict)
    entries: dict[int, tuple[Mark, Entries]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


_kept: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_making = Lock()
_SAID = (list_rows.c.list_id, list_rows.c.account_id, list_rows.c.band)
_RISKS = tuple(list_rows.c[risk] for risk in WINDOWS)
_SAME = and_(list_rows.c.list_id == list_outcomes.c.list_id, list_rows.c.account_id == list_outcomes.c.account_id)


def headers(connection: Connection) -> list[Header]:
    """Return every published list, the newest first."""
    followed = {row.list_id: row for row in connection.execute(select(list_maturity))}
    churns = func.count().filter(list_outcomes.c.kind == CHURN)
    counts = select(list_outcomes.c.list_id, func.count(), func.sum(list_outcomes.c.days), churns).group_by("list_id")
    counted = {list_id: numbers for list_id, *numbers in connection.execute(counts)}
    query = select(lists.c.id, lists.c.as_of, lists.c.simulated, lists.c.settings).order_by(lists.c.as_of.desc())
    found = []
    for row in connection.execute(query):
        reached = followed.get(row.id)
        known_by, matured = (reached.known_by, reached.matured_days) if reached else (None, 0)
        mark = Mark(known_by, matured, *counted.get(row.id, (0, 0, 0)))
        settings = ListSettings.model_validate(row.settings)
        found.append(Header(row.id, row.as_of, row.simulated, settings.band_names, settings.currency, mark))
    return found


def entries(engine: Engine, wanted: Sequence[Header], owner: str | None) -> dict[int, Entries]:
    """Return the entries per list, all of them or those of one owner.

    Whole lists are kept in memory, twelve bytes per entry; only what came of them is read again when more is on record.
    """
    if owner is not None:
        with engine.connect() as connection:
            return _of_owner(connection, wanted, owner)
    with _making:
        kept = _kept.setdefault(engine, _Kept())
    with kept.lock, engine.connect() as connection:
        for header in wanted:
            before = kept.entries.get(header.list_id)
            if before is None or before[0] != header.mark:
                kept.entries[header.list_id] = (header.mark, _whole(connection, header, kept))
        return {header.list_id: kept.entries[header.list_id][1] for header in wanted}


def _of_owner(connection: Connection, wanted: Sequence[Header], owner: str) -> dict[int, Entries]:
    mine = and_(list_rows.c.owner == owner, list_rows.c.list_id.in_([header.list_id for header in wanted]))
    # Summed from the rows: asked for sums per band, SQLite reads whole lists by their bands.
    said = _grouped(connection.execute(select(*_SAID, *_RISKS).where(mine)))
    joined = select(*_SAID, *_RISKS, list_outcomes.c.kind, list_outcomes.c.days).join(list_outcomes, _SAME).where(mine)
    became, codes = _grouped(connection.execute(joined)), dict[str, int]()
    found = {}
    for header in wanted:
        rows, after = said[header.list_id], became[header.list_id]
        sums = [(header.list_id, row.band, *(getattr(row, risk) for risk in WINDOWS)) for row in rows]
        found[header.list_id] = _with_outcomes(header, _said(header, rows, sums, codes), after, after, codes)
    return found


def _whole(connection: Connection, header: Header, kept: _Kept) -> Entries:
    here = list_rows.c.list_id == header.list_id
    if header.list_id not in kept.said:
        rows = connection.execute(select(*_SAID).where(here)).all()
        sums = _sums(connection, here)[header.list_id]
        kept.said[header.list_id] = _said(header, rows, sums, kept.codes)
    after = list_outcomes.c.list_id == header.list_id
    became = connection.execute(select(list_outcomes).where(after)).all()
    gone: Sequence[Row[Any]] = ()
    if any(row.kind != CHURN for row in became):
        # By account: a join would read the whole list once more.
        accounts = select(list_outcomes.c.account_id).where(after, list_outcomes.c.kind != CHURN)
        gone = connection.execute(select(*_SAID, *_RISKS).where(here, list_rows.c.account_id.in_(accounts))).all()
    return _with_outcomes(header, kept.said[header.list_id], became, gone, kept.codes)


def _sums(connection: Connection, which: ColumnElement[bool]) -> Mapping[int, list[Row[Any]]]:
    """Return per list and band the sums of the risks."""
    by_band = select(list_rows.c.list_id, list_rows.c.band, *map(func.sum, _RISKS)).where(which)
    return _grouped(connection.execute(by_band.group_by(list_rows.c.list_id, list_rows.c.band)))


def _grouped(rows: Iterable[Row[Any]]) -> Mapping[int, list[Row[Any]]]:
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


def _said(header: Header, rows: Sequence[Row[Any]], sums: Sequence[Sequence[Any]], codes: dict[str, int]) -> _Said:
    _, accounts, names, *_ = list(zip(*rows, strict=True)) or [()] * len(_SAID)
    place = {band: number for number, band in enumerate(header.bands)}
    expected = {(number, window): 0.0 for number in place.values() for window in WINDOWS}
    for _, band, *of_band in sums:
        for window, total in zip(WINDOWS, of_band, strict=True):
            expected[place[band], window] += total
    numbers = np.array([codes.setdefault(account, len(codes)) for account in accounts], dtype=np.int32)
    return _Said(numbers, np.array([place[band] for band in names], dtype=np.int8), expected)


def _with_outcomes(
    header: Header, said: _Said, became: Sequence[Row[Any]], rows: Sequence[Row[Any]], codes: Mapping[str, int]
) -> Entries:
    """Return the entries with what came of them; `rows` holds at least the rows of those who left view."""
    places = np.zeros(len(codes), dtype=np.int64)
    places[said.accounts] = np.arange(len(said.accounts))
    churn_day, gone_day = np.zeros((2, len(said.accounts)), dtype=np.int16)
    for row in became:
        (churn_day if row.kind == CHURN else gone_day)[places[codes[row.account_id]]] = row.days
    expected = dict(said.expected)
    for row in rows:
        gone = gone_day[places[codes[row.account_id]]]
        for window, (_, end) in WINDOWS.items():
            if 0 < gone <= end:
                expected[header.bands.index(row.band), window] -= getattr(row, window)
    return Entries(said.accounts, said.bands, churn_day, gone_day, expected)
