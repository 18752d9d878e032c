"""Fit: what kind of account it is, and how accounts like it fared."""

import numpy as np

from features.catalogue import Column, feature, peer_feature
from features.observed import Observed
from features.peers import Peers

DRIVER = "Fit"

GRADES = ("A", "B", "C", "D")


@feature(
    reads="accounts.icp_fit",
    unit="grade",
    riskier="higher",
    title="Fit to the ideal customer",
    says="The fit to the ideal customer is graded {value:.0f} of 4 (1 is A, the best).",
    missing="The fit to the ideal customer has not been graded A to D.",
)
def icp_fit(seen: Observed) -> Column:
    """1 for grade A to 4 for D, in capitals or not; null for anything else."""
    texts: dict[str, int] = {}
    number = seen.numbered("icp_fit", texts)
    return Column(np.array([*(_grade(text) for text in texts), np.nan])[number])


def _grade(text: str) -> float:
    letter = text.strip().upper()
    return GRADES.index(letter) + 1.0 if letter in GRADES else np.nan


@peer_feature(
    reads="accounts.segment subscriptions",
    unit="share",
    riskier="higher",
    title="Churn in the segment",
    says="{value:.0%} of the segment's accounts under contract a year ago have left.",
    otherwise="None of the segment's accounts under contract a year ago has left.",
    missing="Fewer than 10 accounts of the segment are known to have been under contract a year ago.",
)
def segment_churn(peers: Peers) -> Column:
    """Of the accounts of the same segment under contract 52 weeks ago, the share not under contract; null under 10."""
    return Column(peers.churn("segment"))


@peer_feature(
    reads="accounts.acquired_via subscriptions",
    unit="share",
    riskier="higher",
    title="Churn in the acquisition channel",
    says="{value:.0%} of the accounts that came the same way and were under contract a year ago have left.",
    otherwise="None of the accounts that came the same way and were under contract a year ago has left.",
    missing="Fewer than 10 accounts that came the same way are known to have been under contract a year ago.",
)
def channel_churn(peers: Peers) -> Column:
    """Of the accounts acquired the same way and under contract 52 weeks ago, the share not now; null under 10."""
    return Column(peers.churn("acquired_via"))


@peer_feature(
    reads="accounts.industry subscriptions",
    unit="share",
    riskier="higher",
    title="Churn in the industry",
    says="{value:.0%} of the industry's accounts under contract a year ago have left.",
    otherwise="None of the industry's accounts under contract a year ago has left.",
    missing="Fewer than 10 accounts of the industry are known to have been under contract a year ago.",
)
def industry_churn(peers: Peers) -> Column:
    """Of the accounts of the same industry under contract 52 weeks ago, the share not now; null under 10."""
    return Column(peers.churn("industry"))


@peer_feature(
    reads="accounts.owner subscriptions",
    unit="accounts",
    riskier="either",
    title="Accounts of the owner",
    says="The owner looks after {value:,.0f|account|accounts} under contract.",
    missing="The account has no owner on record.",
)
def owner_load(peers: Peers) -> Column:
    """Accounts under contract with the same owner, this one included; null without an owner."""
    return Column(peers.load("owner"))
