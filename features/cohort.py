"""Who can be scored at an as-of date, and why the others cannot."""

import numpy as np
from numpy.typing import NDArray

from features.grid import Floats
from features.observed import Observed
from features.outcome import OutcomeContract
from features.states import DAY_US


def _date(microseconds: float) -> str:
    return str(np.datetime64(int(microseconds), "us").astype("datetime64[D]"))


def tenure(seen: Observed) -> Floats:
    """Return the days since each account's first contract began (accounts × as-of dates); NaN before it."""
    return -seen.days_until(seen.contract.first_started)


def eligible(seen: Observed, contract: OutcomeContract) -> NDArray[np.bool_]:
    """Return who is under contract, has given no notice and is a customer for long enough (accounts × as-of dates)."""
    fit = seen.known & seen.at(seen.contract.in_force) & (tenure(seen) >= contract.minimum_tenure_days)
    if contract.exclude_noticed:
        fit &= np.isnan(seen.at(seen.contract.noticed))
    return fit


def why_not(seen: Observed, contract: OutcomeContract) -> list[str]:
    """Return for each account why it is not scored at the last as-of date; empty for those that are."""
    last = slice(-1, None)
    fit = eligible(seen, contract)[:, last].ravel()
    in_force = seen.at(seen.contract.in_force)[:, last].ravel()
    noticed = seen.at(seen.contract.noticed)[:, last].ravel()
    ended = seen.at(seen.contract.last_ended)[:, last].ravel()
    days = tenure(seen)[:, last].ravel()
    reasons = []
    for account in range(len(fit)):
        if fit[account]:
            reasons.append("")
        elif not in_force[account]:
            reasons.append(_not_in_force(int(ended[account])))
        elif contract.exclude_noticed and not np.isnan(noticed[account]):
            reasons.append(f"Notice was received on {_date(noticed[account])}; the decision is known.")
        else:
            least = contract.minimum_tenure_days
            reasons.append(f"A customer for {days[account]:.0f} days; accounts are scored from day {least} on.")
    return reasons


def _not_in_force(ended: int) -> str:
    if ended < -(10**6) * DAY_US:
        return "No contract has begun."
    return f"No contract is in force; the last one ended on {_date(ended)}."
