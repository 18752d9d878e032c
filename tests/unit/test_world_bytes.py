"""The same seed gives the same bytes, whatever else changes."""

import hashlib
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from features.sources.world import simulate
from features.sources.world.shard import SIZE


def digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worlds") / "one"
    simulate(folder, accounts=SIZE + 40, weeks=40, seed=3)
    return folder


@pytest.fixture(scope="module")
def weekly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worlds") / "weekly"
    simulate(folder, accounts=SIZE + 40, weeks=40, seed=3, by_week=True)
    return folder


def test_two_threads_write_the_same_bytes(world: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "two", accounts=SIZE + 40, weeks=40, seed=3, threads=2)
    assert digests(tmp_path / "two") == digests(world)


def test_simulating_again_into_the_same_folder_leaves_no_old_parts(world: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "again", accounts=3 * SIZE, weeks=8, seed=9)
    simulate(tmp_path / "again", accounts=SIZE + 40, weeks=40, seed=3)
    assert digests(tmp_path / "again") == digests(world)


def test_another_seed_writes_other_bytes_in_every_table(world: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "other", accounts=SIZE + 40, weeks=40, seed=4)
    one, other = digests(world), digests(tmp_path / "other")
    assert one.keys() == other.keys()
    assert {name for name in one if one[name] == other[name]} == {"entitlements.parquet"}


def test_the_comparison_of_bytes_sees_a_single_one(world: Path, tmp_path: Path) -> None:
    name = "outcomes.parquet"
    content = bytearray((world / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    assert digests(tmp_path)[name] != digests(world)[name]


def test_more_accounts_change_nothing_for_the_first_shard(world: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "more", accounts=2 * SIZE, weeks=40, seed=3)
    part = "usage/part-0000.parquet"
    assert digests(tmp_path / "more")[part] == digests(world)[part]


def test_two_threads_write_the_same_bytes_by_week(weekly: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "two", accounts=SIZE + 40, weeks=40, seed=3, by_week=True, threads=2)
    assert digests(tmp_path / "two") == digests(weekly)


def test_laying_usage_by_week_moves_rows_and_changes_nothing_else(world: Path, weekly: Path) -> None:
    small = {name for name in digests(world) if "/" not in name and name != "world.json"}
    assert {name: digests(weekly)[name] for name in small} == {name: digests(world)[name] for name in small}
    con = duckdb.connect(config={"threads": 1})
    rows = "SELECT * FROM read_parquet('{}/usage/**/*.parquet', hive_partitioning = false) ORDER BY ALL"
    one, other = (con.sql(rows.format(folder)).to_arrow_table() for folder in (world, weekly))
    assert one == other


def test_a_week_holds_what_became_known_in_it(weekly: Path) -> None:
    inside, rows = (
        duckdb.connect(config={"threads": 1})
        .execute(
            "SELECT avg((available_at >= week - INTERVAL 7 DAY AND available_at < week)::INT), count(*) "
            f"FROM read_parquet('{weekly}/usage/*/*.parquet', hive_types = {{'week': TIMESTAMP}})"
        )
        .fetchall()[0]
    )
    assert inside == 1.0
    assert rows > 100_000
    late = (
        duckdb.connect(config={"threads": 1})
        .execute(f"SELECT count(*) FROM '{weekly}/usage/week=2026-11-02/*.parquet' WHERE occurred_at < '2026-10-26'")
        .fetchall()[0][0]
    )
    assert late > 0, "rows that arrive late lie with the week in which they arrived"


def test_changing_the_layout_leaves_nothing_of_the_other(world: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "turned", accounts=SIZE + 40, weeks=40, seed=3, by_week=True)
    simulate(tmp_path / "turned", accounts=SIZE + 40, weeks=40, seed=3)
    assert digests(tmp_path / "turned") == digests(world)
    assert not list((tmp_path / "turned" / "usage").glob("week=*"))


def test_event_ids_are_dense_over_the_whole_world(world: Path) -> None:
    ids = pq.read_table(world / "usage", columns=["event_id"])["event_id"].to_numpy()
    assert set(ids.tolist()) == set(range(ids.max() + 1))
