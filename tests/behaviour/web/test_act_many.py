"""Acting on the chosen accounts of the list: all of them, or none."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import Response
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving import people
from serving.acting.states import all_states
from serving.publish import publish
from serving.store import open_database
from serving.web.app import create_app
from serving.web.settings import WebSettings
from tests.behaviour.web.conftest import PASSWORD, Clock, csrf_of
from tests.made_lists import AT, make_list

THREE = ["A00001", "A00002", "A00003"]
OTHERS = "A00031"


def _send(client: TestClient, accounts: list[str], **fields: object) -> Response:
    return client.post("/actions", data={"csrf": client.csrf, "account": accounts, **fields})  # type: ignore[attr-defined]


def _acted_on(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(all_states(connection))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "stage", "stage": "plan in place"}, "3 accounts: stage plan in place"),
        ({"kind": "snooze", "date": "2026-10-01"}, "3 accounts: snoozed until 1 Oct 2026"),
        ({"kind": "next", "text": "Call", "date": "2026-09-10"}, "3 accounts: next action Call, by 10 Sep 2026"),
        ({"kind": "note", "text": "Trade fair"}, "3 accounts: note added"),
    ],
)
def test_all_chosen_accounts_are_acted_on_and_the_list_says_so(
    ana: TestClient, engine: Engine, fields: dict[str, str], said: str
) -> None:
    answer = _send(ana, THREE, next="/?band=High&done=old", **fields)
    assert answer.status_code == 303
    place = urlsplit(answer.headers["location"])
    assert (place.path, parse_qs(place.query)) == ("/", {"band": ["High"], "done": [said]})
    assert _acted_on(engine) == set(THREE)
    assert f'role="status">{said}' in ana.get(answer.headers["location"]).text


@pytest.mark.parametrize("other", [OTHERS, "A99999", "A00001\x00"])
def test_one_account_of_somebody_else_and_nothing_is_done(ana: TestClient, engine: Engine, other: str) -> None:
    answer = _send(ana, [*THREE, other], kind="stage", stage="saving")
    assert answer.status_code == 404
    assert "Nothing was done" in answer.text
    assert _acted_on(engine) == set()


def test_a_manager_acts_on_accounts_of_several_owners(mia: TestClient, engine: Engine) -> None:
    assert _send(mia, [THREE[0], OTHERS], kind="stage", stage="saving").status_code == 303
    assert _acted_on(engine) == {THREE[0], OTHERS}


WRONG: tuple[tuple[list[str], dict[str, str], str], ...] = (
    ([], {"kind": "stage", "stage": "saving"}, "Choose at least one account."),
    (THREE, {"kind": "snooze"}, "Choose the day"),
    (THREE, {"kind": "next"}, "Write what is done next."),
    (THREE, {"kind": "risk", "band": "High"}, "Choose what to do"),
    (THREE, {"kind": "stage", "stage": "won"}, "Stage"),
    (THREE, {"kind": "note", "text": "x", "list_id": "999"}, "There is no list 999."),
)


def test_wrong_input_comes_back_with_the_chosen_accounts(ana: TestClient, engine: Engine) -> None:
    for accounts, fields, said in WRONG:
        answer = _send(ana, accounts, next="/?band=High", **fields)
        assert answer.status_code == 422
        assert said in answer.text
        assert answer.text.count('name="account"') == len(accounts)
        assert 'href="/?band=High"' in answer.text
    assert _acted_on(engine) == set()


def test_the_way_back_is_never_to_another_site(ana: TestClient) -> None:
    for place in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "x", "/\n/elsewhere"):
        answer = _send(ana, THREE, kind="stage", stage="saving", next=place)
        assert answer.headers["location"].startswith("/?done=")


def test_the_same_bulk_form_twice_is_one_action_each(ana: TestClient, engine: Engine) -> None:
    for _ in range(2):
        assert _send(ana, THREE, kind="note", text="Once", request="key").status_code == 303
    with engine.connect() as connection:
        assert {state.notes for state in all_states(connection).values()} == {1}


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Engine]:
    """A migrated PostgreSQL database with one list and a manager, empty again afterwards."""
    engine = open_database(postgres_url)
    publish(engine, make_list(), at=AT, by="tests")
    people.add_person(engine, "mia", "manager", password=PASSWORD, at=AT, by="tests")
    yield engine
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()


def test_pages_and_actions_are_the_same_on_postgresql(
    postgres_database: Engine, settings: WebSettings, clock: Clock
) -> None:
    client = TestClient(create_app(postgres_database, settings, clock), follow_redirects=False)
    client.post("/sign-in", data={"name": "mia", "password": PASSWORD})
    client.csrf = csrf_of(client)  # type: ignore[attr-defined]
    assert _send(client, THREE, kind="note", text="Trade fair").status_code == 303
    assert _send(client, [*THREE, "A00001\x00"], kind="note", text="Nothing").status_code == 404
    shown = client.get("/accounts/A00001")
    assert "Note: Trade fair" in shown.text
    assert "middle half of" in shown.text
    assert client.get("/accounts/A00001%00").status_code == 404
