"""The managers' digest: the whole book in numbers, and the owners who have more than they can work."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from serving.digest_book import DigestBook
from serving.digest_items import Item, Section, account_item, counted, deadline, reason, section, to_do
from serving.digest_news import NEAR_DAYS, News
from serving.formats import day, plain, short_money, whole
from serving.list_row import ListRow


def managers_sections(book: DigestBook, news: News, plays: Mapping[str, str], capacity: int) -> list[Section]:
    """Return what there is to say of the whole book; `capacity` as in `over_capacity`."""
    made = [
        section("The book in numbers", _numbers(book, news)),
        section("Owners over capacity", _over(book, capacity), shown=20),
        section("Owners with overdue actions", _overdue(book), shown=20),
        section(
            f"Notice deadline within {NEAR_DAYS} days and no plan",
            (account_item(book, row, _owned(row), deadline(book, row)) for row in news.near),
        ),
        section(
            "First to work in the whole book",
            (
                account_item(book, row, _owned(row), reason(row), deadline(book, row), to_do(book, row, plays))
                for row in news.top
            ),
        ),
    ]
    return [each for each in made if each.items]


def over_capacity(book: DigestBook, capacity: int) -> dict[str, tuple[int, int]]:
    """Return the owners with more accounts to work than they can, the most loaded first: load and capacity.

    Without a capacity per owner (0) everybody has an equal share of the list's.
    """
    shares = capacity or math.ceil(book.published.settings.capacity / max(1, len(book.owners)))
    load = Counter(row.owner for row in book.published.rows if row.owner and book.to_work(row))
    return {owner: (count, shares) for owner, count in load.most_common() if owner and count > shares}


def managers_lead(book: DigestBook) -> list[str]:
    """Return the first sentence of the managers' digest."""
    rows, owners = book.published.rows, {row.owner for row in book.published.rows if row.owner}
    work, lowest = sum(book.to_work(row) for row in rows), book.published.settings.band_names[-1]
    return [
        f"{work:,} of {len(rows):,} accounts of {len(owners):,} owners above {lowest}, not snoozed, recovered or lost."
    ]


def managers_subject(book: DigestBook, news: News, capacity: int) -> str:
    """Return the subject of the managers' digest: which list, and what is news in numbers."""
    counts = [
        counted(len(news.new), "new", "new"),
        counted(len(news.left), "left", "left"),
        counted(len(news.near), "deadline without a plan", "deadlines without a plan"),
        counted(len(over_capacity(book, capacity)), "owner over capacity", "owners over capacity"),
    ]
    return f"The book, {day(book.published.as_of)}: {', '.join(filter(None, counts)) or 'in numbers'}"


def managers_standing(book: DigestBook, news: News, capacity: int) -> list[object]:
    """Return what of the managers' digest is compared with the one before."""
    return [*news.standing, sorted(over_capacity(book, capacity)), sorted(_late(book).items())]


def _numbers(book: DigestBook, news: News) -> list[Item]:
    rows, currency = book.published.rows, book.published.settings.currency
    listed, before = Counter(row.band for row in rows), Counter(each.band for each in book.before.values())
    known = book.published.previous_as_of is not None
    bands = [
        f"{band}: {whole(listed[band])}" + (f" (the week before {whole(before[band])})" if known else "")
        for band in book.published.settings.bands
    ]
    at_risk, saveable = _total(row.arr_at_risk for row in rows), _total(row.saveable for row in rows)
    money = [f"{short_money(at_risk, currency)} a year at risk"] if at_risk is not None else []
    money += [f"{short_money(saveable, currency)} a year can still be saved"] if saveable is not None else []
    items = [Item(f"{len(rows):,} accounts with a risk", tuple(bands))]
    if known:
        items.append(Item(f"{len(news.new):,} new, {len(news.left):,} left", _moves(news)))
    if money:
        items.append(Item(money[0], tuple(money[1:])))
    if unscored := len(book.published.not_scored):
        items.append(Item(f"{unscored:,} account{'' if unscored == 1 else 's'} without a risk", ()))
    if alone := sum(row.owner is None for row in rows):
        items.append(Item(f"{alone:,} account{'' if alone == 1 else 's'} without an owner", ()))
    return items


def _moves(news: News) -> tuple[str, ...]:
    up = sum((row.change or 0) > 0 for row in news.moved)
    return (f"Beside them {up:,} moved up and {len(news.moved) - up:,} down by at least 5 points.",)


def _over(book: DigestBook, capacity: int) -> list[Item]:
    return [
        Item(plain(owner), (f"{load:,} accounts to work, capacity {share:,}",))
        for owner, (load, share) in over_capacity(book, capacity).items()
    ]


def _overdue(book: DigestBook) -> list[Item]:
    return [Item(plain(owner), (f"{count:,} overdue",)) for owner, count in _late(book).most_common()]


def _late(book: DigestBook) -> Counter[str]:
    late: Counter[str] = Counter()
    for account_id, said in book.states.items():
        if said.next_action and said.next_due is not None and said.next_due < book.today:
            late[book.accounts.get(account_id, (None, None))[1] or "Without an owner"] += 1
    return late


def _owned(row: ListRow) -> str:
    return f"Owner: {plain(row.owner)}" if row.owner else "No owner"


def _total(amounts: Iterable[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None
