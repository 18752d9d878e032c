"""An account beside its peers: the rows of a snapshot, compared within their as-of date."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.grid import Floats, Ints
from features.observed import Observed

ENOUGH = 10
"""Accounts, or values, that a comparison needs."""
YEAR = 52

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Accounts:
    """A stretch of accounts, in the cohort or not, at each as-of date (accounts × as-of dates)."""

    chosen: Mask
    """Whether the account is in the cohort: the rows of the snapshot are these, account by account."""
    in_force: Mask
    in_force_before: Mask
    """Whether a contract was in force a year before, as known then."""
    groups: Mapping[str, Ints]
    """Attribute to a number for each of its texts; −1 where it is not given."""

    @classmethod
    def of(cls, seen: Observed, chosen: Mask, texts: Mapping[str, dict[str, int]]) -> "Accounts":
        """Return what comparisons need of these accounts; `texts` numbers the texts of each attribute and grows."""
        in_force = seen.contract.in_force
        return cls(
            chosen,
            seen.at(in_force),
            seen.before(in_force.astype(np.float64), YEAR) == 1,
            {name: seen.numbered(name, codes).astype(np.int32) for name, codes in texts.items()},
        )

    @classmethod
    def joined(cls, parts: Sequence["Accounts"]) -> "Accounts":
        """Return all stretches as one."""
        return cls(
            np.concatenate([part.chosen for part in parts]),
            np.concatenate([part.in_force for part in parts]),
            np.concatenate([part.in_force_before for part in parts]),
            {name: np.concatenate([part.groups[name] for part in parts]) for name in parts[0].groups},
        )


class Peers:
    """The rows of a snapshot: every array here has one number for each of them.

    Rows are compared with those of the same as-of date only, and within a group of accounts; nothing outside the
    group changes what is said of it.
    """

    def __init__(self, accounts: Accounts, values: Mapping[str, Floats], untracked: Mapping[str, Mask]) -> None:
        self._accounts, self._values, self._untracked = accounts, values, untracked
        self._rows = np.nonzero(accounts.chosen)

    def own(self, feature: str) -> Floats:
        """Return the row's own value of a feature that needs no peers."""
        return self._values[feature]

    def untracked(self, feature: str) -> Mask:
        """Say where the feature was not tracked."""
        return self._untracked[feature]

    def median(self, feature: str) -> Floats:
        """Return the middle value of the segment's rows that have one, the row itself included.

        NaN with fewer than ENOUGH of them, and without a segment.
        """
        values = self._values[feature]
        out = np.full(len(values), np.nan)
        for rows in self._segments:
            given = values[rows]
            given = given[~np.isnan(given)]
            if len(given) >= ENOUGH:
                out[rows] = _middle(given)
        return out

    def churn(self, attribute: str) -> Floats:
        """Return the share no longer under contract, of the accounts with the same text that were a year before.

        NaN with fewer than ENOUGH of them, without a text, and where the year reaches back before the grid.
        """
        before = self._accounts.in_force_before
        count, gone = (self._count(attribute, which) for which in (before, before & ~self._accounts.in_force))
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._of_row(attribute, np.where(count >= ENOUGH, gone / count, np.nan))

    def load(self, attribute: str) -> Floats:
        """Return how many accounts with the same text are under contract now; NaN without a text."""
        return self._of_row(attribute, self._count(attribute, self._accounts.in_force))

    @cached_property
    def _segments(self) -> list[Ints]:
        """The rows of each segment at each as-of date, if there are enough."""
        account, at = self._rows
        segment = self._groups("segment")[account, at].astype(np.int64)
        here = np.flatnonzero(segment >= 0)
        group = segment[here] * self._accounts.chosen.shape[1] + at[here]
        order = np.argsort(group, kind="stable")
        edges = np.flatnonzero(np.diff(group[order])) + 1
        return [rows for rows in _split(here[order], edges) if len(rows) >= ENOUGH]

    def _groups(self, attribute: str) -> Ints:
        if attribute not in self._accounts.groups:
            raise LookupError(f"no peer feature reads accounts.{attribute}")
        return self._accounts.groups[attribute]

    def _count(self, attribute: str, which: Mask) -> Floats:
        """Return how many marked accounts have each text (texts × as-of dates)."""
        groups = self._groups(attribute)
        as_ofs = groups.shape[1]
        account, at = np.nonzero(which & (groups >= 0))
        size = (int(groups.max(initial=-1)) + 1) * as_ofs
        return np.bincount(groups[account, at] * as_ofs + at, minlength=size).reshape(-1, as_ofs).astype(np.float64)

    def _of_row(self, attribute: str, by_group: Floats) -> Floats:
        """Return each row's number of its group; NaN without a group."""
        account, at = self._rows
        group = self._groups(attribute)[account, at]
        return np.vstack([by_group, np.full((1, by_group.shape[1]), np.nan)])[group, at]


def _split(rows: Ints, edges: Ints) -> Iterator[Ints]:
    for first, stop in zip(np.r_[0, edges], np.r_[edges, len(rows)], strict=True):
        yield rows[first:stop]


def _middle(values: Floats) -> float:
    """Return the median, as numpy does but without its preparations, which cost more than the search itself."""
    half, odd = divmod(len(values), 2)
    if odd:
        return float(np.partition(values, half)[half])
    low, high = np.partition(values, (half - 1, half))[half - 1 : half + 1]
    return float((low + high) / 2)
