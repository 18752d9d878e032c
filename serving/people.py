"""People who may sign in: their names, roles and passwords."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args
from zoneinfo import available_timezones

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, insert, select, update

from features.errors import UsageError
from serving.schema import audit
from serving.schema_people import api_keys, sessions, users
from serving.store import writing

if TYPE_CHECKING:
    from argon2 import PasswordHasher

Role = Literal["csm", "manager", "admin"]
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1_024
LONGEST_NAME = 64


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in; `owner` is the name that lists know a CSM by, a null zone the application's."""

    id: int
    name: str
    role: Role
    owner: str | None
    zone: str | None
    active: bool


def add_person(
    engine: Engine,
    name: str,
    role: Role,
    *,
    at: datetime,
    by: str,
    owner: str | None = None,
    password: str | None = None,
    zone: str | None = None,
) -> Person:
    """Add a person; without a password they can only sign in through a trusted proxy.

    Raises UsageError for a name that is taken or unusable, an unknown role or zone, a CSM without owner, and a weak
    password.
    """
    _check(name, role, owner, zone)
    hashed = None if password is None else _hashed(password)
    record = {"name": name, "role": role, "owner": owner, "password": hashed, "zone": zone, "active": True}
    with writing(engine).begin() as connection:
        if find_person(connection, name) is not None:
            raise UsageError(
                f"there already is a person {name!r}: `forewarn user change {name}` changes what they may do"
            )
        connection.execute(insert(users), {**record, "created_at": at})
        _note(connection, at, by, "add person", {"name": name, "role": role, "owner": owner})
        found = find_person(connection, name)
    assert found is not None  # noqa: S101  it was inserted above, in the same transaction
    return found


def change_person(
    engine: Engine,
    name: str,
    *,
    at: datetime,
    by: str,
    role: Role | None = None,
    owner: str | None = None,
    password: str | None = None,
    zone: str | None = None,
    active: bool | None = None,
) -> Person:
    """Change what is given and leave the rest; a new password, role or owner, or an end, signs the person out.

    An end also takes their keys back, for good.

    Raises UsageError as `add_person` does, and when there is no such person.
    """
    with writing(engine).begin() as connection:
        person = require_person(connection, name)
        new_role, new_owner = role or person.role, owner or person.owner
        _check(name, new_role, new_owner, zone)
        given: dict[str, object] = {"role": new_role, "owner": new_owner}
        if password is not None:
            given["password"] = _hashed(password)
        given |= {key: value for key, value in (("zone", zone), ("active", active)) if value is not None}
        connection.execute(update(users).where(users.c.id == person.id).values(**given))
        if any(each is not None for each in (role, owner, password, active)):
            connection.execute(sessions.delete().where(sessions.c.user_id == person.id))
        if active is False:
            ended = update(api_keys).where(api_keys.c.user_id == person.id, api_keys.c.revoked_at.is_(None))
            connection.execute(ended.values(revoked_at=at))
        told = {key: value for key, value in given.items() if key != "password"} | {
            "new_password": password is not None
        }
        _note(connection, at, by, "change person", {"name": name, **told})
        return require_person(connection, name)


def people(engine: Engine) -> list[Person]:
    """Return everybody, in the order of their names."""
    with engine.connect() as connection:
        return [_person(row) for row in connection.execute(_columns().order_by(users.c.name))]


def find_person(connection: Connection, name: str) -> Person | None:
    """Return the person of this sign-in name, in any case of letters."""
    row = connection.execute(_columns().where(_called(name))).first()
    return None if row is None else _person(row)


def require_person(connection: Connection, name: str) -> Person:
    """Return the person of this sign-in name; raises UsageError with all names when there is none."""
    found = find_person(connection, name)
    if found is None:
        known = list(connection.scalars(select(users.c.name).order_by(users.c.name).limit(20)))
        raise UsageError(f"there is no person {name!r}; known are: {', '.join(known) or 'nobody yet'}")
    return found


def who_signs_in(connection: Connection, name: str, password: str) -> Person | None:
    """Return the active person whose password this is, taking as long for a name that does not exist."""
    row = connection.execute(select(users.c.password, users.c.active).where(_called(name))).first()
    stored = row.password if row is not None and row.active else None
    matches = _matches(stored or _nobody(), password)
    return find_person(connection, name) if stored and matches else None


def set_zone(engine: Engine, user_id: int, zone: str) -> None:
    """Keep the time zone in which a person reads times; raises UsageError when it does not exist."""
    _check_zone(zone)
    with writing(engine).begin() as connection:
        connection.execute(update(users).where(users.c.id == user_id).values(zone=zone))


def _called(name: str) -> ColumnElement[bool]:
    # Both sides in the database: SQLite lowers only the letters of ASCII.
    return func.lower(users.c.name) == func.lower(name)


def _columns() -> Select[tuple[int, str, Role, str | None, str | None, bool]]:
    return select(users.c.id, users.c.name, users.c.role, users.c.owner, users.c.zone, users.c.active)


def _person(row: Row[tuple[int, str, Role, str | None, str | None, bool]]) -> Person:
    return Person(*row)


def _check(name: str, role: str, owner: str | None, zone: str | None) -> None:
    if not name or len(name) > LONGEST_NAME or not all(letter.isalnum() or letter in ".-_@+" for letter in name):
        raise UsageError(f"a sign-in name has 1 to {LONGEST_NAME} letters, digits and . - _ @ +, not {name!r}")
    if role not in get_args(Role):
        raise UsageError(f"there is no role {role!r}; choose one of {', '.join(get_args(Role))}")
    if role == "csm" and not owner:
        raise UsageError("a CSM sees the accounts of one owner: give the name that the accounts table has for them")
    if zone is not None:
        _check_zone(zone)


def _check_zone(zone: str) -> None:
    if zone not in available_timezones():
        raise UsageError(f"there is no time zone {zone!r}; use a name such as Europe/Berlin")


def _hashed(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UsageError(f"a password has at least {SHORTEST_PASSWORD} letters (and at most {LONGEST_PASSWORD:,})")
    return _hasher().hash(password)


def _matches(stored: str, password: str) -> bool:
    from argon2.exceptions import VerificationError

    try:
        return _hasher().verify(stored, password[:LONGEST_PASSWORD])
    except VerificationError:
        return False


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


def _nobody() -> str:
    """Return a hash that no password has; checking against it takes as long as against a real one."""
    return "$argon2id$v=19$m=65536,t=3,p=4$Zm9yZXdhcm4gbm9ib2R5IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def _note(connection: Connection, at: datetime, by: str, action: str, detail: dict[str, object]) -> None:
    connection.execute(insert(audit), {"at": at, "actor": by, "action": action, "list_id": None, "detail": detail})
