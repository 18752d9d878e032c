"""Offsets per segment: only segments with evidence move."""

import numpy as np
import pandas as pd
import pytest

from models.segment_levels import SegmentLevels


def _fit(observed: dict[str, int], expected: float = 0.1, rows: int = 400) -> SegmentLevels:
    parts = [pd.DataFrame({"segment": name, "churned": np.arange(rows) < hits}) for name, hits in observed.items()]
    table = pd.concat(parts, ignore_index=True)
    said = pd.Series(expected, table.index)
    return SegmentLevels.fit(table["segment"], table["churned"].astype(float), said, pd.Series(table.index))


def test_segments_within_chance_do_not_move() -> None:
    levels = _fit({"a": 38, "b": 44, "c": 41})
    assert levels.spread == 0
    assert levels.offsets == {"a": 0, "b": 0, "c": 0}


def test_a_segment_that_churns_twice_as_much_moves_most_of_the_way() -> None:
    levels = _fit({"a": 80, "b": 40, "c": 41, "d": 20})
    assert 0.75 * np.log(2) < levels.offsets["a"] < np.log(2)
    assert -np.log(2) < levels.offsets["d"] < 0


def test_a_small_segment_hardly_moves() -> None:
    large = pd.DataFrame({"segment": np.repeat(["a", "b", "c"], 1000), "churned": np.tile(np.arange(1000) < 140, 3)})
    large.loc[large["segment"] == "b", "churned"] = np.tile(np.arange(10) < 1, 100)
    tiny = pd.DataFrame({"segment": "tiny", "churned": [True, True, False]})
    table = pd.concat([large, tiny], ignore_index=True)
    said = pd.Series(0.1, table.index)
    levels = SegmentLevels.fit(table["segment"], table["churned"].astype(float), said, pd.Series(table.index))
    assert 0.25 < levels.offsets["a"] < np.log(1.4)
    assert levels.offsets["tiny"] < 0.5 < np.log(2 / 0.3)


def test_rows_of_one_account_are_not_as_many_churns() -> None:
    table = pd.DataFrame({"segment": np.repeat(["a", "b"], 400), "churned": 0.0, "account": np.arange(800) // 8})
    table.loc[table["account"].isin([*range(7), *range(50, 53)]), "churned"] = 1.0
    said = pd.Series(0.1, table.index)
    grouped = SegmentLevels.fit(table["segment"], table["churned"], said, table["account"])
    as_if_alone = SegmentLevels.fit(table["segment"], table["churned"], said, pd.Series(table.index))
    assert abs(grouped.offsets["a"]) < abs(as_if_alone.offsets["a"])


def test_unknown_segments_have_no_offset() -> None:
    levels = SegmentLevels({"a": 1.0}, 0.1)
    moved = levels.hazards(np.full((3, 2), 0.5), pd.Series(["a", "new", None]))
    assert moved[:, 0] == pytest.approx([1 / (1 + np.exp(-1.0)), 0.5, 0.5])
