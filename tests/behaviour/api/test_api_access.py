"""Every route of the API × whoever asks: who is let in, who is told nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving.acting.ledger import Action, Actor, act
from serving.api_keys import keys, revoke_key
from serving.people import change_person, require_person
from serving.risk_list import read_list
from serving.web.access import POLICIES
from tests.made_lists import AT

NOTE = {"kind": "note", "detail": {"text": "x"}}
SHARED = {
    "GET /api/v1/lists": "lists",
    "GET /api/v1/lists/{as_of}": "lists",
    "GET /api/v1/lists/{as_of}/accounts": "lists",
    "GET /api/v1/lists/{as_of}/not-scored": "lists",
    "GET /api/v1/runs": "runs",
    "GET /api/v1/openapi.json": "lists",
}
"""Routes that everybody may ask, with the scope that a key needs."""
OF_AN_ACCOUNT = {
    "GET /api/v1/accounts/{account_id:path}": "lists",
    "GET /api/v1/accounts/{account_id:path}/explanation": "lists",
    "GET /api/v1/accounts/{account_id:path}/feedback": "feedback",
    "GET /api/v1/accounts/{account_id:path}/feedback/{action_id}": "feedback",
    "POST /api/v1/accounts/{account_id:path}/feedback": "feedback",
    "POST /api/v1/accounts/{account_id:path}/feedback/{action_id}/undo": "feedback",
}
"""Routes about one account, here Owner 01's."""
ROUTES = SHARED | OF_AN_ACCOUNT
SCOPES = ("lists", "feedback", "runs")
Ask = Callable[[TestClient, str], int]


def test_the_table_has_every_route() -> None:
    assert ROUTES.keys() == {route for route in POLICIES if "/api/" in route}


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """Return the status with which a route answers; routes about an account are asked about Owner 01's."""
    account = next(row.account_id for row in read_list(engine).rows if row.owner == "Owner 01")
    with engine.connect() as connection:
        ana = require_person(connection, "ana")

    def asked(client: TestClient, route: str) -> int:
        method, _, path = route.partition(" ")
        made = act(engine, Action(account, "note", {"text": "x"}), Actor(ana.id, "ana"), AT)
        for name, value in (("{account_id:path}", account), ("{as_of}", "current"), ("{action_id}", str(made))):
            path = path.replace(name, value)
        body: dict[str, Any] = {"json": NOTE} if path.endswith("/feedback") and method == "POST" else {}
        headers = {"x-csrf-token": csrf} if (csrf := getattr(client, "csrf", "")) else {}
        return client.request(method, path, headers=headers, **body).status_code

    return asked


def fine(route: str) -> int:
    return 201 if route.startswith("POST") else 200


def test_nobody_is_let_in(nobody: TestClient, ask: Ask) -> None:
    assert {route: ask(nobody, route) for route in ROUTES} == dict.fromkeys(ROUTES, 401)


@pytest.mark.parametrize("by", ["session", "key"])
@pytest.mark.parametrize("name", ["ana", "ben", "mia", "ada"])
def test_each_role_sees_its_book(sign_in: Any, program: Any, ask: Ask, name: str, by: str) -> None:
    client = sign_in(name) if by == "session" else program(name)
    expected = {route: 404 if name == "ben" and route in OF_AN_ACCOUNT else fine(route) for route in ROUTES}
    assert {route: ask(client, route) for route in ROUTES} == expected


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_opens_its_scope_only(program: Any, ask: Ask, scope: str) -> None:
    client = program("mia", scope)
    expected = {route: fine(route) if needed == scope else 403 for route, needed in ROUTES.items()}
    assert {route: ask(client, route) for route in ROUTES} == expected


@pytest.mark.parametrize("end", ["revoked", "expired", "person ended", "misspelt"])
def test_a_key_that_ended_opens_nothing(program: Any, ask: Ask, engine: Engine, clock: Any, end: str) -> None:
    client = program("mia", days=1)
    assert {ask(client, route) for route in ROUTES} == {200, 201}
    if end == "revoked":
        with engine.connect() as connection:
            revoke_key(engine, keys(connection)[0].id, at=AT)
    elif end == "expired":
        clock.at += timedelta(days=1)
    elif end == "person ended":
        change_person(engine, "mia", active=False, at=AT, by="tests")
    else:
        client.headers["authorization"] += "x"
    assert {route: ask(client, route) for route in ROUTES} == dict.fromkeys(ROUTES, 401)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.startswith("POST")])
def test_a_session_needs_the_form_token_and_a_key_does_not(sign_in: Any, program: Any, ask: Ask, route: str) -> None:
    client = sign_in("mia")
    assert ask(client, route) == 201
    for wrong in ("x", "é".encode(), None):
        client.csrf = wrong
        assert ask(client, route) == 403
    assert ask(program("mia"), route) == 201


def test_another_site_cannot_act_for_a_signed_in_person(sign_in: Any, ask: Ask) -> None:
    client = sign_in("mia")
    client.headers["sec-fetch-site"] = "cross-site"
    assert {ask(client, route) for route in ROUTES if route.startswith("POST")} == {403}


def test_a_refusal_is_a_problem_that_says_how_to_sign_in(nobody: TestClient) -> None:
    answer = nobody.get("/api/v1/lists")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Sign in first, or send a valid API key.",
        "instance": "/api/v1/lists",
    }


def test_a_key_does_not_open_pages(program: Any) -> None:
    assert program("ada").get("/").status_code == 303


def test_what_is_not_there_and_what_cannot_be_done_are_problems(app: FastAPI, program: Any) -> None:
    client = program("mia")
    for method, path, status in (("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/lists", 405)):
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert client.delete("/api/v1/lists").headers["allow"] == "GET"
    assert client.delete("/api/v1/accounts/A1/feedback").headers["allow"] == "GET, POST"
    assert client.delete("/api/v1/accounts/A1/feedback/1/undo").headers["allow"] == "POST"


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
def test_a_form_is_no_way_to_act(sign_in: Any, engine: Engine, kind: str) -> None:
    client = sign_in("mia")
    path = f"/api/v1/accounts/{read_list(engine).rows[0].account_id}/feedback"
    body = f"csrf={client.csrf}&kind=done".encode()
    for headers, status in (({}, 403), ({"x-csrf-token": client.csrf}, 422)):
        answer = client.post(path, content=body, headers={"content-type": kind, **headers})
        assert answer.status_code == status
