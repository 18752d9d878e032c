"""Tables of what people said and did about accounts, and of the messages that were sent."""

from sqlalchemy import JSON, Column, Date, DateTime, ForeignKey, Index, Integer, String, Table, Text

from serving.schema import lists, metadata
from serving.schema_people import users

actions = Table(
    "actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", String, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("user_id", Integer, ForeignKey(users.c.id)),
    Column("actor", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("list_id", Integer, ForeignKey(lists.c.id)),
    Column("detail", JSON, nullable=False),
    Column("undoes", Integer, ForeignKey("actions.id"), unique=True),
    Column("request", String(64), unique=True),
    Index(None, "account_id", "id"),
)
"""What was said or done, append-only: rows are added, never changed or removed. `kind` is stage, risk, note, snooze,
next, done, play or undo; `list_id` is the list that was looked at; `undoes` is the action that an undo takes back;
`request` is a key that makes sending the same form twice one action."""

account_states = Table(
    "account_states",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("stage", String(16)),
    Column("stage_since", DateTime),
    Column("csm_band", String(16)),
    Column("csm_reason", String(32)),
    Column("csm_since", DateTime),
    Column("csm_by", Text),
    Column("snooze_until", Date),
    Column("next_action", Text),
    Column("next_due", Date),
    Column("notes", Integer, nullable=False),
    Column("last_action", Integer, ForeignKey(actions.c.id), nullable=False),
    Index(None, "stage"),
)
"""Where each account stands after all its actions; written with every action and the same when made again from them."""

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(128), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("list_id", Integer, ForeignKey(lists.c.id)),
    Column("digest", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("sent_at", DateTime),
    Column("error", Text),
)
"""Messages to people: `key` says what it is about (so that none is made twice), `digest` is of its content."""
