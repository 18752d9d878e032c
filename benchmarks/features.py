"""Cost of the features against the floor: one plain DuckDB scan and group-by (account, day) of the same Parquet.

    python benchmarks/features.py [--accounts 10000] [--weeks 156] [--activity 1] [--rounds 3] [--data DIR] [--json]
    python benchmarks/features.py --growth     # 100 million events against 20 million (about 3 GB of disk)

Simulates a book once (usage in one folder per week, kept in --data), then measures each part in a process of its own
at one thread, in CPU time; each is the best of --rounds, and the floor is measured in every round.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A script's folder comes first on the path, and this file has the name of the room it measures.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]
LAST = date(2026, 11, 2)
FLOOR = "SELECT account_id, date_trunc('day', occurred_at) AS day, count(*) AS n FROM '{}' GROUP BY ALL"
PARTS = ("floor", "direct", "rebuild", "increment", "stored")
AIMS = (
    ("all features, 65 as-of dates, from Parquet", "direct", "floor", "3 ×"),
    ("the same from the stored rollups", "stored", "floor", "1.5 ×"),
    ("weekly increment against a full rebuild", "increment", "rebuild", "0.05 ×"),
    ("78 as-of dates against 13", "stored_78", "stored_13", "1.5 ×"),
    ("checks that open the book", "open", "floor", "–"),
    ("rolling all weeks up into the store", "ingest", "floor", "–"),
)


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that `work` takes in this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def dates(count: int) -> list[date]:
    """Return that many weekly as-of dates, the last one last."""
    return [LAST - timedelta(weeks=back) for back in reversed(range(count))]


def floor(data: Path, store: Path) -> dict[str, float]:
    """Measure the plain scan + group-by."""
    import duckdb

    con = duckdb.connect(config={"threads": 1, "preserve_insertion_order": False})
    sql = FLOOR.format(data / "usage" / "**" / "*.parquet")
    return {"floor": cpu(lambda: con.execute("CREATE TEMP TABLE floor AS " + sql))}


def direct(data: Path, store: Path) -> dict[str, float]:
    """Measure the checks that open the book, and the features from Parquet."""
    from features.sources.files import open_book

    source = _source(data)
    found: list[Any] = []
    opened = cpu(lambda: found.append(open_book(source.mapping, data, source.limits, threads=1)))
    taken, rows, columns = _take(found[0], 65)
    return {"open": opened, "direct": taken, "rows": rows, "columns": columns}


def rebuild(data: Path, store: Path) -> dict[str, float]:
    """Measure everything from nothing: all weeks into a new store, and 65 snapshots."""
    shutil.rmtree(store, ignore_errors=True)
    rolled, book = _ingest(data, store, LAST - timedelta(weeks=1))
    return {"ingest": rolled, "rebuild": rolled + _take(book, 65, lag=1)[0]}


def increment(data: Path, store: Path) -> dict[str, float]:
    """Measure one more week into the store, and its snapshot; the store stays as it was."""
    copy = store.with_name(store.name + "-copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(store, copy)
    rolled, book = _ingest(data, copy, LAST)
    taken = _take(book, 1)[0]
    return {"increment_ingest": rolled, "increment_snapshot": taken, "increment": rolled + taken}


def stored(data: Path, store: Path) -> dict[str, float]:
    """Measure the features from the stored rollups."""
    _, book = _ingest(data, store.with_name(store.name + "-copy"), LAST)
    return {"stored_13": _take(book, 13)[0], "stored": _take(book, 65)[0], "stored_78": _take(book, 78)[0]}


def _source(data: Path) -> Any:  # noqa: ANN401  features.ingest is imported when it is measured
    from features.contract import Limits
    from features.ingest import Source
    from features.sources.mapping import read_mapping

    return Source(read_mapping(Path("configs/sources/demo.toml")), data, Limits(), threads=1)


def _ingest(data: Path, store: Path, as_of: date) -> tuple[float, Any]:
    from features.ingest import ingest
    from features.store import RollupStore

    found: list[Any] = []
    seconds = cpu(lambda: found.append(ingest(RollupStore(store), _source(data), as_of)))
    return seconds, found[0].book


def _take(book: Any, count: int, lag: int = 0) -> tuple[float, int, int]:  # noqa: ANN401  as above
    from features.outcome import OutcomeContract
    from features.snapshot import take_snapshot

    found: list[Any] = []
    asked = [as_of - timedelta(weeks=lag) for as_of in dates(count)]
    seconds = cpu(lambda: found.append(take_snapshot(book, asked, OutcomeContract())))
    return seconds, *found[0].frame.shape


def measure(what: str, data: Path) -> dict[str, float]:
    """Run one part in a process of its own and return its figures with its peak memory."""
    command = [sys.executable, __file__, "--only", what, "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def book_of(folder: Path, accounts: int, weeks: int, activity: float) -> Path:
    """Return the folder of a simulated book, which is made the first time."""
    data = folder / f"{accounts}x{weeks}x{activity:g}"
    if not (data / "world.json").exists():
        from features.sources.world import simulate

        print(f"Simulating {accounts:,} accounts × {weeks} weeks, activity {activity:g} ...", file=sys.stderr)
        simulate(data, accounts=accounts, weeks=weeks, seed=7, until=LAST, activity=activity, by_week=True)
    return data


def events(data: Path) -> int:
    """Return how many rows of usage there are."""
    import duckdb

    ((rows,),) = duckdb.sql(f"SELECT count(*) FROM '{data / 'usage' / '**' / '*.parquet'}'").fetchall()
    return int(rows)


def best(data: Path, parts: tuple[str, ...], rounds: int) -> dict[str, float]:
    """Return the least of every figure over the rounds, and the greatest memory of each part."""
    found: dict[str, float] = {}
    for _ in range(rounds):
        for part in parts:
            made = measure(part, data)
            found[f"{part}_peak_mb"] = max(made.pop("peak_mb"), found.get(f"{part}_peak_mb", 0.0))
            for name, value in made.items():
                found[name] = min(value, found.get(name, value))
    return {"events": events(data), **found, "load": os.getloadavg()[0]}


def report(found: dict[str, float]) -> None:
    """Print the table."""
    rows = f"{found['columns']:.0f} features × {found['rows']:,.0f} rows (65 as-of dates)"
    print(f"{found['events']:,} events; {rows}; floor {found['floor']:.2f} s CPU; load {found['load']:.1f}")
    for title, part, against, aim in AIMS:
        print(f"{title:45}{found[part]:7.2f} s {found[part] / found[against]:7.2f} ×   aim {aim}")
    peaks = ", ".join(f"{part} {found[part + '_peak_mb']:,.0f} MB" for part in PARTS)
    print(f"peak memory: {peaks}")


def growth(folder: Path, rounds: int) -> dict[str, float]:
    """Measure 100 million events against 20 million."""
    small, big = book_of(folder, 10_000, 156, 1), book_of(folder, 20_000, 156, 2.5)
    one, five = (best(data, ("floor", "direct"), rounds) for data in (small, big))
    grown = (five["open"] + five["direct"]) / (one["open"] + one["direct"])
    return {
        "events": five["events"],
        "more_events": five["events"] / one["events"],
        "growth": grown,
        "floor_growth": five["floor"] / one["floor"],
        "peak_mb": five["direct_peak_mb"],
        "load": five["load"],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--weeks", type=int, default=156)
    parser.add_argument("--activity", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "forewarn-benchmark")
    parser.add_argument("--growth", action="store_true", help="100 million events against 20 million")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=PARTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        made = globals()[args.only](args.data, args.data.with_name(args.data.name + "-store"))
        print(json.dumps(made | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    elif args.growth:
        for name, value in growth(args.data, args.rounds).items():
            print(f"{name:15}{value:16,.2f}")
    else:
        found = best(book_of(args.data, args.accounts, args.weeks, args.activity), PARTS, args.rounds)
        print(json.dumps(found)) if args.json else report(found)


if __name__ == "__main__":
    main()
