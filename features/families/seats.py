"""Seats: how much of what is paid for is used."""

import numpy as np

from features.catalogue import Column, feature
from features.grid import Floats
from features.observed import Observed

DRIVER = "Seats"


def _share(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


@feature(
    reads="subscriptions.seats",
    unit="seats",
    riskier="either",
    title="Seats under contract",
    says="{value:,.0f|seat is|seats are} under contract.",
    missing="The number of seats is not on record.",
)
def seats(seen: Observed) -> Column:
    """Seats of the contracts in force; null where they are not given."""
    return Column(seen.at(seen.contract.seats))


@feature(
    reads="subscriptions.seats usage.user_id",
    unit="share",
    riskier="lower",
    title="Seats in use",
    says="{users:,.0f} of {seats:,.0f|paid seat was|paid seats were} active in the last 4 weeks ({value:.0%}).",
    otherwise="None of the {seats:,.0f|paid seat|paid seats} was active in the last 4 weeks.",
    missing="Seats or use are not on record.",
)
def seat_use(seen: Observed) -> Column:
    """Distinct users of the last 4 weeks over seats; null without seats or tracked use."""
    paid, users = seen.at(seen.contract.seats), seen.users.distinct(4)
    return Column(seen.tracked(_share(users, paid)), users=users, seats=paid)


@feature(
    reads="subscriptions.seats usage.user_id",
    unit="share of seats",
    riskier="lower",
    title="Change in seats in use",
    says="Active seats rose from {before:,.0f} to {users:,.0f} within a quarter.",
    otherwise="Active seats went from {before:,.0f} to {users:,.0f} within a quarter.",
    missing="Too little history to compare active seats with.",
)
def seat_use_change(seen: Observed) -> Column:
    """Users of the last 4 weeks less those of 4 weeks a quarter ago, over seats; null without 17 tracked weeks."""
    paid, users, before = seen.at(seen.contract.seats), seen.users.distinct(4), seen.users.distinct(4, lag=13)
    return Column(seen.tracked(_share(users - before, paid), 17), users=users, before=before)


@feature(
    reads="subscriptions.seats",
    unit="share",
    riskier="lower",
    title="Change in seats under contract",
    says="Seats under contract rose {value:.0%} within a year, to {seats:,.0f}.",
    otherwise="Seats under contract did not grow within a year ({value:+.0%}, now {seats:,.0f}).",
    missing="No contract a year ago to compare seats with.",
)
def seat_change(seen: Observed) -> Column:
    """Seats now over seats 52 weeks ago, less one; null without a contract then."""
    now, then = seen.at(seen.contract.seats), seen.before(seen.contract.seats, 52)
    return Column(_share(now - then, then), seats=now)


@feature(
    reads="subscriptions.seats usage.user_id",
    unit="currency a year",
    riskier="higher",
    title="Paid for empty seats",
    says="About {value:,.0f} a year is paid for seats that nobody used in the last quarter.",
    otherwise="Every paid seat was used in the last quarter.",
    missing="Seats or use are not on record.",
)
def empty_seat_cost(seen: Observed) -> Column:
    """ARR times the share of seats without a user in the last 13 weeks; null without seats or tracked use."""
    paid = seen.at(seen.contract.seats)
    empty = np.maximum(1 - _share(seen.users.distinct(13), paid), 0)
    return Column(seen.tracked(empty * seen.at(seen.contract.arr), 13))
