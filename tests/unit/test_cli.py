"""The command line: light, helpful, one message and one exit code per failure."""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from features.errors import BusyError, ContractError, ForewarnError, PromotionRefusedError, StaleError, UsageError
from pipelines import cli
from pipelines.cli_page import page

ROOT = Path(__file__).parents[2]
HEAVY = ("pandas", "numpy", "duckdb", "prefect", "mlflow", "lightgbm", "shap", "pydantic", "sqlalchemy", "rich")


def test_help_loads_nothing_heavy() -> None:
    code = f"""
import contextlib, io, sys
from pipelines.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(["--help"])
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([name, "--help"])
    said = capsys.readouterr().out
    assert stopped.value.code == 0
    assert f"example:\n  forewarn {name}" in said
    assert "--config" in said


def test_each_command_file_is_listed() -> None:
    files = {path.stem for path in (ROOT / "pipelines" / "commands").glob("*.py")} - {"__init__"}
    assert {cli.command_module(name).__name__.rpartition(".")[2] for name in cli.COMMANDS} == files


def test_the_page_of_commands_is_current() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m pipelines.cli_page > docs/cli.md"


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["weekley"])
    assert stopped.value.code == 2
    assert "did you mean weekly?" in capsys.readouterr().err


def test_a_wrong_date_says_how_to_write_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["weekly", "--as-of", "2.11.2026"])
    assert stopped.value.code == 2
    assert "write it as 2026-11-02" in capsys.readouterr().err


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    def fail(_: argparse.Namespace) -> None:
        raise error

    monkeypatch.setattr(importlib.import_module("pipelines.commands.status"), "run", fail)
    return cli.main(["status"])


@pytest.mark.parametrize("kind", [UsageError, ContractError, PromotionRefusedError, StaleError, BusyError])
def test_our_errors_are_one_message_and_their_exit_code(
    kind: type[ForewarnError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(kind("usage: no rows"), monkeypatch) == kind.exit_code
    assert capsys.readouterr().err == "forewarn status: usage: no rows\n"


def test_a_surprise_is_one_line_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert failing(ZeroDivisionError("division by zero"), monkeypatch) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "unexpected ZeroDivisionError: division by zero" in said
    assert "Traceback" in next(tmp_path.glob("forewarn-*.txt")).read_text(encoding="utf-8")


def test_a_reader_that_stops_early_is_no_error() -> None:
    forewarn = Path(sys.executable).with_name("forewarn")
    piped = f"set -o pipefail; {forewarn} features --json | head -n 1"
    ran = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "[\n", "")


@pytest.mark.parametrize("room", ["features", "models", "serving", "pipelines"])
def test_rooms_are_loaded_from_the_checkout(room: str) -> None:
    assert Path(str(importlib.import_module(room).__file__)).is_relative_to(ROOT)
