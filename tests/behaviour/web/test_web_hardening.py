"""What somebody with bad intentions, bad luck or another time zone may try."""

from datetime import date, timedelta
from threading import Thread
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from serving.acting.ledger import Action, Actor, act
from serving.acting.states import read_states
from serving.api_keys import add_key, read_key
from serving.people import add_person, change_person, find_person
from serving.publish import publish
from serving.schema import list_rows
from serving.schema_acting import actions
from serving.schema_people import sessions
from serving.web import access
from serving.web.app import create_app
from serving.web.settings import WebSettings
from tests.made_lists import AS_OF, AT, make_list

ANA = Actor(1, "ana")
PASSWORD = "correct horse battery"


def test_what_the_new_owner_says_is_not_told_on_past_lists_of_the_old_one(engine: Engine, sign_in: Any) -> None:
    with engine.begin() as connection:
        newest = connection.scalar(select(func.max(list_rows.c.list_id)))
        handed = (list_rows.c.list_id == newest) & (list_rows.c.account_id == "A00001")
        connection.execute(update(list_rows).where(handed).values(owner="Owner 02"))
    act(engine, Action("A00001", "next", {"what": "secret plan"}), ANA, AT)
    past = f"as_of={AS_OF - timedelta(days=7)}"
    assert "secret plan" in sign_in("ben").get("/?search=A00001").text
    old = sign_in("ana")
    for path in ("/", "/export.csv"):
        told = old.get(f"{path}?{past}&search=A00001&show=all").text
        assert "A00001" in told
        assert "secret plan" not in told


def test_a_page_goes_on_only_from_accounts_of_the_viewers_book(ana: TestClient, mia: TestClient) -> None:
    assert mia.get("/?sort=arr&after=A00031").status_code == 200
    answers = [ana.get(f"/?sort=arr&after={account}") for account in ("A00031", "A99999")]
    assert [answer.status_code for answer in answers] == [404, 404]


def test_a_band_that_no_list_has_is_said_instead_of_showing_nobody(mia: TestClient) -> None:
    answer = mia.get("/?band=Hgh")
    assert answer.status_code == 404
    assert "it has High, Medium, Low" in answer.text
    several = mia.get("/?band=High&band=Medium").text
    assert '<select name="band" multiple size="3">' in several


def test_a_page_behind_the_last_row_is_the_last_page(ana: TestClient) -> None:
    last = ana.get("/?before=end").text
    account = last.rsplit('name="account" value="', 1)[1].split('"')[0]
    assert "of 30 accounts" in ana.get(f"/?after={account}").text


def test_only_one_header_may_name_somebody(engine: Engine, clock: Any) -> None:
    settings = WebSettings(user_header="X-User", trusted_proxies=("10.0.0.1",))
    client = TestClient(create_app(engine, settings, clock), follow_redirects=False, client=("10.0.0.1", 1))
    assert client.get("/me", headers=[("X-User", "ada"), ("X-User", "ana")]).status_code == 303
    assert client.get("/me", headers=[("X-User", "ana")]).status_code == 200


def test_many_first_requests_through_a_proxy_wait_for_nobody(engine: Engine, clock: Any) -> None:
    settings = WebSettings(user_header="X-User", trusted_proxies=("10.0.0.1",))
    app = create_app(engine, settings, clock)
    found: list[int] = []

    def ask() -> None:
        client = TestClient(app, follow_redirects=False, client=("10.0.0.1", 1))
        found.append(client.get("/me", headers={"X-User": "ana"}).status_code)

    crowd = [Thread(target=ask) for _ in range(24)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join(timeout=20)
    assert found == [200] * 24


def test_the_bulk_form_sent_twice_is_one_action(ana: TestClient, engine: Engine) -> None:
    key = ana.get("/").text.split('name="request" value="')[1].split('"')[0]
    sent = {"account": ["A00001"], "kind": "note", "text": "x", "request": key, "csrf": ana.csrf}  # type: ignore[attr-defined]
    assert [ana.post("/actions", data=sent).status_code for _ in range(2)] == [303, 303]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(actions)) == 1


@pytest.mark.parametrize(
    ("method", "path", "data", "expected"),
    [
        ("GET", f"/views/{2**31}", {}, 422),
        ("POST", f"/views/{10**30}/delete", {}, 422),
        ("POST", f"/me/keys/{2**31}/revoke", {}, 422),
        ("GET", "/?renewal=000000001999999999", {}, 404),
        ("POST", "/me/keys", {"title": "\x00", "scopes": "lists"}, 422),
        ("POST", "/sign-in", {"name": "a\x00na", "password": PASSWORD}, 303),
    ],
)
def test_what_a_database_cannot_hold_is_refused(
    ana: TestClient, method: str, path: str, data: dict[str, str], expected: int
) -> None:
    given = {**data, "csrf": ana.csrf} if method == "POST" else None  # type: ignore[attr-defined]
    assert ana.request(method, path, data=given).status_code == expected


@pytest.mark.parametrize(
    ("zone", "tomorrow"), [("Asia/Tokyo", date(2026, 9, 9)), ("America/Los_Angeles", date(2026, 9, 8))]
)
def test_a_snooze_begins_tomorrow_where_the_viewer_is(
    ana: TestClient, engine: Engine, clock: Any, zone: str, tomorrow: date
) -> None:
    clock.at = AT.replace(hour=16) if zone == "Asia/Tokyo" else AT.replace(day=8, hour=5)
    assert ana.post("/me/zone", data={"zone": zone, "csrf": ana.csrf}).status_code == 303  # type: ignore[attr-defined]

    def snooze(until: date) -> int:
        sent = {"kind": "snooze", "until": until.isoformat(), "csrf": ana.csrf}  # type: ignore[attr-defined]
        return ana.post("/accounts/A00001/actions", data=sent).status_code

    assert snooze(tomorrow - timedelta(days=1)) == 422
    assert snooze(tomorrow) == 303
    with engine.connect() as connection:
        assert read_states(connection, ["A00001"])["A00001"].snooze_until == tomorrow
    assert "A00001" not in ana.get("/").text
    assert "A00001" in ana.get("/?show=snoozed").text


def test_days_in_a_stage_are_those_of_the_calendar(ana: TestClient, engine: Engine, clock: Any) -> None:
    act(engine, Action("A00001", "stage", {"stage": "saving"}), ANA, AT.replace(hour=20))
    clock.at = AT.replace(hour=23)
    assert "since today" in ana.get("/?search=A00001").text
    clock.at = AT.replace(day=8, hour=5)
    assert "for 1 day" in ana.get("/?search=A00001").text


def test_a_page_under_other_settings_is_another_page(ana: TestClient, engine: Engine, clock: Any) -> None:
    tag = ana.get("/").headers["etag"]
    assert ana.get("/", headers={"if-none-match": tag}).status_code == 304
    other = TestClient(create_app(engine, WebSettings(page_rows=5), clock), cookies=ana.cookies)
    assert other.get("/", headers={"if-none-match": tag}).status_code == 200


def test_an_end_takes_keys_back_for_good(engine: Engine) -> None:
    with engine.connect() as connection:
        person = find_person(connection, "ana")
    assert person is not None
    key = add_key(engine, person, "CRM", ["lists"], at=AT)
    for active in (False, True):
        change_person(engine, "ana", active=active, at=AT, by="tests")
    with engine.connect() as connection:
        assert read_key(connection, key, at=AT) is None


def test_a_name_beyond_ascii_can_sign_in(engine: Engine, nobody: TestClient) -> None:
    assert add_person(engine, "Éva", "manager", password=PASSWORD, at=AT, by="tests").name == "Éva"
    assert nobody.post("/sign-in", data={"name": "Éva", "password": PASSWORD}).status_code == 303


def test_a_key_reads_on_while_something_long_is_written(
    engine: Engine, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.connect() as connection:
        person = find_person(connection, "ana")
    assert person is not None
    key = add_key(engine, person, "CRM", ["lists"], at=AT)

    def locked(*_: object, **__: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(access, "note_use", locked)
    client = TestClient(app)
    assert client.get("/api/v1/lists", headers={"authorization": f"Bearer {key}"}).status_code == 200


def test_a_busy_database_is_said_and_a_gone_one_too(
    ana: TestClient, app: FastAPI, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    monkeypatch.setattr("serving.web.act.act", locked)
    sent = {"kind": "note", "text": "x", "csrf": ana.csrf}  # type: ignore[attr-defined]
    answer = ana.post("/accounts/A00001/actions", data=sent)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "nothing was written" in answer.text

    class Gone:
        def connect(self) -> None:
            locked()

    app.state.engine = Gone()
    assert TestClient(app).get("/healthz").status_code == 503


def test_a_session_that_ends_is_said_where_something_was_typed(ana: TestClient, clock: Any) -> None:
    clock.at += timedelta(hours=13)
    answer = ana.post("/accounts/A00001/actions", data={"kind": "note", "text": "x"})
    assert answer.status_code == 401
    assert "nothing was written" in answer.text
    rows = ana.get("/?band=High", headers={"hx-request": "true"})
    assert rows.headers["hx-redirect"] == "/sign-in?next=/%3Fband%3DHigh"


def test_a_crowd_at_the_door_is_not_hashed_at_once(app: FastAPI, engine: Engine) -> None:
    found: list[int] = []

    def knock(number: int) -> None:
        client = TestClient(app, follow_redirects=False, client=(f"10.0.0.{number}", 1))
        found.append(client.post("/sign-in", data={"name": "ana", "password": "wrong password"}).status_code)

    crowd = [Thread(target=knock, args=(number,)) for number in range(10)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join(timeout=30)
    assert set(found) <= {401, 503}
    assert 401 in found
    # Other addresses' failures keep nobody out.
    own = TestClient(app, follow_redirects=False, client=("10.9.9.9", 1))
    assert own.post("/sign-in", data={"name": "ana", "password": PASSWORD}).status_code == 303
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(sessions)) == 1


def test_a_week_published_behind_the_current_one_is_shown_on_the_account_too(ana: TestClient, engine: Engine) -> None:
    tag = ana.get("/accounts/A00001").headers["etag"]
    assert publish(engine, make_list(as_of=AS_OF - timedelta(days=14)), at=AT, by="tests", simulated=True)
    assert ana.get("/accounts/A00001", headers={"if-none-match": tag}).status_code == 200
