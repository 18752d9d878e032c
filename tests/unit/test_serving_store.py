"""Opening our own database."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

import serving.schema_acting
import serving.schema_history  # noqa: F401  their tables belong to the metadata
from features.errors import UsageError
from serving import store
from serving.schema import metadata


def test_the_folder_is_made_and_sqlite_runs_safely(tmp_path: Path) -> None:
    engine = store.open_database(f"sqlite:///{tmp_path}/a/b/forewarn.db")
    with engine.connect() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")]
        assert [*found, connection.exec_driver_sql("PRAGMA busy_timeout").scalar()] == ["wal", 1, 30_000]


def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    engine = store.open_database(f"sqlite:///{tmp_path}/forewarn.db")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == store.HEAD
    with create_engine("sqlite://").connect() as empty:
        assert compare_metadata(MigrationContext.configure(empty), metadata) != []


def test_opening_again_runs_no_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/forewarn.db"
    store.open_database(url)
    monkeypatch.setattr(store, "_run_revisions", lambda connection: pytest.fail("migrated again"))
    assert store.open_database(url).url.database == f"{tmp_path}/forewarn.db"


def test_a_revision_that_fails_leaves_no_half_made_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/forewarn.db"
    run = store._run_revisions

    def fail(connection: object) -> None:
        run(connection)  # type: ignore[arg-type]
        raise RuntimeError("pulled the plug")

    monkeypatch.setattr(store, "_run_revisions", fail)
    with pytest.raises(RuntimeError):
        store.open_database(url)
    with create_engine(url).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("not a url", "no database URL"),
        ("mysql://u@h/d", "'mysql' is not supported"),
        ("sqlite:////dev/null/x/forewarn.db", "cannot be made"),
        ("postgresql://u:secret@127.0.0.1:1/none", r"u:\*\*\*@127.0.0.1:1/none cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_opened_is_said_without_its_password(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        store.open_database(url)
    assert "secret" not in str(caught.value)


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/forewarn.db"
    with store.open_database(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UsageError, match="a newer forewarn wrote this database"):
        store.open_database(url)
