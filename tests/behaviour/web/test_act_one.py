"""Acting on one account: each kind, its undo, sending twice, wrong input, and whose account it is."""

from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving.acting.states import AccountState, read_states

MINE, OTHERS = "A00001", "A00031"


def _send(client: TestClient, account: str = MINE, **fields: str) -> object:
    return client.post(f"/accounts/{account}/actions", data={"csrf": client.csrf, **fields})  # type: ignore[attr-defined]


def _state(engine: Engine, account: str = MINE) -> AccountState:
    with engine.connect() as connection:
        return read_states(connection, [account]).get(account, AccountState())


def test_a_stage_is_set_and_the_page_says_so_with_an_undo(ana: TestClient, engine: Engine) -> None:
    answer = _send(ana, kind="stage", stage="saving", request="once")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/accounts/{MINE}?did=1"
    assert _state(engine).stage == "saving"
    shown = ana.get(answer.headers["location"]).text
    assert "Stage: saving" in shown
    assert f"/accounts/{MINE}/actions/1/undo" in shown
