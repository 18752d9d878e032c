"""Accounts as digests say them: a line of numbers, a reason in words, what is to be done and by when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from serving.acting.plays import play_for
from serving.digest_book import DigestBook
from serving.formats import day, days_left, percent, plain, short_money
from serving.list_row import ListRow

SHOWN = 8
"""Accounts that one section shows; the list has them all."""


@dataclass(frozen=True)
class Item:
    """One account, or one owner, with what is said about it."""

    title: str
    facts: tuple[str, ...]
    account_id: str | None = None
    numbers: str | None = None


@dataclass(frozen=True)
class Section:
    """Items under a title; `more` says how many are left out."""

    title: str
    items: tuple[Item, ...]
    more: int = 0

    @property
    def count(self) -> int:
        """Items shown and left out."""
        return len(self.items) + self.more


def section(title: str, items: Iterable[Item], shown: int = SHOWN) -> Section:
    """Return the first items under a title."""
    found = tuple(items)
    return Section(title, found[:shown], max(0, len(found) - shown))


def by_place(rows: Iterable[ListRow]) -> list[ListRow]:
    """Return the rows by what can still be saved, as their places say; those without a place by rank at the end."""
    return sorted(rows, key=lambda row: (row.place is None, row.place or 0, row.rank))


def account_item(book: DigestBook, row: ListRow, *facts: str | None) -> Item:
    """Return an account with its numbers and these facts; empty facts are left out."""
    named = title(row.name, row.account_id)
    return Item(named, tuple(filter(None, facts)), row.account_id, numbers(book, row))


def title(name: str | None, account_id: str) -> str:
    """Return what an account is called."""
    return f"{plain(name)} ({plain(account_id)})" if name else plain(account_id)


def numbers(book: DigestBook, row: ListRow) -> str:
    """Return risk, band and money of an account in one line."""
    ranked = book.published.settings.rank_by
    start, _, end = ranked.removeprefix("risk_").rpartition("_")
    window = f"in days {int(start) + 1} to {end}" if start else f"within {end} days"
    band = book.final_band(row)
    said = band if band == row.band else f"{band} (the CSM's band; the list says {row.band})"
    parts = [f"{percent(getattr(row, ranked))} risk {window}", plain(said)]
    if row.saveable is not None:
        parts.append(f"{short_money(row.saveable, book.published.settings.currency)} a year can still be saved")
    elif row.arr is not None:
        parts.append(f"{short_money(row.arr, book.published.settings.currency)} a year")
    return " · ".join(parts)


def reason(row: ListRow) -> str | None:
    """Return the first reason in words."""
    return plain(row.reasons[0].text) if row.reasons else None


def moved(row: ListRow) -> str | None:
    """Return what changed in words."""
    return plain(row.change_text) if row.change_text else None


def deadline(book: DigestBook, row: ListRow) -> str | None:
    """Return until when notice can be given."""
    if row.notice_deadline is None:
        return None
    return f"Notice deadline {day(row.notice_deadline)}, {days_left(row.notice_deadline, book.today)}."


def to_do(book: DigestBook, row: ListRow, plays: Mapping[str, str]) -> str | None:
    """Return the next action with its due date, else the play that is suggested for the first driver."""
    said = book.said(row.account_id)
    if said.next_action is not None:
        return next_action(book, row.account_id)
    play = play_for(row.driver or (row.reasons[0].driver if row.reasons else None), plays)
    return None if play is None else f"Suggested: {plain(play)}"


def next_action(book: DigestBook, account_id: str) -> str:
    """Return what is to be done about an account and by when."""
    said = book.said(account_id)
    action = f"Next: {plain(said.next_action or '')}"
    if said.next_due is None:
        return action
    late = (book.today - said.next_due).days
    when = f"overdue by {late} day{'' if late == 1 else 's'}" if late > 0 else "today" if late == 0 else ""
    return f"{action} (due {day(said.next_due)}{', ' if when else ''}{when})"


def counted(count: int, one: str, many: str) -> str:
    """Return a count with its noun, or nothing for none."""
    return f"{count:,} {one if count == 1 else many}" if count else ""
