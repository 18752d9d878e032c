"""One account as programs read it: where it stands, and what moves its risk."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from starlette.testclient import TestClient

from serving.account import account_story
from serving.acting.ledger import Action, Actor, act
from serving.publish import publish
from serving.risk_list import read_list
from serving.schema import list_rows
from tests.made_lists import AS_OF, AT, make_list


@pytest.fixture
def account(engine: Engine) -> str:
    """The first account of Owner 01."""
    return next(row.account_id for row in read_list(engine).rows if row.owner == "Owner 01")


def test_an_explanation_is_what_the_command_prints(ana: TestClient, engine: Engine, account: str) -> None:
    for asked, as_of in (("", None), ("?as_of=2026-08-31", AS_OF - timedelta(days=7))):
        got = ana.get(f"/api/v1/accounts/{account}/explanation{asked}").json()
        assert got == json.loads(json.dumps(account_story(engine, account, as_of)))
        whole = got["base_90"] + sum(each["contribution_90"] for each in got["contributions"])
        assert whole == pytest.approx(got["risk_90"], abs=1e-9)


def test_an_account_tells_its_weeks_and_the_band_that_counts(ana: TestClient, engine: Engine, account: str) -> None:
    before = ana.get(f"/api/v1/accounts/{account}").json()
    assert [week["as_of"] for week in before["history"]] == ["2026-08-31", "2026-09-07"]
    assert before["row"]["band"] == before["final_band"]
    other = "Low" if before["final_band"] != "Low" else "High"
    act(engine, Action(account, "risk", {"band": other, "reason": "seasonal"}, 2), Actor(None, "ana"), AT)
    after = ana.get(f"/api/v1/accounts/{account}").json()
    assert (after["row"]["band"], after["final_band"]) == (before["row"]["band"], other)
    assert after["state"]["csm_since"] == "2026-09-07T06:30:00Z"


def test_an_account_without_a_risk_says_why(mia: TestClient, engine: Engine) -> None:
    left = read_list(engine).not_scored[0]
    got = mia.get(f"/api/v1/accounts/{left.account_id}").json()
    assert (got["scored"], got["why"], got["row"], got["final_band"]) == (False, left.why, None, None)
    told = mia.get(f"/api/v1/accounts/{left.account_id}/explanation").json()
    assert (told["scored"], told["why"], told["risk_90"]) == (False, left.why, None)


def test_an_account_that_fell_off_the_list_stands_on_its_newest_one(mia: TestClient, engine: Engine) -> None:
    publish(engine, make_list(20, as_of=AS_OF + timedelta(days=7)), at=AT, by="tests")
    stayed = {row.account_id for row in read_list(engine).rows}
    gone = next(row.account_id for row in read_list(engine, AS_OF).rows if row.account_id not in stayed)
    got = mia.get(f"/api/v1/accounts/{gone}").json()
    assert (got["as_of"], got["scored"]) == ("2026-09-07", True)
    answer = mia.get(f"/api/v1/accounts/{gone}/explanation")
    assert answer.status_code == 404
    assert "The list of 2026-09-14 does not know" in answer.json()["detail"]


def test_an_id_never_finds_another_account_by_name(ana: TestClient, mia: TestClient, engine: Engine) -> None:
    """Account of Owner 01 that is on the old list only, and Owner 02's that is named like it on the new one."""
    rows = read_list(engine).rows
    mine = next(row.account_id for row in rows if row.owner == "Owner 01")
    other = next(row.account_id for row in rows if row.owner == "Owner 02")
    with engine.begin() as connection:
        for table in ("reasons", "explanations", "list_rows"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE list_id = 2 AND account_id = '{mine}'")
        named = update(list_rows).where(list_rows.c.list_id == 2, list_rows.c.account_id == other)
        connection.execute(named.values(name=mine))
    assert account_story(engine, mine)["account_id"] == other
    assert ana.get(f"/api/v1/accounts/{mine}/explanation").status_code == 404
    assert ana.get(f"/api/v1/accounts/{mine}").json()["as_of"] == "2026-08-31"


def test_another_owners_account_and_none_read_alike(ana: TestClient, engine: Engine) -> None:
    other = next(row.account_id for row in read_list(engine).rows if row.owner == "Owner 02")
    for path in ("", "/explanation", "/feedback", "/feedback/1"):
        told: list[dict[str, Any]] = []
        for each in (other, "nobody"):
            answer = ana.get(f"/api/v1/accounts/{each}{path}")
            assert answer.status_code == 404
            told.append(json.loads(answer.text.replace(each, "X")))
        assert told[0] == told[1]


@pytest.mark.parametrize("odd", ["%00", "a%00b", "%ED%A0%80", "%FF", "..%2F..", "a/b", "%F0%9F%92%A9", "A" * 3_000])
def test_odd_ids_are_not_here(mia: TestClient, odd: str) -> None:
    for path in ("", "/explanation", "/feedback", "/feedback/1"):
        answer = mia.get(f"/api/v1/accounts/{odd}{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_id_with_a_slash_is_found(mia: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE not_scored SET account_id = 'eu/A 1' WHERE account_id = "
                                   "(SELECT min(account_id) FROM not_scored)")  # fmt: skip
    assert mia.get("/api/v1/accounts/eu%2FA%201").json()["account_id"] == "eu/A 1"
    answer = mia.post("/api/v1/accounts/eu%2FA%201/feedback", json={"kind": "note", "detail": {"text": "x"}})
    assert answer.headers["location"] == "/api/v1/accounts/eu%2FA%201/feedback/1"
    assert mia.get(answer.headers["location"]).json()["account_id"] == "eu/A 1"
