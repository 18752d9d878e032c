"""A published list in memory, made for finding rows: it never changes, so neither does what was found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from features.errors import UsageError
from serving.list_choice import LARGEST_FIRST, NO_STAGE, ListChoice, Sort
from serving.list_search import ListSearch
from serving.list_states import States
from serving.risk_list import PublishedList

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TEXTS = ("owner", "segment", "band", "previous_band", "driver")
NUMBERS = (
    "rank", "place", "arr", "arr_at_risk", "risk_90", "risk_60_90", "saveable", "change", "weeks_listed", "health",
)  # fmt: skip
DATES = ("renewal_date", "notice_deadline")


@dataclass(frozen=True)
class Found:
    """One page of what was chosen."""

    accounts: list[str]
    first: int
    """Number of the first row among all chosen ones, from 1."""
    total: int
    before: str | None
    """The account to come before on the previous page, None on the first."""
    after: str | None
    """The account to go on after, None on the last page."""


class ListIndex:
    """Columns of one list as arrays in rank order."""

    def __init__(self, header: PublishedList, columns: Mapping[str, Sequence[Any]]) -> None:
        import numpy as np

        self.header = header
        self.accounts: list[str] = list(columns["account_id"])
        self.row_of = {account: row for row, account in enumerate(self.accounts)}
        self.names = columns["name"]
        self.texts = {name: _coded(columns[name]) for name in TEXTS}
        self.numbers: dict[str, NDArray[np.float64]] = {
            name: np.array([np.nan if each is None else each for each in columns[name]], dtype=float)
            for name in NUMBERS
        }
        for name in DATES:
            days = [np.nan if each is None else each.toordinal() for each in columns[name]]
            self.numbers[name] = np.array(days, dtype=float)
        self._codes = {
            name: {text: place for place, text in enumerate(known)} for name, (known, _) in self.texts.items()
        }
        self._owners = [(owner.casefold(), owner) for owner in self.texts["owner"][0]]
        names = zip(self.accounts, self.names, strict=True)
        self._search = ListSearch([f"{account}\n{name or ''}".casefold() for account, name in names])
        self.lowest = header.settings.band_names[-1]
        self._orders: dict[str, NDArray[np.int64]] = {}
        self._places: dict[str, NDArray[np.int64]] = {}
        self.totals: dict[tuple[object, ...], Any] = {}
        """What was counted of whole books, kept by whoever counts."""
        self._values: dict[tuple[str, str | None], list[str]] = {}

    def values(self, name: str, book: str | None = None) -> list[str]:
        """Return what a text column holds, in order; only in the rows of one owner's book where one is given."""
        import numpy as np

        if (name, book) not in self._values:
            known, codes = self.texts[name]
            here = np.unique(codes[self.in_book(book)])
            self._values[name, book] = [known[code] for code in here if code >= 0]
        return self._values[name, book]

    def in_book(self, book: str | None) -> NDArray[np.bool_]:
        """Return which rows belong to an owner's book, for None all."""
        import numpy as np

        return np.ones(len(self.accounts), dtype=bool) if book is None else self.flags("owner", (book,))

    def listed(self) -> NDArray[np.bool_]:
        """Return which rows are on the list: above the lowest band."""
        return ~self.flags("band", (self.lowest,))

    def new(self) -> NDArray[np.bool_]:
        """Return which rows are on the list and were not a week before; nothing is new on a first list."""
        fresh: NDArray[np.bool_] = self.listed() & (self.numbers["weeks_listed"] == 1)
        return fresh & (self.header.previous_as_of is not None)

    def order(self, sort: Sort) -> NDArray[np.int64]:
        """Return the rows in an order; missing values last, ties by rank."""
        import numpy as np

        if sort not in self._orders:
            keys = self._key(sort)
            self._orders[sort] = np.argsort(-keys if sort in LARGEST_FIRST else keys, kind="stable")
        return self._orders[sort]

    def matching(self, choice: ListChoice, book: str | None, states: States, today: date) -> NDArray[np.bool_]:
        """Return which rows are chosen among those of the book."""
        import numpy as np

        chosen = self.in_book(book)
        for name in ("owner", "segment", "driver"):
            if wanted := getattr(choice, name):
                chosen &= self.flags(name, wanted)
        if choice.band:
            self._require_bands(choice.band)
            chosen &= self.finally_in(choice.band, states)
        if choice.renewal is not None:
            end = (self.header.as_of + timedelta(days=choice.renewal)).toordinal()
            chosen &= self.numbers["renewal_date"] <= end
        if choice.search:
            chosen &= self._says(choice.search)
        if choice.stage:
            staged = self.marked(states.staged(choice.stage))
            chosen &= (staged | ~self.marked(states.staged(None))) if NO_STAGE in choice.stage else staged
        shown = self._shown(choice.show, states, today)
        return chosen if shown is None else np.logical_and(chosen, shown)

    def rows(self, choice: ListChoice, book: str | None, states: States, today: date) -> NDArray[np.int64]:
        """Return the chosen rows in the chosen order."""
        order = self.order(choice.sort)
        return order[self.matching(choice, book, states, today)[order]]

    def page(
        self,
        rows: NDArray[np.int64],
        sort: Sort,
        size: int,
        after: str | None = None,
        before: str | None = None,
        book: str | None = None,
    ) -> Found:
        """Return the page of chosen rows after an account, before one (`end`: the last page), or the first.

        Raises UsageError when the list does not have the account.
        """
        start = self._start(rows, sort, size, after, before, book)
        accounts = [self.accounts[row] for row in rows[start : start + size]]
        more = start + size < len(rows)
        return Found(
            accounts,
            start + 1,
            len(rows),
            accounts[0] if accounts and start > 0 else None,
            accounts[-1] if accounts and more else None,
        )

    def _start(
        self, rows: NDArray[np.int64], sort: Sort, size: int, after: str | None, before: str | None, book: str | None
    ) -> int:
        if before == "end":
            return max(0, (len(rows) - 1) // size * size)
        if after is None and before is None:
            return 0
        account = after if after is not None else before
        if account not in self.row_of or not self.in_book(book)[self.row_of[account]]:
            raise UsageError(
                f"this page goes on from account {account!r}, which is not on the list of {self.header.as_of}"
            )
        positions = self._positions(sort)
        here = positions[self.row_of[account]]
        ahead = int((positions[rows] < here).sum())
        if after is not None:
            inside = ahead < len(rows) and rows[ahead] == self.row_of[account]
            start = ahead + int(inside)
            # Rows may have gone since the page before was shown: the last page then, not an empty one behind it.
            return start if start < len(rows) else max(0, (len(rows) - 1) // size * size)
        return max(0, ahead - size)

    def _positions(self, sort: Sort) -> NDArray[np.int64]:
        import numpy as np

        if sort not in self._places:
            places = np.empty(len(self.accounts), dtype=np.int64)
            places[self.order(sort)] = np.arange(len(self.accounts))
            self._places[sort] = places
        return self._places[sort]

    def _key(self, sort: Sort) -> NDArray[np.float64]:
        import numpy as np

        if sort == "place" and np.isnan(self.numbers["place"]).all():
            return self.numbers["rank"]
        if sort in self.numbers:
            return self.numbers[sort]
        texts = self.names if sort == "name" else [self._text(sort, row) for row in range(len(self.accounts))]
        known = {text: place for place, text in enumerate(sorted({(t or "").casefold() for t in texts}))}
        return np.array([np.nan if not text else known[text.casefold()] for text in texts], dtype=float)

    def _text(self, name: str, row: int) -> str | None:
        known, codes = self.texts[name]
        return known[codes[row]] if codes[row] >= 0 else None

    def flags(self, name: str, wanted: Collection[str]) -> NDArray[np.bool_]:
        """Return which rows have one of these texts in a column."""
        import numpy as np

        known, codes = self.texts[name]
        places = self._codes[name]
        chosen = np.zeros(len(known) + 1, dtype=bool)
        # The last place stands for what has no text: its code is -1.
        chosen[[places[text] for text in wanted if text in places]] = True
        found: NDArray[np.bool_] = chosen[codes]
        return found

    def _says(self, search: str) -> NDArray[np.bool_]:
        """Return which rows have a text in their id, name or owner; owners are few, so their names stand apart."""
        wanted = search.casefold()
        owners = [owner for folded, owner in self._owners if wanted in folded]
        return self._search.says(wanted) | self.flags("owner", owners)

    def _require_bands(self, bands: Collection[str]) -> None:
        known = self.header.settings.band_names
        for band in bands:
            if band not in known:
                raise UsageError(f"the list of {self.header.as_of} has no band {band!r}; it has {', '.join(known)}")

    def filling(self, capacity: int, counted: NDArray[np.bool_]) -> frozenset[str]:
        """Return the accounts with which an owner reaches so many of the counted rows, in the default order."""
        order = self.order("place")
        order = order[counted[order] & (self.texts["owner"][1][order] >= 0)]
        places = _places_within(self.texts["owner"][1][order])
        return frozenset(self.accounts[row] for row in order[places == capacity])

    def finally_in(self, bands: Collection[str], states: States) -> NDArray[np.bool_]:
        """Return which rows are in one of these bands, where a CSM's band counts before the automated one."""
        flags = self.flags("band", bands)
        for account, state in states.by_account.items():
            if state.csm_band is not None and account in self.row_of:
                flags[self.row_of[account]] = state.csm_band in bands
        return flags

    def marked(self, accounts: Collection[str]) -> NDArray[np.bool_]:
        """Return which rows are these accounts'."""
        import numpy as np

        flags = np.zeros(len(self.accounts), dtype=bool)
        flags[[self.row_of[account] for account in accounts if account in self.row_of]] = True
        return flags

    def _shown(self, show: str, states: States, today: date) -> NDArray[np.bool_] | None:
        if show == "open":
            return ~self.marked(states.snoozed(today))
        if show == "snoozed":
            return self.marked(states.snoozed(today))
        if show == "due":
            return self.marked(states.due(today))
        if show == "listed":
            return self.listed()
        if show == "new":
            return self.new()
        if show == "left":
            return ~self.listed() & (self.texts["previous_band"][1] >= 0) & ~self.flags("previous_band", (self.lowest,))
        return None


def _coded(texts: Sequence[str | None]) -> tuple[list[str], NDArray[np.int32]]:
    """Return the distinct texts in order and each row's place among them, -1 for none."""
    import numpy as np

    known = sorted({text for text in texts if text is not None}, key=str.casefold)
    places: dict[str | None, int] = {text: place for place, text in enumerate(known)}
    return known, np.array([places.get(text, -1) for text in texts], dtype=np.int32)


def _places_within(groups: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return each row's number among the rows of its group so far, from 1."""
    import numpy as np

    grouped = np.argsort(groups, kind="stable")
    first = np.flatnonzero(np.diff(groups[grouped], prepend=-1))
    counts = np.diff(np.append(first, len(groups)))
    places = np.empty(len(groups), dtype=np.int64)
    places[grouped] = np.arange(len(groups)) - np.repeat(first, counts) + 1
    return places
