"""The real weekly flow, once: Prefect's temporary server, MLflow on SQLite, a small simulated book."""

import json
import sqlite3
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from pipelines import jobs
from pipelines.cli import main
from pipelines.journal import Journal
from pipelines.settings import load_settings
from tests.pipeline.small_book import alone, forewarn, make_book

pytestmark = pytest.mark.slow

FIRST, SECOND = "2026-10-26", "2026-11-02"


@dataclass(frozen=True)
class World:
    """A folder in which two weeks were run."""

    folder: Path
    config: Path
    first: subprocess.CompletedProcess[str]
    second: subprocess.CompletedProcess[str]

    def read(self, *words: str) -> tuple[int, str]:
        """Run a command that only reads, in this process; return its exit code and its stdout."""
        with redirect_stdout(StringIO()) as said:
            code = main([*words, "--config", str(self.config)])
        return code, said.getvalue()

    def json(self, *words: str) -> Any:
        """Run a command that must succeed and return its JSON."""
        code, said = self.read(*words, "--json")
        assert code == 0
        return json.loads(said)

    def shown(self) -> Any:
        """Return the current list."""
        return self.json("list")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    config = make_book(folder)
    words = ("weekly", "--json", "--config", str(config), "--as-of")
    runs = [forewarn(*words, week, home=folder / "prefect") for week in (FIRST, SECOND)]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr + runs[1].stderr
    return World(folder, config, *runs)


def test_the_run_says_what_it_did(world: World) -> None:
    said = json.loads(world.first.stdout)
    assert said["as_of"] == FIRST
    assert said["list_rows"] > 100
    assert said["promoted"] is True
    assert len(said["model"]) == 12
    assert said["run_id"]
    names = [step["name"] for step in said["steps"]]
    assert names == [
        "check", "champion", "snapshot", "rival", "backtest", "train", "judge", "register", "signals",
        "promote", "score", "publish", "happened", "report",
    ]  # fmt: skip
    assert all(step["seconds"] >= 0 for step in said["steps"])


def test_the_next_week_reuses_the_champion(world: World) -> None:
    first, second = json.loads(world.first.stdout), json.loads(world.second.stdout)
    assert second["model"] == first["model"]
    assert second["promoted"] is False
    assert [step["name"] for step in second["steps"]] == [
        "check", "champion", "snapshot", "score", "publish", "happened", "report",
    ]  # fmt: skip


def test_stderr_has_progress_and_no_noise(world: World) -> None:
    for ran in (world.first, world.second):
        assert "snapshot" in ran.stderr
        for noise in ("Traceback", "leaked", "WARNING", "INFO", "prefect.", "alembic"):
            assert noise not in ran.stderr


def test_runs_are_named_by_their_week(world: World) -> None:
    with sqlite3.connect(world.folder / "prefect" / "prefect.db") as store:
        runs = store.execute("SELECT name, state_type FROM flow_run ORDER BY start_time").fetchall()
        tasks = {row[0] for row in store.execute("SELECT name FROM task_run")}
    assert runs[:2] == [(f"weekly {FIRST}", "COMPLETED"), (f"weekly {SECOND}", "COMPLETED")]
    assert {"check", "snapshot", "score", "publish"} <= tasks


def test_the_list_has_the_promised_shape(world: World) -> None:
    shown = world.shown()
    assert shown["as_of"] == SECOND
    assert shown["simulated"] is True
    row = shown["rows"][0]
    promised = "account_id name owner segment arr arr_at_risk risk_30 risk_60 risk_90 risk_60_90 health band change"
    promised += " renewal_date notice_deadline reasons"
    assert set(promised.split()) <= set(row)
    assert {"driver", "text", "contribution"} <= set(row["reasons"][0])
    assert {"account_id", "why"} <= set(shown["not_scored"][0])


def test_risks_are_ordered_and_health_falls_with_them(world: World) -> None:
    rows = world.shown()["rows"]
    assert all(0 <= row["risk_30"] <= row["risk_60"] <= row["risk_90"] <= 1 for row in rows)
    risks, health = [row["risk_90"] for row in rows], [row["health"] for row in rows]
    assert risks == sorted(risks, reverse=True)
    assert health == sorted(health)


def test_changes_are_since_the_week_before(world: World) -> None:
    before = {row["account_id"]: row["risk_90"] for row in world.json("list", "--as-of", FIRST)["rows"]}
    for row in world.shown()["rows"]:
        if row["change"] is not None:
            assert row["change"] == pytest.approx(row["risk_90"] - before[row["account_id"]], abs=1e-12)


def test_contributions_add_up_to_the_risk(world: World) -> None:
    account = world.shown()["rows"][0]["account_id"]
    story = world.json("explain", account)
    for end in ("90", "60_90"):
        total = sum(part[f"contribution_{end}"] for part in story["contributions"])
        assert total == pytest.approx(story[f"risk_{end}"] - story[f"base_{end}"], abs=1e-9)
    assert {"feature", "driver", "value", "text"} <= set(story["contributions"][0])


def test_the_same_week_again_changes_nothing(world: World) -> None:
    before = world.shown()
    said = jobs.weekly(load_settings(world.config), date.fromisoformat(SECOND), Journal())
    assert said["published"] is False
    assert world.shown() == before


def test_a_broken_settings_file_ends_in_one_message(world: World) -> None:
    broken = world.folder / "broken.toml"
    broken.write_text(world.config.read_text() + "[calender]\nweekday = 'monday'\n")
    ran = forewarn("weekly", "--config", str(broken), home=world.folder / "prefect")
    assert ran.returncode == 2
    assert "did you mean calendar?" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_data_error_comes_out_of_prefect_with_its_exit_code(world: World) -> None:
    before = world.shown()
    words = ("weekly", "--as-of", "2026-11-30", "--config", str(world.config))
    ran = forewarn(*words, home=world.folder / "prefect")
    assert ran.returncode == 5
    assert ran.stderr.splitlines()[-1].startswith("forewarn weekly: usage ends on 2026-11-01")
    assert "Traceback" not in ran.stderr
    assert world.shown() == before


def test_the_state_lies_where_the_pages_say(world: World) -> None:
    state = world.folder / "state"
    model = json.loads((state / "models" / "champion.json").read_text())["id"]
    for path in (
        "forewarn.db", "mlflow.db", f"models/{model}/manifest.json", f"models/{model}.backtest.json",
        f"reports/week-{SECOND}.html",
    ):  # fmt: skip
        assert (state / path).is_file(), path
    assert list(state.glob(f"snapshots/*/*/{SECOND}/rows.parquet"))
    assert list(state.glob("rollups/*/manifest.json"))
    assert [path for path in state.rglob(".*") if path.is_file()] == []


def test_the_report_asks_nothing_of_the_network(world: World) -> None:
    page = (world.folder / "state" / "reports" / f"week-{SECOND}.html").read_text()
    assert "simulated" in page
    assert not [word for word in ('src="http', 'href="http', "@import", "url(http") if word in page]


def test_status_and_report_say_where_to_look(world: World) -> None:
    status = world.json("status")
    assert status["as_of"] == SECOND
    assert "mlflow ui --backend-store-uri sqlite:///" in status["open"]["MLflow"]
    assert world.read("report")[1].strip().endswith(f"reports/week-{SECOND}.html")
    assert "-m webbrowser file://" in world.read("report", "--open")[1]


def test_files_for_spreadsheets(world: World) -> None:
    csv = world.folder / "list.csv"
    assert world.read("list", "--csv", str(csv))[0] == 0
    assert len(csv.read_text().splitlines()) == 1 + len(world.shown()["rows"])
    xlsx = world.folder / "list.xlsx"
    assert world.read("list", "--xlsx", str(xlsx), "--top", "5")[0] == 0
    assert xlsx.read_bytes()[:2] == b"PK"


def test_the_training_is_recorded(world: World) -> None:
    with sqlite3.connect(world.folder / "state" / "mlflow.db") as store:
        runs = store.execute("SELECT run_uuid, status FROM runs").fetchall()
        aliases = {row[0] for row in store.execute("SELECT alias FROM registered_model_aliases")}
    assert (json.loads(world.first.stdout)["run_id"], "FINISHED") in runs
    assert aliases == {"champion", "challenger"}


def test_only_what_can_heal_is_tried_again(world: World) -> None:
    script = Path(__file__).with_name("retries.py")
    ran = alone([sys.executable, str(script)], home=world.folder / "prefect")
    assert ran.stdout == "ContractError ZeroDivisionError {'check': 2, 'train': 1, 'score': 1}\n", ran.stderr
    assert "Traceback" not in ran.stderr
