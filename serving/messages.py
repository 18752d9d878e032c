"""Messages to people in our own database: each is claimed before it is sent, so that none is sent twice.

Between claiming a message and marking it, nobody knows whether it arrived. A run that ends there, or a receiver that
does not answer, leaves it like that, and it is never sent again: at most once, rather than at least once.
"""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Literal

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from serving.schema import lists
from serving.schema_acting import messages
from serving.store import writing

LONGEST_KEY = 128
IN_DOUBT = "in doubt: "
"""How the error of a message begins that may have arrived; no run sends it again."""

Standing = Literal["new", "sent", "failed", "in doubt"]


@dataclass(frozen=True)
class Message:
    """What is sent to whom; `key` says what it is about, `content` is a digest of what it says that is news."""

    key: str
    kind: str
    recipient: str
    list_id: int
    content: str
    subject: str
    text: str
    html: str


def message_key(*parts: object) -> str:
    """Return the parts as one key; what would be too long for the database is replaced by its digest."""
    key = ":".join(map(str, parts))
    return key if len(key) <= LONGEST_KEY else f"{key[:32]}:{sha256(key.encode()).hexdigest()}"


def claim(engine: Engine, message: Message, at: datetime) -> int | None:
    """Write the message down as being sent and return its id, or None when it was sent, is being sent or is in doubt.

    Of any number of runs at once exactly one gets it. A message that failed before is claimed anew, as it reads now.
    """
    record = {
        "kind": message.kind,
        "recipient": message.recipient,
        "list_id": message.list_id,
        "digest": message.content,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "created_at": at,
        "error": None,
    }
    try:
        with writing(engine).begin() as connection:
            made = insert(messages).values(key=message.key, **record).returning(messages.c.id)
            return int(connection.execute(made).scalar_one())
    except IntegrityError:
        # The key exists. Only one that surely was not sent may be taken, and only by one run: the condition is read
        # again under the row's lock.
        failed = messages.c.sent_at.is_(None) & ~messages.c.error.startswith(IN_DOUBT)
        taken = update(messages).where(messages.c.key == message.key, failed).values(**record).returning(messages.c.id)
        with writing(engine).begin() as connection:
            return connection.execute(taken).scalar()


def mark_sent(engine: Engine, message_id: int, at: datetime, error: str | None = None) -> None:
    """Mark a claimed message as sent; `error` says what part of it did not arrive."""
    _mark(engine, message_id, sent_at=at, error=error)


def mark_failed(engine: Engine, message_id: int, error: str) -> None:
    """Mark a claimed message as surely not sent, so that the next run tries again."""
    _mark(engine, message_id, error=error)


def mark_in_doubt(engine: Engine, message_id: int, error: str) -> None:
    """Mark a claimed message as one that may have arrived: no run sends it again."""
    _mark(engine, message_id, error=IN_DOUBT + error)


def standing_of(connection: Connection, key: str) -> tuple[Standing, str | None]:
    """Return where the message of this key stands, with its error where there is one."""
    found = connection.execute(select(messages.c.sent_at, messages.c.error).where(messages.c.key == key)).first()
    if found is None:
        return "new", None
    if found.sent_at is not None:
        return "sent", found.error
    if found.error is None:
        return "in doubt", "it was being sent when a run ended, or is being sent now"
    if found.error.startswith(IN_DOUBT):
        return "in doubt", found.error.removeprefix(IN_DOUBT)
    return "failed", found.error


def last_content(connection: Connection, kind: str, recipient: str, before: date) -> str | None:
    """Return the content of the last message of this kind that was sent for a list before the date, or None."""
    query = (
        select(messages.c.digest)
        .join(lists, lists.c.id == messages.c.list_id)
        .where(messages.c.kind == kind, messages.c.recipient == recipient)
        .where(messages.c.sent_at.is_not(None), lists.c.as_of < before)
        .order_by(lists.c.as_of.desc())
        .limit(1)
    )
    return connection.scalar(query)


def _mark(engine: Engine, message_id: int, **values: object) -> None:
    with writing(engine).begin() as connection:
        connection.execute(update(messages).where(messages.c.id == message_id).values(**values))
