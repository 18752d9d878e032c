"""Tables of what happened to accounts: beside their risk on a time line, and after each list."""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table, Text

from serving.schema import lists, metadata

account_events = Table(
    "account_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("account_id", String, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("on", Date, nullable=False),
    Column("known_on", Date, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "account_id", "on"),
)
"""What happened to an account, in words: `kind` is ticket, sponsor, contract, survey, touchpoint or outcome; `on` is
the day it happened, `known_on` the day it could be known; `digest` keeps an event from being told twice."""

list_outcomes = Table(
    "list_outcomes",
    metadata,
    Column("list_id", Integer, ForeignKey(lists.c.id), primary_key=True),
    Column("account_id", String, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("days", Integer, nullable=False),
)
"""What became of a list's accounts within its horizon, `days` after its as-of date: `kind` is churn, or `left view`
where nobody can say. An account without a row is still there."""

list_maturity = Table(
    "list_maturity",
    metadata,
    Column("list_id", Integer, ForeignKey(lists.c.id), primary_key=True),
    Column("known_by", Date, nullable=False),
    Column("matured_days", Integer, nullable=False),
)
"""How far each list has matured: every outcome up to `matured_days` after its as-of date is on record by `known_by`."""
