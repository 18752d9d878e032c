"""forewarn simulate: a believable book whose truth is known."""

import argparse
from pathlib import Path

from pipelines.console import as_date, note, positive

HELP = "write a simulated book (canonical tables and truth.parquet) into a folder"
EXAMPLE = "forewarn simulate demo/data --accounts 1500 --weeks 156 --seed 7"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, help="where the Parquet files go; made when it is missing")
    parser.add_argument("--accounts", type=positive, default=1500, metavar="N", help="number of accounts (1500)")
    parser.add_argument("--weeks", type=positive, default=156, metavar="W", help="weeks of history (156)")
    parser.add_argument("--seed", type=int, default=7, metavar="S", help="same seed, same bytes (7)")
    parser.add_argument("--until", type=as_date, metavar="DATE", help="the Monday at which history ends (2026-11-02)")
    parser.add_argument("--activity", type=_factor, default=1.0, metavar="F", help="events per user, as a factor (1)")
    parser.add_argument(
        "--by-week", action="store_true", help="write usage to usage/week=DATE, by the week in which it became known"
    )


def run(args: argparse.Namespace) -> None:
    """Simulate and say what was written."""
    import os

    from features.sources.world import UNTIL, simulate
    from pipelines.console import progress

    until = args.until or UNTIL
    note(f"Simulating {args.accounts:,} accounts × {args.weeks} weeks until {until} (seed {args.seed}) ...")
    with progress("accounts") as moved:
        made = simulate(
            args.folder,
            accounts=args.accounts,
            weeks=args.weeks,
            seed=args.seed,
            until=until,
            threads=os.cpu_count() or 1,
            activity=args.activity,
            by_week=args.by_week,
            progress=lambda done, total: moved(done, total, ""),
        )
    note(f"Wrote {sum(made.values()):,} simulated rows to {args.folder}: " + ", ".join(_counts(made)))


def _counts(made: dict[str, int]) -> list[str]:
    return [f"{rows:,} {table}" for table, rows in made.items()]


def _factor(text: str) -> float:
    """Return a factor that `simulate` takes."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.01 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not a factor from 0.01 to 100")
    return number
