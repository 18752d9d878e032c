"""What people say and do is written down once, in order, and can be taken back."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from features.errors import UsageError
from serving.acting.history import actions_of, latest_action_id
from serving.acting.ledger import ORDER_LOCK, Action, Actor, act, act_on_many, undo
from serving.acting.plays import PLAYS, play_for
from serving.acting.states import AccountState, all_states, read_states, rebuild
from serving.schema import lists
from tests.made_lists import AT

ANA, BEN = Actor(None, "ana"), Actor(None, "ben")
LATER = AT + timedelta(days=3)


def newest(engine: Engine) -> int:
    with engine.connect() as connection:
        found = connection.scalar(select(lists.c.id).order_by(lists.c.as_of.desc()).limit(1))
    assert found is not None
    return int(found)


def state(engine: Engine, account: str = "A00001") -> AccountState:
    with engine.connect() as connection:
        assert all_states(connection) == rebuild(connection)
        return read_states(connection, [account]).get(account, AccountState())


def say(engine: Engine, kind: str, at: datetime = AT, **detail: Any) -> int:
    return act(engine, Action("A00001", kind, detail, newest(engine)), ANA, at)


def test_every_kind_of_action_shows_in_the_state(either: Engine) -> None:
    say(either, "stage", stage="saving")
    say(either, "risk", band="Low", reason="seasonal")
    say(either, "note", text=" Called twice. ")
    say(either, "snooze", until="2026-09-21")
    say(either, "play", driver="Logins", text="Call them", due=None)
    say(either, "next", what="Send plan", due="2026-09-10")
    found = state(either)
    assert (found.stage, found.stage_since, found.stage_days(LATER)) == ("saving", AT, 3)
    assert (found.csm_band, found.csm_reason, found.csm_by, found.notes) == ("Low", "seasonal", "ana", 1)
    assert (found.final_band("High"), AccountState().final_band("High")) == ("Low", "High")
    assert (found.next_action, found.next_due) == ("Send plan", date(2026, 9, 10))
    assert found.is_snoozed(date(2026, 9, 20))
    assert not found.is_snoozed(date(2026, 9, 21))
    say(either, "done")
    assert state(either).next_action is None
    with either.connect() as connection:
        texts = [each.text for each in actions_of(connection, "A00001")]
    assert texts[:3] == ["Next action done", "Next action: Send plan, by 10 Sep 2026", "Play for Logins: Call them"]
    assert texts[4] == "Note: Called twice."


def test_time_in_stage_runs_on_when_the_same_stage_is_given_again(engine: Engine) -> None:
    say(engine, "stage", stage="saving")
    say(engine, "stage", at=LATER, stage="saving")
    assert state(engine).stage_days(LATER) == 3
    say(engine, "stage", at=LATER, stage="recovered")
    assert state(engine).stage_days(LATER) == 0
    say(engine, "stage", at=LATER, stage=None)
    assert state(engine).stage_days(LATER) is None


def test_what_was_taken_back_never_was_and_stays_on_record(either: Engine) -> None:
    first = say(either, "stage", stage="at risk")
    second = say(either, "stage", at=LATER, stage="saving")
    note = say(either, "note", text="wrong account")
    undo(either, second, BEN, LATER)
    assert (state(either).stage, state(either).stage_since) == ("at risk", AT)
    undo(either, first, BEN, LATER)
    undo(either, note, ANA, LATER)
    assert state(either).stage is None
    assert state(either).notes == 0
    with either.connect() as connection:
        past = actions_of(connection, "A00001")
    assert [(each.kind, each.undone, each.can_be_undone) for each in past] == [
        ("undo", False, False),
        ("undo", False, False),
        ("undo", False, False),
        ("note", True, False),
        ("stage", True, False),
        ("stage", True, False),
    ]
    assert past[0].text == "Took back: Note: wrong account"
    for impossible in (first, past[0].id, 999, 2**40, 0):
        with pytest.raises(UsageError, match="taken back"):
            undo(either, impossible, ANA, LATER)


@pytest.mark.parametrize(
    ("kind", "detail", "said"),
    [
        ("party", {}, "no action 'party'"),
        ("undo", {}, "no action 'undo'"),
        ("stage", {"stage": "lost it"}, "stage stage: input should be 'at risk'"),
        ("stage", {"stage": "lost", "x": 1}, "extra"),
        ("risk", {"band": "Low"}, "a band needs a reason"),
        ("risk", {"band": "Huge", "reason": "seasonal"}, "no band 'Huge'; known are High, Medium, Low"),
        ("note", {"text": " \x00 "}, "at least 1"),
        ("note", {"text": "x" * 4_001}, "at most 4000"),
        ("snooze", {"until": "2026-09-07"}, "does not lie ahead"),
        ("snooze", {"until": 1_900_000_000}, "must be a date"),
        ("next", {"what": "x", "due": "3026-01-01"}, "must lie between"),
        ("play", {"driver": "", "text": "x"}, "at least 1"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_nothing_is_written(
    untouched: Engine, kind: str, detail: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        act(untouched, Action("A00001", kind, detail, newest(untouched)), ANA, AT)
    with untouched.connect() as connection:
        assert latest_action_id(connection) == 0


UNKNOWN = (
    Action("A99999", "note", {"text": "x"}),
    Action("A\x00", "note", {"text": "x"}),
    Action("\ud800", "note", {"text": "x"}),
    Action("A00001", "note", {"text": "x"}, list_id=99),
    Action("A00001", "note", {"text": "x"}, list_id=2**40),
    Action("A00001", "note", {"text": "x"}, request="r" * 65),
    Action("A00001", "risk", {"band": "Low", "reason": "seasonal"}),
    Action("N1", "risk", {"band": "Low", "reason": "seasonal"}, list_id=1),
)


def test_an_unknown_account_list_or_key_is_refused(either: Engine) -> None:
    for action in UNKNOWN:
        with pytest.raises(UsageError):
            act(either, action, ANA, AT)


def test_an_account_without_a_score_can_be_spoken_of(engine: Engine) -> None:
    assert act(engine, Action("N1", "note", {"text": "gave notice by phone"}), ANA, AT) == 1


def test_sending_the_same_form_twice_is_one_action(either: Engine) -> None:
    once = Action("A00001", "note", {"text": "hello"}, request="k1")
    assert act(either, once, ANA, AT) == act(either, once, ANA, LATER)
    with pytest.raises(UsageError, match="another action"):
        act(either, Action("A00001", "note", {"text": "other"}, request="k1"), ANA, AT)
    chosen = [f"A{number:05d}" for number in range(1, 13)]
    many = act_on_many(either, chosen, "stage", {"stage": "saving"}, ANA, AT, request="r" * 64)
    assert sorted(act_on_many(either, chosen[::-1], "stage", {"stage": "saving"}, ANA, AT, request="r" * 64)) == many
    assert state(either, "A00012").stage == "saving"


def test_many_are_acted_on_together_or_not_at_all(engine: Engine) -> None:
    with pytest.raises(UsageError, match="A99999"):
        act_on_many(engine, ["A00001", "A99999"], "stage", {"stage": "saving"}, ANA, AT)
    assert state(engine) == AccountState()
    with pytest.raises(UsageError, match="choose 1 to"):
        act_on_many(engine, [], "done", {}, ANA, AT)


def at_once(*jobs: Callable[[], object]) -> None:
    together = Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        together.wait(timeout=10)
        job()

    threads = [Thread(target=run, args=(job,)) for job in jobs]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def test_two_people_at_once_lose_nothing(either: Engine) -> None:
    def talk(who: Actor) -> None:
        for number in range(15):
            act(either, Action("A00001", "note", {"text": f"{who.name} {number}"}), who, AT)

    at_once(lambda: talk(ANA), lambda: talk(BEN))
    assert state(either).notes == 30


def test_the_same_form_sent_by_many_threads_at_once_is_one_action(either: Engine) -> None:
    made: list[int] = []
    once = Action("A00001", "note", {"text": "hello"}, request="k1")
    at_once(*[lambda: made.append(act(either, once, ANA, AT))] * 6)
    assert (len(made), len(set(made)), state(either).notes) == (6, 1, 1)


def test_an_action_taken_back_by_two_at_once_is_taken_back_once(either: Engine) -> None:
    note, refused = say(either, "note", text="oops"), []

    def take_back() -> None:
        try:
            undo(either, note, BEN, LATER)
        except UsageError as error:
            refused.append(str(error))

    at_once(take_back, take_back)
    assert refused == [f"action {note} was taken back already"]
    assert state(either).notes == 0


def test_on_postgres_nobody_overtakes_an_action_that_is_being_written(postgres_engine: Engine) -> None:
    # Readers take the largest id as the version of all states: a smaller one must not become visible after it.
    second = Action("A00001", "note", {"text": "second"})
    waits = Thread(target=lambda: act(postgres_engine, second, ANA, AT))
    with postgres_engine.begin() as first:
        first.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ORDER_LOCK})
        waits.start()
        waits.join(timeout=0.4)
        assert waits.is_alive()
    waits.join(timeout=10)
    assert not waits.is_alive()


def test_every_driver_has_a_play_that_may_be_replaced() -> None:
    from features.catalogue import catalogue

    assert {feature.driver for feature in catalogue()} <= PLAYS.keys()
    assert play_for("Logins", {"Logins": "Ours"}) == "Ours"
    assert play_for("Logins", {}) == PLAYS["Logins"]
    assert play_for("Weather", {}) is None
