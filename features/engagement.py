"""What passes between an account and us: answers to surveys, trainings, touchpoints, invoices, people.

States are arrays of accounts × the weeks at whose ends they are read (`Rows.at`). A corrected row
counts until its correction was known (`Rows.until`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.grid import NEVER, Floats, Flow, Ints, exact
from features.presence import Presence
from features.rows import Rows

Flags = NDArray[np.bool_]

CUSTOMER = ("account", "customer", "client", "them")
"""Words for a touchpoint that the account began."""
CERTIFIED = "certif"
"""What the name of a course holds whose completion certifies."""
PROMOTER, DETRACTOR = 9, 6
"""Least NPS score of a promoter, greatest of a detractor."""


@dataclass(frozen=True)
class Surveys:
    """Answers to surveys as known at each week's end."""

    nps: Flow
    nps_points: Flow
    promoters: Flow
    detractors: Flow
    csat: Flow
    csat_points: Flow
    last_nps: Ints
    """When the latest NPS answer was given, in microseconds."""
    last_score: Floats
    """Score of that answer, the lowest of several at one instant; NaN before the first."""


def surveys(rows: Rows) -> Surveys:
    """Put the answers on the grid."""
    kind, score, answered = rows.texts("kind"), rows.numbers("score"), rows.times("answered_at")
    nps, csat = kind.are("nps"), kind.are("csat")
    week = rows.week("answered_at")
    latest = _latest(rows, nps, np.lexsort((-score, answered)))
    return Surveys(
        nps=_flow(rows, week, nps),
        nps_points=_flow(rows, week, nps, score),
        promoters=_flow(rows, week, nps & (score >= PROMOTER)),
        detractors=_flow(rows, week, nps & (score <= DETRACTOR)),
        csat=_flow(rows, week, csat),
        csat_points=_flow(rows, week, csat, score),
        last_nps=np.where(latest >= 0, np.r_[answered, NEVER][latest], NEVER),
        last_score=np.where(latest >= 0, np.r_[score, np.nan][latest], np.nan),
    )


@dataclass(frozen=True)
class Trainings:
    """Completed trainings as known at each week's end."""

    completed: Flow
    last: Ints
    people: Presence
    certified: Presence


def trainings(rows: Rows) -> Trainings:
    """Put the trainings on the grid."""
    week, every = rows.week("completed_at"), np.ones(len(rows), dtype=bool)
    certifies = rows.texts("course").hold(lambda course: CERTIFIED in course)
    return Trainings(
        completed=_flow(rows, week, every),
        last=_last(rows, every, "completed_at"),
        people=_people(rows, week, every),
        certified=_people(rows, week, certifies),
    )


@dataclass(frozen=True)
class Touchpoints:
    """Meetings, calls and messages as known at each week's end; an invitation to a survey is none of them."""

    held: Flow
    last: Ints
    begun_by_account: Flow
    last_begun_by_account: Ints
    reviews: Flow
    last_review: Ints
    calls: Flow
    planned: Flow
    """Reviews and calls, held or not."""
    missed: Flow
    people: Presence
    """Contacts who took part."""
    invitations: Flow
    """Invitations to answer a survey."""


def touchpoints(rows: Rows) -> Touchpoints:
    """Put the touchpoints on the grid; one that did not take place counts only as missed."""
    kind, week = rows.texts("kind"), rows.week("occurred_at")
    kept = rows.numbers("kept") != 0
    invitation, review, call = kind.are("survey"), kind.are("qbr"), kind.are("call")
    held = kept & ~invitation
    theirs = held & rows.texts("initiated_by").are(*CUSTOMER)
    return Touchpoints(
        held=_flow(rows, week, held),
        last=_last(rows, held, "occurred_at"),
        begun_by_account=_flow(rows, week, theirs),
        last_begun_by_account=_last(rows, theirs, "occurred_at"),
        reviews=_flow(rows, week, held & review),
        last_review=_last(rows, held & review, "occurred_at"),
        calls=_flow(rows, week, held & call),
        planned=_flow(rows, week, review | call),
        missed=_flow(rows, week, (review | call) & ~kept),
        people=_people(rows, week, held),
        invitations=_flow(rows, week, invitation),
    )


@dataclass(frozen=True)
class Invoices:
    """Invoices as known at each week's end; a payment is seen once it has been made."""

    due: Flow
    late: Flow
    """Due, and not paid by then: late from the day on which they were due, whenever they are paid."""
    paid: Flow
    delay: Flow
    """From due date to payment of the invoices paid, in microseconds, none below 0."""
    ever: Flags
    """Whether any invoice was ever due (accounts × weeks)."""
    unpaid: Floats
    """Amount that is due and unpaid."""
    oldest_unpaid: Floats
    """When the oldest unpaid invoice was due, in microseconds; NaN where none is due and unpaid."""


def invoices(rows: Rows) -> Invoices:
    """Put the invoices on the grid."""
    due, paid = rows.times("due_at"), rows.times("paid_at")
    known, settled = rows.week("known_at"), rows.week("paid_at")
    every, late = np.ones(len(rows), dtype=bool), (paid == NEVER) | (paid > due)
    delay = np.where(paid == NEVER, 0, np.maximum(paid - due, 0)).astype(np.float64)
    open_until = np.minimum(settled, rows.until)
    oldest = rows.latest(known, -due, until=open_until)
    return Invoices(
        due=_flow(rows, rows.week("due_at"), every),
        late=_flow(rows, rows.week("due_at"), late),
        paid=_flow(rows, settled, every),
        delay=_flow(rows, settled, every, delay),
        ever=_standing(rows, known, rows.until, np.ones(len(rows))) > 0,
        unpaid=_standing(rows, known, open_until, np.nan_to_num(rows.numbers("amount"))),
        oldest_unpaid=np.where(oldest == NEVER, np.nan, -oldest.astype(np.float64)),
    )


@dataclass(frozen=True)
class Contacts:
    """Contacts of any role as recorded at each week's end (accounts × weeks)."""

    now: Floats
    ever: Flags
    left: Flow


def contacts(rows: Rows) -> Contacts:
    """Put the contacts on the grid; an end is seen only once it has passed."""
    came = np.maximum(rows.week("started_at"), rows.week("known_at"))
    one = np.ones(len(rows))
    return Contacts(
        now=_standing(rows, came, np.minimum(rows.week("ended_at"), rows.until), one),
        ever=_standing(rows, came, rows.until, one) > 0,
        left=Flow.of(
            rows.shape,
            rows.account,
            rows.week("ended_at"),
            np.maximum(rows.week("ended_at"), came),
            one,
            rows.until,
        ),
    )


def _flow(rows: Rows, week: Ints, which: Flags, amount: Floats | None = None) -> Flow:
    """Return the chosen rows in their weeks, with 1 each or an amount; a row is never known before its week."""
    amount = np.ones(len(rows)) if amount is None else amount
    known = np.maximum(week, rows.week("known_at"))[which]
    return Flow.of(rows.shape, rows.account[which], week[which], known, amount[which], rows.until[which])


def _last(rows: Rows, which: Flags, name: str) -> Ints:
    """Return the latest time among the chosen rows known by the end of each week (accounts × weeks)."""
    return rows.latest(rows.week("known_at"), rows.times(name), which)


def _latest(rows: Rows, which: Flags, order: Ints) -> Ints:
    """Return the chosen row that comes last in `order` of those known by each week's end; −1 before the first."""
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.arange(len(rows))
    found = rows.latest(rows.week("known_at"), place, which)
    return np.where(found == NEVER, -1, np.r_[order, -1][np.maximum(found, -1)])


def _people(rows: Rows, week: Ints, which: Flags) -> Presence:
    """Return in which weeks each contact was named by a chosen row."""
    member, account = rows.members("contact_id")
    known = np.maximum(week, rows.week("known_at"))[which]
    return Presence.of(rows.shape, account, member[which], week[which], known, rows.until[which])


def _standing(rows: Rows, first: Ints, stop: Ints, amount: Floats) -> Floats:
    """Add up the amounts of the rows whose half-open week range `[first, stop)` holds each week read."""
    first, stop = rows.at.place(first), rows.at.place(stop)
    here = stop > first
    columns, amount = len(rows.at) + 1, exact(amount[here])
    size, start = rows.shape[0] * columns, rows.account[here] * columns
    change = np.bincount(start + first[here], amount, size) - np.bincount(start + stop[here], amount, size)
    return np.cumsum(change.reshape(rows.shape[0], columns)[:, :-1], axis=1)
