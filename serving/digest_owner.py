"""One owner's digest: what to work first, which deadlines near, who came, left and moved, what is due."""

from collections.abc import Mapping

from serving.digest_book import DigestBook
from serving.digest_items import (
    Item,
    Section,
    account_item,
    counted,
    deadline,
    moved,
    next_action,
    reason,
    section,
    title,
    to_do,
)
from serving.digest_news import NEAR_DAYS, News
from serving.formats import day, plain, points


def owner_sections(book: DigestBook, news: News, plays: Mapping[str, str]) -> list[Section]:
    """Return what there is to say to an owner; a section without accounts is left out."""
    rows = book.rows
    first = {row.account_id for row in news.top}
    made = [
        section(
            "Work these first",
            (account_item(book, row, reason(row), deadline(book, row), to_do(book, row, plays)) for row in news.top),
        ),
        section(
            f"Notice deadline within {NEAR_DAYS} days and no plan",
            (
                _spoken(book, row.account_id, deadline(book, row))
                if row.account_id in first
                else account_item(book, row, deadline(book, row), to_do(book, row, plays))
                for row in news.near
            ),
        ),
        section("Next actions overdue or due this week", (_spoken(book, each, _next(book, each)) for each in news.due)),
        section("Snoozes that end this week", (_spoken(book, each, _back(book, each)) for each in news.waking)),
        section("New on your list", (account_item(book, row, moved(row) or reason(row)) for row in news.new)),
        section(
            "Left your list",
            (_spoken(book, each, why, moved(rows[each]) if each in rows else None) for each, why in news.left.items()),
        ),
        section(
            "Changed most",
            (account_item(book, row, moved(row) or f"Risk {points(row.change)} points.") for row in news.moved),
        ),
    ]
    return [each for each in made if each.items]


def owner_lead(book: DigestBook, owner: str) -> list[str]:
    """Return the first sentence of an owner's digest."""
    rows = book.rows_of(owner)
    work = sum(book.to_work(row) for row in rows)
    lowest = book.published.settings.band_names[-1]
    return [f"{plain(owner)}: {work:,} of {len(rows):,} accounts above {lowest}, not snoozed, recovered or lost."]


def owner_subject(book: DigestBook, news: News) -> str:
    """Return the subject of an owner's digest: which list, and what is news in numbers."""
    counts = [
        counted(len(news.new), "new", "new"),
        counted(len(news.left), "left", "left"),
        counted(len(news.near), "deadline without a plan", "deadlines without a plan"),
        counted(len(news.due), "action due", "actions due"),
        counted(len(news.waking), "snooze ends", "snoozes end"),
    ]
    return f"Your accounts, {day(book.published.as_of)}: {', '.join(filter(None, counts)) or 'who to work first'}"


def _spoken(book: DigestBook, account_id: str, *facts: str | None) -> Item:
    name = book.accounts[account_id][0] if account_id in book.accounts else book.before[account_id].name
    return Item(title(name, account_id), tuple(filter(None, facts)), account_id)


def _next(book: DigestBook, account_id: str) -> str:
    return next_action(book, account_id)


def _back(book: DigestBook, account_id: str) -> str:
    until = book.said(account_id).snooze_until
    stage = book.said(account_id).stage
    return f"Back on {day(until)}." + (f" Stage: {plain(stage)}." if stage else "")
