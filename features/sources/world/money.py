"""Money: contract terms with their prices, invoices, and the outcomes."""

from dataclasses import dataclass

import numpy as np

from features.sources.world.arrays import DAY, NEVER, Floats, Ints, instants, segments
from features.sources.world.book import MONTHS, PRICES, Accounts, Calendar, Terms
from features.sources.world.health import CAUSES, Lives, cause_of, level_of

BUDGET = CAUSES.index("budget")
GROWS = np.array([0.38, 0.30, 0.12, 0.05, 0.03])
SHRINKS = np.array([0.04, 0.06, 0.20, 0.34, 0.40])
"""Share of renewals with more and with fewer seats, by level."""
MONTHLY_CHANGES = 0.10
DISCOUNTED, DISCOUNTED_LATER = 0.35, 0.08
"""Share of the terms of a year or longer that begin with a discount: first terms, renewals."""
REASONS = ("other", "sponsor left", "low adoption", "support", "poor fit", "budget", "merger or insolvency")
SUDDEN_REASON = len(REASONS) - 1


@dataclass(frozen=True)
class Signed:
    """Contract rows ordered by account and term."""

    account: Ints
    term: Ints
    starts: Ints
    ends: Ints
    seats: Ints
    mrr: Floats
    recorded: Ints
    """Microseconds since day 0; a renewal is on record when its term begins, not before."""
    before: Floats
    """What the account paid in the term before; NaN in its first."""


def draw_signed(
    rng: np.random.Generator, accounts: Accounts, terms: Terms, lives: Lives, leaves: Ints, calendar: Calendar
) -> Signed:
    """Draw the rows of all terms that began while the account stayed and before the data end."""
    seats, price = _prices(rng, accounts, terms, lives)
    mrr = np.round(seats * price * (PRICES[accounts.plan] * accounts.discount)[:, None], 2)
    before = np.concatenate([np.full((len(accounts), 1), np.nan), mrr[:, :-1]], axis=1)
    account, term = np.nonzero(terms.starts < np.minimum(leaves, calendar.days)[:, None])
    starts = terms.starts[account, term]
    first = instants(rng, np.minimum(accounts.signed, accounts.begins - 1))
    return Signed(
        account,
        term,
        starts,
        terms.ends[account, term],
        seats[account, term],
        mrr[account, term],
        recorded=np.where(term == 0, first[account], starts * DAY),
        before=before[account, term],
    )


def _prices(rng: np.random.Generator, accounts: Accounts, terms: Terms, lives: Lives) -> tuple[Ints, Floats]:
    """Return seats and price factor per account and term: both may change at a renewal."""
    count, most = terms.starts.shape
    weeks = lives.state.shape[1]
    seats, price = np.empty((count, most), dtype=np.int64), np.ones((count, most))
    seats[:, 0] = accounts.seats
    often = np.where(accounts.monthly == 1, MONTHLY_CHANGES, 1.0)
    for n in range(1, most):
        week = np.clip(terms.starts[:, n] // 7 - 1, 0, weeks - 1)
        level = level_of(np.maximum(lives.state[np.arange(count), week], 0))
        chance, size = rng.random(count), rng.random(count)
        grows, shrinks = chance < GROWS[level] * often, chance > 1 - SHRINKS[level] * often
        factor = np.where(grows, 1.05 + 0.3 * size, np.where(shrinks, 0.6 + 0.32 * size, 1.0))
        seats[:, n] = np.maximum(np.rint(seats[:, n - 1] * factor), 1)
        raised = rng.random(count) < 0.5 * np.where(accounts.monthly == 1, 0.06, 1.0)
        price[:, n] = price[:, n - 1] * np.where(raised, 1 + 0.06 * rng.random(count), 1.0)
    return seats, price


def draw_discounts(rng: np.random.Generator, accounts: Accounts, signed: Signed, calendar: Calendar) -> Ints:
    """Return the day on which a term's discount ends, NEVER without one: some first terms have one, few later ones.

    It moves neither the health nor the decision.
    """
    months = rng.choice([3, 6, 12], len(signed.account), p=[0.3, 0.4, 0.3])
    given = rng.random(len(signed.account)) < np.where(signed.term == 0, DISCOUNTED, DISCOUNTED_LATER)
    month = (calendar.start + signed.starts).astype("datetime64[M]")
    offset = (calendar.start + signed.starts - month.astype("datetime64[D]")).astype(np.int64)
    ends = ((month + months).astype("datetime64[D]") + offset - calendar.start).astype(np.int64)
    return np.where(given & (MONTHS[accounts.kind[signed.account]] >= 12), ends, NEVER)


@dataclass(frozen=True)
class Invoices:
    """Invoice rows; `paid` is NEVER days where open; microseconds since day 0."""

    account: Ints
    due: Ints
    amount: Floats
    paid: Ints


def draw_invoices(
    rng: np.random.Generator, accounts: Accounts, signed: Signed, lives: Lives, leaves: Ints, calendar: Calendar
) -> Invoices:
    """Draw invoices, monthly or quarterly in advance, due after two weeks; tight budgets pay late or never."""
    months = np.where(accounts.monthly == 1, 1, 3)
    per_term = MONTHS[accounts.kind] // months
    row, position = segments(per_term[signed.account])
    account = signed.account[row]
    month = (calendar.start + signed.starts[row]).astype("datetime64[M]")
    offset = (calendar.start + signed.starts[row] - month.astype("datetime64[D]")).astype(np.int64)
    begins = (month + position * months[account]).astype("datetime64[D]") + offset
    due = (begins - calendar.start).astype(np.int64) + 14
    keep = (due >= 0) & (due < np.minimum(leaves[account], calendar.days))
    row, account, due = row[keep], account[keep], due[keep]
    state = np.maximum(lives.state[account, due // 7], 0)
    tight, level = cause_of(state) == BUDGET, level_of(state)
    habit = rng.exponential(4.0, len(accounts))[account]
    late = rng.normal(-5, 4, len(due)) + habit + np.where(tight, rng.exponential(1, len(due)) * (9 + 8 * level), 0)
    never = rng.random(len(due)) < np.where(tight & (level >= 3), 0.06, 0.002)
    paid = instants(rng, due + np.maximum(late, -13).astype(np.int64))
    amount = np.round(signed.mrr[row] * months[account], 2)
    return Invoices(account, due * DAY, amount, np.where(never, NEVER * DAY, paid))


@dataclass(frozen=True)
class Outcomes:
    """Outcome rows; `noticed` is NEVER days where nobody gave notice; microseconds since day 0."""

    account: Ints
    churn: Ints
    effective: Ints
    noticed: Ints
    recorded: Ints
    reason: Ints
    amount: Floats


def draw_outcomes(
    rng: np.random.Generator, signed: Signed, lives: Lives, leaves: Ints, noticed: Ints, calendar: Calendar
) -> Outcomes:
    """Draw churns (the last term's end) and contractions (a renewal that costs less), recorded within days."""
    last = np.append(signed.account[1:] != signed.account[:-1], True)
    churned = last & (leaves[signed.account] < calendar.days)
    shrunk = (signed.mrr < 0.97 * signed.before) & (signed.starts >= 0)
    account = np.concatenate([signed.account[churned], signed.account[shrunk]])
    churn = np.repeat([1, 0], [churned.sum(), shrunk.sum()])
    effective = np.where(churn == 1, leaves[account], np.concatenate([signed.starts[churned], signed.starts[shrunk]]))
    amount = np.concatenate([signed.mrr[churned], (signed.before - signed.mrr)[shrunk]])
    recorded = effective * DAY + (rng.random(len(account)) * 5 * DAY).astype(np.int64)
    order = np.lexsort((effective, account))
    order = order[recorded[order] < calendar.days * DAY]
    churn, account = churn[order], account[order]
    return Outcomes(
        account=account,
        churn=churn,
        effective=effective[order] * DAY,
        noticed=np.where(churn == 1, noticed[account], NEVER * DAY),
        recorded=recorded[order],
        reason=np.where(churn == 1, _reasons(lives)[account], 0),
        amount=np.round(amount[order], 2),
    )


def _reasons(lives: Lives) -> Ints:
    """Return the index in REASONS: the last cause before the decision, or the sudden one."""
    week = np.arange(lives.state.shape[1])
    causes = np.where(lives.state >= 0, cause_of(np.maximum(lives.state, 0)), 0)
    latest = np.maximum.accumulate(np.where((causes > 0) & (week <= lives.decided_week[:, None]), week, 0), axis=1)
    cause = causes[np.arange(len(causes)), latest[:, -1]]
    return np.where(lives.sudden, SUDDEN_REASON, cause)
