"""520 clean simulated weeks (10 seeds) and no false stop: every week is judged as its run would have judged it."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.calendar import WeekGrid
from features.contract import Limits
from features.sources.files import survey_book
from features.sources.mapping import read_mapping
from features.sources.world import simulate
from features.trust.limits import TrustLimits
from features.trust.profile import weekly_profile
from features.trust.verdicts import examine, judge

MAPPING = Path(__file__).parents[2] / "configs" / "sources" / "demo.toml"
LIMITS = TrustLimits.model_validate({})
TIGHT = TrustLimits(deviations=2.5, change=1.1, look_back=26)
WEEKS, JUDGED = 104, 52
SEEDS = tuple(range(301, 311))


def clean_profile(folder: Path, seed: int) -> pd.DataFrame:
    """Return the profile of a clean world; seeds differ in size, activity and the season at which they end."""
    until = date(2026, 1, 5) + timedelta(weeks=5 * (seed % 10))
    simulate(folder, accounts=(200, 400, 800)[seed % 3], weeks=WEEKS, seed=seed, until=until, activity=0.4)
    book = survey_book(read_mapping(MAPPING), folder, Limits.model_validate({}), threads=1)
    profile = weekly_profile(book, WeekGrid(until - timedelta(weeks=WEEKS), WEEKS))
    book.con.close()
    return profile


def stops(profile: pd.DataFrame, limits: TrustLimits) -> Iterator[str]:
    """Yield what would have stopped one of the last weeks' runs; limits of a week are made of earlier weeks only."""
    made = examine(profile, profile["week"].max().date(), limits)
    for i, name in enumerate(made.panel.names):
        for bands in made.bands.values():
            for week in np.nonzero(bands.out[i, -JUDGED:])[0]:
                yield f"{name} over {bands.span} weeks, week {week} of {JUDGED}"
    for move in made.moves:
        for week in np.nonzero(move.out[-JUDGED:])[0]:
            yield f"{move.table}.{move.measure} {move.key}, week {week} of {JUDGED}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_no_clean_week_is_stopped(seed: int, tmp_path: Path) -> None:
    assert list(stops(clean_profile(tmp_path, seed), LIMITS)) == []


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return clean_profile(tmp_path_factory.mktemp("clean"), 311)


def test_tight_limits_stop_clean_weeks(profile: pd.DataFrame) -> None:
    assert list(stops(profile, TIGHT))


def test_a_first_christmas_is_quiet_and_no_stop(profile: pd.DataFrame) -> None:
    weeks = profile[(profile["table"] == "usage") & (profile["measure"] == "rows")].set_index("week")["value"]
    christmas = weeks[(weeks.index.month == 12) & (weeks.index.day > 25)].index[0]
    assert weeks[christmas] < 0.65 * weeks[:christmas].iloc[-9:-1].median()
    assert judge(profile, christmas.date(), LIMITS) == []
    assert judge(profile, christmas.date(), LIMITS.model_copy(update={"quiet": ()})) != []


@pytest.mark.parametrize("ago", [0, 7, 30, 60])
def test_the_verdict_of_a_week_does_not_depend_on_later_weeks(profile: pd.DataFrame, ago: int) -> None:
    last = profile["week"].max() - pd.Timedelta(weeks=ago)
    later = profile.copy()
    later.loc[later["week"] > last, "value"] = 1e6
    assert judge(later, last.date(), TIGHT) == judge(profile, last.date(), TIGHT)
    assert ago or judge(profile, last.date(), TIGHT)
