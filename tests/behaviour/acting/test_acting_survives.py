"""Nothing that people said is lost or changed by what happens to lists."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select, update

from features.errors import UsageError
from serving.acting import ledger
from serving.acting.history import actions_of
from serving.acting.ledger import Action, Actor, act, undo
from serving.acting.states import all_states, fold, rebuild
from serving.publish import CURRENT, publish
from serving.schema import list_rows, lists, pointers
from serving.schema_acting import account_states, actions
from serving.store import writing
from tests.made_lists import AS_OF, AT, make_list

ANA = Actor(None, "ana")
WEEK = timedelta(days=7)
DETAILS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("stage", {"stage": "at risk"}),
    ("stage", {"stage": "saving"}),
    ("stage", {"stage": None}),
    ("risk", {"band": "High", "reason": "wrong data"}),
    ("risk", {"band": None, "reason": None}),
    ("note", {"text": "hello"}),
    ("snooze", {"until": "2026-10-01"}),
    ("next", {"what": "call", "due": "2026-09-20"}),
    ("done", {}),
)


def everything(engine: Engine) -> tuple[object, ...]:
    with engine.connect() as connection:
        accounts = sorted(set(connection.scalars(select(actions.c.account_id))))
        return all_states(connection), [actions_of(connection, account) for account in accounts]


def speak(engine: Engine) -> None:
    with engine.connect() as connection:
        newest = connection.scalar(select(lists.c.id).where(lists.c.as_of == AS_OF))
    act(engine, Action("A00001", "risk", {"band": "High", "reason": "right and acting"}, newest), ANA, AT)
    act(engine, Action("A00001", "stage", {"stage": "plan in place"}, newest), ANA, AT)
    undo(engine, act(engine, Action("A00002", "note", {"text": "oops"}, newest), ANA, AT), ANA, AT)


def test_feedback_survives_rescoring_new_weeks_and_a_week_that_is_rolled_back(either: Engine) -> None:
    speak(either)
    before = everything(either)
    assert not publish(either, make_list(12, model="another"), at=AT + WEEK, by="tests"), "a week is published once"
    assert everything(either) == before
    assert publish(either, make_list(12, as_of=AS_OF + WEEK), at=AT + WEEK, by="tests")
    assert everything(either) == before
    with either.connect() as connection:
        ids = dict(connection.execute(select(lists.c.as_of, lists.c.id)).tuples().all())
    for shown in (AS_OF - WEEK, AS_OF + WEEK):
        with writing(either).begin() as connection:
            connection.execute(update(pointers).where(pointers.c.name == CURRENT).values(list_id=ids[shown]))
        assert everything(either) == before
    with either.connect() as connection:
        automated = connection.scalars(select(list_rows.c.band).where(list_rows.c.account_id == "A00001")).all()
        state = all_states(connection)["A00001"]
    assert len(automated) == 3
    assert {state.final_band(band) for band in automated} == {"High"}


def play_out(engine: Engine, story: list[int]) -> bool:
    """Act and undo as the numbers say, and tell whether the table holds what the ledger says."""
    made: list[int] = []
    for step, number in enumerate(story):
        at = AT + timedelta(minutes=step)
        if number >= len(DETAILS) and made:
            try:
                undo(engine, made[number % len(made)], ANA, at)
            except UsageError as error:
                assert "taken back" in str(error)  # noqa: PT017  undoing twice is part of the story
            continue
        kind, detail = DETAILS[number % len(DETAILS)]
        made.append(act(engine, Action(f"A0000{1 + number % 2}", kind, detail, 2), ANA, at))
    with engine.connect() as connection:
        return all_states(connection) == rebuild(connection)


def forget(engine: Engine) -> None:
    with writing(engine).begin() as connection:
        connection.execute(delete(account_states))
        connection.execute(update(actions).values(undoes=None))
        connection.execute(delete(actions))


SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(st.lists(st.integers(0, 2 * len(DETAILS)), min_size=1, max_size=12))
def test_the_states_are_always_what_the_ledger_says(engine: Engine, story: list[int]) -> None:
    forget(engine)
    assert play_out(engine, story)


@given(st.lists(st.integers(0, 2 * len(DETAILS)), max_size=12))
def test_what_was_taken_back_leaves_no_trace_in_the_state(story: list[int]) -> None:
    ledger: list[Any] = []
    for number, step in enumerate(story, 1):
        at, said = AT + timedelta(minutes=number), [row for row in ledger if row.kind != "undo"]
        back = {row.undoes for row in ledger}
        free = [row.id for row in said if row.id not in back]
        if step >= len(DETAILS) and free:
            row = SimpleNamespace(id=number, kind="undo", detail={}, undoes=free[step % len(free)])
        else:
            kind, detail = DETAILS[step % len(DETAILS)]
            row = SimpleNamespace(id=number, kind=kind, detail={"reason": None, "due": None} | detail, undoes=None)
        ledger.append(SimpleNamespace(**vars(row), at=at, actor=f"person {number % 3}"))
    back = {row.undoes for row in ledger}
    never_taken_back = [row for row in ledger if row.kind != "undo" and row.id not in back]
    alone = fold(never_taken_back)
    assert fold(reversed(ledger)) == replace(alone, last_action=len(ledger))


def test_a_state_that_is_not_brought_up_to_date_is_found(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def only_the_first(connection: Any, account_id: str) -> None:
        if connection.scalar(select(account_states.c.notes).where(account_states.c.account_id == account_id)) is None:
            record = {"account_id": account_id, "notes": 0, "last_action": 1}
            connection.execute(insert(account_states), record)

    monkeypatch.setattr(ledger, "_bring_up_to_date", only_the_first)
    assert not play_out(engine, [0, 5])
