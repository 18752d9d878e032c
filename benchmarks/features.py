"""Cost of the features against the floor: one plain DuckDB scan and group-by (account, day) of the same Parquet.

    python benchmarks/features.py [--accounts 10000] [--weeks 156] [--as-ofs 65] [--data DIR] [--json]

Simulates a book once (kept in --data), then measures in one process at one thread, in CPU time: the floor, the checks
that open the book, and all features of the catalogue. Each is the best of --rounds.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A script's folder comes first on the path, and this file has the name of the room it measures.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]
LAST = date(2026, 11, 2)
FLOOR = "SELECT account_id, date_trunc('day', occurred_at) AS day, count(*) AS n FROM '{}' GROUP BY ALL"


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that `work` takes in this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def floor(data: Path) -> float:
    """Return the CPU seconds of the plain scan + group-by at one thread."""
    import duckdb

    con = duckdb.connect(config={"threads": 1, "preserve_insertion_order": False})
    return cpu(lambda: con.execute("CREATE TEMP TABLE floor AS " + FLOOR.format(data / "usage" / "*.parquet")))


def features(data: Path, as_ofs: int) -> dict[str, float]:
    """Return CPU seconds for opening the book and for the snapshot, with its size, at one thread."""
    from features.contract import Limits
    from features.outcome import OutcomeContract
    from features.snapshot import take_snapshot
    from features.sources.files import open_book
    from features.sources.mapping import read_mapping

    mapping, dates = read_mapping(Path("configs/sources/demo.toml")), [LAST - timedelta(weeks=k) for k in range(as_ofs)]
    found: list = []
    opened = cpu(lambda: found.append(open_book(mapping, data, Limits(), threads=1)))
    taken = cpu(lambda: found.append(take_snapshot(found[0], dates, OutcomeContract())))
    rows, columns = found[1].frame.shape
    return {"open": opened, "features": taken, "rows": rows, "columns": columns}


def measure(what: str, data: Path, as_ofs: int) -> dict[str, float]:
    """Run one part in a process of its own and return its figures with its peak memory."""
    command = [sys.executable, __file__, "--only", what, "--data", str(data), "--as-ofs", str(as_ofs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--weeks", type=int, default=156)
    parser.add_argument("--as-ofs", type=int, default=65)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "forewarn-benchmark")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=["floor", "features"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        found = {"floor": floor(args.data)} if args.only == "floor" else features(args.data, args.as_ofs)
        print(json.dumps(found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    data = args.data / f"{args.accounts}x{args.weeks}"
    if not (data / "world.json").exists():
        from features.sources.world import simulate

        print(f"Simulating {args.accounts} accounts × {args.weeks} weeks ...", file=sys.stderr)
        simulate(data, accounts=args.accounts, weeks=args.weeks, seed=7)
    report(data, args)


def report(data: Path, args: argparse.Namespace) -> None:
    """Alternate the parts, keep the best of each, print the ratios."""
    import pyarrow.dataset as ds

    rounds = [(measure("floor", data, args.as_ofs), measure("features", data, args.as_ofs)) for _ in range(args.rounds)]
    base = min(first["floor"] for first, _ in rounds)
    result = {
        "events": ds.dataset(data / "usage").count_rows(),
        "as_ofs": args.as_ofs,
        "rows": rounds[0][1]["rows"],
        "columns": rounds[0][1]["columns"],
        "floor_cpu_s": base,
        "features_ratio": min(second["features"] for _, second in rounds) / base,
        "open_ratio": min(second["open"] for _, second in rounds) / base,
        "peak_mb": max(second["peak_mb"] for _, second in rounds),
        "load": os.getloadavg()[0],
    }
    if args.json:
        print(json.dumps(result))
        return
    print(
        f"{result['events']:,} events; {result['columns']} features × {result['rows']:,} rows"
        f" ({args.as_ofs} as-of dates)"
    )
    for title, ratio in (
        ("plain scan + group-by (account, day)", 1.0),
        ("all features", result["features_ratio"]),
        ("checks that open the book", result["open_ratio"]),
    ):
        print(f"{title:38}{ratio * base:6.2f} s CPU {ratio:6.2f} ×")
    print(f"peak memory {result['peak_mb']:,.0f} MB; load of the machine {result['load']:.1f}")


if __name__ == "__main__":
    main()
