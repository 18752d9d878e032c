"""A database with lists in it is brought up to date, and its lists read as they did."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, create_engine, select

from serving import store
from serving.account import account_story
from serving.publish import publish
from serving.risk_list import previous_list, read_list
from serving.schema import list_rows, metadata, not_scored

ADDED = {
    "risk_30_low", "risk_30_high", "risk_60_low", "risk_60_high", "risk_90_low", "risk_90_high", "risk_60_90_low",
    "risk_60_90_high", "change_data", "change_clock", "change_model", "change_text", "separate",
    "saveable", "place", "driver", "weeks_listed", "spark", "sponsor", "sponsor_since", "customer_contact", "last_use",
}  # fmt: skip


def fill_as_of_0001(url: str, source: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a database of the first revision and copy into it what that revision could hold."""
    with monkeypatch.context() as patch:
        patch.setattr(store, "HEAD", "0001")
        old = store.open_database(url)
    with store.writing(source).begin() as forget:
        forget.execute(list_rows.update().values(dict.fromkeys(ADDED)))
        forget.execute(not_scored.update().values(owner=None, segment=None))
    known = MetaData()
    known.reflect(old)
    assert not ADDED & set(known.tables["list_rows"].c.keys())
    with source.connect() as read, store.writing(old).begin() as write:
        write.execute(known.tables["pointers"].delete())
        for table in metadata.sorted_tables:
            if table.name not in known.tables:
                continue
            target = known.tables[table.name]
            held = select(*(table.c[column.name] for column in target.columns))
            rows = [dict(row) for row in read.execute(held).mappings()]
            if rows:
                write.execute(target.insert(), rows)
    old.dispose()


def check(url: str, published: Engine, week_list: Any, scored: Any, at: Any, week: Any) -> None:
    """Open the database with the present version, read what it holds and publish the next week in it."""
    engine = store.open_database(url)
    before, after = (read_list(each).to_json() for each in (published, engine))
    assert after == before
    assert all(row[name] is None for row in after["rows"] for name in ADDED)
    assert account_story(engine, "A00042") == account_story(published, "A00042")
    newer = week_list(as_of=scored.as_of + week)
    previous = previous_list(engine, newer.as_of)
    assert previous is not None
    assert previous.values is not None
    assert previous.values.loc[scored.values.index].equals(scored.values)
    newer.rows["risk_90_low"], newer.rows["separate"] = 0.01, [{"contraction_90": 0.08}] * len(newer.rows)
    assert publish(engine, newer, at=at, by="tests")
    row = read_list(engine).rows[0]
    assert (row.risk_90_low, row.risk_90_high, row.separate) == (0.01, None, {"contraction_90": 0.08})
    engine.dispose()


def test_lists_of_the_first_revision_stay_readable(
    published: Engine, week_list: Any, scored: Any, at: Any, week: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    url = f"sqlite:///{tmp_path}/old/forewarn.db"
    fill_as_of_0001(url, published, monkeypatch)
    check(url, published, week_list, scored, at, week)


def test_lists_of_the_first_revision_stay_readable_on_postgres(
    published: Engine, week_list: Any, scored: Any, at: Any, week: Any, postgres_url: str, monkeypatch: Any
) -> None:
    try:
        fill_as_of_0001(postgres_url, published, monkeypatch)
        # The copied ids did not move the sequences on.
        execute(
            postgres_url, *(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), 1)" for name in ("lists", "audit"))
        )
        check(postgres_url, published, week_list, scored, at, week)
    finally:
        execute(postgres_url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
