"""Made-up tables of what happens to accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from features.book import Book
from tests.books import make_book


def on(day: str) -> datetime:
    """Return noon of a day of 2026."""
    return datetime.fromisoformat(f"2026-{day}T12:00:00")


def book_of(accounts: int = 60, **tables: Sequence[Mapping[str, Any]]) -> Book:
    """Return a book of accounts A00001 and on; the rows of its tables are account A00001's unless they say so."""
    known = [{"account_id": f"A{i:05d}", "created_at": datetime(2024, 1, 1)} for i in range(1, accounts + 1)]  # noqa: DTZ001
    rows = {name: [{"account_id": "A00001", **row} for row in given] for name, given in tables.items()}
    return make_book({"accounts": known, "usage": [], **rows})


def churn(account: str, day: str, recorded: str, **more: Any) -> dict[str, Any]:
    """Return a row of outcomes."""
    return {"account_id": account, "kind": "churn", "effective_at": on(day), "recorded_at": on(recorded), **more}
