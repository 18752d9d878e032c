"""Events that were sent more than once: of each event_id the copy that was known first counts."""

import duckdb

_WHAT = "(account_id, occurred_at, feature, user_id, quantity)"
_ORDER = "known_at, account_id, occurred_at, feature, user_id, quantity"


def split_repeats(con: duckdb.DuckDBPyConnection, repeated: str) -> None:
    """Put the rows of `repeated` (SQL: the usage rows whose event_id occurs more than once) into two tables.

    `usage_repeats` gets the surplus copies, with `same` saying whether a copy equals the one that counts;
    `usage_rewritten` gets the copy that counts of the events that have a differing one.
    """
    window = f"(PARTITION BY event_id ORDER BY {_ORDER})"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE ranked_usage AS
        SELECT *, row_number() OVER {window} AS copy,
               {_WHAT} IS NOT DISTINCT FROM first_value({_WHAT}) OVER {window} AS same
        FROM ({repeated})""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE usage_repeats AS SELECT * EXCLUDE (copy) FROM ranked_usage WHERE copy > 1""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE usage_rewritten AS SELECT * EXCLUDE (copy, same) FROM ranked_usage
        WHERE copy = 1 AND event_id IN (SELECT event_id FROM ranked_usage WHERE NOT same)""")
    con.execute("DROP TABLE ranked_usage")


def no_repeats(con: duckdb.DuckDBPyConnection) -> None:
    """Make both tables for a book in which no event was sent twice."""
    split_repeats(con, "SELECT * FROM usage WHERE false")
