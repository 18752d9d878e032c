"""Acting on one account: each kind, its undo, sending twice, wrong input, and whose account it is."""

import pytest
from httpx2 import Response
from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient

from serving.acting.states import AccountState, read_states
from serving.risk_list import read_list
from serving.schema_acting import actions

MINE, OTHERS = "A00001", "A00031"


def _send(client: TestClient, account: str = MINE, **fields: object) -> Response:
    return client.post(f"/accounts/{account}/actions", data={"csrf": client.csrf, **fields})  # type: ignore[attr-defined]


def _undo(client: TestClient, action: int, account: str = MINE) -> Response:
    return client.post(f"/accounts/{account}/actions/{action}/undo", data={"csrf": client.csrf})  # type: ignore[attr-defined]


def _state(engine: Engine, account: str = MINE) -> AccountState:
    with engine.connect() as connection:
        return read_states(connection, [account]).get(account, AccountState())


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(actions)) or 0


def test_a_stage_is_set_and_the_page_says_so_with_an_undo(ana: TestClient, engine: Engine) -> None:
    answer = _send(ana, kind="stage", stage="saving")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/accounts/{MINE}?did=1")
    assert _state(engine).stage == "saving"
    shown = ana.get(answer.headers["location"]).text
    assert 'role="status"><p>Stage: saving</p>' in shown
    assert f'action="/accounts/{MINE}/actions/1/undo"' in shown


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"kind": "note", "text": "They <b>moved</b>"}, "notes", 1),
        ({"kind": "snooze", "until": "2026-10-01"}, "snooze_until", "2026-10-01"),
        ({"kind": "next", "what": "Call them", "due": "2026-09-10"}, "next_action", "Call them"),
        ({"kind": "next", "what": "Call them", "due": ""}, "next_due", None),
        ({"kind": "play", "driver": "Payment"}, "next_action", "Ask the buyer and finance"),
    ],
)
def test_each_form_does_what_it_says(
    ana: TestClient, engine: Engine, fields: dict[str, str], name: str, value: object
) -> None:
    assert _send(ana, **fields).status_code == 303
    found = getattr(_state(engine), name)
    assert found == value if value is None or isinstance(value, int) else str(found).startswith(str(value))


def test_a_risk_of_ones_own_shows_all_three_bands_and_can_end(ana: TestClient, engine: Engine) -> None:
    published = read_list(engine)
    automated = next(row.band for row in published.rows if row.account_id == MINE)
    other, here = "Low" if automated == "High" else "High", published.list_id
    assert _send(ana, kind="risk", band=other, reason="seasonal", list_id=here).status_code == 303
    shown = ana.get(f"/accounts/{MINE}").text
    assert f"Automated <strong>{automated}</strong> · CSM <strong>{other}</strong>" in shown
    assert f"Final <strong>{other}</strong>" in shown
    assert _send(ana, kind="risk", end="1", list_id=here).status_code == 303
    assert _state(engine).csm_band is None


def test_done_completes_the_next_action_and_end_ends_a_snooze(ana: TestClient, engine: Engine) -> None:
    _send(ana, kind="next", what="Call them")
    _send(ana, kind="done")
    _send(ana, kind="snooze", until="2026-10-01")
    _send(ana, kind="snooze", end="1")
    assert (_state(engine).next_action, _state(engine).snooze_until) == (None, None)


def test_the_same_form_twice_is_one_action_and_a_changed_one_another(ana: TestClient, engine: Engine) -> None:
    first = _send(ana, kind="note", text="Once", request="key")
    assert _send(ana, kind="note", text="Once", request="key").headers["location"] == first.headers["location"]
    assert _count(engine) == 1
    assert _send(ana, kind="note", text="Went back and wrote more", request="key").status_code == 303
    assert _count(engine) == 2


WRONG: tuple[tuple[dict[str, str], str], ...] = (
    ({"kind": "note", "text": " "}, "Write the note first."),
    ({"kind": "next", "what": ""}, "Write what is done next."),
    ({"kind": "next", "what": "Call", "due": "soon"}, "such as 2026-11-02"),
    ({"kind": "snooze"}, "Choose the day until which"),
    ({"kind": "snooze", "until": "2026-09-01"}, "choose a day after 2026-09-07"),
    ({"kind": "risk", "band": "High"}, "Choose why you see it differently."),
    ({"kind": "risk", "band": "Highest", "reason": "seasonal", "list_id": "2"}, "There is no band"),
    ({"kind": "stage", "stage": "won"}, "Stage"),
    ({"kind": "play", "driver": "Weather"}, "There is no suggested play"),
    ({"kind": "explode"}, "There is no action"),
    ({"kind": "note", "text": "x" * 4_001}, "4000"),
)


def test_wrong_input_comes_back_beside_the_form_and_nothing_is_written(ana: TestClient, engine: Engine) -> None:
    for fields, said in WRONG:
        answer = _send(ana, **fields)
        assert answer.status_code == 422
        assert said in answer.text.split('role="alert"')[1].split("</p>")[0]
    assert _count(engine) == 0


def test_what_was_written_is_not_lost_when_its_date_is_wrong(ana: TestClient) -> None:
    answer = _send(ana, kind="next", what="A long thought", due="soon")
    assert 'value="A long thought"' in answer.text


def test_an_action_is_taken_back_by_whoever_did_it_or_a_manager(
    ana: TestClient, mia: TestClient, engine: Engine
) -> None:
    _send(mia, kind="stage", stage="lost")
    assert _undo(ana, 1).status_code == 403
    assert _state(engine).stage == "lost"
    assert "/actions/1/undo" not in ana.get(f"/accounts/{MINE}").text
    _send(ana, kind="stage", stage="saving")
    answer = _undo(mia, 2)
    assert answer.headers["location"] == f"/accounts/{MINE}?did=3"
    assert "Took back: Stage: saving" in mia.get(answer.headers["location"]).text
    assert _state(engine).stage == "lost"


def test_an_undo_sent_twice_is_one_undo(ana: TestClient, engine: Engine) -> None:
    _send(ana, kind="stage", stage="saving")
    assert [_undo(ana, 1).status_code for _ in range(2)] == [303, 303]
    assert _count(engine) == 2


def test_there_is_no_undo_of_what_is_not_there_or_an_undo_itself(ana: TestClient, engine: Engine) -> None:
    _send(ana, kind="stage", stage="saving")
    _undo(ana, 1)
    assert {_undo(ana, action).status_code for action in (0, 2, 99, 2**40)} == {404}
    assert _count(engine) == 2


def test_an_action_of_another_account_is_not_taken_back_through_ones_own(
    ana: TestClient, ben: TestClient, engine: Engine
) -> None:
    _send(ben, OTHERS, kind="stage", stage="saving")
    assert _undo(ana, 1).status_code == 404
    assert _state(engine, OTHERS).stage == "saving"


def test_nobody_acts_on_an_account_of_somebody_else(ana: TestClient, engine: Engine) -> None:
    assert _send(ana, OTHERS, kind="stage", stage="saving").status_code == 404
    assert _send(ana, "A99999", kind="stage", stage="saving").status_code == 404
    assert _count(engine) == 0


def test_a_form_without_its_token_is_refused(ana: TestClient, engine: Engine) -> None:
    assert ana.post(f"/accounts/{MINE}/actions", data={"kind": "note", "text": "x"}).status_code == 403
    assert ana.post("/actions", data={"kind": "note", "text": "x", "account": MINE}).status_code == 403
    assert _count(engine) == 0


def test_acting_on_a_past_list_comes_back_to_it(ana: TestClient) -> None:
    answer = _send(ana, kind="note", text="Then", as_of="2026-08-31")
    assert answer.headers["location"] == f"/accounts/{MINE}?as_of=2026-08-31&did=1"
