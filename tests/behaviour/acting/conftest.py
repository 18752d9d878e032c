"""Databases with two weeks' lists to act on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from serving.publish import publish
from serving.store import open_database
from tests.made_lists import AS_OF, AT, make_list

WEEK = timedelta(days=7)


def fill(engine: Engine) -> None:
    """Publish last week's list and this week's."""
    publish(engine, make_list(12, as_of=AS_OF - WEEK), at=AT - WEEK, by="tests")
    publish(engine, make_list(12), at=AT, by="tests")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An SQLite database with both lists."""
    made = open_database(f"sqlite:///{tmp_path}/forewarn.db")
    fill(made)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An SQLite database with both lists for tests that write nothing."""
    made = open_database(f"sqlite:///{tmp_path_factory.mktemp('untouched')}/forewarn.db")
    fill(made)
    yield made
    made.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest) -> Engine:
    """The same lists on each database."""
    found: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_engine")
    return found


@pytest.fixture
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    """A PostgreSQL database with both lists."""
    made = open_database(postgres_url)
    fill(made)
    yield made
    with made.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    made.dispose()
