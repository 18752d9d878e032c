"""Enablement: whether the people who use the product have learnt to."""

import numpy as np

from features.catalogue import Column, feature
from features.observed import Observed
from features.ratios import share

DRIVER = "Enablement"


@feature(
    reads="trainings",
    unit="trainings",
    riskier="lower",
    title="Trainings within a year",
    says="{value:,.0f|training was|trainings were} completed within a year.",
    otherwise="No training was completed within a year.",
)
def trainings_completed(seen: Observed) -> Column:
    """Trainings completed in the last 52 weeks."""
    return Column(seen.amounts(seen.trainings.completed).sum(52))


@feature(
    reads="trainings",
    unit="days",
    riskier="higher",
    title="Days since the last training",
    says="The last training was completed {value:,.0f|day|days} ago.",
    missing="No completed training is on record.",
)
def days_since_training(seen: Observed) -> Column:
    """Days since the last training was completed; null before the first."""
    return Column(seen.days_since(seen.trainings.last))


@feature(
    reads="trainings",
    unit="trainings",
    riskier="lower",
    title="Change in trainings",
    says="{recent:,.0f|training was|trainings were} completed in the last half year, {before:,.0f} in the half year"
    " before.",
)
def trainings_change(seen: Observed) -> Column:
    """Trainings completed in the last 26 weeks less those of the 26 weeks before."""
    completed = seen.amounts(seen.trainings.completed)
    recent, before = completed.sum(26), completed.sum(26, lag=26)
    return Column(recent - before, recent=recent, before=before)


@feature(
    reads="trainings.contact_id",
    unit="people",
    riskier="lower",
    title="People trained",
    says="{value:,.0f|person is|people are} on record as trained within a year.",
    otherwise="Nobody is on record as trained within a year.",
)
def people_trained(seen: Observed) -> Column:
    """Distinct contacts who completed a training in the last 52 weeks."""
    return Column(seen.people(seen.trainings.people).distinct(52))


@feature(
    reads="trainings.contact_id usage.user_id",
    history=4,
    unit="share",
    riskier="lower",
    title="Coverage by training",
    says="{trained:,.0f|person is|people are} on record as trained within a year,"
    " for {users:,.0f|user|users} active in the last 4 weeks.",
    otherwise="Nobody is on record as trained within a year, for {users:,.0f|user|users} active in the last 4 weeks.",
    missing="Nobody was active in the last 4 weeks.",
)
def training_coverage(seen: Observed) -> Column:
    """People trained in the last 52 weeks over users of the last 4 weeks, at most 1; null without users."""
    trained, users = seen.people(seen.trainings.people).distinct(52), seen.users.distinct(4)
    return Column(np.minimum(share(trained, users), 1), trained=trained, users=users)


@feature(
    reads="trainings.contact_id trainings.course",
    unit="people",
    riskier="lower",
    title="People certified",
    says="{value:,.0f|person is|people are} on record as certified within a year.",
    otherwise="Nobody is on record as certified within a year.",
)
def people_certified(seen: Observed) -> Column:
    """Distinct contacts who completed a course named as a certification in the last 52 weeks."""
    return Column(seen.people(seen.trainings.certified).distinct(52))
