"""Rows that share a key: which of them count, and from when until when.

Of each event_id (or other key) the row that was known first counts, until a later one says something else.
"""

import duckdb

_WHAT = "struct_pack(a := account_id, o := occurred_at, f := feature, u := user_id, q := quantity)"


def ranked(key: str, known: str, content: str, source: str, *, corrects: bool) -> str:
    """Return SQL of the rows of `source` with their `standing` among those of the same key and `superseded_at`.

    `first` and `corrected` rows count; `repeated` ones say once more what counts at that time; `duplicate` ones say
    something else at the same time, or, where rows cannot correct (`corrects`), at any time.
    """
    moment = f"{key}, {known}" if corrects else key
    first = f"first_value({content}) OVER (PARTITION BY {moment} ORDER BY {known}, {content})"
    return f"""
        WITH moments AS (
            SELECT *, {known} AS moment, {content} AS content, {content} IS NOT DISTINCT FROM {first} AS same,
                   row_number() OVER (PARTITION BY {moment} ORDER BY {known}, {content}) AS copy
            FROM {source}),
        turns AS (
            SELECT *, lag(content) OVER turn IS NOT DISTINCT FROM content AS again, row_number() OVER turn AS turn
            FROM moments WHERE copy = 1 WINDOW turn AS (PARTITION BY {key} ORDER BY moment)),
        standings AS (
            SELECT *, lead(moment) OVER (PARTITION BY {key}, again ORDER BY moment) AS superseded_at,
                   CASE WHEN turn = 1 THEN 'first' WHEN again THEN 'repeated' ELSE 'corrected' END AS standing
            FROM turns)
        SELECT * EXCLUDE (moment, content, same, copy, again, turn) FROM standings
        UNION ALL BY NAME
        SELECT * EXCLUDE (moment, content, same, copy), CAST(NULL AS TIMESTAMP) AS superseded_at,
               CASE WHEN same THEN 'repeated' ELSE 'duplicate' END AS standing
        FROM moments WHERE copy > 1"""


def split_repeats(con: duckdb.DuckDBPyConnection, repeated: str, *, corrects: bool = True) -> None:
    """Put the rows of `repeated` (SQL: the usage rows whose event_id occurs more than once) into two tables.

    `usage_repeats` gets the rows that do not count, with their `standing`; those of events that are told in one way
    only (`alike`) stand for no amount of their own. `usage_versions` gets every row that counts, with `superseded_at`,
    of the events whose rows differ: these are left out wherever events are counted one by one.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE ranked_usage AS
        SELECT *, count_if(standing IN ('corrected', 'duplicate')) OVER (PARTITION BY event_id) = 0 AS alike
        FROM ({ranked("event_id", "known_at", _WHAT, f"({repeated})", corrects=corrects)})""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE usage_repeats AS SELECT * EXCLUDE (superseded_at) FROM ranked_usage
        WHERE standing IN ('repeated', 'duplicate')""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE usage_versions AS SELECT * EXCLUDE (alike) FROM ranked_usage
        WHERE standing IN ('first', 'corrected') AND NOT alike""")
    con.execute("DROP TABLE ranked_usage")


def no_repeats(con: duckdb.DuckDBPyConnection) -> None:
    """Make both tables for a book in which no event was sent twice."""
    split_repeats(con, "SELECT * FROM usage WHERE false")
