"""The same list on a real PostgreSQL server."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, select

import serving.schema_acting
import serving.schema_history  # noqa: F401  their tables belong to the metadata
from serving.account import account_story
from serving.publish import publish
from serving.risk_list import Choice, read_list
from serving.schema import metadata, pointers
from serving.store import open_database

CHOICES = (
    Choice(),
    Choice(owner=("Owner 01",), minimum_risk=0.1, sort="arr"),
    Choice(search="ACCOUNT 004", sort="notice_deadline", top=5),
)


def test_both_databases_give_the_same_list_and_the_same_stories(
    published: Engine, postgres_database: Engine, scored: Any, at: Any
) -> None:
    assert publish(postgres_database, scored, at=at, by="tests", simulated=True, run_id="r1")
    assert not publish(postgres_database, scored, at=at, by="tests", simulated=True, run_id="r1")
    for choice in CHOICES:
        shown = [read_list(engine, choice=choice).to_json() for engine in (published, postgres_database)]
        assert shown[0] == shown[1]
        assert shown[0]["rows"]
    for account in ("A00042", "N1"):
        assert account_story(published, account) == account_story(postgres_database, account)


def test_migrations_and_tables_agree_on_postgres(postgres_database: Engine) -> None:
    with postgres_database.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_failed_publish_leaves_the_previous_list_on_postgres(
    postgres_database: Engine, scored: Any, week_list: Any, at: Any, week: Any
) -> None:
    publish(postgres_database, scored, at=at, by="tests")

    def fail(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO audit"):
            raise RuntimeError("pulled the plug")

    event.listen(postgres_database, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError):
        publish(postgres_database, week_list(as_of=scored.as_of + week), at=at, by="tests")
    other = open_database(postgres_database.url.render_as_string(hide_password=False))
    with other.connect() as connection:
        assert connection.scalar(select(pointers.c.list_id)) == 1
    assert len(read_list(other).rows) == 60
    other.dispose()


def test_text_with_a_nul_character_is_stored_without_it(postgres_database: Engine, scored: Any, at: Any) -> None:
    scored.rows.loc[scored.rows.index[0], "name"] = "Acc\x00ount"
    publish(postgres_database, scored, at=at, by="tests")
    assert read_list(postgres_database).rows[0].name == "Account"
