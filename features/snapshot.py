"""Snapshots: one row of features per eligible account and as-of date, as it was known then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.catalogue import Feature, catalogue, catalogue_digest
from features.cohort import eligible, why_not
from features.errors import ContractError, UsageError
from features.observed import Observed
from features.outcome import OutcomeContract
from features.standing import standing


@dataclass(frozen=True)
class Snapshot:
    """Features and standing of the cohort at each as-of date.

    `frame` and `standing` share the index (account_id, as_of); `facts` (the numbers that sentences name) and
    `not_scored` are of the last as-of date only.
    """

    frame: pd.DataFrame
    standing: pd.DataFrame
    facts: pd.DataFrame
    not_scored: pd.DataFrame
    features: tuple[Feature, ...]
    catalogue_digest: str
    outcome_digest: str
    left_out: Mapping[str, str]


def available(book: Book) -> tuple[tuple[Feature, ...], dict[str, str]]:
    """Return the features whose tables are there, and for the others why they are left out."""
    kept, left_out = [], {}
    for each in catalogue():
        absent = [name for name in each.reads if not _has(book, name)]
        if absent:
            left_out[each.name] = f"{', '.join(absent)} is not mapped"
        else:
            kept.append(each)
    return tuple(kept), left_out


def _has(book: Book, name: str) -> bool:
    table, _, column = name.partition(".")
    return book.has(table, *([column] if column else []))


def week_grid(book: Book, last: date) -> WeekGrid:
    """Return the weeks from the first use to `last`; raises UsageError when all use lies at or after `last`."""
    ((first,),) = book.con.execute("SELECT CAST(min(occurred_at) AS DATE) FROM usage").fetchall()
    if first is None:
        raise ContractError("usage: no row is left after the checks; map the table that holds what users did")
    if first >= last:
        raise UsageError(f"as-of {last} lies before all data: the first use is of {first}; choose a later as-of date")
    return WeekGrid.ending(last, first)


def observe(book: Book, as_ofs: Sequence[date]) -> tuple[Observed, NDArray[np.object_]]:
    """Return what was known at the as-of dates, and the account ids that its rows stand for."""
    grid = week_grid(book, max(as_ofs))
    query = f"SELECT DISTINCT account_id FROM accounts WHERE created_at < TIMESTAMP '{grid.last}' ORDER BY 1"
    ids = np.array([row[0] for row in book.con.execute(query).fetchall()], dtype=object)
    weeks = np.array(sorted({grid.index(each) for each in as_ofs}), dtype=np.int64)
    return Observed(book, grid, ids, weeks), ids


def take_snapshot(book: Book, as_ofs: Sequence[date], contract: OutcomeContract) -> Snapshot:
    """Compute every available feature for the cohort of each as-of date.

    Raises UsageError when an as-of date does not end a week of the data.
    """
    if not as_ofs:
        raise UsageError("no as-of date was asked for")
    seen, ids = observe(book, as_ofs)
    chosen = eligible(seen, contract)
    index = _index(ids, sorted(set(as_ofs)), chosen)
    features, left_out = available(book)
    frame, facts = _compute(seen, features, chosen)
    reasons = why_not(seen, contract)
    names = seen.attribute("name")[:, -1]
    excluded = [place for place, why in enumerate(reasons) if why]
    return Snapshot(
        frame=pd.DataFrame(frame, index=index, columns=[each.name for each in features], copy=False),
        standing=standing(seen, chosen, index),
        facts=pd.DataFrame(facts, index=pd.Index(ids[chosen[:, -1]].astype(str), name="account_id")),
        not_scored=pd.DataFrame(
            {
                "account_id": ids[excluded].astype(str),
                "name": names[excluded],
                "why": [reasons[place] for place in excluded],
            }
        ),
        features=features,
        catalogue_digest=catalogue_digest(features),
        outcome_digest=contract.digest,
        left_out=left_out,
    )


def _index(ids: NDArray[np.object_], as_ofs: Sequence[date], chosen: NDArray[np.bool_]) -> pd.MultiIndex:
    account, place = np.nonzero(chosen)
    dates = np.array(as_ofs, dtype="datetime64[s]")
    levels = [pd.Index(ids.astype(str)), pd.DatetimeIndex(dates)]
    return pd.MultiIndex(levels=levels, codes=[account.tolist(), place.tolist()], names=["account_id", "as_of"])


def _compute(
    seen: Observed, features: Sequence[Feature], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return the chosen rows × features, and the facts of the chosen rows of the last as-of date."""
    frame = np.empty((int(chosen.sum()), len(features)), order="F")
    facts = {}
    for place, each in enumerate(features):
        column = each.compute(seen)
        frame[:, place] = column.values[chosen]
        for name, fact in column.facts.items():
            facts[f"{each.name}.{name}"] = fact[:, -1][chosen[:, -1]]
    return frame, facts
