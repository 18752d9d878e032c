"""What digests are made from: the current list, the one before it, and what people said."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, select

from serving.acting.states import AccountState, all_states
from serving.list_row import ListRow
from serving.risk_list import PublishedList, read_list
from serving.schema import list_rows, lists

T = TypeVar("T")
PUT_AWAY = frozenset({"recovered", "lost"})
PLANNED = frozenset({"plan in place", "saving", *PUT_AWAY})


class Earlier(NamedTuple):
    """An account as an earlier list had it."""

    name: str | None
    owner: str | None
    band: str


@dataclass(frozen=True)
class DigestBook:
    """The whole book on the day that digests are made."""

    published: PublishedList
    before: Mapping[str, Earlier]
    """Accounts above the lowest band of the list before."""
    absent: Mapping[str, Earlier]
    """Accounts that people spoke of and that the current list does not have, as the newest list that has them says."""
    states: Mapping[str, AccountState]
    today: date

    @cached_property
    def owners(self) -> list[str]:
        """Everybody with an account on this list or the one before, in order."""
        known = {row.owner for row in self.published.rows} | {account.owner for account in self.published.not_scored}
        known |= {earlier.owner for earlier in (*self.before.values(), *self.absent.values())}
        return sorted(owner for owner in known if owner)

    @cached_property
    def why_unscored(self) -> Mapping[str, str]:
        """Why an account has no risk this week."""
        return {account.account_id: account.why for account in self.published.not_scored}

    @cached_property
    def accounts(self) -> Mapping[str, tuple[str | None, str | None]]:
        """Name and owner of every account that is known."""
        found = {account: (earlier.name, earlier.owner) for account, earlier in self.absent.items()}
        found |= {account.account_id: (account.name, account.owner) for account in self.published.not_scored}
        return found | {row.account_id: (row.name, row.owner) for row in self.published.rows}

    @cached_property
    def rows(self) -> Mapping[str, ListRow]:
        """The list's rows by account."""
        return {row.account_id: row for row in self.published.rows}

    def rows_of(self, owner: str | None) -> Sequence[ListRow]:
        """Return the rows of an owner, or all of them for None."""
        return self.published.rows if owner is None else self._rows_by_owner.get(owner, [])

    def spoken_of(self, owner: str | None) -> Iterable[str]:
        """Return the accounts in an owner's book, or in all of them, that people said something about."""
        return self.states if owner is None else self._spoken_by_owner.get(owner, [])

    def listed_before(self, owner: str | None) -> Iterable[str]:
        """Return the accounts of an owner, or all of them, above the lowest band of the list before."""
        return self.before if owner is None else self._before_by_owner.get(owner, [])

    def said(self, account_id: str) -> AccountState:
        """Return what people said about an account."""
        return self.states.get(account_id) or AccountState()

    def final_band(self, row: ListRow) -> str:
        """Return the band that counts: the CSM's, else the list's."""
        return self.said(row.account_id).final_band(row.band)

    def is_new(self, row: ListRow) -> bool:
        """Say whether the account came onto the list, or onto it in this owner's book, this week."""
        if self.published.previous_as_of is None or row.band == self._lowest:
            return False
        earlier = self.before.get(row.account_id)
        return earlier is None or earlier.owner != row.owner

    def to_work(self, row: ListRow) -> bool:
        """Say whether somebody should work on the account now: above the lowest band, not snoozed, not put away."""
        said = self.said(row.account_id)
        return (
            said.final_band(row.band) != self._lowest and not said.is_snoozed(self.today) and said.stage not in PUT_AWAY
        )

    def has_plan(self, account_id: str) -> bool:
        """Say whether something is to be done about the account, or was."""
        said = self.said(account_id)
        return said.stage in PLANNED or said.next_action is not None

    @cached_property
    def _rows_by_owner(self) -> Mapping[str | None, list[ListRow]]:
        return _grouped((row.owner, row) for row in self.published.rows)

    @cached_property
    def _spoken_by_owner(self) -> Mapping[str | None, list[str]]:
        return _grouped((self.accounts[account][1], account) for account in self.states if account in self.accounts)

    @cached_property
    def _before_by_owner(self) -> Mapping[str | None, list[str]]:
        return _grouped((earlier.owner, account) for account, earlier in self.before.items())

    @property
    def _lowest(self) -> str:
        return self.published.settings.band_names[-1]


def read_book(engine: Engine, at: datetime) -> DigestBook:
    """Return the book of the current list; raises UsageError when none is published."""
    published = read_list(engine)
    with engine.connect() as connection:
        states = all_states(connection)
        here = {row.account_id for row in published.rows} | {each.account_id for each in published.not_scored}
        return DigestBook(
            published=published,
            before=_before(connection, published),
            absent=_newest(connection, [account for account in states if account not in here]),
            states=states,
            today=at.date(),
        )


def _grouped(pairs: Iterable[tuple[str | None, T]]) -> dict[str | None, list[T]]:
    found: defaultdict[str | None, list[T]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(found)


def _before(connection: Connection, published: PublishedList) -> dict[str, Earlier]:
    if published.previous_as_of is None:
        return {}
    query = (
        select(list_rows.c.account_id, list_rows.c.name, list_rows.c.owner, list_rows.c.band)
        .join(lists, lists.c.id == list_rows.c.list_id)
        .where(lists.c.as_of == published.previous_as_of)
        .where(list_rows.c.band != published.settings.band_names[-1])
    )
    return {row.account_id: Earlier(row.name, row.owner, row.band) for row in connection.execute(query)}


def _newest(connection: Connection, accounts: list[str]) -> dict[str, Earlier]:
    found: dict[str, Earlier] = {}
    for start in range(0, len(accounts), 500):
        query = (
            select(list_rows.c.account_id, list_rows.c.name, list_rows.c.owner, list_rows.c.band)
            .join(lists, lists.c.id == list_rows.c.list_id)
            .where(list_rows.c.account_id.in_(accounts[start : start + 500]))
            .order_by(lists.c.as_of)
        )
        found |= {row.account_id: Earlier(row.name, row.owner, row.band) for row in connection.execute(query)}
    return found
