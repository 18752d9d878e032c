"""Keys for programs: each belongs to a person, may do no more than they, and can be taken back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import Connection, Engine, insert, select, update

from features.errors import UsageError
from serving.people import Person
from serving.schema_people import api_keys, users
from serving.sessions import digest
from serving.store import writing

SCOPES = {
    "lists": "read lists, accounts and explanations",
    "feedback": "read and write what people say and do about accounts",
    "runs": "read what runs and lists there were",
}
PREFIX = "fwk_"
SHOWN = 12
MOST = 50
"""Valid keys of one person."""
LARGEST_ID = 2**31 - 1
USED_WITHIN = timedelta(hours=1)
"""How exactly the last use is kept: writing on every read would make every read wait for the database's one writer."""


@dataclass(frozen=True)
class ApiKey:
    """A key as it is shown: its first letters only."""

    id: int
    start: str
    title: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_on: datetime | None
    person: str


def add_key(
    engine: Engine, person: Person, title: str, scopes: Collection[str], *, at: datetime, days: int | None = None
) -> str:
    """Make a key and return it: the only time it is seen whole.

    Raises UsageError for an empty title, an unknown scope, or none.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise UsageError(f"no scope {unknown[0]!r}" if unknown else f"give at least one scope of {', '.join(SCOPES)}")
    title = title.replace("\x00", "").strip()
    if not title or len(title) > 100:
        raise UsageError("a key needs a title of 1 to 100 letters that says what it is for")
    if days is not None and not 1 <= days <= 3_650:
        raise UsageError("a key ends after 1 to 3,650 days")
    key = PREFIX + token_urlsafe(32)
    record = {
        "digest": digest(key),
        "start": key[:SHOWN],
        "user_id": person.id,
        "title": title,
        "scopes": sorted(scopes),
        "created_at": at,
        "expires_at": None if days is None else at + timedelta(days=days),
    }
    with writing(engine).begin() as connection:
        _require_room(connection, person, at)
        connection.execute(insert(api_keys), record)
    return key


def _require_room(connection: Connection, person: Person, at: datetime) -> None:
    valid = sum(each.revoked_at is None and (each.expires_at or at) >= at for each in keys(connection, person.id))
    if valid >= MOST:
        raise UsageError(f"{person.name} has {valid} keys that are valid: take one back first")


def read_key(connection: Connection, key: str, *, at: datetime) -> tuple[Person, frozenset[str], int, bool] | None:
    """Return whose key this is, its scopes, its id and whether its use should be noted; None when it is not valid."""
    columns = (users.c.id, users.c.name, users.c.role, users.c.owner, users.c.zone, users.c.active)
    query = select(
        *columns, api_keys.c.scopes, api_keys.c.id.label("key_id"), api_keys.c.expires_at, api_keys.c.used_on
    )
    query = query.join(users, users.c.id == api_keys.c.user_id)
    query = query.where(api_keys.c.digest == digest(key), api_keys.c.revoked_at.is_(None), users.c.active)
    row = connection.execute(query).first()
    if row is None or (row.expires_at is not None and row.expires_at <= at):
        return None
    note = row.used_on is None or at - row.used_on >= USED_WITHIN
    return Person(*row[:6]), frozenset(row.scopes), row.key_id, note


def note_use(engine: Engine, key_id: int, *, at: datetime) -> None:
    """Keep when a key was last used, to the hour."""
    with writing(engine).begin() as connection:
        connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(used_on=at))


def revoke_key(engine: Engine, key_id: int, *, at: datetime, user_id: int | None = None) -> None:
    """Take a key back, at once and for good; raises UsageError when there is none (of this person, when given)."""
    if key_id > LARGEST_ID:
        raise UsageError(f"there is no key {key_id} that could be taken back: `forewarn key list` shows them")
    change = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)).values(revoked_at=at)
    if user_id is not None:
        change = change.where(api_keys.c.user_id == user_id)
    with writing(engine).begin() as connection:
        if connection.execute(change).rowcount == 0:
            raise UsageError(f"there is no key {key_id} that could be taken back: `forewarn key list` shows them")


def keys(connection: Connection, user_id: int | None = None) -> list[ApiKey]:
    """Return a person's keys, or all of them, the newest first."""
    names = [each for each in ApiKey.__dataclass_fields__ if each != "person"]
    query = select(*(api_keys.c[name] for name in names), users.c.name.label("person"))
    query = query.join(users, users.c.id == api_keys.c.user_id).order_by(api_keys.c.id.desc())
    if user_id is not None:
        query = query.where(api_keys.c.user_id == user_id)
    return [
        ApiKey(**{**row, "scopes": tuple(row["scopes"])}) for row in map(dict, connection.execute(query).mappings())
    ]
