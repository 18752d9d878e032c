"""Cost of 19 usage columns: Forewarn against Featuretools with cut-off times and against a pandas loop.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install "featuretools==1.31.0" "pandas<3" pyarrow
    python benchmarks/peers.py --peer-python /tmp/peers/bin/python [--accounts 700] [--weeks 104] [--as-ofs 65] [--json]

All three read the same Parquet file and write the same rows (every account at every as-of date) and columns (COLUMNS),
and the values are compared before any figure is printed. The book has one clock (each event is known when it happens)
and no event twice, because neither peer can tell when a row became known; Forewarn keeps doing what it does about both.
Each runs in a process of its own at one thread; what is measured is the CPU time from the file to the finished frame,
imports not included: for Forewarn reading, rolling up and all windows, once with and once without the checks that open
the book; for pandas read_parquet and the loop; for Featuretools read_parquet, the entity set and one
calculate_feature_matrix per window over all cut-off times, with just these columns asked for. Without --peer-python
Featuretools is left out.
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
# A script's folder comes first on the path, and its neighbours have the names of the rooms.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]
LAST = date(2026, 11, 2)
WINDOWS = {"events": (1, 4, 8, 13, 26), "logins": (1, 4, 8, 13, 26), "users": (4, 8, 13, 26), "features": (4, 8, 13)}
COLUMNS = [f"{what}_{weeks}" for what, sizes in WINDOWS.items() for weeks in sizes]
COLUMNS += ["days_since_use", "days_since_login"]
MAPPING = """
simulated = true
timezone = "UTC"
[accounts]
path = "accounts.parquet"
[subscriptions]
path = "subscriptions.parquet"
[usage]
path = "once.parquet"
"""


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that `work` takes in this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def make_book(data: Path, accounts: int, weeks: int) -> None:
    """Simulate a book and write the first version of each event, without its available time, to once.parquet."""
    import duckdb

    from features.sources.world import simulate

    simulate(data, accounts=accounts, weeks=weeks, seed=7)
    duckdb.connect().execute(f"""
        COPY (SELECT account_id::VARCHAR AS account_id, occurred_at, feature::VARCHAR AS feature, user_id, quantity
              FROM (FROM '{data}/usage/*.parquet'
                    QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY available_at) = 1)
              ORDER BY account_id, occurred_at, user_id, feature, quantity)
        TO '{data}/once.parquet' (FORMAT parquet, COMPRESSION zstd)""")
    (data / "once.toml").write_text(MAPPING)


def forewarn(data: Path, dates: list[date]) -> tuple[object, dict[str, float]]:
    """Return the columns by Forewarn's kernels: CPU seconds with and without the checks that open the book."""
    import numpy as np
    import pandas as pd

    from features.contract import Limits
    from features.history import read_history
    from features.observed import Observed
    from features.snapshot import SHARD, week_grid
    from features.sources.files import open_book
    from features.sources.mapping import read_mapping

    found: list = []

    def columns(seen: Observed) -> list:
        sums = [getattr(seen, what).sum(weeks) for what in ("events", "logins") for weeks in WINDOWS[what]]
        sums += [getattr(seen, what).distinct(weeks) for what in ("users", "features") for weeks in WINDOWS[what]]
        return [*sums, seen.days_since_use, seen.days_since_login]

    def compute() -> None:
        history = read_history(found[0], week_grid(found[0], dates))
        weeks = np.array([history.grid.index(each) for each in dates])
        parts = [columns(Observed(shard, weeks)) for shard in history.shards(SHARD)]
        values = {name: np.concatenate([p[i] for p in parts]).ravel() for i, name in enumerate(COLUMNS)}
        as_ofs = np.tile(np.array(dates, "datetime64[us]"), len(history.accounts))
        keys = {"account_id": np.repeat(history.accounts, len(dates)), "as_of": as_ofs}
        found.append(pd.DataFrame({**keys, **values}))

    opened = cpu(lambda: found.append(open_book(read_mapping(data / "once.toml"), data, Limits(), threads=1)))
    taken = cpu(compute)
    return found[1], {"cpu": taken, "cpu_with_checks": opened + taken}


def pandas_loop(data: Path, dates: list[date]) -> tuple[object, dict[str, float]]:
    """Return the columns by a loop over the as-of dates: filter, group by account, aggregate."""
    import pandas as pd

    found: list = []

    def compute() -> None:
        accounts = pd.read_parquet(data / "accounts.parquet", columns=["account_id"])["account_id"].astype(str).unique()
        events = pd.read_parquet(data / "once.parquet")
        parts = [one_date(events, accounts, pd.Timestamp(each)) for each in dates]
        found.append(pd.concat(parts)[["account_id", "as_of", *COLUMNS]])

    seconds = cpu(compute)
    return found[0], {"cpu": seconds}


def one_date(events: "pd.DataFrame", accounts: object, as_of: "pd.Timestamp") -> "pd.DataFrame":  # noqa: F821
    """Return the columns at one as-of date, as they are commonly written."""
    import pandas as pd

    seen = events[events["occurred_at"] < as_of]
    row = pd.DataFrame(index=pd.Index(accounts, name="account_id"))
    for weeks in WINDOWS["events"]:
        recent = seen[seen["occurred_at"] >= as_of - pd.Timedelta(weeks=weeks)]
        by_account = recent.groupby("account_id")
        row[f"events_{weeks}"] = by_account["quantity"].sum()
        logins = recent[recent["feature"] == "login"]
        row[f"logins_{weeks}"] = logins.groupby("account_id")["quantity"].sum()
        if weeks in WINDOWS["users"]:
            row[f"users_{weeks}"] = by_account["user_id"].nunique()
        if weeks in WINDOWS["features"]:
            used = recent[recent["feature"] != "login"]
            row[f"features_{weeks}"] = used.groupby("account_id")["feature"].nunique()
    row = row.fillna(0)
    last = seen.groupby("account_id")["occurred_at"].max()
    last_login = seen[seen["feature"] == "login"].groupby("account_id")["occurred_at"].max()
    row["days_since_use"] = (as_of - last).dt.total_seconds() / 86_400
    row["days_since_login"] = (as_of - last_login).dt.total_seconds() / 86_400
    return row.assign(as_of=as_of).reset_index()


def featuretools(data: Path, dates: list[date]) -> tuple[object, dict[str, float]]:
    """Return the columns by Featuretools: an entity set of accounts and events, and one matrix per window."""
    import featuretools as ft
    import pandas as pd

    found: list = []

    def compute() -> None:
        book = entities(data)
        ids = book["accounts"]["account_id"]
        spine = pd.concat([pd.DataFrame({"account_id": ids, "time": pd.Timestamp(each)}) for each in dates])
        parts = [
            ft.calculate_feature_matrix(
                features,
                book,
                cutoff_time=spine,
                cutoff_time_in_index=True,
                training_window=None if weeks is None else ft.Timedelta(weeks, "w"),
                include_cutoff_time=False,
                n_jobs=1,
            )
            for weeks, features in by_window(book).items()
        ]
        whole = pd.concat(parts, axis=1)[COLUMNS].astype(float)
        whole[COLUMNS[:-2]] = whole[COLUMNS[:-2]].fillna(0)
        found.append(whole.rename_axis(["account_id", "as_of"]).reset_index())

    seconds = cpu(compute)
    return found[0], {"cpu": seconds}


def entities(data: Path) -> "ft.EntitySet":  # noqa: F821
    """Return Featuretools' picture of the book: events belong to accounts."""
    import featuretools as ft
    import pandas as pd

    accounts = pd.read_parquet(data / "accounts.parquet", columns=["account_id"]).astype(str).drop_duplicates()
    events = pd.read_parquet(data / "once.parquet")
    events["is_login"], events["event"] = events["feature"] == "login", range(len(events))
    types = {"user_id": "Categorical", "feature": "Categorical", "is_login": "Boolean", "quantity": "Double"}
    book = ft.EntitySet("book")
    book.add_dataframe(dataframe_name="accounts", dataframe=accounts, index="account_id")
    book.add_dataframe(events, "events", index="event", time_index="occurred_at", logical_types=types)
    return book.add_relationship("accounts", "account_id", "events", "account_id")


def by_window(book: "ft.EntitySet") -> dict[int | None, list]:  # noqa: F821
    """Return the columns as Featuretools declares them, by window in weeks (None: all that is past)."""
    import featuretools as ft
    from featuretools.primitives import NumUnique, Sum, TimeSinceLast

    def column(name: str, primitive: object, where: object = None) -> ft.Feature:
        base = ft.Feature(book["events"].ww[name])
        return ft.Feature(base, parent_dataframe_name="accounts", primitive=primitive, where=where)

    login = ft.Feature(book["events"].ww["is_login"])
    since = TimeSinceLast(unit="days")
    made = {
        "events": lambda: column("quantity", Sum),
        "logins": lambda: column("quantity", Sum, login == True),  # noqa: E712
        "users": lambda: column("user_id", NumUnique),
        "features": lambda: column("feature", NumUnique, login == False),  # noqa: E712
    }
    asked: dict[int | None, list] = {
        None: [
            column("occurred_at", since).rename("days_since_use"),
            column("occurred_at", since, login == True).rename("days_since_login"),  # noqa: E712
        ]
    }
    for what, sizes in WINDOWS.items():
        for weeks in sizes:
            asked.setdefault(weeks, []).append(made[what]().rename(f"{what}_{weeks}"))
    return asked


WORK = {"forewarn": forewarn, "pandas": pandas_loop, "featuretools": featuretools}


def run_one(which: str, data: Path, as_ofs: int) -> None:
    """Do one kind of work here, write its values and print its figures."""
    import warnings

    import pyarrow as pa

    warnings.simplefilter("ignore")
    pa.set_cpu_count(1)
    dates = [LAST - timedelta(weeks=k) for k in reversed(range(as_ofs))]
    frame, figures = WORK[which](data, dates)
    frame.assign(account_id=frame["account_id"].astype(str)).to_parquet(data / f"{which}.parquet", index=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**figures, "peak_mb": round(peak)}))


def measure(which: str, data: Path, as_ofs: int, python: str) -> dict[str, float]:
    """Run one kind of work in a process of its own and return its figures."""
    command = [python, __file__, "--only", which, "--data", str(data), "--as-ofs", str(as_ofs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def same(one: "pd.DataFrame", other: "pd.DataFrame") -> bool:  # noqa: F821
    """Say whether two sets of rows hold the same values: counts exactly, days to a microsecond."""
    import numpy as np

    one, other = (each.sort_values(["account_id", "as_of"]).reset_index(drop=True) for each in (one, other))
    keys = all((one[name] == other[name]).all() for name in ("account_id", "as_of"))
    exact = all(np.array_equal(one[name], other[name]) for name in COLUMNS[:-2])
    return keys and exact and np.allclose(one[COLUMNS[-2:]], other[COLUMNS[-2:]], rtol=0, atol=1e-10, equal_nan=True)


def compare(data: Path, peers: list[str]) -> int:
    """Assert that all values are equal, and that the comparison would see one that is not; return the rows."""
    import pandas as pd

    ours = pd.read_parquet(data / "forewarn.parquet")
    for peer in peers:
        theirs = pd.read_parquet(data / f"{peer}.parquet")
        assert len(ours) == len(theirs), (peer, len(ours), len(theirs))
        assert same(ours, theirs), f"{peer} has other values"
        changed = theirs.copy()
        changed.loc[len(changed) // 2, "users_8"] += 1
        assert not same(ours, changed), "the comparison is blind"
    return len(ours)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("accounts", 700), ("weeks", 104), ("as-ofs", 65), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has featuretools and pyarrow")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "forewarn-peers")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=list(WORK), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        run_one(args.only, args.data, args.as_ofs)
        return
    data = args.data / f"{args.accounts}x{args.weeks}"
    if not (data / "once.toml").exists():
        make_book(data, args.accounts, args.weeks)
    report(data, args)


def report(data: Path, args: argparse.Namespace) -> None:
    """Take turns (Featuretools once), compare the values, print the ratios of the best turns."""
    import pyarrow.parquet as pq

    turns = [
        {w: measure(w, data, args.as_ofs, sys.executable) for w in ("forewarn", "pandas")} for _ in range(args.rounds)
    ]
    best = {w: min(turn[w]["cpu"] for turn in turns) for w in ("forewarn", "pandas")}
    best["forewarn with checks"] = min(turn["forewarn"]["cpu_with_checks"] for turn in turns)
    peak = {w: turns[0][w]["peak_mb"] for w in ("forewarn", "pandas")}
    if args.peer_python:
        once = measure("featuretools", data, args.as_ofs, args.peer_python)
        best["featuretools"], peak["featuretools"] = once["cpu"], once["peak_mb"]
    rows = compare(data, [w for w in best if w in ("pandas", "featuretools")])
    events = pq.read_metadata(data / "once.parquet").num_rows
    ratios = {w: best[w] / best["forewarn"] for w in best}
    if args.json:
        figures = {"events": events, "rows": rows, "cpu_s": best, "ratio": ratios, "peak_mb": peak}
        print(json.dumps({**figures, "load": os.getloadavg()[0]}))
        return
    print(f"{events:,} events; {len(COLUMNS)} columns × {rows:,} rows ({args.as_ofs} as-of dates), all values equal")
    for name, seconds in best.items():
        checked = seconds / best["forewarn with checks"]
        said = f"{name:22}{seconds:8.2f} s CPU {ratios[name]:7.1f} × Forewarn, {checked:6.1f} × with its checks"
        print(said + (f"; peak {peak[name]:,.0f} MB" if name in peak else ""))
    print(f"load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
