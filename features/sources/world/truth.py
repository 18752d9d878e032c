"""The oracle: what could be known at an as-of date by someone who sees the hidden health, but no secret decision."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from features.sources.world.arrays import NEVER, Bools, Floats, Ints
from features.sources.world.book import Accounts, Terms
from features.sources.world.health import (
    BEFORE,
    CAUSES,
    DECISION_WEEKS,
    FITS,
    STATES,
    TELLS,
    TELLS_WEEKLY,
    Lives,
    cause_of,
    decision_rates,
    kernels,
    level_of,
    without_cause,
)
from features.sources.world.tables import Columns, coded

EDGES = (0, 30, 60, 90)
AHEAD = 15
"""Weeks before the deadline for which the chance of a decision is tabled: more than 90 days."""
SCHEMES = ((1, 4), (1, 5), (0, DECISION_WEEKS))
"""(monthly, weeks in which a term is decided upon): calendar months give four or five weeks."""


@dataclass(frozen=True)
class Truth:
    """Per account and as-of date, accounts × weeks; column w is the as-of date that ends week w."""

    under_contract: Bools
    told: Bools
    decided: Bools
    chances: Floats
    """accounts × weeks × 3: P(churn in (0,30], (30,60], (60,90] days), unconditional."""
    helped: Floats
    """P(churn in (0,90] days) if the active cause ended at the as-of date; what is decided stays decided."""


@lru_cache
def will_decide() -> Floats:
    """Return P(the account yet decides to leave at a term's end | undecided), schemes × weeks left × fits × states.

    Solved backwards, exactly: V[0] = 0 and V[j] = K (d + (1 − d) V[j−1]) in the weeks that decide on the term;
    before them a monthly account may leave at an earlier end, V[j] = K (1 − d) V[j−1], and others decide nothing.
    """
    value = np.zeros((len(SCHEMES), AHEAD + 1, len(FITS), STATES))
    for scheme, (monthly, window) in enumerate(SCHEMES):
        rate = decision_rates()[monthly]
        for j in range(1, AHEAD + 1):
            here, lost = (rate, rate) if j <= window else (0 * rate, monthly * rate)
            value[scheme, j] = np.einsum("fst,ft->fs", kernels(), here + (1 - lost) * value[scheme, j - 1])
    return value


def _beliefs(accounts: Accounts, terms: Terms, lives: Lives) -> Iterator[tuple[Floats, Floats]]:
    """Yield per week P(undecided) (accounts) and P(secretly decided) (accounts × terms), given that nobody was told.

    The decision does not touch the health, so its probability follows from the path of states alone.
    """
    states = np.concatenate([lives.early, lives.state], axis=1)
    row, decision_term = np.arange(len(states)), terms.decision_term(lives.state.shape[1])
    rates = decision_rates()[accounts.monthly]
    undecided, telling, silent = np.ones(len(states)), np.zeros(terms.ends.shape), np.zeros(terms.ends.shape)
    for column in range(states.shape[1]):
        state, term = states[:, column], decision_term[:, column]
        decides = undecided * np.where((term >= 0) & (state >= 0), rates[row, np.maximum(state, 0)], 0.0)
        telling *= 1 - TELLS_WEEKLY
        telling[row, term] += decides * TELLS
        silent[row, term] += decides * (1 - TELLS)
        over = terms.ends < 7 * (column - BEFORE + 1)
        telling[over] = silent[over] = 0.0
        undecided = undecided - decides
        scale = 1 / (undecided + telling.sum(axis=1) + silent.sum(axis=1))
        undecided, telling, silent = undecided * scale, telling * scale[:, None], silent * scale[:, None]
        if column >= BEFORE:
            yield undecided, telling + silent


def leaving_days(terms: Terms, lives: Lives) -> Ints:
    """Return the day each account leaves: the end of the term it decided upon, NEVER if it stays."""
    end = terms.ends[np.arange(len(terms.ends)), lives.decided_term]
    return np.where(lives.decided_week < NEVER, end, NEVER)


def told_weeks(lives: Lives, leaves: Ints) -> Ints:
    """Return the week in which each leaver gave notice, NEVER if it does not before it leaves."""
    return np.where(7 * (lives.told_week + 1) <= leaves, lives.told_week, NEVER)


def see_through(accounts: Accounts, terms: Terms, lives: Lives) -> Truth:
    """Return the true probabilities of every week."""
    weeks = lives.state.shape[1]
    as_of = 7 * np.arange(1, weeks + 1)
    leaves = leaving_days(terms, lives)[:, None]
    told = told_weeks(lives, leaves[:, 0])[:, None] < np.arange(1, weeks + 1)
    chances, helped = _chances(accounts, terms, lives)
    for i in range(3):
        certain = (leaves - as_of >= EDGES[i]) & (leaves - as_of < EDGES[i + 1])
        chances[:, :, i] = np.where(told, certain, chances[:, :, i])
    return Truth(
        under_contract=(accounts.begins[:, None] < as_of) & (as_of <= leaves),
        told=told,
        decided=lives.decided_week[:, None] < np.arange(1, weeks + 1),
        chances=chances,
        helped=np.where(told, chances.sum(axis=2), helped),
    )


def _chances(accounts: Accounts, terms: Terms, lives: Lives) -> tuple[Floats, Floats]:
    count, weeks = lives.state.shape
    chances, helped = np.zeros((count, weeks, 3)), np.zeros((count, weeks))
    table = will_decide()
    schemes = np.where(accounts.monthly[:, None] == 1, terms.decision_weeks - SCHEMES[0][1], len(SCHEMES) - 1)
    for week, (undecided, decided) in enumerate(_beliefs(accounts, terms, lives)):
        ahead = terms.ends - 7 * (week + 1)
        row, term = np.nonzero((ahead >= 0) & (ahead < EDGES[-1]))
        left = np.clip(terms.deadline_week[row, term] - week, 0, AHEAD)
        state = np.maximum(lives.state[row, week], 0)
        known, open_ = decided[row, term], undecided[row]
        key = (schemes[row, term], left, accounts.fit[row])
        chances[:, week] = _sums(
            row * 3 + ahead[row, term] // 30, known + open_ * table[(*key, state)], 3 * count
        ).reshape(count, 3)
        helped[:, week] = _sums(row, known + open_ * table[(*key, without_cause(state))], count)
    return chances, helped


def _sums(place: Ints, values: Floats, size: int) -> Floats:
    """Add up the values that share a place; 0 where there are none."""
    return np.bincount(place, weights=values, minlength=size).astype(np.float64)


def truth_table(columns: Columns, truth: Truth, lives: Lives) -> pa.Table:
    """Return the oracle's rows: one per account and as-of date while under contract."""
    account, week = np.nonzero(truth.under_contract)
    state = lives.state[account, week]
    cause = cause_of(state)
    since = _since(cause_of(lives.state))[account, week]
    as_of = (columns.calendar.start + 7 * (week + 1)).astype("datetime64[D]")
    began = (columns.calendar.start + 7 * since).astype("datetime64[D]")
    chances: Floats = truth.chances[account, week]
    return pa.table(
        {
            "account_id": columns.account(account),
            "as_of": pa.array(as_of),
            "p_0_30": pa.array(chances[:, 0]),
            "p_30_60": pa.array(chances[:, 1]),
            "p_60_90": pa.array(chances[:, 2]),
            "p_0_90": pa.array(chances.sum(axis=1)),
            "p_0_90_if_helped": pa.array(truth.helped[account, week]),
            "told": pa.array(truth.told[account, week]),
            "decided": pa.array(truth.decided[account, week]),
            "cause": coded(cause, CAUSES, missing=cause == 0),
            "cause_since": pa.array(began, mask=cause == 0),
            "level": pa.array(level_of(state).astype(np.int8)),
        }
    )


def _since(cause: Ints) -> Ints:
    """Return per week the week in which the cause of that week began."""
    week = np.broadcast_to(np.arange(cause.shape[1]), cause.shape)
    changes = np.ones(cause.shape, dtype=np.bool_)
    changes[:, 1:] = cause[:, 1:] != cause[:, :-1]
    return np.maximum.accumulate(np.where(changes, week, 0), axis=1)
