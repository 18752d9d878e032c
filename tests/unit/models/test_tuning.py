"""Tuning: what is searched on, what is resumed, and what is adopted."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.errors import ContractError, UsageError
from models import tuning
from models.folds import BacktestSettings
from models.settings import TrainSettings
from models.tuning import MOST_COST, SPACE, Task, Tuned, tune
from tests.unit.models.conftest import pretend

FOLDS = BacktestSettings(folds=4, resamples=100)
SMALL = TrainSettings(trees=12, leaves=4, min_data_in_leaf=20, threads=1)


@pytest.fixture(scope="module")
def data() -> Any:
    return pretend(seed=5, accounts=120, weeks=100)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every drawn setting cheap to train."""
    monkeypatch.setitem(SPACE, "trees", (5, 20, True))


def search(data: Any, storage: Path, trials: int, settings: TrainSettings = SMALL, **other: Any) -> Tuned:
    asked = {"first_tested": data.last - timedelta(weeks=14), "key": "data", **other}
    return tune(data.rows, data.outcomes, data.contract, settings, FOLDS, trials=trials, storage=storage, **asked)


class Runs:
    """Counts the folds that are trained for, and can fail at one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails_at: int = 0) -> None:
        self.tried: list[TrainSettings] = []
        inner = Task.losses

        def losses(task: Task, settings: TrainSettings, fold: Any) -> pd.Series:
            self.tried.append(settings)
            if len(self.tried) == fails_at:
                raise KeyboardInterrupt
            return inner(task, settings, fold)

        monkeypatch.setattr(Task, "losses", losses)

    def different(self) -> int:
        return len({settings.model_dump_json() for settings in self.tried})


@pytest.mark.usefixtures("quick")
def test_a_search_goes_on_where_it_stopped(data: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = search(data, tmp_path / "whole.db", 4)
    two = search(data, tmp_path / "tuning.db", 2)
    with monkeypatch.context() as patch:
        runs = Runs(patch)
        four = search(data, tmp_path / "tuning.db", 4)
        assert runs.different() == 2 + (four.best["loss"] < four.default)
    assert (two.trials, four.trials) == (2, 4)
    assert (four.best, four.default, four.difference) == (whole.best, whole.default, whole.difference)
    asked = len(runs.tried)
    assert search(data, tmp_path / "tuning.db", 4).to_json() == four.to_json()
    assert len(runs.tried) == asked


@pytest.mark.usefixtures("quick")
def test_a_killed_search_resumes_with_the_settings_given(
    data: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fails_at in (2, 6):
        with monkeypatch.context() as patch:
            Runs(patch, fails_at)
            with pytest.raises(KeyboardInterrupt):
                search(data, tmp_path / "tuning.db", 3)
    found = search(data, tmp_path / "tuning.db", 3)
    assert found.trials == 3
    assert found.default == search(data, tmp_path / "other.db", 1).default


@pytest.mark.usefixtures("quick")
def test_an_awful_trial_is_cut_short(data: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner, awful = tuning.suggested, SMALL.model_copy(update={"trees": 1, "learning_rate": 0.001})
    monkeypatch.setattr(tuning, "suggested", lambda t, s: awful if t.number == 3 else inner(t, s))
    runs = Runs(monkeypatch)
    found = search(data, tmp_path / "tuning.db", 4)
    assert found.pruned == 1
    assert runs.tried.count(awful) < FOLDS.folds
    assert "(1 cut short" in found.sentence


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("other", "anew"),
    [({}, False), ({"key": "other"}, True), ({"settings": SMALL.model_copy(update={"trees": 3})}, True)],
)
def test_other_data_or_defaults_begin_another_study(
    data: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any], anew: bool
) -> None:
    search(data, tmp_path / "tuning.db", 1)
    runs = Runs(monkeypatch)
    search(data, tmp_path / "tuning.db", 1, **other)
    assert bool(runs.tried) is anew


def test_what_is_tuned_on_ends_before_the_first_tested_date(
    data: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_tested = data.last - timedelta(weeks=14)
    seen: list[Any] = []
    monkeypatch.setattr(tuning, "label", lambda *a: seen.append(a[-1]) or inner(*a))
    from features.labels import label as inner

    found = search(data, tmp_path / "tuning.db", 1)
    assert max(seen) == first_tested
    purge = pd.Timedelta(days=97)
    assert pd.Timestamp(found.folds[-1]) + pd.Timedelta(weeks=FOLDS.fold_weeks - 2) + purge <= pd.Timestamp(
        first_tested
    )


def test_better_settings_are_adopted_only_when_shown(
    data: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor, good = SMALL.model_copy(update={"trees": 1, "learning_rate": 0.01}), SMALL.model_copy(update={"trees": 60})
    monkeypatch.setattr(tuning, "suggested", lambda t, s: s if t.number == 0 else good)
    found = search(data, tmp_path / "a.db", 2, poor)
    assert found.adopted
    assert found.settings == good
    assert found.difference.low > 0
    assert "they are used" in found.sentence
    # A gain that is no more than chance is not: nearly the same settings.
    near = good.model_copy(update={"lambda_l2": 10.5})
    monkeypatch.setattr(tuning, "suggested", lambda t, s: s if t.number == 0 else near)
    same = search(data, tmp_path / "b.db", 2, good)
    assert not same.adopted
    assert same.settings == good
    assert "are kept" in same.sentence
    json.dumps(found.to_json(), allow_nan=False)


def test_explanations_stay_affordable() -> None:
    class Most:
        def suggest_int(self, name: str, low: int, high: int, **_: Any) -> int:
            return high

        def suggest_float(self, name: str, low: float, high: float, **_: Any) -> float:
            return high

    drawn: Any = Most()
    found = tuning.suggested(drawn, TrainSettings())
    assert found.leaves == 12
    assert found.trees * found.leaves**2 <= MOST_COST


def test_history_too_short_is_refused_with_the_weeks_that_are_missing(data: Any, tmp_path: Path) -> None:
    early = data.last - timedelta(weeks=32)
    with pytest.raises(ContractError, match=r"tuning: history is 6 weeks too short: 4 folds"):
        search(data, tmp_path / "tuning.db", 1, first_tested=early)
    search(data, tmp_path / "tuning.db", 1, first_tested=early + timedelta(weeks=6))
    with pytest.raises(UsageError, match="at least 1 trial"):
        search(data, tmp_path / "tuning.db", 0)
