"""A made-up book's risk list and a database to publish it in."""

import runpy
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from serving.publish import publish
from serving.scoring import ScoredList
from serving.store import open_database
from tests.made_lists import AT, WhatMakesAList, make_list


@pytest.fixture
def scored() -> ScoredList:
    """One made-up list of sixty accounts."""
    return make_list()


@pytest.fixture
def week_list() -> WhatMakesAList:
    """The builder itself, for tests that need other weeks or sizes."""
    return make_list


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    """An empty migrated SQLite database in a folder that did not exist."""
    engine = open_database(f"sqlite:///{tmp_path}/state/forewarn.db")
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Engine]:
    """An empty migrated PostgreSQL database."""
    engine = open_database(postgres_url)
    yield engine
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()


@pytest.fixture
def published(database: Engine, scored: ScoredList) -> Engine:
    """The database with that one list."""
    publish(database, scored, at=AT, by="tests", simulated=True, run_id="r1")
    return database


@pytest.fixture(scope="session")
def reports() -> dict[str, Any]:
    """Makers of made-up backtest and check reports."""
    return _beside("reports.py")


@pytest.fixture
def at() -> datetime:
    """When the fixture lists are published."""
    return AT


@pytest.fixture
def week() -> timedelta:
    """Seven days."""
    return timedelta(days=7)


def _beside(name: str) -> dict[str, Any]:
    # By path: test folders are no packages.
    return runpy.run_path(str(Path(__file__).with_name(name)))
