"""The API on PostgreSQL, which refuses what SQLite lets pass."""

from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving.api_keys import SCOPES, add_key
from serving.people import add_person
from serving.publish import publish
from serving.risk_list import read_list
from serving.store import open_database
from serving.web.app import create_app
from serving.web.settings import WebSettings
from tests.made_lists import AT, make_list


@pytest.fixture
def client(postgres_url: str, clock: Any) -> Any:
    """A program of a manager; its `engine` is the database."""
    engine = open_database(postgres_url)
    publish(engine, make_list(), at=AT, by="tests", simulated=True)
    person = add_person(engine, "mia", "manager", at=AT, by="tests")
    key = add_key(engine, person, "tests", tuple(SCOPES), at=AT)
    made = TestClient(create_app(engine, WebSettings(), clock), headers={"authorization": f"Bearer {key}"})
    made.engine = engine  # type: ignore[attr-defined]
    yield made
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()


def test_it_answers_and_refuses_as_on_sqlite(client: Any) -> None:
    engine: Engine = client.engine
    account = read_list(engine).rows[0].account_id
    place = f"/api/v1/accounts/{account}"
    note = {"kind": "note", "detail": {"text": "a\x00b"}}
    made = client.post(f"{place}/feedback", json=note, headers={"idempotency-key": "é".encode("latin-1")})
    assert made.status_code == 201
    for path in ("lists", "lists/current", "lists/current/accounts", "lists/current/not-scored", "runs"):
        assert client.get(f"/api/v1/{path}").status_code == 200
    for path in ("", "/explanation", "/feedback", f"/feedback/{made.json()['id']}"):
        assert client.get(place + path).status_code == 200
    assert client.get("/api/v1/accounts/a%00b").status_code == 404
    assert client.get("/api/v1/lists/current/accounts?search=%00").status_code == 200
    assert client.get("/api/v1/lists/current/not-scored?search=%00").status_code == 200
    assert client.post(f"{place}/feedback/2147483647/undo").status_code == 404
    assert client.post(f"{place}/feedback/{made.json()['id']}/undo").status_code == 201
