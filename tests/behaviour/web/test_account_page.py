"""The page of one account: what it says, on which week, for whom, and when it is sent anew."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, Row, insert
from starlette.testclient import TestClient

from serving.formats import between, day, money, percent
from serving.list_row import ListRow
from serving.publish import publish
from serving.risk_list import PublishedList, find_list, previous_list, read_list
from serving.schema_history import account_events, list_maturity, list_outcomes
from serving.web import account_peers
from tests.made_lists import AS_OF, AT, make_list

WEEK = timedelta(days=7)
MINE = "A00001"


def _row(engine: Engine, account: str = MINE) -> tuple[PublishedList, ListRow]:
    published = read_list(engine)
    return published, next(row for row in published.rows if row.account_id == account)


def _happened(engine: Engine, on: date, known_on: date, text: str, kind: str = "ticket") -> None:
    record = {"digest": text, "account_id": MINE, "kind": kind, "on": on, "known_on": known_on, "text": text}
    with engine.begin() as connection:
        connection.execute(insert(account_events), record)


def _words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_head_says_who_it_is_and_how_it_stands(ana: TestClient, engine: Engine) -> None:
    published, row = _row(engine)
    said = _words(ana.get(f"/accounts/{MINE}").text)
    assert "Simulated data" in said
    for part in (
        f"Account 0001 {row.band}",
        f"{MINE} · {row.segment} · owner Owner 01",
        f"Risk within 90 days {percent(row.risk_90)}",
        f"Risk in days 61 to 90 {percent(row.risk_60_90)}",
        f"ARR {money(row.arr, '€')} per year",
        f"Can still be saved {money(row.saveable, '€')}",
        f"Renewal {day(row.renewal_date)}",
        f"rank {row.rank} of {published.accounts}",
        f"Automated {row.band} · CSM has not said otherwise · Final {row.band}",
    ):
        assert part in said, part


def test_intervals_are_said_in_words(mia: TestClient, engine: Engine) -> None:
    made = make_list(as_of=AS_OF + WEEK)
    publish(engine, replace(made, rows=made.rows.assign(risk_90_low=0.1, risk_90_high=0.4)), at=AT, by="tests")
    assert f"95% interval {between(0.1, 0.4)}" in mia.get(f"/accounts/{MINE}").text


def test_the_steps_add_up_exactly_to_the_risk(ana: TestClient, engine: Engine) -> None:
    _, row = _row(engine)
    tables = ana.get(f"/accounts/{MINE}").text.split('<table class="steps">')[1:]
    sums = [[float(value) for value in re.findall(r'<data value="([^"]+)"', table)] for table in tables]
    near, window = [values for values in sums if values]
    for values, risk in ((near, row.risk_90), (window, row.risk_60_90)):
        assert values[-1] == risk
        assert sum(values[:-1]) == pytest.approx(risk, abs=1e-9)
        assert len(values) > 3


def test_each_reason_stands_beside_the_accounts_own_weeks_and_its_peers(ana: TestClient, engine: Engine) -> None:
    published, row = _row(engine)
    articles = ana.get(f"/accounts/{MINE}").text.split("<article")[1:]
    assert len(articles) == len(row.reasons) > 0
    segment = [each.account_id for each in published.rows if each.segment == row.segment]
    with engine.connect() as connection:
        header = find_list(connection, None)
        numbers = account_peers.peer_numbers(engine, connection, header, row.segment)
    values = previous_list(engine, AS_OF + WEEK).values.loc[segment]  # type: ignore[union-attr]
    for name, found in numbers.quartiles.items():
        np.testing.assert_allclose(found, np.percentile(values[name].to_numpy("<f4"), (25, 50, 75)), rtol=1e-6)
    for article, reason in zip(articles, row.reasons, strict=True):
        assert f"middle half of {len(segment)} {row.segment} accounts" in article
        assert f"on {day(AS_OF - WEEK)}" in article
        assert reason.text in article.replace("&#39;", "'")


def test_quartiles_of_a_segment_are_computed_once(
    mia: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[str | None] = []
    made = account_peers._computed

    def counted(connection: Connection, header: Row[Any], segment: str | None) -> account_peers.PeerNumbers:
        computed.append(segment)
        return made(connection, header, segment)

    monkeypatch.setattr(account_peers, "_computed", counted)
    rows = read_list(engine).rows[:20]
    for row in rows:
        mia.get(f"/accounts/{row.account_id}")
    assert len(computed) == len(set(computed)) == len({row.segment for row in rows})


def test_too_few_peers_are_said_and_not_drawn() -> None:
    assert account_peers._quartiles(np.array([1.0, 2.0, np.nan, 3.0, 4.0], "<f4")) is None
    assert account_peers._quartiles(np.array([1.0, 2.0, np.nan, 3.0, 4.0, 5.0], "<f4")) == (2.0, 3.0, 4.0)


def test_what_was_not_known_yet_is_not_told(ana: TestClient, engine: Engine) -> None:
    _happened(engine, AS_OF - WEEK, AS_OF - WEEK, "An old ticket.")
    _happened(engine, AS_OF - 2 * WEEK, AS_OF - timedelta(days=3), "A ticket that came late.")
    _happened(engine, AS_OF - timedelta(days=1), AS_OF, "A ticket of tomorrow.")
    now, then = (ana.get(f"/accounts/{MINE}{week}").text for week in ("", f"?as_of={AS_OF - WEEK}"))
    assert "An old ticket." in now
    assert f"known from {day(AS_OF - timedelta(days=3))} on" in now
    assert "tomorrow" not in now
    assert "ticket" not in then.split('id="happened-title"')[1].split("</section>")[0]


def test_actions_and_events_are_one_story_newest_first(ana: TestClient, engine: Engine) -> None:
    _happened(engine, AS_OF - WEEK, AS_OF - WEEK, "A ticket.")
    ana.post(f"/accounts/{MINE}/actions", data={"csrf": ana.csrf, "kind": "note", "text": "Ours"})  # type: ignore[attr-defined]
    latest = ana.get(f"/accounts/{MINE}").text.split('class="told latest"')[1].split("</ol>")[0]
    assert latest.index("Note: Ours") < latest.index("A ticket.")


def test_the_picture_is_there_for_a_desk_and_for_a_phone(ana: TestClient, engine: Engine) -> None:
    _happened(engine, AS_OF - WEEK, AS_OF - WEEK, "A ticket.")
    page = ana.get(f"/accounts/{MINE}").text
    for width in ("wide", "narrow"):
        picture = page.split(f'<svg class="plot {width}"')[1].split("</svg>")[0]
        assert 'role="img" aria-label="Risk of Account 0001 within 90 days over 2 lists' in picture
        assert picture.count('class="mark-ticket"') == 1


@pytest.mark.parametrize(
    ("matured", "outcome", "said"),
    [
        (None, None, "not known yet"),
        (30, None, "still there up to day 30"),
        (90, None, "still there after 90 days"),
        (90, ("churn", 43), "left in day 43"),
        (90, ("left view", 12), "left view in day 12: nobody can say"),
    ],
)
def test_past_lists_say_what_came_of_it(
    ana: TestClient, engine: Engine, matured: int | None, outcome: tuple[str, int] | None, said: str
) -> None:
    with engine.begin() as connection:
        if matured:
            record = {"list_id": 1, "known_by": AS_OF + 14 * WEEK, "matured_days": matured}
            connection.execute(insert(list_maturity), record)
        if outcome:
            record = {"list_id": 1, "account_id": MINE, "kind": outcome[0], "days": outcome[1]}
            connection.execute(insert(list_outcomes), record)
    past = ana.get(f"/accounts/{MINE}").text.split('id="past-title"')[1].split("</section>")[0]
    assert said in past.split(f"?as_of={AS_OF - WEEK}")[1]


def test_an_account_without_a_score_says_why_and_can_be_acted_on(ana: TestClient) -> None:
    page = ana.get("/accounts/N1").text
    assert "<strong>Not scored this week.</strong> notice was given" in page
    assert 'action="/accounts/N1/actions"' in page
    assert "What happened" in page
    assert "I see the risk differently" not in page
    answer = ana.post("/accounts/N1/actions", data={"csrf": ana.csrf, "kind": "stage", "stage": "lost"})  # type: ignore[attr-defined]
    assert answer.status_code == 303


def test_weeks_lead_to_each_other(ana: TestClient) -> None:
    now, then = (ana.get(f"/accounts/{MINE}{week}").text for week in ("", f"?as_of={AS_OF - WEEK}"))
    assert f'href="/accounts/{MINE}?as_of={AS_OF - WEEK}" rel="prev"' in now
    assert 'rel="next"' not in now
    assert f'href="/accounts/{MINE}?as_of={AS_OF}" rel="next"' in then
    assert f"This is how the list of {day(AS_OF - WEEK)} had the account" in then


def test_an_account_that_left_is_shown_as_the_newest_list_has_it(mia: TestClient, engine: Engine) -> None:
    publish(engine, make_list(accounts=30, as_of=AS_OF + WEEK), at=AT, by="tests")
    page = mia.get("/accounts/A00060").text
    assert f"This is how the list of {day(AS_OF)} had the account" in page
    absent = mia.get(f"/accounts/A00060?as_of={AS_OF + WEEK}").text
    assert "<strong>Not on this list.</strong>" in absent
    assert "Account 0060" in absent


@pytest.mark.parametrize("account", ["N/1 ?#%&é", "50% off ", "actions/1/undo"])
def test_odd_account_ids_are_found_by_their_encoded_address(mia: TestClient, engine: Engine, account: str) -> None:
    made = make_list(as_of=AS_OF + WEEK)
    publish(engine, replace(made, not_scored=made.not_scored.assign(account_id=[account, "N2"])), at=AT, by="tests")
    address = f"/accounts/{quote(account)}"
    page = mia.get(address)
    assert page.status_code == 200
    assert f'action="{address}/actions"' in page.text
    answer = mia.post(f"{address}/actions", data={"csrf": mia.csrf, "kind": "note", "text": "x"})  # type: ignore[attr-defined]
    assert answer.headers["location"] == f"{address}?did=1"
    assert mia.post(f"{address}/actions/1/undo", data={"csrf": mia.csrf}).status_code == 303  # type: ignore[attr-defined]


def test_what_is_not_there_is_not_found(mia: TestClient) -> None:
    for address in ("A99999", "A00001/x", "A00001%00", "%FF", "A00001?as_of=2020-01-06", ""):
        assert mia.get(f"/accounts/{address}").status_code == 404, address


def test_accounts_of_others_are_not_to_be_known_of(ben: TestClient) -> None:
    assert ben.get(f"/accounts/{MINE}").status_code == 404
    assert ben.get(f"/accounts/{MINE}").text.replace(MINE, "A99999") == ben.get("/accounts/A99999").text


def test_the_page_is_sent_anew_only_when_something_changed(ana: TestClient, engine: Engine) -> None:
    def again(tag: str) -> tuple[int, str]:
        answer = ana.get(f"/accounts/{MINE}", headers={"if-none-match": tag})
        return answer.status_code, answer.headers["etag"]

    tag = ana.get(f"/accounts/{MINE}").headers["etag"]
    assert again(tag) == (304, tag)
    ana.post(f"/accounts/{MINE}/actions", data={"csrf": ana.csrf, "kind": "note", "text": "x"})  # type: ignore[attr-defined]
    status, acted = again(tag)
    assert status == 200
    _happened(engine, AS_OF - WEEK, AS_OF - WEEK, "A ticket.")
    status, told = again(acted)
    assert status == 200
    with engine.begin() as connection:
        connection.execute(insert(list_maturity), {"list_id": 1, "known_by": AS_OF, "matured_days": 7})
    assert again(told)[0] == 200


def test_all_numbers_say_what_they_are_and_how_they_are_computed(ana: TestClient) -> None:
    page = ana.get(f"/accounts/{MINE}").text.split('id="numbers-title"')[1]
    assert "last 4 weeks against the 8 before" in page
    assert "login_drop" not in page
    assert "<strong>Left out of the whole list:</strong>" in page
    assert "no table surveys" in page
    for part in ("5f0c2d9e41ab", "9b1e77c0aa10", "c47a61e2f0d3"):
        assert part in page


def test_numbers_that_are_missing_or_not_tracked_are_not_the_same(mia: TestClient, engine: Engine) -> None:
    made = make_list(as_of=AS_OF + WEEK)
    values = made.values.assign(sponsor_gap=np.nan, seat_use=np.nan)
    facts = made.facts.assign(**{"seat_use.untracked": 1.0})
    publish(engine, replace(made, values=values, facts=facts), at=AT, by="tests")
    said = _words(mia.get(f"/accounts/{MINE}").text)
    assert "1 missing for this account: Days without a sponsor." in said
    assert "1 not tracked , for nothing recorded them: Seats in use." in said


def test_the_change_is_split_into_data_clock_and_model(mia: TestClient, engine: Engine) -> None:
    made = make_list(as_of=AS_OF + WEEK)
    rows = made.rows.assign(
        change=0.06, change_data=0.05, change_clock=0.02, change_model=-0.01, change_text="Up 6 points in all."
    )
    publish(engine, replace(made, rows=rows, previous_as_of=AS_OF), at=AT, by="tests")
    said = _words(mia.get(f"/accounts/{MINE}").text.split('id="change-title"')[1].split("</section>")[0])
    assert re.search(r"Up 6 points in all\. .*New data .*\+5\.0 Time .*\+2\.0 New model .*−1\.0", said)
