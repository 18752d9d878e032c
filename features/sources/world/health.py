"""Causes move a hidden health level; the level moves the weekly chance that an account decides to leave."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features.sources.world.arrays import NEVER, Bools, Floats, Ints

CAUSES = ("none", "sponsor", "adoption", "support", "fit", "budget")
LEVELS = ("thriving", "good", "wavering", "poor", "critical")
STATES = len(CAUSES) * len(LEVELS)
FITS = ("A", "B", "C", "D")

ONSET = np.array([0.0, 0.0052, 0.0044, 0.0050, 0.0006, 0.0046])
"""Weekly chance that a cause begins in an account without one."""
ONSET_BY_FIT = np.array([0.75, 1.0, 1.25, 1.6])
ENDS = np.array([0.0, 0.085, 0.075, 0.105, 0.055, 0.090])
"""Weekly chance that a cause ends: many declining accounts recover."""
WORSENS = np.array([0.025, 0.30, 0.22, 0.32, 0.22, 0.28])
"""Weekly chance to fall one level while the cause is active."""
IMPROVES = np.array([0.28, 0.03, 0.03, 0.04, 0.03, 0.03])
BAD_FIT_AT_BIRTH = np.array([0.02, 0.06, 0.20, 0.38])

DECIDES = np.array([0.0, 0.0010, 0.019, 0.049, 0.085])
"""Weekly chance, by level, that an account in its decision window decides to leave."""
SUDDEN = 0.0029
"""The same for reasons that nothing visible precedes (merger, insolvency), whatever the level."""
MONTHLY_SHARE = 0.36
"""A monthly contract is decided upon in every week, so each week weighs less."""
DECISION_WEEKS = 13
"""Weeks before the notice deadline in which the contract of a year and longer is decided upon."""
BEFORE = 26
"""Weeks before the data in which contracts that end in the data may already be decided upon."""
TELLS = 0.45
"""Share of leavers that give notice at all; the others let the contract lapse."""
TELLS_WEEKLY = 0.22


def cause_of(state: Ints) -> Ints:
    """Return the cause's index in CAUSES."""
    return state // len(LEVELS)


def level_of(state: Ints) -> Ints:
    """Return the health level, 0 (thriving) to 4 (critical)."""
    return state % len(LEVELS)


def without_cause(state: Ints) -> Ints:
    """Return the state of the same level in which no cause is active: what an intervention makes of it."""
    return level_of(state)


def _level_steps(cause: int) -> Floats:
    steps = np.zeros((len(LEVELS), len(LEVELS)))
    for level in range(len(LEVELS)):
        steps[level, min(level + 1, len(LEVELS) - 1)] += WORSENS[cause]
        steps[level, max(level - 1, 0)] += IMPROVES[cause]
        steps[level, level] += 1 - WORSENS[cause] - IMPROVES[cause]
    return steps


def _cause_steps(fit: int) -> Floats:
    steps = np.diag(1 - ENDS)
    steps[1:, 0] = ENDS[1:]
    steps[0] = ONSET * ONSET_BY_FIT[fit]
    steps[0, 0] = 1 - steps[0].sum()
    return steps


@lru_cache
def kernels() -> Floats:
    """Return the weekly transition probabilities, fits × states × states: first the cause moves, then the level."""
    every = np.empty((len(FITS), STATES, STATES))
    levels = [_level_steps(cause) for cause in range(len(CAUSES))]
    for fit in range(len(FITS)):
        causes = _cause_steps(fit)
        every[fit] = np.block([[causes[a, b] * levels[b] for b in range(len(CAUSES))] for a in range(len(CAUSES))])
    return every


@lru_cache
def beginnings() -> Floats:
    """Return where an account starts, fits × states: a bad fit shows from the first week."""
    starts = np.zeros((len(FITS), len(CAUSES), len(LEVELS)))
    starts[:, 0, :2] = np.outer(1 - BAD_FIT_AT_BIRTH, [0.6, 0.4])
    starts[:, CAUSES.index("fit"), 1:3] = np.outer(BAD_FIT_AT_BIRTH, [0.6, 0.4])
    return starts.reshape(len(FITS), STATES)


@lru_cache
def mature() -> Floats:
    """Return where an account of more than a year stands, fits × states."""
    return np.stack(
        [start @ np.linalg.matrix_power(kernel, 60) for start, kernel in zip(beginnings(), kernels(), strict=True)]
    )


@lru_cache
def decision_rates() -> Floats:
    """Return the weekly chance to decide inside a decision window, (long, monthly) × states."""
    per_level = np.tile(DECIDES, len(CAUSES)) + SUDDEN
    return np.stack([per_level, per_level * MONTHLY_SHARE])


@dataclass(frozen=True)
class Lives:
    """What happens to a shard's accounts behind the scenes; weeks count from the first week of the data."""

    early: Ints
    """The states of the BEFORE weeks before the data, accounts × BEFORE; −1 before the account joins."""
    state: Ints
    """The states of the weeks in the data, accounts × weeks."""
    decided_week: Ints
    """NEVER: does not decide; may lie before the data."""
    decided_term: Ints
    sudden: Bools
    """True where nothing visible preceded the decision."""
    told_week: Ints
    """NEVER: does not tell."""


def _draw(rows: Floats, chance: Floats) -> Ints:
    """Return per row the index drawn from its cumulated probabilities."""
    index: Ints = (chance[:, None] >= rows[:, :-1]).sum(axis=1)
    return index


def _first_states(rng: np.random.Generator, fit: Ints, joins: Ints) -> Ints:
    starts = np.where((joins < -BEFORE)[:, None], mature()[fit], beginnings()[fit])
    return _draw(np.cumsum(starts, axis=1), rng.random(len(fit)))


def live(rng: np.random.Generator, fit: Ints, monthly: Ints, joins: Ints, decision_term: Ints) -> Lives:
    """Let accounts live week by week, from BEFORE weeks before the data on.

    `decision_term` (accounts × weeks, these BEFORE weeks included) is −1 outside every decision window.
    """
    count, weeks = len(fit), decision_term.shape[1]
    moves, rates = np.cumsum(kernels(), axis=2), decision_rates()
    begins = np.maximum(joins + BEFORE, 0)
    state = np.full((count, weeks), -1, dtype=np.int64)
    decided_week, decided_term, odds = np.full(count, NEVER), np.zeros(count, dtype=np.int64), np.ones(count)
    now = _first_states(rng, fit, joins)
    for week in range(weeks):
        here = begins <= week
        now = np.where(begins < week, _draw(moves[fit, now], rng.random(count)), now)
        state[:, week] = np.where(here, now, -1)
        rate = rates[monthly, now]
        decides = here & (decided_week == NEVER) & (decision_term[:, week] >= 0) & (rng.random(count) < rate)
        decided_week[decides] = week - BEFORE
        decided_term[decides] = decision_term[decides, week]
        odds[decides] = rates[monthly, 0][decides] / rate[decides]
    decided = decided_week < NEVER
    sudden = decided & (rng.random(count) < odds)
    tells = decided & (rng.random(count) < TELLS)
    told_week = np.where(tells, decided_week + rng.geometric(TELLS_WEEKLY, count), NEVER)
    return Lives(state[:, :BEFORE], state[:, BEFORE:], decided_week, decided_term, sudden, told_week)
