"""forewarn features: the catalogue, the snapshot of one week, or what each feature has been worth."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.console import as_date, emit, emit_json, find_settings, note, table

if TYPE_CHECKING:
    from models.register import Register, Signal

HELP = "list the features with their words, write the snapshot of one week, or judge what each has been worth"
EXAMPLE = "forewarn features --as-of 2026-11-02 --out snapshot.parquet\n  forewarn features --register"

SHAPE = ("name", "family", "driver", "title", "unit", "riskier", "reads", "says")
COLUMNS = ("", "verdict", "driver", "value", "tail", "lift", "95 %", "churned", "above", "lead", "seen", "like", "cpu")
ORDER = {"use": 0, "watch": 1, "drop": 2}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="take the snapshot of this week")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the snapshot there (else into the store)")
    parser.add_argument(
        "--register",
        action="store_true",
        help="judge each feature and driver on what had matured by the week: use, watch or drop, and why",
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print JSON")
    shape.add_argument(
        "--csv",
        type=Path,
        nargs="?",
        const=Path("-"),
        metavar="FILE",
        help="write the register as CSV (stdout without FILE)",
    )


def run(args: argparse.Namespace) -> None:
    """Print the catalogue or the register, or take a snapshot."""
    if args.register:
        _register(args)
        return
    if args.csv:
        from features.errors import UsageError

        raise UsageError("--csv writes the register: add --register")
    if args.as_of:
        _snapshot(args)
        return
    from features.catalogue import catalogue

    shown = [{name: asdict(feature)[name] for name in SHAPE} for feature in catalogue()]
    if args.json:
        emit_json(shown)
    else:
        rows = [[str(row[name]) for name in ("name", "driver", "unit", "riskier", "title")] for row in shown]
        emit(table(["name", "driver", "unit", "riskier", "title"], rows))


def _snapshot(args: argparse.Namespace) -> None:
    from pipelines.intake import check, kept_snapshot, snapshot, write_snapshot
    from pipelines.week import choose_as_of

    settings, _ = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    book = check(settings, as_of).value
    taken = snapshot(book, [as_of], settings).value
    if args.json:
        rows = taken.frame.reset_index().to_dict("records")
        emit_json([{**row, "as_of": as_of.isoformat()} for row in rows])
        return
    if args.out:
        write_snapshot(taken, args.out)
    path = args.out or kept_snapshot(book, as_of, settings)
    note(f"{len(taken.frame):,} accounts × {taken.frame.shape[1]} features lie in {path}.")


def _register(args: argparse.Namespace) -> None:
    from pipelines.intake import check, snapshot
    from pipelines.signals import judge_signals
    from pipelines.week import choose_as_of, reach, training_weeks

    settings, _ = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    book = check(settings, as_of).value
    weeks = training_weeks(as_of, reach(book.report)[0], settings.calendar)
    made = judge_signals(book, snapshot(book, weeks, settings).value, as_of, settings).value
    if args.json:
        emit_json(made.to_json())
    elif args.csv:
        _write(made, args.csv)
    else:
        _show(made)


def _write(made: "Register", path: Path) -> None:
    from pipelines.state import replacing

    if path == Path("-"):
        made.table().to_csv(sys.stdout, index=False)
        return
    with replacing(path) as temporary:
        made.table().to_csv(temporary, index=False)
    note(f"Wrote {len(made.features)} features and {len(made.drivers)} drivers to {path}.")


def _show(made: "Register") -> None:
    for text in made.notes():
        emit(text)
    for title, lines in (("Drivers", made.drivers), ("Features", made.features)):
        ordered = sorted(lines, key=lambda line: (ORDER[line.verdict], -line.lift.value))
        emit(f"\n{title}")
        emit(table(COLUMNS, [_line(line) for line in ordered], right=frozenset({3, 4, 5, 7, 9, 12})))
        emit("")
        for line in ordered:
            if line.verdict != "use":
                emit(f"{line.verdict} {line.name}: {line.why}")
    note(
        "value: rows with one; tail: its share of them; lift: churn there against the base rate; churned: accounts in "
        "the tail; above: periods with a lift over 1; lead: median weeks; seen: churns that the tail held at the end."
    )


def _line(line: "Signal") -> list[str]:
    judged = [each for each in line.periods if each is not None]
    return [
        line.name,
        line.verdict,
        line.driver,
        f"{line.coverage:.0%}",
        f"{line.tail_share:.0%}",
        _number(line.lift.value),
        f"{_number(line.lift.low)} to {_number(line.lift.high)}",
        str(line.churned_accounts),
        f"{sum(each > 1 for each in judged)}/{len(judged)}",
        _number(line.lead_weeks, " w"),
        f"{line.seen}/{line.seen_of}",
        f"{line.nearest} {line.correlation:+.2f}" if line.nearest else "",
        f"{line.cpu_share:.1%}" if line.cpu_seconds is not None else "–",
    ]


def _number(value: float, unit: str = "") -> str:
    return "–" if value != value else f"{value:.1f}{unit}"
