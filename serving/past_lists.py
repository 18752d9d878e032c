"""What happened to the lists: per list and band how many left, against what the list said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from serving.past_counts import HORIZON, WINDOWS, Counted, effective_size, said
from serving.past_disagreements import Disagreed, disagreed
from serving.past_lead import FirstListed, first_listed
from serving.past_reading import Entries, Header, entries, headers

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True)
class PastBand:
    """What came of one band of one list."""

    band: str
    accounts: int
    left_view: int
    """Of whom nobody can say what came of them."""
    counts: Mapping[str, Counted]
    """Per window of WINDOWS that the list is mature for."""

    def sentence(self, window: str = "risk_90") -> str:
        """Return what came of it within a window that is known."""
        return said(self.band, self.counts[window], window)


@dataclass(frozen=True)
class PastList:
    """One published list and what came of it as far as that is known."""

    list_id: int
    as_of: date
    simulated: bool
    known_by: date | None
    """None for a list that nothing is on record about yet."""
    matured_days: int
    bands: tuple[PastBand, ...]
    """The highest first."""

    @property
    def matured(self) -> bool:
        """Whether everything within its horizon is on record."""
        return self.matured_days >= HORIZON

    @property
    def complete_on(self) -> date:
        """The day on which its horizon ends; it is mature once what happened until then is on record."""
        return self.as_of + timedelta(days=HORIZON)

    @property
    def awaited(self) -> bool:
        """Whether its horizon had ended when it was followed last, and only the last records were not in yet."""
        return not self.matured and self.known_by is not None and self.complete_on <= self.known_by

    @property
    def accounts(self) -> int:
        """Accounts in view on this list."""
        return sum(band.accounts for band in self.bands)


@dataclass(frozen=True)
class BandTotal:
    """One band over all mature lists; an account that stood on several of them is one account in the intervals."""

    band: str
    counts: Mapping[str, Counted]

    def sentence(self, window: str = "risk_90") -> str:
        """Return what came of it."""
        return said(f"{self.band} entries", self.counts[window], window)


@dataclass(frozen=True)
class PastLists:
    """What happened to the lists, as far as one viewer may see."""

    lists: tuple[PastList, ...]
    """The newest first."""
    totals: tuple[BandTotal, ...]
    """Over mature lists only; none before a list is mature."""
    first: FirstListed | None
    """When accounts that left had first been on the list; None when none is known to have left."""
    disagreements: tuple[Disagreed, ...]

    @property
    def matured(self) -> int:
        """How many lists are mature."""
        return sum(each.matured for each in self.lists)

    @property
    def known_from(self) -> date | None:
        """When the first list will be mature; None without lists."""
        return self.lists[-1].complete_on if self.lists else None

    def total(self, band: str) -> BandTotal:
        """Return the totals of a band; raises StopIteration when no mature list has it."""
        return next(each for each in self.totals if each.band == band)


def past_lists(engine: Engine, sees: str | None) -> PastLists:
    """Return what happened to the lists, for all accounts or for those that `sees` owned on each list."""
    with engine.connect() as connection:
        found = headers(connection)
        said_otherwise = disagreed(connection, found, sees)
    rows = entries(engine, found, sees)
    mature = [header for header in found if header.mark.matured_days >= HORIZON]
    return PastLists(
        lists=tuple(_past(header, rows[header.list_id]) for header in found),
        totals=_totals(mature, rows),
        first=first_listed(found, rows),
        disagreements=said_otherwise,
    )


def _past(header: Header, rows: Entries) -> PastList:
    mark = header.mark
    bands = tuple(_band(header, rows, place) for place in range(len(header.bands)))
    return PastList(header.list_id, header.as_of, header.simulated, mark.known_by, mark.matured_days, bands)


def _band(header: Header, rows: Entries, place: int) -> PastBand:
    here = rows.bands == place
    counts = {}
    for window, (_, end) in WINDOWS.items():
        if header.mark.matured_days >= end:
            known = int((here & rows.known(window)).sum())
            churned = int((here & rows.churned(window)).sum())
            expected = rows.expected[place, window]
            counts[window] = Counted(known, churned, expected, known, churned, size=known)
    return PastBand(header.bands[place], int(here.sum()), int((here & (rows.gone_day > 0)).sum()), counts)


def _totals(mature: Sequence[Header], rows: Mapping[int, Entries]) -> tuple[BandTotal, ...]:
    names = dict.fromkeys(band for header in mature for band in header.bands)
    return tuple(BandTotal(band, {window: _total(mature, rows, band, window) for window in WINDOWS}) for band in names)


def _total(mature: Sequence[Header], rows: Mapping[int, Entries], band: str, window: str) -> Counted:
    accounts, churned, expected = [], [], 0.0
    for header in mature:
        if band in header.bands:
            here, place = rows[header.list_id], header.bands.index(band)
            mine = (here.bands == place) & here.known(window)
            accounts.append(here.accounts[mine])
            churned.append(here.churned(window)[mine])
            expected += here.expected[place, window]
    codes, left = np.concatenate(accounts), np.concatenate(churned)
    by_account = np.bincount(codes).astype(float)
    there = by_account > 0
    by_account, left_by_account = by_account[there], np.bincount(codes, left).astype(float)[there]
    size = effective_size(by_account, left_by_account)
    churners = int((left_by_account > 0).sum())
    return Counted(len(codes), int(left.sum()), expected, len(by_account), churners, size)
