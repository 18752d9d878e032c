"""Who serves, who served, and what a run that was killed between two files leaves behind."""

import json
from datetime import date
from pathlib import Path

import pytest

from features.errors import ContractError, UsageError
from pipelines import champion
from pipelines.champion import Champion, crown, read_beside, read_champion, roll_back, rolled_back
from pipelines.state import State


def model(name: str) -> Champion:
    return Champion(name, date(2026, 11, 2), "outcome", "catalogue")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setattr(champion, "load_champion", lambda state, champion: None)
    return State(tmp_path)


def serving(state: State) -> str:
    now = read_champion(state)
    assert now is not None
    return now.id


def test_rolling_back_walks_to_the_first_and_no_further(state: State) -> None:
    for name in "ABC":
        crown(state, model(name))
    assert [each.id for each in roll_back(state)] == ["C", "B"]
    assert [each.id for each in roll_back(state)] == ["B", "A"]
    assert rolled_back(state) == {"B", "C"}
    with pytest.raises(UsageError, match="no champion served before A: it is the first"):
        roll_back(state)


def test_one_can_go_back_to_a_named_one_and_on_again(state: State) -> None:
    for name in "ABC":
        crown(state, model(name))
    assert [each.id for each in roll_back(state, "A")] == ["C", "A"]
    crown(state, model("D"))
    assert [each.id for each in roll_back(state)] == ["D", "A"]
    assert rolled_back(state) == {"C", "D"}


def test_a_model_whose_pointer_was_never_moved_did_not_serve(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    crown(state, model("A"))
    with monkeypatch.context() as killed:
        written = champion.write_text

        def write(path: Path, text: str) -> None:
            if path.name == "champion.json":
                raise KeyboardInterrupt
            written(path, text)

        killed.setattr(champion, "write_text", write)
        with pytest.raises(KeyboardInterrupt):
            crown(state, model("B"))
    assert serving(state) == "A"
    with pytest.raises(UsageError, match="it is the first"):
        roll_back(state)
    crown(state, model("C"))
    assert [each.id for each in roll_back(state)] == ["C", "A"]


def test_a_store_from_before_there_was_a_history_has_its_champion(state: State) -> None:
    crown(state, model("A"))
    (state.models / "champions.jsonl").unlink()
    crown(state, model("B"))
    assert [each.id for each in roll_back(state)] == ["B", "A"]


def test_damaged_files_are_named_with_the_way_out(state: State) -> None:
    crown(state, model("A"))
    crown(state, model("B"))
    (state.models / "champions.jsonl").write_text("{")
    with pytest.raises(ContractError, match=r"champions\.jsonl: is damaged; move it away"):
        roll_back(state)
    (state.models / "champion.json").write_text("{")
    with pytest.raises(ContractError, match=r"champion\.json: is damaged; move it away"):
        read_champion(state)
    (state.models / "A.verdict.json").write_text("{")
    assert read_beside(state, "A", "verdict.json") is None


def test_the_history_says_what_was_done_and_when(state: State) -> None:
    crown(state, model("A"))
    crown(state, model("B"))
    roll_back(state)
    lines = [json.loads(line) for line in (state.models / "champions.jsonl").read_text().splitlines()]
    assert [(line["action"], line["champion"]["id"]) for line in lines] == [
        ("promoted", "A"), ("promoted", "B"), ("rolled back", "A"),
    ]  # fmt: skip
    assert all(line["at"].startswith("20") for line in lines)
