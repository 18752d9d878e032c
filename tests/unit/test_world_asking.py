"""What is asked for is checked before anything is written."""

import json
from datetime import date
from pathlib import Path

import pytest

from features.errors import UsageError
from features.sources.world import simulate


def test_every_impossible_size_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"accounts is 0.*weeks is 2.*activity is 0"):
        simulate(tmp_path / "w", accounts=0, weeks=2, seed=1, activity=0)
    assert not (tmp_path / "w").exists()


def test_history_ends_on_a_monday(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2026-11-03 is a Tuesday"):
        simulate(tmp_path / "w", accounts=5, weeks=10, seed=1, until=date(2026, 11, 3))


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "accounts.parquet").write_text("real data")
    with pytest.raises(UsageError, match=r"no world\.json"):
        simulate(tmp_path, accounts=5, weeks=10, seed=1)
    assert (tmp_path / "accounts.parquet").read_text() == "real data"


def test_other_files_beside_a_world_survive_a_new_one(tmp_path: Path) -> None:
    simulate(tmp_path, accounts=5, weeks=10, seed=1)
    (tmp_path / "notes.txt").write_text("mine")
    simulate(tmp_path, accounts=5, weeks=10, seed=2)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_folder_says_that_it_is_simulated(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    rows = simulate(tmp_path, accounts=5, weeks=10, seed=1, progress=lambda done, of: told.append((done, of)))
    marker = json.loads((tmp_path / "world.json").read_text())
    assert marker["simulated"] is True
    assert (marker["seed"], marker["until"], marker["rows"]) == (1, "2026-11-02", rows)
    assert told == [(5, 5)]


def test_activity_multiplies_events_and_leaves_the_book_as_it_is(tmp_path: Path) -> None:
    once = simulate(tmp_path / "once", accounts=60, weeks=30, seed=1)
    thrice = simulate(tmp_path / "thrice", accounts=60, weeks=30, seed=1, activity=3.0)
    assert thrice.pop("usage") > 2.5 * once.pop("usage")
    assert thrice == once
