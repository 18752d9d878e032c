"""Relationship: how often we and the account meet, who begins it, and on how many people it rests."""

import numpy as np

from features.catalogue import Column, feature
from features.families.logins import drop
from features.observed import Observed
from features.ratios import share

DRIVER = "Relationship"


@feature(
    reads="touchpoints",
    unit="reviews",
    riskier="lower",
    title="Business reviews held",
    says="{value:,.0f|business review was|business reviews were} held within a year.",
    otherwise="No business review was held within a year.",
)
def qbrs_held(seen: Observed) -> Column:
    """Business reviews (kind qbr) held in the last 52 weeks."""
    return Column(seen.amounts(seen.touchpoints.reviews).sum(52))


@feature(
    reads="touchpoints",
    unit="days",
    riskier="higher",
    title="Days since the last business review",
    says="The last business review was held {value:,.0f|day|days} ago.",
    missing="No business review is on record as held.",
)
def days_since_qbr(seen: Observed) -> Column:
    """Days since the last business review that was held; null before the first."""
    return Column(seen.days_since(seen.touchpoints.last_review))


@feature(
    reads="touchpoints",
    unit="calls",
    riskier="lower",
    title="Calls held",
    says="{value:,.0f|call was|calls were} held in the last quarter.",
    otherwise="No call was held in the last quarter.",
)
def calls_held(seen: Observed) -> Column:
    """Calls held in the last 13 weeks."""
    return Column(seen.amounts(seen.touchpoints.calls).sum(13))


@feature(
    reads="touchpoints.kept",
    unit="share",
    riskier="higher",
    title="Meetings missed",
    says="{missed:,.0f} of {planned:,.0f|review or call|reviews and calls} in the last half year did not take place.",
    otherwise="No review or call was missed in the last half year: {planned:,.0f} took place.",
    missing="No review or call was planned in the last half year.",
)
def meetings_missed(seen: Observed) -> Column:
    """Share of the reviews and calls of the last 26 weeks that did not take place; null without any."""
    missed, planned = seen.amounts(seen.touchpoints.missed).sum(26), seen.amounts(seen.touchpoints.planned).sum(26)
    return Column(share(missed, planned), missed=missed, planned=planned)


@feature(
    reads="touchpoints",
    unit="days",
    riskier="higher",
    title="Days since the last touchpoint",
    says="The last touchpoint was {value:,.0f|day|days} ago.",
    missing="No touchpoint is on record.",
)
def days_since_touch(seen: Observed) -> Column:
    """Days since the last meeting, call or message that took place; null before the first."""
    return Column(seen.days_since(seen.touchpoints.last))


@feature(
    reads="touchpoints",
    unit="share",
    riskier="higher",
    title="Touchpoint drop",
    says="Touchpoints fell {value:.0%}: {recent:,.0f} in the last quarter against {baseline:,.0f} in the one before.",
    otherwise="Touchpoints did not fall: {recent:,.0f} in the last quarter against {baseline:,.0f} in the one before.",
    missing="No touchpoint in the quarter before to compare with.",
)
def touch_drop(seen: Observed) -> Column:
    """1 − recent/baseline: touchpoints of the last 13 weeks against the 13 before; null without any then."""
    held = seen.amounts(seen.touchpoints.held)
    recent, baseline = held.sum(13), held.sum(13, lag=13)
    return Column(drop(recent, baseline), recent=recent, baseline=baseline)


@feature(
    reads="touchpoints.initiated_by",
    unit="days",
    riskier="higher",
    title="Days since the account last got in touch",
    says="The account last began a touchpoint {value:,.0f|day|days} ago.",
    missing="No touchpoint is on record that the account began.",
)
def days_since_customer_contact(seen: Observed) -> Column:
    """Days since the last touchpoint that the account began; null before the first."""
    return Column(seen.days_since(seen.touchpoints.last_begun_by_account))


@feature(
    reads="touchpoints.initiated_by",
    unit="share",
    riskier="lower",
    title="Touchpoints begun by the account",
    says="Begun by the account, as recorded: {begun:,.0f} of {touchpoints:,.0f|touchpoint|touchpoints} in the last half"
    " year.",
    otherwise="Begun by the account, as recorded: none of {touchpoints:,.0f|touchpoint|touchpoints} in the last half"
    " year.",
    missing="There was no touchpoint in the last half year.",
)
def customer_initiative(seen: Observed) -> Column:
    """Share of the touchpoints of the last 26 weeks that the account began; null without any."""
    begun = seen.amounts(seen.touchpoints.begun_by_account).sum(26)
    held = seen.amounts(seen.touchpoints.held).sum(26)
    return Column(share(begun, held), begun=begun, touchpoints=held)


@feature(
    reads="touchpoints.contact_id",
    unit="contacts",
    riskier="lower",
    title="Contacts engaged",
    says="{value:,.0f|contact|contacts} took part in touchpoints of the last half year.",
    otherwise="No contact is on record as taking part in a touchpoint of the last half year.",
)
def contacts_engaged(seen: Observed) -> Column:
    """Distinct contacts who took part in touchpoints of the last 26 weeks."""
    return Column(seen.people(seen.touchpoints.people).distinct(26))


@feature(
    reads="touchpoints.contact_id",
    unit="contacts",
    riskier="lower",
    title="Change in contacts engaged",
    says="{recent:,.0f|contact|contacts} took part in touchpoints of the last half year, {before:,.0f} in the half year"
    " before.",
)
def contacts_engaged_change(seen: Observed) -> Column:
    """Contacts who took part in touchpoints of the last 26 weeks less those of the 26 weeks before."""
    people = seen.people(seen.touchpoints.people)
    recent, before = people.distinct(26), people.distinct(26, lag=26)
    return Column(recent - before, recent=recent, before=before)


@feature(
    reads="contacts",
    unit="contacts",
    riskier="lower",
    title="Contacts on record",
    says="{value:,.0f|contact role is|contact roles are} filled at the account.",
    otherwise="Every contact on record has left.",
    missing="No contact has ever been on record.",
)
def contacts_on_record(seen: Observed) -> Column:
    """Contacts of any role in office, counted once per role; null where none was ever on record."""
    return Column(np.where(seen.at(seen.contacts.ever), seen.at(seen.contacts.now), np.nan))


@feature(
    reads="contacts",
    unit="contacts",
    riskier="higher",
    title="Contacts who left",
    says="{value:,.0f|contact role was|contact roles were} given up in the last half year.",
    otherwise="No contact left a role in the last half year.",
    missing="No contact has ever been on record.",
)
def contacts_left(seen: Observed) -> Column:
    """Contacts of any role who left it in the last 26 weeks; null where none was ever on record."""
    left = seen.amounts(seen.contacts.left).sum(26)
    return Column(np.where(seen.at(seen.contacts.ever), left, np.nan))


@feature(
    reads="usage.user_id",
    history=13,
    unit="share",
    riskier="higher",
    title="Dependence on one user",
    says="The busiest user stands for {value:.0%} of all users' active weeks in the last quarter.",
    missing="Nobody was active in the last quarter.",
)
def power_user_share(seen: Observed) -> Column:
    """Active weeks of the busiest user over those of all users in the last 13 weeks; null without any."""
    return Column(share(seen.users.greatest(13), seen.users.total(13)))
