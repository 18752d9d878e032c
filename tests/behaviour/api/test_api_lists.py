"""Lists, rows and what pages them, as programs read them."""

from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving.acting.ledger import Action, Actor, act
from serving.publish import publish
from serving.risk_list import read_list
from tests.made_lists import AT, make_list


def everything(client: TestClient, path: str, **asked: Any) -> list[dict[str, Any]]:
    """Follow the Link headers from the first page to the last."""
    answer = client.get(path, params=asked)
    found: list[dict[str, Any]] = answer.json()["items"]
    while "link" in answer.headers:
        address = answer.headers["link"].removeprefix("<").partition(">")[0]
        assert answer.json()["next"] in address
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
    assert answer.json()["next"] is None
    return found


def test_lists_are_the_weeks_newest_first(mia: TestClient) -> None:
    found = everything(mia, "/api/v1/lists", limit=1)
    assert [each["as_of"] for each in found] == ["2026-09-07", "2026-08-31"]
    assert [each["current"] for each in found] == [True, False]
    assert found[0]["published_at"] == "2026-09-07T06:30:00Z"
    assert mia.get("/api/v1/lists/current").json() == found[0]
    assert mia.get("/api/v1/lists/2026-08-31").json() == found[1]


def test_a_week_without_a_list_is_not_here(mia: TestClient) -> None:
    answer = mia.get("/api/v1/lists/2026-01-05")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "the nearest weeks are 2026-08-31, 2026-09-07" in answer.json()["detail"]
    assert mia.get("/api/v1/lists/latest").status_code == 422
    assert mia.get("/api/v1/lists/2026-13-01").status_code == 422


def test_all_pages_together_are_the_whole_list_in_order(mia: TestClient, engine: Engine) -> None:
    published = read_list(engine)
    found = everything(mia, "/api/v1/lists/current/accounts", sort="rank", limit=7)
    assert [each["account_id"] for each in found] == [row.account_id for row in published.rows]
    row = published.rows[0].to_json()
    assert {name: found[0][name] for name in row} == row


@pytest.mark.parametrize(
    ("asked", "keeps"),
    [
        ({"segment": ["Small", "Enterprise"]}, lambda row: row["segment"] != "Mid-market"),
        ({"segment": "Enterprise"}, lambda row: row["segment"] == "Enterprise"),
        ({"band": "High"}, lambda row: row["band"] == "High"),
        ({"driver": "Contract"}, lambda row: row["driver"] == "Contract"),
        ({"show": "listed"}, lambda row: row["band"] != "Low"),
        ({"search": "owner 02"}, lambda row: row["owner"] == "Owner 02"),
    ],
)
def test_each_filter_keeps_exactly_its_rows(mia: TestClient, asked: dict[str, Any], keeps: Any) -> None:
    whole = everything(mia, "/api/v1/lists/current/accounts", limit=200)
    answer = mia.get("/api/v1/lists/current/accounts", params={**asked, "limit": 200}).json()
    assert answer["items"] == [row for row in whole if keeps(row)]
    assert 0 < answer["total"] == len(answer["items"]) < len(whole)


def test_a_csm_reads_their_own_book(ana: TestClient, engine: Engine) -> None:
    rows = everything(ana, "/api/v1/lists/current/accounts")
    assert {row["owner"] for row in rows} == {"Owner 01"}
    assert everything(ana, "/api/v1/lists/current/accounts", owner="Owner 02") == []
    assert {each["owner"] for each in everything(ana, "/api/v1/lists/current/not-scored")} <= {"Owner 01"}


def test_not_scored_accounts_are_all_there(mia: TestClient, engine: Engine) -> None:
    found = everything(mia, "/api/v1/lists/current/not-scored", limit=1)
    assert [each["account_id"] for each in found] == [each.account_id for each in read_list(engine).not_scored]
    assert all(each["why"] for each in found)


def test_a_row_says_what_people_said(mia: TestClient, engine: Engine) -> None:
    account = read_list(engine).rows[0].account_id
    before = mia.get("/api/v1/lists/current/accounts").json()
    act(engine, Action(account, "risk", {"band": "Low", "reason": "seasonal"}, 2), Actor(None, "tests"), AT)
    act(engine, Action(account, "snooze", {"until": "2026-12-01"}), Actor(None, "tests"), AT)
    rows = {row["account_id"]: row for row in everything(mia, "/api/v1/lists/current/accounts", show="snoozed")}
    assert rows.keys() == {account}
    assert (rows[account]["final_band"], rows[account]["state"]["csm_reason"]) == ("Low", "seasonal")
    opened = everything(mia, "/api/v1/lists/current/accounts", show="open")
    assert len(opened) == before["total"] - 1


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/lists?lmit=3",
        "/api/v1/lists/current?x=1",
        "/api/v1/lists/current/accounts?bnad=High",
        "/api/v1/runs?a=b",
    ],
)
def test_a_misspelt_parameter_is_refused(mia: TestClient, path: str) -> None:
    answer = mia.get(path)
    assert answer.status_code == 422
    assert path.partition("?")[2].partition("=")[0] in answer.json()["detail"]


@pytest.mark.parametrize("cursor", ["x", "", "bnVsbA", "W10", "eyJhIjoxfQ", "é", "A" * 999])
def test_a_cursor_that_is_none_is_refused(mia: TestClient, cursor: str) -> None:
    for path in ("/api/v1/lists", "/api/v1/lists/current/accounts", "/api/v1/runs"):
        assert mia.get(path, params={"cursor": cursor}).status_code == 422


def test_a_cursor_goes_on_only_in_its_own_question(mia: TestClient) -> None:
    cursor = mia.get("/api/v1/lists/current/accounts?limit=5&band=Low").json()["next"]
    assert mia.get(f"/api/v1/lists/current/accounts?limit=9&band=Low&cursor={cursor}").status_code == 200
    for other in ("current/accounts?band=High", "2026-08-31/accounts?band=Low", "current/not-scored?limit=5"):
        answer = mia.get(f"/api/v1/lists/{other}&cursor={cursor}")
        assert answer.status_code == 422
        assert "another question" in answer.json()["detail"]


def test_pages_stay_with_the_list_they_began_in(mia: TestClient, engine: Engine) -> None:
    first = mia.get("/api/v1/lists/current/accounts?limit=5")
    as_of = read_list(engine).as_of
    publish(engine, make_list(as_of=as_of.replace(day=14), seed=9), at=AT, by="tests", simulated=True)
    second = mia.get("/api/v1/lists/current/accounts", params={"limit": 5, "cursor": first.json()["next"]}).json()
    assert second["as_of"] == first.json()["as_of"] == "2026-09-07"
    assert mia.get("/api/v1/lists/current/accounts").json()["as_of"] == "2026-09-14"


def test_what_is_unchanged_is_not_sent_again(mia: TestClient, engine: Engine) -> None:
    account = read_list(engine).rows[0].account_id
    paths = [
        "/api/v1/lists", "/api/v1/lists/current", "/api/v1/lists/current/accounts", "/api/v1/lists/current/not-scored",
        f"/api/v1/accounts/{account}", f"/api/v1/accounts/{account}/explanation",
        f"/api/v1/accounts/{account}/feedback", "/api/v1/runs", "/api/v1/openapi.json",
    ]  # fmt: skip
    tags = {path: mia.get(path).headers["etag"] for path in paths}
    for path, tag in tags.items():
        answer = mia.get(path, headers={"if-none-match": f'"x", W/{tag}'})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    act(engine, Action(account, "note", {"text": "x"}), Actor(None, "tests"), AT)
    changed = {path for path, tag in tags.items() if mia.get(path).headers["etag"] != tag}
    assert changed == {paths[2], paths[4], paths[6]}


def test_runs_are_the_publishings(mia: TestClient) -> None:
    found = everything(mia, "/api/v1/runs", limit=1)
    assert [(each["as_of"], each["by"]) for each in found] == [("2026-09-07", "tests"), ("2026-08-31", "tests")]
    assert found[0]["at"] == "2026-09-07T06:30:00Z"


def test_a_parameter_that_counts_once_is_given_once(mia: TestClient) -> None:
    answer = mia.get("/api/v1/lists/current/accounts?search=a&search=b")
    assert (answer.status_code, answer.json()["detail"]) == (422, "search: give it once")
    assert mia.get("/api/v1/lists/current/accounts?band=Low&band=High").status_code == 200
