"""What is news in a book: who came and left, who moved, which deadlines near, and what is due this week."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from serving.digest_book import DigestBook
from serving.digest_items import by_place
from serving.formats import plain
from serving.list_row import ListRow

NEAR_DAYS = 30
WEEK = timedelta(days=7)
TOP = 5
MOVED = 0.05
"""Least change of the risk that is said, as a difference of probabilities."""


@dataclass(frozen=True)
class News:
    """Accounts by what is said about them: rows, and ids of accounts that the list may not have any more."""

    top: list[ListRow]
    new: list[ListRow]
    left: dict[str, str]
    """Accounts that left the list, with why."""
    near: list[ListRow]
    """A notice deadline within 30 days and no plan."""
    moved: list[ListRow]
    due: list[str]
    """Accounts with a next action that is overdue or due within a week."""
    waking: list[str]
    """Accounts whose snooze ends within a week."""

    @property
    def happened(self) -> bool:
        """Whether anything came, left, moved or is due: reason enough to write to an owner."""
        return self.moved_in_book or bool(self.due or self.waking)

    @property
    def moved_in_book(self) -> bool:
        """Whether anything came, left or moved: reason enough to write to managers."""
        return bool(self.new or self.left or self.moved)

    @property
    def standing(self) -> list[object]:
        """What else is said, without what merely counts days: equal to the digest's before when nothing is news."""
        top = sorted(row.account_id for row in self.top)
        return [top, sorted((row.account_id, str(row.notice_deadline)) for row in self.near)]


def content_of(standing: list[object]) -> str:
    """Return a digest of JSON values."""
    return sha256(json.dumps(standing).encode()).hexdigest()


def find_news(book: DigestBook, owner: str | None) -> News:
    """Return the news of one owner's book, or of the whole book for None."""
    rows = book.rows_of(owner)
    to_work = by_place(row for row in rows if book.to_work(row))
    new = by_place(row for row in rows if (book.is_new(row) if owner else _newly_listed(book, row)))
    left = _left(book, owner)
    said = {row.account_id for row in new} | set(left)
    return News(
        top=to_work[:TOP],
        new=new,
        left=left,
        near=[row for row in _by_deadline(to_work) if _is_near(book, row) and not book.has_plan(row.account_id)],
        moved=_moved([row for row in rows if row.account_id not in said]),
        due=_due(book, owner),
        waking=_waking(book, owner),
    )


def _newly_listed(book: DigestBook, row: ListRow) -> bool:
    return book.is_new(row) and row.account_id not in book.before


def _left(book: DigestBook, owner: str | None) -> dict[str, str]:
    """Return who was on the list before and is not any more, or is in somebody else's book now."""
    lowest = book.published.settings.band_names[-1]
    left: dict[str, str] = {}
    for account_id in sorted(book.listed_before(owner)):
        row, earlier = book.rows.get(account_id), book.before[account_id]
        if row is None:
            why = book.why_unscored.get(account_id)
            left[account_id] = f"No risk this week: {plain(why)}." if why else "Not in the book any more."
        elif row.band == lowest:
            left[account_id] = f"From {earlier.band} to {row.band}."
        elif owner is not None and row.owner != owner:
            left[account_id] = f"Now with {plain(row.owner)}." if row.owner else "Has no owner now."
    return left


def _by_deadline(rows: list[ListRow]) -> list[ListRow]:
    return sorted(rows, key=lambda row: str(row.notice_deadline or "~"))


def _is_near(book: DigestBook, row: ListRow) -> bool:
    if row.notice_deadline is None:
        return False
    return 0 <= (row.notice_deadline - book.today).days <= NEAR_DAYS


def _moved(rows: list[ListRow]) -> list[ListRow]:
    far = [row for row in rows if row.change is not None and abs(row.change) >= MOVED]
    return sorted(far, key=lambda row: -abs(row.change or 0.0))


def _due(book: DigestBook, owner: str | None) -> list[str]:
    spoken = book.spoken_of(owner)
    dated = [(book.said(account).next_due, account) for account in spoken if book.said(account).next_action]
    return [account for due, account in sorted((due, account) for due, account in dated if due) if due < _end(book)]


def _waking(book: DigestBook, owner: str | None) -> list[str]:
    ends = [(book.said(account).snooze_until, account) for account in book.spoken_of(owner)]
    return [account for until, account in sorted((u, a) for u, a in ends if u) if book.today <= until < _end(book)]


def _end(book: DigestBook) -> date:
    return book.today + WEEK
