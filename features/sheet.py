"""The numbers of a snapshot as they are written down: first what each account shows, then what compares accounts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.beginnings import Beginnings
from features.catalogue import Column, Feature
from features.grid import Floats, Ints
from features.observed import Observed
from features.peers import Accounts, Peers

Columns = dict[str, NDArray[Any]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Sheet:
    """Rows × features, filled from the top; rows are accounts in their order, and the as-of dates within each."""

    features: Sequence[Feature]
    values: Floats
    untracked: Mask
    """Where nothing recorded the value; NaN there."""

    @classmethod
    def blank(cls, rows: int, features: Sequence[Feature]) -> "Sheet":
        """Return a sheet for at most so many rows; those that stay empty are never touched and cost no memory."""
        shape = (rows, len(features))
        return cls(features, np.empty(shape, order="F"), np.zeros(shape, dtype=bool, order="F"))

    def top(self, rows: int) -> "Sheet":
        """Return the first rows alone."""
        return Sheet(self.features, self.values[:rows], self.untracked[:rows])

    def observe(self, seen: Observed, chosen: Mask, first: int) -> Columns:
        """Write what the chosen account and as-of pairs show from row `first` on.

        Return the facts of those of the last as-of date.
        """
        pairs = np.flatnonzero(chosen)
        here, facts = slice(first, first + len(pairs)), {}
        lacks = _Lacks(seen.tracked_weeks.ravel()[pairs], pairs % chosen.shape[1], seen.begun)
        for place, each in self._of_peers(False):
            column = each.compute(seen)
            # Clipping leaves out the buffer that checking the places would need.
            np.take(column.values.ravel(), pairs, out=self.values[here, place], mode="clip")
            if column.untracked is not None:
                self._blank(here, place, np.broadcast_to(column.untracked, chosen.shape).ravel()[pairs])
            self._blank(here, place, lacks.of(each))
            for name, fact in column.facts.items():
                facts[f"{each.name}.{name}"] = fact[:, -1][chosen[:, -1]]
        return facts

    def compare(self, accounts: Accounts, tracked_weeks: NDArray[np.int16], weeks: Ints, book: Beginnings) -> Columns:
        """Write the features that compare rows; return the facts of those of the last as-of date."""
        at = np.nonzero(accounts.chosen)[1]
        every, facts = slice(None), {}
        lacks = _Lacks(tracked_weeks, at, lambda table: book.begun(table)[weeks])
        peers = Peers(accounts, self._named(self.values), self._named(self.untracked))
        for place, each in self._of_peers(True):
            column: Column = each.compute(peers)
            self.values[:, place] = column.values
            self._blank(every, place, column.untracked)
            self._blank(every, place, lacks.of(each))
            for name, fact in column.facts.items():
                facts[f"{each.name}.{name}"] = fact[at == len(weeks) - 1]
        return facts

    def said_untracked(self, chosen: Mask) -> Columns:
        """Return per feature whether it is not tracked (1 or 0) in the rows of the last as-of date."""
        last = np.nonzero(chosen)[1] == chosen.shape[1] - 1
        marked = self.untracked[last].astype(np.float64)
        return {f"{each.name}.untracked": marked[:, place] for place, each in enumerate(self.features)}

    def frame(self, numbers: NDArray[Any], index: pd.MultiIndex) -> pd.DataFrame:
        """Return the values, or where they are not tracked, under the names of the features."""
        return pd.DataFrame(numbers, index=index, columns=[each.name for each in self.features], copy=False)

    def _of_peers(self, of_peers: bool) -> Iterator[tuple[int, Feature]]:
        return ((place, each) for place, each in enumerate(self.features) if each.of_peers == of_peers)

    def _named(self, numbers: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        return {each.name: numbers[:, place] for place, each in self._of_peers(False)}

    def _blank(self, rows: slice, place: int, mask: Mask | None) -> None:
        if mask is not None and mask.any():
            np.copyto(self.values[rows, place], np.nan, where=mask)
            self.untracked[rows, place] |= mask


class _Lacks:
    """Which rows lack the recorded use or the tables that a feature needs."""

    def __init__(self, tracked_weeks: NDArray[Any], at: Ints, begun: Callable[[str], Mask]) -> None:
        self._tracked_weeks, self._at, self._begun = tracked_weeks, at, begun
        self._found: dict[tuple[int, tuple[str, ...]], Mask | None] = {}

    def of(self, feature: Feature) -> Mask | None:
        """Return the rows in which the feature is not tracked; None where it is in all."""
        key = (feature.history, feature.tables)
        if key not in self._found:
            lacks = self._tracked_weeks < feature.history
            for table in feature.tables:
                lacks |= ~self._begun(table)[self._at]
            self._found[key] = lacks if lacks.any() else None
        return self._found[key]
