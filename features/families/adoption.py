"""Adoption: which product features are used, and which no longer are."""

import numpy as np

from features.catalogue import Column, feature
from features.families.logins import drop
from features.observed import Observed

DRIVER = "Adoption"


@feature(
    reads="usage",
    unit="features",
    riskier="lower",
    title="Features in use",
    says="{value:,.0f|product feature was|product features were} used in the last 4 weeks.",
    otherwise="No product feature was used in the last 4 weeks.",
    missing="Use is not tracked.",
)
def breadth(seen: Observed) -> Column:
    """Distinct product features used in the last 4 weeks; null where use is not tracked."""
    return Column(seen.tracked(seen.features.distinct(4)))


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Adoption decline",
    says="Feature use narrowed {value:.0%}: {recent:,.0f|feature|features} in 4 weeks against {baseline:,.1f} before.",
    otherwise="Feature use held: {recent:,.0f|feature|features} in 4 weeks against {baseline:,.1f} before.",
    missing="Too little history to compare feature use with.",
)
def adoption_decline(seen: Observed) -> Column:
    """1 − recent/baseline: features used in the last 4 weeks against the mean of the two 4-week spells before."""
    recent = seen.features.distinct(4)
    baseline = (seen.features.distinct(4, lag=4) + seen.features.distinct(4, lag=8)) / 2
    return Column(seen.tracked(drop(recent, baseline), 12), recent=recent, baseline=baseline)


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Adoption decline over half a year",
    says="Feature use narrowed {value:.0%} in half a year: {recent:,.0f|feature|features} against {baseline:,.0f}.",
    otherwise="Feature use held over half a year: {recent:,.0f|feature|features} against {baseline:,.0f}.",
    missing="Less than half a year of use.",
)
def adoption_decline_half_year(seen: Observed) -> Column:
    """1 − recent/baseline: features used in the last 8 weeks against the 8 weeks that ended 18 weeks ago."""
    recent, baseline = seen.features.distinct(8), seen.features.distinct(8, lag=18)
    return Column(seen.tracked(drop(recent, baseline), 26), recent=recent, baseline=baseline)


@feature(
    reads="usage",
    unit="features",
    riskier="higher",
    title="Key features lost",
    says="{value:,.0f} of {key:,.0f|feature|features} in steady use have not been touched in the last 4 weeks.",
    otherwise="All of {key:,.0f|feature|features} in steady use still used.",
    missing="Too little history to know the key features.",
)
def key_features_lost(seen: Observed) -> Column:
    """Features used in at least 4 of the 8 weeks before and not at all in the last 4; null without 12 tracked weeks."""
    key = seen.features.active_weeks(8, lag=4) >= 4
    lost = seen.features.count(key & (seen.features.active_weeks(4) == 0))
    return Column(seen.tracked(lost, 12), key=seen.features.count(key))


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Share of key features lost",
    says="{value:.0%} of the features in steady use half a year ago have gone quiet ({lost:,.0f} of {key:,.0f}).",
    otherwise="Everything in steady use half a year ago is still used.",
    missing="No feature was in steady use half a year ago.",
)
def key_features_lost_share(seen: Observed) -> Column:
    """Share of features used in 6 of the 13 weeks that ended 13 weeks ago and unused in the last 6 weeks."""
    key = seen.features.active_weeks(13, lag=13) >= 6
    lost, total = seen.features.count(key & (seen.features.active_weeks(6) == 0)), seen.features.count(key)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Column(np.where(total > 0, lost / total, np.nan), lost=lost, key=total)


@feature(
    reads="usage",
    unit="features",
    riskier="higher",
    title="Features fading",
    says="{value:,.0f|feature is|features are} used in fewer than half as many weeks as a quarter ago.",
    otherwise="No feature is used less often than a quarter ago.",
    missing="Too little history to compare feature use with.",
)
def features_fading(seen: Observed) -> Column:
    """Features used in at least 4 of 8 weeks a quarter ago and in less than half as many of the last 8."""
    before, now = seen.features.active_weeks(8, lag=13), seen.features.active_weeks(8)
    return Column(seen.tracked(seen.features.count((before >= 4) & (2 * now < before)), 21))


@feature(
    reads="usage",
    unit="features",
    riskier="lower",
    title="New features taken up",
    says="{value:,.0f|feature was|features were} used for the first time in the last quarter.",
    otherwise="No feature was taken up in the last quarter.",
    missing="Use is not tracked for long enough.",
)
def features_taken_up(seen: Observed) -> Column:
    """Features used in the last 13 weeks and in none of the 52 weeks before; null without 26 tracked weeks."""
    new = (seen.features.active_weeks(13) > 0) & (seen.features.active_weeks(52, lag=13) == 0)
    return Column(seen.tracked(seen.features.count(new), 26))


@feature(
    reads="usage entitlements accounts.plan",
    unit="share",
    riskier="higher",
    title="Paid for, never used",
    says="{unused:,.0f} of the {included:,.0f|feature|features} the plan includes have never been used.",
    otherwise="Every one of the {included:,.0f|feature|features} the plan includes has been used.",
    missing="What the plan includes is not known, or use is not tracked.",
)
def entitled_never_used(seen: Observed) -> Column:
    """Share of the plan's features that were never used so far; null without a plan or tracked use."""
    unused, included = seen.entitled_unused
    return Column(seen.tracked(unused / included), unused=unused, included=included)


@feature(
    reads="usage entitlements accounts.plan",
    unit="share",
    riskier="higher",
    title="Paid for, idle",
    says="{idle:,.0f} of the {included:,.0f|feature|features} the plan includes were idle in the last quarter.",
    otherwise="Every one of the {included:,.0f|feature|features} the plan includes was used in the last quarter.",
    missing="What the plan includes is not known, or use is not tracked.",
)
def entitled_idle(seen: Observed) -> Column:
    """Share of the plan's features that were not used in the last 13 weeks; null without 13 tracked weeks."""
    idle, included = seen.entitled_idle
    return Column(seen.tracked(idle / included, 13), idle=idle, included=included)


@feature(
    reads="usage.user_id",
    unit="actions per user",
    riskier="lower",
    title="Depth of use",
    says="{value:,.1f} actions per active user in the last 4 weeks.",
    missing="Nobody was active in the last 4 weeks.",
)
def depth(seen: Observed) -> Column:
    """Events per distinct user over the last 4 weeks; null without active users."""
    users = seen.users.distinct(4)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Column(np.where(users > 0, seen.events.sum(4) / users, np.nan))
