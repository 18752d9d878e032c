"""Seats: how much of what is paid for is used."""

import numpy as np

from features.catalogue import Column, feature, peer_feature
from features.families.logins import beside_peers
from features.observed import Observed
from features.peers import Peers
from features.ratios import share

DRIVER = "Seats"


@feature(
    reads="subscriptions.seats",
    unit="seats",
    riskier="either",
    title="Seats under contract",
    says="{value:,.0f|seat is|seats are} under contract.",
    otherwise="No seat is under contract.",
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
    says="{users:,.0f|person was|people were} active in the last 4 weeks on {seats:,.0f|paid seat|paid seats} "
    "({value:.0%}).",
    otherwise="No known person was active in the last 4 weeks on {seats:,.0f|paid seat|paid seats}.",
    missing="No seats are on record.",
)
def seat_use(seen: Observed) -> Column:
    """Distinct users of the last 4 weeks over seats; null without seats."""
    paid, users = seen.at(seen.contract.seats), seen.users.distinct(4)
    return Column(share(users, paid), users=users, seats=paid)


@feature(
    reads="subscriptions.seats usage.user_id",
    unit="share of seats",
    riskier="lower",
    title="Change in seats in use",
    says="Active users rose from {before:,.0f} to {users:,.0f} within a quarter.",
    otherwise="Active users went from {before:,.0f} to {users:,.0f} within a quarter.",
    missing="No seats are on record.",
    history=17,
)
def seat_use_change(seen: Observed) -> Column:
    """Users of the last 4 weeks less those of 4 weeks a quarter ago, over seats; null without seats."""
    paid, users, before = seen.at(seen.contract.seats), seen.users.distinct(4), seen.users.distinct(4, lag=13)
    return Column(share(users - before, paid), users=users, before=before)


@feature(
    reads="subscriptions.seats",
    unit="share",
    riskier="lower",
    title="Change in seats under contract",
    says="Seats under contract rose {value:.0%} within a year, to {seats:,.0f}.",
    otherwise="Seats under contract did not grow within a year ({value:+.0%}, now {seats:,.0f}).",
    missing="No seats now or a year ago to compare with.",
)
def seat_change(seen: Observed) -> Column:
    """Seats now over seats 52 weeks ago, less one; null without a contract then."""
    now, then = seen.at(seen.contract.seats), seen.before(seen.contract.seats, 52)
    return Column(share(now - then, then), seats=now)


@feature(
    reads="subscriptions.seats usage.user_id",
    unit="currency a year",
    riskier="higher",
    title="Paid for empty seats",
    says="About {value:,.0f} a year is paid for seats that nobody used in the last quarter.",
    otherwise="Nothing is paid for seats that nobody used in the last quarter.",
    missing="No seats, or no price, are on record.",
    history=13,
)
def empty_seat_cost(seen: Observed) -> Column:
    """ARR times the share of seats without a user in the last 13 weeks; null without seats or a price."""
    empty = np.maximum(1 - share(seen.users.distinct(13), seen.at(seen.contract.seats)), 0)
    return Column(empty * seen.at(seen.contract.arr))


@peer_feature(
    reads="subscriptions.seats usage.user_id accounts.segment",
    unit="share",
    riskier="lower",
    title="Seats in use beside peers",
    says="Seat use is {own:.0%}, above the segment's median of {median:.0%}.",
    otherwise="Seat use is {own:.0%}, not above the segment's median of {median:.0%}.",
    missing="No seats are on record, or fewer than 10 accounts of the segment that have some.",
)
def seat_use_vs_peers(peers: Peers) -> Column:
    """Seats in use less the median of the same segment; null with fewer than 10 accounts of it that have seats."""
    return beside_peers(peers, "seat_use")
