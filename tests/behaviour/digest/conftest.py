"""Weeks of a made-up list, and receivers on this machine that take what is sent to them."""

import socketserver
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from serving.publish import publish
from serving.schema_acting import account_states, actions
from serving.store import open_database
from tests.made_lists import AS_OF, AT, make_list

WEEK = timedelta(days=7)
OWNER = "Owner 01"


@pytest.fixture(scope="session", autouse=True)
def _apprise() -> None:
    """Load Apprise once: it imports a module that Python 3.11 says it will remove, and has an answer for that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from apprise import Apprise

        assert Apprise.instantiate("json://127.0.0.1") is not None


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    """An empty migrated SQLite database."""
    engine = open_database(f"sqlite:///{tmp_path}/forewarn.db")
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


@dataclass
class Book:
    """Weeks in a database: every week has the same accounts and risks unless a test changes the rows."""

    engine: Engine
    owner: str = OWNER
    at: datetime = AT
    as_of: date = AS_OF
    weeks: int = 0
    bands: dict[str, str] = field(default_factory=dict)

    def publish(self, change: Callable[[Any], Any] | None = None, simulated: bool = False) -> None:
        """Publish the next week; `change` may rewrite its rows, or return others."""
        self.as_of, self.at = AS_OF + self.weeks * WEEK, AT + self.weeks * WEEK
        scored = make_list(60)
        rows = scored.rows
        # Far deadlines, so that time alone changes nothing.
        rows["notice_deadline"] = rows["renewal_date"] = date(2028, 1, 3)
        rows["change"] = 0.0
        rows["place"], rows["saveable"] = range(1, 61), rows["arr_at_risk"]
        rows["driver"] = "Logins"
        if change is not None:
            changed = change(rows)
            rows = rows if changed is None else changed
        rows["previous_band"] = [self.bands.get(account) for account in rows.index]
        self.bands = dict(rows["band"])
        before = self.as_of - WEEK if self.weeks else None
        per_account = ("values", "facts", "contributions_90", "contributions_60_90")
        made = replace(
            scored,
            as_of=self.as_of,
            previous_as_of=before,
            rows=rows,
            reasons=scored.reasons[scored.reasons["account_id"].isin(rows.index)],
            **{name: getattr(scored, name).reindex(rows.index) for name in per_account},
        )
        publish(self.engine, made, at=self.at, by="tests", simulated=simulated)
        self.weeks += 1

    def say(self, account_id: str, **said: Any) -> None:
        """Put an account's state there."""
        said = {"stage_since": self.at, "notes": 0} | said
        with self.engine.begin() as connection:
            act = {"account_id": account_id, "at": self.at, "actor": "tests", "kind": "note", "detail": {}}
            done = connection.execute(insert(actions).values(**act).returning(actions.c.id)).scalar_one()
            connection.execute(insert(account_states).values(account_id=account_id, last_action=done, **said))


@pytest.fixture
def book(database: Engine) -> Book:
    """A database that weeks can be published in."""
    return Book(database)


@dataclass
class Receiver:
    """What an HTTP receiver was sent, and how it answers."""

    address: str
    got: list[bytes] = field(default_factory=list)
    status: int = 200
    hangs: threading.Event | None = None


@contextmanager
def _http() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.got.append(self.rfile.read(int(self.headers["content-length"])))
            if receiver.hangs is not None:
                receiver.hangs.wait(20)
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"json://127.0.0.1:{server.server_port}/a-long-secret-token")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield receiver
        finally:
            if receiver.hangs is not None:
                receiver.hangs.set()
            server.shutdown()


@pytest.fixture
def http() -> Iterator[Receiver]:
    """A receiver of JSON."""
    with _http() as receiver:
        yield receiver


@pytest.fixture
def other_http() -> Iterator[Receiver]:
    """Another one."""
    with _http() as receiver:
        yield receiver


@pytest.fixture
def smtp() -> Iterator[Receiver]:
    """A mail server that takes one mail per connection, without encryption."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                word = line.split()[0].upper() if line.split() else b""
                self.wfile.write({b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(word, b"250 fine\r\n"))
                if word == b"QUIT":
                    return
                if word == b"DATA":
                    body = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        body += part
                    receiver.got.append(body)
                    self.wfile.write(b"250 taken\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        port = server.server_address[1]
        receiver = Receiver(f"mailto://127.0.0.1:{port}?from=list@example.com&to=ana@example.com&mode=insecure")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()
