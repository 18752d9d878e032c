"""A shard: some hundred accounts, drawn together and independent of all others."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.sources.world.arrays import DAY, NEVER, Ints, instants, stream
from features.sources.world.book import Accounts, Calendar, draw_accounts, draw_terms
from features.sources.world.drive import draw_drive
from features.sources.world.health import Lives, live
from features.sources.world.money import draw_invoices, draw_outcomes, draw_signed
from features.sources.world.people import draw_contacts, draw_users
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
from features.sources.world.touch import draw_surveys, draw_tickets, draw_touchpoints, draw_trainings
from features.sources.world.truth import leaving_days, see_through, told_weeks, truth_table
from features.sources.world.use import Events, draw_events

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
    tables = {
        "accounts": accounts_table(book, columns, accounts, shard, leaves),
        "subscriptions": subscriptions_table(columns, accounts, signed, noticed),
        "outcomes": outcomes_table(columns, draw_outcomes(money, signed, lives, leaves, noticed, calendar)),
        "invoices": invoices_table(columns, invoices),
        "truth": truth_table(columns, see_through(accounts, terms, lives), lives),
        **_touch(seed, shard, columns, accounts, lives, leaves),
    }
    use = stream(seed, shard, "use")
    drive = draw_drive(use, accounts, lives, calendar, activity)
    users = draw_users(stream(seed, shard, "people"), accounts, calendar.weeks)
    return Shard(columns, tables, draw_events(use, accounts, users, drive, leaves, calendar))


def _notices(rng: np.random.Generator, lives: Lives, leaves: Ints) -> Ints:
    """Return the instant of each notice, microseconds since day 0."""
    week = told_weeks(lives, leaves)
    return np.where(week < NEVER, instants(rng, 7 * week + rng.integers(0, 5, len(week))), NEVER * DAY)


def _touch(
    seed: int, shard: int, columns: Columns, accounts: Accounts, lives: Lives, leaves: Ints
) -> dict[str, pa.Table]:
    rng, voices = stream(seed, shard, "tickets"), stream(seed, shard, "voices")
    contacts = draw_contacts(stream(seed, shard, "people"), accounts, lives, leaves)
    started, ended = instants(voices, contacts.started), instants(voices, np.minimum(contacts.ended, NEVER))
    recorded = started + (voices.exponential(4.0, len(started)) * DAY).astype(np.int64)
    return {
        "contacts": contacts_table(columns, contacts, started, ended, recorded),
        "tickets": tickets_table(columns, shard, draw_tickets(rng, accounts, lives, leaves)),
        "surveys": surveys_table(columns, *draw_surveys(voices, accounts, lives, leaves)),
        "trainings": trainings_table(columns, *draw_trainings(voices, accounts, lives, leaves)),
        "touchpoints": touchpoints_table(columns, *draw_touchpoints(voices, accounts, lives, leaves)),
    }
