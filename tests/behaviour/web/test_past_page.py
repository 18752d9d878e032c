"""The page of past lists says what came of them, of the viewer's own accounts, and what is not known yet."""

from datetime import timedelta

import pandas as pd
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving.acting.ledger import Action, Actor, act
from serving.happened import CHURN, LEFT_VIEW, FollowUp, ListOutcome, keep
from tests.made_lists import AS_OF, AT, make_list

NONE = pd.DataFrame({name: [] for name in ("digest", "account_id", "kind", "on", "known_on", "text")})
FIRST = AS_OF - timedelta(days=7)


def above_low(owner: str) -> list[str]:
    """Return an owner's accounts above the lowest band of the first list, in rank order."""
    rows = make_list(as_of=FIRST).rows
    return list(rows.index[(rows["band"] != "Low") & (rows["owner"] == owner)])


def follow(engine: Engine, matured: int, became: dict[str, ListOutcome]) -> None:
    keep(engine, NONE, [FollowUp(1, FIRST + timedelta(days=100), matured, became)])


def test_before_any_list_is_finished_it_says_from_when_on(mia: TestClient) -> None:
    text = mia.get("/past").text
    assert "The first one, of 31 Aug 2026, is complete from <strong>29 Nov 2026</strong> on" in text
    assert "Simulated data" in text
    assert "Nobody has set another risk" in text


def test_a_finished_list_says_what_came_of_each_band_and_account(mia: TestClient, engine: Engine) -> None:
    first, second, *_ = above_low("Owner 01")
    follow(engine, 90, {first: ListOutcome(CHURN, 71), second: ListOutcome(LEFT_VIEW, 20)})
    text = mia.get("/past").text
    assert "1 finished list, 31 Aug 2026." in text
    assert "1 left within 90 days (95% interval" in text
    assert "Small numbers: 1 account left." in text
    rows = mia.get("/past/2026-08-31").text
    assert "on 9 Nov 2026, in day 71" in rows
    assert rows.count("nobody can say") == 1
    assert "still there" in rows


def test_an_unfinished_list_is_marked(mia: TestClient, engine: Engine) -> None:
    follow(engine, 30, {})
    assert "known up to day 30" in mia.get("/past").text
    rows = mia.get("/past/2026-08-31").text
    assert "This list counts in no total yet." in rows
    assert "up to day 30" in rows
    assert "not known yet" in mia.get("/past/2026-09-07").text


def test_a_csm_reads_of_their_own_accounts_only(ana: TestClient, engine: Engine) -> None:
    mine, others = above_low("Owner 01"), above_low("Owner 02")
    follow(engine, 90, {others[0]: ListOutcome(CHURN, 9)})
    act(engine, Action(others[0], "risk", {"band": "Low", "reason": "seasonal"}, 1), Actor(None, "ben"), AT)
    rows = ana.get("/past/2026-08-31").text
    assert all(f">{account}<" in rows for account in mine)
    assert not any(account in rows for account in others)
    text = ana.get("/past").text
    assert "No account is known to have left" in text
    assert "seasonal" not in text


def test_disagreements_stand_with_their_reason(mia: TestClient, engine: Engine) -> None:
    first = above_low("Owner 01")[0]
    act(engine, Action(first, "risk", {"band": "Low", "reason": "seasonal"}, 1), Actor(None, "ana"), AT)
    before = mia.get("/past")
    assert "seasonal" in before.text
    assert "not known yet" in before.text
    same = mia.get("/past", headers={"if-none-match": before.headers["etag"]})
    assert same.status_code == 304
    follow(engine, 90, {first: ListOutcome(CHURN, 71)})
    after = mia.get("/past", headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert "<strong>1</strong> of 1<" in after.text


def test_other_weeks_and_pages_are_refused_in_words(mia: TestClient, nobody: TestClient) -> None:
    missing = mia.get("/past/2020-01-06")
    assert missing.status_code == 404
    assert "no list was published for 2020-01-06" in missing.text
    assert mia.get("/past/yesterday").status_code == 422
    assert mia.get("/past?page=0").status_code == 422
    assert mia.get("/past?page=9").status_code == 200
    assert mia.get("/past/2026-09-07?page=9").status_code == 200
    assert nobody.get("/past").headers["location"] == "/sign-in?next=/past"


def test_names_from_data_stay_text(mia: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE list_rows SET name = '<script>x</script>', owner = '<b>y</b>'")
    rows = mia.get("/past/2026-09-07").text
    assert "&lt;script&gt;x" in rows
    assert "<script>x" not in rows
    assert "<b>y" not in rows
