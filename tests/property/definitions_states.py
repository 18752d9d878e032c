"""The features of contacts, contracts, tickets, the first weeks and the fit, by their definitions."""

from math import nan
from statistics import fmean

from tests.property.reference import SEVERE, Past, expected, ratio
from tests.property.told import DAY

# Sponsors -------------------------------------------------------------------------------------------------------------


@expected("contacts")
def sponsors_now(past: Past) -> float:
    return len(past.sponsors()) - len(past.left(past.sponsors())) if past.sponsors() else nan


@expected("contacts")
def days_since_sponsor_left(past: Past) -> float:
    return min((past.days_since(row["ended_at"]) for row in past.left(past.sponsors())), default=nan)


@expected("contacts")
def sponsor_gap(past: Past) -> float:
    return 0.0 if past.in_office() else days_since_sponsor_left(past)


@expected("contacts")
def sponsor_changes(past: Past) -> float:
    left = [row for row in past.left(past.sponsors()) if past.within(row["ended_at"], 52)]
    return len(left) if past.sponsors() else nan


@expected("contacts")
def no_sponsor_on_record(past: Past) -> float:
    return 0.0 if past.sponsors() else 1.0


@expected("contacts")
def newest_sponsor_days(past: Past) -> float:
    in_office = [row for row in past.sponsors() if not past.happened(row.get("ended_at"))]
    return min((past.days_since(row["started_at"]) for row in in_office), default=nan)


# Contract -------------------------------------------------------------------------------------------------------------


@expected()
def days_to_renewal(past: Past) -> float:
    ends = past.main_term()["ends_at"]
    return nan if ends is None else -past.days_since(ends)


@expected()
def days_to_notice(past: Past) -> float:
    days = past.main_term().get("notice_days")
    return nan if days is None else days_to_renewal(past) - days


@expected()
def term_days(past: Past) -> float:
    term = past.main_term()
    return nan if term["ends_at"] is None else (term["ends_at"] - term["started_at"]) / DAY


@expected()
def auto_renew(past: Past) -> float:
    renews = past.main_term().get("auto_renew")
    return nan if renews is None else float(renews)


@expected()
def tenure_days(past: Past) -> float:
    return past.tenure()


@expected()
def arr(past: Past) -> float:
    money = past.total("mrr", times=12)
    return nan if money is None else money


@expected()
def arr_change(past: Past) -> float:
    return ratio(past.total("mrr"), past.earlier(52).total("mrr")) - 1


@expected()
def seat_price_change(past: Past) -> float:
    before = past.earlier(52)
    now, then = (ratio(each.total("mrr"), each.total("seats")) for each in (past, before))
    return ratio(now, then) - 1


@expected()
def contracts_so_far(past: Past) -> float:
    return len(past.rows("subscriptions"))


# Support --------------------------------------------------------------------------------------------------------------


@expected("tickets")
def tickets_opened(past: Past) -> float:
    return len(past.window("tickets", 13))


@expected("tickets")
def ticket_rise(past: Past) -> float:
    return len(past.window("tickets", 4)) - len(past.window("tickets", 26, lag=4)) * 4 / 26


@expected("tickets")
def severe_tickets(past: Past) -> float:
    return sum((row.get("severity") or "").lower() in SEVERE for row in past.window("tickets", 13))


@expected("tickets")
def tickets_open(past: Past) -> float:
    return len(past.open_tickets())


@expected("tickets")
def oldest_open_ticket(past: Past) -> float:
    return max((past.days_since(row["opened_at"]) for row in past.open_tickets()), default=nan)


@expected("tickets")
def tickets_reopened(past: Past) -> float:
    return len(past.window("tickets", 26, column="reopened_at"))


@expected("tickets")
def days_to_close(past: Past) -> float:
    days = [(row["closed_at"] - row["opened_at"]) / DAY for row in past.window("tickets", 26, column="closed_at")]
    return fmean(days) if days else nan


@expected("tickets")
def ticket_csat(past: Past) -> float:
    ratings = [row["csat"] for row in past.window("tickets", 26, column="closed_at") if row.get("csat") is not None]
    return fmean(ratings) if ratings else nan


# Contract, further ----------------------------------------------------------------------------------------------------


@expected()
def notice_period(past: Past) -> float:
    days = past.main_term().get("notice_days")
    return nan if days is None else days


@expected()
def days_since_renewal(past: Past) -> float:
    return past.days_since(past.main_term()["started_at"])


@expected()
def discount_ends(past: Past) -> float:
    ends = past.main_term().get("discount_ends_at")
    return nan if ends is None else -past.days_since(ends)


@expected(history=4)
def arr_per_active_user(past: Past) -> float:
    return ratio(past.total("mrr", times=12), past.users(4))


# Onboarding -----------------------------------------------------------------------------------------------------------


def began_unseen(past: Past) -> bool:
    """Say whether the first contract began in a week before anybody's first recorded use."""
    since = past.book_tracked_since()
    return since is None or past.weeks_ago(since) < past.weeks_ago(past.first_start())


@expected()
def account_age(past: Past) -> float:
    return past.days_since(past.attribute("created_at"))


@expected(history=1, unless=began_unseen)
def days_to_first_value(past: Past) -> float:
    for weeks in range(past.weeks_ago(past.first_start()) + 1):
        then = past.weeks_after_start(weeks)
        if then is not None and then.steps() >= 3:
            return (then.instant - past.first_start()) / DAY
    return nan


@expected(history=1, unless=began_unseen)
def onboarding_steps(past: Past) -> float:
    then = past.weeks_after_start(12)
    return then.steps() if then else nan


@expected(history=1, unless=began_unseen)
def onboarding_users(past: Past) -> float:
    then = past.weeks_after_start(12)
    return len({row.get("user_id") for row in then.events} - {None}) if then else nan


# Fit ------------------------------------------------------------------------------------------------------------------


@expected()
def icp_fit(past: Past) -> float:
    grade = (past.attribute("icp_fit") or "").strip().upper()
    return "ABCD".index(grade) + 1 if grade and grade in "ABCD" and len(grade) == 1 else nan
