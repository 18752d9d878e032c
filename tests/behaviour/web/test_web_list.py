"""The list page: what it shows to whom, how it is chosen, paged and kept."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving.acting.ledger import Action, Actor, act
from serving.publish import publish
from serving.risk_list import read_list
from serving.web.app import create_app
from serving.web.settings import WebSettings
from tests.made_lists import AS_OF, AT, make_list

WEEK = timedelta(days=7)
SOMEBODY = Actor(None, "tests")
Act = Callable[..., None]


@pytest.fixture
def does(engine: Engine) -> Act:
    """Write an action down about an account, half a day after the newest list."""

    def doing(account: str, kind: str, **detail: Any) -> None:
        act(engine, Action(account, kind, detail, 2), SOMEBODY, AT + timedelta(hours=12))

    return doing


def shown(client: TestClient, path: str = "/") -> list[str]:
    """Return the accounts of a list page in order."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return re.findall(r'name="account" value="([^"]*)"', answer.text)


def walked(client: TestClient, path: str, way: str) -> list[list[str]]:
    """Return the pages that the links of one kind (`next`, `prev`) lead through."""
    pages, text = [], client.get(path).text
    while True:
        pages.append(re.findall(r'name="account" value="([^"]*)"', text))
        link = re.search(rf'<a href="([^"]+)" rel="{way}"', text)
        if link is None:
            return pages
        text = client.get(link[1].replace("&amp;", "&")).text


def every(client: TestClient, path: str) -> list[str]:
    """Return the accounts of all pages in order."""
    return [account for page in walked(client, path, "next") for account in page]


def test_everybody_sees_their_own_book_in_the_default_order(ana: TestClient, mia: TestClient, engine: Engine) -> None:
    rows = sorted(read_list(engine).rows, key=lambda row: row.place)  # type: ignore[arg-type, return-value]
    own = [row.account_id for row in rows if row.owner == "Owner 01"]
    assert every(ana, "/") == own
    assert every(mia, "/") == [row.account_id for row in rows]
    assert shown(ana, "/?owner=Owner+02") == []
    assert shown(ana, "/?search=Owner+02") == []


def test_pages_lead_to_the_end_and_back(mia: TestClient) -> None:
    there = walked(mia, "/?sort=name", "next")
    assert [len(page) for page in there] == [20, 20, 20]
    assert walked(mia, "/?sort=name&before=end", "prev") == there[::-1]
    assert "41–60 of 60 accounts" in mia.get("/?sort=name&before=end").text


@pytest.mark.parametrize("query", ["band=High", "segment=Small&sort=arr", "renewal=90", "show=listed", "driver=Logins"])
def test_a_choice_shows_the_rows_that_fit(mia: TestClient, engine: Engine, query: str) -> None:
    last_day = AS_OF + timedelta(days=90)
    fits: dict[str, Callable[[Any], bool]] = {
        "band=High": lambda row: row.band == "High",
        "segment=Small&sort=arr": lambda row: row.segment == "Small",
        "renewal=90": lambda row: row.renewal_date <= last_day,
        "show=listed": lambda row: row.band != "Low",
        "driver=Logins": lambda row: row.driver == "Logins",
    }
    wanted = {row.account_id for row in read_list(engine).rows if fits[query](row)}
    found = every(mia, f"/?{query}")
    assert 0 < len(wanted) < 60
    assert (set(found), len(found)) == (wanted, len(wanted))


def test_the_order_can_be_chosen(mia: TestClient, engine: Engine) -> None:
    rows = read_list(engine).rows
    by_arr = sorted(rows, key=lambda row: -(row.arr or 0))
    assert shown(mia, "/?sort=arr") == [row.account_id for row in by_arr[:20]]
    by_deadline = [
        row.account_id
        for row in sorted(rows, key=lambda row: (row.notice_deadline is None, row.notice_deadline or AS_OF))
    ]
    assert every(mia, "/?sort=notice_deadline") == by_deadline


def test_a_search_finds_names_ids_and_those_without_a_score(ana: TestClient, ben: TestClient) -> None:
    assert shown(ana, "/?search=account+0007") == ["A00007"]
    assert shown(ana, "/?search=a00007") == ["A00007"]
    found = ana.get("/?search=9001").text
    assert "Account 9001 (N1) is not scored: notice was given" in found
    assert "Account 9001" not in ben.get("/?search=9001").text


def test_accounts_without_a_score_can_be_reached_with_why(ana: TestClient, ben: TestClient) -> None:
    assert "2 accounts were not scored" in ana.get("/").text
    found = ana.get("/not-scored").text
    assert 'href="/accounts/N2"' in found
    assert "joined last week" in found
    assert 'href="/accounts/N' not in ben.get("/not-scored").text
    assert 'href="/accounts/N1"' not in ana.get("/not-scored?search=n2").text


def test_the_capacity_line_is_where_an_owner_reaches_it(engine: Engine, clock: Any) -> None:
    from tests.behaviour.web.conftest import PASSWORD

    client = TestClient(create_app(engine, WebSettings(capacity_per_owner=7, page_rows=60), clock))
    client.post("/sign-in", data={"name": "mia", "password": PASSWORD})
    lines = re.findall(r'name="account" value="([^"]*)"|<tr class="capacity">.*?<span>([^<]*)', client.get("/").text)
    owners = {row.account_id: row.owner for row in read_list(engine).rows}
    before: dict[str, int] = {}
    for account, line in lines:
        if line:
            owner = line.partition(":")[0]
            assert (before[owner], line) == (7, f"{owner}: capacity of 7 reached")
        else:
            owner = str(owners[account])
            before[owner] = before.get(owner, 0) + 1
    assert len([line for _, line in lines if line]) == 2
    assert "capacity of" not in client.get("/?sort=arr").text, "another order has no such line"


def test_what_is_snoozed_comes_back_on_its_day(ana: TestClient, does: Act, clock: Any) -> None:
    first = shown(ana)[0]
    does(first, "snooze", until=str(AS_OF + WEEK))
    assert first not in every(ana, "/")
    assert shown(ana, "/?show=snoozed") == [first]
    assert first in shown(ana, "/?show=all")


def test_stages_and_due_actions_choose(ana: TestClient, does: Act) -> None:
    first, second, third = shown(ana)[:3]
    does(first, "stage", stage="saving")
    does(second, "next", what="Call them", due=str(AS_OF + timedelta(days=3)))
    does(third, "next", what="Call them later", due=str(AS_OF + timedelta(days=30)))
    assert shown(ana, "/?stage=saving") == [first]
    assert first not in shown(ana, "/?stage=none")
    assert shown(ana, "/?show=due") == [second]
    assert "Call them, by 10 Sep 2026" in " ".join(ana.get("/?show=due").text.split())


def test_a_csms_band_counts_and_the_automated_one_stays_in_sight(ana: TestClient, does: Act) -> None:
    low = shown(ana, "/?band=Low")[0]
    does(low, "risk", band="High", reason="already known")
    assert low in shown(ana, "/?band=High")
    assert low not in shown(ana, "/?band=Low")
    assert "CSM; automated: Low" in ana.get(f"/?search={low}").text


def test_views_are_kept_replaced_followed_and_deleted(ana: TestClient, ben: TestClient, mia: TestClient) -> None:
    def save(name: str, query: str) -> Any:
        return ana.post("/views", data={"name": name, "query": query, "csrf": ana.csrf})  # type: ignore[attr-defined]

    link = save("My High <b>", "band=High&after=A00001&band=").headers["location"]
    assert ana.get(link).headers["location"] == "/?band=High"
    assert "My High &lt;b&gt;" in ana.get("/").text
    assert save("My High <b>", "band=Medium").headers["location"] == link
    assert ben.get(link).headers["location"] == "/?band=Medium", "anybody may follow it, and sees their own book"
    assert "My High" not in ben.get("/").text
    assert ben.post(f"{link}/delete", data={"csrf": ben.csrf}).status_code == 404  # type: ignore[attr-defined]
    assert ana.post(f"{link}/delete", data={"csrf": ana.csrf}).status_code == 303  # type: ignore[attr-defined]
    assert ana.get(link).status_code == 404
    assert save("   ", "band=High").status_code == 422
    assert save("x", "sort=nothing").status_code == 422


def test_there_is_room_for_so_many_views(ana: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.web.views.MOST", 2)
    for name, status in (("a", 303), ("b", 303), ("c", 422), ("a", 303)):
        answer = ana.post("/views", data={"name": name, "query": "", "csrf": ana.csrf})  # type: ignore[attr-defined]
        assert answer.status_code == status


def test_a_past_list_says_so_and_shows_itself(ana: TestClient, engine: Engine) -> None:
    week = AS_OF - WEEK
    found = ana.get(f"/?as_of={week}").text
    assert "a past list" in found
    assert f"?as_of={week}" in found
    past = sorted(
        (row for row in read_list(engine, week).rows if row.owner == "Owner 01"), key=lambda row: row.place or 0
    )
    assert shown(ana, f"/?as_of={week}") == [row.account_id for row in past][:20]
    assert ana.get("/?as_of=2020-01-06").status_code == 404


def test_a_page_is_sent_again_only_when_something_changed(
    ana: TestClient, mia: TestClient, does: Act, engine: Engine, clock: Any
) -> None:
    def answer(client: TestClient, tag: str) -> int:
        return client.get("/", headers={"if-none-match": tag}).status_code

    tag = ana.get("/").headers["etag"]
    assert answer(ana, tag) == 304
    assert answer(ana, f'"x", W/{tag}') == 304
    assert answer(mia, tag) == 200, "another person"
    assert ana.get("/?band=High", headers={"if-none-match": tag}).status_code == 200
    does("A00001", "note", text="x")
    assert answer(ana, tag) == 200, "somebody acted"
    tag = ana.get("/").headers["etag"]
    clock.at += timedelta(hours=7)
    assert answer(ana, tag) == 200, "another day"
    tag = ana.get("/").headers["etag"]
    publish(engine, make_list(as_of=AS_OF + WEEK), at=AT + WEEK, by="tests", simulated=True)
    assert answer(ana, tag) == 200, "another list"
    tag = ana.get("/").headers["etag"]
    ana.post("/views", data={"name": "x", "query": "", "csrf": ana.csrf})  # type: ignore[attr-defined]
    assert answer(ana, tag) == 200, "another view"
    tag = ana.get("/").headers["etag"]
    ana.post("/me/zone", data={"zone": "Asia/Tokyo", "csrf": ana.csrf})  # type: ignore[attr-defined]
    assert answer(ana, tag) == 200, "another zone"


def test_no_list_and_nothing_found_are_said(nobody: TestClient, ana: TestClient, app: FastAPI, engine: Engine) -> None:
    assert "Nothing fits this choice." in ana.get("/?search=zzzz").text
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET owner = 'Owner 77' WHERE name = 'ana'")
    assert "No account on this list belongs to Owner 77." in ana.get("/").text
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE pointers SET list_id = NULL")
    assert "No list yet" in ana.get("/").text


HOSTILE = (
    "after=X9", "before=X9", "after=", "before=", "after=%00", "after=" + "x" * 3_000, "after=A00001&before=A00002",
    "sort=;DROP", "show=%27", "renewal=1e9", "as_of=0000-00-00", "as_of=9999-12-31", "owner=%ff%fe", "search=%00%00",
    "search=%ff", "search=(((*", "search=%5C", "search=" + "%F0%9F%92%A5" * 200, "stage=%E2%80%AE", "done=%3Cb%3E",
    "band=%3Cscript%3Ealert(1)%3C/script%3E", "&".join(["owner=x"] * 300), "driver=" + "y" * 2_000, "%00=1", "=", "&&&",
)  # fmt: skip


@pytest.mark.parametrize("path", ["/", "/not-scored", "/export.csv", "/export.xlsx"])
def test_whatever_an_address_holds_is_answered(mia: TestClient, path: str) -> None:
    for query in HOSTILE:
        answer = mia.get(f"{path}?{query}")
        assert answer.status_code in (200, 404, 422), query
        if path in ("/", "/not-scored"):
            assert "<script>alert" not in answer.text, query
            assert "<b>" not in answer.text.split("<main")[1].split("<ul>")[0], query
