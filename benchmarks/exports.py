"""Cost of exporting a whole list against what XlsxWriter and Python's csv need to write the same cells.

    python benchmarks/exports.py [--rows 50000] [--rounds 3] [--json]

Makes a list of --rows accounts with five reasons each, a third of them with something that people said. Each piece of
work runs in a process of its own (peak memory) and is measured there in CPU time, the best of --rounds, without what it
takes to make the list: ours, and the bare library fed with the finished cells, in the faster of XlsxWriter's two modes.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A script's folder comes first on the path, and its neighbours have the names of the rooms.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

if TYPE_CHECKING:
    from serving.acting.states import AccountState
    from serving.risk_list import PublishedList

AS_OF = date(2026, 9, 7)
NOW = datetime.fromisoformat("2026-09-07T09:00:00")
PIECES = ("made", "xlsx", "xlsx_bare", "xlsx_bare_memory", "csv", "csv_bare")


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that `work` takes in this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def made_list(rows: int) -> "tuple[PublishedList, dict[str, AccountState]]":
    """Return a made-up list and what people said about a third of its accounts."""
    from serving.acting.states import AccountState
    from serving.list_row import ListRow, PublishedReason
    from serving.risk_list import PublishedList
    from serving.scoring import ListSettings

    text = "Logins fell {:.0%}: {} in the last 4 weeks against {} in a usual 4 before."
    accounts = [
        ListRow(
            rank=i,
            account_id=f"A{i:06d}",
            name=f"Account {i:06d}",
            owner=f"Owner {i % 500:03d}",
            segment=("Small", "Mid-market", "Enterprise")[i % 3],
            plan="Standard",
            seats=float(i % 900),
            arr=1000.0 + i * 7 % 90_000,
            arr_at_risk=i * 3.7 % 9_000,
            risk_30=0.25 / (1 + i / rows),
            risk_60=0.5 / (1 + i / rows),
            risk_90=0.9 / (1 + i / rows),
            risk_60_90=0.4 / (1 + i / rows),
            health=i * 100 / rows,
            band=("High", "Medium", "Low")[min(2, 6 * i // rows)],
            previous_band="Low",
            change=0.01 * (i % 7),
            renewal_date=AS_OF + timedelta(days=i % 365),
            notice_deadline=AS_OF + timedelta(days=i % 335),
            **edges(0.1 + i / rows / 2),
            change_data=0.004,
            change_clock=0.003,
            change_model=0.003,
            change_text="Up 2 points since 31 August: +1 from new data (Logins most), +1 as time passed.",
            saveable=i * 3.7 % 9_000,
            driver="Logins",
            weeks_listed=i % 12,
            sponsor="in place",
            sponsor_since=AS_OF - timedelta(days=i % 900),
            customer_contact=AS_OF - timedelta(days=i % 90),
            last_use=AS_OF - timedelta(days=i % 9),
            reasons=tuple(
                PublishedReason("Logins", "login_drop", text.format(i / rows, i % 90, i % 90 + n), 0.1)
                for n in range(5)
            ),
        )
        for i in range(1, rows + 1)
    ]
    published = PublishedList(
        list_id=1,
        as_of=AS_OF,
        published_at=datetime.fromisoformat("2026-09-07T06:30:00"),
        previous_as_of=None,
        previous_model=None,
        outcome="9b1e77c0aa10",
        catalogue="c47a61e2f0d3",
        model="5f0c2d9e41ab",
        run_id="r1",
        simulated=True,
        base_90=0.03,
        base_60_90=0.01,
        settings=ListSettings.model_validate({}),
        left_out={},
        accounts=rows,
        rows=accounts,
    )
    since = datetime.fromisoformat("2026-08-20T09:00:00")
    said = {
        row.account_id: AccountState(
            stage="plan in place",
            stage_since=since,
            csm_band="High",
            csm_reason="already known",
            next_action="Call the sponsor",
            next_due=AS_OF,
        )
        for row in accounts[::3]
    }
    return published, said


def edges(value: float) -> dict[str, Any]:
    """Return the edges of all intervals."""
    risks = ("risk_30", "risk_60", "risk_90", "risk_60_90")
    return {f"{risk}_{edge}": value for risk in risks for edge in ("low", "high")}


def finished_cells(published: "PublishedList", states: "dict[str, AccountState]") -> list[list[Any]]:
    """Return the cells of the list's sheet as they are written."""
    from serving.export_columns import exported, lines

    chosen = exported(published, True)
    return [[column.read(line) for column in chosen] for line in lines(published, states, NOW)]


def bare_workbook(cells: list[list[Any]], path: Path, constant_memory: bool) -> None:
    """Write the cells with XlsxWriter and nothing else."""
    from xlsxwriter import Workbook

    with Workbook(str(path), {"constant_memory": constant_memory}) as book:
        sheet = book.add_worksheet()
        number, text, day = sheet.write_number, sheet.write_string, sheet.write_datetime
        shown, dated = book.add_format({"num_format": "#,##0"}), book.add_format({"num_format": "d mmm yyyy"})
        for line, row in enumerate(cells):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    text(line, place, cell)
                elif isinstance(cell, date):
                    day(line, place, cell, dated)
                elif cell is not None:
                    number(line, place, cell, shown)


def bare_csv(cells: list[list[Any]], path: Path) -> None:
    """Write the cells with Python's csv and nothing else."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC).writerows(cells)


def whole_csv(published: "PublishedList", states: "dict[str, AccountState]", path: Path) -> None:
    """Write the list as CSV."""
    from serving.export import csv_lines

    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(csv_lines(published, states, NOW))


def piece(name: str, rows: int, rounds: int) -> dict[str, float]:
    """Do one piece of work in this process and return its CPU seconds, file size and the peak memory."""
    from serving.export import write_xlsx

    published, states = made_list(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        if name == "made":
            return {"seconds": 0.0, "bytes": 0, "peak_mib": _peak()}
        cells = finished_cells(published, states) if "bare" in name else []
        work: dict[str, Callable[[], object]] = {
            "xlsx": lambda: write_xlsx(published, path, states, NOW),
            "xlsx_bare": lambda: bare_workbook(cells, path, True),
            "xlsx_bare_memory": lambda: bare_workbook(cells, path, False),
            "csv": lambda: whole_csv(published, states, path),
            "csv_bare": lambda: bare_csv(cells, path),
        }
        seconds = min(cpu(work[name]) for _ in range(rounds))
        return {"seconds": round(seconds, 3), "bytes": path.stat().st_size, "peak_mib": _peak()}


def _peak() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure(rows: int, rounds: int) -> dict[str, Any]:
    """Return what each piece costs, and the ratios of ours to the bare libraries."""
    found: dict[str, dict[str, float]] = {}
    for name in PIECES:
        command = [sys.executable, __file__, "--rows", str(rows), "--rounds", str(rounds), "--piece", name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found[name] = json.loads(done.stdout)
    floor = min(found["xlsx_bare"]["seconds"], found["xlsx_bare_memory"]["seconds"])
    return {
        "rows": rows,
        "pieces": found,
        "ratio_xlsx": round(found["xlsx"]["seconds"] / floor, 2),
        "ratio_csv": round(found["csv"]["seconds"] / found["csv_bare"]["seconds"], 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--piece", choices=PIECES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.piece:
        print(json.dumps(piece(args.piece, args.rows, args.rounds)))
        return
    found = measure(args.rows, args.rounds)
    if args.json:
        print(json.dumps(found))
        return
    print(f"{args.rows:,} rows:")
    for name, cost in found["pieces"].items():
        size = f"{cost['bytes'] / 2**20:7.1f} MiB" if cost["bytes"] else " " * 11
        print(f"  {name:<17} {cost['seconds']:7.2f} s CPU  {size}  peak {cost['peak_mib']:,} MiB")
    print(f"  workbook {found['ratio_xlsx']:.2f} × XlsxWriter, CSV {found['ratio_csv']:.2f} × Python's csv")


if __name__ == "__main__":
    main()
