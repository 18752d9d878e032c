"""The groups of test rows that a model is judged in: a model that only knows the calendar must be visible as such."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from models.protocol import WINDOWS

MAX_SEGMENTS = 8
RENEWAL_DAYS = (0, 30, 60, 90, 180)
TENURE_DAYS = (365, 3 * 365)
TERM_DAYS = (45, 400)

Mask = np.ndarray


def strata(predictions: pd.DataFrame) -> Iterator[tuple[str, Callable[[str], Mask]]]:
    """Yield every stratum's title and a function that returns its rows for one risk.

    By whether the contract ends inside the risk's own window, then by days to renewal, contract type, tenure, size,
    segment, and whether anybody acted on the account. A column that says nothing yields no stratum.
    """
    for title, wanted in (("contract ends inside the window", True), ("contract does not end inside it", False)):
        yield title, lambda risk, wanted=wanted: _ends_inside(predictions, risk) == wanted  # type: ignore[misc]
    for title, rows in _fixed(predictions):
        if 0 < rows.sum() < len(rows):
            yield title, lambda risk, rows=rows: rows  # type: ignore[misc]


def _ends_inside(predictions: pd.DataFrame, risk: str) -> Mask:
    days, (start, end) = predictions["days_to_renewal"].to_numpy(dtype=float), WINDOWS[risk]
    return np.asarray((days >= start) & (days < end))


def _fixed(predictions: pd.DataFrame) -> Iterator[tuple[str, Mask]]:
    yield from _renewal(predictions["days_to_renewal"].to_numpy(dtype=float))
    yield from _contract(predictions["term_days"].to_numpy(dtype=float))
    yield from _tenure(predictions["tenure_days"].to_numpy(dtype=float))
    yield from _size(predictions["arr"].to_numpy(dtype=float))
    counted = predictions["segment"].dropna().value_counts()
    for segment in sorted(counted.index[:MAX_SEGMENTS]):
        yield f"segment {segment}", (predictions["segment"] == segment).to_numpy()
    if "acted_on" in predictions:
        acted = predictions["acted_on"].to_numpy(dtype=bool)
        yield "accounts that were acted on", acted
        yield "accounts that were not acted on", ~acted


def _renewal(days: np.ndarray) -> Iterator[tuple[str, Mask]]:
    for start, end in pairwise(RENEWAL_DAYS):
        yield f"renewal in {start} to {end} days", (days >= start) & (days < end)
    yield f"renewal in more than {RENEWAL_DAYS[-1]} days", days >= RENEWAL_DAYS[-1]
    yield "no renewal date", np.isnan(days)


def _contract(term: np.ndarray) -> Iterator[tuple[str, Mask]]:
    short, year = TERM_DAYS
    yield "monthly contracts", term < short
    yield "contracts of up to a year", (term >= short) & (term < year)
    yield "contracts of more than a year", term >= year
    yield "contracts without an end", np.isnan(term)


def _tenure(days: np.ndarray) -> Iterator[tuple[str, Mask]]:
    first, third = TENURE_DAYS
    yield "customers for less than a year", days < first
    yield "customers for one to three years", (days >= first) & (days < third)
    yield "customers for more than three years", days >= third


def _size(arr: np.ndarray) -> Iterator[tuple[str, Mask]]:
    known = arr[~np.isnan(arr)]
    if not len(known):
        return
    low, high = np.quantile(known, [1 / 3, 2 / 3])
    yield f"ARR below {low:,.0f} (smallest third)", arr < low
    yield f"ARR from {low:,.0f} to {high:,.0f}", (arr >= low) & (arr < high)
    yield f"ARR of {high:,.0f} and more (largest third)", arr >= high
