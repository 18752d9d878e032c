"""A simulated world is read by its mapping without an error, however its usage is laid out."""

from pathlib import Path
from typing import Any

import pytest

from features.contract import Limits
from features.sources.files import survey_book
from features.sources.mapping import read_mapping
from features.sources.world import simulate

MAPPING = Path(__file__).parents[2] / "configs" / "sources" / "demo.toml"


def report_of(folder: Path, **how: Any) -> dict[str, Any]:
    """Simulate a world and return what the checks say of it."""
    simulate(folder, accounts=260, weeks=60, seed=8, **how)
    book = survey_book(read_mapping(MAPPING), folder, Limits(), threads=1)
    book.con.close()
    return dict(book.report)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return report_of(tmp_path_factory.mktemp("worlds") / "plain")


def test_only_interventions_are_absent_and_nothing_stops_a_run(report: dict[str, Any]) -> None:
    # Nobody acts to save an account of this world.
    assert [name for name, table in report["tables"].items() if table["missing"]] == ["interventions"]
    assert [problem["text"] for problem in report["problems"] if problem["severity"] == "error"] == []
    assert report["tables"]["usage"]["kept"] > 100_000


def test_corrections_and_repeats_are_told_from_mistakes(report: dict[str, Any]) -> None:
    rules = {(problem["table"], problem["rule"]) for problem in report["problems"]}
    assert {("usage", "repeated"), ("usage", "corrected"), ("tickets", "corrected")} <= rules
    assert {
        rule for _, rule in rules if rule in ("duplicate", "unknown_account", "available_before_it_happened")
    } == set()


def test_both_layouts_are_read_alike(report: dict[str, Any], tmp_path: Path) -> None:
    assert report_of(tmp_path / "weekly", by_week=True) == report
