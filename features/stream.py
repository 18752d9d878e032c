"""Usage as a stream of small integers: DuckDB reads, cleans and codes the events.

Grouping by hash in SQL instead costs three times as much (see docs/decisions/0006-rollup.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.grid import Ints

BATCH = 122_880


@dataclass(frozen=True)
class Codes:
    """What the numbers in the stream stand for."""

    accounts: NDArray[np.object_]
    features: tuple[str, ...]
    user_account: Ints
    """The account of each user, where users are given."""
    users: pa.ChunkedArray | None = None
    """The id of each user, in the type of its source; None where the usage table names no users."""


def first_use(book: Book) -> date | None:
    """Return the day of the first event, if there is any."""
    if book.first_use:
        return book.first_use
    ((first,),) = book.con.execute("SELECT min(occurred_at) FROM usage").fetchall()
    return None if first is None else pd.Timestamp(first).date()


def code_accounts(book: Book, accounts: NDArray[np.object_]) -> None:
    """Register `account_codes` (account_id, account) in the book's connection; rows of other accounts drop out."""
    table = pa.table({"account_id": pa.array(accounts, pa.string()), "account": np.arange(len(accounts))})
    book.con.register("account_codes", table)


def code(book: Book, accounts: NDArray[np.object_], known: Codes | None = None) -> Codes:
    """Number accounts, product features and users for the stream; those of `known` keep their numbers.

    New users are numbered in the order of their accounts, new product features in that of their names.
    """
    code_accounts(book, accounts)
    features = _code_features(book, known)
    if not book.has("usage", "user_id"):
        return Codes(accounts, features, np.empty(0, dtype=np.int64))
    return Codes(accounts, features, *_code_users(book, known))


def register(book: Book, codes: Codes) -> None:
    """Let the stream use these codes."""
    code_accounts(book, codes.accounts)
    _register_features(book, codes.features)
    if codes.users is not None:
        members = {"account": codes.user_account, "user_id": codes.users, "member": np.arange(len(codes.users))}
        book.con.register("coded_users", pa.table(members))
        book.con.execute("CREATE OR REPLACE TEMP TABLE user_codes AS SELECT * FROM coded_users")
        book.con.unregister("coded_users")


def _register_features(book: Book, features: tuple[str, ...]) -> None:
    table = pa.table({"feature": pa.array(features, pa.string()), "code": np.arange(len(features))})
    book.con.register("feature_codes", table)


def _code_features(book: Book, known: Codes | None) -> tuple[str, ...]:
    old = () if known is None else known.features
    found = book.con.execute("SELECT DISTINCT feature FROM usage WHERE feature IS NOT NULL ORDER BY 1").fetchall()
    features = (*old, *(str(name) for (name,) in found if name not in set(old)))
    _register_features(book, features)
    return features


def _code_users(book: Book, known: Codes | None) -> tuple[Ints, pa.ChunkedArray]:
    """Make the table `user_codes` of all (account, user) pairs."""
    old = "SELECT NULL AS account, NULL AS user_id, NULL AS member WHERE false"
    if known is not None and known.users is not None:
        members = {"account": known.user_account, "user_id": known.users, "member": np.arange(len(known.users))}
        book.con.register("known_users", pa.table(members))
        old = "SELECT account, user_id, member FROM known_users"
    book.con.execute(f"""
        CREATE OR REPLACE TEMP TABLE user_codes AS
        WITH old AS ({old}),
        found AS (
            SELECT account, user_id FROM (SELECT DISTINCT account_id, user_id FROM usage WHERE user_id IS NOT NULL)
            JOIN account_codes USING (account_id)),
        fresh AS (SELECT account, user_id FROM found ANTI JOIN old USING (account, user_id))
        SELECT account::BIGINT AS account, user_id, member::BIGINT AS member FROM old
        UNION ALL
        SELECT account, user_id, row_number() OVER (ORDER BY account, user_id) - 1 + (SELECT count(*) FROM old)
        FROM fresh""")
    coded = book.con.sql("SELECT account, user_id FROM user_codes ORDER BY member").to_arrow_table()
    return coded["account"].to_numpy(), coded["user_id"]


def stream(book: Book, table: str, grid: WeekGrid, earliest: date | None = None) -> Iterator[pa.RecordBatch]:
    """Yield batches of (account, feature, user, time, known, amount), coded, in microseconds; user −1 for none.

    `usage` leaves out the events of `usage_versions`; batches of versions have a seventh column: from when on a
    correction is seen instead (null: never). `usage_repeats` yields those of events that are told in one way only.
    Events that happened before the grid are left out; with `earliest`, those that happened before that day or were
    known before the grid.
    """
    first = f"u.occurred_at >= TIMESTAMP '{earliest or grid.start}'"
    query = f"""
        SELECT a.account, f.code, {_user(book)}, u.occurred_at, u.known_at,
               {"coalesce(u.quantity, 1)" if book.has("usage", "quantity") else "CAST(1 AS DOUBLE)"} AS amount
               {", u.superseded_at" if table.endswith("_versions") else ""}
        FROM {table} u
        JOIN account_codes a ON a.account_id = u.account_id
        JOIN feature_codes f ON f.feature = u.feature
        {_users(book)}
        WHERE {first} AND u.occurred_at < TIMESTAMP '{grid.last}' AND u.known_at < TIMESTAMP '{grid.last}'
          {f"AND u.known_at >= TIMESTAMP '{grid.start}'" if earliest else ""}
          {_rest(book, table)}"""
    yield from book.con.sql(query).to_arrow_reader(BATCH)


def _rest(book: Book, table: str) -> str:
    if table == "usage_repeats":
        return "AND u.alike"
    if table == "usage" and _one(book, "SELECT count(*) FROM usage_versions"):
        return "AND coalesce(u.event_id NOT IN (SELECT event_id FROM usage_versions), true)"
    return ""


def _user(book: Book) -> str:
    return "coalesce(m.member, -1)" if book.has("usage", "user_id") else "CAST(-1 AS BIGINT)"


def _users(book: Book) -> str:
    if not book.has("usage", "user_id"):
        return ""
    # An id that stands for one person only needs no second look at the account.
    shared = _one(book, "SELECT count(*) - count(DISTINCT user_id) FROM user_codes")
    return f"LEFT JOIN user_codes m ON m.user_id = u.user_id {'AND m.account = a.account' if shared else ''}"


def _one(book: Book, query: str) -> int:
    return int(book.con.execute(query).fetchall()[0][0])
