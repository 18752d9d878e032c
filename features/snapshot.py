"""Snapshots: one row of features per eligible account and as-of date, as it was known then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.beginnings import beginnings
from features.book import Book
from features.calendar import WeekGrid
from features.catalogue import Feature, catalogue, catalogue_digest
from features.cohort import eligible, why_not
from features.errors import ContractError, UsageError
from features.history import read_history
from features.observed import Observed
from features.outcome import OutcomeContract
from features.peers import Accounts
from features.sheet import Columns, Sheet
from features.standing import shown, standing
from features.stream import first_use

SHARD = 1_000
"""Accounts computed together: few enough for the processor's cache."""


@dataclass(frozen=True)
class Snapshot:
    """Features and standing of the cohort at each as-of date.

    `frame`, `standing` and `untracked` share the index (account_id, as_of); `facts` (the numbers that sentences name,
    and per feature `NAME.untracked`, 1 where it is not tracked), `shown` and `not_scored` are of the last as-of date
    only. Models are given `frame` and `standing`, never `shown`.
    """

    frame: pd.DataFrame
    standing: pd.DataFrame
    facts: pd.DataFrame
    not_scored: pd.DataFrame
    features: tuple[Feature, ...]
    catalogue_digest: str
    outcome_digest: str
    left_out: Mapping[str, str]
    untracked: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Where a value of `frame` is missing because nothing recorded it then."""
    shown: pd.DataFrame = field(default_factory=pd.DataFrame)
    """What a list shows beside the risk of each account: sponsor, sponsor_since, customer_contact, last_use."""


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


def week_grid(book: Book, as_ofs: Sequence[date]) -> WeekGrid:
    """Return the weeks up to the last as-of date; raises UsageError when one lies before all use."""
    first = first_use(book)
    if first is None:
        raise ContractError("usage: no row is left after the checks; map the table that holds what users did")
    if first >= min(as_ofs):
        raise UsageError(
            f"as-of {min(as_ofs)} lies before all data: the first use is of {first}; choose a later as-of date"
        )
    return WeekGrid.ending(max(as_ofs), first, min(as_ofs))


def take_snapshot(book: Book, as_ofs: Sequence[date], contract: OutcomeContract) -> Snapshot:
    """Compute every available feature for the cohort of each as-of date.

    First what each account shows, a stretch of accounts at a time; then what compares the rows with one another.
    Raises UsageError when an as-of date does not end a week of the data.
    """
    if not as_ofs:
        raise UsageError("no as-of date was asked for")
    dates = sorted(set(as_ofs))
    history = read_history(book, week_grid(book, dates), dates[0])
    weeks = np.array([history.grid.index(each) for each in dates], dtype=np.int64)
    features, left_out = available(book)
    whole, texts = beginnings(history), _compared(features)
    sheet = Sheet.blank(len(history.accounts) * len(dates), features)
    parts: list[_Part] = []
    for shard in history.shards(SHARD):
        seen, first = Observed(shard, weeks, whole), sum(part.rows for part in parts)
        parts.append(_part(seen, dates[-1], contract, sheet, first, texts))
    sheet = sheet.top(sum(part.rows for part in parts))
    accounts, facts = Accounts.joined([part.accounts for part in parts]), _joined([part.facts for part in parts])
    if texts:
        facts |= sheet.compare(accounts, np.concatenate([part.tracked_weeks for part in parts]), weeks, whole)
    index = _index(history.accounts, dates, accounts.chosen)
    scored = pd.Index(history.accounts[accounts.chosen[:, -1]].astype(str), name="account_id")
    return Snapshot(
        frame=sheet.frame(sheet.values, index),
        standing=_standing([part.standing for part in parts], index),
        facts=pd.DataFrame(facts | sheet.said_untracked(accounts.chosen), index=scored),
        not_scored=pd.DataFrame(_joined([part.not_scored for part in parts])),
        features=features,
        catalogue_digest=catalogue_digest(features),
        outcome_digest=contract.digest,
        left_out=left_out,
        untracked=sheet.frame(sheet.untracked, index),
        shown=pd.DataFrame(_joined([part.shown for part in parts]), index=scored),
    )


Texts = Mapping[str, dict[str, int]]


def _compared(features: Sequence[Feature]) -> Texts:
    """Return the attributes that accounts are compared by, each with an empty numbering of its texts."""
    reads = [name.partition(".") for each in features if each.of_peers for name in each.reads]
    return {column: {} for table, _, column in reads if table == "accounts" and column}


@dataclass(frozen=True)
class _Part:
    """The snapshot of one stretch of accounts; its values stand on the sheet."""

    accounts: Accounts
    rows: int
    tracked_weeks: NDArray[np.int16]
    """Of each row."""
    standing: Columns
    facts: Columns
    not_scored: Columns
    shown: Columns


def _part(seen: Observed, as_of: date, contract: OutcomeContract, sheet: Sheet, first: int, texts: Texts) -> _Part:
    """Compute one stretch of accounts; its feature values are written to the sheet from row `first` on."""
    chosen = eligible(seen, contract)
    reasons = np.array(why_not(seen, contract), dtype=object)
    excluded = np.flatnonzero(reasons != "")
    known = {name: seen.attribute(name)[excluded, -1] for name in ("name", "owner", "segment")}
    not_scored = {"account_id": seen.accounts[excluded], **known, "why": reasons[excluded]}
    return _Part(
        Accounts.of(seen, chosen, texts),
        int(chosen.sum()),
        seen.tracked_weeks[chosen].astype(np.int16),
        standing(seen, chosen),
        sheet.observe(seen, chosen, first),
        not_scored,
        shown(seen, chosen[:, -1], as_of),
    )


def _standing(parts: Sequence[Columns], index: pd.MultiIndex) -> pd.DataFrame:
    """Join the columns; text stays an object, as pandas would make NaN of the None of its own text type."""
    columns = {name: pd.Series(values, index, dtype=values.dtype) for name, values in _joined(parts).items()}
    return pd.DataFrame(columns, index=index)


def _joined(parts: Sequence[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _index(ids: NDArray[np.object_], as_ofs: Sequence[date], chosen: NDArray[np.bool_]) -> pd.MultiIndex:
    account, place = np.nonzero(chosen)
    levels = [pd.Index(ids.astype(str)), pd.DatetimeIndex(np.array(as_ofs, dtype="datetime64[s]"))]
    codes: Any = [account, place]
    return pd.MultiIndex(levels=levels, codes=codes, names=["account_id", "as_of"], verify_integrity=False)
