"""Logins: how often, by how many, against the account's own baseline, last year and its peers."""

import numpy as np

from features.catalogue import Column, feature, peer_feature
from features.grid import Floats
from features.observed import Observed
from features.peers import Peers
from features.ratios import share

DRIVER = "Logins"


def drop(recent: Floats, baseline: Floats) -> Floats:
    """Return 1 − recent/baseline, not below −1 (a doubling); NaN without a baseline."""
    return np.maximum(1 - share(recent, baseline), -1.0)


def fell(recent: Floats, baseline: Floats) -> Column:
    """Return the drop with its two numbers, the baseline to the tenth as a sentence says it."""
    return Column(drop(recent, baseline), recent=recent, baseline=np.round(baseline, 1))


def beside_peers(peers: Peers, name: str) -> Column:
    """Return a feature less the median of the row's segment, with both."""
    own, median = peers.own(name), peers.median(name)
    return Column(own - median, untracked=peers.untracked(name), own=own, median=np.round(median, 3))


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Login drop",
    says="Logins fell {value:.0%}: {recent:,.0f} in the last 4 weeks against {baseline:,.9g} in a usual 4 before.",
    otherwise="Logins held: {recent:,.0f} in the last 4 weeks against {baseline:,.9g} in a usual 4 before.",
    missing="Too little login history to compare with.",
    history=12,
)
def login_drop(seen: Observed) -> Column:
    """1 − recent/baseline: last 4 weeks against the 8 before, per 4; null without a baseline."""
    return fell(seen.logins.sum(4), seen.logins.sum(8, lag=4) / 2)


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Login drop against half a year",
    says="Logins fell {value:.0%} against the half year before: {recent:,.0f} in 8 weeks, {baseline:,.9g} usual.",
    otherwise="Logins held against the half year before: {recent:,.0f} in 8 weeks, {baseline:,.9g} usual.",
    missing="No login in the half year before to compare with.",
    history=34,
)
def login_drop_half_year(seen: Observed) -> Column:
    """1 − recent/baseline: last 8 weeks against the 26 before, per 8 weeks; null without a baseline."""
    return fell(seen.logins.sum(8), seen.logins.sum(26, lag=8) * 8 / 26)


@feature(
    reads="usage",
    unit="days",
    riskier="higher",
    title="Days since the last login",
    says="The last login was {value:,.0f|day|days} ago.",
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
    says="Logins changed by {value:+.1%} a week over the last quarter.",
    missing="No login in the last quarter to see a trend in.",
    history=13,
)
def login_trend(seen: Observed) -> Column:
    """Least-squares slope of weekly logins over 13 weeks, as a share of their mean; null without any login in them."""
    return Column(share(seen.logins.slope(13), seen.logins.sum(13) / 13))


@feature(
    reads="usage",
    unit="weeks",
    riskier="higher",
    title="Weeks without a login",
    says="{value:,.0f} of the last 13 weeks passed without a login.",
    otherwise="There was a login in each of the last 13 weeks.",
    history=13,
)
def silent_weeks(seen: Observed) -> Column:
    """Weeks of the last 13 without a login."""
    return Column(13 - seen.logins.weeks_with(13))


@feature(
    reads="usage",
    unit="logins a week",
    riskier="lower",
    title="Logins a week",
    says="{value:,.1f|login|logins} a week over the last 4 weeks.",
    otherwise="No login in the last 4 weeks.",
)
def logins_per_week(seen: Observed) -> Column:
    """Mean weekly logins over 4 weeks."""
    return Column(seen.logins.sum(4) / 4)


@feature(
    reads="usage.user_id",
    unit="users",
    riskier="lower",
    title="Active users",
    says="{value:,.0f|person|people} used the product in the last 4 weeks.",
    otherwise="No known person used the product in the last 4 weeks.",
)
def active_users(seen: Observed) -> Column:
    """Distinct users with any event in the last 4 weeks."""
    return Column(seen.users.distinct(4))


@feature(
    reads="usage.user_id",
    unit="share",
    riskier="higher",
    title="Drop in active users",
    says="Active users fell {value:.0%}: {recent:,.0f} in the last 4 weeks against {baseline:,.9g} before.",
    otherwise="Active users held: {recent:,.0f} in the last 4 weeks against {baseline:,.9g} before.",
    missing="No known person was active in the 8 weeks before to compare with.",
    history=12,
)
def active_user_drop(seen: Observed) -> Column:
    """1 − recent/baseline: distinct users of the last 4 weeks against the mean of the two 4-week spells before."""
    return fell(seen.users.distinct(4), (seen.users.distinct(4, lag=4) + seen.users.distinct(4, lag=8)) / 2)


@feature(
    reads="usage.user_id",
    unit="share",
    riskier="higher",
    title="Regular users gone",
    says="{gone:,.0f} of {regular:,.0f|regular user|regular users} did not come back in the last 4 weeks.",
    otherwise="None of {regular:,.0f|regular user|regular users} stayed away in the last 4 weeks.",
    missing="Nobody was a regular user in the 8 weeks before.",
)
def regular_users_gone(seen: Observed) -> Column:
    """Share of users active in 4 or more of the 8 weeks before and not in the last 4; null without such users."""
    regular = seen.users.active_weeks(8, lag=4) >= 4
    gone = seen.users.count(regular & (seen.users.active_weeks(4) == 0))
    total = seen.users.count(regular)
    return Column(share(gone, total), gone=gone, regular=total)


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Drop in use",
    says="Use fell {value:.0%}: {recent:,.0f|action|actions} in 4 weeks against {baseline:,.9g} in a usual 4 before.",
    otherwise="Use held: {recent:,.0f|action|actions} in the last 4 weeks against {baseline:,.9g} in a usual 4 before.",
    missing="No use in the 12 weeks before to compare with.",
    history=16,
)
def use_drop(seen: Observed) -> Column:
    """1 − recent/baseline over all events: last 4 weeks against the 12 before, per 4 weeks."""
    return fell(seen.events.sum(4), seen.events.sum(12, lag=4) / 3)


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Login drop against last year",
    says="Logins fell {value:.0%} within a year: {recent:,.0f} in 4 weeks, {baseline:,.9g} a year ago.",
    otherwise="Logins held within a year: {recent:,.0f} in 4 weeks, {baseline:,.9g} a year ago.",
    missing="No login in the same 4 weeks last year to compare with.",
    history=56,
)
def login_drop_vs_last_year(seen: Observed) -> Column:
    """1 − recent/baseline: last 4 weeks against the same 4 weeks 52 weeks before; null without logins then."""
    return fell(seen.logins.sum(4), seen.logins.sum(4, lag=52))


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Login drop beyond the season",
    says="The login drop of {now:.0%} is deeper than the {then:.0%} of the same weeks last year.",
    otherwise="The login drop of {now:.0%} is no deeper than the {then:.0%} of the same weeks last year.",
    missing="No login drop now, or none in the same weeks last year, to compare with.",
    history=64,
)
def login_drop_seasonal(seen: Observed) -> Column:
    """The login drop less that of 52 weeks before; null without both baselines."""
    now = drop(seen.logins.sum(4), seen.logins.sum(8, lag=4) / 2)
    then = drop(seen.logins.sum(4, lag=52), seen.logins.sum(8, lag=56) / 2)
    return Column(now - then, now=now, then=then)


@peer_feature(
    reads="usage accounts.segment",
    unit="share",
    riskier="higher",
    title="Login drop beside peers",
    says="The login drop of {own:.0%} is deeper than the segment's median of {median:.0%}.",
    otherwise="The login drop of {own:.0%} is no deeper than the segment's median of {median:.0%}.",
    missing="No login drop of its own, or fewer than 10 accounts of the segment that have one, to compare with.",
    history=12,
)
def login_drop_vs_peers(peers: Peers) -> Column:
    """The login drop less the median of the same segment; null with fewer than 10 accounts of it that have one."""
    return beside_peers(peers, "login_drop")


@feature(
    reads="usage.user_id",
    unit="share",
    riskier="higher",
    title="Drop in active users against last year",
    says="Active users fell {value:.0%} within a year: {recent:,.0f} in 4 weeks, {baseline:,.9g} a year ago.",
    otherwise="Active users held within a year: {recent:,.0f} in 4 weeks, {baseline:,.9g} a year ago.",
    missing="No known person was active in the same 4 weeks last year to compare with.",
    history=56,
)
def active_user_drop_vs_last_year(seen: Observed) -> Column:
    """1 − recent/baseline: distinct users of the last 4 weeks against the same 4 weeks 52 weeks before."""
    return fell(seen.users.distinct(4), seen.users.distinct(4, lag=52))


@peer_feature(
    reads="usage.user_id accounts.segment",
    unit="share",
    riskier="higher",
    title="Drop in active users beside peers",
    says="The drop in active users of {own:.0%} is deeper than the segment's median of {median:.0%}.",
    otherwise="The drop in active users of {own:.0%} is no deeper than the segment's median of {median:.0%}.",
    missing="No drop in active users of its own, or fewer than 10 accounts of the segment that have one.",
    history=12,
)
def active_user_drop_vs_peers(peers: Peers) -> Column:
    """The drop in active users less the median of the same segment; null with fewer than 10 accounts that have one."""
    return beside_peers(peers, "active_user_drop")


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Drop in use against last year",
    says="Use fell {value:.0%} within a year: {recent:,.0f|action|actions} in 4 weeks, {baseline:,.9g} a year ago.",
    otherwise="Use held within a year: {recent:,.0f|action|actions} in 4 weeks, {baseline:,.9g} a year ago.",
    missing="No use in the same 4 weeks last year to compare with.",
    history=56,
)
def use_drop_vs_last_year(seen: Observed) -> Column:
    """1 − recent/baseline over all events: last 4 weeks against the same 4 weeks 52 weeks before."""
    return fell(seen.events.sum(4), seen.events.sum(4, lag=52))


@peer_feature(
    reads="usage accounts.segment",
    unit="share",
    riskier="higher",
    title="Drop in use beside peers",
    says="The drop in use of {own:.0%} is deeper than the segment's median of {median:.0%}.",
    otherwise="The drop in use of {own:.0%} is no deeper than the segment's median of {median:.0%}.",
    missing="No drop in use of its own, or fewer than 10 accounts of the segment that have one, to compare with.",
    history=16,
)
def use_drop_vs_peers(peers: Peers) -> Column:
    """The drop in use less the median of the same segment; null with fewer than 10 accounts of it that have one."""
    return beside_peers(peers, "use_drop")
