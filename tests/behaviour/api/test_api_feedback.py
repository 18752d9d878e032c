"""Saying and doing things through the API: once, kept, taken back."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient

from serving.acting.ledger import MOST_AT_ONCE
from serving.api.feedback_models import EXAMPLES
from serving.risk_list import read_list
from serving.schema_acting import actions
from serving.web.guard import LARGEST_BODY

NOTE = {"kind": "note", "detail": {"text": "The new admin starts in March."}}
JSON = {"content-type": "application/json"}


@pytest.fixture
def place(engine: Engine) -> str:
    """Where feedback about the first account of Owner 01 goes."""
    account = next(row.account_id for row in read_list(engine).rows if row.owner == "Owner 01")
    return f"/api/v1/accounts/{account}/feedback"


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(actions)) or 0


@pytest.mark.parametrize("kind", EXAMPLES)
def test_each_example_is_written_down_and_found_again(ana: TestClient, place: str, kind: str) -> None:
    answer = ana.post(place, json=EXAMPLES[kind])
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{place}/{answer.json()['id']}"
    assert ana.get(answer.headers["location"]).json() == answer.json()
    said = ana.get(place).json()["items"]
    assert said == [answer.json()]
    assert (said[0]["by"], said[0]["kind"], said[0]["list_as_of"]) == ("ana", kind, "2026-09-07")
    assert said[0]["detail"].items() >= EXAMPLES[kind]["detail"].items()  # type: ignore[attr-defined]


def test_pages_of_feedback_are_the_newest_first(ana: TestClient, place: str) -> None:
    made = [ana.post(place, json=NOTE).json()["id"] for _ in range(5)]
    first = ana.get(f"{place}?limit=3").json()
    second = ana.get(f"{place}?limit=3&cursor={first['next']}").json()
    assert [each["id"] for each in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


def test_the_same_key_writes_once_for_each_person(ana: TestClient, mia: TestClient, place: str, engine: Engine) -> None:
    key = {"idempotency-key": "k" * 255}
    first = [ana.post(place, json=NOTE, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in first] == [201, 201]
    assert first[0].json() == first[1].json()
    assert mia.post(place, json=NOTE, headers=key).json()["id"] != first[0].json()["id"]
    assert count(engine) == 2
    refused = ana.post(place, json={"kind": "done"}, headers=key)
    assert refused.status_code == 422
    assert "used for another action" in refused.json()["detail"]
    assert ana.post(place, json=NOTE, headers={"idempotency-key": "k" * 256}).status_code == 422


def test_an_action_is_taken_back_once(ana: TestClient, place: str) -> None:
    stage = ana.post(place, json=EXAMPLES["stage"]).json()["id"]
    undone = ana.post(f"{place}/{stage}/undo")
    assert undone.status_code == 201
    assert (undone.json()["kind"], undone.json()["undoes"]) == ("undo", stage)
    assert ana.get(undone.headers["location"]).json() == undone.json()
    assert ana.get(f"{place}/{stage}").json()["undone"] is True
    assert ana.get(place.removesuffix("/feedback")).json()["state"]["stage"] is None
    for again in (stage, undone.json()["id"]):
        answer = ana.post(f"{place}/{again}/undo")
        assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")


def test_an_action_of_another_account_is_not_here(mia: TestClient, place: str, engine: Engine) -> None:
    made = mia.post(place, json=NOTE).json()["id"]
    other = next(row.account_id for row in read_list(engine).rows if row.owner == "Owner 02")
    assert mia.get(f"/api/v1/accounts/{other}/feedback/{made}").status_code == 404
    assert mia.post(f"/api/v1/accounts/{other}/feedback/{made}/undo").status_code == 404
    assert mia.post(f"{place}/{made + 1}/undo").status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "2147483648", "9223372036854775808", "9" * 400, "x", "1.5"])
def test_a_number_that_no_action_has_is_refused(mia: TestClient, place: str, number: str) -> None:
    assert mia.get(f"{place}/{number}").status_code == 422
    assert mia.post(f"{place}/{number}/undo").status_code == 422


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"kind": "stage", "detail": {"stage": "won"}}, "stage"),
        ({"kind": "cheer", "detail": {}}, "kind"),
        ({"kind": "risk", "detail": {"band": "Low"}}, "a band needs a reason"),
        ({"kind": "risk", "detail": {"band": "Huge", "reason": "seasonal"}}, "there is no band 'Huge'"),
        ({"kind": "snooze", "detail": {"until": "2026-09-07"}}, "choose a day after"),
        ({"kind": "snooze", "detail": {"until": 5}}, "must be a date"),
        ({"kind": "note", "detail": {"text": " "}}, "text"),
        ({**NOTE, "at": "2020-01-01"}, "at: there is no such field"),
        ({**NOTE, "as_of": "2020-01-06"}, "no list was published for 2020-01-06"),
        ({"detail": {}}, "kind"),
        ([], "body"),
    ],
)
def test_what_breaks_a_rule_is_said_and_writes_nothing(
    ana: TestClient, place: str, engine: Engine, sent: Any, says: str
) -> None:
    answer = ana.post(place, json=sent)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert says.lower() in answer.json()["detail"].lower()
    assert count(engine) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b'{"kind": NaN}', b'{"kind": "note", "detail": {"text": Infinity}}', b"[" * 100_000,
        b'{"kind": "note", "detail": {"\\ud800": 1}}', b'{"\\ud800": 1}', b"9" * 5_000,
        b'{"kind": "risk", "detail": {"band": "\\ud800", "reason": "seasonal"}}',
        b'{"kind": "note", "detail": {"text": "\\u0000"}}',
    ],
)  # fmt: skip
def test_odd_bodies_are_a_problem_and_not_a_surprise(ana: TestClient, place: str, engine: Engine, body: bytes) -> None:
    answer = ana.post(place, content=body, headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["instance"] == place
    assert count(engine) == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_another_content_type_is_refused(ana: TestClient, place: str, kind: str) -> None:
    answer = ana.post(place, content=b'{"kind": "done"}', headers={"content-type": kind})
    assert answer.status_code == 422
    assert "send application/json" in answer.json()["detail"]


def test_a_body_that_is_too_long_is_refused_with_and_without_its_length(ana: TestClient, place: str) -> None:
    assert ana.post(place, content=b"x" * (LARGEST_BODY + 1), headers=JSON).status_code == 413

    def parts() -> Iterator[bytes]:
        for _ in range(MOST_AT_ONCE + 100):
            yield b"x" * 1_000

    assert ana.post(place, content=parts(), headers=JSON).status_code == 413


def test_only_the_one_who_did_it_or_a_manager_takes_it_back(ana: Any, mia: Any) -> None:
    def undone(client: Any, action_id: int) -> int:
        return int(client.post(f"/api/v1/accounts/A00001/feedback/{action_id}/undo").status_code)

    note = {"kind": "note", "detail": {"text": "x"}}
    made = [client.post("/api/v1/accounts/A00001/feedback", json=note).json()["id"] for client in (mia, ana)]
    assert undone(ana, made[0]) == 403
    assert [undone(mia, action_id) for action_id in made] == [201, 201]
