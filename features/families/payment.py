"""Payment: whether invoices are paid, and when."""

import numpy as np

from features.catalogue import Column, feature
from features.observed import Observed
from features.ratios import share
from features.states import DAY_US

DRIVER = "Payment"


@feature(
    reads="invoices.paid_at",
    unit="share",
    riskier="higher",
    title="Late invoices",
    says="Paid late or still unpaid: {late:,.0f} of {due:,.0f|invoice|invoices} due within a year.",
    otherwise="Paid late or still unpaid: none of {due:,.0f|invoice|invoices} due within a year.",
    missing="No invoice was due within a year.",
)
def invoices_late(seen: Observed) -> Column:
    """Share of the invoices due in the last 52 weeks that were paid after that or not yet; null without any."""
    late, due = seen.amounts(seen.invoices.late).sum(52), seen.amounts(seen.invoices.due).sum(52)
    return Column(share(late, due), late=late, due=due)


@feature(
    reads="invoices.paid_at",
    unit="days",
    riskier="higher",
    title="Days paid late",
    says="Invoices paid within a year were {value:,.1f|day|days} late on average.",
    otherwise="Every invoice paid within a year was paid in time.",
    missing="No invoice was paid within a year.",
)
def days_late(seen: Observed) -> Column:
    """Mean days from due date to payment, none below 0, of invoices paid in the last 52 weeks; null without any."""
    delay, paid = seen.amounts(seen.invoices.delay).sum(52), seen.amounts(seen.invoices.paid).sum(52)
    return Column(share(delay / DAY_US, paid))


@feature(
    reads="invoices.paid_at",
    unit="days",
    riskier="higher",
    title="Change in days paid late",
    says="Payments came {recent:,.1f|day|days} late on average in the last half year, {baseline:,.1f} in the 40 weeks"
    " before.",
    missing="No invoice was paid in the last half year, or none in the 40 weeks before to compare with.",
)
def days_late_change(seen: Observed) -> Column:
    """Mean days paid late in the last 26 weeks less that of the 40 weeks before; null unless both have payments."""
    delay, paid = seen.amounts(seen.invoices.delay), seen.amounts(seen.invoices.paid)
    recent = share(delay.sum(26) / DAY_US, paid.sum(26))
    baseline = share(delay.sum(40, lag=26) / DAY_US, paid.sum(40, lag=26))
    return Column(recent - baseline, recent=recent, baseline=baseline)


@feature(
    reads="invoices.paid_at",
    unit="days",
    riskier="higher",
    title="Days overdue",
    says="The oldest unpaid invoice was due {value:,.0f|day|days} ago.",
    otherwise="No invoice is overdue.",
    missing="No invoice is on record that has been due.",
)
def overdue_days(seen: Observed) -> Column:
    """Days since the oldest unpaid invoice was due, 0 where none is; null where none was ever due."""
    days = -seen.days_until(seen.invoices.oldest_unpaid)
    return Column(np.where(seen.at(seen.invoices.ever), np.nan_to_num(days), np.nan))


@feature(
    reads="invoices.paid_at subscriptions",
    unit="share",
    riskier="higher",
    title="Overdue share of revenue",
    says="{amount:,.0f} is overdue, {value:.1%} of annual recurring revenue.",
    otherwise="No amount is on record as overdue.",
    missing="No invoice is on record that has been due, or no annual recurring revenue.",
)
def overdue_share(seen: Observed) -> Column:
    """Amount due and unpaid over ARR; null without ARR above 0 or where no invoice was ever due."""
    amount = seen.at(seen.invoices.unpaid)
    overdue = share(amount, seen.at(seen.contract.arr))
    return Column(np.where(seen.at(seen.invoices.ever), overdue, np.nan), amount=amount)
