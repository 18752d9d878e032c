"""Tables of who may see and do what: people, their sessions, their keys for programs, their saved views."""

from sqlalchemy import JSON, Boolean, Column, DateTime, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from serving.schema import metadata

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("owner", Text),
    Column("password", Text),
    Column("zone", String(64)),
    Column("active", Boolean, nullable=False),
    Column("created_at", DateTime, nullable=False),
)
"""People by their sign-in name. `role` is csm, manager or admin; `owner` is the name that lists know a CSM by;
`password` is an argon2 hash, null for people who sign in elsewhere; a null `zone` means the application's."""

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user_id", Integer, ForeignKey(users.c.id), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
)
"""Who is signed in; `digest` is the sha256 of the cookie's token, so that nobody can sign in with what stands here."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("start", String(16), nullable=False),
    Column("user_id", Integer, ForeignKey(users.c.id), nullable=False),
    Column("title", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime),
    Column("revoked_at", DateTime),
    Column("used_on", DateTime),
)
"""Keys for programs: the sha256 of the key, its first letters to tell keys apart, and what it may do for its user."""

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey(users.c.id), nullable=False),
    Column("name", String(64), nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", DateTime, nullable=False),
    UniqueConstraint("user_id", "name"),
)
"""A named choice of the list: the query part of its address, whose rows depend on who opens it."""
