"""Tables: what was drawn, as canonical Arrow tables."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from features.sources.world.arrays import DAY, NEVER, Bools, Ints
from features.sources.world.arrivals import FEATURES, LAUNCHED, Events
from features.sources.world.book import (
    CHANNELS,
    INDUSTRIES,
    PLANS,
    REGIONS,
    SEGMENTS,
    Accounts,
    Calendar,
)
from features.sources.world.drive import ENTITLED
from features.sources.world.health import FITS
from features.sources.world.money import REASONS, Invoices, Outcomes, Signed
from features.sources.world.names import account_id, company_name, contact_id
from features.sources.world.people import ROLES, Staff
from features.sources.world.surveys import SURVEYS, Surveys
from features.sources.world.touch import COURSES, KINDS, SEVERITIES, Moment, Tickets, Touchpoints


class Columns:
    """Turns codes, days and microseconds of one shard into Arrow arrays."""

    def __init__(self, numbers: Ints, calendar: Calendar) -> None:
        """Name the shard's accounts."""
        self.calendar = calendar
        self.names = [account_id(number) for number in numbers]

    def account(self, codes: Ints) -> pa.Array:
        """Return account ids."""
        return coded(codes, self.names)

    def contact(self, codes: Ints, positions: Ints) -> pa.Array:
        """Return the ids of the accounts' contacts of these positions; null where the position is negative."""
        width = int(positions.max(initial=0)) + 1
        names = pa.array([contact_id(name, position) for name in self.names for position in range(width)])
        return names.take(pa.array(codes * width + positions, mask=positions < 0))

    def event(self, shard: int, letter: str, count: int) -> pa.Array:
        """Return ids that no other row of the table has."""
        return pa.array([f"{letter}{shard:05d}-{n}" for n in range(count)], pa.string())

    def instant(self, since: Ints) -> pa.Array:
        """Return TIMESTAMPs; null from the end of the data on: it has not happened yet."""
        return pa.array(since + self.calendar.epoch, mask=since >= self.calendar.days * DAY).cast(pa.timestamp("us"))

    def planned(self, days: Ints) -> pa.Array:
        """Return TIMESTAMPs of days that are known ahead; null where there is none."""
        return pa.array(days * DAY + self.calendar.epoch, mask=days >= NEVER).cast(pa.timestamp("us"))


def coded(codes: Ints, words: Sequence[str], missing: Bools | None = None) -> pa.Array:
    """Return a dictionary-encoded string array."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=missing), pa.array(words, pa.string()))


def accounts_table(
    rng: np.random.Generator, columns: Columns, accounts: Accounts, shard: int, leaves: Ints
) -> pa.Table:
    """Return account rows; one account in eight is handed to another owner and has a second row from then on."""
    owners = int(accounts.owner.max()) + 1
    day = accounts.begins + rng.integers(60, 900, len(accounts))
    stays = (day < leaves) & (day < columns.calendar.days) & (owners > 1)
    handed = np.nonzero((rng.random(len(accounts)) < 0.25) & stays)[0]
    row = np.concatenate([np.arange(len(accounts)), handed])
    version = np.repeat([0, 1], [len(accounts), len(handed)])
    order = np.lexsort((version, row))
    row, version = row[order], version[order]
    owner = (accounts.owner[row] + version) % owners
    created = accounts.signed * DAY
    return pa.table(
        {
            "account_id": columns.account(row),
            "created_at": columns.planned(accounts.signed[row]),
            "valid_from": columns.instant(np.where(version == 1, day[row] * DAY, created[row])),
            "name": pa.array([company_name(number) for number in accounts.number[row].tolist()]),
            "owner": coded(owner, [f"CSM {shard + 1}-{n + 1}" for n in range(owners)]),
            "segment": coded(accounts.segment[row], SEGMENTS),
            "region": coded(accounts.region[row], REGIONS),
            "industry": coded(accounts.industry[row], INDUSTRIES),
            "plan": coded(accounts.plan[row], PLANS),
            "icp_fit": coded(accounts.fit[row], FITS),
            "acquired_via": coded(accounts.channel[row], CHANNELS),
        }
    )


def subscriptions_table(
    columns: Columns, accounts: Accounts, signed: Signed, noticed: Ints, discounts: Ints
) -> pa.Table:
    """Return one row per term; a notice stands on the term in which it is given and on the last one."""
    account = signed.account
    given = np.where(signed.ends * DAY > noticed[account], noticed[account], NEVER * DAY)
    names = [f"{columns.names[a]}-{n + 1:02d}" for a, n in zip(account.tolist(), signed.term.tolist(), strict=True)]
    return pa.table(
        {
            "account_id": columns.account(account),
            "subscription_id": pa.array(names),
            "started_at": columns.planned(signed.starts),
            "ends_at": columns.planned(signed.ends),
            "mrr": pa.array(signed.mrr),
            "seats": pa.array(signed.seats),
            "auto_renew": pa.array(accounts.auto_renew[account] == 1),
            "notice_days": pa.array(accounts.notice[account]),
            "noticed_at": columns.instant(given),
            "discount_ends_at": columns.planned(discounts),
            "recorded_at": columns.instant(signed.recorded),
        }
    )


def outcomes_table(columns: Columns, outcomes: Outcomes) -> pa.Table:
    """Return churns and contractions."""
    return pa.table(
        {
            "account_id": columns.account(outcomes.account),
            "kind": coded(outcomes.churn, ("contraction", "churn")),
            "effective_at": columns.instant(outcomes.effective),
            "noticed_at": columns.instant(outcomes.noticed),
            "reason": coded(outcomes.reason, REASONS, missing=outcomes.churn == 0),
            "amount": pa.array(outcomes.amount),
            "recorded_at": columns.instant(outcomes.recorded),
        }
    )


def contacts_table(columns: Columns, staff: Staff) -> pa.Table:
    """Return contacts known before the data end."""
    table = pa.table(
        {
            "account_id": columns.account(staff.account),
            "contact_id": columns.contact(staff.account, staff.position),
            "role": coded(staff.role, ROLES),
            "started_at": columns.instant(staff.started),
            "ended_at": columns.instant(staff.ended),
            "recorded_at": columns.instant(staff.recorded),
        }
    )
    return table.filter(pa.array(staff.recorded < columns.calendar.days * DAY))


def tickets_table(columns: Columns, first: int, tickets: Tickets) -> pa.Table:
    """Return tickets; an answer to the satisfaction question comes with the closing."""
    open_ = tickets.closed >= columns.calendar.days * DAY
    count = len(tickets.closed)
    return pa.table(
        {
            "account_id": columns.account(tickets.moment.account),
            "ticket_id": pa.array([f"T{first:05d}-{n}" for n in range(count)]),
            "opened_at": columns.instant(tickets.moment.at),
            "closed_at": columns.instant(tickets.closed),
            "severity": coded(tickets.severity, SEVERITIES),
            "csat": pa.array(tickets.csat.astype(np.float64), mask=open_ | (tickets.csat == 0)),
            "reopened_at": columns.instant(tickets.reopened),
        }
    )


def surveys_table(columns: Columns, shard: int, surveys: Surveys, contact: Ints) -> pa.Table:
    """Return answers."""
    moment = surveys.moment
    return pa.table(
        {
            "account_id": columns.account(moment.account),
            "answered_at": columns.instant(moment.at),
            "kind": coded(surveys.kind, SURVEYS),
            "score": pa.array(surveys.score.astype(np.float64)),
            "contact_id": columns.contact(moment.account, contact),
            "event_id": columns.event(shard, "S", len(moment.at)),
        }
    )


def trainings_table(columns: Columns, shard: int, moment: Moment, course: Ints, contact: Ints) -> pa.Table:
    """Return completed trainings."""
    return pa.table(
        {
            "account_id": columns.account(moment.account),
            "completed_at": columns.instant(moment.at),
            "contact_id": columns.contact(moment.account, contact),
            "course": coded(course, COURSES),
            "event_id": columns.event(shard, "C", len(moment.at)),
        }
    )


def touchpoints_table(columns: Columns, shard: int, touchpoints: Touchpoints, contact: Ints) -> pa.Table:
    """Return reviews, calls, emails and invitations to surveys."""
    moment = touchpoints.moment
    return pa.table(
        {
            "account_id": columns.account(moment.account),
            "occurred_at": columns.instant(moment.at),
            "kind": coded(touchpoints.kind, KINDS),
            "initiated_by": coded(touchpoints.ours, ("account", "us")),
            "kept": pa.array(touchpoints.kept == 1, mask=touchpoints.kept < 0),
            "contact_id": columns.contact(moment.account, contact),
            "event_id": columns.event(shard, "M", len(moment.at)),
        }
    )


def invoices_table(columns: Columns, shard: int, invoices: Invoices) -> pa.Table:
    """Return invoices that were due before the data end."""
    return pa.table(
        {
            "account_id": columns.account(invoices.account),
            "due_at": columns.instant(invoices.due),
            "amount": pa.array(invoices.amount),
            "paid_at": columns.instant(invoices.paid),
            "event_id": columns.event(shard, "I", len(invoices.due)),
        }
    )


def usage_table(columns: Columns, events: Events, first_id: int) -> pa.Table:
    """Return events; ids count on from `first_id`, a second copy has the id of its original."""
    ids = first_id - 1 + np.cumsum(~events.copy)
    return pa.table(
        {
            "account_id": columns.account(events.account),
            "occurred_at": columns.instant(events.occurred),
            "feature": coded(events.feature, FEATURES),
            "user_id": pa.array(events.user),
            "quantity": pa.array(events.quantity),
            "event_id": pa.array(ids),
            "available_at": columns.instant(events.available),
        }
    )


def entitlements_table(calendar: Calendar) -> pa.Table:
    """Return which product features a plan includes; the youngest one only from the day it came out."""
    rows = [(plan, name) for plan, most in zip(PLANS, ENTITLED, strict=True) for name in FEATURES[1 : most + 1]]
    young = np.array([name == FEATURES[LAUNCHED] for _, name in rows])
    since = (calendar.start + calendar.launch).astype("datetime64[us]").astype(np.int64)
    valid = pa.array(np.full(len(rows), since), mask=~young).cast(pa.timestamp("us"))
    return pa.table({"plan": [plan for plan, _ in rows], "feature": [name for _, name in rows], "valid_from": valid})
