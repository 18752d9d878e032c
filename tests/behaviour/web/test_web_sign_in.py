"""Who is let in, for how long, and what a form must carry."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from features.errors import UsageError
from serving.api_keys import add_key, keys, read_key, revoke_key
from serving.people import add_person, change_person, find_person, people
from serving.schema_people import sessions, users
from serving.web.app import create_app
from serving.web.settings import WebSettings
from tests.made_lists import AT

PASSWORD = "correct horse battery"


def test_a_page_asks_to_sign_in_and_comes_back_to_itself(nobody: TestClient) -> None:
    asked = nobody.get("/me?x=1")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=/me%3Fx%3D1")
    given = {"name": "ANA", "password": PASSWORD, "next": "/me?x=1"}
    answer = nobody.post("/sign-in", data=given)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me?x=1")
    assert nobody.get("/me").status_code == 200


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "javascript:1"]
)
def test_signing_in_never_leads_elsewhere(nobody: TestClient, place: str) -> None:
    answer = nobody.post("/sign-in", data={"name": "ana", "password": PASSWORD, "next": place})
    assert answer.headers["location"] == "/"


def test_a_wrong_name_and_a_wrong_password_read_alike(nobody: TestClient) -> None:
    wrong = [nobody.post("/sign-in", data={"name": n, "password": "x" * 14}) for n in ("ana", "eve")]
    assert [answer.status_code for answer in wrong] == [401, 401]
    assert wrong[0].text.replace("ana", "eve") == wrong[1].text


def test_too_many_tries_have_to_wait(nobody: TestClient, clock: Any) -> None:
    for _ in range(8):
        nobody.post("/sign-in", data={"name": "ana", "password": "x" * 14})
    refused = nobody.post("/sign-in", data={"name": "ana", "password": PASSWORD})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert nobody.post("/sign-in", data={"name": "ben", "password": PASSWORD}).status_code == 303
    clock.at += timedelta(minutes=11)
    assert nobody.post("/sign-in", data={"name": "ana", "password": PASSWORD}).status_code == 303


def test_a_session_ends_after_its_hours_and_at_signing_out(ana: TestClient, ben: TestClient, clock: Any) -> None:
    assert ben.post("/sign-out", data={"csrf": ben.csrf}).status_code == 303  # type: ignore[attr-defined]
    assert ben.get("/me").status_code == 303
    assert ana.get("/me").status_code == 200
    clock.at += timedelta(hours=12, seconds=1)
    assert ana.get("/me").status_code == 303


def test_the_database_holds_neither_password_nor_token(ana: TestClient, engine: Engine) -> None:
    with engine.connect() as connection:
        stored = [*connection.scalars(select(users.c.password)), *connection.scalars(select(sessions.c.digest))]
    assert not any(PASSWORD in each or ana.cookies["forewarn_session"] in each for each in stored if each)


def test_a_form_without_its_token_or_from_elsewhere_is_refused(ana: TestClient) -> None:
    given = {"zone": "Europe/Berlin", "csrf": ana.csrf}  # type: ignore[attr-defined]
    assert ana.post("/me/zone", data={"zone": "Europe/Berlin"}).status_code == 403
    assert ana.post("/me/zone", data={**given, "csrf": "x"}).status_code == 403
    assert ana.post("/me/zone", data=given, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert ana.post("/me/zone", data=given, headers={"origin": "https://evil.example"}).status_code == 403
    assert ana.post("/me/zone", data=given).status_code == 303
    assert "Europe/Berlin</option>" in ana.get("/me").text


def test_who_may_no_longer_sign_in_is_out_at_once(ana: TestClient, engine: Engine) -> None:
    change_person(engine, "ana", active=False, at=AT, by="tests")
    assert ana.get("/me").status_code == 303
    assert ana.post("/sign-in", data={"name": "ana", "password": PASSWORD}).status_code == 401


def test_a_proxy_names_people_only_when_it_is_trusted(engine: Engine, clock: Any) -> None:
    def first(peer: str, headers: dict[str, str], **settings: Any) -> int:
        app = create_app(engine, WebSettings(**settings), clock)
        client = TestClient(app, follow_redirects=False, client=(peer, 1))
        answer = client.get("/me", headers=headers)
        if answer.status_code == 200:
            assert client.get("/me").status_code == 200, "the session goes on"
        return answer.status_code

    trusted = {"user_header": "X-User", "trusted_proxies": ("10.0.0.0/8",)}
    assert first("10.1.2.3", {"X-User": "mia"}, **trusted) == 200
    assert first("192.168.0.9", {"X-User": "mia"}, **trusted) == 303
    assert first("10.1.2.3", {"X-User": "mia"}) == 303
    assert first("10.1.2.3", {"X-User": "eve"}, **trusted) == 303


def test_every_answer_says_what_a_browser_may_do(nobody: TestClient) -> None:
    for path in ("/healthz", "/sign-in", "/nothing", "/static/app.css"):
        headers = nobody.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


def test_secure_cookies_come_with_https(engine: Engine, clock: Any) -> None:
    client = TestClient(create_app(engine, WebSettings(address="https://churn.example.com"), clock))
    answer = client.post("/sign-in", data={"name": "ana", "password": PASSWORD}, follow_redirects=False)
    assert "; Secure" in answer.headers["set-cookie"]
    assert "HttpOnly; SameSite=Lax" in answer.headers["set-cookie"]


def test_a_large_body_is_refused(nobody: TestClient) -> None:
    assert nobody.post("/sign-in", data={"name": "x" * 1_100_000}).status_code == 413


def test_a_key_is_shown_once_and_can_be_taken_back(ana: TestClient, engine: Engine) -> None:
    given = {"title": "CRM", "scopes": ["lists", "feedback"], "days": "30", "csrf": ana.csrf}  # type: ignore[attr-defined]
    made = ana.post("/me/keys", data=given)
    key = made.text.split('<code class="key">')[1].split("<")[0]
    assert made.headers["cache-control"] == "no-store"
    assert key not in ana.get("/me").text
    with engine.connect() as connection:
        found = read_key(connection, key, at=AT)
        assert found is not None
        assert (found[0].name, found[1]) == ("ana", {"lists", "feedback"})
        assert read_key(connection, key, at=AT + timedelta(days=31)) is None
        (listed,) = keys(connection)
    with pytest.raises(UsageError, match="no key"):
        revoke_key(engine, listed.id, at=AT, user_id=99)
    assert ana.post(f"/me/keys/{listed.id}/revoke", data={"csrf": ana.csrf}).status_code == 303  # type: ignore[attr-defined]
    with engine.connect() as connection:
        assert read_key(connection, key, at=AT) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "ana"}, "already is a person"),
        ({"name": "a b"}, "sign-in name"),
        ({"name": "eve", "role": "boss"}, "no role 'boss'"),
        ({"name": "eve", "role": "csm", "owner": None}, "sees the accounts of one owner"),
        ({"name": "eve", "password": "short"}, "at least 12"),
        ({"name": "eve", "zone": "Mars"}, "no time zone"),
    ],
)
def test_people_who_cannot_be_added_are_refused_with_the_rule(engine: Engine, given: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        add_person(engine, **{"role": "csm", "owner": "Owner 01", "at": AT, "by": "tests", **given})
    assert len(people(engine)) == 4


def test_a_key_needs_a_known_scope(engine: Engine) -> None:
    with engine.connect() as connection:
        person = find_person(connection, "ana")
    assert person is not None
    with pytest.raises(UsageError, match="no scope 'all'"):
        add_key(engine, person, "x", ["all"], at=AT)


def test_a_route_without_a_policy_stops_the_application(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    from serving.web import access

    monkeypatch.delitem(access.POLICIES, "GET /me")
    with pytest.raises(RuntimeError, match=r"routes without a policy: \['GET /me'\]"):
        create_app(app.state.engine, app.state.settings)
