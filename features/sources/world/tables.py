"""Tables: what was drawn, as canonical Arrow tables."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from features.sources.world.arrays import DAY, NEVER, Bools, Ints
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
from features.sources.world.people import ROLES, Contacts
from features.sources.world.touch import COURSES, KINDS, SEVERITIES, Moment, Tickets
from features.sources.world.use import FEATURES, Events


class Columns:
    """Turns codes, days and microseconds of one shard into Arrow arrays."""

    def __init__(self, numbers: Ints, calendar: Calendar) -> None:
        """Name the shard's accounts."""
        self.calendar = calendar
        self.names = [account_id(number) for number in numbers]

    def account(self, codes: Ints) -> pa.Array:
        """Return account ids."""
        return coded(codes, self.names)

    def contact(self, codes: Ints, position: int) -> pa.Array:
        """Return the ids of the accounts' contacts of that position."""
        return coded(codes, [contact_id(name, position) for name in self.names])

    def instant(self, since: Ints) -> pa.Array:
        """Return TIMESTAMPs; null from the end of the data on: it has not happened yet."""
        return pa.array(since + self.calendar.epoch, mask=since >= self.calendar.days * DAY).cast(pa.timestamp("us"))

    def planned(self, days: Ints) -> pa.Array:
        """Return TIMESTAMPs of days that are known ahead."""
        return pa.array(days * DAY + self.calendar.epoch).cast(pa.timestamp("us"))


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


def subscriptions_table(columns: Columns, accounts: Accounts, signed: Signed, noticed: Ints) -> pa.Table:
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


def contacts_table(columns: Columns, contacts: Contacts, started: Ints, ended: Ints, recorded: Ints) -> pa.Table:
    """Return contacts known before the data end."""
    known = recorded < columns.calendar.days * DAY
    account = contacts.account
    position = np.arange(len(account)) - np.searchsorted(account, account)
    names = [contact_id(columns.names[a], n) for a, n in zip(account.tolist(), position.tolist(), strict=True)]
    table = pa.table(
        {
            "account_id": columns.account(account),
            "contact_id": pa.array(names),
            "role": coded(contacts.role, ROLES),
            "started_at": columns.instant(started),
            "ended_at": columns.instant(ended),
            "recorded_at": columns.instant(recorded),
        }
    )
    return table.filter(pa.array(known))


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


def surveys_table(columns: Columns, moment: Moment, score: Ints) -> pa.Table:
    """Return NPS answers."""
    return pa.table(
        {
            "account_id": columns.account(moment.account),
            "answered_at": columns.instant(moment.at),
            "kind": coded(np.zeros(len(score), np.int64), ("nps",)),
            "score": pa.array(score.astype(np.float64)),
            "contact_id": columns.contact(moment.account, ROLES.index("admin")),
        }
    )


def trainings_table(columns: Columns, moment: Moment, course: Ints) -> pa.Table:
    """Return completed trainings."""
    return pa.table(
        {
            "account_id": columns.account(moment.account),
            "completed_at": columns.instant(moment.at),
            "contact_id": columns.contact(moment.account, ROLES.index("admin")),
            "course": coded(course, COURSES),
        }
    )


def touchpoints_table(columns: Columns, moment: Moment, kind: Ints, ours: Ints) -> pa.Table:
    """Return reviews, calls and emails."""
    return pa.table(
        {
            "account_id": columns.account(moment.account),
            "occurred_at": columns.instant(moment.at),
            "kind": coded(kind, KINDS),
            "initiated_by": coded(ours, ("account", "us")),
        }
    )


def invoices_table(columns: Columns, invoices: Invoices) -> pa.Table:
    """Return invoices that were due before the data end."""
    return pa.table(
        {
            "account_id": columns.account(invoices.account),
            "due_at": columns.instant(invoices.due),
            "amount": pa.array(invoices.amount),
            "paid_at": columns.instant(invoices.paid),
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


def entitlements_table() -> pa.Table:
    """Return which product features a plan includes."""
    rows = [(plan, name) for plan, most in zip(PLANS, ENTITLED, strict=True) for name in FEATURES[1 : most + 1]]
    return pa.table({"plan": [plan for plan, _ in rows], "feature": [name for _, name in rows]})
