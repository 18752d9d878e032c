"""features --register and check: what signals are worth and what the history supports, from the command line."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from pipelines.cli import main
from tests.pipeline.small_book import make_book

REGISTER = ("features", "--register", "--as-of", "2026-11-02")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_book(tmp_path_factory.mktemp("signals"), accounts=200, weeks=80)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main([*words]) == 0
    return capsys.readouterr().out


def test_the_register_prints_every_feature_with_a_verdict(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, *REGISTER, "--config", str(config))
    assert "accounts churned within 90 days of a row" in text
    assert text.index("\nDrivers\n") < text.index("\nFeatures\n")
    found = json.loads(said(capsys, *REGISTER, "--json", "--config", str(config)))
    assert {each["verdict"] for each in found["features"]} <= {"use", "watch", "drop"}
    for each in found["features"]:
        assert f"\n{each['name']} " in text
        assert each["verdict"] == "use" or f"{each['verdict']} {each['name']}: {each['why']}" in text


def test_the_register_as_csv_has_the_same_lines(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(StringIO(said(capsys, *REGISTER, "--csv", "--config", str(config)))))
    found = json.loads(said(capsys, *REGISTER, "--json", "--config", str(config)))
    assert [row["name"] for row in rows] == [each["name"] for each in found["drivers"] + found["features"]]
    target = config.parent / "signals.csv"
    said(capsys, *REGISTER, "--csv", str(target), "--config", str(config))
    assert len(list(csv.DictReader(StringIO(target.read_text(encoding="utf-8"))))) == len(rows)


def test_csv_without_the_register_is_refused(config: Path) -> None:
    assert main(["features", "--csv", "--config", str(config)]) == 2


def test_check_says_what_the_history_supports(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "check", "--json", "--config", str(config)))["sufficiency"]
    assert set(found["windows"]) == {"risk_30", "risk_60", "risk_90", "risk_60_90"}
    assert set(found) >= {"weeks_of_usage", "outcomes_on_record", "outcomes_needed", "segments"}
    text = said(capsys, "check", "--config", str(config))
    for sentence in found["sentences"]:
        assert sentence in text
