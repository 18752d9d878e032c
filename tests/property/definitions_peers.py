"""The features that compare an account with others, by their definitions, from the values of the whole cohort."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import isnan, nan
from statistics import median

from tests.property.reference import Past
from tests.property.told import Told

ENOUGH = 10
"""Accounts, or values, that a comparison needs."""


@dataclass(frozen=True)
class Cohort:
    """Everybody who was scored at an instant, with the features that need nobody else."""

    told: Told
    instant: datetime
    values: Mapping[str, Mapping[str, float]]
    enough: int = ENOUGH

    def own(self, account: str, feature: str) -> float:
        """Return an account's own value."""
        return self.values[account][feature]

    def past(self, account: str) -> Past:
        """Return what an account had shown."""
        return Past(self.told, account, self.instant)

    def median(self, account: str, feature: str) -> float:
        """Return the middle value of the scored accounts in the account's segment; NaN with too few."""
        segment = self.past(account).attribute("segment")
        same = [other for other in self.values if self.past(other).attribute("segment") == segment]
        found = [value for other in same if not isnan(value := self.own(other, feature))]
        return nan if segment is None or len(found) < self.enough else median(found)

    def beside(self, account: str, feature: str) -> float:
        """Return an account's own value less the middle one of its segment."""
        return self.own(account, feature) - self.median(account, feature)

    @cached_property
    def everybody(self) -> list[Past]:
        """Return what all accounts on record had shown."""
        return [self.past(account) for account in self.told.on_record(self.instant)]

    def alike(self, account: str, attribute: str) -> list[Past]:
        """Return the accounts with the same attribute; none where it is not given."""
        mine = self.past(account).attribute(attribute)
        return [] if mine is None else [other for other in self.everybody if other.attribute(attribute) == mine]

    def churn(self, account: str, attribute: str) -> float:
        """Return the share of those like the account, under contract a year ago, who no longer are."""
        then = [other for other in self.alike(account, attribute) if other.earlier(52).terms()]
        return nan if len(then) < self.enough else sum(not other.terms() for other in then) / len(then)

    def load(self, account: str, attribute: str) -> float:
        """Return how many of those like the account are under contract."""
        return sum(bool(other.terms()) for other in self.alike(account, attribute)) or nan


Compare = Callable[[Cohort, str], float]


def beside(feature: str) -> Compare:
    return lambda cohort, account: cohort.beside(account, feature)


def churn(attribute: str) -> Compare:
    return lambda cohort, account: cohort.churn(account, attribute)


PEERS: Mapping[str, Compare] = {
    "login_drop_vs_peers": beside("login_drop"),
    "active_user_drop_vs_peers": beside("active_user_drop"),
    "use_drop_vs_peers": beside("use_drop"),
    "adoption_decline_vs_peers": beside("adoption_decline"),
    "breadth_vs_peers": beside("breadth"),
    "seat_use_vs_peers": beside("seat_use"),
    "onboarding_steps_vs_peers": beside("onboarding_steps"),
    "segment_churn": churn("segment"),
    "channel_churn": churn("acquired_via"),
    "industry_churn": churn("industry"),
    "owner_load": lambda cohort, account: cohort.load(account, "owner"),
}
"""What every feature that compares should be, by its name."""
