"""Surveys: who is asked, and what is answered."""

from dataclasses import dataclass

import numpy as np

from features.sources.world.arrays import DAY, Bools, Ints
from features.sources.world.book import Accounts
from features.sources.world.health import Lives, cause_of, level_of
from features.sources.world.touch import MOMENT, Moment, moments

SURVEYS = ("nps", "csat")
WILLING = np.array([1.0, 1.0, 0.95, 0.85, 0.75])
"""Factor on the share that answers, by level."""
ASKED_CSAT = 0.4
"""Share of the accounts that are asked how content they are, every quarter, beside the recommendation question."""
SENT_AT = 6 * 3_600_000_000
"""Invitations go out on Monday mornings, before the first answer."""


@dataclass(frozen=True)
class Surveys:
    """Answers, and the invitations to all surveys, answered or not."""

    moment: Moment
    kind: Ints
    score: Ints
    invitations: Moment


def draw_surveys(
    rng: np.random.Generator, extra: np.random.Generator, accounts: Accounts, lives: Lives, leaves: Ints
) -> Surveys:
    """Draw NPS, asked twice a year and answered by 30–60 %, and CSAT; both are answered less when unhappy."""
    asked, nps, nps_score = _nps(rng, accounts, lives, leaves)
    asked_csat, csat, csat_score = _csat(extra, accounts, lives, leaves)
    invited = [_invitations(extra, each, accounts, lives, leaves) for each in (asked, asked_csat)]
    moment = _joined([nps, csat])
    order = np.lexsort((moment.at, moment.account))
    return Surveys(
        Moment(*(getattr(moment, name)[order] for name in MOMENT)),
        np.repeat([0, 1], [len(nps.at), len(csat.at)])[order],
        np.concatenate([nps_score, csat_score])[order],
        _joined(invited),
    )


def _joined(parts: list[Moment]) -> Moment:
    return Moment(*(np.concatenate([getattr(part, name) for part in parts]) for name in MOMENT))


def _nps(rng: np.random.Generator, accounts: Accounts, lives: Lives, leaves: Ints) -> tuple[Bools, Moment, Ints]:
    """Return accounts × weeks in which it is asked, the answers, and their scores (0–10)."""
    shape = lives.state.shape
    asked = (np.arange(shape[1]) - accounts.joins[:, None] - rng.integers(8, 26, (len(accounts), 1))) % 26 == 0
    answers = rng.uniform(0.3, 0.6, (len(accounts), 1)) * WILLING[level_of(np.maximum(lives.state, 0))]
    moment = moments(rng, (asked & (rng.random(shape) < answers)).astype(np.int64), accounts, lives, leaves)
    own = rng.normal(0, 0.8, len(accounts))[moment.account]
    score = 8.4 + own - 1.15 * moment.level + rng.normal(0, 1.5, len(moment.at))
    return asked, moment, np.clip(np.round(score), 0, 10).astype(np.int64)


def _csat(rng: np.random.Generator, accounts: Accounts, lives: Lives, leaves: Ints) -> tuple[Bools, Moment, Ints]:
    """Return accounts × weeks in which it is asked, the answers, and their scores (0–100 in steps of five)."""
    shape = lives.state.shape
    who = rng.random((len(accounts), 1)) < ASKED_CSAT
    asked = who & ((np.arange(shape[1]) - accounts.joins[:, None] - rng.integers(4, 13, (len(accounts), 1))) % 13 == 0)
    answers = rng.uniform(0.2, 0.5, (len(accounts), 1)) * WILLING[level_of(np.maximum(lives.state, 0))]
    moment = moments(rng, (asked & (rng.random(shape) < answers)).astype(np.int64), accounts, lives, leaves)
    own = rng.normal(0, 6, len(accounts))[moment.account]
    score = 84 + own - 9 * moment.level + rng.normal(0, 10, len(moment.at))
    return asked, moment, 5 * np.clip(np.round(score / 5), 0, 20).astype(np.int64)


def _invitations(rng: np.random.Generator, asked: Bools, accounts: Accounts, lives: Lives, leaves: Ints) -> Moment:
    """Return one invitation per account and week in which it is asked, while it is under contract."""
    account, week = np.nonzero(asked)
    inside = (7 * week >= accounts.begins[account]) & (7 * week < leaves[account])
    account, week = account[inside], week[inside]
    state = np.maximum(lives.state[account, week], 0)
    at = 7 * week * DAY + SENT_AT + rng.integers(0, 3600, len(week)) * 1_000_000
    return Moment(account, at, cause_of(state), level_of(state))
