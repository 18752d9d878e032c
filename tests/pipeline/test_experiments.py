"""Training, judging, going back, comparing and repeating on one small book: what is left behind, what is refused."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.errors import ContractError, UsageError
from pipelines import champion, experiments, jobs
from pipelines.cli import main
from pipelines.journal import Journal
from pipelines.settings import Settings, load_settings
from pipelines.state import State
from tests.pipeline.small_book import SETTINGS, make_book, write_settings

pytestmark = pytest.mark.slow

FIRST, SECOND = date(2026, 10, 19), date(2026, 11, 2)
QUICK = '[calendar]\nas_of = "2026-11-02"\ntrain_every_weeks = 4\n'
BESIDE = ("backtest.json", "verdict.json", "verdict.md", "explanations.json", "card.md")


@dataclass(frozen=True)
class Lab:
    """A book, its settings by name, and what its trainings said."""

    folder: Path
    first: dict[str, Any]
    second: dict[str, Any]
    pointer: bytes
    """The champion file as the first training left it."""

    @property
    def state(self) -> State:
        return State(self.folder / "state")

    def config(self, leaves: int = 4, more: str = "") -> Path:
        """Write settings, of another recipe with other leaves, and with more sections."""
        text = SETTINGS.replace("[model]", f"[model]\nleaves = {leaves}") + QUICK + more
        return write_settings(self.folder, text, f"leaves-{leaves}-{len(more)}.toml")

    def settings(self, leaves: int = 4, more: str = "") -> Settings:
        return load_settings(self.config(leaves, more))

    def serving(self) -> str:
        found = champion.read_champion(self.state)
        assert found is not None
        return found.id


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    folder = tmp_path_factory.mktemp("lab")
    config = make_book(folder)
    config.write_text(config.read_text(encoding="utf-8") + QUICK, encoding="utf-8")
    settings = load_settings(config)
    first = jobs.train(settings, FIRST, Journal())
    pointer = (folder / "state" / "models" / "champion.json").read_bytes()
    return Lab(folder, first, jobs.train(settings, SECOND, Journal()), pointer)


@pytest.fixture(autouse=True)
def as_it_was(lab: Lab) -> Any:
    """Put the champion, its history and MLflow's alias back after a test that moves them."""
    kept = {path: path.read_bytes() for path in lab.state.models.glob("champion*")}
    yield
    moved = {path: content for path, content in kept.items() if path.read_bytes() != content}
    for path, content in moved.items():
        path.write_bytes(content)
    if moved:
        serving = champion.read_champion(lab.state)
        assert serving is not None
        assert experiments.move_alias(lab.settings(), serving) == ""


def said(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    """Run a command that ends with this code; return what it said, to stdout and stderr."""
    capsys.readouterr()
    try:
        ended = main([*words])
    except SystemExit as stopped:
        ended = int(stopped.code or 0)
    told = "".join(capsys.readouterr())
    assert ended == code, told
    assert "Traceback" not in told
    return told


def told_by(found: dict[str, Any], name: str) -> list[str]:
    return [check["text"] for check in found["checks"] if check["name"] == name]


def test_the_first_training_serves_and_keeps_its_evidence(lab: Lab) -> None:
    assert lab.first["promoted"]
    assert "first model" in lab.first["verdict"]
    model, store = lab.first["model"], experiments.tracking(lab.settings())
    for name in BESIDE:
        kept = (lab.state.models / f"{model}.{name}").read_text(encoding="utf-8")
        assert kept == store.read_text(lab.first["run_id"], name), name
    assert store.tags_of(lab.first["run_id"])["verdict"] == "promote"
    assert store.client.get_run(lab.first["run_id"]).info.run_name == f"small {FIRST}"


def test_a_second_training_has_the_same_recipe(lab: Lab) -> None:
    assert f"same recipe as champion {lab.first['model']}" in lab.second["verdict"]
    assert lab.second["model"] != lab.first["model"]
    assert lab.serving() == lab.second["model"]


def test_the_history_tells_who_served(lab: Lab) -> None:
    lines = [json.loads(line) for line in (lab.state.models / "champions.jsonl").read_text().splitlines()]
    assert [(line["action"], line["champion"]["id"]) for line in lines] == [
        ("promoted", lab.first["model"]),
        ("promoted", lab.second["model"]),
    ]


@pytest.fixture(scope="module")
def refused(lab: Lab) -> dict[str, Any]:
    """Return what a weekly run says whose challenger, of another recipe, is slower than it may be."""
    return jobs.weekly(lab.settings(6, "[promotion]\nscore_seconds = 1e-9\n"), SECOND, Journal(), retrain=True)


def test_another_recipe_is_compared_with_the_champions(lab: Lab, refused: dict[str, Any]) -> None:
    assert any("against" in text and "margin" in text for text in told_by(refused, "champion"))
    store = experiments.tracking(lab.settings())
    replayed = json.loads(store.read_text(store.find_run("challenger"), "backtest.json"))
    assert "champion" in replayed["baselines"]


def test_a_refused_challenger_leaves_the_champion_to_make_the_list(
    lab: Lab, refused: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "the budget is" in refused["verdict"]
    assert (refused["refused"], refused["model"]) == (True, lab.second["model"])
    assert refused["published"]
    assert refused["list_rows"] > 100
    assert "the budget is" in Path(refused["report"]).read_text(encoding="utf-8")
    assert lab.serving() == lab.second["model"]
    from pipelines import weekly

    monkeypatch.setattr(weekly, "weekly", lambda *_: refused)
    assert refused["verdict"] in said(capsys, 4, "weekly", "--config", str(lab.config()))


def test_going_back_is_quick_and_puts_the_very_file_back(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(lab.config())
    began = time.perf_counter()
    told = said(capsys, 0, "rollback", "--config", config)
    assert time.perf_counter() - began < 5
    assert f"Model {lab.first['model']} (trained for {FIRST}) serves again" in told
    assert (lab.state.models / "champion.json").read_bytes() == lab.pointer
    pointed = experiments.tracking(lab.settings()).find("champion")
    assert pointed is not None
    assert pointed.bundle_id == lab.first["model"]
    assert "it is the first" in said(capsys, 2, "rollback", "--config", config)
    assert lab.serving() == lab.first["model"]


def test_a_model_that_was_rolled_back_is_not_taken_again(lab: Lab) -> None:
    champion.roll_back(lab.state)
    found = jobs.train(lab.settings(), SECOND, Journal())
    assert found["challenger"] == lab.second["model"]
    assert found["refused"]
    assert "rolled back by hand" in found["verdict"]
    assert lab.serving() == lab.first["model"]


def test_a_damaged_model_is_not_gone_back_to(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    text = lab.state.models / lab.first["model"] / "hazard_0_30.txt"
    whole, before = text.read_bytes(), (lab.state.models / "champion.json").read_bytes()
    text.write_bytes(whole.replace(b"0", b"1", 1))
    try:
        assert "sha256" in said(capsys, 3, "rollback", "--config", str(lab.config()))
    finally:
        text.write_bytes(whole)
    assert (lab.state.models / "champion.json").read_bytes() == before


def test_going_back_does_not_wait_for_mlflow(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = lab.folder / "no-folder"
    blocked.write_text("a file where the store's folder should be")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{blocked}/mlflow.db")
    told = said(capsys, 0, "rollback", "--config", str(lab.config()))
    assert f"MLflow still calls {lab.second['model']} champion" in told
    assert lab.serving() == lab.first["model"]


@pytest.mark.parametrize("bad", [False, True])
def test_only_a_refusal_has_an_exit_code(
    bad: bool, lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines import weekly

    monkeypatch.setattr(weekly, "train", lambda *_: lab.second | {"promoted": False, "refused": bad})
    said(capsys, 4 if bad else 0, "train", "--config", str(lab.config()))


def test_what_is_claimed_and_not_shown_keeps_the_champion(lab: Lab) -> None:
    found = jobs.train(lab.settings(), SECOND, Journal(), claims=("risk_60_90.auc",))
    assert (found["promoted"], found["refused"]) == (False, False)
    assert "not enough evidence" in found["verdict"]
    assert found["model"] == lab.second["model"]


def test_a_training_comes_out_the_same(lab: Lab) -> None:
    found = jobs.reproduce(lab.settings(), lab.second["run_id"], Journal())
    assert found["differences"] == []
    assert found["same"]
    assert found["model"] == lab.second["model"]


@dataclass(frozen=True)
class Tried:
    """Two backtests of the same rows."""

    plain: str
    other: str


@pytest.fixture(scope="module")
def tried(lab: Lab) -> Tried:
    quick: Sequence[str] = ("hazard", "renewal_calendar")
    plain = jobs.backtest(lab.settings(), SECOND, Journal(), models=quick, name="plain")
    changed = lab.settings(leaves=3)
    other = jobs.backtest(changed, SECOND, Journal(), models=quick, name="fewer leaves")
    return Tried(plain["run_id"], other["run_id"])


def test_what_was_tried_on_the_same_rows_is_counted(lab: Lab, tried: Tried) -> None:
    found = experiments.compare_runs(lab.settings(), ["plain", "fewer leaves"])
    assert found["variants"] > 1
    assert f"corrected for {found['variants']} variants" in found["verdicts"][0]["text"]
    assert found["runs"][0]["run_id"] == tried.plain


def test_a_backtest_comes_out_the_same(lab: Lab, tried: Tried, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, 0, "reproduce", "fewer leaves", "--config", str(lab.config()))
    assert f"Run {tried.other} came out the same" in told


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize(
    ("table", "difference"),
    [
        ("outcomes", r"pooled\.risk_90\.auc\.value: [\d.]+ was recorded, [\d.]+ came now"),
        ("contacts", r"snapshot: \w{12} was read, \w{12} is read now"),
    ],
)
def test_a_changed_source_is_said(lab: Lab, table: str, difference: str) -> None:
    file = lab.folder / "data" / f"{table}.parquet"
    whole = file.read_bytes()
    rows = pd.read_parquet(file)
    try:
        rows.iloc[::2].to_parquet(file, index=False)
        found = jobs.reproduce(lab.settings(), "plain", Journal())
    finally:
        file.write_bytes(whole)
    assert not found["same"]
    assert any(re.fullmatch(difference, line) for line in found["differences"])


def test_a_difference_has_an_exit_code(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"run_id": "a", "same": False, "differences": ["base: 1 was recorded, 2 came now"], "code": []}
    monkeypatch.setattr(jobs, "reproduce", lambda *_, **__: answer)
    assert "base: 1 was recorded" in said(capsys, 3, "reproduce", "a", "--config", str(lab.config()))


def test_another_mapping_is_said(lab: Lab, tried: Tried) -> None:
    import models.registry

    stored = json.loads(experiments.tracking(lab.settings()).read_text(tried.plain, "settings.json"))
    text = json.dumps(stored | {"mapping": f"{stored['mapping']}\n# changed"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.registry.Tracking, "read_text", lambda *_: text)
        with pytest.raises(ContractError, match="is not the mapping that run"):
            experiments.stored_settings(lab.settings(), "plain")


@pytest.mark.usefixtures("tried")
def test_runs_of_two_outcome_contracts_are_not_compared(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    other = lab.settings(more="[outcome]\nminimum_tenure_days = 200\n")
    jobs.backtest(other, SECOND, Journal(), models=("hazard",), name="other question")
    told = said(capsys, 2, "compare", "plain", "other question", "--config", str(lab.config()))
    assert re.search(r"outcome contracts differ \(minimum_tenure_days is \d+ and 200\)", told)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("compare", "champion", "nothing"), "no finished run is called 'nothing'"),
        (("reproduce", "nothing"), "no finished run is called 'nothing'"),
        (("compare", "champion", "champion:moon"), "has no model moon"),
        (("backtest", "--protocol", "moon"), "random-split"),
        (("train", "--tune", "0"), "'0' is not a whole number above zero"),
        (("train", "--claim", "risk_90.luck"), "'risk_90.luck' cannot be claimed"),
        (("rollback", "--to", "moon"), "no champion moon served before"),
    ],
)
def test_what_there_is_not_is_refused_in_a_line(
    words: tuple[str, ...], rule: str, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, 2, *words, "--config", str(lab.config()))
    assert rule in told
    assert len(told.strip().splitlines()) <= 2


def test_an_unknown_kind_is_refused_before_anything_is_replayed(lab: Lab) -> None:
    with pytest.raises(UsageError, match=r"no model is called hazzard.*hazard"):
        jobs.backtest(lab.settings(), SECOND, Journal(), models=("hazzard",))
