"""Logins: how often, by how many, against the account's own baseline."""

import numpy as np

from features.catalogue import Column, feature
from features.grid import Floats
from features.observed import Observed

DRIVER = "Logins"


def drop(recent: Floats, baseline: Floats) -> Floats:
    """Return 1 − recent/baseline, not below −1 (a doubling); NaN without a baseline."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(baseline > 0, np.maximum(1 - recent / baseline, -1.0), np.nan)


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Login drop",
    says="Logins fell {value:.0%}: {recent:,.0f} in the last 4 weeks against {baseline:,.0f} in a usual 4 before.",
    otherwise="Logins held: {recent:,.0f} in the last 4 weeks against {baseline:,.0f} in a usual 4 before.",
    missing="Too little login history to compare with.",
)
def login_drop(seen: Observed) -> Column:
    """1 − recent/baseline: last 4 weeks against the 8 before, per 4; null without 12 tracked weeks or a baseline."""
    recent, baseline = seen.logins.sum(4), seen.logins.sum(8, lag=4) / 2
    return Column(seen.tracked(drop(recent, baseline), 12), recent=recent, baseline=baseline)


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Login drop against half a year",
    says="Logins fell {value:.0%} against the half year before: {recent:,.0f} in 8 weeks, {baseline:,.0f} usual.",
    otherwise="Logins held against the half year before: {recent:,.0f} in 8 weeks, {baseline:,.0f} usual.",
    missing="Less than eight months of login history.",
)
def login_drop_half_year(seen: Observed) -> Column:
    """1 − recent/baseline: last 8 weeks against the 26 before, per 8 weeks; null without 34 tracked weeks."""
    recent, baseline = seen.logins.sum(8), seen.logins.sum(26, lag=8) * 8 / 26
    return Column(seen.tracked(drop(recent, baseline), 34), recent=recent, baseline=baseline)


@feature(
    reads="usage",
    unit="days",
    riskier="higher",
    title="Days since the last login",
    says="Nobody has logged in for {value:,.0f|day|days}.",
    missing="No login has been recorded.",
)
def days_since_login(seen: Observed) -> Column:
    """Days from the last login known to the as-of date; null before the first."""
    return Column(seen.days_since_login)


@feature(
    reads="usage",
    unit="share per week",
    riskier="lower",
    title="Login trend",
    says="Logins grew by {value:.1%} a week over the last quarter.",
    otherwise="Logins did not grow over the last quarter ({value:+.1%} a week).",
    missing="Too few logins in the last quarter for a trend.",
)
def login_trend(seen: Observed) -> Column:
    """Least-squares slope of weekly logins over 13 weeks, as a share of their mean; null without any login in them."""
    mean = seen.logins.sum(13) / 13
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(mean > 0, seen.logins.slope(13) / mean, np.nan)
    return Column(seen.tracked(share, 13))


@feature(
    reads="usage",
    unit="weeks",
    riskier="higher",
    title="Weeks without a login",
    says="{value:,.0f} of the last 13 weeks passed without a login.",
    otherwise="A login in each of the last 13 weeks.",
    missing="Use is not tracked for long enough.",
)
def silent_weeks(seen: Observed) -> Column:
    """Weeks of the last 13 without a login; null without 13 tracked weeks."""
    return Column(seen.tracked(13 - seen.logins.weeks_with(13), 13))


@feature(
    reads="usage",
    unit="logins a week",
    riskier="lower",
    title="Logins a week",
    says="{value:,.1f|login|logins} a week over the last 4 weeks.",
    otherwise="No login in the last 4 weeks.",
    missing="Use is not tracked.",
)
def logins_per_week(seen: Observed) -> Column:
    """Mean weekly logins over 4 weeks; null where use is not tracked."""
    return Column(seen.tracked(seen.logins.sum(4) / 4))


@feature(
    reads="usage.user_id",
    unit="users",
    riskier="lower",
    title="Active users",
    says="{value:,.0f|person|people} used the product in the last 4 weeks.",
    otherwise="Nobody used the product in the last 4 weeks.",
    missing="Use is not tracked.",
)
def active_users(seen: Observed) -> Column:
    """Distinct users with any event in the last 4 weeks; null where use is not tracked."""
    return Column(seen.tracked(seen.users.distinct(4)))


@feature(
    reads="usage.user_id",
    unit="share",
    riskier="higher",
    title="Drop in active users",
    says="Active users fell {value:.0%}: {recent:,.0f} in the last 4 weeks against {baseline:,.1f} before.",
    otherwise="Active users held: {recent:,.0f} in the last 4 weeks against {baseline:,.1f} before.",
    missing="Too little history to compare active users with.",
)
def active_user_drop(seen: Observed) -> Column:
    """1 − recent/baseline: distinct users of the last 4 weeks against the mean of the two 4-week spells before."""
    recent = seen.users.distinct(4)
    baseline = (seen.users.distinct(4, lag=4) + seen.users.distinct(4, lag=8)) / 2
    return Column(seen.tracked(drop(recent, baseline), 12), recent=recent, baseline=baseline)


@feature(
    reads="usage.user_id",
    unit="share",
    riskier="higher",
    title="Regular users gone",
    says="{gone:,.0f} of {regular:,.0f|regular user|regular users} have not been back in the last 4 weeks.",
    otherwise="All of {regular:,.0f|regular user|regular users} came back in the last 4 weeks.",
    missing="No regular users to compare with.",
)
def regular_users_gone(seen: Observed) -> Column:
    """Share of users active in 4 or more of the 8 weeks before and not in the last 4; null without such users."""
    regular = seen.users.active_weeks(8, lag=4) >= 4
    gone = seen.users.count(regular & (seen.users.active_weeks(4) == 0))
    total = seen.users.count(regular)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Column(np.where(total > 0, gone / total, np.nan), gone=gone, regular=total)


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Drop in use",
    says="Use fell {value:.0%}: {recent:,.0f|action|actions} in 4 weeks against {baseline:,.0f} in a usual 4 before.",
    otherwise="Use held: {recent:,.0f|action|actions} in the last 4 weeks against {baseline:,.0f} in a usual 4 before.",
    missing="Too little history to compare use with.",
)
def use_drop(seen: Observed) -> Column:
    """1 − recent/baseline over all events: last 4 weeks against the 12 before, per 4 weeks."""
    recent, baseline = seen.events.sum(4), seen.events.sum(12, lag=4) / 3
    return Column(seen.tracked(drop(recent, baseline), 16), recent=recent, baseline=baseline)
