"""The rollup store: made week by week it says what the sources say, and it names what older has changed."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from features.contract import Limits
from features.errors import ContractError
from features.ingest import Ingested, Source, ingest
from features.outcome import OutcomeContract
from features.snapshot import Snapshot, take_snapshot
from features.sources.files import open_book
from features.sources.mapping import read_mapping
from features.sources.world import simulate
from features.store import RollupStore

ROOT = Path(__file__).parents[2]
LAST = date(2026, 11, 2)
WEEK = timedelta(days=7)
DATES = [LAST - back * WEEK for back in (40, 6, 1, 0)]
OLD = "2026-03-02"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a simulated book whose usage comes in one folder per week, with late, repeated and corrected events."""
    folder = tmp_path_factory.mktemp("world")
    simulate(folder, accounts=40, weeks=70, seed=5, until=LAST, by_week=True)
    return folder


@pytest.fixture
def data(world: Path, tmp_path: Path) -> Path:
    """Return a copy of the simulated book that a test may spoil."""
    return Path(shutil.copytree(world, tmp_path / "data"))


def source(data: Path) -> Source:
    return Source(read_mapping(ROOT / "configs" / "sources" / "demo.toml"), data, Limits(), threads=1)


def stepwise(folder: Path, data: Path, weeks: Sequence[int]) -> Ingested:
    """Ingest up to each of the weeks before the last one, as weekly runs would."""
    for back in weeks:
        made = ingest(RollupStore(folder), source(data), LAST - back * WEEK)
    return made


def same(one: Snapshot, other: Snapshot) -> None:
    for part in ("frame", "untracked", "standing", "facts"):
        pd.testing.assert_frame_equal(getattr(one, part), getattr(other, part), check_exact=True)


def usage_file(data: Path, week: str = OLD) -> Path:
    return sorted((data / "usage" / f"week={week}").glob("*.parquet"))[0]


def spoil(file: Path, sql: str) -> None:
    """Write the rows of SQL over the rows of a file, which SQL calls `old`."""
    con = duckdb.connect()
    con.execute(f"CREATE TABLE old AS SELECT * FROM read_parquet('{file}', hive_partitioning=false)")
    con.execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet)")


@pytest.mark.parametrize("weeks", [(0,), (9, 8, 5, 4, 0)], ids=["in one go", "week by week"])
def test_stored_weeks_say_what_the_sources_say(world: Path, tmp_path: Path, weeks: tuple[int, ...]) -> None:
    made = stepwise(tmp_path / "store", world, weeks)
    direct = take_snapshot(
        open_book(source(world).mapping, world, Limits(), threads=1), DATES, OutcomeContract(minimum_tenure_days=0)
    )
    same(direct, take_snapshot(made.book, DATES, OutcomeContract(minimum_tenure_days=0)))
    assert made.changes == ()


def test_the_book_has_late_repeated_and_corrected_events(world: Path) -> None:
    told = {problem["rule"] for problem in open_book(source(world).mapping, world, Limits()).report["problems"]}
    assert {"corrected", "repeated"} <= told


def test_a_week_reads_only_what_is_new(world: Path, tmp_path: Path) -> None:
    whole = ingest(RollupStore(tmp_path / "store"), source(world), LAST - WEEK)
    week = ingest(RollupStore(tmp_path / "store"), source(world), LAST)
    assert LAST in week.weeks
    assert len(week.weeks) < 12
    assert week.events < whole.events / 5
    assert week.book.report["tables"]["usage"]["rows"] > whole.events


@pytest.mark.parametrize("weeks", [(6, 5, 4, 1, 0), (1, 0)], ids=["week by week", "the last week"])
def test_the_stored_profile_says_what_the_sources_say(world: Path, tmp_path: Path, weeks: tuple[int, ...]) -> None:
    stepwise(tmp_path / "one", world, (0,))
    stepwise(tmp_path / "many", world, weeks)
    stores = [RollupStore(tmp_path / name) for name in ("one", "many")]
    one, many = (store.read(store.manifest.profile).to_pandas() for store in stores if store.manifest.profile)
    both = one.merge(many, how="outer", on=["table", "week", "measure", "key"], suffixes=("", "_many"), indicator=True)
    both = both[~both["measure"].isin(["total"])]
    assert (both["_merge"] == "both").all()
    assert both["value_many"].to_numpy() == pytest.approx(both["value"].to_numpy(), nan_ok=True)


def test_nothing_new_reads_nothing_and_keeps_every_file(world: Path, tmp_path: Path) -> None:
    ingest(RollupStore(tmp_path), source(world), LAST)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("week=*/*.parquet")}
    made = ingest(RollupStore(tmp_path), source(world), LAST)
    assert (made.weeks, made.events, made.changes) == ((), 0, ())
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("week=*/*.parquet")} == before


def test_an_old_week_that_loses_rows_is_named(data: Path, tmp_path: Path) -> None:
    stepwise(tmp_path / "store", data, (4,))
    spoil(usage_file(data), "SELECT * FROM old LIMIT (SELECT count(*) / 2 FROM old)")
    (change,) = stepwise(tmp_path / "store", data, (3,)).changes
    assert (change.table, change.week.isoformat()) == ("usage", OLD)
    assert change.after < change.before
    problem = change.to_problem([date(2026, 2, 23), date(2026, 3, 2), date(2026, 3, 9)])
    assert problem.severity == "warning"
    assert "2 kept snapshots were computed with what it was" in problem.text


def test_a_file_written_anew_with_the_same_rows_is_no_change(data: Path, tmp_path: Path) -> None:
    stepwise(tmp_path / "store", data, (4,))
    spoil(usage_file(data), "SELECT * FROM old ORDER BY random()")
    assert stepwise(tmp_path / "store", data, (3,)).changes == ()


def test_a_week_within_the_grace_period_may_gain_rows(data: Path, tmp_path: Path) -> None:
    stepwise(tmp_path / "store", data, (4,))
    recent = (LAST - 5 * WEEK).isoformat()
    spoil(usage_file(data, recent), "SELECT * FROM old LIMIT 5")
    assert stepwise(tmp_path / "store", data, (4,)).changes == ()
    spoil(usage_file(data, (LAST - 7 * WEEK).isoformat()), "SELECT * FROM old LIMIT 5")
    assert len(stepwise(tmp_path / "store", data, (4,)).changes) == 1


def test_a_row_of_a_small_table_that_changes_without_a_clock_is_named(data: Path, tmp_path: Path) -> None:
    stepwise(tmp_path / "store", data, (4,))
    spoil(
        data / "subscriptions.parquet",
        f"SELECT * REPLACE (CASE WHEN recorded_at < TIMESTAMP '{OLD}' THEN mrr + 1 ELSE mrr END AS mrr) FROM old",
    )
    changes = stepwise(tmp_path / "store", data, (3,)).changes
    assert {change.table for change in changes} == {"subscriptions"}
    assert max(change.week for change in changes).isoformat() <= OLD


def test_a_ticket_that_is_closed_later_is_no_change(data: Path, tmp_path: Path) -> None:
    closed = f"TIMESTAMP '{LAST - 4 * WEEK}'"
    whole = (data / "tickets.parquet").read_bytes()
    fields = ", ".join(f"CASE WHEN closed_at < {closed} THEN {name} END AS {name}" for name in ("closed_at", "csat"))
    spoil(
        data / "tickets.parquet",
        f"SELECT * REPLACE ({fields}, CASE WHEN reopened_at < {closed} THEN reopened_at END AS reopened_at) FROM old",
    )
    stepwise(tmp_path / "store", data, (4,))
    (data / "tickets.parquet").write_bytes(whole)
    assert stepwise(tmp_path / "store", data, (3,)).changes == ()


def test_a_run_that_is_not_approved_leaves_the_store_as_it_was(world: Path, tmp_path: Path) -> None:
    def refuse(report: Mapping[str, Any], profile: pd.DataFrame) -> None:
        raise ContractError(f"{len(profile)} figures of {len(report['tables'])} tables")

    stepwise(tmp_path, world, (4,))
    before = (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(ContractError, match="figures"):
        ingest(RollupStore(tmp_path), source(world), LAST, refuse)
    assert (tmp_path / "manifest.json").read_bytes() == before
    assert RollupStore(tmp_path).damaged() == []


def test_a_damaged_file_is_found_by_its_digest_and_all_is_made_anew(world: Path, tmp_path: Path) -> None:
    good = ingest(RollupStore(tmp_path), source(world), LAST)
    store = RollupStore(tmp_path)
    victim = store.manifest.weeks[LAST].rollup.file
    (tmp_path / victim).write_bytes((tmp_path / victim).read_bytes()[:-9] + b"\0" * 9)
    assert store.damaged() == [victim]
    made = ingest(RollupStore(tmp_path), source(world), LAST)
    assert (made.damaged, made.events, made.changes) == ((victim,), good.events, ())
    assert RollupStore(tmp_path).damaged() == []


def test_a_store_of_another_format_is_made_anew(world: Path, tmp_path: Path) -> None:
    ingest(RollupStore(tmp_path), source(world), LAST - WEEK)
    (tmp_path / "manifest.json").write_text('{"format": 0}')
    assert RollupStore(tmp_path).through is None
    assert ingest(RollupStore(tmp_path), source(world), LAST).changes == ()
