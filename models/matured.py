"""The rows that a signal is judged on: those whose label is known, with the churn that each of them led to."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import ContractError
from features.labels import label, window_label
from features.outcome import OutcomeContract

if TYPE_CHECKING:
    from features.snapshot import Snapshot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

QUARTER_DAYS = 91
PERIOD_CHURNS = 20
"""Churned accounts that a period should hold on average: with fewer, quarters are joined to half-years or years."""


@dataclass(frozen=True)
class Matured:
    """Rows whose horizon has passed by the as-of date, ordered by account and as-of date."""

    frame: pd.DataFrame
    """The snapshot's values, all rows in its own order."""
    order: Ints
    """The rows of `frame` that have matured."""
    churned: Floats
    account: Ints
    as_of: NDArray[np.datetime64]
    second: Bools
    """Whether the row's account belongs to the second half, drawn by a digest of its id."""
    days: Floats
    """Days to the next churn known; NaN without one."""

    def values(self, name: str) -> Floats:
        """Return a feature's values in the order of these rows."""
        return np.asarray(self.frame[name].to_numpy(dtype=np.float64)[self.order])

    def churned_accounts(self, rows: Bools) -> int:
        """Return how many accounts have a churned row among these."""
        return len(np.unique(self.account[rows & (self.churned == 1)]))

    @property
    def accounts(self) -> int:
        """Number of accounts with a matured row."""
        return int(self.account[-1]) + 1

    @cached_property
    def period_days(self) -> int:
        """Days of one period: a quarter, or with few churns half a year or a year."""
        behind = self._days_back() // QUARTER_DAYS
        quarters = int(behind.max()) + 1
        known = self.churned == 1
        churns = len(np.unique(np.stack([self.account[known], behind[known]]), axis=1).T)
        joined = next((n for n in (1, 2) if n * churns >= PERIOD_CHURNS * quarters), 4)
        return joined * QUARTER_DAYS

    @cached_property
    def period(self) -> Ints:
        """The period of each row, the oldest 0; periods end at the last matured as-of date."""
        back = self._days_back() // self.period_days
        return np.asarray(back.max() - back)

    @cached_property
    def periods(self) -> list[tuple[date, date]]:
        """First and last as-of date of each period."""
        days = self.as_of.astype("datetime64[D]")
        spans = [days[self.period == each] for each in range(int(self.period.max()) + 1)]
        return [(span.min().item(), span.max().item()) if len(span) else (date.max, date.max) for span in spans]

    @cached_property
    def before_churn(self) -> tuple[Ints, Ints]:
        """The rows that lead to a churn all of whose rows have matured, and where each churn's rows begin in them."""
        at = self.as_of + np.where(np.isnan(self.days), 0, self.days * 86_400).astype("timedelta64[s]")
        rows = np.flatnonzero(~np.isnan(self.days) & (at <= self.as_of.max()))
        if not len(rows):
            return rows, rows
        new = (np.diff(self.account[rows]) != 0) | (np.abs(np.diff(at[rows]).astype(np.int64)) > 1)
        return rows, np.concatenate([[0], np.flatnonzero(new) + 1])

    def _days_back(self) -> Ints:
        day = self.as_of.astype("datetime64[D]").astype(np.int64)
        return np.asarray(day.max() - day)


def matured(snapshot: "Snapshot", outcomes: pd.DataFrame, contract: OutcomeContract, as_of: date) -> Matured:
    """Return the rows before `as_of` whose label over the horizon was known by then.

    Raises ContractError when there are none, or only one class.
    """
    index: Any = snapshot.frame.index
    labels = label(outcomes, index, contract, as_of)
    churned = window_label(labels, 0, contract.horizon_days).to_numpy()
    ids, when = index.get_level_values("account_id"), index.get_level_values("as_of").to_numpy(dtype="datetime64[s]")
    known = np.flatnonzero(~np.isnan(churned) & (when < np.datetime64(as_of, "s")))
    if not len(known) or len(np.unique(churned[known])) < 2:
        churns = int(np.nansum(churned[known]))
        raise ContractError(
            f"signals: {len(known):,} rows have matured by {as_of} and {churns} of them churned: a signal needs rows "
            "of both kinds; use a later as-of date or add history ([calendar] history_weeks)"
        )
    account, names = pd.factorize(np.asarray(ids)[known].astype(str), sort=True)
    order = np.lexsort((when[known], account))
    second = np.array([crc32(str(name).encode()) >> 8 & 1 for name in names], dtype=bool)
    chosen = known[order]
    return Matured(
        frame=snapshot.frame,
        order=chosen,
        churned=churned[chosen],
        account=np.asarray(account[order], dtype=np.int64),
        as_of=when[chosen],
        second=second[account[order]],
        days=labels["days"].to_numpy()[chosen],
    )
