"""Every feature once more, by its definition, for one account at one instant; NaN where it has no value."""

from math import nan
from statistics import fmean, linear_regression

from tests.property import definitions_dealings, definitions_states
from tests.property.reference import EXPECTED, Past, drop, expected, ratio

__all__ = ["EXPECTED", "definitions_dealings", "definitions_states"]


# Logins ---------------------------------------------------------------------------------------------------------------


@expected(history=12)
def login_drop(past: Past) -> float:
    return drop(past.logins(4), past.logins(8, lag=4) / 2)


@expected(history=34)
def login_drop_half_year(past: Past) -> float:
    return drop(past.logins(8), past.logins(26, lag=8) * 8 / 26)


@expected(history=1)
def days_since_login(past: Past) -> float:
    return min((past.days_since(row["occurred_at"]) for row in past.login_rows), default=nan)


@expected(history=13)
def login_trend(past: Past) -> float:
    weekly = [past.logins(1, lag=back) for back in reversed(range(13))]
    return linear_regression(range(13), weekly).slope / fmean(weekly) if any(weekly) else nan


@expected(history=13)
def silent_weeks(past: Past) -> float:
    return sum(past.logins(1, lag=back) == 0 for back in range(13))


@expected(history=1)
def logins_per_week(past: Past) -> float:
    return past.logins(4) / 4


@expected(history=1)
def active_users(past: Past) -> float:
    return past.users(4)


@expected(history=12)
def active_user_drop(past: Past) -> float:
    baseline = (past.users(4, lag=4) + past.users(4, lag=8)) / 2
    return drop(past.users(4), baseline)


@expected(history=1)
def regular_users_gone(past: Past) -> float:
    now = past.active_weeks("user_id", 4)
    regular = [user for user, weeks in past.active_weeks("user_id", 8, lag=4).items() if weeks >= 4]
    return ratio(sum(now[user] == 0 for user in regular), len(regular))


@expected(history=16)
def use_drop(past: Past) -> float:
    recent, baseline = past.uses(4), past.uses(12, lag=4) / 3
    return drop(recent, baseline)


@expected(history=56)
def login_drop_vs_last_year(past: Past) -> float:
    return drop(past.logins(4), past.logins(4, lag=52))


@expected(history=64)
def login_drop_seasonal(past: Past) -> float:
    then = drop(past.logins(4, lag=52), past.logins(8, lag=56) / 2)
    return drop(past.logins(4), past.logins(8, lag=4) / 2) - then


@expected(history=56)
def active_user_drop_vs_last_year(past: Past) -> float:
    return drop(past.users(4), past.users(4, lag=52))


@expected(history=56)
def use_drop_vs_last_year(past: Past) -> float:
    return drop(past.uses(4), past.uses(4, lag=52))


# Adoption -------------------------------------------------------------------------------------------------------------


@expected(history=1)
def breadth(past: Past) -> float:
    return past.distinct("feature", 4)


@expected(history=12)
def adoption_decline(past: Past) -> float:
    baseline = (past.steady(12, 4, lag=4) + past.steady(12, 4, lag=8)) / 2
    return drop(past.steady(12, 4), baseline)


@expected(history=26)
def adoption_decline_half_year(past: Past) -> float:
    return drop(past.steady(26, 8), past.steady(26, 8, lag=18))


@expected(history=56)
def breadth_drop_vs_last_year(past: Past) -> float:
    return drop(past.steady(56, 4), past.steady(56, 4, lag=52))


@expected(history=12)
def key_features_lost(past: Past) -> float:
    now = past.active_weeks("feature", 4)
    key = [name for name, weeks in past.active_weeks("feature", 8, lag=4).items() if weeks >= 4]
    return sum(now[name] == 0 for name in key)


@expected(history=1)
def key_features_lost_share(past: Past) -> float:
    now = past.active_weeks("feature", 6)
    key = [name for name, weeks in past.active_weeks("feature", 13, lag=13).items() if weeks >= 6]
    return ratio(sum(now[name] == 0 for name in key), len(key))


@expected(history=21)
def features_fading(past: Past) -> float:
    now, before = past.steady_weeks(21, 8), past.steady_weeks(21, 8, lag=13)
    return sum(weeks >= 4 and now[name] < weeks / 2 for name, weeks in before.items())


@expected(history=26)
def features_taken_up(past: Past) -> float:
    now, before = past.steady_weeks(26, 13), past.steady_weeks(26, 52, lag=13)
    return sum(weeks > 0 and before[name] == 0 for name, weeks in now.items())


@expected(history=1)
def entitled_never_used(past: Past) -> float:
    included = {name for name in past.entitled() if past.feature_tracked_weeks(name) >= 1}
    return ratio(len(included - {row["feature"] for row in past.events}), len(included))


@expected(history=13)
def entitled_idle(past: Past) -> float:
    included = {name for name in past.entitled() if past.feature_tracked_weeks(name) >= 13}
    used = {name for name, weeks in past.active_weeks("feature", 13).items() if weeks}
    return ratio(len(included - used), len(included))


@expected(history=1)
def depth(past: Past) -> float:
    return ratio(past.uses(4), past.users(4))


# Seats ----------------------------------------------------------------------------------------------------------------


@expected()
def seats(past: Past) -> float:
    paid = past.total("seats")
    return nan if paid is None else paid


@expected(history=1)
def seat_use(past: Past) -> float:
    return ratio(past.users(4), past.total("seats"))


@expected(history=17)
def seat_use_change(past: Past) -> float:
    return ratio(past.users(4) - past.users(4, lag=13), past.total("seats"))


@expected()
def seat_change(past: Past) -> float:
    return ratio(past.total("seats"), past.earlier(52).total("seats")) - 1


@expected(history=13)
def empty_seat_cost(past: Past) -> float:
    used = ratio(past.users(13), past.total("seats"))
    return definitions_states.arr(past) * (used if used != used else max(1 - used, 0))
