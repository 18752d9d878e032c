"""simulate, check and features: commands that need no model."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.cli import main
from tests.pipeline.small_book import MAPPING, SETTINGS, write_settings


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reading")
    assert main(["simulate", str(folder / "data"), "--accounts", "60", "--weeks", "30", "--seed", "3"]) == 0
    return write_settings(folder, SETTINGS)


def printed(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_check_has_the_promised_shape(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = printed(capsys, 0, "check", "--config", str(config))
    assert set(report) >= {"tables", "problems", "sufficiency"}
    assert set(report["tables"]["usage"]) >= {"rows", "first", "last", "quarantined", "missing"}
    assert report["tables"]["usage"]["rows"] > 1000
    assert report["sufficiency"]["weeks_of_usage"] == 29
    for problem in report["problems"]:
        assert set(problem) >= {"table", "column", "rule", "count", "sample", "fix"}


def test_check_reports_what_stops_a_run_and_fails(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mapping = config.parent / "broken_mapping.toml"
    mapping.write_text(MAPPING.read_text().replace("usage/**/*.parquet", "use/*.parquet"))
    broken = write_settings(config.parent, SETTINGS.replace("{mapping}", str(mapping)), "broken.toml")
    report = printed(capsys, 3, "check", "--config", str(broken))
    assert [problem["table"] for problem in report["problems"] if problem["severity"] == "error"] == ["usage"]


def test_check_reads_well(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", str(config)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("table ")
    assert "usage" in said


def test_features_lists_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    features = printed(capsys, 0, "features")
    assert len(features) >= 30
    assert set(features[0]) == {"name", "family", "driver", "title", "unit", "riskier", "reads", "says"}


def test_features_writes_a_snapshot(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = config.parent / "snapshot.parquet"
    assert main(["features", "--as-of", "2026-11-02", "--out", str(target), "--config", str(config)]) == 0
    rows = printed(capsys, 0, "features", "--as-of", "2026-11-02", "--config", str(config))
    written = pd.read_parquet(target)
    assert len(written) == len(rows) > 10
    assert list(written.columns) == list(rows[0])


def test_features_on_another_weekday_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "--as-of", "2026-11-03", "--config", str(config)]) == 2
    assert "2026-11-02" in capsys.readouterr().err


def test_scoring_without_a_champion_names_the_way_out(config: Path) -> None:
    from datetime import date

    from features.errors import UsageError
    from pipelines import jobs
    from pipelines.journal import Journal
    from pipelines.settings import load_settings

    with pytest.raises(UsageError, match="forewarn train"):
        jobs.score(load_settings(config), date(2026, 11, 2), Journal())
