"""Events that were sent more than once, over all weeks that are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from features.book import Book
from features.manifest import Stored
from features.numbers import Numbers, number_of
from features.repeats import no_repeats, split_repeats
from features.store import RollupStore

_WHAT = "account_id, occurred_at, feature, user_id, quantity, event_id, known_at"


@dataclass(frozen=True)
class Copies:
    """The rows of repeated events, told apart."""

    rows: Stored | None
    versions: Stored | None
    """Those that count, of the events whose rows differ."""
    moved: frozenset[date]
    """Days on which rows became known that were rolled up as something else than they are now."""


def tell_copies(store: RollupStore, book: Book, weeks: Sequence[date], numbers: Numbers, *, every: bool) -> Copies:
    """Tell the rows of repeated events apart, and store all of them and those that count of differing ones.

    Rows that became known in `weeks` (by their ends) are taken from the book, the others from the store, unless
    `every` week is rolled up. A row from the store has moved where another row's coming or going made of it a repeat,
    a version, or an event of its own, which it was not when its week was rolled up.
    """
    if not book.has("usage", "event_id"):
        no_repeats(book.con)
        return Copies(store.manifest.copies, store.manifest.versions, frozenset())
    con = book.con
    _gather(store, book, weeks, numbers, None if every else store.manifest.copies)
    rows = f"SELECT {_WHAT}, number, was, place FROM copies"
    split_repeats(con, rows, corrects=book.has("usage", "available_at"))
    con.execute("""
        CREATE OR REPLACE TEMP TABLE copies AS SELECT *,
            CASE WHEN event_id IN (SELECT event_id FROM usage_versions) THEN 'version'
                 WHEN place IN (SELECT place FROM usage_repeats) THEN 'repeat' ELSE 'event' END AS now
        FROM copies""")
    kept = con.sql(f"SELECT {_WHAT}, number, now AS was FROM copies ORDER BY ALL").to_arrow_table()
    versions = con.sql(f"SELECT {_WHAT}, superseded_at FROM usage_versions ORDER BY ALL").to_arrow_table()
    # Equal rows may change places: only how many of them are what counts.
    moved = con.execute(f"""
        SELECT DISTINCT CAST(known_at AS DATE) FROM (
            SELECT known_at FROM copies WHERE was IS NOT NULL GROUP BY {_WHAT}
            HAVING list_sort(list(was)) <> list_sort(list(now)))""").fetchall()
    con.execute("DROP TABLE copies")
    told = store.write("versions", versions) if versions.num_rows else None
    return Copies(store.write("copies", kept), told, frozenset(day for (day,) in moved))


def _gather(store: RollupStore, book: Book, weeks: Sequence[date], numbers: Numbers, old: Stored | None) -> None:
    """Make the table `copies` of all rows of repeated events; `was` is what a row of the store was rolled up as."""
    con = book.con
    con.register("rolled_weeks", pa.table({"stop": pa.array(weeks, pa.date32())}))
    con.register("repeated_numbers", pa.table({"number": numbers.repeated()}))
    rolled = "known_at < stop AND known_at >= stop - INTERVAL 7 DAY"
    fresh = f"""
        SELECT {_WHAT}, {number_of(book)} AS number, CAST(NULL AS VARCHAR) AS was
        FROM usage SEMI JOIN rolled_weeks ON {rolled} WHERE number IN"""
    query = f"{fresh} (SELECT number FROM repeated_numbers)"
    if old is not None:
        con.register("old_copies", store.read(old))
        query = f"""
            SELECT * FROM old_copies ANTI JOIN rolled_weeks ON {rolled}
            UNION ALL
            {fresh} (SELECT number FROM repeated_numbers UNION SELECT number FROM old_copies)"""
    con.execute(f"CREATE OR REPLACE TEMP TABLE copies AS SELECT *, row_number() OVER () AS place FROM ({query})")
