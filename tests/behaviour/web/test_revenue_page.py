"""The page of health and revenue is for managers, says what it assumes, and what is not known."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving.acting.ledger import Action, Actor, act
from serving.happened import FollowUp, keep
from serving.publish import publish
from tests.made_lists import AS_OF, AT, make_list

NONE = pd.DataFrame({name: [] for name in ("digest", "account_id", "kind", "on", "known_on", "text")})


def test_managers_read_it_and_csms_do_not(mia: TestClient, ana: TestClient, nobody: TestClient) -> None:
    text = mia.get("/revenue").text
    for title in (
        "Expected gross revenue retention",
        "Health by segment",
        "Health by owner",
        "Load against capacity",
        "ARR at risk by renewal month",
        "Top drivers of the week",
    ):
        assert title in text
    assert "Simulated data" in text
    assert ana.get("/revenue").status_code == 403
    assert nobody.get("/revenue").status_code == 303


def test_what_is_not_known_is_not_invented(mia: TestClient) -> None:
    text = mia.get("/revenue").text
    assert text.count("No risk reaches past day 90") == 2
    assert "it cannot be shown yet how such estimates turned out" in text


def test_past_quarters_stand_beside_the_estimate(mia: TestClient, engine: Engine) -> None:
    past = AS_OF - timedelta(days=98)
    publish(engine, make_list(as_of=past), at=AT, by="tests")
    assert "Was it so?" not in mia.get("/revenue").text
    keep(engine, NONE, [FollowUp(3, AS_OF, 90, {})])
    text = mia.get("/revenue").text
    assert "Was it so?" in text
    assert "<strong>100.0%</strong>" in text
    assert f'<a href="/past/{past}">' in text


def test_what_somebody_does_changes_the_load(mia: TestClient, engine: Engine) -> None:
    before = mia.get("/revenue")
    same = mia.get("/revenue", headers={"if-none-match": before.headers["etag"]})
    assert same.status_code == 304
    first = make_list().rows.index[0]
    until = (date(2026, 9, 8) + timedelta(days=30)).isoformat()
    act(engine, Action(first, "snooze", {"until": until}, 2), Actor(None, "mia"), AT)
    after = mia.get("/revenue", headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.text != before.text


def test_many_owners_are_paged(mia: TestClient, engine: Engine) -> None:
    scored = make_list(as_of=AS_OF + timedelta(days=7))
    owners = [f"Owner <{number}>" for number in range(60)]
    publish(engine, replace(scored, rows=scored.rows.assign(owner=owners)), at=AT, by="tests")
    first, last = mia.get("/revenue").text, mia.get("/revenue?owners=4&load=2").text
    assert "1–15 of 60" in first
    assert "46–60 of 60" in last
    assert "16–30 of 60" in last
    assert "Owner &lt;" in first
    assert "Owner <" not in first
    assert mia.get("/revenue?owners=99").status_code == 200
    assert mia.get("/revenue?owners=x").status_code == 422
