"""Who is signed in: a random token in the person's cookie, its digest in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select

from serving.people import Person
from serving.schema_people import sessions, users
from serving.store import writing

# Made once: every request asks it.
FIND = (
    select(users.c.id, users.c.name, users.c.role, users.c.owner, users.c.zone, users.c.active, sessions.c.csrf)
    .join(sessions, sessions.c.user_id == users.c.id)
    .where(sessions.c.digest == bindparam("token"), sessions.c.expires_at > bindparam("at"), users.c.active)
)


@dataclass(frozen=True)
class Session:
    """A signed-in person; every form they send must carry `csrf`."""

    person: Person
    csrf: str


def digest(token: str) -> str:
    """Return what the database keeps of a token: nobody can sign in with it."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def open_session(engine: Engine, person: Person, *, at: datetime, hours: float) -> str:
    """Sign a person in and return the token for their cookie; sessions that have ended are swept out."""
    token = token_urlsafe(32)
    record = {
        "digest": digest(token),
        "user_id": person.id,
        "csrf": token_urlsafe(24),
        "created_at": at,
        "expires_at": at + timedelta(hours=hours),
    }
    with writing(engine).begin() as connection:
        connection.execute(delete(sessions).where(sessions.c.expires_at <= at))
        connection.execute(insert(sessions), record)
    return token


def read_session(connection: Connection, token: str, *, at: datetime) -> Session | None:
    """Return the session of a token, or None when it has ended or the person may no longer sign in."""
    row = connection.execute(FIND, {"token": digest(token), "at": at}).first()
    return None if row is None else Session(Person(*row[:-1]), row.csrf)


def close_session(engine: Engine, token: str) -> None:
    """Sign out: the token is worth nothing from now on."""
    with writing(engine).begin() as connection:
        connection.execute(delete(sessions).where(sessions.c.digest == digest(token)))
