"""A shard: some hundred accounts, drawn together and independent of all others."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.sources.world.arrays import DAY, NEVER, Ints, instants, stream
from features.sources.world.arrivals import Events
from features.sources.world.book import Accounts, Calendar, draw_accounts, draw_terms
from features.sources.world.drive import draw_drive
from features.sources.world.engaged import circle
from features.sources.world.health import Lives, live
from features.sources.world.money import draw_discounts, draw_invoices, draw_outcomes, draw_signed
from features.sources.world.people import draw_contacts, draw_key_users, draw_users, record_contacts, together
from features.sources.world.records import CORRECTED, correct, on_record
from features.sources.world.surveys import draw_surveys
from features.sources.world.tables import (
    Columns,
    accounts_table,
    contacts_table,
    invoices_table,
    outcomes_table,
    subscriptions_table,
    surveys_table,
    tickets_table,
    touchpoints_table,
    trainings_table,
)
from features.sources.world.touch import draw_tickets, draw_touchpoints, draw_trainings
from features.sources.world.truth import leaving_days, see_through, told_weeks, truth_table
from features.sources.world.use import draw_events

SIZE = 250
"""Accounts per shard; part of the seed's meaning, so never a setting."""


@dataclass(frozen=True)
class Shard:
    """The tables of a shard; events are still without their ids."""

    columns: Columns
    tables: dict[str, pa.Table]
    events: Events


def draw_shard(seed: int, shard: int, count: int, calendar: Calendar, activity: float) -> Shard:
    """Draw everything about the accounts of one shard."""
    book, money = stream(seed, shard, "book"), stream(seed, shard, "money")
    accounts = draw_accounts(book, shard * SIZE, count, calendar)
    terms = draw_terms(accounts, calendar)
    life = stream(seed, shard, "life")
    lives = live(life, accounts.fit, accounts.monthly, accounts.joins, terms.decision_term(calendar.weeks))
    leaves = leaving_days(terms, lives)
    noticed = _notices(life, lives, leaves)
    columns = Columns(accounts.number, calendar)
    signed = draw_signed(money, accounts, terms, lives, leaves, calendar)
    invoices = draw_invoices(money, accounts, signed, lives, leaves, calendar)
    discounts = draw_discounts(stream(seed, shard, "offers"), accounts, signed, calendar)
    records = stream(seed, shard, "records")
    tables = {
        "accounts": accounts_table(book, columns, accounts, shard, leaves),
        "subscriptions": subscriptions_table(columns, accounts, signed, noticed, discounts),
        "outcomes": outcomes_table(columns, draw_outcomes(money, signed, lives, leaves, noticed, calendar)),
        "invoices": on_record(records, columns, invoices_table(columns, shard, invoices), invoices.due),
        "truth": truth_table(columns, see_through(accounts, terms, lives), lives),
        **_touch(seed, shard, records, columns, accounts, lives, leaves),
    }
    fixes = stream(seed, shard, "corrections")
    tables |= {name: correct(fixes, columns, name, tables[name]) for name in CORRECTED}
    use = stream(seed, shard, "use")
    drive = draw_drive(use, accounts, lives, calendar, activity)
    users = draw_users(stream(seed, shard, "people"), accounts, calendar.weeks)
    return Shard(columns, tables, draw_events(use, fixes, accounts, users, drive, leaves, calendar))


def _notices(rng: np.random.Generator, lives: Lives, leaves: Ints) -> Ints:
    """Return the instant of each notice, microseconds since day 0."""
    week = told_weeks(lives, leaves)
    return np.where(week < NEVER, instants(rng, 7 * week + rng.integers(0, 5, len(week))), NEVER * DAY)


def _touch(
    seed: int,
    shard: int,
    records: np.random.Generator,
    columns: Columns,
    accounts: Accounts,
    lives: Lives,
    leaves: Ints,
) -> dict[str, pa.Table]:
    rng, voices = stream(seed, shard, "tickets"), stream(seed, shard, "voices")
    meetings, further = stream(seed, shard, "meetings"), stream(seed, shard, "staff")
    known = record_contacts(voices, draw_contacts(stream(seed, shard, "people"), accounts, lives, leaves))
    staff = together(known, record_contacts(further, draw_key_users(further, accounts, lives, leaves)))
    near = circle(further, staff, len(accounts), columns.calendar.days)
    tickets = draw_tickets(rng, accounts, lives, leaves)
    surveys = draw_surveys(voices, stream(seed, shard, "surveys"), accounts, lives, leaves)
    trained, course = draw_trainings(voices, meetings, accounts, lives, leaves)
    met = draw_touchpoints(voices, meetings, accounts, lives, leaves, surveys.invitations)
    who = [near.pick(meetings, each) for each in (surveys.moment, trained, met.moment)]
    drawn = {
        "tickets": (tickets_table(columns, shard, tickets), tickets.moment),
        "surveys": (surveys_table(columns, shard, surveys, who[0]), surveys.moment),
        "trainings": (trainings_table(columns, shard, trained, course, who[1]), trained),
        "touchpoints": (touchpoints_table(columns, shard, met, who[2]), met.moment),
    }
    arrived = {name: on_record(records, columns, table, moment.at) for name, (table, moment) in drawn.items()}
    return {"contacts": contacts_table(columns, staff), **arrived}
