"""Sponsors: who owns the purchase, and whether somebody still does."""

import numpy as np

from features.catalogue import Column, feature
from features.observed import Observed

DRIVER = "Sponsor"


@feature(
    reads="contacts",
    unit="sponsors",
    riskier="lower",
    title="Executive sponsors",
    says="{value:,.0f|executive sponsor is|executive sponsors are} on record.",
    otherwise="The account is without an executive sponsor now.",
    missing="No executive sponsor has ever been on record.",
)
def sponsors_now(seen: Observed) -> Column:
    """Contacts with role sponsor in office; null where none was ever on record."""
    return Column(np.where(seen.at(seen.sponsors.ever), seen.at(seen.sponsors.now), np.nan))


@feature(
    reads="contacts",
    unit="days",
    riskier="lower",
    title="Days since a sponsor left",
    says="An executive sponsor left {value:,.0f|day|days} ago.",
    missing="No executive sponsor has left.",
)
def days_since_sponsor_left(seen: Observed) -> Column:
    """Days since the last sponsor left; null where none ever did."""
    return Column(seen.days_since(seen.sponsors.last_left))


@feature(
    reads="contacts",
    unit="days",
    riskier="higher",
    title="Days without a sponsor",
    says="The executive sponsor left {value:,.0f|day|days} ago and nobody has followed.",
    otherwise="An executive sponsor is in office.",
    missing="No executive sponsor has ever been on record.",
)
def sponsor_gap(seen: Observed) -> Column:
    """Days since the last sponsor left without a successor, 0 while one is in office; null where none was known."""
    vacant = seen.at(seen.sponsors.ever) & (seen.at(seen.sponsors.now) == 0)
    in_office = np.where(seen.at(seen.sponsors.now) > 0, 0.0, np.nan)
    return Column(np.where(vacant, seen.days_since(seen.sponsors.last_left), in_office))


@feature(
    reads="contacts",
    unit="changes",
    riskier="higher",
    title="Sponsor changes within a year",
    says="{value:,.0f|executive sponsor|executive sponsors} left within a year.",
    otherwise="No executive sponsor left within a year.",
    missing="No executive sponsor has ever been on record.",
)
def sponsor_changes(seen: Observed) -> Column:
    """Sponsors who left in the last 52 weeks; null where none was ever on record."""
    left = seen.amounts(seen.sponsors.left).sum(52)
    return Column(np.where(seen.at(seen.sponsors.ever), left, np.nan))


@feature(
    reads="contacts",
    unit="yes or no",
    riskier="higher",
    title="No sponsor on record",
    says="No executive sponsor has ever been on record.",
    otherwise="An executive sponsor is or was on record.",
)
def no_sponsor_on_record(seen: Observed) -> Column:
    """1 where no sponsor was ever on record, else 0."""
    return Column((~seen.at(seen.sponsors.ever)).astype(np.float64))


@feature(
    reads="contacts",
    unit="days",
    riskier="either",
    title="Newest sponsor's time in office",
    says="The newest executive sponsor has been in office for {value:,.0f|day|days}.",
    missing="No executive sponsor is in office.",
)
def newest_sponsor_days(seen: Observed) -> Column:
    """Days since the newest of the sponsors in office came; null where none is in office."""
    return Column(-seen.days_until(seen.sponsors.newest))
