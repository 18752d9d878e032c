"""Every feature once more, by its definition, for one account at one instant; NaN where it has no value."""

from math import nan
from statistics import fmean, linear_regression

from tests.property.reference import DAY, EXPECTED, SEVERE, Past, expected

__all__ = ["EXPECTED"]


def ratio(part: float | None, whole: float | None) -> float:
    """Return part/whole; NaN where one is not there or the whole is not above zero."""
    return nan if part is None or not whole or whole <= 0 else part / whole


def drop(recent: float, baseline: float) -> float:
    """Return 1 − recent/baseline, at least −1; NaN without a baseline."""
    return nan if baseline <= 0 else max(1 - recent / baseline, -1.0)


# Logins ---------------------------------------------------------------------------------------------------------------


@expected
def login_drop(past: Past) -> float:
    return drop(past.logins(4), past.logins(8, lag=4) / 2) if past.tracked(12) else nan


@expected
def login_drop_half_year(past: Past) -> float:
    return drop(past.logins(8), past.logins(26, lag=8) * 8 / 26) if past.tracked(34) else nan


@expected
def days_since_login(past: Past) -> float:
    return min((past.days_since(row["occurred_at"]) for row in past.login_rows), default=nan)


@expected
def login_trend(past: Past) -> float:
    weekly = [past.logins(1, lag=back) for back in reversed(range(13))]
    if not past.tracked(13) or not any(weekly):
        return nan
    return linear_regression(range(13), weekly).slope / fmean(weekly)


@expected
def silent_weeks(past: Past) -> float:
    return sum(past.logins(1, lag=back) == 0 for back in range(13)) if past.tracked(13) else nan


@expected
def logins_per_week(past: Past) -> float:
    return past.logins(4) / 4 if past.tracked() else nan


@expected
def active_users(past: Past) -> float:
    return past.distinct("user_id", 4) if past.tracked() else nan


@expected
def active_user_drop(past: Past) -> float:
    baseline = (past.distinct("user_id", 4, lag=4) + past.distinct("user_id", 4, lag=8)) / 2
    return drop(past.distinct("user_id", 4), baseline) if past.tracked(12) else nan


@expected
def regular_users_gone(past: Past) -> float:
    now = past.active_weeks("user_id", 4)
    regular = [user for user, weeks in past.active_weeks("user_id", 8, lag=4).items() if weeks >= 4]
    return ratio(sum(now[user] == 0 for user in regular), len(regular))


@expected
def use_drop(past: Past) -> float:
    recent, baseline = past.amount(past.events, 4), past.amount(past.events, 12, lag=4) / 3
    return drop(recent, baseline) if past.tracked(16) else nan


# Adoption -------------------------------------------------------------------------------------------------------------


@expected
def breadth(past: Past) -> float:
    return past.distinct("feature", 4) if past.tracked() else nan


@expected
def adoption_decline(past: Past) -> float:
    baseline = (past.distinct("feature", 4, lag=4) + past.distinct("feature", 4, lag=8)) / 2
    return drop(past.distinct("feature", 4), baseline) if past.tracked(12) else nan


@expected
def adoption_decline_half_year(past: Past) -> float:
    return drop(past.distinct("feature", 8), past.distinct("feature", 8, lag=18)) if past.tracked(26) else nan


@expected
def key_features_lost(past: Past) -> float:
    now = past.active_weeks("feature", 4)
    key = [name for name, weeks in past.active_weeks("feature", 8, lag=4).items() if weeks >= 4]
    return sum(now[name] == 0 for name in key) if past.tracked(12) else nan


@expected
def key_features_lost_share(past: Past) -> float:
    now = past.active_weeks("feature", 6)
    key = [name for name, weeks in past.active_weeks("feature", 13, lag=13).items() if weeks >= 6]
    return ratio(sum(now[name] == 0 for name in key), len(key))


@expected
def features_fading(past: Past) -> float:
    now, before = past.active_weeks("feature", 8), past.active_weeks("feature", 8, lag=13)
    fading = [name for name, weeks in before.items() if weeks >= 4 and now[name] < weeks / 2]
    return len(fading) if past.tracked(21) else nan


@expected
def features_taken_up(past: Past) -> float:
    now, before = past.active_weeks("feature", 13), past.active_weeks("feature", 52, lag=13)
    return sum(weeks > 0 and before[name] == 0 for name, weeks in now.items()) if past.tracked(26) else nan


@expected
def entitled_never_used(past: Past) -> float:
    used = {row["feature"] for row in past.events}
    return ratio(len(past.entitled() - used), len(past.entitled())) if past.tracked() else nan


@expected
def entitled_idle(past: Past) -> float:
    used = {name for name, weeks in past.active_weeks("feature", 13).items() if weeks}
    return ratio(len(past.entitled() - used), len(past.entitled())) if past.tracked(13) else nan


@expected
def depth(past: Past) -> float:
    return ratio(past.amount(past.events, 4), past.distinct("user_id", 4))


# Seats ----------------------------------------------------------------------------------------------------------------


@expected
def seats(past: Past) -> float:
    paid = past.total("seats")
    return nan if paid is None else paid


@expected
def seat_use(past: Past) -> float:
    return ratio(past.distinct("user_id", 4), past.total("seats")) if past.tracked() else nan


@expected
def seat_use_change(past: Past) -> float:
    more = past.distinct("user_id", 4) - past.distinct("user_id", 4, lag=13)
    return ratio(more, past.total("seats")) if past.tracked(17) else nan


@expected
def seat_change(past: Past) -> float:
    return ratio(past.total("seats"), past.earlier(52).total("seats")) - 1


@expected
def empty_seat_cost(past: Past) -> float:
    used = ratio(past.distinct("user_id", 13), past.total("seats"))
    return arr(past) * (used if used != used else max(1 - used, 0)) if past.tracked(13) else nan


# Sponsors -------------------------------------------------------------------------------------------------------------


@expected
def sponsors_now(past: Past) -> float:
    return len(past.sponsors()) - len(past.sponsors_left()) if past.sponsors() else nan


@expected
def days_since_sponsor_left(past: Past) -> float:
    return min((past.days_since(row["ended_at"]) for row in past.sponsors_left()), default=nan)


@expected
def sponsor_gap(past: Past) -> float:
    return 0.0 if past.in_office() else days_since_sponsor_left(past)


@expected
def sponsor_changes(past: Past) -> float:
    left = [row for row in past.sponsors_left() if past.within(row["ended_at"], 52)]
    return len(left) if past.sponsors() else nan


@expected
def no_sponsor_on_record(past: Past) -> float:
    return 0.0 if past.sponsors() else 1.0


@expected
def newest_sponsor_days(past: Past) -> float:
    in_office = [row for row in past.sponsors() if not past.happened(row.get("ended_at"))]
    return min((past.days_since(row["started_at"]) for row in in_office), default=nan)


# Contract -------------------------------------------------------------------------------------------------------------


@expected
def days_to_renewal(past: Past) -> float:
    ends = past.main_term()["ends_at"]
    return nan if ends is None else -past.days_since(ends)


@expected
def days_to_notice(past: Past) -> float:
    days = past.main_term().get("notice_days")
    return nan if days is None else days_to_renewal(past) - days


@expected
def term_days(past: Past) -> float:
    term = past.main_term()
    return nan if term["ends_at"] is None else (term["ends_at"] - term["started_at"]) / DAY


@expected
def auto_renew(past: Past) -> float:
    renews = past.main_term().get("auto_renew")
    return nan if renews is None else float(renews)


@expected
def tenure_days(past: Past) -> float:
    return past.tenure()


@expected
def arr(past: Past) -> float:
    money = past.total("mrr", times=12)
    return nan if money is None else money


@expected
def arr_change(past: Past) -> float:
    return ratio(past.total("mrr"), past.earlier(52).total("mrr")) - 1


@expected
def seat_price_change(past: Past) -> float:
    before = past.earlier(52)
    now, then = (ratio(each.total("mrr"), each.total("seats")) for each in (past, before))
    return ratio(now, then) - 1


@expected
def contracts_so_far(past: Past) -> float:
    return len(past.rows("subscriptions"))


# Support --------------------------------------------------------------------------------------------------------------


@expected
def tickets_opened(past: Past) -> float:
    return len(past.tickets("opened_at", 13))


@expected
def ticket_rise(past: Past) -> float:
    return len(past.tickets("opened_at", 4)) - len(past.tickets("opened_at", 26, lag=4)) * 4 / 26


@expected
def severe_tickets(past: Past) -> float:
    return sum((row.get("severity") or "").lower() in SEVERE for row in past.tickets("opened_at", 13))


@expected
def tickets_open(past: Past) -> float:
    return len(past.open_tickets())


@expected
def oldest_open_ticket(past: Past) -> float:
    return max((past.days_since(row["opened_at"]) for row in past.open_tickets()), default=nan)


@expected
def tickets_reopened(past: Past) -> float:
    return len(past.tickets("reopened_at", 26))


@expected
def days_to_close(past: Past) -> float:
    days = [(row["closed_at"] - row["opened_at"]) / DAY for row in past.tickets("closed_at", 26)]
    return fmean(days) if days else nan


@expected
def ticket_csat(past: Past) -> float:
    ratings = [row["csat"] for row in past.tickets("closed_at", 26) if row.get("csat") is not None]
    return fmean(ratings) if ratings else nan
