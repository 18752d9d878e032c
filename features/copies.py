"""Events that were sent more than once, over all weeks that are stored."""

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from features.book import Book
from features.manifest import Stored
from features.numbers import Numbers, number_of
from features.repeats import no_repeats, split_repeats
from features.store import RollupStore


def tell_copies(
    store: RollupStore, book: Book, weeks: Sequence[date], numbers: Numbers
) -> tuple[Stored | None, Stored | None]:
    """Tell the rows of repeated events apart, and store all of them and those that count of differing ones.

    Rows that became known in `weeks` (by their ends) are taken from the book, the others from the store.
    """
    if not book.has("usage", "event_id"):
        no_repeats(book.con)
        return store.manifest.copies, store.manifest.versions
    con, number, old = book.con, number_of(book), store.manifest.copies
    con.register("rolled_weeks", pa.table({"stop": pa.array(weeks, pa.date32())}))
    rolled = "known_at < stop AND known_at >= stop - INTERVAL 7 DAY"
    repeated = numbers.repeated()
    con.register("repeated_numbers", pa.table({"number": repeated}))
    columns = "account_id, occurred_at, feature, user_id, quantity, event_id, known_at"
    fresh = f"SELECT {columns}, {number} AS number FROM usage SEMI JOIN rolled_weeks ON {rolled} WHERE number IN"
    if old is None:
        con.execute(f"CREATE TEMP TABLE copies AS {fresh} (SELECT number FROM repeated_numbers)")
    else:
        con.register("old_copies", store.read(old))
        con.execute(f"""
            CREATE TEMP TABLE copies AS
            SELECT * FROM old_copies ANTI JOIN rolled_weeks ON {rolled}
            UNION ALL
            {fresh} (SELECT number FROM repeated_numbers UNION SELECT number FROM old_copies)""")
    split_repeats(con, f"SELECT {columns} FROM copies", corrects=book.has("usage", "available_at"))
    kept = con.sql("SELECT * FROM copies ORDER BY number, known_at, account_id, occurred_at, feature, quantity")
    copies = store.write("copies", kept.to_arrow_table())
    versions = con.sql(f"SELECT {columns}, superseded_at FROM usage_versions ORDER BY ALL").to_arrow_table()
    con.execute("DROP TABLE copies")
    return copies, store.write("versions", versions) if versions.num_rows else None
