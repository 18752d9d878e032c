"""Sentiment: what the account answers when it is asked, and whether it answers."""

import numpy as np

from features.catalogue import Column, feature
from features.observed import Observed
from features.ratios import share

DRIVER = "Sentiment"


@feature(
    reads="surveys",
    unit="points",
    riskier="lower",
    title="Latest NPS answer",
    says="The latest NPS answer was {value:g} of 10.",
    missing="No NPS answer is on record.",
)
def nps_last(seen: Observed) -> Column:
    """Score of the latest NPS answer, the lowest of several at one instant; null before the first."""
    return Column(seen.at(seen.surveys.last_score))


@feature(
    reads="surveys",
    unit="points",
    riskier="lower",
    title="Change in NPS scores",
    says="NPS scores rose to {recent:,.1f} on average in the last half year from {baseline:,.1f} in the 40 weeks"
    " before.",
    otherwise="NPS scores did not rise: {recent:,.1f} on average in the last half year, {baseline:,.1f} in the 40 weeks"
    " before.",
    missing="No NPS answer in the last half year, or none in the 40 weeks before to compare with.",
)
def nps_change(seen: Observed) -> Column:
    """Mean NPS score of the last 26 weeks less that of the 40 weeks before; null unless both have answers."""
    points, answers = seen.amounts(seen.surveys.nps_points), seen.amounts(seen.surveys.nps)
    recent = share(points.sum(26), answers.sum(26))
    baseline = share(points.sum(40, lag=26), answers.sum(40, lag=26))
    return Column(recent - baseline, recent=recent, baseline=baseline)


@feature(
    reads="surveys",
    unit="days",
    riskier="higher",
    title="Days since the last NPS answer",
    says="The last NPS answer was given {value:,.0f|day|days} ago.",
    missing="No NPS answer is on record.",
)
def days_since_nps(seen: Observed) -> Column:
    """Days since the latest NPS answer; null before the first."""
    return Column(seen.days_since(seen.surveys.last_nps))


@feature(
    reads="surveys",
    unit="share",
    riskier="higher",
    title="Share of detractors",
    says="{detractors:,.0f} of {answers:,.0f|NPS answer|NPS answers} within a year scored 6 or less.",
    otherwise="None of {answers:,.0f|NPS answer|NPS answers} within a year scored 6 or less.",
    missing="No NPS answer was given within a year.",
)
def nps_detractors(seen: Observed) -> Column:
    """Share of the NPS answers of the last 52 weeks with a score of at most 6; null without any."""
    detractors = seen.amounts(seen.surveys.detractors).sum(52)
    answers = seen.amounts(seen.surveys.nps).sum(52)
    return Column(share(detractors, answers), detractors=detractors, answers=answers)


@feature(
    reads="surveys",
    unit="share",
    riskier="lower",
    title="Net promoter score",
    says="{promoters:,.0f|promoter|promoters} against {detractors:,.0f|detractor|detractors} among"
    " {answers:,.0f|NPS answer|NPS answers} within a year.",
    missing="No NPS answer was given within a year.",
)
def nps_net(seen: Observed) -> Column:
    """Share of NPS scores of at least 9 less share of at most 6 over the last 52 weeks; null without an answer."""
    promoters, detractors = seen.amounts(seen.surveys.promoters).sum(52), seen.amounts(seen.surveys.detractors).sum(52)
    answers = seen.amounts(seen.surveys.nps).sum(52)
    net = share(promoters - detractors, answers)
    return Column(net, promoters=promoters, detractors=detractors, answers=answers)


@feature(
    reads="surveys",
    unit="answers",
    riskier="lower",
    title="NPS answers",
    says="{value:,.0f|NPS answer was|NPS answers were} given within a year.",
    otherwise="No NPS answer was given within a year.",
)
def nps_answers(seen: Observed) -> Column:
    """NPS answers of the last 52 weeks."""
    return Column(seen.amounts(seen.surveys.nps).sum(52))


@feature(
    reads="surveys touchpoints",
    unit="share",
    riskier="higher",
    title="Surveys left unanswered",
    says="Within a year {invitations:,.0f|survey invitation|survey invitations} went out and"
    " {answers:,.0f|answer|answers} came in.",
    otherwise="As many answers as survey invitations within a year, or more: {answers:,.0f} to {invitations:,.0f}.",
    missing="No survey invitation went out within a year.",
    untracked="Not tracked: no survey answers or no survey invitations had been recorded by then.",
)
def survey_silence(seen: Observed) -> Column:
    """1 − answers (NPS and CSAT) over invitations of the last 52 weeks, not below 0; null without invitations."""
    invitations = seen.amounts(seen.touchpoints.invitations)
    answers = seen.amounts(seen.surveys.nps).sum(52) + seen.amounts(seen.surveys.csat).sum(52)
    asked = invitations.sum(52)
    silence = 1 - np.minimum(share(answers, asked), 1)
    untracked = np.broadcast_to(~seen.begun("touchpoints", kind="survey"), silence.shape)
    return Column(silence, untracked, answers=answers, invitations=asked)


@feature(
    reads="surveys",
    unit="points",
    riskier="lower",
    title="Satisfaction in surveys",
    says="Satisfaction was rated {value:,.1f} on average over {answers:,.0f|survey answer|survey answers} in the last"
    " half year.",
    missing="No satisfaction survey was answered in the last half year.",
)
def survey_csat(seen: Observed) -> Column:
    """Mean CSAT score of the last 26 weeks; null without any."""
    points, answers = seen.amounts(seen.surveys.csat_points).sum(26), seen.amounts(seen.surveys.csat).sum(26)
    return Column(share(points, answers), answers=answers)


@feature(
    reads="surveys",
    unit="points",
    riskier="lower",
    title="Change in satisfaction in surveys",
    says="Satisfaction rose to {recent:,.1f} on average in the last half year from {baseline:,.1f} in the 40 weeks"
    " before.",
    otherwise="Satisfaction did not rise: {recent:,.1f} on average in the last half year, {baseline:,.1f} in the 40"
    " weeks before.",
    missing="No satisfaction survey was answered in the last half year, or none in the 40 weeks before.",
)
def survey_csat_change(seen: Observed) -> Column:
    """Mean CSAT score of the last 26 weeks less that of the 40 weeks before; null unless both have answers."""
    points, answers = seen.amounts(seen.surveys.csat_points), seen.amounts(seen.surveys.csat)
    recent = share(points.sum(26), answers.sum(26))
    baseline = share(points.sum(40, lag=26), answers.sum(40, lag=26))
    return Column(recent - baseline, recent=recent, baseline=baseline)
