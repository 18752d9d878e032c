"""The weekly digest: what is news for one owner, or in the whole book; there is none when nothing is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Literal

from sqlalchemy import Engine

from features.errors import UsageError
from serving.digest_book import DigestBook, read_book
from serving.digest_managers import managers_lead, managers_sections, managers_standing, managers_subject
from serving.digest_news import News, content_of, find_news
from serving.digest_owner import owner_lead, owner_sections, owner_subject
from serving.digest_words import Page, as_html, as_text
from serving.formats import day
from serving.messages import Message, last_content, message_key

MANAGERS = "managers"
"""Whom the digest of the whole book is for; no owner's name."""
Kind = Literal["digest", "managers"]


@dataclass(frozen=True)
class Digest:
    """One digest as it is sent; `content` is equal to the one's before when nothing is news."""

    kind: Kind
    recipient: str
    list_id: int
    as_of: date
    content: str
    subject: str
    text: str
    html: str

    @property
    def key(self) -> str:
        """What it is about: nothing with the same key is sent twice."""
        return message_key(self.kind, self.as_of, *([self.recipient] if self.kind == "digest" else ()))

    @property
    def message(self) -> Message:
        """The digest as a row of the messages."""
        return Message(
            self.key, self.kind, self.recipient, self.list_id, self.content, self.subject, self.text, self.html
        )

    def to_json(self) -> dict[str, Any]:
        """Return the digest as JSON values."""
        return {
            "recipient": self.recipient,
            "as_of": self.as_of.isoformat(),
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
        }


def make_digest(
    engine: Engine,
    owner: str | None,
    at: datetime,
    link: str | None = None,
    plays: Mapping[str, str] | None = None,
    capacity: int = 0,
) -> Digest | None:
    """Return the digest of the current list for an owner, or of the whole book for None; None when nothing is news.

    `link` is the application's address, `plays` suggests what to do per driver, `capacity` is how many accounts an
    owner can work (0: an equal share of the list's). Nothing is news when nobody came, left or moved, nothing is due
    this week, and first accounts and near deadlines are the same as in the last digest that was sent for an earlier
    list. Raises UsageError when no list is published or nobody of this name has an account on it.
    """
    book = read_book(engine, at)
    if owner is not None and owner not in book.owners:
        raise UsageError(_unknown(book, owner))
    return _Maker(engine, book, link, plays or {}, capacity).make(owner)


def make_digests(
    engine: Engine,
    at: datetime,
    link: str | None = None,
    plays: Mapping[str, str] | None = None,
    capacity: int = 0,
) -> Iterator[Digest]:
    """Yield the digest of every owner who has news, then the managers' if there is any, as `make_digest` makes them."""
    book = read_book(engine, at)
    maker = _Maker(engine, book, link, plays or {}, capacity)
    for owner in (*book.owners, None):
        if (made := maker.make(owner)) is not None:
            yield made


@dataclass(frozen=True)
class _Maker:
    engine: Engine
    book: DigestBook
    link: str | None
    plays: Mapping[str, str]
    capacity: int

    def make(self, owner: str | None) -> Digest | None:
        """Return one digest, or None when nothing is news."""
        news = find_news(self.book, owner)
        standing = news.standing if owner else managers_standing(self.book, news, self.capacity)
        happened = news.happened if owner else news.moved_in_book
        if not happened and (not any(standing) or self._sent_before(owner) == content_of(standing)):
            return None
        page = self._page(owner, news)
        return Digest(
            kind="digest" if owner else "managers",
            recipient=owner or MANAGERS,
            list_id=self.book.published.list_id,
            as_of=self.book.published.as_of,
            content=content_of(standing),
            subject=owner_subject(self.book, news) if owner else managers_subject(self.book, news, self.capacity),
            text=as_text(page),
            html=as_html(page),
        )

    def _sent_before(self, owner: str | None) -> str | None:
        kind, recipient = ("digest", owner) if owner else ("managers", MANAGERS)
        with self.engine.connect() as connection:
            return last_content(connection, kind, recipient, self.book.published.as_of)

    def _page(self, owner: str | None, news: News) -> Page:
        book, shown = self.book, day(self.book.published.as_of)
        if owner is None:
            title, lead = f"The book at risk, {shown}", managers_lead(book)
            sections = managers_sections(book, news, self.plays, self.capacity)
        else:
            title, lead = f"Your accounts at risk, {shown}", owner_lead(book, owner)
            sections = owner_sections(book, news, self.plays)
        return Page(title, lead, sections, book.published.simulated, self.link)


def _unknown(book: DigestBook, owner: str) -> str:
    near = get_close_matches(owner, book.owners, 3, 0.3) or book.owners[:3]
    return f"nobody called {owner!r} has an account; there are {len(book.owners)}, nearest: {', '.join(near)}"
