"""Adoption: which product features are used, and which no longer are.

Where two windows are compared, only established features count: those whose use was recorded over both.
"""

from features.catalogue import Column, feature, peer_feature
from features.families.logins import beside_peers, fell
from features.grid import Floats
from features.observed import Observed
from features.peers import Peers
from features.ratios import share

DRIVER = "Adoption"


def _used(seen: Observed, recorded: int, weeks: int, lag: int = 0) -> Floats:
    """Return how many product features were used in the window, of those recorded for so many weeks."""
    used = seen.features.active_weeks(weeks, lag) > 0
    return seen.features.count(used & seen.features.tracked(recorded))


@feature(
    reads="usage",
    unit="features",
    riskier="lower",
    title="Features in use",
    says="{value:,.0f|product feature was|product features were} used in the last 4 weeks.",
    otherwise="No product feature was used in the last 4 weeks.",
)
def breadth(seen: Observed) -> Column:
    """Distinct product features used in the last 4 weeks."""
    return Column(seen.features.distinct(4))


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Adoption decline",
    says="Use of established features narrowed {value:.0%}: {recent:,.0f} in 4 weeks against {baseline:,.9g} before.",
    otherwise="Use of established features held: {recent:,.0f} in 4 weeks against {baseline:,.9g} before.",
    missing="No established feature was used in the 8 weeks before to compare with.",
    history=12,
)
def adoption_decline(seen: Observed) -> Column:
    """1 − recent/baseline: features used in the last 4 weeks against the mean of the two 4-week spells before.

    Features count whose use was recorded over all 12 weeks.
    """
    return fell(_used(seen, 12, 4), (_used(seen, 12, 4, lag=4) + _used(seen, 12, 4, lag=8)) / 2)


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Adoption decline over half a year",
    says="Use of established features narrowed {value:.0%} in half a year: {recent:,.0f} against {baseline:,.9g}.",
    otherwise="Use of established features held over half a year: {recent:,.0f} against {baseline:,.9g}.",
    missing="No established feature was used half a year ago to compare with.",
    history=26,
)
def adoption_decline_half_year(seen: Observed) -> Column:
    """1 − recent/baseline: features used in the last 8 weeks against the 8 weeks that ended 18 weeks ago.

    Features count whose use was recorded over all 26 weeks.
    """
    return fell(_used(seen, 26, 8), _used(seen, 26, 8, lag=18))


@feature(
    reads="usage",
    unit="features",
    riskier="higher",
    title="Key features lost",
    says="{value:,.0f} of {key:,.0f|feature|features} in steady use went untouched in the last 4 weeks.",
    otherwise="No feature in steady use went untouched in the last 4 weeks.",
    history=12,
)
def key_features_lost(seen: Observed) -> Column:
    """Features used in at least 4 of the 8 weeks before and not at all in the last 4."""
    key = seen.features.active_weeks(8, lag=4) >= 4
    lost = seen.features.count(key & (seen.features.active_weeks(4) == 0))
    return Column(lost, key=seen.features.count(key))


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Share of key features lost",
    says="{lost:,.0f} of {key:,.0f|feature|features} in steady use a quarter ago went quiet for 6 weeks ({value:.0%}).",
    otherwise="No feature in steady use a quarter ago went quiet in the last 6 weeks.",
    missing="No feature was in steady use a quarter ago.",
)
def key_features_lost_share(seen: Observed) -> Column:
    """Share of features used in 6 of the 13 weeks that ended 13 weeks ago and unused in the last 6 weeks."""
    key = seen.features.active_weeks(13, lag=13) >= 6
    lost, total = seen.features.count(key & (seen.features.active_weeks(6) == 0)), seen.features.count(key)
    return Column(share(lost, total), lost=lost, key=total)


@feature(
    reads="usage",
    unit="features",
    riskier="higher",
    title="Features fading",
    says="{value:,.0f|feature is|features are} used in fewer than half as many weeks as a quarter ago.",
    otherwise="No established feature is used in fewer than half as many weeks as a quarter ago.",
    history=21,
)
def features_fading(seen: Observed) -> Column:
    """Features used in at least 4 of 8 weeks a quarter ago and in less than half as many of the last 8.

    Features count whose use was recorded over all 21 weeks.
    """
    before, now = seen.features.active_weeks(8, lag=13), seen.features.active_weeks(8)
    fading = (before >= 4) & (2 * now < before)
    return Column(seen.features.count(fading & seen.features.tracked(21)))


@feature(
    reads="usage",
    unit="features",
    riskier="lower",
    title="New features taken up",
    says="{value:,.0f|established feature was|established features were} taken up in the last quarter.",
    otherwise="No established feature was taken up in the last quarter.",
    history=26,
)
def features_taken_up(seen: Observed) -> Column:
    """Features used in the last 13 weeks and in none of the 52 weeks before.

    Features count whose use has been recorded for 26 weeks: one that nobody had is not taken up, it is new.
    """
    new = (seen.features.active_weeks(13) > 0) & (seen.features.active_weeks(52, lag=13) == 0)
    return Column(seen.features.count(new & seen.features.tracked(26)))


@feature(
    reads="usage entitlements accounts.plan",
    unit="share",
    riskier="higher",
    title="Paid for, never used",
    says="Of the plan's features whose use is recorded, {unused:,.0f} of {included:,.0f} went unused so far.",
    otherwise="Every one of the plan's features whose use is recorded has been used ({included:,.0f}).",
    missing="What the plan includes is not known, or nobody's use of it is recorded.",
)
def entitled_never_used(seen: Observed) -> Column:
    """Share of the plan's features that were never used so far, of those whose use is recorded; null without any."""
    unused, included = seen.entitled_unused
    return Column(share(unused, included), unused=unused, included=included)


@feature(
    reads="usage entitlements accounts.plan",
    unit="share",
    riskier="higher",
    title="Paid for, idle",
    says="Of the plan's established features, {idle:,.0f} of {included:,.0f} went unused in the last quarter.",
    otherwise="Every one of the plan's established features was used in the last quarter ({included:,.0f}).",
    missing="What the plan includes is not known, or nobody's use of it is recorded for a quarter.",
    history=13,
)
def entitled_idle(seen: Observed) -> Column:
    """Share of the plan's features that were not used in the last 13 weeks, of those recorded over them."""
    idle, included = seen.entitled_idle
    return Column(share(idle, included), idle=idle, included=included)


@feature(
    reads="usage.user_id",
    unit="actions per user",
    riskier="lower",
    title="Depth of use",
    says="{value:,.1f} actions per active user in the last 4 weeks.",
    missing="No known person was active in the last 4 weeks.",
)
def depth(seen: Observed) -> Column:
    """Events per distinct user over the last 4 weeks; null without active users."""
    return Column(share(seen.events.sum(4), seen.users.distinct(4)))


@feature(
    reads="usage",
    unit="share",
    riskier="higher",
    title="Adoption decline against last year",
    says="Use of established features narrowed {value:.0%} within a year: {recent:,.0f} in 4 weeks against "
    "{baseline:,.9g} a year ago.",
    otherwise="Use of established features held within a year: {recent:,.0f} in 4 weeks against "
    "{baseline:,.9g} a year ago.",
    missing="No established feature was used in the same 4 weeks last year to compare with.",
    history=56,
)
def breadth_drop_vs_last_year(seen: Observed) -> Column:
    """1 − recent/baseline: features used in the last 4 weeks against the same 4 weeks 52 weeks before.

    Features count whose use was recorded over all 56 weeks.
    """
    return fell(_used(seen, 56, 4), _used(seen, 56, 4, lag=52))


@peer_feature(
    reads="usage accounts.segment",
    unit="share",
    riskier="higher",
    title="Adoption decline beside peers",
    says="The adoption decline of {own:.0%} is deeper than the segment's median of {median:.0%}.",
    otherwise="The adoption decline of {own:.0%} is no deeper than the segment's median of {median:.0%}.",
    missing="No adoption decline of its own, or fewer than 10 accounts of the segment that have one.",
    history=12,
)
def adoption_decline_vs_peers(peers: Peers) -> Column:
    """The adoption decline less the median of the same segment; null with fewer than 10 accounts that have one."""
    return beside_peers(peers, "adoption_decline")


@peer_feature(
    reads="usage accounts.segment",
    unit="features",
    riskier="lower",
    title="Features in use beside peers",
    says="{own:,.0f|product feature is|product features are} in use, more than the segment's median of {median:,.9g}.",
    otherwise="{own:,.0f|product feature is|product features are} in use; the segment's median is {median:,.9g}.",
    missing="Fewer than 10 accounts of the segment to compare features in use with.",
)
def breadth_vs_peers(peers: Peers) -> Column:
    """Features in use less the median of the same segment; null with fewer than 10 accounts of it."""
    return beside_peers(peers, "breadth")
