"""Opens our own database: SQLite by default, PostgreSQL by URL, migrated to the newest revision."""

from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from features.errors import UsageError

HEAD = "0003"
"""The newest revision in `migrations/versions`."""

BUSY_MILLISECONDS = 30_000
MIGRATION_LOCK = 7_069_774
"""Key of the PostgreSQL advisory lock under which revisions run: any constant, the same for every process."""


def open_database(url: str) -> Engine:
    """Return an engine on the migrated database at `url`, making it (and SQLite's folder) when absent.

    Raises UsageError when the URL is wrong, the server does not answer, or a newer version wrote the database.
    """
    target = _parse(url)
    engine = create_engine(target)
    if target.get_backend_name() == "sqlite":
        _make_folder(target)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        _migrate(engine)
    except OperationalError as error:
        shown = target.render_as_string(hide_password=True)
        raise UsageError(f"the database {shown} cannot be opened: {error.orig}; check [store] database") from error
    return engine


def writing(engine: Engine) -> Engine:
    """Return the same engine with transactions that take SQLite's write lock at once, so none fails halfway."""
    return engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")


def reading(engine: Engine) -> Engine:
    """Return the same engine for reads that need no transaction of their own, such as of lists, which never change.

    On PostgreSQL each saves two ways to the server; SQLite gains nothing by it.
    """
    return engine.execution_options(isolation_level="AUTOCOMMIT") if engine.dialect.name == "postgresql" else engine


def _parse(url: str) -> URL:
    try:
        target = make_url(url)
    except ArgumentError as error:
        raise UsageError("[store] database is no database URL; use for example sqlite:///state/forewarn.db") from error
    backend = target.drivername.split("+")[0]
    if backend in ("postgres", "postgresql"):
        _require_psycopg()
        return target.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise UsageError(f"[store] database: {backend!r} is not supported; use sqlite:///FILE or postgresql://…")
    return target


def _require_psycopg() -> None:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise UsageError("PostgreSQL needs psycopg: install the extra with pip install -e '.[postgres]'") from error


def _make_folder(target: URL) -> None:
    if target.database and target.database != ":memory:":
        folder = Path(target.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"the folder {folder} of the database cannot be made: {error.strerror}") from error


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # The driver would otherwise begin and commit on its own around DDL, and a revision would not be atomic.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with writing(engine).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        _run_revisions(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _run_revisions(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = _revision(connection)
    if found is not None and found not in known:
        raise UsageError(f"a newer forewarn wrote this database (revision {found}, known up to {HEAD}): update")
    command.upgrade(config, HEAD)
