"""What each feature costs to compute: CPU seconds on a sample of accounts, in the order in which they are computed."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from features.outcome import OutcomeContract

if TYPE_CHECKING:
    from features.book import Book
    from features.catalogue import Feature

SAMPLE = 1_000
"""Accounts computed: as many as a snapshot computes together."""


def feature_seconds(book: "Book", as_ofs: Sequence[date], contract: OutcomeContract) -> dict[str, float]:
    """Return CPU seconds per available feature; a window that several read is paid by the first that asks for it."""
    from features.beginnings import beginnings
    from features.cohort import eligible
    from features.history import read_history
    from features.observed import Observed
    from features.peers import Accounts
    from features.sheet import Sheet
    from features.snapshot import available, week_grid

    dates = sorted(set(as_ofs))
    history = read_history(book, week_grid(book, dates))
    weeks = np.array([history.grid.index(each) for each in dates], dtype=np.int64)
    sample, whole = history.part(0, min(SAMPLE, len(history.accounts))), beginnings(history)
    spent: dict[str, float] = defaultdict(float)
    features = tuple(_timed(each, spent) for each in available(book)[0])
    seen = Observed(sample, weeks, whole)
    chosen = eligible(seen, contract)
    sheet = Sheet.blank(int(chosen.sum()), features)
    sheet.observe(seen, chosen, 0)
    columns = {name.partition(".")[2] for each in features for name in each.reads if name.startswith("accounts.")}
    accounts = Accounts.of(seen, chosen, {column: {} for column in columns})
    sheet.compare(accounts, seen.tracked_weeks[chosen].astype(np.int16), weeks, whole)
    return dict(spent)


def _timed(feature: "Feature", spent: dict[str, float]) -> "Feature":
    """Return the feature with a stopwatch around its computation."""

    def compute(seen: Any) -> Any:  # noqa: ANN401  Observed or Peers
        began = time.process_time()
        try:
            return feature.compute(seen)
        finally:
            spent[feature.name] += time.process_time() - began

    return replace(feature, compute=compute)
