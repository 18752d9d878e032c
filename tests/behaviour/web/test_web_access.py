"""Every route for everybody: who is let in, who is sent away, and that nobody reads of accounts that are not theirs."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, is_zipfile

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, delete, insert
from starlette.testclient import TestClient

from serving.acting.ledger import Action, Actor, act
from serving.api_keys import add_key, keys
from serving.people import require_person
from serving.schema_people import api_keys, saved_views
from serving.store import open_database
from serving.web.app import create_app, routes_of
from serving.web.settings import WebSettings
from tests.made_lists import AS_OF, AT

PASSWORD = "correct horse battery"
WHO = ("nobody", "ana", "ben", "mia", "ada")
"""Nobody, the CSM whose account it is, another CSM, a manager, an admin."""
ASK = "sign in"
"""The answer is to sign in first; also what follows signing out. What a form sends is answered with 401 instead."""

TABLE: dict[str, tuple[int | str, ...]] = {
    # route                                                    nobody  ana  ben  mia  ada
    "GET /healthz":                                            (200, 200, 200, 200, 200),
    "GET /sign-in":                                            (200, 303, 303, 303, 303),
    "POST /sign-in":                                           (303, 303, 303, 303, 303),
    "POST /sign-out":                                          (401, ASK, ASK, ASK, ASK),
    "GET /me":                                                 (ASK, 200, 200, 200, 200),
    "POST /me/zone":                                           (401, 303, 303, 303, 303),
    "POST /me/keys":                                           (401, 200, 200, 200, 200),
    "POST /me/keys/{key_id}/revoke":                           (401, 303, 422, 422, 422),
    "GET /":                                                   (ASK, 200, 200, 200, 200),
    "GET /not-scored":                                         (ASK, 200, 200, 200, 200),
    "POST /views":                                             (401, 303, 303, 303, 303),
    "GET /views/{view_id}":                                    (ASK, 303, 303, 303, 303),
    "POST /views/{view_id}/delete":                            (401, 303, 404, 404, 404),
    "GET /export.csv":                                         (ASK, 200, 200, 200, 200),
    "GET /export.xlsx":                                        (ASK, 200, 200, 200, 200),
    "GET /accounts/{account_id:path}":                         (ASK, 200, 404, 200, 200),
    "POST /accounts/{account_id:path}/actions":                (401, 303, 404, 303, 303),
    "POST /accounts/{account_id:path}/actions/{action_id}/undo": (401, 303, 404, 303, 303),
    "POST /actions":                                           (401, 303, 404, 303, 303),
    "GET /past":                                               (ASK, 200, 200, 200, 200),
    "GET /past/{as_of}":                                       (ASK, 200, 200, 200, 200),
    "GET /revenue":                                            (ASK, 403, 403, 200, 200),
    "GET /api/v1/lists":                                       (401, 200, 200, 200, 200),
    "GET /api/v1/lists/{as_of}":                               (401, 200, 200, 200, 200),
    "GET /api/v1/lists/{as_of}/accounts":                      (401, 200, 200, 200, 200),
    "GET /api/v1/lists/{as_of}/not-scored":                    (401, 200, 200, 200, 200),
    "GET /api/v1/accounts/{account_id:path}":                  (401, 200, 404, 200, 200),
    "GET /api/v1/accounts/{account_id:path}/explanation":      (401, 200, 404, 200, 200),
    "GET /api/v1/accounts/{account_id:path}/feedback":         (401, 200, 404, 200, 200),
    "POST /api/v1/accounts/{account_id:path}/feedback":        (401, 201, 404, 201, 201),
    "GET /api/v1/accounts/{account_id:path}/feedback/{action_id}": (401, 200, 404, 200, 200),
    "POST /api/v1/accounts/{account_id:path}/feedback/{action_id}/undo": (401, 201, 404, 201, 201),
    "GET /api/v1/runs":                                        (401, 200, 200, 200, 200),
    "GET /api/v1/openapi.json":                                (401, 200, 200, 200, 200),
}  # fmt: skip
"""What each route answers to each of them, where the path is about an account, key, view or action of ana's."""

SENT: dict[str, dict[str, Any]] = {
    "POST /sign-in": {"name": "ana", "password": PASSWORD},
    "POST /me/zone": {"zone": "UTC"},
    "POST /me/keys": {"title": "x", "scopes": ["lists"]},
    "POST /views": {"name": "x", "query": "band=High"},
    "POST /accounts/{account_id:path}/actions": {"kind": "note", "text": "x"},
    "POST /api/v1/accounts/{account_id:path}/feedback": {"kind": "note", "detail": {"text": "x"}},
    "POST /actions": {"account": ["A00020"], "kind": "note", "text": "x"},
}
ASKED = {"GET /": "?search=A00020&show=all", "GET /not-scored": "?search=N1", "GET /export.csv": "?show=all"}
"""What makes a page speak of ana's account, if it may."""
ANAS = ("Account 0020", "Account 9001")
"""Names of ana's accounts, scored and not: no path holds them, so that nothing repeats them that does not know them."""

TELLING = {
    "GET /",
    "GET /not-scored",
    "GET /past/{as_of}",
    "GET /export.csv",
    "GET /export.xlsx",
    "GET /accounts/{account_id:path}",
    "GET /api/v1/lists/{as_of}/accounts",
    "GET /api/v1/lists/{as_of}/not-scored",
    "GET /api/v1/accounts/{account_id:path}",
    "GET /api/v1/accounts/{account_id:path}/explanation",
}
"""The routes that tell them to ana, managers and admins, and to nobody else."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Iterator[Engine]:
    """One database for all routes."""
    path = tmp_path_factory.mktemp("access") / "forewarn.db"
    shutil.copy(filled, path)
    made = open_database(f"sqlite:///{path}")
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def everything(shared: Engine) -> FastAPI:
    """The application."""
    return create_app(shared, WebSettings(), lambda: AT + timedelta(hours=12))


@pytest.fixture(scope="module")
def anas(shared: Engine) -> Callable[[], dict[str, object]]:
    """Make what the paths are about anew, and return its ids by name."""

    def making() -> dict[str, object]:
        with shared.connect() as connection:
            ana = require_person(connection, "ana")
        with shared.begin() as connection:
            connection.execute(delete(api_keys))
        add_key(shared, ana, "x", ["lists"], at=AT)
        note = Action("A00020", "note", {"text": "x"})
        view = {"id": 1, "user_id": ana.id, "name": "x", "query": "", "created_at": AT}
        with shared.begin() as connection:
            connection.execute(delete(saved_views))
            connection.execute(insert(saved_views), view)
        with shared.connect() as connection:
            key = max(each.id for each in keys(connection, ana.id))
        action = act(shared, note, Actor(ana.id, "ana"), AT)
        return {"account_id:path": "A00020", "action_id": action, "key_id": key, "view_id": 1, "as_of": AS_OF}

    return making


@pytest.mark.parametrize("who", WHO)
def test_every_route_answers_everybody_as_the_table_says(
    everything: FastAPI, anas: Callable[[], dict[str, object]], who: str
) -> None:
    place = WHO.index(who)
    wrong, told = [], []
    for route, expected in sorted(TABLE.items()):
        answer = ask(everything, who, route, anas())
        found = outcome(answer)
        if found != expected[place]:
            wrong.append(f"{route}: {found}, not {expected[place]}: {answer.text[:300]}")
        if any(name in text_of(answer) for name in ANAS):
            told.append(route)
    assert wrong == []
    assert set(told) == (set() if who in ("nobody", "ben") else TELLING)


def test_every_route_is_in_the_table(everything: FastAPI) -> None:
    assert set(routes_of(everything)) == TABLE.keys()


def test_an_account_that_is_not_ones_own_reads_like_one_that_does_not_exist(everything: FastAPI) -> None:
    client = signed_in(everything, "ben")
    for path in ("/accounts/{}", "/accounts/{}?as_of=" + str(AS_OF)):
        others, none = (client.get(path.format(account)) for account in ("A00020", "A99999"))
        assert (others.status_code, others.text) == (none.status_code, none.text.replace("A99999", "A00020"))


def test_a_search_for_somebody_elses_account_finds_nothing(everything: FastAPI) -> None:
    found = signed_in(everything, "ben").get("/?search=A00020&show=all").text
    assert "Account 0020" not in found
    assert "No account" in found


@pytest.mark.parametrize("route", sorted(route for route in TABLE if route.startswith("POST")))
def test_no_form_is_taken_without_its_token(
    everything: FastAPI, anas: Callable[[], dict[str, object]], route: str
) -> None:
    if route == "POST /sign-in":
        return
    answer = ask(everything, "ada", route, anas(), token=False)
    assert answer.status_code == 403


def ask(app: FastAPI, who: str, route: str, ids: dict[str, object], token: bool = True) -> Any:
    """Return the answer to a route about what is ana's."""
    client = TestClient(app, follow_redirects=False) if who == "nobody" else signed_in(app, who)
    method, path = route.split(" ", 1)
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", str(value))
    if method == "GET":
        return client.get(path + ASKED.get(route, ""))
    csrf = client.get("/me").text.split('name="csrf" value="')[1].split('"')[0] if token and who != "nobody" else ""
    if path.startswith("/api/"):
        return client.post(path, json=SENT.get(route), headers={"x-csrf-token": csrf})
    return client.post(path, data={**SENT.get(route, {}), "csrf": csrf})


def signed_in(app: FastAPI, who: str) -> TestClient:
    """Return a client of somebody who has just signed in."""
    client = TestClient(app, follow_redirects=False)
    assert client.post("/sign-in", data={"name": who, "password": PASSWORD}).status_code == 303
    return client


def outcome(answer: Any) -> int | str:
    """Return the status, or that the answer is to sign in."""
    asks = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    return ASK if asks else int(answer.status_code)


def text_of(answer: Any) -> str:
    """Return what can be read in an answer, in a workbook too."""
    if not is_zipfile(BytesIO(answer.content)):
        return str(answer.text)
    with ZipFile(BytesIO(answer.content)) as book:
        return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
