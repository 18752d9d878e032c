"""Support: tickets opened, how bad they were, how they ended."""

import numpy as np

from features.catalogue import Column, feature
from features.observed import Observed
from features.ratios import share
from features.states import DAY_US

DRIVER = "Support"


@feature(
    reads="tickets",
    unit="tickets",
    riskier="higher",
    title="Tickets in the last quarter",
    says="{value:,.0f|ticket was|tickets were} opened in the last quarter.",
    otherwise="No ticket was opened in the last quarter.",
)
def tickets_opened(seen: Observed) -> Column:
    """Tickets opened in the last 13 weeks."""
    return Column(seen.amounts(seen.tickets.opened).sum(13))


@feature(
    reads="tickets",
    unit="tickets",
    riskier="higher",
    title="More tickets than usual",
    says="{recent:,.0f|ticket|tickets} in the last 4 weeks against {baseline:,.9g} in a usual 4 before.",
    otherwise="No more tickets than usual: {recent:,.0f} in 4 weeks against {baseline:,.9g}.",
)
def ticket_rise(seen: Observed) -> Column:
    """Tickets of the last 4 weeks less a usual 4 weeks of the 26 before."""
    opened = seen.amounts(seen.tickets.opened)
    recent, baseline = opened.sum(4), opened.sum(26, lag=4) * 4 / 26
    return Column(recent - baseline, recent=recent, baseline=np.round(baseline, 1))


@feature(
    reads="tickets.severity",
    unit="tickets",
    riskier="higher",
    title="Severe tickets",
    says="{value:,.0f|severe ticket was|severe tickets were} opened in the last quarter.",
    otherwise="No severe ticket was opened in the last quarter.",
)
def severe_tickets(seen: Observed) -> Column:
    """Tickets of high or urgent severity opened in the last 13 weeks."""
    return Column(seen.amounts(seen.tickets.severe).sum(13))


@feature(
    reads="tickets.closed_at",
    unit="tickets",
    riskier="higher",
    title="Open tickets",
    says="{value:,.0f|ticket is|tickets are} open.",
    otherwise="No ticket is open.",
)
def tickets_open(seen: Observed) -> Column:
    """Tickets opened and not yet closed."""
    return Column(seen.at(seen.tickets.open_now))


@feature(
    reads="tickets.closed_at",
    unit="days",
    riskier="higher",
    title="Age of the oldest open ticket",
    says="The oldest open ticket has waited for {value:,.0f|day|days}.",
    missing="No ticket is open.",
)
def oldest_open_ticket(seen: Observed) -> Column:
    """Days since the oldest open ticket was opened; null where none is open."""
    return Column(-seen.days_until(seen.tickets.oldest_open))


@feature(
    reads="tickets.reopened_at",
    unit="tickets",
    riskier="higher",
    title="Reopened tickets",
    says="{value:,.0f|ticket was|tickets were} reopened in the last half year.",
    otherwise="No ticket was reopened in the last half year.",
)
def tickets_reopened(seen: Observed) -> Column:
    """Tickets reopened in the last 26 weeks."""
    return Column(seen.amounts(seen.tickets.reopened).sum(26))


@feature(
    reads="tickets.closed_at",
    unit="days",
    riskier="higher",
    title="Time to close a ticket",
    says="Tickets closed in the last half year took {value:,.1f|day|days} on average.",
    missing="No ticket was closed in the last half year.",
)
def days_to_close(seen: Observed) -> Column:
    """Mean days from opening to closing over tickets closed in the last 26 weeks; null without any."""
    closed, wait = seen.amounts(seen.tickets.closed), seen.amounts(seen.tickets.wait)
    return Column(share(wait.sum(26) / DAY_US, closed.sum(26)))


@feature(
    reads="tickets.csat",
    unit="points",
    riskier="lower",
    title="Satisfaction with support",
    says="Support was rated {value:,.1f} on average over {ratings:,.0f|rating|ratings} in the last half year.",
    missing="Nobody rated support in the last half year.",
)
def ticket_csat(seen: Observed) -> Column:
    """Mean rating of tickets closed in the last 26 weeks; null without any rating."""
    rated, points = seen.amounts(seen.tickets.rated), seen.amounts(seen.tickets.csat)
    return Column(share(points.sum(26), rated.sum(26)), ratings=rated.sum(26))
