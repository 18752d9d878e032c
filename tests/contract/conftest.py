"""A small good book whose tables a test can spoil one at a time."""

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pytest

from features.contract import TABLES
from features.sources.mapping import SourceMapping, TableMapping

GOOD = {
    "accounts": """SELECT 'A' || i AS account_id, TIMESTAMP '2024-01-01' AS created_at, 'Name ' || i AS name,
        'basic' AS plan FROM range(40) t(i)""",
    "subscriptions": """SELECT 'A' || i AS account_id, 'S' || i AS subscription_id,
        TIMESTAMP '2024-01-01' AS started_at, CASE WHEN i = 7 THEN TIMESTAMP '2024-03-01' END AS ends_at,
        100.0::DOUBLE AS mrr, 5 AS seats FROM range(40) t(i)""",
    "outcomes": "SELECT 'A7' AS account_id, 'churn' AS kind, TIMESTAMP '2024-03-01' AS effective_at",
    "usage": """SELECT 'A' || (i % 40) AS account_id, TIMESTAMP '2024-01-02' + to_hours(i::INT) AS occurred_at,
        'login' AS feature, i AS event_id, 1 AS quantity, occurred_at + to_hours(1) AS available_at
        FROM range(400) t(i)""",
    "contacts": """SELECT 'A' || i AS account_id, 'C' || i AS contact_id, 'sponsor' AS role,
        TIMESTAMP '2024-01-05' AS started_at, TIMESTAMP '2024-02-05' AS ended_at FROM range(40) t(i)""",
    "tickets": """SELECT 'A' || i AS account_id, 'T' || i AS ticket_id, TIMESTAMP '2024-02-01' AS opened_at,
        TIMESTAMP '2024-02-02' AS closed_at FROM range(40) t(i)""",
    "surveys": """SELECT 'A' || i AS account_id, TIMESTAMP '2024-02-01' AS answered_at, 'nps' AS kind,
        i % 11 AS score FROM range(40) t(i)""",
    "entitlements": "SELECT 'basic' AS plan, 'login' AS feature",
}
"""One SELECT per table; a spoiled table is a SELECT from `good`."""

BookFiles = tuple[SourceMapping, Path]
WriteBook = Callable[..., BookFiles]


@pytest.fixture
def write_book(tmp_path: Path) -> WriteBook:
    """Write the good book with some tables spoiled, and return its mapping and folder."""

    def write(
        spoil: Mapping[str, str] | None = None,
        columns: Mapping[str, Mapping[str, str]] | None = None,
        csv: tuple[str, ...] = (),
        timezone: str | None = "UTC",
    ) -> BookFiles:
        tables = {}
        for table, sql in GOOD.items():
            spoiled = (spoil or {}).get(table, "FROM good")
            end = "csv" if table in csv else "parquet"
            if spoiled:
                duckdb.execute(f"COPY (WITH good AS ({sql}) {spoiled}) TO '{tmp_path / table}.{end}'")
            tables[table] = TableMapping(path=f"{table}.{end}", columns=(columns or {}).get(table, {}))
        # The contract's order, as read_mapping gives it.
        return SourceMapping("book.toml", {t: tables[t] for t in TABLES if t in tables}, timezone=timezone), tmp_path

    return write
