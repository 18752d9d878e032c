"""What the history supports: the same rows as the engine's cohort, churns counted once, thin parts named."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from features.book import Book
from features.contract import Limits
from features.outcome import OutcomeContract
from features.snapshot import take_snapshot
from features.sources.files import open_book
from features.sources.mapping import read_mapping
from features.sources.world import UNTIL, simulate
from models.folds import BacktestSettings
from models.sufficiency import _SPINE, sufficiency

CONTRACT = OutcomeContract()
WEEKS = [UNTIL - timedelta(weeks=2 * k) for k in range(47, -1, -1)]


@pytest.fixture(scope="module")
def small_book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder = tmp_path_factory.mktemp("thin") / "data"
    simulate(folder, accounts=220, weeks=104, seed=5)
    book = open_book(read_mapping(Path("configs/sources/demo.toml")), folder, Limits())
    yield book
    book.con.close()


def support(book: Book, as_of: date = UNTIL, weeks: list[date] = WEEKS, needed: int = 30) -> dict[str, Any]:
    """Return what the book supports, as a program reads it."""
    found = sufficiency(book, as_of, CONTRACT, weeks=weeks, backtest=BacktestSettings(), minimum_churns=needed)
    return dict(json.loads(json.dumps(found, allow_nan=False)))


@pytest.fixture(scope="module")
def found(small_book: Book) -> dict[str, Any]:
    return support(small_book)


def test_the_rows_are_those_of_the_cohort(small_book: Book) -> None:
    given = {"tenure": CONTRACT.minimum_tenure_days, "noticed": True, "weeks": WEEKS}
    spine = small_book.con.execute(_SPINE, given).df()
    cohort = take_snapshot(small_book, WEEKS, CONTRACT)
    assert list(zip(spine["account_id"], spine["as_of"], strict=True)) == list(cohort.frame.index)
    assert spine["segment"].tolist() == cohort.standing["segment"].tolist()
    everybody = small_book.con.execute(_SPINE, given | {"noticed": False}).df()
    assert len(everybody) > len(spine), "those who gave notice are not in the cohort"


def test_a_churn_counts_once_however_many_weeks_see_it(found: dict[str, Any]) -> None:
    horizon = found["windows"]["risk_90"]
    assert horizon["churns"] <= found["outcomes_on_record"]
    assert horizon["tested_churned_rows"] > 2 * horizon["tested_churned_accounts"] > 0


def test_segments_hold_what_all_hold(found: dict[str, Any]) -> None:
    assert len(found["segments"]) == 3
    for count in ("rows", "churns", "tested_rows", "tested_churned_accounts"):
        assert sum(each["risk_90"][count] for each in found["segments"].values()) == pytest.approx(
            found["windows"]["risk_90"][count], rel=0.05
        )


def test_thin_segments_are_named_with_a_date(found: dict[str, Any]) -> None:
    thin = {name: by["risk_90"] for name, by in found["segments"].items() if not by["risk_90"]["enough"]}
    assert thin
    for name, support in thin.items():
        said = next(text for text in found["sentences"] if text.startswith(f"Segment {name} "))
        assert "too thin" in said or "nothing can be said" in said
        assert support["weeks_ahead"] in (None, 0) or support["enough_from"] in said


def test_enough_is_not_called_thin(found: dict[str, Any]) -> None:
    enough = [each for each in found["windows"].values() if each["enough"]]
    assert enough
    assert all(each["auc_width"] <= found["widest"] and "enough_from" not in each for each in enough)


def test_the_width_lies_between_its_best_and_its_worst(found: dict[str, Any]) -> None:
    for each in found["windows"].values():
        assert each["auc_width_at_best"] < each["auc_width"] < each["auc_width_at_worst"]


def test_too_few_to_train_on_says_when_there_will_be_enough(small_book: Book) -> None:
    needed = support(small_book, needed=500)["sentences"][0]
    assert "too few to train on (500 needed), enough from about 20" in needed


def test_a_short_history_says_how_many_weeks_are_missing(small_book: Book) -> None:
    short = support(small_book, weeks=WEEKS[-12:])
    assert short["folds"] == 0
    assert "weeks too short" in short["sentences"][-1]
    assert short["windows"]["risk_90"]["auc_width"] is None
