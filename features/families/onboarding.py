"""Onboarding: how soon an account got going, and how it stands beside its peers."""

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Column, feature, peer_feature
from features.families.logins import beside_peers
from features.grid import Floats
from features.observed import Observed
from features.peers import Peers
from features.states import DAY_US

DRIVER = "Onboarding"

WEEKS = 12
"""Weeks after the one in which the first contract began, by whose end an account should have got going."""
FIRST_VALUE = 3
"""Product features that an account has used once it got something out of the product."""
UNSEEN = "Not tracked: no use had been recorded of the account, or of anybody when its first contract began."


def _began(seen: Observed) -> Floats:
    """Return the week in which the first contract began; NaN without one."""
    return seen.weeks_of(seen.contract.first_started)


def _unseen(seen: Observed) -> NDArray[np.bool_]:
    """Say where the first contract began in a week before anybody's first recorded use."""
    unseen: NDArray[np.bool_] = seen.book_tracked_since > _began(seen)
    return unseen


@feature(
    reads="accounts",
    unit="days",
    riskier="either",
    title="Age of the account",
    says="The account has been on the books for {value:,.0f|day|days}.",
    otherwise="The account comes on the books in {opposite:,.0f|day|days}.",
    missing="When the account came on the books is not known.",
)
def account_age(seen: Observed) -> Column:
    """Days since the account was created, as it was on record at the as-of date."""
    return Column(seen.days_since(seen.created))


@feature(
    reads="subscriptions usage",
    unit="days",
    riskier="higher",
    title="Days to first value",
    says="Three product features were in use within {value:,.0f|day|days} of the first contract's start.",
    missing="Fewer than three product features have been used so far.",
    untracked=UNSEEN,
)
def days_to_first_value(seen: Observed) -> Column:
    """Days from the start of the first contract to the end of the first week by which 3 product features had been used.

    Null until then; not tracked where the contract began in a week before anybody's first recorded use.
    """
    enough = seen.features.ever_by_week >= FIRST_VALUE
    week = np.arange(enough.shape[1])
    soonest = np.minimum.accumulate(np.where(enough, week, np.inf)[:, ::-1], axis=1)[:, ::-1]
    ends = np.broadcast_to(seen.start + (week + 1.0) * 7 * DAY_US, enough.shape)
    reached = seen.when_ended(ends, seen.when_ended(soonest, _began(seen)))
    return Column((reached - seen.at(seen.contract.first_started)) / DAY_US, untracked=_unseen(seen))


@feature(
    reads="subscriptions usage",
    unit="features",
    riskier="lower",
    title="Features used when onboarded",
    says="{value:,.0f|product feature|product features} had been used 12 weeks into the first contract.",
    otherwise="No product feature had been used 12 weeks into the first contract.",
    missing="The first contract is not 12 weeks old yet.",
    untracked=UNSEEN,
)
def onboarding_steps(seen: Observed) -> Column:
    """Product features used by the end of the 12th week after the one in which the first contract began.

    Null until then; not tracked where the contract began in a week before anybody's first recorded use.
    """
    return Column(seen.when_ended(seen.features.ever_by_week, _began(seen) + WEEKS), untracked=_unseen(seen))


@feature(
    reads="subscriptions usage.user_id",
    unit="users",
    riskier="lower",
    title="Users when onboarded",
    says="{value:,.0f|person|people} had used the product 12 weeks into the first contract.",
    otherwise="Nobody had used the product 12 weeks into the first contract.",
    missing="The first contract is not 12 weeks old yet.",
    untracked=UNSEEN,
)
def onboarding_users(seen: Observed) -> Column:
    """Users seen by the end of the 12th week after the one in which the first contract began.

    Null until then; not tracked where the contract began in a week before anybody's first recorded use.
    """
    return Column(seen.when_ended(seen.users.ever_by_week, _began(seen) + WEEKS), untracked=_unseen(seen))


@peer_feature(
    reads="subscriptions usage accounts.segment",
    unit="features",
    riskier="lower",
    title="Features used when onboarded, beside peers",
    says="{own:,.0f|product feature|product features} had been used 12 weeks into the first contract; "
    "the segment's median is {median:,.9g}.",
    missing="The first contract is not 12 weeks old yet, or fewer than 10 accounts of the segment are to compare with.",
    untracked=UNSEEN,
)
def onboarding_steps_vs_peers(peers: Peers) -> Column:
    """Features used when onboarded, less the median of the same segment; null with fewer than 10 accounts of it."""
    return beside_peers(peers, "onboarding_steps")
