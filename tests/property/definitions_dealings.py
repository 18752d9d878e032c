"""The features of surveys, trainings, touchpoints and invoices, by their definitions."""

from collections.abc import Sequence
from math import nan
from statistics import fmean

from tests.property.reference import Past, drop, expected, ratio
from tests.property.told import DAY, EVENT, Row


def mean(values: Sequence[float]) -> float:
    """Return the mean; NaN of nothing."""
    return fmean(values) if values else nan


def people(rows: Sequence[Row]) -> int:
    """Return how many different contacts the rows name."""
    return len({row.get("contact_id") for row in rows} - {None})


def days_since_last(past: Past, table: str, rows: Sequence[Row]) -> float:
    """Return the days since the latest of the rows; NaN without any."""
    return min((past.days_since(row[EVENT[table]]) for row in rows), default=nan)


# Sentiment ------------------------------------------------------------------------------------------------------------


@expected("surveys")
def nps_last(past: Past) -> float:
    answers = [row for row in past.rows("surveys") if row["kind"].lower() == "nps"]
    latest = max((row["answered_at"] for row in answers), default=None)
    return min((row["score"] for row in answers if row["answered_at"] == latest), default=nan)


@expected("surveys")
def nps_change(past: Past) -> float:
    return mean(past.scores("nps", 26)) - mean(past.scores("nps", 40, lag=26))


@expected("surveys")
def days_since_nps(past: Past) -> float:
    return days_since_last(past, "surveys", [row for row in past.rows("surveys") if row["kind"].lower() == "nps"])


@expected("surveys")
def nps_detractors(past: Past) -> float:
    return mean([float(score <= 6) for score in past.scores("nps", 52)])


@expected("surveys")
def nps_net(past: Past) -> float:
    return mean([float(score >= 9) - float(score <= 6) for score in past.scores("nps", 52)])


@expected("surveys")
def nps_answers(past: Past) -> float:
    return len(past.scores("nps", 52))


def nobody_was_asked(past: Past) -> bool:
    """Say whether no invitation to a survey, of anybody, was known."""
    return not any(row["kind"].lower() == "survey" for row in past.told.anybody("touchpoints", past.instant))


@expected("surveys", "touchpoints", unless=nobody_was_asked)
def survey_silence(past: Past) -> float:
    answers = len(past.scores("nps", 52)) + len(past.scores("csat", 52))
    invitations = [row for row in past.window("touchpoints", 52) if row["kind"].lower() == "survey"]
    return 1 - min(answers / len(invitations), 1) if invitations else nan


@expected("surveys")
def survey_csat(past: Past) -> float:
    return mean(past.scores("csat", 26))


@expected("surveys")
def survey_csat_change(past: Past) -> float:
    return mean(past.scores("csat", 26)) - mean(past.scores("csat", 40, lag=26))


# Enablement -----------------------------------------------------------------------------------------------------------


@expected("trainings")
def trainings_completed(past: Past) -> float:
    return len(past.window("trainings", 52))


@expected("trainings")
def days_since_training(past: Past) -> float:
    return days_since_last(past, "trainings", past.rows("trainings"))


@expected("trainings")
def trainings_change(past: Past) -> float:
    return len(past.window("trainings", 26)) - len(past.window("trainings", 26, lag=26))


@expected("trainings")
def people_trained(past: Past) -> float:
    return people(past.window("trainings", 52))


@expected("trainings", history=4)
def training_coverage(past: Past) -> float:
    users = past.users(4)
    return min(people(past.window("trainings", 52)) / users, 1) if users else nan


@expected("trainings")
def people_certified(past: Past) -> float:
    return people([row for row in past.window("trainings", 52) if "certif" in (row.get("course") or "").lower()])


# Relationship ---------------------------------------------------------------------------------------------------------

CUSTOMER = {"account", "customer", "client", "them"}


def by_customer(row: Row) -> bool:
    """Say whether the customer began it."""
    return (row.get("initiated_by") or "").lower() in CUSTOMER


@expected("touchpoints")
def qbrs_held(past: Past) -> float:
    return len(past.held("qbr", weeks=52))


@expected("touchpoints")
def days_since_qbr(past: Past) -> float:
    return days_since_last(past, "touchpoints", past.held("qbr"))


@expected("touchpoints")
def calls_held(past: Past) -> float:
    return len(past.held("call", weeks=13))


@expected("touchpoints")
def meetings_missed(past: Past) -> float:
    meetings = [row for row in past.window("touchpoints", 26) if row["kind"].lower() in ("qbr", "call")]
    return mean([float(row.get("kept") is False) for row in meetings])


@expected("touchpoints")
def days_since_touch(past: Past) -> float:
    return days_since_last(past, "touchpoints", past.held())


@expected("touchpoints")
def touch_drop(past: Past) -> float:
    return drop(len(past.held(weeks=13)), len(past.held(weeks=13, lag=13)))


@expected("touchpoints")
def days_since_customer_contact(past: Past) -> float:
    return days_since_last(past, "touchpoints", [row for row in past.held() if by_customer(row)])


@expected("touchpoints")
def customer_initiative(past: Past) -> float:
    return mean([float(by_customer(row)) for row in past.held(weeks=26)])


@expected("touchpoints")
def contacts_engaged(past: Past) -> float:
    return people(past.held(weeks=26))


@expected("touchpoints")
def contacts_engaged_change(past: Past) -> float:
    return people(past.held(weeks=26)) - people(past.held(weeks=26, lag=26))


@expected("contacts")
def contacts_on_record(past: Past) -> float:
    ever = past.rows("contacts")
    return len(ever) - len(past.left(ever)) if ever else nan


@expected("contacts")
def contacts_left(past: Past) -> float:
    return len(past.window("contacts", 26, column="ended_at")) if past.rows("contacts") else nan


@expected(history=13)
def power_user_share(past: Past) -> float:
    weeks = list(past.active_weeks("user_id", 13).values())
    return ratio(max(weeks, default=0), sum(weeks))


# Payment --------------------------------------------------------------------------------------------------------------


def is_late(past: Past, invoice: Row) -> bool:
    """Say whether an invoice was unpaid, or was paid after it was due."""
    return not past.paid(invoice) or invoice["paid_at"] > invoice["due_at"]


def days_over(past: Past, weeks: int, lag: int = 0) -> list[float]:
    """Return how late the invoices were that were paid in the window."""
    paid = past.window("invoices", weeks, lag, column="paid_at")
    return [max((row["paid_at"] - row["due_at"]) / DAY, 0.0) for row in paid]


@expected("invoices")
def invoices_late(past: Past) -> float:
    return mean([float(is_late(past, row)) for row in past.window("invoices", 52)])


@expected("invoices")
def days_late(past: Past) -> float:
    return mean(days_over(past, 52))


@expected("invoices")
def days_late_change(past: Past) -> float:
    return mean(days_over(past, 26)) - mean(days_over(past, 40, lag=26))


@expected("invoices")
def overdue_days(past: Past) -> float:
    if not past.rows("invoices"):
        return nan
    return max((past.days_since(row["due_at"]) for row in past.overdue()), default=0.0)


@expected("invoices")
def overdue_share(past: Past) -> float:
    if not past.rows("invoices"):
        return nan
    return ratio(sum(row["amount"] or 0.0 for row in past.overdue()), past.total("mrr", times=12))
