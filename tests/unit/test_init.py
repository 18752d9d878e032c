"""A settings file and a mapping to start from."""

from pathlib import Path

import pytest

from features.contract import TABLES, Table
from features.sources.mapping import read_mapping
from pipelines.cli import main
from pipelines.settings import load_settings
from pipelines.starter import mapping_text


def test_both_files_are_written_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--data", "exports"]) == 0
    settings = load_settings(Path("forewarn.toml"))
    assert settings.sources.data == Path("exports")
    assert set(read_mapping(settings.sources.mapping).tables) == {"accounts", "subscriptions", "usage"}


def test_files_that_are_there_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("forewarn.toml").write_text("# mine\n")
    assert main(["init"]) == 2
    assert "--force" in capsys.readouterr().err
    assert Path("forewarn.toml").read_text() == "# mine\n"
    assert main(["init", "--force"]) == 0
    assert "[calendar]" in Path("forewarn.toml").read_text()


def test_tables_that_the_folder_has_are_switched_on(tmp_path: Path) -> None:
    (tmp_path / "tickets.parquet").touch()
    (tmp_path / "usage").mkdir()
    (tmp_path / "usage" / "2026.csv").touch()
    text = mapping_text(tmp_path)
    assert '\n[tickets]\npath = "tickets.parquet"\n' in text
    assert '\n[usage]\npath = "usage/*.csv"\n' in text
    assert "\n# [surveys]\n" in text


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_is_named(table: Table, tmp_path: Path) -> None:
    text = mapping_text(tmp_path)
    assert [name for name in table.names if f"\n# {name} = " not in text] == []


def test_without_any_settings_the_way_out_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FOREWARN_CONFIG", raising=False)
    assert main(["list"]) == 2
    assert "forewarn init" in capsys.readouterr().err
