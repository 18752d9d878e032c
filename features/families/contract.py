"""Contract: when it ends, until when notice can be given, how it has changed."""

import numpy as np

from features.catalogue import Column, feature
from features.observed import Observed
from features.ratios import share
from features.states import DAY_US

DRIVER = "Contract"


@feature(
    reads="subscriptions",
    unit="days",
    riskier="lower",
    title="Days to the contract's end",
    says="The contract ends in {value:,.0f|day|days}.",
    missing="The contract has no end date.",
)
def days_to_renewal(seen: Observed) -> Column:
    """Days to the end of the contract in force that ends last; null for open-ended ones."""
    return Column(seen.days_until(seen.contract.ends))


@feature(
    reads="subscriptions.notice_days",
    unit="days",
    riskier="lower",
    title="Days to the notice deadline",
    says="Notice can be given for {value:,.0f|more day|more days}.",
    otherwise="The notice deadline passed {opposite:,.0f|day|days} ago.",
    missing="The notice deadline is not known.",
)
def days_to_notice(seen: Observed) -> Column:
    """Days to the last day for notice, negative after it; null without an end date or a notice period."""
    return Column(seen.days_until(seen.contract.ends - seen.contract.notice_days * DAY_US))


@feature(
    reads="subscriptions",
    unit="days",
    riskier="lower",
    title="Contract length",
    says="The contract runs for {value:,.0f|day|days}.",
    missing="The contract has no end date.",
)
def term_days(seen: Observed) -> Column:
    """Days from start to end of the contract in force; null for open-ended ones."""
    days = seen.at((seen.contract.ends - seen.contract.started) / DAY_US)
    return Column(np.where(np.isfinite(days), days, np.nan))


@feature(
    reads="subscriptions.auto_renew",
    unit="yes or no",
    riskier="lower",
    title="Automatic renewal",
    says="The contract renews by itself.",
    otherwise="The contract does not renew by itself.",
    missing="Whether the contract renews by itself is not known.",
)
def auto_renew(seen: Observed) -> Column:
    """1 where the contract in force renews by itself, else 0; null where it is not given."""
    return Column(seen.at(seen.contract.auto_renew))


@feature(
    reads="subscriptions",
    unit="days",
    riskier="lower",
    title="Time as a customer",
    says="A customer for {value:,.0f|day|days}.",
    missing="The first contract is not on record.",
)
def tenure_days(seen: Observed) -> Column:
    """Days since the first contract began."""
    return Column(-seen.days_until(seen.contract.first_started))


@feature(
    reads="subscriptions",
    unit="currency a year",
    riskier="either",
    title="Annual recurring revenue",
    says="Annual recurring revenue is {value:,.0f}.",
    missing="The price is not on record.",
)
def arr(seen: Observed) -> Column:
    """Twelve times the monthly price of the contracts in force."""
    return Column(seen.at(seen.contract.arr))


@feature(
    reads="subscriptions",
    unit="share",
    riskier="either",
    title="Change in revenue within a year",
    says="Annual recurring revenue changed by {value:+.1%} within a year.",
    missing="No contract a year ago to compare with.",
)
def arr_change(seen: Observed) -> Column:
    """ARR now over ARR 52 weeks ago, less one; null without a contract then."""
    now, then = seen.at(seen.contract.arr), seen.before(seen.contract.arr, 52)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Column(np.where(then > 0, now / then - 1, np.nan))


@feature(
    reads="subscriptions.seats",
    unit="share",
    riskier="higher",
    title="Price rise per seat",
    says="The price per seat changed by {value:+.1%} within a year.",
    missing="No price per seat a year ago to compare with.",
)
def seat_price_change(seen: Observed) -> Column:
    """ARR per seat now over ARR per seat 52 weeks ago, less one; null without both."""
    with np.errstate(divide="ignore", invalid="ignore"):
        price = np.where(seen.contract.seats > 0, seen.contract.arr / seen.contract.seats, np.nan)
        change = seen.at(price) / seen.before(price, 52) - 1
    return Column(np.where(np.isfinite(change), change, np.nan))


@feature(
    reads="subscriptions",
    unit="contracts",
    riskier="lower",
    title="Contracts so far",
    says="This is contract number {value:,.0f}.",
    missing="No contract is on record.",
)
def contracts_so_far(seen: Observed) -> Column:
    """Contracts that have begun."""
    return Column(seen.at(seen.contract.count))


@feature(
    reads="subscriptions.notice_days",
    unit="days",
    riskier="either",
    title="Notice period",
    says="Notice must be given {value:,.0f|day|days} before the contract ends.",
    otherwise="Notice can be given until the contract ends.",
    missing="The notice period is not known.",
)
def notice_period(seen: Observed) -> Column:
    """Days of notice of the contract in force; null where they are not given."""
    return Column(seen.at(seen.contract.notice_days))


@feature(
    reads="subscriptions",
    unit="days",
    riskier="either",
    title="Days since the last renewal",
    says="The contract in force began {value:,.0f|day|days} ago.",
    missing="No contract is on record.",
)
def days_since_renewal(seen: Observed) -> Column:
    """Days since the contract in force that ends last began."""
    return Column(-seen.days_until(seen.contract.started))


@feature(
    reads="subscriptions.discount_ends_at",
    unit="days",
    riskier="lower",
    title="Days to the discount's end",
    says="The discount ends in {value:,.0f|day|days}.",
    otherwise="The discount ended {opposite:,.0f|day|days} ago.",
    missing="The contract has no discount that ends.",
)
def discount_ends(seen: Observed) -> Column:
    """Days to the end of the discount of the contract in force, negative after it; null without one."""
    return Column(seen.days_until(seen.contract.discount_ends))


@feature(
    reads="subscriptions usage.user_id",
    unit="currency a year",
    riskier="higher",
    title="Price per active user",
    says="The contract costs {value:,.0f} a year per active user ({users:,.0f} in the last 4 weeks).",
    otherwise="The contract costs nothing ({users:,.0f|active user|active users} in the last 4 weeks).",
    missing="No known person was active in the last 4 weeks, or the price is not on record.",
    history=4,
)
def arr_per_active_user(seen: Observed) -> Column:
    """ARR over distinct users of the last 4 weeks; null without users."""
    users = seen.users.distinct(4)
    return Column(share(seen.at(seen.contract.arr), users), users=users)
