"""Folds from the cache: the same figures, and only for the same content."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.outcome import OutcomeContract
from models.backtest import Backtest, BacktestSettings, backtest
from models.fold_cache import FoldCache, Replayed, identity
from models.hazard import HazardModel
from models.kinds import make
from models.protocol import RISKS, Rows
from models.settings import HazardSettings, TrainSettings

QUICK = BacktestSettings(capacity=10, resamples=50)
FITS: list[str] = []


@dataclass(frozen=True)
class Counting:
    """Counts its fits; says the base rate of its first column for everybody."""

    level: float = 0.1
    name: str = "counting"

    def fit(self, rows: Rows, labels: pd.DataFrame) -> "Counting":
        FITS.append(self.name)
        return self

    def predict(self, rows: Rows) -> pd.DataFrame:
        return pd.DataFrame(self.level, rows.index, list(RISKS))


def run(book: Any, folder: Path, *models: Any, **changes: Any) -> Backtest:
    book = replace(book, **changes) if changes else book
    cache = FoldCache(folder)
    return backtest(book, book.outcomes, OutcomeContract(), models, QUICK, last=book.last, cache=cache)


def cached(made: Backtest) -> list[int]:
    return [fold["cached"] for fold in made.folds]


def test_a_second_run_costs_no_fit_and_says_the_same(book: Any, tmp_path: Path, small: HazardSettings) -> None:
    first = run(book, tmp_path, HazardModel(small), make("renewal_calendar", TrainSettings()))
    again = run(book, tmp_path, HazardModel(small), make("renewal_calendar", TrainSettings()))
    assert cached(first) == [0] * len(first.folds)
    assert cached(again) == [2] * len(again.folds)
    pd.testing.assert_frame_equal(first.predictions, again.predictions, check_exact=True)
    assert first.costs["hazard"]["fit_cpu_seconds"] == again.costs["hazard"]["fit_cpu_seconds"] > 0


def test_a_new_week_costs_only_its_own_fold(book: Any, tmp_path: Path) -> None:
    FITS.clear()
    folds = len(run(book, tmp_path, Counting()).folds)
    shorter = book.last - pd.Timedelta(weeks=QUICK.fold_weeks)
    earlier = backtest(
        book, book.outcomes, OutcomeContract(), [Counting()], QUICK, last=shorter, cache=FoldCache(tmp_path)
    )
    assert cached(earlier).count(1) == folds - 1


@pytest.mark.parametrize("changed", ["a value", "a standing", "an outcome", "a setting", "a column's name"])
def test_what_changes_is_replayed_again(book: Any, tmp_path: Path, changed: str) -> None:
    run(book, tmp_path, Counting())
    frame, standing, outcomes, model = book.frame.copy(), book.standing.copy(), book.outcomes.copy(), Counting()
    if changed == "a value":
        frame.iloc[0, 0] += 1e-9
    elif changed == "a standing":
        standing.iloc[0, standing.columns.get_loc("last_seen_days")] += 1
    elif changed == "an outcome":
        outcomes = outcomes.iloc[1:]
    elif changed == "a setting":
        model = Counting(level=0.2)
    else:
        frame = frame.rename(columns={"noise_0": "noise"})
    again = run(book, tmp_path, model, frame=frame, standing=standing, outcomes=outcomes)
    assert 0 in cached(again)


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    cache, risks = FoldCache(tmp_path), pd.DataFrame({risk: [0.25, 0.5] for risk in RISKS})
    cache.put("k", Replayed(risks, 1.0, 2.0))
    kept = cache.get("k", 2)
    assert kept is not None
    assert kept.cached
    assert cache.get("k", 3) is None
    path = tmp_path / "k.parquet"
    whole = bytearray(path.read_bytes())
    for place in range(4, len(whole), 7):
        damaged = whole.copy()
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        found = cache.get("k", 2)
        assert found is None or found.risks.equals(risks), place
    path.write_bytes(b"")
    assert cache.get("k", 2) is None


def test_models_are_told_apart_by_kind_settings_and_rule(small: HazardSettings) -> None:
    names = {
        identity(model)
        for model in (
            make("renewal_calendar", TrainSettings()),
            make("last_login", TrainSettings()),
            HazardModel(small),
            HazardModel(),
        )
    }
    assert len(names) == 4
    assert identity(HazardModel(small.model_copy(update={"threads": 2}))) == identity(HazardModel(small))
